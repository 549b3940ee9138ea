//! One plain MP4 against the segments it was stitched from: index in front, same samples at the same times, data inside
//! the file, starting at 0. Not here: comparing the media bytes, which the stitcher copies and the journal's hash keeps.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use newsreel_model::plan::Plan;

use crate::boxes::walk::{BoxError, BoxHeader, Mp4Box, boxes};
use crate::package::moov::movie_ticks;

use super::files::Files;
use super::init::MAX_PRIMING;
use super::movie_tables::{MovieTrack, timed};
use super::report::{Check, Findings};
use super::track::{Samples, Track, seconds};

/// The largest index that is read: over ten million samples.
const MAX_MOOV: u64 = 256 << 20;

/// An MP4 of ours has three boxes.
const MAX_BOXES: usize = 64;

/// How far from 0 picture and sound may start.
const START_TOLERANCE_S: f64 = 0.020;

/// The picture and the sound that an MP4 was stitched from, as far as it has them.
type Published<'a> = (Option<&'a Track>, Option<&'a Track>);

/// The outermost boxes of an MP4.
struct Layout {
    moov: Vec<u8>,
    /// Payloads of the `mdat`s, in bytes of the file.
    data: Vec<Range<u64>>,
}

pub(super) fn check(
    plan: &Plan,
    name: &str,
    tracks: Published<'_>,
    files: &Files<'_>,
    found: &mut Findings,
) {
    let Some(path) = files.path(name) else {
        return;
    };
    let outer = match read_layout(&path) {
        Ok(outer) => outer,
        Err(why) => return found.fail(Check::Mp4Frames, name, why),
    };
    if let Err(e) = check_moov(plan, name, &outer, tracks, found) {
        found.fail(Check::Mp4Frames, name, e.to_string());
    }
}

fn read_layout(path: &Path) -> Result<Layout, String> {
    let io = |e: std::io::Error| format!("it cannot be read: {e}");
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut outer = Layout {
        moov: Vec::new(),
        data: Vec::new(),
    };
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        if at >= length {
            break;
        }
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        let mut front = Vec::with_capacity(16);
        file.by_ref().take(16).read_to_end(&mut front).map_err(io)?;
        let place = usize::try_from(at).unwrap_or(usize::MAX);
        let header = BoxHeader::read(&front, length - at, place).map_err(|e| e.to_string())?;
        match &header.kind {
            b"moov" if !outer.moov.is_empty() => return Err("it has two indexes".to_owned()),
            b"moov" if !outer.data.is_empty() => {
                return Err(
                    "its index is behind its data: it cannot be played while it loads".to_owned(),
                );
            }
            b"moov" if header.size > MAX_MOOV => return Err("its index is too large".to_owned()),
            b"moov" => {
                file.seek(SeekFrom::Start(at)).map_err(io)?;
                let moov = file.by_ref().take(header.size);
                moov.take(MAX_MOOV)
                    .read_to_end(&mut outer.moov)
                    .map_err(io)?;
            }
            b"mdat" => outer
                .data
                .push(at + header.header_len as u64..at + header.size),
            b"moof" => return Err("it is fragmented".to_owned()),
            _ => {}
        }
        at += header.size;
    }
    if at < length {
        return Err(format!("it has more than {MAX_BOXES} boxes"));
    }
    if outer.moov.is_empty() || outer.data.is_empty() {
        return Err("it has no index or no data".to_owned());
    }
    Ok(outer)
}

fn check_moov(
    plan: &Plan,
    name: &str,
    outer: &Layout,
    (video, sound): Published<'_>,
    found: &mut Findings,
) -> Result<(), BoxError> {
    let missing = || BoxError::Missing {
        path: "moov".to_owned(),
    };
    let moov: Mp4Box<'_> = boxes(&outer.moov).next().ok_or_else(missing)??;
    let (movie, duration) = timed(&moov.require(&[b"mvhd"])?)?;
    let mut pictures = Vec::new();
    let mut sounds = Vec::new();
    let mut timecodes = Vec::new();
    for child in moov.children() {
        let child = child?;
        if &child.kind != b"trak" {
            continue;
        }
        let track = MovieTrack::read(&child)?;
        match &track.handler {
            b"vide" => pictures.push(track),
            b"soun" => sounds.push(track),
            b"tmcd" => timecodes.push(track),
            _ => return Err(child.invalid("it is neither picture, sound nor timecode")),
        }
    }
    let (got, planned) = (
        (pictures.len(), sounds.len()),
        (usize::from(video.is_some()), usize::from(sound.is_some())),
    );
    found.expect(got == planned, Check::Mp4Frames, name, || {
        let ((p, s), (pictures, sounds)) = (got, planned);
        format!("{p} picture and {s} sound tracks, planned {pictures} and {sounds}")
    });
    let counted = usize::from(video.is_some() && plan.timecode.is_some());
    let whole = |t: &MovieTrack<'_>| {
        let is_one = t.sizes.count() == 1 && t.duration == duration;
        is_one && t.data_is_within(&outer.data)
    };
    found.expect(
        timecodes.len() == counted && timecodes.iter().all(whole),
        Check::Mp4Frames,
        name,
        || format!("its timecode is not the {counted} track planned, of one sample over all of it"),
    );
    let longest = pictures.iter().chain(&sounds).map(|t| t.duration).max();
    found.expect(longest == Some(duration), Check::Mp4Frames, name, || {
        format!(
            "it lasts {duration} ticks, its longest track {}",
            longest.unwrap_or(0)
        )
    });
    if let (Some(picture), Some(video)) = (pictures.first(), video) {
        let frames = Some(plan.grid.frames());
        let length = u64::try_from(plan.grid.duration_ticks()).unwrap_or(0);
        Against { name, movie, outer }.check(picture, video, frames, length, found);
    }
    if let (Some(heard), Some(sound)) = (sounds.first(), sound) {
        let count = sound.samples.as_ref().map(|s| s.count);
        // What the sound's own segments present: all but the priming.
        let priming = sound
            .info
            .as_ref()
            .map_or(0, |i| i.media_time.unsigned_abs());
        let length = heard.media_duration.saturating_sub(priming);
        Against { name, movie, outer }.check(heard, sound, count, length, found);
    }
    Ok(())
}

/// The file a track of it is checked in.
struct Against<'a> {
    name: &'a str,
    /// Ticks per second of the movie.
    movie: u32,
    outer: &'a Layout,
}

impl Against<'_> {
    /// `count` samples and `length` ticks are planned; without a count the track's own segments have failed already.
    fn check(
        &self,
        track: &MovieTrack<'_>,
        published: &Track,
        count: Option<u64>,
        length: u64,
        found: &mut Findings,
    ) {
        let kind = track.handler.escape_ascii().to_string();
        if let Some(info) = &published.info {
            found.expect(
                track.stsd == info.stsd,
                Check::ParameterSets,
                self.name,
                || {
                    format!(
                        "its {kind} track describes its samples otherwise than {}",
                        published.dir
                    )
                },
            );
        }
        let mut expect = |holds: bool, why: String| {
            found.expect(holds, Check::Mp4Frames, self.name, || {
                format!("its {kind} track {why}")
            })
        };
        let have = track.sizes.count();
        expect(
            track.timescale == published.timescale,
            format!(
                "has {} ticks per second, planned {}",
                track.timescale, published.timescale
            ),
        );
        expect(
            track.data_is_within(&self.outer.data),
            "has data that is not in the file's mdat".to_owned(),
        );
        if !expect(
            have > 0 && count.is_none_or(|c| c == have),
            format!("has {have} samples, planned {}", count.unwrap_or(0)),
        ) || count.is_none()
        {
            return;
        }
        let media_time = track.edit.map_or(0, |e| e.media_time);
        let empty = track.edit.map_or(0, |e| e.empty);
        let mut samples = Samples::default();
        let mut earliest = i64::MAX;
        let mut total = 0u64;
        for (sample, at) in track.samples() {
            let at = at.saturating_sub(media_time);
            earliest = earliest.min(at);
            total = total.saturating_add(u64::from(sample.duration));
            samples.add(&sample, at);
        }
        if !expect(
            samples.count == have,
            "has tables of different lengths".to_owned(),
        ) {
            return;
        }
        let empty = i64::try_from(empty).unwrap_or(i64::MAX);
        let start = seconds(empty, self.movie) + seconds(earliest.max(0), track.timescale);
        let starts = start <= START_TOLERANCE_S && earliest >= -MAX_PRIMING;
        let placed = expect(
            starts,
            format!("starts at {start:.3} s, or is cut at its start"),
        );
        let scaled = movie_ticks(length, track.timescale, self.movie);
        let listed = track.edit.map_or(track.duration, |e| e.duration);
        let lasts = total == track.media_duration
            && track.duration.abs_diff(scaled) <= 1
            && listed.abs_diff(scaled) <= 1;
        let long = expect(
            lasts,
            format!(
                "lasts {} ticks of the movie, planned {scaled}",
                track.duration
            ),
        );
        // One failure for one cause: a moved track's samples are all at other times.
        if let Some(original) = published.samples.as_ref().filter(|_| placed && long) {
            expect(
                samples.is_same(original),
                format!("has other samples than {}", published.dir),
            );
        }
    }
}
