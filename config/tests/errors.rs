//! Every kind of configuration error, with the exact words and place a user sees. Those of profiles: `profiles.rs`.

use newsreel_config::{Config, MAX_FILE_BYTES};

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
fn no_toml() {
    assert_error(
        "[cpu]\nruns = \n",
        "
n.toml:2:8: string values must be quoted, expected literal string
  |
2 | runs =
  |        ^",
    );
    assert_error(
        "[cpu\nruns = 1\n",
        "
n.toml:1:5: unclosed table, expected `]`
  |
1 | [cpu
  |     ^",
    );
    assert_error(
        "[cpu]\nruns = 1\nruns = 2\n",
        "
n.toml:3:1: duplicate key
  |
3 | runs = 2
  | ^^^^",
    );
}

#[test]
fn unknown_keys() {
    assert_error(
        "# é\n[cpu]\n\trun = 4\n",
        "
n.toml:3:2: unknown field `run`, expected `runs` or `threads_per_encoder`
  |
3 |  run = 4
  |  ^^^",
    );
    assert_error(
        "[gpu]\n",
        "
n.toml:1:2: unknown field `gpu`, expected one of `server`, `access`, `storage`, `uploads`, `remote`, `watch`, `queue`, `worker`, `devices`, `webhooks`, `mail`, `messages`, `retention`, `prices`, `traces`, `translation`, `cpu`, `limits`, `profiles`
  |
1 | [gpu]
  |  ^^^",
    );
    assert_error(
        "[profiles.a]\nrungs = [{ height = 720 }]\n",
        "
n.toml:2:12: unknown field `height`, expected `short_side_px` or `bitrate_kbps`
  |
2 | rungs = [{ height = 720 }]
  |            ^^^^^^",
    );
}

#[test]
fn wrong_types_and_missing_keys() {
    assert_error(
        "cpu.runs = \"four\"",
        "
n.toml:1:12: invalid type: string \"four\", expected u32
  |
1 | cpu.runs = \"four\"
  |            ^^^^^^",
    );
    assert_error(
        "cpu.runs = -1",
        "
n.toml:1:12: invalid value: integer `-1`, expected u32
  |
1 | cpu.runs = -1
  |            ^^",
    );
    assert_error(
        "[profiles.a]\ncodec = \"vp9\"\n",
        "
n.toml:2:9: unknown variant `vp9`, expected one of `h264`, `hevc`, `av1`
  |
2 | codec = \"vp9\"
  |         ^^^^^",
    );
    assert_error(
        "\n[profiles.a]\ncrf = 20\n",
        "
n.toml:2:1: missing field `rungs`
  |
2 | [profiles.a]
  | ^^^^^^^^^^^^",
    );
}

#[test]
fn values_out_of_range() {
    assert_error(
        "[cpu]\r\nruns = 65 # many\r\n",
        "
n.toml:2:8: `runs` is 65, expected 0–64
  |
2 | runs = 65 # many
  |        ^^",
    );
    assert_error(
        "limits = { max_gap_s = nan }",
        "
n.toml:1:24: `max_gap_s` is NaN, expected 0.1–3600 seconds
  |
1 | limits = { max_gap_s = nan }
  |                        ^^^",
    );
    assert_error(
        "[profiles.a]\nrungs = [{ bitrate_kbps = 500 }]\n[profiles.a.audio]\nmax_channels = 6\n",
        "
n.toml:4:16: `max_channels` is 6, expected 1–2
  |
4 | max_channels = 6
  |                ^",
    );
}

#[test]
fn several_findings_follow_the_file() {
    assert_error(
        "[limits]\nlead_in_packets = 0\n[cpu]\nruns = 99\n",
        "
n.toml:2:19: `lead_in_packets` is 0, expected 1–1000000
  |
2 | lead_in_packets = 0
  |                   ^

n.toml:4:8: `runs` is 99, expected 0–64
  |
4 | runs = 99
  |        ^^",
    );
    let many: String = (0..12)
        .map(|n| format!("[profiles.p{n}]\nrungs = []\n"))
        .collect();
    let err = error(&many);
    assert_eq!(err.matches("n.toml:").count(), 10, "{err}");
    assert!(err.ends_with("… and 2 more"), "{err}");
}

#[test]
fn what_is_shown_of_a_line_is_bounded_and_printable() {
    let err = error(&format!(
        "x = \"{}\"; \u{1b}[31m = {}",
        "a".repeat(5000),
        "b".repeat(5000)
    ));
    assert!(err.len() < 1000 && !err.contains('\u{1b}'), "{err}");
    let caret = err
        .lines()
        .last()
        .and_then(|line| line.find('^'))
        .unwrap_or(0);
    let marked = err
        .lines()
        .nth(2)
        .and_then(|line| line.chars().nth(caret))
        .unwrap_or(' ');
    assert_eq!(marked, ';', "{err}");
    let err = error(&format!("{} = 1", "k".repeat(9000)));
    assert!(err.len() < 1500, "{err}");
}

#[test]
fn a_byte_order_mark_is_no_column() {
    assert_error(
        "\u{feff}cpu.runs = 65",
        "
n.toml:1:12: `runs` is 65, expected 0–64
  |
1 | cpu.runs = 65
  |            ^^",
    );
}

#[test]
fn files_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("n.toml");
    let name = path.display();
    let error = || Config::load(&path).unwrap_err().to_string();
    assert_eq!(
        error(),
        format!("{name}: cannot be read: No such file or directory (os error 2)")
    );
    std::fs::write(&path, b"[cpu]\n# caf\xe9\n").unwrap();
    assert_eq!(
        error(),
        format!("{name}:2:6: byte 0xe9 is not UTF-8\n  |\n2 | # caf\u{fffd}\n  |      ^")
    );
    std::fs::write(&path, "#".repeat(MAX_FILE_BYTES)).unwrap();
    assert_eq!(Config::load(&path).unwrap(), Config::default());
    std::fs::write(&path, "#".repeat(MAX_FILE_BYTES + 1)).unwrap();
    assert_eq!(
        error(),
        format!("{name}: is larger than 1048576 bytes, the most that is read")
    );
    let err = newsreel_model::Error::from(Config::load(&path).unwrap_err());
    assert_eq!(err.code(), newsreel_model::Code::ConfigInvalid);
}

#[test]
fn tokens_of_an_identity_provider_need_an_issuer_an_audience_and_one_way_to_keys() {
    let of = |keys: &str| error(&format!("[access.jwt]\n{keys}\n"));
    let both = "issuer = \"https://id.example\"\naudience = \"newsreel\"\n";
    assert_eq!(
        of(&format!("{both}jwks_url = \"https://id.example/keys\"")),
        "accepted"
    );
    for (keys, words) in [
        (
            "secret_file = \"/s\"\naudience = \"a\"",
            "`issuer` is needed",
        ),
        (
            "secret_file = \"/s\"\nissuer = \"a\"",
            "`audience` is needed",
        ),
        ("issuer = \"a\"", "`issuer` alone does nothing"),
        (
            &format!("{both}secret_file = \"/s\"\npublic_key_file = \"/p\""),
            "not several",
        ),
        (
            &format!("{both}jwks_url = \"http://id.example/keys\""),
            "expected https://",
        ),
        (
            &format!("{both}secret_file = \"/s\"\ntenant_claim = \"\""),
            "`tenant_claim` must name a claim",
        ),
    ] {
        assert!(of(keys).contains(words), "{keys}: {}", of(keys));
    }
}
