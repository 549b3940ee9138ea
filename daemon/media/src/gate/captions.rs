//! Captions inside the rungs' pictures: the master playlist says of every rung which there are. Not here: what the pictures
//! carry, or the tracks made of captions (`text`).

use m3u8_rs::{AlternativeMediaType, ClosedCaptionGroupId, InstreamId, MasterPlaylist};
use newsreel_model::plan::Plan;

pub(super) fn check(plan: &Plan, master: &MasterPlaylist, expect: &mut dyn FnMut(bool, String)) {
    let captions = plan.captions.iter().filter(|c| c.in_rungs);
    for &channel in captions.flat_map(|c| &c.channels) {
        let listed = |group: &String| {
            master.alternatives.iter().any(|a| {
                a.media_type == AlternativeMediaType::ClosedCaptions
                    && a.group_id == *group
                    && a.instream_id == Some(InstreamId::CC(channel))
            })
        };
        for variant in &master.variants {
            let found = match &variant.closed_captions {
                Some(ClosedCaptionGroupId::GroupId(group)) => listed(group),
                _ => false,
            };
            expect(
                found,
                format!("{} is not said to carry CC{channel}", variant.uri),
            );
        }
    }
}
