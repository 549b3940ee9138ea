//! What the binary reads of its own kind and of its callers: messages of workers, records of jobs, events, addresses, tokens.
//! Not files of media.

use std::cell::RefCell;
use std::sync::OnceLock;

use jiff::Timestamp;
use newsreel_config::Jwt;
use newsreel_media::gate;
use newsreel_model::envelope::Envelope;
use newsreel_model::job::{Finished, JobRecord};
use newsreel_model::report::Report;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::jwt::Tokens;
use crate::protocol::{Order, Planned, Task, Word};
use crate::token::{Seal, key_id, refresh_session};
use crate::{file_url, record};

/// What is read is written and read again as the same.
fn keeps<T: Serialize + DeserializeOwned>(data: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<T>(data) {
        let written = serde_json::to_vec(&read).expect("it is written");
        let again: T = serde_json::from_slice(&written).expect("what is written is read");
        assert_eq!(serde_json::to_vec(&again).expect("it is written"), written);
    }
}

/// Between daemon and worker, either way.
pub fn message(data: &[u8]) {
    keeps::<Order>(data);
    keeps::<Word>(data);
    keeps::<Task>(data);
    keeps::<Planned>(data);
}

/// `job.json`, the report and a line of the journal; the gate looks for what the record promises.
pub fn record(data: &[u8]) {
    keeps::<JobRecord>(data);
    keeps::<Finished>(data);
    keeps::<Report>(data);
    thread_local! {
        static DIR: RefCell<TempDir> = RefCell::new(tempfile::tempdir().expect("there is room"));
    }
    DIR.with_borrow(|dir| {
        std::fs::write(dir.path().join("job.json"), data).expect("it is written");
        let Ok(Some(record)) = record::read(dir.path()) else {
            return;
        };
        if let Some(plan) = &record.plan {
            let report = gate::check(dir.path(), plan, &record.journal);
            assert!(report.failures.len() <= gate::MAX_FAILURES);
        }
    });
}

/// An event as listeners and the log have it.
pub fn event(data: &[u8]) {
    keeps::<Envelope>(data);
    keeps::<newsreel_model::event::Event>(data);
}

/// The address of an input.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(path) = file_url::file_path("input.url", &text) {
        assert!(path.is_absolute(), "{path:?}");
        let upwards = std::path::Component::ParentDir;
        assert!(path.components().all(|part| part != upwards), "{path:?}");
    }
}

/// Keys, tokens, cookies, signed paths, and tokens of an identity provider.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(id) = key_id(&text) {
        assert_eq!((id.len(), text.len()), (16, 84));
    }
    if let Some(session) = refresh_session(&text) {
        assert_eq!((session.len(), text.len()), (32, 101));
    }
    let seal = Seal::new([7; 32]);
    if let Some(until) = seal.read("media", "a", &text) {
        assert_eq!(seal.make("media", "a", until), text);
    }
    if let Some((session, until)) = seal.session_in("access", &text) {
        assert_eq!(seal.of_session("access", session, until), text);
        assert!(until > Timestamp::MIN);
    }
    if let Ok(caller) = tokens().principal(&text) {
        assert!(caller.caller.chars().count() <= 204);
    }
}

/// Checks tokens of HS256 with a secret of 32 times `n`.
fn tokens() -> &'static Tokens {
    static TOKENS: OnceLock<Tokens> = OnceLock::new();
    TOKENS.get_or_init(|| {
        let file = tempfile::NamedTempFile::new().expect("there is room");
        std::fs::write(file.path(), [b'n'; 32]).expect("it is written");
        let config = Jwt {
            issuer: "https://id.example".to_owned(),
            audience: "newsreel".to_owned(),
            secret_file: file.path().display().to_string(),
            ..Jwt::default()
        };
        Tokens::new(&config)
            .expect("the secret is read")
            .expect("it is used")
    })
}
