//! What is sound alone: radio, podcasts, a recorder's file; its cover is no film. It becomes HLS, DASH and an M4A that are as long
//! as it is and sound like it. Not here: the renditions themselves (`sound.rs`), a player's word (`browser.rs`).

use super::*;
use newsreel_model::plan::AudioRole;

/// As FFmpeg hears any file or playlist: seconds, and its first channel.
fn listened(path: &Path) -> (f64, Vec<f32>) {
    let (file, rate) = (path.to_str().unwrap(), HZ.to_string());
    let args = ["-nostdin", "-v", "error", "-i", file, "-map", "0:a:0"];
    let how = ["-ac", "1", "-ar", &rate, "-f", "f32le", "-"];
    let bytes = common::silent("ffmpeg", &[&args[..], &how].concat());
    let samples = bytes.chunks_exact(4);
    let samples: Vec<f32> = samples
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    (samples.len() as f64 / f64::from(HZ), samples)
}

/// Transcodes and checks what holds of every programme without a picture; `seconds` is how long it is.
fn made(place: &Place, input: &Path, seconds: f64) -> Ladder {
    let ladder = ladder(place, input, "small");
    let plan = ladder.plan();
    assert!(plan.is_sound_alone() && plan.grid.frames() == 0);
    assert!(
        (plan.duration_s() - seconds).abs() < 0.06,
        "{} s of {seconds}",
        plan.duration_s()
    );
    let m4a = ladder.dir.join(layout::m4a(&plan.audio[0].name));
    for path in [&m4a, &ladder.dir.join(layout::MASTER)] {
        let (heard, _) = listened(path);
        let off = (heard - seconds).abs();
        assert!(off < 0.06, "{}: {heard} s of {seconds}", path.display());
    }
    let format = &probe(&m4a, &["-show_format"])["format"];
    assert_eq!(format["tags"]["major_brand"], "M4A ");
    ladder
}

#[test]
fn sound_with_a_cover_is_sound_alone() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let (sound, cover) = (tone(500), "color=red:size=64x64");
    let input = ["-f", "lavfi", "-i", &sound, "-f", "lavfi", "-i", cover];
    let how = "-t 9.3 -map 0 -map 1 -frames:v 1 -c:v mjpeg -disposition:v:0 attached_pic";
    let how: Vec<&str> = how.split(' ').collect();
    for (name, codec) in [("story.m4a", "aac"), ("story.flac", "flac")] {
        let clip = place.clip(name, &[&input[..], &how, &["-c:a", codec]].concat());
        let ladder = made(&place, &clip, 9.3);
        let (_, samples) = listened(&ladder.dir.join(layout::MASTER));
        let [made, source] = [&samples, &listened(&clip).1].map(|s| level_db(s, 500.0));
        assert!(
            (made - source).abs() < 0.5,
            "{name}: {made:.1} of {source:.1} dB"
        );
        // Nothing is put before it: the tone is there at once.
        let m4a = ladder.dir.join(layout::m4a(&ladder.plan().audio[0].name));
        let (_, samples) = listened(&m4a);
        let first = samples.iter().position(|s| s.abs() > 0.05).unwrap();
        assert!(first < 480, "{name}: silent for {first} samples");
    }
}

#[test]
fn a_recorders_file_a_moment_and_a_real_one_are_right() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let moment = place.clip("moment.wav", &["-f", "lavfi", "-i", "sine", "-t", "0.2"]);
    assert_eq!(made(&place, &moment, 0.2).plan().grid.len(), 1);
    // A line is not begun for what is over in a moment: 2 s, then every 4.
    let line = place.clip("line.wav", &["-f", "lavfi", "-i", "sine", "-t", "6.3"]);
    assert_eq!(made(&place, &line, 6.3).plan().grid.len(), 2);
    if let Some(media) = common::media() {
        let input = media.join("audio-only.mp3");
        let (seconds, _) = listened(&input);
        made(&place, &input, seconds);
    }
}

#[test]
fn languages_without_a_picture_are_one_variant_and_its_group() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let sounds = [tone(400), tone(800)];
    let [one, two] = sounds.each_ref().map(|s| ["-f", "lavfi", "-i", s.as_str()]);
    let how = "-t 5 -map 0 -map 1 -c:a aac -metadata:s:a:0 language=eng -metadata:s:a:1 language=fre \
        -disposition:a:1 0";
    let how: Vec<&str> = how.split_whitespace().collect();
    let input = place.clip("languages.mka", &[&one[..], &two, &how].concat());
    let ladder = made(&place, &input, 5.0);
    let (variants, renditions) = playlist::master(&ladder.dir.join(layout::MASTER));
    assert_eq!(variants[0].1, "audio/en/index.m3u8");
    assert_eq!(variants[0].0["AUDIO"], renditions[0]["GROUP-ID"]);
    // What is in the variant itself has no address of its own (RFC 8216, 4.3.4.2.1).
    assert!(!renditions[0].contains_key("URI"));
    assert_eq!(renditions[1]["URI"], "audio/fr/index.m3u8");
    assert!(
        ladder
            .plan()
            .audio
            .iter()
            .all(|a| a.role == AudioRole::Main)
    );
    for (name, frequency) in [("en", 400.0), ("fr", 800.0)] {
        let (_, samples) = listened(&ladder.dir.join(layout::m4a(name)));
        assert!(level_db(&samples, frequency) > -15.0, "{name}");
    }
}

#[test]
fn a_picture_that_cannot_be_decoded_is_not_left_out_in_silence() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = clip(&place, "odd.mkv", 1, &["sine"], "-c:v mpeg4 -c:a aac");
    let mut bytes = std::fs::read(&input).unwrap();
    let name = bytes.windows(7).position(|w| w == b"V_MPEG4").unwrap();
    bytes[name + 2..name + 7].copy_from_slice(b"ZZZZZ");
    std::fs::write(&input, bytes).unwrap();
    let done = common::try_transcode(&input, &place.path().join("refused"), &[]);
    assert_eq!(done.status.code(), Some(65));
    let said = text(&done.stderr);
    assert!(said.contains("no moving picture"), "{said}");
}
