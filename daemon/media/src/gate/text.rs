//! Subtitles: each segment holds the cues that are seen in it, the playlist lists each with its planned length, master and
//! manifest name the track. Not here: what they say, or whether they fit what is spoken.

use newsreel_model::job::layout;
use newsreel_model::plan::{Plan, SubtitlePlan};

use crate::package::hls::parse_media_playlist;

use super::files::Files;
use super::report::{Check, Findings};

/// More than a hundred thousand cues of the greatest length.
const MAX_TEXT: u64 = 512 << 20;

/// Half of what six decimals and the reader's 32 bits lose.
const EXTINF_TOLERANCE_S: f64 = 1e-4;

pub(super) fn check(plan: &Plan, track: &SubtitlePlan, files: &Files<'_>, found: &mut Findings) {
    let dir = layout::subtitle_dir(&track.name);
    let all = format!("{dir}/{}", layout::SUBTITLES_WHOLE);
    let Some(all) = cues(&all, "WEBVTT\n", files, found) else {
        return;
    };
    for (index, segment) in plan.grid.segments.iter().enumerate() {
        let name = format!("{dir}/{}", layout::subtitle_segment(index));
        let head = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n";
        let Some(own) = cues(&name, head, files, found) else {
            continue;
        };
        #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
        let ms = |ticks: i64| (plan.seconds(ticks) * 1000.0).round() as i64;
        let (from, until) = (ms(segment.start_ticks), ms(segment.end_ticks()));
        let seen = all.iter().filter(|(a, b)| *a < until && *b > from);
        let same = seen.eq(own.iter());
        found.expect(same, Check::Subtitles, &name, || {
            "it does not hold the cues that are seen in it".to_owned()
        });
    }
    check_playlist(plan, &dir, files, found);
    for (list, named) in [
        (layout::MASTER, format!("{dir}/{}", layout::INDEX)),
        (
            layout::MANIFEST,
            format!("{dir}/{}", layout::SUBTITLES_WHOLE),
        ),
    ] {
        if let Some(text) = files.read(list, MAX_TEXT, found) {
            let text = String::from_utf8_lossy(&text);
            found.expect(text.contains(&named), Check::Subtitles, list, || {
                format!("it does not list {named}")
            });
        }
    }
}

fn check_playlist(plan: &Plan, dir: &str, files: &Files<'_>, found: &mut Findings) {
    let name = format!("{dir}/{}", layout::INDEX);
    let Some(text) = files.read(&name, MAX_TEXT, found) else {
        return;
    };
    let read = match parse_media_playlist(&String::from_utf8_lossy(&text)) {
        Ok(read) => read,
        Err(why) => return found.fail(Check::Subtitles, &name, why),
    };
    let planned = plan.grid.segments.iter().enumerate();
    let fits = read.segments.len() == plan.grid.len()
        && read
            .segments
            .iter()
            .zip(planned)
            .all(|(entry, (index, segment))| {
                let real = plan.seconds(segment.duration_ticks);
                entry.uri == layout::subtitle_segment(index)
                    && (entry.duration_s - real).abs() <= EXTINF_TOLERANCE_S
            });
    let whole = read.ended && read.target_duration_s == plan.target_duration_s;
    found.expect(fits && whole, Check::Subtitles, &name, || {
        "it does not list the planned segments with their lengths".to_owned()
    });
}

/// The times of a file's cues in milliseconds, in order.
fn cues(
    name: &str,
    head: &str,
    files: &Files<'_>,
    found: &mut Findings,
) -> Option<Vec<(i64, i64)>> {
    let bytes = files.read(name, MAX_TEXT, found)?;
    let text = String::from_utf8(bytes).ok();
    let text = text.filter(|t| t.starts_with(head));
    let times = text.and_then(|text| {
        let lines = text.lines().filter(|line| line.contains("-->"));
        lines.map(crate::text::interval).collect()
    });
    found.expect(times.is_some(), Check::Subtitles, name, || {
        "it is not WebVTT as it was written".to_owned()
    });
    times
}
