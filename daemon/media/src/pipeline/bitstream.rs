//! From an encoder's byte stream to what ISO BMFF carries: lengths instead of start codes, no parameter sets, no
//! delimiters. Also the check that a key frame really is an IDR. Not a parser of anything deeper.

use newsreel_model::profile::VideoCodec;

/// Appends one access unit to `out` in the form `mdat` wants, `message` (a NAL unit, or nothing) before its picture; returns
/// whether it is a closed random-access point.
pub fn append_sample(
    codec: VideoCodec,
    data: &[u8],
    message: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> bool {
    match codec {
        VideoCodec::H264 => {
            append_nals(data, message, out, |nal| {
                match nal.first().map_or(0, |b| b & 0x1f) {
                    1..=4 => Keep::Picture,
                    5 => Keep::Idr,
                    // Parameter sets live in the init segment; delimiters and filler carry nothing.
                    7..=9 | 12 => Keep::Drop,
                    _ => Keep::Plain,
                }
            })
        }
        VideoCodec::Hevc => append_nals(data, message, out, |nal| {
            match nal.first().map_or(0, |b| (b >> 1) & 0x3f) {
                // IDR_W_RADL and IDR_N_LP; a CRA would let leading pictures refer across the line.
                19 | 20 => Keep::Idr,
                0..=31 => Keep::Picture,
                32..=35 | 38 => Keep::Drop,
                _ => Keep::Plain,
            }
        }),
        VideoCodec::Av1 => append_obus(data, out),
    }
}

enum Keep {
    Drop,
    Plain,
    Picture,
    Idr,
}

fn append_nals(
    data: &[u8],
    mut message: Option<&[u8]>,
    out: &mut Vec<u8>,
    keep: impl Fn(&[u8]) -> Keep,
) -> bool {
    let mut idr = false;
    let mut append = |nal: &[u8]| {
        let len = u32::try_from(nal.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(nal);
    };
    for nal in Nals(data) {
        let kept = keep(nal);
        if matches!(kept, Keep::Drop) {
            continue;
        }
        idr |= matches!(kept, Keep::Idr);
        if matches!(kept, Keep::Picture | Keep::Idr) {
            message.take().into_iter().for_each(&mut append);
        }
        append(nal);
    }
    idr
}

/// NAL units between Annex B start codes, without trailing zeros.
struct Nals<'a>(&'a [u8]);

impl<'a> Iterator for Nals<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = find_start_code(self.0)? + 3;
        let rest = &self.0[start..];
        let end = find_start_code(rest).unwrap_or(rest.len());
        self.0 = &rest[end..];
        let mut nal = &rest[..end];
        while let [head @ .., 0] = nal {
            nal = head;
        }
        Some(nal)
    }
}

/// Position of the next `00 00 01`.
pub fn find_start_code(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(third) = data.get(at + 2) {
        // The third byte says how far the next start code can be: most bytes are skipped in threes.
        match third {
            1 if data[at] == 0 && data[at + 1] == 0 => return Some(at),
            0 => at += 1,
            _ => at += 3,
        }
    }
    None
}

/// AV1: temporal delimiters go, everything else stays; a key frame is what the encoder flags (see the caller).
fn append_obus(mut data: &[u8], out: &mut Vec<u8>) -> bool {
    let mut sequence_header = false;
    while let Some(&header) = data.first() {
        let kind = (header >> 3) & 0x0f;
        let prefix = 1 + usize::from(header & 0x04 != 0);
        let has_size = header & 0x02 != 0;
        let total = match data.get(prefix..).and_then(leb128) {
            Some((size, bytes)) if has_size => prefix + bytes + size,
            _ => data.len(),
        }
        .min(data.len());
        // 1: sequence header, 2: temporal delimiter (AV1 specification, 6.2.2).
        sequence_header |= kind == 1;
        if kind != 2 {
            out.extend_from_slice(&data[..total]);
        }
        data = &data[total..];
    }
    sequence_header
}

/// A little-endian base-128 number and how many bytes it took.
fn leb128(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (i, byte) in data.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn start_codes_become_lengths_and_parameter_sets_go() {
        let stream = [
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 9, 0, 0, 3, 8, 0, 0, 0, 1, 0x06, 7,
        ];
        let mut out = Vec::new();
        assert!(append_sample(VideoCodec::H264, &stream, None, &mut out));
        assert_eq!(out, [0, 0, 0, 6, 0x65, 9, 0, 0, 3, 8, 0, 0, 0, 2, 0x06, 7]);
    }

    #[test]
    fn a_message_stands_before_the_picture_and_after_everything_else() {
        let mut out = Vec::new();
        let stream = [
            0, 0, 1, 9, 1, 0, 0, 1, 6, 7, 0, 0, 1, 0x41, 5, 0, 0, 1, 0x41, 6,
        ];
        append_sample(VideoCodec::H264, &stream, Some(&[6, 4]), &mut out);
        assert_eq!(
            out,
            [
                0, 0, 0, 2, 6, 7, 0, 0, 0, 2, 6, 4, 0, 0, 0, 2, 0x41, 5, 0, 0, 0, 2, 0x41, 6
            ]
        );
    }

    #[test]
    fn a_recovery_point_is_no_idr() {
        let mut out = Vec::new();
        assert!(!append_sample(
            VideoCodec::H264,
            &[0, 0, 1, 0x41, 5],
            None,
            &mut out
        ));
        // HEVC CRA (21).
        assert!(!append_sample(
            VideoCodec::Hevc,
            &[0, 0, 1, 21 << 1, 1, 5],
            None,
            &mut out
        ));
        assert!(append_sample(
            VideoCodec::Hevc,
            &[0, 0, 1, 19 << 1, 1, 5],
            None,
            &mut out
        ));
    }

    #[test]
    fn temporal_delimiters_go() {
        let mut out = Vec::new();
        assert!(append_sample(
            VideoCodec::Av1,
            &[0x12, 0, 0x0a, 1, 7, 0x32, 2, 1, 2],
            None,
            &mut out
        ));
        assert_eq!(out, [0x0a, 1, 7, 0x32, 2, 1, 2]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(0u8..4, 0..64)) {
            for codec in [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1] {
                append_sample(codec, &data, Some(&[6, 4]), &mut Vec::new());
            }
        }
    }
}
