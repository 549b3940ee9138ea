//! The last part of a job: MP4s, DASH manifest, final playlists, the gate, the report. Nothing here encodes.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use newsreel_media::boxes;
use newsreel_media::gate;
use newsreel_media::package::dash::{self, DashText, DashTrack, Kind};
use newsreel_media::package::mp4::{self, Track};
use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::{AudioPlan, AudioRole, Plan, RungPlan, SubtitlePlan, Timecode};
use newsreel_model::{Cancel, Error, Result};

use super::files;
use super::playlists::Playlists;

/// Writes what remains and checks everything; gives the complete journal back. `beside` is done at the same time,
/// and is given the MP4 of the lowest rung; of sound alone nothing is made beside.
///
/// # Errors
/// Writing failed, or the gate found something wrong.
pub fn finish(
    dir: &Path,
    plan: &Plan,
    cancel: &Cancel,
    playlists: &mut Playlists,
    finished: &[Finished],
    beside: impl FnOnce(&Path) -> Result<Vec<Finished>> + Send,
) -> Result<Vec<Finished>> {
    let mut journal = finished.to_vec();
    for entry in stitch_all(dir, plan, cancel, beside)? {
        record(&mut journal, entry);
    }
    for playlist in playlists.finish(dir, plan)? {
        record(&mut journal, playlist);
    }
    let manifest = manifest(dir, plan, &journal)?;
    record(
        &mut journal,
        files::replace(dir, layout::MANIFEST, manifest.as_bytes())?,
    );
    cancel.check()?;
    gate::check(dir, plan, &journal).into_result()?;
    Ok(journal)
}

/// An MP4 of every rung, and what is made beside; of sound alone an M4A of every rendition.
fn stitch_all(
    dir: &Path,
    plan: &Plan,
    cancel: &Cancel,
    beside: impl FnOnce(&Path) -> Result<Vec<Finished>> + Send,
) -> Result<Vec<Finished>> {
    let Some((lowest, others)) = plan.video.rungs.split_last() else {
        return plan
            .audio
            .iter()
            .map(|audio| stitch_sound(dir, plan, audio, cancel))
            .collect();
    };
    let lowest = stitch_rung(dir, plan, lowest, cancel)?;
    let (stitched, beside) = std::thread::scope(|scope| {
        let smallest = dir.join(&lowest.path);
        let beside = scope.spawn(move || beside(&smallest));
        let stitched: Result<Vec<Finished>> = others
            .iter()
            .map(|rung| stitch_rung(dir, plan, rung, cancel))
            .collect();
        (stitched, beside.join())
    });
    let beside = beside.unwrap_or_else(|_| Err(Error::bug("a thread of the job panicked")))?;
    let entries = stitched?.into_iter().chain([lowest]).chain(beside);
    Ok(entries.collect())
}

fn stitch_rung(dir: &Path, plan: &Plan, rung: &RungPlan, cancel: &Cancel) -> Result<Finished> {
    cancel.check()?;
    let count = plan.grid.len();
    let mut tracks = vec![track(dir, &layout::video_dir(&rung.name), count)?];
    // The default sound: many players have no way to choose in a plain file.
    if let Some(audio) = plan.audio.first() {
        tracks.push(track(dir, &layout::audio_dir(&audio.name), count)?);
    }
    stitch(
        dir,
        &tracks,
        plan.timecode.as_ref(),
        &layout::mp4(&rung.name),
    )
}

fn stitch_sound(dir: &Path, plan: &Plan, audio: &AudioPlan, cancel: &Cancel) -> Result<Finished> {
    cancel.check()?;
    let own = track(dir, &layout::audio_dir(&audio.name), plan.grid.len())?;
    stitch(dir, &[own], None, &layout::m4a(&audio.name))
}

fn record(journal: &mut Vec<Finished>, entry: Finished) {
    journal.retain(|f| f.path != entry.path);
    journal.push(entry);
}

fn track(dir: &Path, rendition: &str, segments: usize) -> Result<Track> {
    let base = dir.join(rendition);
    let init = std::fs::read(base.join(layout::INIT))
        .map_err(|e| Error::bug(format!("{rendition}: {e}")))?;
    Ok(Track {
        init,
        segments: (0..segments)
            .map(|i| base.join(layout::segment(i)))
            .collect(),
    })
}

/// One MP4 from the segments of its tracks, without a second encode.
fn stitch(
    dir: &Path,
    tracks: &[Track],
    timecode: Option<&Timecode>,
    path: &str,
) -> Result<Finished> {
    let mut outcome = Ok(());
    let mut entry = files::describe(path, &[]);
    let staged = files::stage(dir, path, |file| {
        let mut writer = Hashing {
            inner: std::io::BufWriter::with_capacity(1 << 20, file),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        };
        outcome = mp4::stitch(tracks, timecode, &mut writer).map(|_| ());
        writer.inner.flush()?;
        entry.bytes = writer.bytes;
        entry.hash = writer.hasher.finalize().to_hex().to_string();
        outcome
            .as_ref()
            .map(|_| ())
            .map_err(|e| std::io::Error::other(e.to_string()))
    });
    outcome?;
    staged
        .and_then(|()| files::sync_parent(&dir.join(path)))
        .map_err(|e| Error::writing(path, &e))?;
    Ok(entry)
}

/// Hashes what passes through.
struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(data)?;
        self.hasher.update(&data[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// The DASH manifest over the same segments, its times read from their boxes.
fn manifest(dir: &Path, plan: &Plan, journal: &[Finished]) -> Result<String> {
    let sizes: HashMap<&str, u64> = journal.iter().map(|f| (f.path.as_str(), f.bytes)).collect();
    let mut tracks = Vec::new();
    for rung in &plan.video.rungs {
        let kind = Kind::Video {
            width: rung.width,
            height: rung.height,
            hdr: Some(plan.video.colour).filter(|c| c.is_hdr()),
            frame_rate: plan.video.frame_rate,
        };
        tracks.push(dash_track(
            dir,
            plan,
            &rung.name,
            &layout::video_dir(&rung.name),
            kind,
            &sizes,
        )?);
    }
    for (number, a) in plan.audio.iter().enumerate() {
        let kind = Kind::Audio {
            channels: a.channels,
            sample_rate: a.sample_rate,
            language: a.language.clone(),
            title: a.title.clone(),
            roles: dash_roles(a, number == 0),
        };
        let id = format!("audio-{}", a.name);
        tracks.push(dash_track(
            dir,
            plan,
            &id,
            &layout::audio_dir(&a.name),
            kind,
            &sizes,
        )?);
    }
    let longest = plan
        .grid
        .segments
        .iter()
        .map(|s| s.duration_ticks)
        .max()
        .unwrap_or(0);
    // A player that finds more media than the manifest promises may stop short of the end.
    let duration_s = tracks.iter().map(end_s).fold(plan.duration_s(), f64::max);
    let texts: Vec<DashText> = plan
        .subtitles
        .iter()
        .map(|s| dash_text(plan, s, &sizes))
        .collect();
    Ok(dash::manifest(
        duration_s,
        plan.seconds(longest),
        &tracks,
        &texts,
    ))
}

/// What DASH calls what a rendition is for. The default one is the one that is `main`.
fn dash_roles(audio: &AudioPlan, is_default: bool) -> Vec<&'static str> {
    let own = match audio.role {
        AudioRole::Main => None,
        AudioRole::Dub => Some("dub"),
        AudioRole::Commentary => Some("commentary"),
        AudioRole::Description => Some("description"),
        AudioRole::ClearSpeech => Some("enhanced-audio-intelligibility"),
        AudioRole::Effects => Some("karaoke"),
    };
    let rank = if is_default { "main" } else { "alternate" };
    std::iter::once(rank).chain(own).collect()
}

fn dash_text(plan: &Plan, track: &SubtitlePlan, sizes: &HashMap<&str, u64>) -> DashText {
    let dir = layout::subtitle_dir(&track.name);
    let file = format!("{dir}/{}", layout::SUBTITLES_WHOLE);
    let bits = sizes.get(file.as_str()).copied().unwrap_or(0) * 8;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float to int saturates"
    )]
    let seconds = plan.duration_s().ceil() as u64;
    DashText {
        id: format!("subs-{}", track.name),
        language: track.language.clone(),
        title: track.title.clone(),
        role: match (track.forced, track.for_the_deaf) {
            (true, _) => "forced-subtitle",
            (false, true) => "caption",
            (false, false) => "subtitle",
        },
        file,
        bandwidth_bps: (bits / seconds.max(1)).max(1),
    }
}

/// Where a track's last segment ends, in seconds.
#[allow(
    clippy::cast_precision_loss,
    reason = "ticks stay far below 2^53: a programme is limited to days"
)]
fn end_s(track: &DashTrack) -> f64 {
    let end = track
        .segments
        .last()
        .map_or(0, |(start, length)| start + length);
    end as f64 / f64::from(track.timescale)
}

fn dash_track(
    dir: &Path,
    plan: &Plan,
    id: &str,
    rendition: &str,
    kind: Kind,
    sizes: &HashMap<&str, u64>,
) -> Result<DashTrack> {
    let broken = |e: boxes::BoxError| Error::bug(format!("{rendition} cannot be read back: {e}"));
    let Track { init, segments } = track(dir, rendition, plan.grid.len())?;
    let init = boxes::read_init(&init).map_err(broken)?;
    let mut times = Vec::with_capacity(segments.len());
    let mut peak = 0u64;
    for (index, path) in segments.iter().enumerate() {
        let fragments = newsreel_media::package::segment_file::read_fragments(path)?;
        let start = fragments.first().map_or(0, |f| f.base_decode_time);
        let duration: u64 = fragments.iter().map(boxes::FragmentInfo::duration).sum();
        let bytes = sizes
            .get(format!("{rendition}/{}", layout::segment(index)).as_str())
            .copied()
            .unwrap_or(0);
        peak = peak.max(bytes * 8 * u64::from(init.timescale) / duration.max(1));
        let signed = |v: u64| i64::try_from(v).unwrap_or(i64::MAX);
        times.push((signed(start) - init.media_time, signed(duration)));
    }
    Ok(DashTrack {
        id: id.to_owned(),
        kind,
        codecs: init.codecs,
        bandwidth_bps: peak.max(1),
        timescale: init.timescale,
        init: format!("{rendition}/{}", layout::INIT),
        media: format!("{rendition}/seg-$Number%05d$.m4s"),
        segments: times,
    })
}
