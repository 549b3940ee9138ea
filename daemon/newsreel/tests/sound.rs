//! The sound's renditions: which there are, what is heard in each, how loud and when. FFmpeg and the playlists' text judge.
//! Not here: picture and sound together (`media.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests, where a panic is the report"
)]

mod common;

#[path = "sound/alone.rs"]
mod sound_alone;

use std::path::{Path, PathBuf};

use common::ladder::Ladder;
use common::place::Place;
use common::{Tier, alone, playlist, probe, sound, text, tier, tool};
use newsreel_model::job::layout;

/// Profiles small enough to be quick.
const CONFIG: &str = r#"
[profiles.small]
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 100 }]

[profiles.surround]
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 100 }]
[profiles.surround.audio]
surround = true

[profiles.r128]
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 100 }]
[profiles.r128.audio]
loudness = "ebu_r128"
loudness_measured = "whole"

[profiles.loud]
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 100 }]
[profiles.loud.audio]
loudness = "web"
"#;

/// A picture to go with the sound.
const PICTURE: &str = "color=gray:size=160x90:rate=25";

/// Samples per second that sound is measured at.
const HZ: u32 = 48_000;

fn ladder(place: &Place, input: &Path, profile: &str) -> Ladder {
    let out = format!("{profile}-{}", input.file_name().unwrap().display());
    let ladder = place.transcode(input, &out, profile, &[]);
    ladder.check();
    ladder
}

/// A clip of `seconds` with a picture and these sounds, each as lavfi, and how they are written.
fn clip(place: &Place, name: &str, seconds: u32, sounds: &[&str], how: &str) -> PathBuf {
    let seconds = seconds.to_string();
    let mut args = vec!["-f", "lavfi", "-t", &seconds, "-i", PICTURE];
    for sound in sounds {
        args.extend(["-f", "lavfi", "-t", &seconds, "-i", sound]);
    }
    let maps: Vec<String> = (0..=sounds.len()).map(|n| n.to_string()).collect();
    for map in &maps {
        args.extend(["-map", map]);
    }
    args.extend(how.split(' '));
    place.clip(name, &args)
}

/// A rendition's channels as a player gets them from its playlist.
fn heard(ladder: &Ladder, rendition: &str) -> Vec<Vec<f32>> {
    let path = ladder
        .dir
        .join(layout::audio_dir(rendition))
        .join(layout::INDEX);
    let stream = &probe(&path, &["-show_streams"])["streams"][0];
    let channels = stream["channels"].as_u64().unwrap() as usize;
    let (file, rate) = (path.to_str().unwrap(), HZ.to_string());
    let args = [
        "-nostdin", "-v", "quiet", "-i", file, "-ar", &rate, "-f", "f32le", "-",
    ];
    let bytes = tool("ffmpeg", &args);
    let samples: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    (0..channels)
        .map(|c| samples.iter().skip(c).step_by(channels).copied().collect())
        .collect()
}

/// Amplitude of a tone in dB below full scale, over the middle of the sound.
fn level_db(samples: &[f32], frequency: f64) -> f64 {
    let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let step = std::f64::consts::TAU * frequency / f64::from(HZ);
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in middle.iter().enumerate() {
        let phase = n as f64 * step;
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
    }
    let amplitude = 2.0 * re.hypot(im) / middle.len() as f64;
    20.0 * amplitude.max(1e-9).log10()
}

fn tone(frequency: u32) -> String {
    format!("aevalsrc='0.25*sin(2*PI*{frequency}*t)|0.25*sin(2*PI*{frequency}*t)':s=48000:c=stereo")
}

#[test]
fn every_language_is_a_rendition_of_its_own() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let sounds = [
        &*tone(400),
        &tone(800),
        "sine=1200:sample_rate=44100",
        &tone(1600),
    ];
    let how = "-c:v libx264 -preset ultrafast -c:a ac3 -metadata:s:a:0 language=eng -metadata:s:a:1 language=fre \
        -metadata:s:a:2 language=eng -metadata:s:a:3 language=eng -disposition:a:0 0 -disposition:a:1 default \
        -disposition:a:2 comment -disposition:a:3 visual_impaired";
    let input = clip(&place, "languages.mkv", 7, &sounds, how);
    let ladder = ladder(&place, &input, "small");

    for (name, channels, frequency) in [
        ("fr", 2, 800.0),
        ("en", 2, 400.0),
        ("en-commentary", 1, 1200.0),
        ("en-description", 2, 1600.0),
    ] {
        let sound = heard(&ladder, name);
        assert_eq!(sound.len(), channels, "{name}");
        let own = level_db(&sound[0], frequency);
        assert!(own > -25.0, "{name}: {own:.1} dB");
        for other in [400.0, 800.0, 1200.0, 1600.0]
            .iter()
            .filter(|f| **f != frequency)
        {
            let level = level_db(&sound[0], *other);
            assert!(level < -60.0, "{name}: {other} Hz at {level:.1} dB");
        }
    }

    let (_, renditions) = playlist::master(&ladder.dir.join(layout::MASTER));
    let said: Vec<_> = renditions
        .iter()
        .map(|r| {
            [
                &*r["LANGUAGE"],
                &*r["NAME"],
                &*r["DEFAULT"],
                &*r["AUTOSELECT"],
            ]
        })
        .collect();
    assert_eq!(
        said,
        [
            ["fr", "French", "YES", "YES"],
            ["en", "English", "NO", "YES"],
            ["en", "English, commentary", "NO", "NO"],
            ["en", "English, audio description", "NO", "YES"],
        ]
    );
    let blind = renditions[3].get("CHARACTERISTICS").unwrap();
    assert_eq!(blind, "public.accessibility.describes-video");
    assert!(
        renditions
            .iter()
            .all(|r| r["GROUP-ID"] == renditions[0]["GROUP-ID"])
    );

    let manifest = std::fs::read_to_string(ladder.dir.join(layout::MANIFEST)).unwrap();
    let sets: Vec<&str> = manifest.split("<AdaptationSet ").skip(2).collect();
    let roles = ["main", "alternate", "commentary", "description"];
    assert_eq!(sets.len(), roles.len());
    for (set, role) in sets.iter().zip(roles) {
        assert!(set.contains(&format!("value=\"{role}\"")), "{set}");
    }

    // Plain files hold the default sound.
    let mp4 = ladder.mp4(ladder.lowest());
    let streams = probe(&mp4, &["-select_streams", "a", "-show_streams"]);
    let streams = streams["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0]["tags"]["language"], "fra");
}

#[test]
fn the_tracks_of_a_recorder_are_one_pair() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let mono = |f: u32| format!("aevalsrc='0.25*sin(2*PI*{f}*t)':s=48000");
    let tracks = [300, 600, 900, 1200].map(mono);
    let tracks = tracks.each_ref().map(String::as_str);
    let how = "-c:v mpeg2video -q:v 4 -c:a pcm_s16le";
    let apart = clip(&place, "tracks.mxf", 3, &tracks, how);
    let each: Vec<String> = (1..=8)
        .map(|n| format!("0.25*sin(2*PI*{}*t)", n * 300))
        .collect();
    let eight = format!("aevalsrc='{}':s=48000:c=octagonal", each.join("|"));
    let together = clip(&place, "channels.mxf", 3, &[&eight], how);
    for input in [apart, together] {
        let ladder = ladder(&place, &input, "small");
        let sound = heard(&ladder, "und");
        let name = input.display();
        assert_eq!(sound.len(), 2, "{name}");
        for (channel, frequency) in sound.iter().zip([300.0, 600.0]) {
            for other in [300.0, 600.0, 900.0, 1200.0] {
                let level = level_db(channel, other);
                let right = if other == frequency {
                    (level + 12.0).abs() < 0.5
                } else {
                    level < -55.0
                };
                assert!(
                    right,
                    "{name}: {other} Hz at {level:.1} dB beside {frequency} Hz"
                );
            }
        }
        let codes: Vec<&str> = ladder
            .report
            .warnings
            .iter()
            .map(|w| w.code.as_str())
            .collect();
        assert!(codes.contains(&"sound_left_out"), "{name}: {codes:?}");
    }
}

#[test]
fn surround_is_mixed_down_with_speech_as_loud_as_it_was() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    // Speech in the centre, quiet; then a moment with everything at full scale.
    let loud = |f: u32| format!("0.9*between(t,2,3)*sin(2*PI*{f}*t)");
    let centre = format!("0.1*sin(2*PI*500*t)+{}", loud(700));
    let parts = [
        loud(700),
        loud(700),
        centre,
        "0".into(),
        loud(700),
        loud(700),
    ];
    let sound = format!("aevalsrc='{}':s=48000:c=5.1", parts.join("|"));
    let how = "-c:v libx264 -preset ultrafast -c:a flac -metadata:s:a:0 language=eng";
    let input = clip(&place, "surround.mkv", 8, &[&sound], how);
    let ladder = ladder(&place, &input, "surround");
    let (stereo, full) = (heard(&ladder, "en"), heard(&ladder, "en-surround"));
    assert_eq!((stereo.len(), full.len()), (2, 6));
    let late = |samples: &[f32]| level_db(&samples[5 * HZ as usize..], 500.0);
    // −20 dB in the centre is −23 dB in each of two, which together are as loud.
    for channel in &stereo {
        let level = late(channel);
        assert!((level + 23.0).abs() < 0.3, "{level:.2} dB");
        let peak = channel.iter().fold(0f32, |m, s| m.max(s.abs()));
        // What is held at −1 dBTP may come out of AAC a little higher; unlimited, it would be clipped.
        assert!(peak < 0.98, "peak {peak}");
    }
    let levels: Vec<f64> = full.iter().map(|c| late(c)).collect();
    assert!((levels[2] + 20.0).abs() < 0.3, "{levels:?}");
    assert!(
        [0, 1, 3, 4, 5].iter().all(|&c| levels[c] < -60.0),
        "{levels:?}"
    );
}

#[test]
fn a_language_that_comes_late_and_goes_early_is_silent_otherwise() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let part = "aevalsrc='0.25*sin(2*PI*800*t)':s=48000:d=3";
    let how = "-map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -c:a mp2 -metadata:s:a:0 language=eng \
        -metadata:s:a:1 language=deu";
    let first = tone(400);
    let inputs = [
        "-f",
        "lavfi",
        "-t",
        "15",
        "-i",
        PICTURE,
        "-f",
        "lavfi",
        "-t",
        "15",
        "-i",
        &first,
        "-itsoffset",
        "6",
        "-f",
        "lavfi",
        "-i",
        part,
    ];
    let how: Vec<&str> = how.split(' ').collect();
    let input = place.clip("late.ts", &[&inputs[..], &how].concat());
    let ladder = ladder(&place, &input, "small");
    let sound = heard(&ladder, "de");
    let first = sound[0].iter().position(|s| s.abs() > 0.05).unwrap();
    let last = sound[0].iter().rposition(|s| s.abs() > 0.05).unwrap();
    let at = |n: usize| n as f64 / f64::from(HZ);
    assert!((at(first) - 6.0).abs() < 0.06, "begins at {}", at(first));
    assert!((at(last) - 9.0).abs() < 0.06, "ends at {}", at(last));
    assert!(
        (at(sound[0].len()) - 15.0).abs() < 0.1,
        "is {} s long",
        at(sound[0].len())
    );
    let probed = text(&tool(
        "ffprobe",
        &[
            "-v",
            "error",
            "-show_streams",
            ladder.dir.join(layout::MASTER).to_str().unwrap(),
        ],
    ));
    assert_eq!(probed.matches("codec_type=audio").count(), 2);
}

/// Integrated loudness in LUFS and true peak in dBTP, as FFmpeg measures them.
fn loudness(path: &Path) -> (f64, f64) {
    let how = [
        "-nostdin",
        "-hide_banner",
        "-nostats",
        "-i",
        path.to_str().unwrap(),
    ];
    let filter = ["-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-"];
    let done = std::process::Command::new("ffmpeg")
        .args(how)
        .args(filter)
        .output()
        .unwrap();
    let said = text(&done.stderr);
    let (_, summary) = said.rsplit_once("Summary:").unwrap();
    let number = |name: &str| {
        let line = summary
            .lines()
            .find(|l| l.trim_start().starts_with(name))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    (number("I:"), number("Peak:"))
}

/// A tone as loud as `level` says at each moment, with short peaks. Noise would lose to AAC what is above its band.
fn swelling(level: &str) -> String {
    format!("aevalsrc='({level})*sin(2*PI*1000*t)+0.2*lt(mod(t,5),0.002)':s=48000")
}

#[test]
fn measured_as_a_whole_the_sound_is_as_loud_as_it_should_be() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let how = "-c:v libx264 -preset ultrafast -c:a flac";
    for (name, level) in [
        ("quiet.mkv", "0.02+0.1*gt(t,33)"),
        ("loud.mkv", "0.5*lt(t,20)+0.1"),
    ] {
        let input = clip(&place, name, 42, &[&swelling(level)], how);
        let made = ladder(&place, &input, "r128");
        let plan = made.plan().audio[0].loudness.clone().unwrap();
        assert!(plan.whole && plan.target_lufs == -23.0, "{plan:?}");
        let (before, _) = loudness(&input);
        assert!(
            (plan.measured_lufs.unwrap() - before).abs() < 0.2,
            "{plan:?}, {before}"
        );
        let (after, peak) = loudness(&made.mp4(made.lowest()));
        assert!((after + 23.0).abs() <= 0.5, "{name}: {after} LUFS");
        assert!(peak <= -0.5, "{name}: {peak} dBTP");
        assert_eq!(made.report.sounds[0].loudness.as_ref(), Some(&plan));
    }
}

#[test]
fn measured_by_its_head_the_gain_is_one_for_all_of_it() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let how = "-c:v libx264 -preset ultrafast -c:a flac";
    // What follows the head is 6 dB louder, and stays so.
    let input = clip(
        &place,
        "rising.mkv",
        40,
        &[&swelling("0.02*(1+gt(t,30))")],
        how,
    );
    let made = ladder(&place, &input, "loud");
    let plan = made.plan().audio[0].loudness.clone().unwrap();
    assert!(!plan.whole && plan.measured_s == 30.0, "{plan:?}");
    let sound = &heard(&made, "und")[0];
    let rms_db = |from: usize, to: usize| {
        let part = &sound[from * HZ as usize..to * HZ as usize];
        let sum: f64 = part.iter().map(|s| f64::from(s * s)).sum();
        10.0 * (sum / part.len() as f64).log10()
    };
    let step = rms_db(31, 34) - rms_db(26, 29);
    assert!((step - 6.0).abs() < 0.5, "{step:.2} dB");
    // A source shorter than the head is measured as a whole, and silence is left alone.
    let input = clip(&place, "silence.mkv", 3, &["anullsrc=r=48000:cl=mono"], how);
    let plan = ladder(&place, &input, "loud").plan().audio[0]
        .loudness
        .clone()
        .unwrap();
    assert!(
        plan.whole && plan.measured_lufs.is_none() && plan.gain_db == 0.0,
        "{plan:?}"
    );
}

/// Seconds from each flash to its beep.
fn offsets(path: &Path) -> Vec<f64> {
    let flashes = sound::flashes(path);
    let beeps = sound::beeps(&sound::decode(path, "a:0", 1000.0));
    assert_eq!(flashes.len(), beeps.len(), "{flashes:?}, {beeps:?}");
    flashes.iter().zip(beeps).map(|(f, b)| b - f).collect()
}

#[test]
fn a_flash_and_its_beep_are_together_at_the_start_and_after_ten_minutes() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    // A rate that no second is a whole number of frames of, and sound that has to be converted.
    let seconds = if tier() == Tier::Quick { 10 } else { 605 };
    let picture = format!(
        "color=black:size=160x90:rate=30000/1001:duration={seconds},drawbox=0:0:160:90:white:fill:enable='lt(mod(t+4,6),0.04)'"
    );
    let beep = format!("aevalsrc='lt(mod(t+4,6),0.1)*0.8*sin(2*PI*1000*t)':s=32000:d={seconds}");
    let input = place.clip(
        "flash.mkv",
        &[
            "-f",
            "lavfi",
            "-i",
            &picture,
            "-f",
            "lavfi",
            "-i",
            &beep,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-c:a",
            "pcm_s16le",
        ],
    );
    let made = ladder(&place, &input, "small");
    let (before, after) = (offsets(&input), offsets(&made.mp4(made.lowest())));
    assert_eq!(before.len(), after.len());
    assert!(before.len() >= 2, "{before:?}");
    for (flash, (before, after)) in before.iter().zip(after).enumerate() {
        let moved_ms = (after - before) * 1000.0;
        assert!(
            moved_ms.abs() <= 10.0,
            "flash {flash}: sound {moved_ms:+.1} ms off"
        );
    }
}
