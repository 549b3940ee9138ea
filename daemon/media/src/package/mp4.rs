//! Stitches CMAF segments into one plain MP4, its index in front, without re-encoding. Not here: the index itself (see [`super::moov`]).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use newsreel_model::timecode::Timecode;
use newsreel_model::{Code, Error, Result};

use super::moov::{MovieTrack, Placement, movie_ticks, movie_timescale, write_moov};
use super::segment_file::{broken, read_fragments};
use super::tables::{Refused, SampleTables};
use super::timecode::{self, TimecodeTrack};
use crate::boxes::write::{mdat_header, put_box};
use crate::boxes::{InitInfo, read_init};

/// One track of the MP4 to be: what the packager published of it.
#[derive(Clone, Debug)]
pub struct Track {
    /// The bytes of its init segment.
    pub init: Vec<u8>,
    /// Its media segments in order.
    pub segments: Vec<PathBuf>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct StitchStats {
    /// Bytes of the whole file.
    pub bytes: u64,
    /// Length of the presentation in seconds.
    pub duration_s: f64,
    /// Samples of each track, in the order given.
    pub samples: Vec<u64>,
}

/// A piece of media data that stays in one piece.
struct Chunk {
    segment: usize,
    /// Where it is in its segment's file, in bytes.
    at: u64,
    bytes: u64,
    /// Decode time in ticks of the track.
    start: u64,
}

struct Loaded {
    info: InitInfo,
    tables: SampleTables,
    chunks: Vec<Chunk>,
}

/// Writes `tracks` as one MP4 to `out`, with a track for the picture's timecode where there is one. The segments are read twice, first their tables and then their media data, so
/// that memory holds the tables (about 12 bytes per sample) and never the media.
///
/// # Errors
/// [`Code::GateFailed`] when segments are missing, broken, not contiguous, or change in between;
/// [`Code::DiskFull`] or [`Code::OutputUnwritable`] when `out` cannot be written.
pub fn stitch(
    tracks: &[Track],
    timecode: Option<&Timecode>,
    out: &mut impl Write,
) -> Result<StitchStats> {
    let loaded: Vec<Loaded> = tracks.iter().map(load).collect::<Result<_>>()?;
    let order = interleave(&loaded);

    let mut offsets: Vec<Vec<u64>> = vec![Vec::new(); loaded.len()];
    let mut media = 0u64;
    for &(track, chunk) in &order {
        if let Some(list) = offsets.get_mut(track) {
            list.push(media);
        }
        media = media.saturating_add(chunk.bytes);
    }
    // Behind all else, since nobody waits for it.
    let counted = timecode.map(|&timecode| TimecodeTrack {
        timecode,
        at: media,
    });
    let last = timecode.map(timecode::sample);
    let last = last.as_ref().map_or(&[][..], |sample| sample);
    media = media.saturating_add(last.len() as u64);
    let counted = counted.as_ref();
    let movie: Vec<MovieTrack<'_>> = loaded
        .iter()
        .zip(&offsets)
        .map(|(l, chunks)| MovieTrack {
            info: &l.info,
            tables: &l.tables,
            chunks,
        })
        .collect();

    let mut head = ftyp(&loaded);
    let header = mdat_header(media);
    // Offsets in the index depend on its length, and its length on whether they need 64 bits: measure, then write.
    let before = |moov: &[u8]| (head.len() + moov.len() + header.len()) as u64;
    let mut placement = Placement {
        base: 0,
        wide: false,
    };
    placement.base = before(&write_moov(&movie, counted, placement));
    if placement.base.saturating_add(media) > u64::from(u32::MAX) {
        placement.wide = true;
        placement.base = before(&write_moov(&movie, counted, placement));
    }
    head.extend(write_moov(&movie, counted, placement));
    head.extend(header);
    put(out, &head)?;
    drop(head);
    copy(tracks, &order, out)?;
    put(out, last)?;
    out.flush().map_err(|e| Error::writing("the MP4", &e))?;

    let timescale = movie_timescale(&movie);
    let lengths = movie.iter().map(|t| {
        let timing = t.tables.timing(t.info);
        let ticks = timing.empty.saturating_add(timing.presented);
        movie_ticks(ticks, t.info.timescale, timescale)
    });
    Ok(StitchStats {
        bytes: placement.base.saturating_add(media),
        duration_s: seconds(lengths.max().unwrap_or(0), timescale),
        samples: movie.iter().map(|t| t.tables.sizes.len() as u64).collect(),
    })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "ticks stay far below 2^53: a programme is limited to days"
)]
fn seconds(ticks: u64, timescale: u32) -> f64 {
    ticks as f64 / f64::from(timescale)
}

fn load(track: &Track) -> Result<Loaded> {
    let gate = |why: String| Error::new(Code::GateFailed, why);
    let info =
        read_init(&track.init).map_err(|e| gate(format!("an init segment cannot be used: {e}")))?;
    if !matches!(&info.handler, b"vide" | b"soun") {
        let handler = info.handler.escape_ascii();
        return Err(gate(format!("an MP4 cannot take a '{handler}' track")));
    }
    let mut tables = SampleTables::default();
    let mut chunks = Vec::new();
    for (segment, path) in track.segments.iter().enumerate() {
        for fragment in read_fragments(path)? {
            tables.append(&fragment).map_err(|refused| match refused {
                Refused::Gap { expected, found } => broken(
                    path,
                    format!("it starts at tick {found}, but the segment before ends at {expected}"),
                ),
                Refused::TooMuch => broken(path, "an MP4 cannot count that many samples"),
            })?;
            if !fragment.samples.is_empty() {
                chunks.push(Chunk {
                    segment,
                    at: fragment.data.start as u64,
                    bytes: fragment.data.len() as u64,
                    start: fragment.base_decode_time,
                });
            }
        }
    }
    if chunks.is_empty() {
        return Err(gate("a track of the MP4 has no samples".to_owned()));
    }
    Ok(Loaded {
        info,
        tables,
        chunks,
    })
}

/// All chunks with the track they belong to, by start time; at the same time the track given first comes first.
fn interleave(loaded: &[Loaded]) -> Vec<(usize, &Chunk)> {
    let mut order: Vec<(u128, usize, &Chunk)> = Vec::new();
    for (track, l) in loaded.iter().enumerate() {
        for chunk in &l.chunks {
            // Microseconds are fine enough to order by; within a track the sort is stable.
            let us = u128::from(chunk.start) * 1_000_000 / u128::from(l.info.timescale.max(1));
            order.push((us, track, chunk));
        }
    }
    order.sort_by_key(|&(us, track, _)| (us, track));
    order.into_iter().map(|(_, t, c)| (t, c)).collect()
}

fn ftyp(loaded: &[Loaded]) -> Vec<u8> {
    let mut out = Vec::new();
    put_box(&mut out, b"ftyp", |out| {
        // By the major brand, sound alone is told from a film whose picture is missing.
        let sound_alone = loaded.iter().all(|l| &l.info.handler == b"soun");
        let major: &[u8] = if sound_alone { b"M4A " } else { b"isom" };
        out.extend_from_slice(major);
        out.extend_from_slice(b"\0\0\x02\0isomiso6mp41");
        if sound_alone {
            out.extend_from_slice(major);
        }
        if loaded.iter().any(|l| l.info.codecs.starts_with("avc1")) {
            out.extend_from_slice(b"avc1");
        }
    });
    out
}

fn put(out: &mut impl Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes)
        .map_err(|e| Error::writing("the MP4", &e))
}

/// Copies the media data chunk by chunk, keeping one file open per track.
fn copy(tracks: &[Track], order: &[(usize, &Chunk)], out: &mut impl Write) -> Result<()> {
    let mut open: Vec<Option<(usize, File)>> = tracks.iter().map(|_| None).collect();
    let mut buffer = vec![0; 256 << 10];
    for &(track, chunk) in order {
        let path = tracks
            .get(track)
            .and_then(|t| t.segments.get(chunk.segment));
        let (Some(path), Some(slot)) = (path, open.get_mut(track)) else {
            return Err(Error::bug("a chunk of the MP4 belongs to no segment"));
        };
        let mut file = match slot.take() {
            Some((segment, file)) if segment == chunk.segment => file,
            _ => File::open(path).map_err(|e| broken(path, e))?,
        };
        file.seek(SeekFrom::Start(chunk.at))
            .map_err(|e| broken(path, e))?;
        let mut left = chunk.bytes;
        while left > 0 {
            let want = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let part = buffer.get_mut(..want).unwrap_or_default();
            file.read_exact(part).map_err(|e| broken(path, e))?;
            put(out, part)?;
            left -= want as u64;
        }
        *slot = Some((chunk.segment, file));
    }
    Ok(())
}
