//! What is chosen of the kinds of sound that sources have.

use super::*;

fn stream(stream: usize, language: &str, channels: u32) -> Candidate {
    Candidate {
        stream,
        language: language.to_owned(),
        role: AudioRole::Main,
        is_default: false,
        channels,
        sample_rate: 48_000,
        is_recorded: false,
    }
}

fn track(number: usize, channels: u32) -> Candidate {
    Candidate {
        is_recorded: true,
        ..stream(number, "und", channels)
    }
}

fn names(chosen: &Chosen) -> Vec<&str> {
    chosen.renditions.iter().map(|r| r.name.as_str()).collect()
}

fn streams(plan: &AudioPlan) -> Vec<usize> {
    plan.inputs.iter().map(|i| i.stream).collect()
}

#[test]
fn every_language_is_kept_and_the_marked_one_comes_first() {
    let mut french = stream(2, "fr", 2);
    french.is_default = true;
    let mut blind = stream(4, "fr", 2);
    blind.role = AudioRole::Description;
    let mut talk = stream(3, "en", 1);
    talk.role = AudioRole::Commentary;
    let chosen = choose(
        &[stream(1, "en", 2), french, talk, blind],
        &AudioSpec::default(),
    );
    assert_eq!(
        names(&chosen),
        ["fr", "en", "en-commentary", "fr-description"]
    );
    let titles: Vec<&str> = chosen.renditions.iter().map(|r| r.title.as_str()).collect();
    assert_eq!(
        titles[2..],
        ["English, commentary", "French, audio description"]
    );
    assert!(chosen.left_out.is_empty());
    let bps: Vec<u64> = chosen.renditions.iter().map(|r| r.bitrate_bps).collect();
    assert_eq!(bps, [128_000, 128_000, 64_000, 128_000]);
}

#[test]
fn of_the_same_sound_twice_the_fuller_one_is_taken() {
    let chosen = choose(
        &[stream(1, "en", 2), stream(2, "en", 6)],
        &AudioSpec::default(),
    );
    assert_eq!(names(&chosen), ["en"]);
    assert_eq!(streams(&chosen.renditions[0]), [2]);
    assert_eq!(chosen.renditions[0].channels, 2);
    assert!(chosen.renditions[0].limited, "a downmix may be too loud");
    assert_eq!(chosen.left_out, ["track 1 (English, 2 channels)"]);
    let warning = chosen.warning().unwrap();
    assert_eq!(warning.code, "sound_left_out");
}

#[test]
fn mono_tracks_of_a_recorder_are_pairs() {
    let four: Vec<Candidate> = (1..=4).map(|n| track(n, 1)).collect();
    let chosen = choose(&four, &AudioSpec::default());
    assert_eq!(names(&chosen), ["und"]);
    assert_eq!(streams(&chosen.renditions[0]), [1, 2]);
    assert_eq!(chosen.renditions[0].channels, 2);
    assert_eq!(chosen.left_out, ["track 3", "track 4"]);

    let eight = choose(&[track(1, 8)], &AudioSpec::default());
    let input = eight.renditions[0].inputs[0];
    assert_eq!((input.channels, input.first_channels), (2, true));
    assert_eq!(eight.left_out, ["channels 3–8 of track 1"]);

    // Mono that is compressed, or of another language, is no half of anything.
    let mut other = track(2, 1);
    other.language = "fr".to_owned();
    for second in [stream(2, "und", 1), other] {
        let chosen = choose(&[track(1, 1), second], &AudioSpec::default());
        assert!(chosen.renditions.iter().all(|r| r.inputs.len() == 1));
    }
}

#[test]
fn a_pair_may_be_asked_for_as_mono() {
    let spec = AudioSpec {
        max_channels: 1,
        ..AudioSpec::default()
    };
    let chosen = choose(&[track(1, 1), track(2, 1)], &spec);
    assert_eq!(chosen.renditions[0].channels, 1);
    assert_eq!(streams(&chosen.renditions[0]), [1, 2]);
}

#[test]
fn surround_is_kept_where_the_profile_says_so() {
    let spec = AudioSpec {
        surround: true,
        ..AudioSpec::default()
    };
    let chosen = choose(&[stream(1, "en", 6), stream(2, "fr", 2)], &spec);
    assert_eq!(names(&chosen), ["en", "en-surround", "fr"]);
    let full = &chosen.renditions[1];
    assert_eq!((full.channels, full.bitrate_bps), (6, 320_000));
    assert_eq!(full.title, "English, 5.1");
    assert!(!full.is_chosen_unasked() && !full.limited);
}

#[test]
fn there_is_a_limit() {
    let languages = ["aa", "ab", "de", "en", "fr", "it", "es", "pt", "sv", "no"];
    let many: Vec<Candidate> = (1..).zip(languages).map(|(n, l)| stream(n, l, 2)).collect();
    let chosen = choose(&many, &AudioSpec::default());
    assert_eq!(chosen.renditions.len(), MAX_RENDITIONS);
    assert_eq!(chosen.left_out.len(), 2);
}
