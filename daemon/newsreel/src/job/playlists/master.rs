//! The text of the multivariant playlist over the renditions that have begun. Not when it is written.

use newsreel_media::captions;
use newsreel_media::package::hls::{self, AudioRendition, SubtitleRendition, Variant};
use newsreel_model::Rational;
use newsreel_model::job::layout;
use newsreel_model::plan::{AudioPlan, AudioRole, Plan, RungPlan, SubtitlePlan};

use super::{Playlists, Rendition, average_bps, peak_bps};

/// The only audio group there is.
const GROUP: &str = "sound";

/// The renditions of the sound that have begun, the default one first.
struct Heard<'a> {
    sounds: Vec<(&'a Rendition, &'a AudioPlan)>,
    /// Whether there is no picture: the default rendition is the variant then.
    alone: bool,
}

impl Heard<'_> {
    /// Whichever is chosen, the dearest has to fit.
    fn peak_bps(&self) -> u64 {
        let rate = |(r, a): &(&Rendition, &AudioPlan)| peak_bps(r).max(a.bitrate_bps);
        self.sounds.iter().map(rate).max().unwrap_or(0)
    }

    fn average_bps(&self) -> u64 {
        let rates = self.sounds.iter().map(|(r, _)| average_bps(r));
        rates.max().unwrap_or(0)
    }

    /// Names of the codecs, those of `picture` first.
    fn codecs(&self, picture: Option<&Rendition>) -> String {
        let sounds = self.sounds.iter().map(|(r, _)| *r);
        let mut names: Vec<&str> = Vec::new();
        for rendition in picture.into_iter().chain(sounds) {
            let name = rendition.init.as_ref().map(|i| i.codecs.as_str());
            names.extend(name.filter(|n| !names.contains(n)));
        }
        names.join(",")
    }

    /// A rendition that is the only one and the variant itself needs no group.
    fn has_group(&self) -> bool {
        self.sounds.len() > usize::from(self.alone)
    }

    fn renditions(&self) -> Vec<AudioRendition> {
        let rendition = |(number, (r, a)): (usize, &(&Rendition, &AudioPlan))| AudioRendition {
            group: GROUP.to_owned(),
            language: a.language.clone(),
            name: a.title.clone(),
            uri: (!self.alone || number > 0).then(|| playlist(r)),
            channels: a.channels,
            autoselect: a.is_chosen_unasked(),
            characteristics: characteristics(a.role),
        };
        let listed = self.sounds.iter().filter(|_| self.has_group());
        listed.enumerate().map(rendition).collect()
    }
}

/// The playlist over what has `begun`: rungs, then renditions of the sound.
pub fn text(of: &Playlists, begun: &[bool]) -> String {
    let plan = &of.plan;
    let (seen, heard) = begun.split_at(of.video.len());
    let sounds = of.audio.iter().zip(&plan.audio).zip(heard);
    let heard = Heard {
        sounds: sounds
            .filter(|(_, b)| **b)
            .map(|(sound, _)| sound)
            .collect(),
        alone: of.video.is_empty(),
    };
    let rungs = of.video.iter().zip(&plan.video.rungs).zip(seen);
    let mut variants: Vec<Variant> = rungs
        .filter(|(_, begun)| **begun)
        .map(|((rendition, rung), _)| of_rung(plan, rendition, rung, &heard))
        .collect();
    if heard.alone {
        let default = heard.sounds.first();
        variants.extend(default.map(|(rendition, _)| of_sound(plan, rendition, &heard)));
    }
    // Subtitles are listed once they are all there, with the programme.
    let subtitles = if plan.grid.is_empty() {
        Vec::new()
    } else {
        subtitles(plan)
    };
    let captions = captions::renditions(plan);
    hls::master_playlist(
        &variants,
        &heard.renditions(),
        &subtitles,
        captions.as_deref(),
    )
}

fn is_complete(plan: &Plan, rendition: &Rendition) -> bool {
    rendition.segments.len() == plan.grid.len() && !plan.grid.is_empty()
}

fn playlist(rendition: &Rendition) -> String {
    format!("{}/{}", rendition.dir, layout::INDEX)
}

fn of_rung(plan: &Plan, rendition: &Rendition, rung: &RungPlan, heard: &Heard<'_>) -> Variant {
    let complete = is_complete(plan, rendition);
    // While segments are still to come the cap stands in for the peak they may have.
    let promised = rung.bitrate_bps.map_or(0, |b| b + b / 4);
    let peak = if complete {
        peak_bps(rendition)
    } else {
        peak_bps(rendition).max(promised)
    };
    Variant {
        uri: playlist(rendition),
        bandwidth_bps: (peak + heard.peak_bps()).max(1),
        average_bandwidth_bps: complete.then(|| average_bps(rendition) + heard.average_bps()),
        size: Some((rung.width, rung.height)),
        frame_rate: plan.video.frame_rate.map(Rational::to_f64),
        video_range: match plan.video.colour.transfer {
            16 => Some("PQ"),
            18 => Some("HLG"),
            _ => None,
        },
        codecs: heard.codecs(Some(rendition)),
        audio_group: heard.has_group().then(|| GROUP.to_owned()),
    }
}

/// The variant of a programme without a picture.
fn of_sound(plan: &Plan, default: &Rendition, heard: &Heard<'_>) -> Variant {
    Variant {
        uri: playlist(default),
        bandwidth_bps: heard.peak_bps().max(1),
        average_bandwidth_bps: is_complete(plan, default).then(|| heard.average_bps()),
        size: None,
        frame_rate: None,
        video_range: None,
        codecs: heard.codecs(None),
        audio_group: heard.has_group().then(|| GROUP.to_owned()),
    }
}

fn subtitles(plan: &Plan) -> Vec<SubtitleRendition> {
    let tracks = plan.subtitles.iter();
    let rendition = |track: &SubtitlePlan| SubtitleRendition {
        language: track.language.clone(),
        name: track.title.clone(),
        uri: format!("{}/{}", layout::subtitle_dir(&track.name), layout::INDEX),
        forced: track.forced,
        for_the_deaf: track.for_the_deaf,
    };
    tracks.map(rendition).collect()
}

/// What HLS calls the people a rendition is for.
fn characteristics(role: AudioRole) -> Option<&'static str> {
    match role {
        AudioRole::Description => Some("public.accessibility.describes-video"),
        AudioRole::ClearSpeech => Some("public.accessibility.enhances-speech-intelligibility"),
        AudioRole::Main | AudioRole::Dub | AudioRole::Commentary | AudioRole::Effects => None,
    }
}
