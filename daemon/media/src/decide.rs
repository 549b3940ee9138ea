//! The decisions of a plan, taken from headers and the beginning of a source, and then frozen. Not the timeline.

use std::sync::Arc;

use newsreel_model::conditioning::Pulldown;
use newsreel_model::grid::Grid;
use newsreel_model::plan::{Colour, Matching, Plan, VideoPlan};
use newsreel_model::profile::Profile;
use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::aperture::Aperture;
use crate::condition::{self, Headers, Judged, Look};
use crate::errors;
use crate::ffi::{Decoder, Frame, Packet, Params, Received, Source, StreamInfo};
use crate::film::Film;
use crate::frames::mending;
use crate::geometry;
use crate::index::{Index, Indexer};
use crate::prepare::Limits;
use crate::reader::IndexedReader;
use crate::timeline::{self, Presentation};
use crate::timing::Timing;

/// What the picture becomes, by its headers and first pictures; sound and subtitles are chosen elsewhere.
pub fn decide(
    profile_name: &str,
    profile: &Profile,
    v: &StreamInfo,
    timing: Timing,
    seen: &Look,
    aperture: Option<Aperture>,
) -> Plan {
    let Judged {
        mut conditioning,
        colour,
    } = condition::judge(&headers(v, aperture), seen, profile);
    if timing.uneven && conditioning.deinterlace.is_none() {
        conditioning.pulldown = Some(Pulldown::Times);
    }
    let timing = match conditioning.pulldown {
        Some(Pulldown::Fields { .. }) => timing.of_film(),
        _ if conditioning.pictures_per_frame() == 2 => timing.doubled(),
        _ => timing,
    };
    let sample_aspect = match (aperture, conditioning.crop) {
        (Some(aperture), _) if aperture.states_shape => v.sample_aspect,
        (Some(_), _) => Rational::new(1, 1),
        // The shape of the picture was said of all its lines, those of its blanking included.
        (None, Some(crop)) => geometry::narrowed(v.sample_aspect, crop.height, v.height),
        (None, None) => v.sample_aspect,
    };
    let video = VideoPlan {
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
        sample_aspect,
        colour,
        conditioning,
        rungs: Vec::new(),
        timeline_digest: String::new(),
    };
    let mut plan = undivided(profile_name, profile, video);
    let (width, height) = geometry::shown_size(&plan.video);
    plan.video.rungs = geometry::ladder(profile, width, height);
    plan
}

/// A plan of these decisions, nothing in its grid yet, and neither sound nor subtitles.
pub fn undivided(profile_name: &str, profile: &Profile, video: VideoPlan) -> Plan {
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
        video,
        audio: Vec::new(),
        subtitles: Vec::new(),
        captions: None,
        timecode: None,
        audio_spec: profile.audio.clone(),
        thumbnails: profile.thumbnails.clone(),
        grid: Grid::default(),
        warnings: Vec::new(),
    }
}

/// What the headers say of the picture.
fn headers(v: &StreamInfo, aperture: Option<Aperture>) -> Headers {
    let (primaries, transfer, matrix, full_range) = v.params.colour();
    Headers {
        width: v.width,
        height: v.height,
        colour: Colour {
            primaries,
            transfer,
            matrix,
            full_range,
        },
        rgb: v.params.pixel_format().is_rgb(),
        turn: v.turn,
        aperture: aperture.map(|a| a.crop),
        light: v.light.clone(),
        interlaced: v.params.is_interlaced(),
    }
}

/// Decodes from the start until the first picture comes out; what lies before it cannot be shown.
pub fn find_first_picture(
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
        let found = first_decodable(source.as_ref(), index, &presentation, params, cancel)?;
        if let Some(Found { rank, in_order }) = found {
            if !in_order && plan.video.matching == Matching::ByPacket {
                // Some muxers write coding order as presentation times: only counting is right then.
                plan.video.matching = Matching::ByCount;
                continue;
            }
            plan.video.first_rank = u64::from(rank);
            let first = presentation.times.get(rank as usize).copied().unwrap_or(0);
            let shift = Film::of(&plan.video).map_or(0, Film::shift);
            let shift = rescale(shift, plan.time_base(), plan.video.source_time_base);
            plan.video.origin = first.saturating_add(shift);
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

/// How many pictures show whether the container's times order them as the decoder does.
const ORDER_SAMPLE: usize = 16;

/// What the first pictures say.
struct Found {
    /// Of the first picture.
    rank: u32,
    /// Whether the pictures came out in the order of their ranks.
    in_order: bool,
}

fn first_decodable(
    source: &dyn Source,
    index: &Index,
    presentation: &Presentation,
    params: &Params,
    cancel: &Cancel,
) -> Result<Option<Found>> {
    let failed = errors::engine("opening the decoder");
    let mut decoder = Decoder::open(params, 1, None).map_err(&failed)?;
    decoder.prefer_speed();
    let (mut packet, mut frame) = (
        Packet::new().map_err(&failed)?,
        Frame::new().map_err(&failed)?,
    );
    let counted = presentation.matching != Some(Matching::ByPacket);
    // Without reordering in the stream, order cannot be wrong, and one picture is enough.
    let reordered = !counted && params.reorders();
    let sample = if reordered { ORDER_SAMPLE } else { 1 };
    let mut ranks: Vec<u32> = Vec::new();
    let mut reader = IndexedReader::enter(source, index, 0, &mut packet, cancel)?;
    while ranks.len() < sample {
        let more = reader.next(&mut packet)?;
        if let Some(ordinal) = more {
            packet.set_times(presentation.ranks[ordinal].map(i64::from), None);
            decoder.send(Some(&packet)).ok();
        } else if index.complete {
            decoder.send(None).ok();
        }
        while let Ok(Received::Output) = decoder.receive(&mut frame) {
            let rank = if counted {
                Some(0)
            } else {
                frame.pts().and_then(|p| u32::try_from(p).ok())
            };
            ranks.extend(rank.filter(|_| frame.pixel_format().is_scalable()));
        }
        if more.is_none() {
            break;
        }
    }
    let falls = ranks.windows(2).filter(|w| w[1] <= w[0]).count();
    Ok(ranks.first().map(|&rank| Found {
        rank,
        in_order: falls * 8 <= ranks.len(),
    }))
}
