//! From a probed input to a plan that runs can execute: first for the beginning (a head start), then for the whole.
//!
//! Every decision is taken once, from the beginning of the source, and frozen; the whole plan only adds what follows.

use std::sync::Arc;

use newsreel_model::plan::{AudioPlan, Colour, Matching, Plan, VideoPlan, Warning};
use newsreel_model::profile::Profile;
use newsreel_model::rational::rescale;
use newsreel_model::report::SourceReport;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::errors;
use crate::ffi::{Decoder, Frame, Packet, Params, Received, Source};
use crate::geometry;
use crate::index::{Extent, Index, IndexLimits, Indexer};
use crate::probe::{self, Probed};
use crate::reader::IndexedReader;
use crate::slots::{self, Lines, Slots};
use crate::timeline::{self, Mending, Presentation};

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
const HEAD_S: f64 = 10.0;
/// And at most this many packets of it.
const HEAD_PACKETS: usize = 900;
/// A decode time going back further than this is a new beginning, not reordering; seconds.
const MAX_BACK_S: f64 = 5.0;
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

/// The sound's stream in the source.
#[derive(Clone)]
pub struct SoundSource {
    /// How it is coded.
    pub params: Arc<Params>,
    /// Unit of its times.
    pub time_base: Rational,
}

/// Decisions taken, the rest of the source still to be read.
pub struct Head {
    indexer: Indexer,
    source: Arc<dyn Source>,
    params: Arc<Params>,
    /// The sound's stream, if there is one.
    pub sound: Option<SoundSource>,
    plan: Plan,
    audio_extent: Option<Extent>,
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
    limits: Limits,
    cancel: &Cancel,
) -> Result<Head> {
    let probed = probe::open(source, cancel)?;
    let Probed {
        input,
        streams,
        video,
        audio,
        container,
        duration_s,
    } = probed;
    let (v, a) = (&streams[video], audio.map(|i| &streams[i]));
    let warnings = probe::oddities(v);
    let timing = Timing::of(v);
    let mut indexer = Indexer::new(
        input,
        (v.index, &v.params),
        a.map(|s| (s.index, s.time_base)),
        IndexLimits {
            max_packets: limits.max_packets,
        },
        cancel,
    )?;
    let head_ticks = slots::ticks(HEAD_S, timing.units_per_second(v.time_base));
    indexer.advance(|index| is_head(index, head_ticks))?;

    let mut plan = decide(profile_name, profile, v, a, &timing, warnings);
    let params = Arc::new(Params::try_clone(&v.params).map_err(errors::engine("planning"))?);
    find_first_picture(source, &mut indexer, &params, &mut plan, limits, cancel)?;
    settle_origin(&mut plan, &indexer.index, limits);
    let report = SourceReport {
        container,
        video_codec: v.params.codec_name(),
        width: v.width,
        height: v.height,
        header_duration_s: duration_s,
        duration_s: 0.0,
        packets: 0,
    };
    let share = |p: &Params| {
        Params::try_clone(p)
            .map(Arc::new)
            .map_err(errors::engine("planning"))
    };
    let sound = match a {
        Some(s) => Some(SoundSource {
            params: share(&s.params)?,
            time_base: s.time_base,
        }),
        None => None,
    };
    Ok(Head {
        sound,
        audio_extent: indexer.index.audio,
        indexer,
        source: Arc::clone(source),
        params,
        plan,
        limits,
        report,
        header_duration_s: duration_s,
    })
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
    #[must_use]
    pub fn start(&self) -> Option<Prepared> {
        if self.indexer.index.complete {
            return None;
        }
        let index = self.indexer.index.prefix();
        let mut prepared = self.prepare(index);
        let certain = prepared
            .slots
            .grid
            .len()
            .checked_sub(3)
            .filter(|n| *n > 0)
            .map(|_| 1)?;
        prepared.slots.grid.segments.truncate(certain);
        prepared.plan.grid = prepared.slots.grid.clone();
        Some(prepared)
    }

    /// Reads the rest and completes the plan.
    ///
    /// # Errors
    /// Cancelled, or a limit is exceeded.
    pub fn whole(mut self) -> Result<(Prepared, SourceReport)> {
        self.indexer.advance(|_| false)?;
        self.audio_extent = self.indexer.index.audio;
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
        let video = &self.plan.video;
        let mending = mending(video, self.limits);
        let presentation = timeline::present(&index.packets, mending);
        let first = usize::try_from(video.first_rank).unwrap_or(usize::MAX);
        let times = presentation.times.get(first..).unwrap_or(&[]);
        let last_duration = presentation
            .packets
            .last()
            .map(|&o| index.packets[o as usize].duration)
            .filter(|d| *d > 0 && *d <= mending.max_gap);
        let sound_end = self
            .audio_extent
            .filter(|_| index.complete)
            .map(|e| self.sound_end(&e));
        let lines = Lines {
            first_s: self.plan.first_segment_s,
            every_s: self.plan.segment_s,
        };
        let slots = slots::place(times, last_duration, sound_end, video, lines);
        let mut plan = self.plan.clone();
        plan.video.matching = presentation.matching.unwrap_or(Matching::ByCount);
        Prepared {
            source: Arc::clone(&self.source),
            params: Arc::clone(&self.params),
            index,
            presentation,
            slots,
            plan,
        }
    }

    /// Where the sound ends in ticks: by its times, but never beyond what its packets really hold.
    fn sound_end(&self, extent: &Extent) -> i64 {
        let to = self.plan.time_base();
        let origin = rescale(self.plan.video.origin, self.plan.video.source_time_base, to);
        let start = rescale(extent.start, extent.time_base, to)
            .saturating_sub(origin)
            .max(0);
        let end = rescale(extent.end, extent.time_base, to).saturating_sub(origin);
        let gap = slots::ticks(self.limits.max_gap_s, self.plan.video.timescale);
        let held = rescale(extent.content, extent.time_base, to);
        end.min(start.saturating_add(held).saturating_add(gap))
    }
}

fn mending(video: &VideoPlan, limits: Limits) -> Mending {
    let per_second =
        f64::from(video.source_time_base.den) / f64::from(video.source_time_base.num.max(1));
    #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
    let units = |s: f64| (s * per_second) as i64;
    let to = Rational::new(1, i32::try_from(video.timescale).unwrap_or(i32::MAX));
    Mending {
        frame: rescale(video.frame_ticks, to, video.source_time_base).max(1),
        max_gap: units(limits.max_gap_s).max(1),
        max_back: units(MAX_BACK_S).max(1),
    }
}

/// Output clock of a source.
struct Timing {
    timescale: u32,
    frame_rate: Option<Rational>,
    frame_ticks: i64,
}

impl Timing {
    /// 90 kHz where whole frames fit into it, else a multiple of the rate's numerator (24000/1001 does not fit).
    fn of(v: &crate::ffi::StreamInfo) -> Self {
        let plausible = |r: &Rational| r.is_positive() && r.to_f64() <= 300.0 && r.to_f64() >= 0.1;
        let close = |a: f64, b: f64| (a - b).abs() <= 0.04 * b;
        // A guessed rate far from the average one is a field rate or the time base of a variable rate.
        let rate = [v.guessed_rate, v.average_rate]
            .into_iter()
            .filter(plausible)
            .find(|r| !plausible(&v.average_rate) || close(r.to_f64(), v.average_rate.to_f64()))
            .map(standard_rate);
        let (num, den) = rate.map_or((25, 1), |r| (i64::from(r.num), i64::from(r.den)));
        let timescale = if 90_000 * den % num == 0 {
            90_000
        } else if num <= 1_000_000 {
            num * (10_000 / num).max(1)
        } else {
            90_000
        };
        Self {
            timescale: u32::try_from(timescale).unwrap_or(90_000),
            frame_rate: rate,
            frame_ticks: ((timescale * den + num / 2) / num).max(1),
        }
    }

    fn units_per_second(&self, time_base: Rational) -> u32 {
        u32::try_from(time_base.den / time_base.num.max(1)).unwrap_or(self.timescale)
    }
}

/// 29.97 and its kin written as decimals mean the NTSC fraction; averages within 0.1 % of a standard rate are that rate.
fn standard_rate(rate: Rational) -> Rational {
    const STANDARD: [(i32, i32); 15] = [
        (24_000, 1001),
        (24, 1),
        (25, 1),
        (30_000, 1001),
        (30, 1),
        (48, 1),
        (50, 1),
        (60_000, 1001),
        (60, 1),
        (25, 2),
        (15, 1),
        (12, 1),
        (10, 1),
        (100, 1),
        (120, 1),
    ];
    STANDARD
        .iter()
        .map(|&(n, d)| Rational::new(n, d))
        // Nearest first: 24 and 23.976 lie within a tenth of a per cent of each other.
        .min_by(|a, b| {
            let distance = |r: &Rational| (r.to_f64() - rate.to_f64()).abs();
            distance(a).total_cmp(&distance(b))
        })
        .filter(|s| (s.to_f64() - rate.to_f64()).abs() <= 0.000_4 * rate.to_f64())
        .unwrap_or(rate)
}

fn decide(
    profile_name: &str,
    profile: &Profile,
    v: &crate::ffi::StreamInfo,
    a: Option<&crate::ffi::StreamInfo>,
    timing: &Timing,
    warnings: Vec<Warning>,
) -> Plan {
    let (width, height) = geometry::display_size(v.width, v.height, v.sample_aspect);
    let (primaries, transfer, matrix, full_range) = v.params.colour();
    // Red, green and blue become BT.709 on the way to 4:2:0.
    let matrix = if v.params.pixel_format().is_rgb() {
        1
    } else {
        matrix
    };
    let channels =
        |s: &crate::ffi::StreamInfo| s.channels.clamp(1, profile.audio.max_channels.max(1));
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "profiles limit segments to 30 s"
    )]
    let target_duration_s = (profile.segment_s + 1.0).ceil() as u32;
    Plan {
        profile: profile_name.to_owned(),
        segment_s: profile.segment_s,
        first_segment_s: profile.first_segment_s.min(profile.segment_s),
        target_duration_s,
        video: VideoPlan {
            stream: v.index,
            source_time_base: v.time_base,
            origin: 0,
            timescale: timing.timescale,
            frame_rate: timing.frame_rate,
            frame_ticks: timing.frame_ticks,
            frame_timing: profile.frame_timing,
            matching: Matching::ByPacket,
            first_rank: 0,
            source_width: v.width,
            source_height: v.height,
            sample_aspect: v.sample_aspect,
            colour: Colour {
                primaries,
                transfer,
                matrix,
                full_range,
            },
            rungs: geometry::ladder(profile, width, height),
            timeline_digest: String::new(),
        },
        audio: a.map(|s| AudioPlan {
            stream: s.index,
            language: language(s.language.as_deref()),
            sample_rate: if s.sample_rate == 44_100 {
                44_100
            } else {
                48_000
            },
            channels: channels(s),
            bitrate_bps: u64::from(profile.audio.bitrate_kbps) * 500 * u64::from(channels(s)),
        }),
        audio_spec: profile.audio.clone(),
        thumbnails: profile.thumbnails.clone(),
        grid: newsreel_model::grid::Grid::default(),
        warnings,
    }
}

/// A language that can stand in a path and a playlist.
fn language(tag: Option<&str>) -> String {
    tag.map(|t| t.trim().to_ascii_lowercase())
        .filter(|t| {
            (2..=8).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
        .unwrap_or_else(|| "und".to_owned())
}

/// Decodes from the start until the first picture comes out; what lies before it cannot be shown.
fn find_first_picture(
    source: &Arc<dyn Source>,
    indexer: &mut Indexer,
    params: &Params,
    plan: &mut Plan,
    limits: Limits,
    cancel: &Cancel,
) -> Result<()> {
    loop {
        let index = &indexer.index;
        let presentation = timeline::present(&index.packets, mending(&plan.video, limits));
        plan.video.matching = presentation.matching.unwrap_or(Matching::ByCount);
        if let Some(rank) = first_decodable(source.as_ref(), index, &presentation, params, cancel)?
        {
            plan.video.first_rank = u64::from(rank);
            plan.video.origin = presentation.times.get(rank as usize).copied().unwrap_or(0);
            return Ok(());
        }
        if index.complete || index.packets.len() >= limits.lead_in_packets {
            return Err(Error::new(
                Code::InputNothingToEncode,
                format!(
                    "none of the first {} video packets decodes to a picture",
                    index.packets.len()
                ),
            ));
        }
        let more = (index.packets.len() * 4).min(limits.lead_in_packets);
        indexer.advance(|index| index.packets.len() >= more)?;
    }
}

fn first_decodable(
    source: &dyn Source,
    index: &Index,
    presentation: &Presentation,
    params: &Params,
    cancel: &Cancel,
) -> Result<Option<u32>> {
    let failed = errors::engine("opening the decoder");
    let mut decoder = Decoder::open(params, 1, None).map_err(&failed)?;
    let (mut packet, mut frame) = (
        Packet::new().map_err(&failed)?,
        Frame::new().map_err(&failed)?,
    );
    let mut reader = IndexedReader::enter(source, index, 0, &mut packet, cancel)?;
    loop {
        let more = reader.next(&mut packet)?;
        if let Some(ordinal) = more {
            packet.set_times(presentation.ranks[ordinal].map(i64::from), None);
            decoder.send(Some(&packet)).ok();
        } else if index.complete {
            decoder.send(None).ok();
        }
        if let Ok(Received::Output) = decoder.receive(&mut frame) {
            let counted = presentation.matching != Some(Matching::ByPacket);
            let rank = if counted {
                Some(0)
            } else {
                frame.pts().and_then(|p| u32::try_from(p).ok())
            };
            if frame.pixel_format().is_scalable() && rank.is_some() {
                return Ok(rank);
            }
        }
        if more.is_none() {
            return Ok(None);
        }
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
