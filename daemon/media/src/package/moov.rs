//! Writes the `moov` of a plain MP4 from gathered sample tables. Not here: reading segments or copying their bytes (see [`super::mp4`]).

use super::tables::{SampleTables, Timing};
use super::timecode::{self, TimecodeTrack};
use crate::boxes::InitInfo;
use crate::boxes::write::{put_box, put_full_box, put_i32, put_i64, put_u16, put_u32, put_u64};

/// One track to write.
#[derive(Clone, Copy, Debug)]
pub struct MovieTrack<'a> {
    /// What its init segment says.
    pub info: &'a InitInfo,
    /// Its samples.
    pub tables: &'a SampleTables,
    /// Where each chunk starts, in bytes from the start of the media data.
    pub chunks: &'a [u64],
}

/// Where the media data starts in the file, and how chunk offsets are written.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// Bytes from the start of the file.
    pub base: u64,
    /// Whether offsets take 64 bits (`co64`).
    pub wide: bool,
}

/// Ticks per second of the movie: the first video track's own (so that its edit is exact), multiplied up to 1000 or more.
#[must_use]
pub fn movie_timescale(tracks: &[MovieTrack<'_>]) -> u32 {
    let video = tracks.iter().find(|t| &t.info.handler == b"vide");
    let own = video
        .or(tracks.first())
        .map_or(1000, |t| t.info.timescale.max(1));
    if own >= 1000 {
        return own;
    }
    own * 1000u32.div_ceil(own)
}

/// `ticks` of the track in ticks of the movie, rounded up so that no last sample is cut off.
#[must_use]
pub fn movie_ticks(ticks: u64, timescale: u32, movie: u32) -> u64 {
    let scaled = (u128::from(ticks) * u128::from(movie)).div_ceil(u128::from(timescale.max(1)));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// The whole box. Its length does not depend on `placement.base`.
#[must_use]
pub fn write_moov(
    tracks: &[MovieTrack<'_>],
    timecode: Option<&TimecodeTrack>,
    placement: Placement,
) -> Vec<u8> {
    let movie = movie_timescale(tracks);
    let duration = tracks.iter().map(|t| shown(t, movie)).max().unwrap_or(0);
    let all = tracks.len() + usize::from(timecode.is_some());
    let last = u32::try_from(all).unwrap_or(u32::MAX - 1);
    let mut out = Vec::new();
    put_box(&mut out, b"moov", |out| {
        put_timed(
            out,
            b"mvhd",
            0,
            duration,
            |out| put_u32(out, movie),
            |out| {
                put_u32(out, 0x0001_0000); // rate
                put_u16(out, 0x0100); // volume
                out.extend([0; 10]);
                put_matrix(out);
                out.extend([0; 24]);
                put_u32(out, last + 1);
            },
        );
        for (number, track) in (1u32..).zip(tracks) {
            let timecode = timecode.map(|_| last);
            put_trak(out, number, track, (movie, timecode), placement);
        }
        if let Some(track) = timecode {
            timecode::put_trak(out, last, track, (duration, movie), placement);
        }
    });
    out
}

/// Length of the track on the movie's timeline, any late start included, in ticks of the movie.
fn shown(track: &MovieTrack<'_>, movie: u32) -> u64 {
    let timing = track.tables.timing(track.info);
    let ticks = |t| movie_ticks(t, track.info.timescale, movie);
    ticks(timing.empty).saturating_add(ticks(timing.presented))
}

/// A header with creation times (left 0, so that the same segments give the same file) and a duration whose width sets the version.
pub(super) fn put_timed(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    flags: u32,
    duration: u64,
    between: impl FnOnce(&mut Vec<u8>),
    after: impl FnOnce(&mut Vec<u8>),
) {
    let narrow = u32::try_from(duration).ok();
    put_full_box(out, kind, u8::from(narrow.is_none()), flags, |out| {
        out.extend_from_slice(if narrow.is_some() { &[0; 8] } else { &[0; 16] });
        between(out);
        match narrow {
            Some(duration) => put_u32(out, duration),
            None => put_u64(out, duration),
        }
        after(out);
    });
}

pub(super) fn put_matrix(out: &mut Vec<u8>) {
    for value in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        put_u32(out, value);
    }
}

fn put_trak(
    out: &mut Vec<u8>,
    number: u32,
    track: &MovieTrack<'_>,
    (movie, timecode): (u32, Option<u32>),
    placement: Placement,
) {
    let info = track.info;
    let timing = track.tables.timing(info);
    let sound = &info.handler == b"soun";
    put_box(out, b"trak", |out| {
        // Flags: enabled, in the movie.
        let id = |out: &mut Vec<u8>| {
            put_u32(out, number);
            put_u32(out, 0);
        };
        put_timed(out, b"tkhd", 3, shown(track, movie), id, |out| {
            out.extend([0; 10]); // reserved, layer
            put_u16(out, u16::from(sound)); // sounds are alternatives to each other
            put_u16(out, if sound { 0x0100 } else { 0 });
            put_u16(out, 0);
            put_matrix(out);
            for pixels in [info.width, info.height] {
                put_u32(out, pixels.min(0xFFFF) << 16);
            }
        });
        if let Some(number) = timecode.filter(|_| !sound) {
            timecode::put_reference(out, number);
        }
        put_box(out, b"edts", |out| {
            put_elst(out, &timing, info.timescale, movie)
        });
        put_box(out, b"mdia", |out| {
            let timescale = |out: &mut Vec<u8>| put_u32(out, info.timescale);
            put_timed(out, b"mdhd", 0, track.tables.total, timescale, |out| {
                let letters = info.language.iter();
                put_u16(out, letters.fold(0, |p, l| p << 5 | u16::from(l & 0x1F)));
                put_u16(out, 0);
            });
            put_full_box(out, b"hdlr", 0, 0, |out| {
                put_u32(out, 0);
                out.extend(info.handler);
                out.extend([0; 12]);
                out.extend_from_slice(if sound { b"sound\0" } else { b"video\0" });
            });
            put_box(out, b"minf", |out| {
                if sound {
                    put_full_box(out, b"smhd", 0, 0, |out| out.extend([0; 4]));
                } else {
                    put_full_box(out, b"vmhd", 0, 1, |out| out.extend([0; 8]));
                }
                put_data_in_this_file(out);
                put_stbl(out, track, &timing, placement);
            });
        });
    });
}

/// Says that the media data is in this file and no other.
pub(super) fn put_data_in_this_file(out: &mut Vec<u8>) {
    put_box(out, b"dinf", |out| {
        put_full_box(out, b"dref", 0, 0, |out| {
            put_u32(out, 1);
            put_full_box(out, b"url ", 0, 1, |_| {});
        });
    });
}

fn put_elst(out: &mut Vec<u8>, timing: &Timing, timescale: u32, movie: u32) {
    let mut edits = Vec::new();
    if timing.empty > 0 {
        edits.push((movie_ticks(timing.empty, timescale, movie), -1));
    }
    let presented = movie_ticks(timing.presented, timescale, movie);
    edits.push((presented, timing.media_time));
    let narrow: Option<Vec<(u32, i32)>> = edits
        .iter()
        .map(|&(d, m)| Some((u32::try_from(d).ok()?, i32::try_from(m).ok()?)))
        .collect();
    put_full_box(out, b"elst", u8::from(narrow.is_none()), 0, |out| {
        put_u32(out, if edits.len() == 1 { 1 } else { 2 });
        let Some(narrow) = narrow else {
            for (duration, media_time) in edits {
                put_u64(out, duration);
                put_i64(out, media_time);
                put_u32(out, 0x0001_0000);
            }
            return;
        };
        for (duration, media_time) in narrow {
            put_u32(out, duration);
            put_i32(out, media_time);
            put_u32(out, 0x0001_0000);
        }
    });
}

fn put_stbl(out: &mut Vec<u8>, track: &MovieTrack<'_>, timing: &Timing, placement: Placement) {
    // All counts fit: the tables refuse what an MP4 cannot count.
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let tables = track.tables;
    put_box(out, b"stbl", |out| {
        out.extend_from_slice(&track.info.stsd);
        put_full_box(out, b"stts", 0, 0, |out| {
            put_u32(out, count(tables.durations.runs().len()));
            for &(samples, duration) in tables.durations.runs() {
                put_u32(out, samples);
                put_u32(out, duration);
            }
        });
        let offsets = tables.offsets.runs();
        if offsets.iter().any(|&(_, offset)| offset != 0) {
            put_full_box(out, b"ctts", 0, 0, |out| {
                put_u32(out, count(offsets.len()));
                for &(samples, offset) in offsets {
                    put_u32(out, samples);
                    // An i32 less the lowest i32 is within u32.
                    let shifted = i64::from(offset).saturating_add(timing.shift);
                    put_u32(out, u32::try_from(shifted).unwrap_or(u32::MAX));
                }
            });
        }
        if &track.info.handler == b"vide" {
            put_full_box(out, b"stss", 0, 0, |out| {
                put_u32(out, count(tables.keys.len()));
                for &key in &tables.keys {
                    put_u32(out, key);
                }
            });
        }
        put_full_box(out, b"stsc", 0, 0, |out| {
            put_u32(out, count(tables.chunks.runs().len()));
            let mut first = 1u32;
            for &(chunks, samples) in tables.chunks.runs() {
                put_u32(out, first);
                put_u32(out, samples);
                put_u32(out, 1);
                first = first.saturating_add(chunks);
            }
        });
        put_full_box(out, b"stsz", 0, 0, |out| {
            put_u32(out, 0);
            put_u32(out, count(tables.sizes.len()));
            for &size in &tables.sizes {
                put_u32(out, size);
            }
        });
        let kind = if placement.wide { b"co64" } else { b"stco" };
        put_full_box(out, kind, 0, 0, |out| {
            put_u32(out, count(track.chunks.len()));
            for &chunk in track.chunks {
                let at = placement.base.saturating_add(chunk);
                if placement.wide {
                    put_u64(out, at);
                } else {
                    put_u32(out, u32::try_from(at).unwrap_or(u32::MAX));
                }
            }
        });
    });
}

#[cfg(test)]
#[path = "moov_tests.rs"]
mod tests;
