//! Every way a profile can be wrong, with the exact words and place a user sees. Plain numbers: `ranges.rs`.

use newsreel_config::Config;

/// The error of `text`, which must be refused.
fn error(text: &str) -> String {
    match Config::parse(text, "n.toml") {
        Ok(_) => "accepted".to_owned(),
        Err(err) => err.to_string(),
    }
}

/// `expected` is the whole message, without the line breaks around it.
fn assert_error(text: &str, expected: &str) {
    assert_eq!(error(text), expected.trim_matches('\n'), "for:\n{text}");
}

#[test]
fn crf_and_preset_belong_to_the_codec() {
    let rungs = "rungs = [{ bitrate_kbps = 500 }]";
    assert_error(
        &format!("[profiles.a]\n{rungs}\ncodec = \"hevc\"\ncrf = 52\n"),
        "
n.toml:4:7: `crf` is 52, expected 0–51 for hevc
  |
4 | crf = 52
  |       ^^",
    );
    assert_error(
        &format!("[profiles.a]\n{rungs}\ncodec = \"av1\"\ncrf = 64\n"),
        "
n.toml:4:7: `crf` is 64, expected 0–63 for av1
  |
4 | crf = 64
  |       ^^",
    );
    assert_error(
        &format!("[profiles.a]\n{rungs}\npreset = \"8\"\n"),
        "
n.toml:3:10: `8` is no preset of h264, expected one of ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow, placebo
  |
3 | preset = \"8\"
  |          ^^^",
    );
    assert_error(
        &format!("[profiles.a]\n{rungs}\ncodec = \"av1\"\npreset = \"08\"\n"),
        "
n.toml:4:10: `08` is no preset of av1, expected \"0\" to \"13\"
  |
4 | preset = \"08\"
  |          ^^^^",
    );
}

#[test]
fn the_first_segment_is_no_longer_than_the_others() {
    let rungs = "rungs = [{ bitrate_kbps = 500 }]";
    assert_error(
        &format!("[profiles.a]\nsegment_s = 4\nfirst_segment_s = 4.5\n{rungs}\n"),
        "
n.toml:3:19: `first_segment_s` is 4.5, expected at most `segment_s`, which is 4
  |
3 | first_segment_s = 4.5
  |                   ^^^",
    );
    // The default of 2 s is at odds with the key that is there.
    assert_error(
        &format!("[profiles.a]\nsegment_s = 1.5\n{rungs}\n"),
        "
n.toml:2:13: `first_segment_s` is 2, expected at most `segment_s`, which is 1.5
  |
2 | segment_s = 1.5
  |             ^^^",
    );
}

#[test]
fn ladders() {
    assert_error(
        "[profiles.a]\nrungs = []\n",
        "
n.toml:2:9: `rungs` has 0 rungs, expected 1–12
  |
2 | rungs = []
  |         ^^",
    );
    let many: String = (1..=13)
        .map(|n| {
            format!(
                "    {{ short_side_px = {}, bitrate_kbps = 500 }},\n",
                n * 100
            )
        })
        .collect();
    assert_error(
        &format!("[profiles.a]\nrungs = [ # many\n{many}]\n"),
        "
n.toml:2:9: `rungs` has 13 rungs, expected 1–12
  |
2 | rungs = [ # many
  |         ^^^^^^^^",
    );
    assert_error(
        "[profiles.a]\nrungs = [\n  { short_side_px = 720, bitrate_kbps = 500 },\n  { short_side_px = 720, bitrate_kbps = 400 },\n]\n",
        "
n.toml:4:21: a rung of 720 pixels is there already, expected another size
  |
4 |   { short_side_px = 720, bitrate_kbps = 400 },
  |                     ^^^",
    );
    assert_error(
        "[[profiles.a.rungs]]\nbitrate_kbps = 500\n[[profiles.a.rungs]]\nbitrate_kbps = 400\n",
        "
n.toml:3:1: a rung of the source's size is there already, expected a `short_side_px`
  |
3 | [[profiles.a.rungs]]
  | ^^^^^^^^^^^^^^^^^^^^",
    );
}

#[test]
fn a_capped_rung_has_a_bitrate() {
    for rate_control in ["capped_crf", "average", "constant"] {
        assert_error(
            &format!(
                "[profiles.a]\nrate_control = \"{rate_control}\"\nrungs = [{{ short_side_px = 720 }}]\n"
            ),
            "
n.toml:3:10: missing `bitrate_kbps`, expected 16–400000 kbit/s; only `rate_control = \"crf\"` goes without
  |
3 | rungs = [{ short_side_px = 720 }]
  |          ^^^^^^^^^^^^^^^^^^^^^^^",
        );
    }
    let free = "[profiles.a]\nrate_control = \"crf\"\nrungs = [{ short_side_px = 720 }]\n";
    assert!(Config::parse(free, "n.toml").is_ok());
}

#[test]
fn profile_names() {
    assert_error(
        "[profiles.\"My profile\"]\nrungs = [{ bitrate_kbps = 500 }]\n",
        "
n.toml:1:11: `My profile` is no profile name, expected 1–64 characters of a–z, 0–9, `-` and `_`, starting with a letter or a digit
  |
1 | [profiles.\"My profile\"]
  |           ^^^^^^^^^^^^",
    );
    let rungs = "rungs = [{ bitrate_kbps = 500 }]";
    for bad in ["", "..", "-a", "_a", "a/b", "é", "A", &"a".repeat(65)] {
        let err = error(&format!("[profiles.\"{bad}\"]\n{rungs}\n"));
        assert!(err.starts_with("n.toml:1:11: "), "{err}");
    }
    for good in ["a", "0", "web-2_x", &"a".repeat(64)] {
        assert!(Config::parse(&format!("[profiles.\"{good}\"]\n{rungs}\n"), "").is_ok());
    }
}

#[test]
fn too_many_profiles() {
    let profiles = |count: usize| -> String {
        (0..count)
            .map(|n| format!("[profiles.p{n}]\nrungs = [{{ bitrate_kbps = 500 }}]\n"))
            .collect()
    };
    assert!(Config::parse(&profiles(195), "n.toml").is_ok());
    assert_error(
        &profiles(196),
        "
n.toml:1:2: there are 201 profiles, the built-in ones included; expected at most 200
  |
1 | [profiles.p0]
  |  ^^^^^^^^",
    );
}
