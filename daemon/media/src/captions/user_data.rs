//! Caption data in a packet of coded video: user data of MPEG-2 (ATSC A/53, SCTE 20), SEI messages of H.264 and HEVC. Not
//! when its picture is shown.

use crate::pipeline::bitstream::find_start_code;

use super::Triplet;

/// How ATSC A/53 marks caption data, in MPEG-2 and, after country and provider, in SEI messages.
const ATSC: &[u8] = b"GA94\x03";

/// Country (United States) and provider (ATSC) before that (ITU-T T.35).
const T35: [u8; 3] = [0xB5, 0x00, 0x31];

/// A SEI message of registered user data.
const REGISTERED: usize = 4;

/// Finds caption data in the packets of one stream.
pub struct UserData {
    coding: Coding,
    /// Bytes of a NAL unit's length; `None` where start codes part them.
    length: Option<usize>,
}

#[derive(Clone, Copy)]
enum Coding {
    Mpeg2,
    H264,
    Hevc,
}

impl UserData {
    /// For a stream of this codec, as libavcodec names it; `None` where its packets carry no captions.
    #[must_use]
    pub fn of(codec: &str, extradata: &[u8]) -> Option<Self> {
        // `avcC` and `hvcC` begin with a version, parameter sets with a start code.
        let framed = |at: usize| {
            let is_framed = extradata.first() == Some(&1);
            let byte = extradata.get(at).filter(|_| is_framed)?;
            Some(usize::from(byte & 3) + 1)
        };
        let (coding, length) = match codec {
            "mpeg2video" => (Coding::Mpeg2, None),
            "h264" => (Coding::H264, framed(4)),
            "hevc" => (Coding::Hevc, framed(21)),
            _ => return None,
        };
        Some(Self { coding, length })
    }

    /// The valid triplets of one packet, in order. Whatever the bytes are, this ends.
    #[must_use]
    pub fn read(&self, packet: &[u8]) -> Vec<Triplet> {
        let mut found = Vec::new();
        match (self.coding, self.length) {
            (Coding::Mpeg2, _) => found = mpeg2(packet),
            // An access unit's messages come before its picture.
            (_, None) => {
                let mut rest = packet;
                while let Some(at) = find_start_code(rest) {
                    rest = &rest[at + 3..];
                    if self.is_picture(rest) {
                        break;
                    }
                    let end = find_start_code(rest).unwrap_or(rest.len());
                    self.messages(&rest[..end], &mut found);
                    rest = &rest[end..];
                }
            }
            // Here both fields of a frame may lie in one packet.
            (_, Some(length)) => {
                let mut rest = packet;
                while let Some((size, after)) = rest.split_at_checked(length) {
                    let size = size.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
                    let (nal, after) = after.split_at(size.min(after.len()));
                    self.messages(nal, &mut found);
                    rest = after;
                }
            }
        }
        found
    }

    fn kind(&self, nal: &[u8]) -> u8 {
        let first = nal.first().copied().unwrap_or(0);
        match self.coding {
            Coding::Hevc => (first >> 1) & 0x3f,
            Coding::Mpeg2 | Coding::H264 => first & 0x1f,
        }
    }

    fn is_picture(&self, nal: &[u8]) -> bool {
        match self.coding {
            Coding::Hevc => self.kind(nal) < 32,
            Coding::Mpeg2 | Coding::H264 => (1..=5).contains(&self.kind(nal)),
        }
    }

    /// What the messages of a NAL unit hold, if it is one of messages.
    fn messages(&self, nal: &[u8], found: &mut Vec<Triplet>) {
        let header = match (self.coding, self.kind(nal)) {
            (Coding::H264, 6) => 1,
            (Coding::Hevc, 39) => 2,
            _ => return,
        };
        let payload = unescaped(nal.get(header..).unwrap_or_default());
        let mut rest = payload.as_slice();
        // What follows the last message is one byte.
        while rest.len() > 1 {
            let Some(kind) = number(&mut rest) else {
                return;
            };
            let Some(size) = number(&mut rest) else {
                return;
            };
            let (message, after) = rest.split_at(size.min(rest.len()));
            let registered = (kind == REGISTERED)
                .then(|| message.strip_prefix(&T35))
                .flatten();
            if let Some(data) = registered.and_then(|m| m.strip_prefix(ATSC)) {
                atsc(data, found);
            }
            rest = after;
        }
    }
}

/// A number of any size: bytes of 255 and a smaller one.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let mut sum = 0;
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        sum += usize::from(*byte);
        if *byte < 255 {
            return Some(sum);
        }
    }
}

/// Without the bytes that keep start codes out.
fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for byte in nal {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

/// `cc_data` of A/53: flags with the count, a reserved byte, triplets.
fn atsc(data: &[u8], found: &mut Vec<Triplet>) {
    let Some((flags, rest)) = data.split_first().filter(|(flags, _)| *flags & 0x40 != 0) else {
        return;
    };
    let triplets = rest.get(1..).unwrap_or_default().chunks_exact(3);
    for triplet in triplets.take(usize::from(flags & 0x1f)) {
        // Invalid ones only keep the rate.
        if triplet[0] & 0x04 != 0 {
            found.push([triplet[0] | 0xf8, triplet[1], triplet[2]]);
        }
    }
}

/// The whole packet of a frame, or its two fields'. A stream that has its captions in both forms has them once.
fn mpeg2(packet: &[u8]) -> Vec<Triplet> {
    let (mut a53, mut scte) = (Vec::new(), Vec::new());
    let (mut is_frame, mut top_first) = (true, true);
    let mut rest = packet;
    while let Some(at) = find_start_code(rest) {
        let Some((code, body)) = rest[at + 3..].split_first() else {
            break;
        };
        rest = body;
        match code {
            // The picture coding extension: its structure, and which field is earlier.
            0xB5 if body.first().is_some_and(|b| b >> 4 == 8) => {
                is_frame = body.get(2).is_none_or(|b| b & 3 == 3);
                top_first = !is_frame || body.get(3).is_none_or(|b| b & 0x80 != 0);
            }
            0xB2 => {
                let body = &body[..find_start_code(body).unwrap_or(body.len())];
                if let Some(data) = body.strip_prefix(ATSC) {
                    atsc(data, &mut a53);
                } else if let [0x03, kind, data @ ..] = body
                    && kind & 0x7f == 1
                {
                    scte20(data, top_first, &mut scte);
                }
            }
            // Slices: nothing but pictures follows, unless another field does.
            0x01..=0xAF if is_frame => break,
            _ => {}
        }
    }
    if a53.is_empty() { scte } else { a53 }
}

/// SCTE 20: a count of five bits, then 26 bits for each pair of bytes, which lie the other way round.
fn scte20(data: &[u8], top_first: bool, found: &mut Vec<Triplet>) {
    let bits = |from: usize, count: usize| {
        (from..from + count).try_fold(0u8, |sum, at| {
            let byte = data.get(at / 8)?;
            Some(sum << 1 | (byte >> (7 - at % 8)) & 1)
        })
    };
    let count = usize::from(bits(0, 5).unwrap_or(0));
    for pair in (0..count).map(|n| 5 + n * 26) {
        // Priority, field, line, two bytes and a marker.
        let (Some(field), Some(one), Some(two)) =
            (bits(pair + 2, 2), bits(pair + 9, 8), bits(pair + 17, 8))
        else {
            return;
        };
        // Fields count by time, and the third is the first once more.
        let is_later = match field {
            0 => continue,
            2 => top_first,
            _ => !top_first,
        };
        found.push([
            0xfc | u8::from(is_later),
            one.reverse_bits(),
            two.reverse_bits(),
        ]);
    }
}

#[cfg(test)]
#[path = "user_data_tests.rs"]
mod tests;
