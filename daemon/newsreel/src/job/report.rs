//! `report.json`: what was done, counted from the journal and the boxes, with the moments that matter to readers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use newsreel_model::event::Event;
use newsreel_model::job::{Finished, JobState, layout};
use newsreel_model::plan::{AudioPlan, Plan, Warning};
use newsreel_model::ports::EventSink;
use newsreel_model::report::{
    FallbackReport, FrameReport, Quality, Report, RungReport, SoundReport, SourceReport,
};
use newsreel_model::{Error, Result};
use parking_lot::Mutex;

use super::files;

/// When things first happened, seen on their way to whoever listens.
pub struct Milestones {
    started: Instant,
    first_thumbnail_s: Mutex<Option<f64>>,
    first_playable_s: Mutex<Option<f64>>,
    /// Since when segments are encoded at full width.
    encoding_since: Mutex<Option<Instant>>,
    /// How work left devices.
    fallbacks: Mutex<Vec<FallbackReport>>,
    events: Arc<dyn EventSink>,
}

impl Milestones {
    /// Passes events on to `events`.
    pub fn new(started: Instant, events: Arc<dyn EventSink>) -> Self {
        Self {
            started,
            first_thumbnail_s: Mutex::new(None),
            first_playable_s: Mutex::new(None),
            encoding_since: Mutex::new(None),
            fallbacks: Mutex::default(),
            events,
        }
    }

    /// A thumbnail is on its way out.
    pub fn thumbnail(&self) {
        self.first_thumbnail_s
            .lock()
            .get_or_insert(self.started.elapsed().as_secs_f64());
    }

    /// Tells how far the encode is: `done` of `total` frames over all rungs of a programme of `duration_s`.
    #[allow(
        clippy::cast_precision_loss,
        reason = "frame counts are far below 2^53"
    )]
    pub fn progress(&self, done: u64, total: u64, duration_s: f64) {
        let elapsed = self
            .encoding_since
            .lock()
            .get_or_insert_with(Instant::now)
            .elapsed()
            .as_secs_f64();
        let share = if total > 0 {
            done as f64 / total as f64
        } else {
            1.0
        };
        let speed = if elapsed > 0.0 && total > 0 {
            share * duration_s / elapsed
        } else {
            0.0
        };
        let eta_s = (share > 0.01).then(|| elapsed / share * (1.0 - share));
        self.events.emit(&Event::Progress {
            frames_done: done,
            frames_total: total,
            speed,
            eta_s,
        });
    }
}

impl EventSink for Milestones {
    fn emit(&self, event: &Event) {
        if matches!(event, Event::Playable { .. }) {
            self.first_playable_s
                .lock()
                .get_or_insert(self.started.elapsed().as_secs_f64());
        }
        if let Event::FellBack { fallback } = event {
            self.fallbacks.lock().push(fallback.clone());
        }
        self.events.emit(event);
    }
}

/// What the report is made from.
pub struct Facts<'a> {
    pub plan: &'a Plan,
    pub source: &'a SourceReport,
    /// Planned repeats of a picture, see [`FrameReport::held`].
    pub held: u64,
    /// How many runs there were.
    pub runs: usize,
    /// Pieces taken over from an earlier execution.
    pub reused: &'a [Finished],
    pub milestones: &'a Milestones,
    /// How like the source the rungs are, in their order; empty where that was not measured.
    pub quality: &'a [Quality],
    /// What was found out since the plan was made.
    pub warnings: Vec<Warning>,
}

/// Writes the report and gives the journal back with it.
///
/// # Errors
/// The report cannot be written.
pub fn write(facts: &Facts<'_>, dir: &Path, mut journal: Vec<Finished>) -> Result<Vec<Finished>> {
    let plan = facts.plan;
    let mut rungs: Vec<RungReport> = plan
        .video
        .rungs
        .iter()
        .map(|r| rung(facts, plan, &r.name, r.width, r.height, &journal))
        .collect();
    for (rung, quality) in rungs.iter_mut().zip(facts.quality) {
        rung.quality = Some(quality.clone());
    }
    let first = plan
        .video
        .rungs
        .first()
        .map(|r| layout::video_dir(&r.name))
        .unwrap_or_default();
    let concealed = segments(&journal, &first)
        .map(|f| u64::from(f.concealed))
        .sum();
    let mut warnings = plan.warnings.clone();
    warnings.extend(facts.warnings.iter().cloned());
    if concealed > 0 {
        warnings.push(Warning::new(
            "frames_concealed",
            format!("{concealed} frames could not be decoded; the picture before each stands in its place"),
        ));
    }
    let report = Report {
        state: JobState::Completed,
        wall_s: facts.milestones.started.elapsed().as_secs_f64(),
        first_thumbnail_s: *facts.milestones.first_thumbnail_s.lock(),
        first_playable_s: *facts.milestones.first_playable_s.lock(),
        duration_s: plan.duration_s(),
        runs: facts.runs,
        source: facts.source.clone(),
        frames: FrameReport {
            planned: plan.grid.frames(),
            held: facts.held,
            concealed,
            skipped_at_start: plan.video.first_rank,
        },
        rungs,
        sounds: plan
            .audio
            .iter()
            .map(|a| sound(facts, a, &journal))
            .collect(),
        captions: plan.captions.clone(),
        fallbacks: facts.milestones.fallbacks.lock().clone(),
        warnings,
    };
    let text = serde_json::to_vec_pretty(&report).map_err(|e| Error::bug(e.to_string()))?;
    journal.push(files::replace(dir, layout::REPORT, &text)?);
    Ok(journal)
}

fn sound(facts: &Facts<'_>, audio: &AudioPlan, journal: &[Finished]) -> SoundReport {
    let dir = layout::audio_dir(&audio.name);
    SoundReport {
        name: audio.name.clone(),
        language: audio.language.clone(),
        role: audio.role,
        streams: audio.inputs.iter().map(|i| i.stream).collect(),
        channels: audio.channels,
        loudness: audio.loudness.clone(),
        segments: segments(journal, &dir).count(),
        segments_reused: segments(facts.reused, &dir).count(),
        bytes: segments(journal, &dir).map(|f| f.bytes).sum(),
    }
}

fn segments<'a>(journal: &'a [Finished], dir: &'a str) -> impl Iterator<Item = &'a Finished> {
    journal.iter().filter(move |f| {
        f.path
            .strip_prefix(dir)
            .is_some_and(|rest| rest.starts_with("/seg-"))
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bit rates are far below 2^53"
)]
fn rung(
    facts: &Facts<'_>,
    plan: &Plan,
    name: &str,
    width: u32,
    height: u32,
    journal: &[Finished],
) -> RungReport {
    let dir = layout::video_dir(name);
    let bytes: u64 = segments(journal, &dir).map(|f| f.bytes).sum();
    let bps = |bytes: u64, seconds: f64| {
        if seconds > 0.0 {
            (bytes as f64 * 8.0 / seconds) as u64
        } else {
            0
        }
    };
    let peak = plan.grid.segments.iter().enumerate().filter_map(|(i, s)| {
        let path = format!("{dir}/{}", layout::segment(i));
        let piece = journal.iter().find(|f| f.path == path)?;
        Some(bps(piece.bytes, plan.seconds(s.duration_ticks)))
    });
    let first = segments(journal, &dir)
        .next()
        .map_or("", |f| f.made_by.as_str());
    let (device, encoder) = first.split_once('/').unwrap_or((first, ""));
    let mut made_by = BTreeMap::new();
    for segment in segments(journal, &dir) {
        *made_by.entry(segment.made_by.clone()).or_insert(0) += 1;
    }
    RungReport {
        name: name.to_owned(),
        width,
        height,
        device: device.to_owned(),
        encoder: encoder.to_owned(),
        frames: segments(journal, &dir).map(|f| u64::from(f.frames)).sum(),
        segments: segments(journal, &dir).count(),
        made_by,
        segments_reused: segments(facts.reused, &dir).count(),
        bytes,
        average_bps: bps(bytes, plan.duration_s()),
        peak_segment_bps: peak.max().unwrap_or(0),
        quality: None,
    }
}
