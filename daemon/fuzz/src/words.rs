//! What people search for, in a store with words in it. Not ranking.

use std::sync::OnceLock;

use newsreel_config::Config;
use newsreel_model::JobId;
use newsreel_model::search::{Finds, SearchQuery};
use newsreel_model::spec::JobSpec;
use newsreel_model::store::{NewJob, Store};
use newsreel_store::{SqliteStore, StoreOptions};

/// Any text at all finds something or nothing.
pub fn search(data: &[u8]) {
    let text: String = String::from_utf8_lossy(data).chars().take(200).collect();
    let query = SearchQuery {
        text,
        tenant: None,
        limit: 10,
    };
    let terms = query.terms();
    assert!(terms.iter().all(|t| t.chars().all(char::is_alphanumeric)));
    let is_empty = terms.is_empty();
    let found = store().search(&query).expect("a search is no error");
    assert!(found.len() <= 10 && (!is_empty || found.is_empty()));
}

fn store() -> &'static SqliteStore {
    static STORE: OnceLock<SqliteStore> = OnceLock::new();
    STORE.get_or_init(|| {
        let dir = tempfile::tempdir().expect("there is room");
        let path = dir.path().join("newsreel.db");
        let store = SqliteStore::open(&path, StoreOptions::default()).expect("it opens");
        let profile = Config::default().profile("web").expect("built in").clone();
        for (number, title) in ["Flood in Köln-Ost", "“naïve” ☃ 日本語", "a OR b NEAR(c)"]
            .into_iter()
            .enumerate()
        {
            let mut spec = JobSpec::new(format!("file:///in/{number}.mxf"));
            spec.title = Some(title.to_owned());
            let job = NewJob {
                id: JobId::from_bytes([7 + u8::try_from(number).expect("three"); 16]),
                spec,
                profile: profile.clone(),
                destination: format!("/out/{number}"),
                roots: Vec::new(),
                created_at: jiff::Timestamp::UNIX_EPOCH,
            };
            store.submit(job, None, 10).expect("it is accepted");
        }
        // Its folder is there as long as the process.
        let _ = dir.keep();
        store
    })
}
