//! Caption data as a SEI message of a rung's picture (ATSC A/53 part 4, SCTE 128). Not where in the stream it stands.

use newsreel_model::profile::VideoCodec;

use super::Triplet;

/// The NAL unit that carries `triplets`, at most 31, without start code or length; `None` where there is nothing to carry
/// or the codec has no place for it.
#[must_use]
pub fn nal(codec: VideoCodec, triplets: &[Triplet]) -> Option<Vec<u8>> {
    let header: &[u8] = match codec {
        VideoCodec::H264 => &[0x06],
        VideoCodec::Hevc => &[39 << 1, 0x01],
        VideoCodec::Av1 => return None,
    };
    let count = u8::try_from(triplets.len())
        .ok()
        .filter(|n| (1..=31).contains(n))?;
    // The data is to be processed; the byte after the count is reserved.
    let mut message = b"\xB5\x00\x31GA94\x03".to_vec();
    message.extend([0xc0 | count, 0xff]);
    message.extend(triplets.iter().flatten());
    message.push(0xff);
    let size = u8::try_from(message.len()).ok()?;
    let mut out = header.to_vec();
    escape([4, size].into_iter().chain(message).chain([0x80]), &mut out);
    Some(out)
}

/// Keeps start codes out of the payload.
fn escape(payload: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let mut zeros = 0;
    for byte in payload {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captions::UserData;

    #[test]
    fn what_is_written_is_read_again() {
        let triplets: Vec<Triplet> = (0..31).map(|n| [0xfc | (n % 4), n / 9, 0]).collect();
        for (codec, name) in [(VideoCodec::H264, "h264"), (VideoCodec::Hevc, "hevc")] {
            let nal = nal(codec, &triplets).unwrap();
            assert!(!nal.windows(3).any(|w| w[..2] == [0, 0] && w[2] < 3));
            let unit = [&[0, 0, 0, 1][..], &nal].concat();
            assert_eq!(UserData::of(name, &[]).unwrap().read(&unit), triplets);
        }
        assert_eq!(nal(VideoCodec::H264, &[]), None);
        assert_eq!(nal(VideoCodec::Av1, &triplets), None);
    }
}
