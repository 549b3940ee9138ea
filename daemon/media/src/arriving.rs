//! Whether an input can be read from its start while its end is still on its way, told from what is there. Not the reading.
//!
//! Only containers whose demuxer finds the same read forward as it does with the whole file at hand: what is decided and
//! published early must hold when all is there.

use std::io;

use newsreel_model::Rational;

use crate::index::Index;

/// What the bytes so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can be read as it comes.
    Readable,
    /// It has to be whole first.
    Whole,
    /// More bytes will tell.
    Unknown,
}

/// Bytes that tell most containers.
const HEAD_BYTES: usize = 1024;
/// Length of a packet of MPEG-TS, without and with the time that recorders put before it.
const TS_PACKETS: [(usize, usize); 2] = [(188, 0), (192, 4)];
const TS_SYNC: u8 = 0x47;
/// So many in a row are no chance.
const TS_WITNESSES: usize = 5;
/// EBML, of Matroska and WebM.
const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];
/// Boxes that an MP4 or MOV begins with.
const FIRST_BOXES: [&[u8; 4]; 6] = [b"ftyp", b"styp", b"moov", b"free", b"skip", b"wide"];
/// Boxes before the index that are looked at.
const MAX_BOXES: usize = 64;
/// The largest index that is looked through, in bytes.
const MAX_MOOV: u64 = 64 << 20;

/// Looks at the first `there` bytes of a file, of which `read_at` reads some at a position.
///
/// # Errors
/// What `read_at` reports.
pub fn verdict(
    there: u64,
    mut read_at: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Verdict> {
    if there < HEAD_BYTES as u64 {
        return Ok(Verdict::Unknown);
    }
    let mut head = [0; HEAD_BYTES];
    fill(&mut head, 0, &mut read_at)?;
    if is_ts(&head) || head.starts_with(&EBML) {
        return Ok(Verdict::Readable);
    }
    if FIRST_BOXES.iter().any(|name| head[4..8] == name[..]) {
        return of_boxes(there, &mut read_at);
    }
    Ok(Verdict::Whole)
}

fn is_ts(head: &[u8]) -> bool {
    let at = |&(length, first): &(usize, usize)| {
        (0..TS_WITNESSES).all(|n| head.get(first + n * length) == Some(&TS_SYNC))
    };
    TS_PACKETS.iter().any(at)
}

/// The index (`moov`) comes before the media, or it does not.
fn of_boxes(
    there: u64,
    read_at: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<Verdict> {
    let mut at = 0u64;
    for _ in 0..MAX_BOXES {
        if at.saturating_add(16) > there {
            return Ok(Verdict::Unknown);
        }
        let mut header = [0; 16];
        fill(&mut header, at, read_at)?;
        let (name, size) = box_header(&header);
        match (&name, size) {
            (b"mdat" | b"moof", _) | (_, 0..8) => return Ok(Verdict::Whole),
            (b"moov", MAX_MOOV..) => return Ok(Verdict::Whole),
            (b"moov", size) if at.saturating_add(size) > there => return Ok(Verdict::Unknown),
            (b"moov", size) => {
                let mut moov = vec![0; usize::try_from(size).unwrap_or(0)];
                fill(&mut moov, at, read_at)?;
                return Ok(of_index(&moov));
            }
            (_, size) => at = at.saturating_add(size),
        }
    }
    Ok(Verdict::Whole)
}

/// Chapters and timecodes are tracks whose samples are looked up before anything else is read.
fn of_index(moov: &[u8]) -> Verdict {
    let names = |name: &[u8; 4]| moov.windows(4).any(|bytes| bytes == name);
    match names(b"chap") || names(b"tmcd") {
        true => Verdict::Whole,
        false => Verdict::Readable,
    }
}

/// Name and length of a box; 0 for one that goes on to the end of the file.
fn box_header(bytes: &[u8; 16]) -> ([u8; 4], u64) {
    let [a, b, c, d, e, f, g, h, long @ ..] = *bytes;
    let size = match u32::from_be_bytes([a, b, c, d]) {
        1 => u64::from_be_bytes(long),
        size => size.into(),
    };
    ([e, f, g, h], size)
}

fn fill(
    mut buffer: &mut [u8],
    mut at: u64,
    read_at: &mut impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<()> {
    while !buffer.is_empty() {
        match read_at(buffer, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            got => {
                let got = got.min(buffer.len());
                buffer = &mut buffer[got..];
                at += got as u64;
            }
        }
    }
    Ok(())
}

/// How long a programme will be in seconds whose input will have `whole` bytes, as its beginning tells; `None` where that says
/// nothing. `time_base` is the index's.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
pub fn expected_s(whole: u64, index: &Index, time_base: Rational) -> Option<f64> {
    let packets = index.packets.iter();
    let mut known = packets.filter_map(|p| Some((p.position?, p.dts.or(p.pts)?)));
    let first = known.next()?;
    let last = known.next_back()?;
    let bytes = last.0.checked_sub(first.0).filter(|bytes| *bytes > 0)?;
    let span = last.1.checked_sub(first.1).filter(|span| *span > 0)?;
    Some(whole as f64 / bytes as f64 * span as f64 * time_base.to_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Verdict {
        let read = |buffer: &mut [u8], at: u64| {
            let from = usize::try_from(at).unwrap().min(bytes.len());
            let got = buffer.len().min(bytes.len() - from);
            buffer[..got].copy_from_slice(&bytes[from..from + got]);
            Ok(got)
        };
        verdict(bytes.len() as u64, read).unwrap()
    }

    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes(), &name[..], body].concat()
    }

    #[test]
    fn what_can_be_read_forward_is_told_from_what_cannot() {
        let mut ts = vec![0; 188 * 6];
        ts.iter_mut().step_by(188).for_each(|b| *b = TS_SYNC);
        assert_eq!(of(&ts), Verdict::Readable);
        let mut recorded = vec![0; 192 * 6];
        let sync = recorded.iter_mut().skip(4).step_by(192);
        sync.for_each(|b| *b = TS_SYNC);
        assert_eq!(of(&recorded), Verdict::Readable);
        assert_eq!(
            of(&[&EBML[..], &[0; 2000]].concat()),
            Verdict::Readable,
            "Matroska"
        );
        assert_eq!(of(&[0; 2000]), Verdict::Whole, "nothing known");
        assert_eq!(of(&ts[..900]), Verdict::Unknown, "too little");
    }

    #[test]
    fn an_mp4_is_read_as_it_comes_if_its_index_is_there_first() {
        let (ftyp, media) = (boxed(b"ftyp", &[0; 16]), boxed(b"mdat", &[0; 3000]));
        let index = boxed(b"moov", &[0; 2000]);
        let whole = [&ftyp[..], &index, &media].concat();
        assert_eq!(of(&whole), Verdict::Readable);
        assert_eq!(of(&whole[..2000]), Verdict::Unknown, "a part of the index");
        assert_eq!(of(&[&ftyp[..], &media, &index].concat()), Verdict::Whole);
        for looked_up in [b"chap", b"tmcd"] {
            let index = boxed(b"moov", &[&[0; 2000], &looked_up[..]].concat());
            assert_eq!(of(&[&ftyp[..], &index, &media].concat()), Verdict::Whole);
        }
        let endless = [&[0, 0, 0, 0], &b"free"[..], &[0; 2000]].concat();
        assert_eq!(of(&endless), Verdict::Whole, "a box without an end");
        let large = [&1u32.to_be_bytes(), &b"wide"[..], &u64::MAX.to_be_bytes()].concat();
        assert_eq!(of(&[large, vec![0; 2000]].concat()), Verdict::Unknown);
    }
}
