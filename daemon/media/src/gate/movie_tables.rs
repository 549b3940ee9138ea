//! The index of one track of a plain MP4, read back entry by entry. Nothing is believed beyond the bytes that are there.
//! Not here: what it should say.

use std::ops::Range;

use crate::boxes::Sample;
use crate::boxes::cursor::Cursor;
use crate::boxes::walk::{BoxError, Mp4Box};

use super::edits::{self, Edit};

/// One `trak`.
pub(super) struct MovieTrack<'a> {
    pub handler: [u8; 4],
    /// Ticks per second; never 0.
    pub timescale: u32,
    /// Ticks of the track.
    pub media_duration: u64,
    /// Ticks of the movie.
    pub duration: u64,
    pub edit: Option<Edit>,
    /// The whole box.
    pub stsd: &'a [u8],
    pub sizes: Sizes,
    durations: Vec<(u32, u32)>,
    offsets: Vec<(u32, i32)>,
    /// Numbers of the key samples, from 1; `None` when all are.
    keys: Option<Vec<u32>>,
    /// First chunk (from 1) and samples of each chunk from there on.
    chunks: Vec<(u32, u32)>,
    chunk_offsets: Vec<u64>,
}

/// How long each sample is, in bytes.
pub(super) enum Sizes {
    Same(u32, u32),
    Each(Vec<u32>),
}

impl Sizes {
    pub fn count(&self) -> u64 {
        match self {
            Self::Same(_, count) => u64::from(*count),
            Self::Each(sizes) => sizes.len() as u64,
        }
    }

    fn get(&self, index: u64) -> Option<u32> {
        match self {
            Self::Same(size, count) => (index < u64::from(*count)).then_some(*size),
            Self::Each(sizes) => sizes.get(usize::try_from(index).ok()?).copied(),
        }
    }

    fn sum(&self, range: Range<u64>) -> Option<u64> {
        match self {
            Self::Same(size, _) => u64::from(*size).checked_mul(range.end - range.start),
            Self::Each(sizes) => {
                let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
                Some(sizes.get(range)?.iter().map(|&s| u64::from(s)).sum())
            }
        }
    }
}

impl<'a> MovieTrack<'a> {
    /// # Errors
    /// [`BoxError`] when a table is missing or broken.
    pub fn read(trak: &Mp4Box<'a>) -> Result<Self, BoxError> {
        let mdhd = trak.require(&[b"mdia", b"mdhd"])?;
        let (timescale, media_duration) = timed(&mdhd)?;
        if timescale == 0 {
            return Err(mdhd.invalid("its timescale is zero"));
        }
        let (_, _, mut hdlr) = trak.require(&[b"mdia", b"hdlr"])?.read_full()?;
        hdlr.u32()?;
        let stbl = trak.require(&[b"mdia", b"minf", b"stbl"])?;
        let keys = stbl.find(&[b"stss"])?;
        let offsets = stbl.find(&[b"ctts"])?;
        Ok(Self {
            handler: hdlr.kind()?,
            timescale,
            media_duration,
            duration: track_duration(&trak.require(&[b"tkhd"])?)?,
            edit: edits::read(trak)?,
            stsd: stbl.require(&[b"stsd"])?.whole,
            sizes: read_sizes(&stbl.require(&[b"stsz"])?)?,
            durations: table(&stbl.require(&[b"stts"])?, |c| Ok((c.u32()?, c.u32()?)))?,
            offsets: match &offsets {
                Some(ctts) => table(ctts, |c| Ok((c.u32()?, c.i32()?)))?,
                None => Vec::new(),
            },
            keys: match &keys {
                Some(stss) => Some(table(stss, Cursor::u32)?),
                None => None,
            },
            chunks: table(&stbl.require(&[b"stsc"])?, |c| {
                Ok((c.u32()?, c.u32()?, c.u32()?))
            })?
            .into_iter()
            .map(|(first, samples, _)| (first, samples))
            .collect(),
            chunk_offsets: match stbl.find(&[b"co64"])? {
                Some(co64) => table(&co64, Cursor::u64)?,
                None => table(&stbl.require(&[b"stco"])?, |c| Ok(u64::from(c.u32()?)))?,
            },
        })
    }

    /// Every sample with its presentation time in ticks of the track before any edit, in decoding order. Ends where a
    /// table does.
    pub fn samples(&self) -> impl Iterator<Item = (Sample, i64)> + '_ {
        let mut durations = unrolled(&self.durations);
        let mut offsets = unrolled(&self.offsets);
        let mut keys = self.keys.as_ref().map(|k| k.iter().peekable());
        let mut decode = 0i64;
        (0..self.sizes.count()).map_while(move |index| {
            let duration = durations.next()?;
            let composition_offset = match self.offsets.is_empty() {
                true => 0,
                false => offsets.next()?,
            };
            let key = match &mut keys {
                Some(keys) => keys.next_if(|&&k| u64::from(k) == index + 1).is_some(),
                None => true,
            };
            let at = decode.saturating_add(i64::from(composition_offset));
            decode = decode.saturating_add(i64::from(duration));
            let size = self.sizes.get(index)?;
            let sample = Sample {
                size,
                duration,
                composition_offset,
                key,
            };
            Some((sample, at))
        })
    }

    /// Whether every sample is in a chunk, and every chunk within one of `places` (bytes of the file).
    pub fn data_is_within(&self, places: &[Range<u64>]) -> bool {
        let mut runs = self.chunks.iter().peekable();
        let mut each = 0u64;
        let mut sample = 0u64;
        for (number, &at) in (1u64..).zip(&self.chunk_offsets) {
            if let Some(&(_, samples)) = runs.next_if(|(first, _)| u64::from(*first) == number) {
                each = u64::from(samples);
            }
            let Some(end) = sample
                .checked_add(each)
                .filter(|&e| e <= self.sizes.count())
            else {
                return false;
            };
            let bytes = self.sizes.sum(sample..end);
            let Some(until) = bytes.and_then(|b| at.checked_add(b)) else {
                return false;
            };
            if !places.iter().any(|p| p.start <= at && until <= p.end) {
                return false;
            }
            sample = end;
        }
        sample == self.sizes.count() && runs.next().is_none()
    }
}

fn unrolled<T: Copy>(runs: &[(u32, T)]) -> impl Iterator<Item = T> + '_ {
    runs.iter()
        .flat_map(|&(count, value)| (0..count).map(move |_| value))
}

/// A counted table; it ends with an error where its bytes do, whatever its count says.
fn table<'a, T>(
    of: &Mp4Box<'a>,
    entry: impl Fn(&mut Cursor<'a>) -> Result<T, BoxError>,
) -> Result<Vec<T>, BoxError> {
    let (_, _, mut body) = of.read_full()?;
    let count = body.u32()?;
    (0..count).map(|_| entry(&mut body)).collect()
}

fn read_sizes(stsz: &Mp4Box<'_>) -> Result<Sizes, BoxError> {
    let (_, _, mut body) = stsz.read_full()?;
    let (same, count) = (body.u32()?, body.u32()?);
    if same > 0 {
        return Ok(Sizes::Same(same, count));
    }
    let sizes: Result<Vec<u32>, BoxError> = (0..count).map(|_| body.u32()).collect();
    sizes.map(Sizes::Each)
}

/// Timescale and duration of an `mvhd` or `mdhd`.
pub(super) fn timed(of: &Mp4Box<'_>) -> Result<(u32, u64), BoxError> {
    let (version, _, mut body) = of.read_full()?;
    body.take(if version == 0 { 8 } else { 16 })?;
    Ok((body.u32()?, wide(version, &mut body)?))
}

fn track_duration(tkhd: &Mp4Box<'_>) -> Result<u64, BoxError> {
    let (version, _, mut body) = tkhd.read_full()?;
    // Creation and modification time, track number, reserved.
    body.take(if version == 0 { 16 } else { 24 })?;
    wide(version, &mut body)
}

fn wide(version: u8, body: &mut Cursor<'_>) -> Result<u64, BoxError> {
    match version {
        0 => body.u32().map(u64::from),
        _ => body.u64(),
    }
}
