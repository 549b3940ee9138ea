//! Which streams of a source become which renditions of its sound. Decided once, for the plan; nothing is decoded here.

use std::collections::BTreeSet;

use newsreel_model::plan::{AudioInput, AudioPlan, AudioRole, Warning};
use newsreel_model::profile::AudioSpec;

use crate::ffi::{StreamInfo, StreamKind};

use super::language;

/// The most renditions of one programme.
const MAX_RENDITIONS: usize = 8;
/// Channels of 5.1.
const SURROUND: u32 = 6;

/// What the choice needs to know of a stream with sound.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Index in the source.
    pub stream: usize,
    /// BCP 47, `und` when unknown.
    pub language: String,
    /// By what the container says of it.
    pub role: AudioRole,
    /// Whether the container marks it as the default.
    pub is_default: bool,
    /// Channels.
    pub channels: u32,
    /// Hz.
    pub sample_rate: u32,
    /// Whether its channels may be tracks of a recorder: uncompressed, in a container that recorders write, and nobody says
    /// what each channel is.
    pub is_recorded: bool,
}

impl Candidate {
    fn of(s: &StreamInfo, container: &str) -> Option<Self> {
        let from_recorders = container == "mxf" || container.starts_with("mov,");
        let usable = s.kind == StreamKind::Audio
            && s.channels > 0
            && s.sample_rate > 0
            && s.params.is_decodable();
        usable.then(|| Self {
            stream: s.index,
            language: language::tag(s.language.as_deref()),
            role: s.marks.role(),
            is_default: s.is_default,
            channels: s.channels,
            sample_rate: s.sample_rate,
            is_recorded: from_recorders
                && s.params.codec_name().starts_with("pcm_")
                && (s.channels == 1 || !s.params.names_channels()),
        })
    }

    fn is_track(&self, other: &Self) -> bool {
        let key = |c: &Self| (c.channels, c.sample_rate, c.role, c.language.clone());
        self.is_recorded && other.is_recorded && self.channels == 1 && key(self) == key(other)
    }
}

/// What was chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    /// The default one first; empty where nothing can be decoded.
    pub renditions: Vec<AudioPlan>,
    /// What stays behind, for people.
    pub left_out: Vec<String>,
}

impl Chosen {
    /// What people are told of what stays behind.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        (!self.left_out.is_empty()).then(|| {
            let what = self.left_out.join("; ");
            Warning::new(
                "sound_left_out",
                format!("not all of the source's sound is in the ladder: {what}"),
            )
        })
    }
}

/// The renditions of a source with these streams in a container that libavformat calls `container`.
#[must_use]
pub fn renditions(streams: &[StreamInfo], container: &str, spec: &AudioSpec) -> Chosen {
    let candidates = streams.iter().filter_map(|s| Candidate::of(s, container));
    let candidates: Vec<Candidate> = candidates.collect();
    choose(&candidates, spec)
}

/// The renditions of a source with this sound.
#[must_use]
pub fn choose(candidates: &[Candidate], spec: &AudioSpec) -> Chosen {
    let mut chosen = Chosen::default();
    let mut sounds: Vec<Sound> = Vec::new();
    for sound in pair_up(candidates, &mut chosen.left_out) {
        // Of several that differ in nothing a listener would choose by, the best.
        let same = |s: &&mut Sound| {
            s.from.language == sound.from.language && s.from.role == sound.from.role
        };
        match sounds.iter_mut().find(same) {
            Some(there) => {
                let better = sound.rank() > there.rank();
                let other = if better {
                    std::mem::replace(there, sound)
                } else {
                    sound
                };
                chosen.left_out.push(other.in_words());
            }
            None => sounds.push(sound),
        }
    }
    // Stable: of equals, the first in the source is the default.
    sounds.sort_by_key(|s| (!s.is_plain(), !s.from.is_default));
    for sound in sounds {
        let kept = spec.surround && sound.is_surround();
        if chosen.renditions.len() + 1 + usize::from(kept) > MAX_RENDITIONS {
            chosen.left_out.push(sound.in_words());
            continue;
        }
        let stereo = sound.from.channels.clamp(1, spec.max_channels.max(1));
        chosen.renditions.push(sound.plan(stereo, spec));
        if kept {
            chosen.renditions.push(sound.plan(SURROUND, spec));
        }
    }
    name(&mut chosen.renditions);
    chosen
}

/// One sound of the source: a stream, or two that are left and right of one.
struct Sound {
    from: Candidate,
    inputs: Vec<AudioInput>,
}

/// Streams as sounds, two mono tracks of a recorder as one: left and right.
fn pair_up(candidates: &[Candidate], left_out: &mut Vec<String>) -> Vec<Sound> {
    let mut sounds: Vec<Sound> = Vec::new();
    for candidate in candidates {
        let first = sounds
            .iter_mut()
            .find(|s| s.from.is_track(candidate) || s.is_pair_of(candidate));
        let input = AudioInput {
            stream: candidate.stream,
            channels: candidate.channels,
            first_channels: false,
        };
        match first {
            Some(sound) if sound.inputs.len() == 1 => {
                sound.inputs.push(input);
                sound.from.channels = 2;
            }
            Some(_) => left_out.push(format!("track {}", candidate.stream)),
            None if candidate.is_recorded && candidate.channels > 2 => {
                let more = candidate.channels;
                left_out.push(format!("channels 3–{more} of track {}", candidate.stream));
                sounds.push(Sound {
                    from: Candidate {
                        channels: 2,
                        ..candidate.clone()
                    },
                    inputs: vec![AudioInput {
                        channels: 2,
                        first_channels: true,
                        ..input
                    }],
                });
            }
            None => sounds.push(Sound {
                from: candidate.clone(),
                inputs: vec![input],
            }),
        }
    }
    sounds
}

impl Sound {
    /// Whether `candidate` is a further track beside the two that are a pair already.
    fn is_pair_of(&self, candidate: &Candidate) -> bool {
        let one = Candidate {
            channels: 1,
            ..self.from.clone()
        };
        self.inputs.len() == 2 && one.is_track(candidate)
    }

    fn is_plain(&self) -> bool {
        matches!(self.from.role, AudioRole::Main | AudioRole::Dub)
    }

    fn is_surround(&self) -> bool {
        self.from.channels >= SURROUND - 1
    }

    fn rank(&self) -> (bool, u32) {
        (self.from.is_default, self.from.channels)
    }

    fn in_words(&self) -> String {
        let Candidate {
            stream, channels, ..
        } = self.from;
        let language = language::name(&self.from.language).unwrap_or("unknown language");
        format!("track {stream} ({language}, {channels} channels)")
    }

    fn plan(&self, channels: u32, spec: &AudioSpec) -> AudioPlan {
        let own = self.from.channels;
        let mut inputs = self.inputs.clone();
        // A single stream is mixed to what is asked for; of a pair, each gives one channel.
        if let [input] = &mut *inputs {
            input.channels = channels;
        }
        // 5.1 is two and a half stereo pairs: its sixth channel has hardly anything in it.
        let share = if channels > 2 { 5 } else { channels };
        AudioPlan {
            name: String::new(),
            title: String::new(),
            language: self.from.language.clone(),
            role: self.from.role,
            inputs,
            sample_rate: if self.from.sample_rate == 44_100 {
                44_100
            } else {
                48_000
            },
            channels,
            bitrate_bps: u64::from(spec.bitrate_kbps) * 500 * u64::from(share),
            loudness: None,
            limited: own > channels.max(2),
        }
    }
}

/// Gives every rendition a directory and a title of its own.
fn name(renditions: &mut [AudioPlan]) {
    let (mut names, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for plan in renditions {
        let surround = plan.is_surround().then_some("surround");
        let parts = [Some(plan.language.as_str()), plan.role.suffix(), surround];
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        let language = language::name(&plan.language).unwrap_or("Sound");
        let surround = plan.is_surround().then_some("5.1");
        let parts = [Some(language), plan.role.in_words(), surround];
        let title: Vec<&str> = parts.into_iter().flatten().collect();
        plan.name = unique(&mut names, &name.join("-"), "-");
        plan.title = unique(&mut titles, &title.join(", "), " ");
    }
}

/// `wanted`, or with a number behind it where that is taken already.
pub fn unique(taken: &mut BTreeSet<String>, wanted: &str, gap: &str) -> String {
    let numbered = (2..).map(|n| format!("{wanted}{gap}{n}"));
    let mut tried = std::iter::once(wanted.to_owned()).chain(numbered);
    let free = tried.find(|name| taken.insert(name.clone()));
    free.unwrap_or_default()
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
