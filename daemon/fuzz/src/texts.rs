//! Texts that people write: subtitles, the configuration, templates of messages. Not what is done with them.

use newsreel_config::{Config, fill_in};
use newsreel_media::text;
use newsreel_model::spoken::{MAX_TRACK_BYTES, passages};
use newsreel_model::subtitle::Sidecar;

/// A file of subtitles in any encoding.
pub fn subtitles(data: &[u8]) {
    let sidecar = Sidecar {
        language: String::new(),
        bytes: data.to_vec(),
    };
    let accepted = text::check(std::slice::from_ref(&sidecar)).is_ok();
    let cues = text::cues(data);
    assert!(!accepted || !cues.is_empty());
    for cue in &cues {
        assert!(cue.from_ms < cue.until_ms);
        assert!(!cue.text.contains("-->") && !cue.text.contains("\n\n"));
    }
    let said = passages(
        cues.iter()
            .map(|c| (c.from_ms.unsigned_abs(), c.text.clone())),
    );
    let length: usize = said.iter().map(|passage| passage.text.len()).sum();
    assert!(length <= MAX_TRACK_BYTES);
    assert!(
        said.iter()
            .all(|p| !p.text.is_empty() && !p.text.chars().any(char::is_control))
    );
    let times =
        |cues: &[text::Cue]| -> Vec<_> { cues.iter().map(|c| (c.from_ms, c.until_ms)).collect() };
    let again = text::cues(text::whole(&cues).as_bytes());
    assert_eq!(times(&again), times(&cues), "what is written is read");
}

/// `newsreel.toml`.
pub fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse(&text, "n.toml") {
        Err(error) => assert!(error.to_string().starts_with("n.toml")),
        Ok(config) => {
            let written = config.to_toml().expect("a configuration is written");
            let again = Config::parse(&written, "n.toml").expect("what is written is read");
            assert_eq!(again.to_toml().expect("it is written again"), written);
        }
    }
}

/// A template of mail or a message.
pub fn template(data: &[u8]) {
    let values = serde_json::json!({
        "type": "job.failed", "id": 7, "data": {"code": "input_unreadable"},
        "job": {"id": "x", "title": "Flood", "priority": 50},
    });
    if let Ok(made) = fill_in(&String::from_utf8_lossy(data), &values) {
        assert!(made.len() <= 1 << 20, "what a template makes is limited");
    }
}
