//! What players may see: a playlist per rendition that grows by the contiguous prefix, and a master over those that have begun
//! (its text: `master`).

mod master;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use newsreel_media::boxes;
use newsreel_media::package::hls::{self, MediaSegment};
use newsreel_model::event::Event;
use newsreel_model::job::{Finished, layout};
use newsreel_model::pictures;
use newsreel_model::plan::{Plan, SubtitlePlan};
use newsreel_model::ports::EventSink;
use newsreel_model::{Error, Result};

use super::files;

/// One rung or the sound.
struct Rendition {
    /// `video/720p`.
    dir: String,
    init: Option<boxes::InitInfo>,
    /// Length of each finished segment in bytes and seconds, by index.
    segments: BTreeMap<usize, (u64, f64)>,
    /// How many segments the written playlist names.
    listed: usize,
}

impl Rendition {
    fn new(dir: String) -> Self {
        Self {
            dir,
            init: None,
            segments: BTreeMap::new(),
            listed: 0,
        }
    }

    fn prefix(&self) -> usize {
        self.segments
            .keys()
            .enumerate()
            .take_while(|(i, k)| *i == **k)
            .count()
    }
}

/// All playlists of a job.
pub struct Playlists {
    plan: Arc<Plan>,
    video: Vec<Rendition>,
    audio: Vec<Rendition>,
    /// What the written master lists: rungs and renditions of the sound with a playlist.
    master: Vec<bool>,
    playable: bool,
    /// Thumbnails published so far.
    pictures: Vec<String>,
    events: Arc<dyn EventSink>,
}

impl Playlists {
    /// Playlists for a plan whose grid may still be empty.
    pub fn new(plan: &Plan, events: Arc<dyn EventSink>) -> Self {
        let video: Vec<Rendition> = plan
            .video
            .rungs
            .iter()
            .map(|r| Rendition::new(layout::video_dir(&r.name)))
            .collect();
        Self {
            master: vec![false; video.len() + plan.audio.len()],
            video,
            audio: plan
                .audio
                .iter()
                .map(|a| Rendition::new(layout::audio_dir(&a.name)))
                .collect(),
            plan: Arc::new(plan.clone()),
            playable: false,
            pictures: Vec::new(),
            events,
        }
    }

    /// Takes note of new pieces and writes what changes by them.
    ///
    /// # Errors
    /// A playlist cannot be written.
    pub fn refresh(&mut self, dir: &Path, pieces: &[Finished]) -> Result<()> {
        for piece in pieces {
            self.note(dir, piece)?;
        }
        self.tell_pictures(pieces);
        for rendition in self.video.iter_mut().chain(&mut self.audio) {
            write_media(dir, &self.plan, rendition, false)?;
        }
        self.write_master(dir)
    }

    /// The poster is published last of the pictures: with it they are all there.
    fn tell_pictures(&mut self, pieces: &[Finished]) {
        let pictures = pieces.iter().map(|p| p.path.clone());
        self.pictures
            .extend(pictures.filter(|path| layout::picture(path).is_some()));
        if pieces.iter().any(|p| p.path == layout::POSTER) {
            let mut paths = std::mem::take(&mut self.pictures);
            paths.sort_unstable();
            let sets = pictures::sets(&self.plan.thumbnails, paths.iter().map(String::as_str));
            self.events.emit(&Event::ThumbnailsReady { paths, sets });
        }
    }

    fn note(&mut self, dir: &Path, piece: &Finished) -> Result<()> {
        let Some((parent, name)) = piece.path.rsplit_once('/') else {
            return Ok(());
        };
        let Some(rendition) = self
            .video
            .iter_mut()
            .chain(&mut self.audio)
            .find(|r| r.dir == parent)
        else {
            return Ok(());
        };
        let read =
            || std::fs::read(dir.join(&piece.path)).map_err(|e| Error::writing(&piece.path, &e));
        let unreadable =
            |e: boxes::BoxError| Error::bug(format!("{} cannot be read back: {e}", piece.path));
        if name == layout::INIT {
            rendition.init = Some(boxes::read_init(&read()?).map_err(unreadable)?);
        } else if let Some(index) = layout::segment_index(name) {
            let fragments = boxes::read_segment(&read()?).map_err(unreadable)?;
            let ticks: u64 = fragments.iter().map(boxes::FragmentInfo::duration).sum();
            rendition
                .segments
                .insert(index, (piece.bytes, ticks_to_units(ticks)));
        }
        Ok(())
    }

    fn write_master(&mut self, dir: &Path) -> Result<()> {
        let renditions = self.video.iter().chain(&self.audio);
        let begun: Vec<bool> = renditions.map(|r| r.listed > 0).collect();
        let (pictures, sounds) = begun.split_at(self.video.len());
        // The default sound is the first.
        let sound = sounds.first().is_none_or(|begun| *begun);
        let seen = pictures.is_empty() || pictures.contains(&true);
        if !sound || !seen || begun == self.master {
            return Ok(());
        }
        // Rewritten seldom: when the first rung can be played, and when all can.
        let all = pictures.iter().all(|b| *b);
        if self.playable && !all {
            return Ok(());
        }
        let text = master::text(self, &begun);
        files::replace(dir, layout::MASTER, text.as_bytes())?;
        self.master = begun;
        if !self.playable {
            self.playable = true;
            self.events.emit(&Event::Playable {
                playlist: layout::MASTER.to_owned(),
            });
        }
        Ok(())
    }

    /// Writes everything in its final form, with the plan that is complete now.
    ///
    /// # Errors
    /// A playlist cannot be written.
    pub fn finish(&mut self, dir: &Path, plan: &Plan) -> Result<Vec<Finished>> {
        self.plan = Arc::new(plan.clone());
        let mut out = Vec::new();
        for rendition in self.video.iter_mut().chain(&mut self.audio) {
            out.extend(write_media(dir, plan, rendition, true)?);
        }
        out.extend(write_subtitles(dir, plan)?);
        let text = master::text(self, &vec![true; self.master.len()]);
        out.push(files::replace(dir, layout::MASTER, text.as_bytes())?);
        Ok(out)
    }
}

fn write_subtitles(dir: &Path, plan: &Plan) -> Result<Vec<Finished>> {
    let segments = plan.grid.segments.iter().enumerate();
    let segments: Vec<MediaSegment> = segments
        .map(|(index, segment)| MediaSegment {
            uri: layout::subtitle_segment(index),
            duration_s: plan.seconds(segment.duration_ticks),
        })
        .collect();
    let text = hls::text_playlist(plan.target_duration_s, &segments);
    let write = |track: &SubtitlePlan| {
        let path = format!("{}/{}", layout::subtitle_dir(&track.name), layout::INDEX);
        files::replace(dir, &path, text.as_bytes())
    };
    plan.subtitles.iter().map(write).collect()
}

/// Audio and video timescales differ: lengths are kept in the track's own units until they are written.
#[allow(
    clippy::cast_precision_loss,
    reason = "a segment's length in ticks is far below 2^53"
)]
fn ticks_to_units(ticks: u64) -> f64 {
    ticks as f64
}

/// Presentation length of segment `index` in seconds: the first one of a primed track shows its priming to nobody.
#[allow(
    clippy::cast_precision_loss,
    reason = "priming is a few thousand samples"
)]
fn duration_s(rendition: &Rendition, index: usize) -> f64 {
    let Some(init) = &rendition.init else {
        return 0.0;
    };
    let units = rendition.segments.get(&index).map_or(0.0, |s| s.1);
    let priming = if index == 0 {
        init.media_time as f64
    } else {
        0.0
    };
    (units - priming) / f64::from(init.timescale)
}

fn write_media(
    dir: &Path,
    plan: &Plan,
    rendition: &mut Rendition,
    end: bool,
) -> Result<Option<Finished>> {
    let prefix = rendition.prefix();
    // The final form is written however often it is asked for: a job may be finished twice.
    if rendition.init.is_none() || prefix == 0 || (prefix == rendition.listed && !end) {
        return Ok(None);
    }
    let segments: Vec<MediaSegment> = (0..prefix)
        .map(|index| MediaSegment {
            uri: layout::segment(index),
            duration_s: duration_s(rendition, index),
        })
        .collect();
    let text = hls::media_playlist(plan.target_duration_s, layout::INIT, &segments, end);
    let path = format!("{}/{}", rendition.dir, layout::INDEX);
    let written = files::replace(dir, &path, text.as_bytes())?;
    rendition.listed = prefix;
    Ok(Some(written))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bit rates are far below 2^53"
)]
fn bps(bytes: u64, seconds: f64) -> u64 {
    if seconds > 0.0 {
        (bytes as f64 * 8.0 / seconds).ceil() as u64
    } else {
        0
    }
}

/// The highest average over one segment; segments under half a second say nothing about a rate.
fn peak_bps(r: &Rendition) -> u64 {
    let rates = r.segments.iter().filter(|(i, _)| duration_s(r, **i) >= 0.5);
    rates
        .map(|(i, s)| bps(s.0, duration_s(r, *i)))
        .max()
        .unwrap_or_else(|| average_bps(r))
}

fn average_bps(r: &Rendition) -> u64 {
    let seconds: f64 = r.segments.keys().map(|i| duration_s(r, *i)).sum();
    bps(r.segments.values().map(|s| s.0).sum(), seconds)
}
