//! From a probed input to a plan that runs can execute: first for the beginning (a head start), then for the whole.
//!
//! Every decision is taken once, from the beginning of the source, and frozen; the whole plan only adds what follows.

use std::sync::Arc;

use newsreel_model::plan::{AudioPlan, Plan, Warning};
use newsreel_model::profile::Profile;
use newsreel_model::rational::rescale;
use newsreel_model::report::SourceReport;
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::audio::{choose, loudness};
use crate::condition::look;
use crate::decide::{decide, find_first_picture};
use crate::errors;
use crate::ffi::{Params, Source, StreamInfo, StreamKind};
use crate::frames::{assemble, settle_first_segment};
use crate::index::{Index, IndexLimits, Indexer};
use crate::probe::{self, Probed};
use crate::slots::{self, Slots};
use crate::text;
use crate::timeline::Presentation;
use crate::timing::Timing;

/// Limits on what a source may ask of us.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most video packets.
    pub max_packets: u64,
    /// A longer jump in source time is closed up; seconds.
    pub max_gap_s: f64,
    /// How many packets may be tried to find the first picture.
    pub lead_in_packets: usize,
    /// The longest programme, in seconds.
    pub max_duration_s: f64,
}

/// The beginning of a source that decisions are taken from: this much of it, or all when it is shorter.
const HEAD_S: i32 = 10;
/// And at most this many packets of it.
const HEAD_PACKETS: usize = 900;
/// Segments at the end of what was read that what follows may still change.
const UNCERTAIN_SEGMENTS: usize = 2;
/// Sound that leads by less is cut rather than shown over a still; seconds.
const SHORT_LEAD_S: f64 = 0.1;

/// A plan with what executing it needs.
pub struct Prepared {
    /// The input.
    pub source: Arc<dyn Source>,
    /// Coding of the video stream.
    pub params: Arc<Params>,
    /// Packets, as far as they were read.
    pub index: Index,
    /// Pictures in order.
    pub presentation: Presentation,
    /// Output frames.
    pub slots: Slots,
    /// The decisions.
    pub plan: Plan,
}

/// A stream of sound in the source.
#[derive(Clone)]
pub struct SoundSource {
    /// Index in the source.
    pub stream: usize,
    /// How it is coded.
    pub params: Arc<Params>,
    /// Unit of its times.
    pub time_base: Rational,
}

/// A stream of text in the source.
#[derive(Clone)]
pub struct TextSource {
    /// Index in the source.
    pub stream: usize,
    /// As libavcodec names it.
    pub codec: String,
    /// Unit of its times.
    pub time_base: Rational,
}

/// What can begin before the whole source was read.
pub struct Start {
    /// A plan whose grid ends after the first segment.
    pub prepared: Prepared,
    /// The programme certainly goes on until here, in ticks.
    pub runs_on: i64,
}

/// Decisions taken, the rest of the source still to be read.
pub struct Head {
    indexer: Indexer,
    source: Arc<dyn Source>,
    params: Arc<Params>,
    /// The streams that the plan's sound is made from.
    pub sounds: Vec<SoundSource>,
    /// The streams that may hold text.
    pub texts: Vec<TextSource>,
    plan: Plan,
    limits: Limits,
    /// Header claims and what was chosen, for the report.
    pub report: SourceReport,
    header_duration_s: Option<f64>,
}

/// Probes the source, reads its beginning, finds the first picture and takes every decision.
///
/// # Errors
/// The source cannot be read, or nothing in it decodes.
pub fn head(
    source: &Arc<dyn Source>,
    profile_name: &str,
    profile: &Profile,
    sidecars: &[Sidecar],
    limits: Limits,
    cancel: &Cancel,
) -> Result<Head> {
    text::check(sidecars)?;
    let probed = probe::open(source, cancel)?;
    let Probed {
        input,
        streams,
        video,
        container,
        duration_s,
    } = probed;
    let v = &streams[video];
    let chosen = choose::renditions(&streams, &container, &profile.audio);
    let subtitles = text::choose::tracks(&streams, sidecars);
    let mut warnings = probe::oddities(&streams, video, &chosen);
    warnings.extend(subtitles.warning);
    let sounds = sound_sources(&streams, &chosen.renditions)?;
    let mut indexer = Indexer::new(
        input,
        (v.index, &v.params),
        // The default rendition says how far the sound goes.
        sounds.first().map(|s| (s.stream, s.time_base)),
        IndexLimits {
            max_packets: limits.max_packets,
        },
        cancel,
    )?;
    let span = rescale(1, Rational::new(HEAD_S, 1), v.time_base);
    indexer.advance(|index| is_head(index, span))?;

    let timing = Timing::of(v, &indexer.index);
    let seen = look(source.as_ref(), &indexer.index, &v.params, cancel)?;
    let mut plan = Plan {
        audio: chosen.renditions,
        subtitles: subtitles.tracks,
        ..decide(profile_name, profile, v, timing, &seen, warnings)
    };
    let params = Arc::new(Params::try_clone(&v.params).map_err(errors::engine("planning"))?);
    find_first_picture(source, &mut indexer, &params, &mut plan, limits, cancel)?;
    settle_origin(&mut plan, &indexer.index, limits);
    loudness::settle(source, &sounds, &mut plan, limits.max_gap_s, cancel)?;
    let report = SourceReport {
        container,
        video_codec: v.params.codec_name(),
        width: v.width,
        height: v.height,
        header_duration_s: duration_s,
        duration_s: 0.0,
        packets: 0,
    };
    let texts = streams.iter().filter(|s| s.kind == StreamKind::Subtitle);
    let texts = texts.map(|s| TextSource {
        stream: s.index,
        codec: s.params.codec_name(),
        time_base: s.time_base,
    });
    Ok(Head {
        sounds,
        texts: texts.collect(),
        indexer,
        source: Arc::clone(source),
        params,
        plan,
        limits,
        report,
        header_duration_s: duration_s,
    })
}

/// The streams that `renditions` are made from, the default one's first.
fn sound_sources(streams: &[StreamInfo], renditions: &[AudioPlan]) -> Result<Vec<SoundSource>> {
    let mut sources: Vec<SoundSource> = Vec::new();
    for input in renditions.iter().flat_map(|r| &r.inputs) {
        let known = sources.iter().any(|s| s.stream == input.stream);
        let stream = streams.iter().find(|s| s.index == input.stream);
        if let (false, Some(stream)) = (known, stream) {
            sources.push(SoundSource {
                stream: stream.index,
                params: Params::try_clone(&stream.params)
                    .map(Arc::new)
                    .map_err(errors::engine("planning"))?,
                time_base: stream.time_base,
            });
        }
    }
    Ok(sources)
}

fn is_head(index: &Index, span: i64) -> bool {
    let time = |p: &crate::index::PacketRecord| p.dts.or(p.pts);
    let (Some(first), Some(last)) = (
        index.packets.iter().find_map(time),
        index.packets.iter().rev().find_map(time),
    ) else {
        return index.packets.len() >= HEAD_PACKETS;
    };
    last.saturating_sub(first) > span || index.packets.len() >= HEAD_PACKETS
}

impl Head {
    /// The plan so far, its grid still empty.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Coding of the video stream.
    #[must_use]
    pub fn video_params(&self) -> Arc<Params> {
        Arc::clone(&self.params)
    }

    /// A plan for the segments that are certain from the beginning alone: the first one, where there is more than one.
    /// From here on the rest of the source cannot change that segment. A source that was read already has no use for it,
    /// but where colours are converted: its large rungs would keep the lowest one waiting.
    #[must_use]
    pub fn start(&mut self) -> Option<Start> {
        let complete = self.indexer.index.complete;
        if complete && self.plan.video.conditioning.from.is_none() {
            return None;
        }
        let mut prepared = self.prepare(self.indexer.index.prefix());
        // Pictures of the last segments read may still be reordered with, or held until, what follows.
        let grid = &prepared.slots.grid;
        let runs_on = if complete {
            grid.duration_ticks()
        } else {
            let certain = grid.len().checked_sub(UNCERTAIN_SEGMENTS)?;
            grid.segments
                .get(certain)
                .filter(|_| certain > 0)?
                .start_ticks
        };
        if !complete {
            self.indexer.index.settled = Some(settle_first_segment(&prepared)?);
        }
        prepared.slots.grid.segments.truncate(1);
        prepared.plan.grid = prepared.slots.grid.clone();
        Some(Start { prepared, runs_on })
    }

    /// Reads the rest and completes the plan.
    ///
    /// # Errors
    /// Cancelled, or a limit is exceeded.
    pub fn whole(mut self) -> Result<(Prepared, SourceReport)> {
        self.indexer.advance(|_| false)?;
        let index = std::mem::replace(
            &mut self.indexer.index,
            Index::empty(self.plan.video.stream),
        );
        let damaged = index.ended_in_damage;
        let mut prepared = self.prepare(index);
        prepared.plan.video.timeline_digest = prepared.slots.digest();
        prepared.plan.grid = prepared.slots.grid.clone();
        let duration_s = prepared.plan.duration_s();
        if duration_s > self.limits.max_duration_s {
            return Err(Error::new(
                Code::InputUnreadable,
                format!(
                    "the programme is {duration_s:.0} s long, more than limits.max_duration_s ({:.0}); raise the limit or cut the input",
                    self.limits.max_duration_s
                ),
            ));
        }
        if !prepared.plan.audio.is_empty() && prepared.index.audio.is_none() {
            prepared.plan.warnings.push(Warning::new(
                "sound_empty",
                "the source announces sound but holds none; the sound of the ladder is silence",
            ));
        }
        self.report.duration_s = duration_s;
        self.report.packets = prepared.index.packets.len() as u64;
        truncation(
            &mut prepared.plan,
            self.header_duration_s,
            duration_s,
            damaged,
        );
        Ok((prepared, self.report))
    }

    fn prepare(&self, index: Index) -> Prepared {
        let (source, params) = (Arc::clone(&self.source), Arc::clone(&self.params));
        assemble(source, params, index, &self.plan, self.limits)
    }
}

/// What executing a plan needs, from the index it was made from: for a process that did not make the plan.
///
/// # Errors
/// The source can no longer be read, or is not the one the plan was made from.
pub fn resume(
    source: &Arc<dyn Source>,
    index: Index,
    plan: &Plan,
    limits: Limits,
    cancel: &Cancel,
) -> Result<Prepared> {
    let changed = || {
        Error::new(
            Code::InputChanged,
            "the input is not what the plan was made from; submit it again",
        )
    };
    let probed = probe::open(source, cancel)?;
    let stream = probed
        .streams
        .iter()
        .find(|s| s.index == plan.video.stream)
        .ok_or_else(changed)?;
    let params = Params::try_clone(&stream.params).map_err(errors::engine("planning"))?;
    let mut prepared = assemble(Arc::clone(source), Arc::new(params), index, plan, limits);
    prepared.plan.grid = prepared.slots.grid.clone();
    if prepared.slots.digest() != plan.video.timeline_digest || prepared.plan != *plan {
        return Err(changed());
    }
    Ok(prepared)
}

/// Chooses the source time that becomes 0: the first picture's, or the sound's where it leads by more than a moment.
fn settle_origin(plan: &mut Plan, index: &Index, limits: Limits) {
    let Some(sound) = index.audio else { return };
    let video = &mut plan.video;
    let start = rescale(sound.start, sound.time_base, video.source_time_base);
    let lead = video.origin.saturating_sub(start);
    let units = |s: f64| slots::ticks(s, 1_000_000);
    let micros = rescale(lead, video.source_time_base, Rational::new(1, 1_000_000));
    if micros > units(SHORT_LEAD_S) && micros <= units(limits.max_gap_s) {
        video.origin = start;
    }
}

/// A programme clearly shorter than its header says was cut off on its way to us.
fn truncation(plan: &mut Plan, header_s: Option<f64>, found_s: f64, damaged: bool) {
    let short = header_s.is_some_and(|h| found_s + 1.0 < h && found_s < h * 0.98);
    if short || damaged {
        let header = header_s.map_or_else(|| "more".to_owned(), |h| format!("{h:.2} s"));
        plan.warnings.push(Warning::new(
            "source_truncated",
            format!("the source promises {header} but only {found_s:.2} s are there; it was probably cut off"),
        ));
    }
}
