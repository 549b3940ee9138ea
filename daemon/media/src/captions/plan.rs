//! What a plan says of captions: which there are, whether rungs carry them, which tracks are made of them. Not their bytes.

use std::collections::BTreeSet;

use newsreel_model::captions::CaptionPlan;
use newsreel_model::plan::{Plan, SubtitleOrigin, SubtitlePlan, VideoPlan, Warning};
use newsreel_model::profile::VideoCodec;

use crate::audio::choose::unique;
use crate::audio::language;
use crate::package::hls::CaptionRendition;
use crate::prepare::Prepared;
use crate::text;

use super::Placed;

/// Triplets per second that CEA-708 has room for.
const PER_SECOND: i64 = 600;

/// The most triplets of a picture of 24 a second: slower pictures have no place in the standard.
const MOST_IN_RUNGS: usize = 25;

/// The most that a picture can have at all.
const MOST: usize = 31;

/// The most triplets of one output frame.
#[must_use]
pub fn budget(video: &VideoPlan) -> usize {
    share(video.frame_ticks, video.timescale)
}

fn share(frame_ticks: i64, timescale: u32) -> usize {
    let share = PER_SECOND.saturating_mul(frame_ticks) / i64::from(timescale.max(1));
    usize::try_from(share).unwrap_or(MOST).clamp(1, MOST)
}

/// Whether the rungs' pictures carry captions: from 24 a second on, where the codec has a place for them.
#[must_use]
pub fn in_rungs(video: &VideoPlan) -> bool {
    budget(video) <= MOST_IN_RUNGS && video.rungs.iter().all(|r| r.codec != VideoCodec::Av1)
}

/// What was found in `placed`; `None` where there is nothing.
#[must_use]
pub fn found(placed: &Placed, video: &VideoPlan) -> Option<CaptionPlan> {
    let channels = text::captions(placed, video.timescale);
    let speaks = (1u8..).zip(&channels).filter(|(_, cues)| !cues.is_empty());
    let is_service = |t: &[u8; 3]| t[0] & 2 != 0;
    let plan = CaptionPlan {
        channels: speaks.map(|(channel, _)| channel).collect(),
        services: placed.iter().any(|(_, run)| run.iter().any(is_service)),
        in_rungs: in_rungs(video),
    };
    // Most of what is broadcast has empty ones when nobody speaks.
    (plan.services || !plan.channels.is_empty()).then_some(plan)
}

/// Says in a whole plan what its captions are: the tracks made of them, and what rungs do not carry.
pub fn settle(prepared: &mut Prepared) {
    let plan = &mut prepared.plan;
    plan.captions = found(&prepared.captions, &plan.video);
    let Some(captions) = plan.captions.clone() else {
        if prepared.captions.is_empty() && !prepared.index.captions.is_empty() {
            plan.warnings.push(Warning::new(
                "captions_left_out",
                "captions inside the pictures are not in the ladder, since the container does not say in which order pictures are shown",
            ));
        }
        return;
    };
    if !captions.in_rungs {
        plan.warnings.push(Warning::new(
            "captions_not_in_rungs",
            "the rungs' pictures do not carry the source's captions (AV1, or fewer than 24 pictures a second); those of CEA-608 \
            are tracks of subtitles",
        ));
    }
    let tracks = |of: fn(&SubtitlePlan) -> &String| plan.subtitles.iter().map(of).cloned();
    let mut names: BTreeSet<String> = tracks(|t| &t.name).collect();
    let mut titles: BTreeSet<String> = tracks(|t| &t.title).collect();
    for &channel in &captions.channels {
        let (language, title) = title(plan, channel);
        plan.subtitles.push(SubtitlePlan {
            name: unique(&mut names, &format!("cc{channel}"), "-"),
            title: unique(&mut titles, &title, " "),
            language,
            origin: SubtitleOrigin::Caption(channel),
            forced: false,
            for_the_deaf: true,
        });
    }
}

/// Language and name of a channel, for people: CC1 is in the language of the programme, the others' nobody tells.
fn title(plan: &Plan, channel: u8) -> (String, String) {
    let spoken = plan.audio.first().filter(|_| channel == 1);
    let tag = spoken.map_or("und", |a| &a.language).to_owned();
    let mark = if channel == 1 {
        String::new()
    } else {
        channel.to_string()
    };
    let name = language::name(&tag).unwrap_or("Captions");
    (tag, format!("{name} (CC{mark})"))
}

/// The channels inside the rungs' pictures, for playlists; `None` while there may still come some.
#[must_use]
pub fn renditions(plan: &Plan) -> Option<Vec<CaptionRendition>> {
    let found = plan.captions.iter().filter(|c| c.in_rungs);
    let rendition = |&channel: &u8| {
        let (language, name) = title(plan, channel);
        CaptionRendition {
            language,
            name,
            channel: format!("CC{channel}"),
        }
    };
    let all: Vec<_> = found.flat_map(|c| &c.channels).map(rendition).collect();
    (!all.is_empty() || !plan.grid.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_share_of_what_a_second_has_room_for() {
        for (frame_ticks, timescale, most) in [
            (1001, 24_000, 25),
            (1000, 24_000, 25),
            (1000, 25_000, 24),
            (1001, 30_000, 20),
            (1000, 50_000, 12),
            (1001, 60_000, 10),
            (1000, 12_000, 31),
            (0, 1000, 1),
        ] {
            assert_eq!(
                share(frame_ticks, timescale),
                most,
                "{frame_ticks}/{timescale}"
            );
        }
    }
}
