//! From a probed input to a plan that runs can execute: first for the beginning (a head start), then for the whole.
//!
//! Every decision is taken once, from the beginning of the source, and frozen; the whole plan only adds what follows.

use std::sync::Arc;

use newsreel_model::plan::{Plan, Warning};
use newsreel_model::profile::{Deinterlacing, Profile};
use newsreel_model::rational::rescale;
use newsreel_model::report::SourceReport;
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::aperture;
use crate::arriving;
use crate::audio::{choose, loudness};
use crate::captions::{self, Placed};
use crate::condition::{cadence, look};
use crate::decide::{decide, find_first_picture, undivided};
use crate::errors;
use crate::ffi::{Params, Source, StreamInfo};
use crate::frames::{assemble, settle_first_segment};
use crate::index::{Index, IndexLimits, Indexer};
use crate::probe::{self, Probed};
use crate::slots::{self, Slots};
use crate::sound_alone;
use crate::sources::{self, SoundSource, TextSource};
use crate::text;
use crate::timecode;
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
    /// Coding of the video stream; of the sound where there is no other.
    pub params: Arc<Params>,
    /// Packets, as far as they were read.
    pub index: Index,
    /// Pictures in order.
    pub presentation: Presentation,
    /// Output frames.
    pub slots: Slots,
    /// Captions of the output frames.
    pub captions: Arc<Placed>,
    /// The decisions.
    pub plan: Plan,
}

impl Prepared {
    /// The captions that the rungs' pictures carry.
    #[must_use]
    pub fn in_rungs(&self) -> Arc<Placed> {
        if captions::in_rungs(&self.plan.video) {
            Arc::clone(&self.captions)
        } else {
            Arc::default()
        }
    }
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
    let timecode = input.timecode();
    let picture = video.and_then(|v| streams.get(v));
    let chosen = choose::renditions(&streams, &container, &profile.audio);
    let subtitles = text::choose::tracks(&streams, sidecars);
    let mut warnings = probe::oddities(&streams, video, &chosen);
    warnings.extend(subtitles.warning);
    let sounds = sources::sounds(&streams, &chosen.renditions)?;
    let mut indexer = Indexer::new(
        input,
        picture.map(|v| (v.index, &v.params)),
        // The default rendition says how far the sound goes.
        sounds.first().map(|s| (s.stream, s.time_base)),
        IndexLimits {
            max_packets: limits.max_packets,
        },
        cancel,
    )?;
    let asked = Asked {
        source,
        profile_name,
        profile,
        limits,
        cancel,
    };
    let (plan, params) = match (picture, sounds.first()) {
        (Some(v), _) => asked.of_picture(v, &mut indexer)?,
        (None, Some(sound)) => asked.of_sound(sound)?,
        (None, None) => return Err(sound_alone::nothing("the input holds no sound")),
    };
    let mut plan = Plan {
        audio: chosen.renditions,
        subtitles: subtitles.tracks,
        warnings,
        ..plan
    };
    if picture.is_some() {
        settle_origin(&mut plan, &indexer.index, limits);
    }
    loudness::settle(source, &sounds, &mut plan, limits.max_gap_s, cancel)?;
    let report = SourceReport {
        container,
        video_codec: picture.map_or_else(String::new, |v| v.params.codec_name()),
        width: plan.video.source_width,
        height: plan.video.source_height,
        header_duration_s: duration_s,
        duration_s: 0.0,
        packets: 0,
        timecode,
    };
    let mut head = Head {
        sounds,
        texts: sources::texts(&streams),
        indexer,
        source: Arc::clone(source),
        params,
        plan,
        limits,
        report,
        header_duration_s: duration_s,
    };
    if !head.indexer.index.captions.is_empty() {
        // For the playlists that are written before all is known.
        let beginning = head.prepare(head.indexer.index.prefix());
        head.plan.captions = captions::found(&beginning.captions, &head.plan.video);
    }
    Ok(head)
}

/// What every decision needs.
struct Asked<'a> {
    source: &'a Arc<dyn Source>,
    profile_name: &'a str,
    profile: &'a Profile,
    limits: Limits,
    cancel: &'a Cancel,
}

impl Asked<'_> {
    /// The decisions on a picture, and how it is coded.
    fn of_picture(&self, v: &StreamInfo, indexer: &mut Indexer) -> Result<(Plan, Arc<Params>)> {
        let span = rescale(1, Rational::new(HEAD_S, 1), v.time_base);
        indexer.advance(|index| is_head(index, span))?;
        let timing = Timing::of(v, &indexer.index);
        let (input, index) = (self.source.as_ref(), &indexer.index);
        let mut seen = look(input, index, &v.params, self.cancel)?;
        if timing.may_be_film() && self.profile.deinterlace != Deinterlacing::Off {
            seen.repeated = cadence(input, index, &v.params, &seen, self.cancel)?;
        }
        let aperture = aperture::of(input, v);
        let mut plan = decide(self.profile_name, self.profile, v, timing, &seen, aperture);
        let params = Params::try_clone(&v.params).map_err(errors::engine("planning"))?;
        let (source, limits, cancel) = (self.source, self.limits, self.cancel);
        find_first_picture(source, indexer, &params, &mut plan, limits, cancel)?;
        Ok((plan, Arc::new(params)))
    }

    /// The decisions where there is sound alone, and how it is coded.
    fn of_sound(&self, sound: &SoundSource) -> Result<(Plan, Arc<Params>)> {
        let most = self.limits.lead_in_packets;
        let origin = sound_alone::first_sample(self.source, sound, most, self.cancel)?;
        let clock = sound_alone::clock(self.profile, sound, origin);
        let plan = undivided(self.profile_name, self.profile, clock);
        Ok((plan, Arc::clone(&sound.params)))
    }
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

    /// Coding of the video stream; of the sound where there is no other.
    #[must_use]
    pub fn video_params(&self) -> Arc<Params> {
        Arc::clone(&self.params)
    }

    /// Length of the programme in seconds, as far as it is known: by the header, or of an input that still arrives by its
    /// beginning.
    #[must_use]
    pub fn expected_duration_s(&self) -> Option<f64> {
        let by_bytes = || {
            let whole = self.source.reader().len();
            let time_base = self.plan.video.source_time_base;
            arriving::expected_s(whole, &self.indexer.index, time_base)
        };
        let header = self.header_duration_s;
        header.or_else(|| self.source.arrives().then(by_bytes).flatten())
    }

    /// A plan for the segments that are certain from the beginning alone: the first one, where there is more than one.
    /// From here on the rest of the source cannot change that segment. Of a longer source that was read already it is of use too:
    /// beside the large rungs the lowest one would have to wait for them.
    #[must_use]
    pub fn start(&mut self) -> Option<Start> {
        let complete = self.indexer.index.complete;
        if self.plan.is_sound_alone() {
            return None;
        }
        let mut prepared = self.prepare(self.indexer.index.prefix());
        // Pictures of the last segments read may still be reordered with, or held until, what follows.
        let grid = &prepared.slots.grid;
        let runs_on = if complete {
            // Where there is one segment alone, a head start would be everything.
            grid.segments.get(1)?;
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
        if prepared.plan.grid.is_empty() {
            return Err(sound_alone::nothing("the sound of the input is empty"));
        }
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
        captions::settle(&mut prepared);
        prepared.plan.timecode = timecode::of(&prepared, self.report.timecode.as_deref());
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
