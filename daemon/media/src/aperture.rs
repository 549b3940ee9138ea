//! The clean aperture that QuickTime and MP4 files state (`clap`): the part of the coded picture that is meant to be shown.
//! libavformat leaves it out, so the file's own boxes are read, headers only. Not what follows from it (`condition`).

use newsreel_model::conditioning::Crop;

use crate::boxes::walk::BoxHeader;
use crate::ffi::{ByteSource, Source, StreamInfo};

/// What a sample description states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aperture {
    /// The part that is shown, in coded pixels.
    pub crop: Crop,
    /// Whether the shape of a pixel is stated too. Where it is not, libavformat infers one from the track's shown size, which
    /// is that of the aperture and not of the coded picture.
    pub states_shape: bool,
}

/// Boxes that are looked at on each level.
const MAX_BOXES: usize = 4096;

/// Bytes of the largest sample description that is read.
const MAX_DESCRIPTION: u64 = 1 << 20;

/// Bytes of a visual sample entry before the boxes in it, its own header included.
const ENTRY: usize = 86;

/// Boxes such a file may begin with; anything else is another container.
const FIRST: [&[u8; 4]; 8] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid",
];

/// What the file states for the picture of `v`; `None` where it states nothing, all of the picture, or no sensible part.
#[must_use]
pub fn of(source: &dyn Source, v: &StreamInfo) -> Option<Aperture> {
    let mut file = Boxes(source.reader());
    let whole = (0, file.0.len());
    let first = file.header(whole)?;
    if !FIRST.contains(&&first.kind) {
        return None;
    }
    let moov = file.child(whole, b"moov", |_, _| true)?;
    let id = u32::try_from(v.track).ok()?;
    let trak = file.child(moov, b"trak", |file, trak| file.track_id(trak) == Some(id))?;
    let mut inside = trak;
    for kind in [b"mdia", b"minf", b"stbl", b"stsd"] {
        inside = file.child(inside, kind, |_, _| true)?;
    }
    let description = file.read(inside, MAX_DESCRIPTION)?;
    // Version, flags and the number of entries come first; the first entry is what libavformat takes.
    let entry = description.get(8..)?;
    let size = usize::try_from(word(entry, 0)?).ok()?;
    let mut rest = entry.get(ENTRY..size)?;
    let (mut clap, mut states_shape) = (None, false);
    while let Some(size) = word(rest, 0).and_then(|size| usize::try_from(size).ok()) {
        let (Some(one), true) = (rest.get(..size), size >= 8) else {
            break;
        };
        match one.get(4..8) {
            Some(b"clap") => clap = one.get(8..),
            Some(b"pasp") => states_shape = true,
            _ => {}
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    let crop = part(clap?, v.width, v.height)?;
    Some(Aperture { crop, states_shape })
}

/// The part that the eight numbers of a `clap` name: width, height, and how far its middle lies from the picture's, each as a
/// fraction. Left and top become even, so that chroma and fields stay what they are.
fn part(clap: &[u8], width: u32, height: u32) -> Option<Crop> {
    let numbers: Vec<f64> = (0..8)
        .map(|i| word(clap, i * 4))
        .collect::<Option<Vec<u32>>>()?
        .into_iter()
        .map(|n| f64::from(n.cast_signed()))
        .collect();
    let fraction = |i: usize| (numbers[i + 1] > 0.0).then(|| numbers[i] / numbers[i + 1]);
    let (wide, left) = span(fraction(0)?, fraction(4)?, width)?;
    let (high, top) = span(fraction(2)?, fraction(6)?, height)?;
    let crop = Crop {
        left,
        top,
        width: wide,
        height: high,
    };
    (wide < width || high < height).then_some(crop)
}

/// Length and beginning of one side; `None` where it does not lie within the picture.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within a small positive range"
)]
fn span(length: f64, offset: f64, all: u32) -> Option<(u32, u32)> {
    let from = (f64::from(all) - length) / 2.0 + offset;
    // Half a pixel over the edge is rounding.
    let fits = length >= 16.0 && from >= -0.5 && from + length <= f64::from(all) + 0.5;
    if !fits {
        return None;
    }
    let from = (from.max(0.0).round() as u32) & !1;
    let length = (length.round() as u32).min(all - from) & !1;
    Some((length, from))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// Where the payload of a box is in the file: its first byte, and the one after its last.
type Span = (u64, u64);

struct Boxes(Box<dyn ByteSource>);

impl Boxes {
    fn read(&mut self, (from, to): Span, most: u64) -> Option<Vec<u8>> {
        let length = to.saturating_sub(from);
        if length > most {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.0.seek(from);
        let mut got = 0;
        while got < bytes.len() {
            match self.0.read(&mut bytes[got..]) {
                Ok(more) if more > 0 => got += more,
                _ => return None,
            }
        }
        Some(bytes)
    }

    /// The header of the box at the beginning of a span.
    fn header(&mut self, (from, to): Span) -> Option<BoxHeader> {
        let front = self.read((from, to.min(from.saturating_add(16))), 16)?;
        let place = usize::try_from(from).ok()?;
        BoxHeader::read(&front, to - from, place).ok()
    }

    /// The payload of the first box of this kind in a span that is the one asked for.
    fn child(
        &mut self,
        (mut from, to): Span,
        kind: &[u8; 4],
        is_it: impl Fn(&mut Self, Span) -> bool,
    ) -> Option<Span> {
        for _ in 0..MAX_BOXES {
            if from >= to {
                return None;
            }
            let header = self.header((from, to))?;
            let end = from.checked_add(header.size).filter(|end| *end <= to)?;
            let payload = (from + header.header_len as u64, end);
            if &header.kind == kind && is_it(self, payload) {
                return Some(payload);
            }
            from = end;
        }
        None
    }

    /// The number of a track, as its header says.
    fn track_id(&mut self, trak: Span) -> Option<u32> {
        let header = self.child(trak, b"tkhd", |_, _| true)?;
        let bytes = self.read(header, 256)?;
        // Behind version, flags and two times, which version 1 writes with twice as many bytes.
        word(&bytes, if bytes.first() == Some(&1) { 20 } else { 12 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clap(numbers: [i32; 8]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    fn cut(numbers: [i32; 8]) -> Option<(u32, u32, u32, u32)> {
        part(&clap(numbers), 720, 576).map(|c| (c.left, c.top, c.width, c.height))
    }

    #[test]
    fn the_middle_and_what_lies_off_it_are_cut_out() {
        assert_eq!(cut([704, 1, 576, 1, 0, 1, 0, 1]), Some((8, 0, 704, 576)));
        assert_eq!(cut([704, 1, 560, 1, -8, 1, 8, 1]), Some((0, 16, 704, 560)));
        assert_eq!(cut([1405, 2, 576, 1, 0, 1, 0, 1]), Some((8, 0, 702, 576)));
    }

    #[test]
    fn the_whole_picture_and_what_lies_beyond_it_are_no_part() {
        assert_eq!(cut([720, 1, 576, 1, 0, 1, 0, 1]), None);
        assert_eq!(cut([704, 1, 576, 1, 20, 1, 0, 1]), None);
        assert_eq!(cut([704, 0, 576, 1, 0, 1, 0, 1]), None);
        assert_eq!(cut([4, 1, 4, 1, 0, 1, 0, 1]), None);
        assert_eq!(part(&[0; 7], 720, 576), None);
    }
}
