//! Which subtitles of a source become tracks. Decided once, for the plan; no text is read here.

use std::collections::BTreeSet;

use newsreel_model::plan::{SubtitleOrigin, SubtitlePlan, Warning};
use newsreel_model::subtitle::Sidecar;

use crate::audio::language;
use crate::ffi::{StreamInfo, StreamKind};

/// The most tracks of one programme.
const MAX_TRACKS: usize = 32;

/// Codecs whose packets are text, as libavcodec names them.
const TEXT: [&str; 6] = ["subrip", "ass", "ssa", "mov_text", "webvtt", "text"];

/// What was chosen.
#[derive(Default)]
pub struct Chosen {
    /// Files beside the source first: somebody made them for it.
    pub tracks: Vec<SubtitlePlan>,
    /// What people are told of what stays behind.
    pub warning: Option<Warning>,
}

/// The tracks of a source with these streams and files.
#[must_use]
pub fn tracks(streams: &[StreamInfo], sidecars: &[Sidecar]) -> Chosen {
    let mut chosen = Chosen::default();
    for (number, sidecar) in sidecars.iter().enumerate() {
        chosen.tracks.push(SubtitlePlan {
            name: String::new(),
            title: String::new(),
            language: language::tag(Some(&sidecar.language)),
            origin: SubtitleOrigin::Sidecar(number),
            forced: false,
            for_the_deaf: false,
        });
    }
    let mut left_out = Vec::new();
    for s in streams.iter().filter(|s| s.kind == StreamKind::Subtitle) {
        let codec = s.params.codec_name();
        if TEXT.contains(&codec.as_str()) && chosen.tracks.len() < MAX_TRACKS {
            chosen.tracks.push(SubtitlePlan {
                name: String::new(),
                title: String::new(),
                language: language::tag(s.language.as_deref()),
                origin: SubtitleOrigin::Stream(s.index),
                forced: s.marks.is_forced(),
                for_the_deaf: s.marks.is_for_the_deaf(),
            });
        } else {
            left_out.push(format!("track {} ({codec})", s.index));
        }
    }
    chosen.tracks.truncate(MAX_TRACKS);
    name(&mut chosen.tracks);
    chosen.warning = (!left_out.is_empty()).then(|| {
        let what = left_out.join("; ");
        Warning::new(
            "subtitles_left_out",
            format!(
                "subtitles that are pictures, or of an unknown kind, are not in the ladder: {what}"
            ),
        )
    });
    chosen
}

/// The track of a translation of track `of` into `language`, with a name and a title that no other has.
#[must_use]
pub fn translation(tracks: &[SubtitlePlan], of: usize, language: &str) -> SubtitlePlan {
    let mut names = tracks.iter().map(|t| t.name.clone()).collect();
    let mut titles = tracks.iter().map(|t| t.title.clone()).collect();
    let language = language::tag(Some(language));
    let title = language::name(&language).unwrap_or("Subtitles");
    SubtitlePlan {
        name: crate::audio::choose::unique(&mut names, &language, "-"),
        title: crate::audio::choose::unique(&mut titles, title, " "),
        origin: SubtitleOrigin::Translation(of),
        forced: false,
        for_the_deaf: tracks.get(of).is_some_and(|t| t.for_the_deaf),
        language,
    }
}

/// Gives every track a directory and a title of its own.
fn name(tracks: &mut [SubtitlePlan]) {
    let (mut names, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for track in tracks {
        let suffix = [
            track.forced.then_some(("forced", "forced")),
            track
                .for_the_deaf
                .then_some(("sdh", "for the hard of hearing")),
        ];
        let mut name = track.language.clone();
        let mut title = language::name(&track.language)
            .unwrap_or("Subtitles")
            .to_owned();
        for (short, long) in suffix.into_iter().flatten() {
            name = format!("{name}-{short}");
            title = format!("{title}, {long}");
        }
        track.name = crate::audio::choose::unique(&mut names, &name, "-");
        track.title = crate::audio::choose::unique(&mut titles, &title, " ");
    }
}
