//! Checks of finding jobs by what their subtitles say, and keeping that in its plainest form. Not here: a job's own words
//! (`searching`).

use std::collections::BTreeMap;

use newsreel_model::JobId;
use newsreel_model::job::JobState;
use newsreel_model::search::{SearchQuery, StoredHit};
use newsreel_model::spoken::{MAX_JOB_BYTES, MAX_SHOWN, Passage, Said};
use newsreel_model::store::Store;

use super::Check;
use super::fixtures::{end, id, job, make, start};
use super::searching::matches;

pub const CHECKS: &[Check] = &[
    what_subtitles_say_is_found_with_its_time,
    a_track_that_is_kept_again_says_what_it_says_now,
    a_job_s_own_words_come_first_and_limits_hold,
    what_a_deleted_job_said_is_found_no_more,
];

fn titled(store: &dyn Store, number: u32, title: &str, tenant: &str) {
    let mut new = job(number);
    new.spec.title = Some(title.to_owned());
    new.spec.tenant = tenant.to_owned();
    store.submit(new, None, 100).unwrap();
}

fn says(store: &dyn Store, number: u32, track: &str, said: &[(u64, &str)]) {
    let passage = |(at_ms, text): &(u64, &str)| Passage {
        at_ms: *at_ms,
        text: (*text).to_owned(),
    };
    let passages = said.iter().map(passage).collect();
    store.keep_spoken(id(number), track, passages).unwrap();
}

fn hits(store: &dyn Store, text: &str, tenant: Option<&str>, limit: u32) -> Vec<StoredHit> {
    let query = SearchQuery {
        text: text.to_owned(),
        tenant: tenant.map(str::to_owned),
        limit,
    };
    store.search(&query).unwrap()
}

fn times(store: &dyn Store, text: &str) -> Vec<f64> {
    let all = hits(store, text, None, 10);
    let said = all.iter().flat_map(|hit| &hit.said);
    said.map(|said| said.at_s).collect()
}

fn what_subtitles_say_is_found_with_its_time(store: &dyn Store) {
    titled(store, 1, "Storm", "news");
    titled(store, 2, "Storm", "sport");
    let river = [(1500, "the river rose"), (62_000, "and the Mayor spoke")];
    says(store, 1, "en", &river);
    says(store, 2, "en", &[(0, "the mayor was away")]);
    says(store, 9, "en", &[(0, "the mayor of no job")]);
    let found = hits(store, "MAYOR spo", None, 10);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].job.id, id(1));
    let [Said { track, at_s, text }] = &found[0].said[..] else {
        panic!("{found:?}");
    };
    assert_eq!((track.as_str(), *at_s), ("en", 62.0));
    // A plain implementation shows the last word alone.
    let marked = text.iter().rfind(|stretch| stretch.found).unwrap();
    assert_eq!(marked.text, "spoke");
    assert_eq!(found[0].snippet, *text);
    // The words are said far from each other, or in different jobs.
    assert!(hits(store, "river mayor", None, 10).is_empty());
    assert_eq!(hits(store, "mayor", None, 10).len(), 2);
    let own = hits(store, "mayor", Some("sport"), 10);
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].job.id, id(2));
    for text in [
        "\"",
        "mayor\" OR text:x",
        "NEAR(mayor spoke, 2)",
        "*",
        "\u{0}",
        "text:mayor",
    ] {
        hits(store, text, None, 10);
    }
}

fn a_track_that_is_kept_again_says_what_it_says_now(store: &dyn Store) {
    titled(store, 1, "Storm", "news");
    says(store, 1, "en", &[(0, "hail"), (1000, "rain")]);
    says(store, 1, "de", &[(0, "hail")]);
    says(store, 1, "en", &[(2000, "snow")]);
    assert_eq!(times(store, "hail"), [0.0]);
    assert_eq!(times(store, "snow"), [2.0]);
    assert!(hits(store, "rain", None, 10).is_empty());
    says(store, 1, "de", &[]);
    assert!(hits(store, "hail", None, 10).is_empty());
}

fn a_job_s_own_words_come_first_and_limits_hold(store: &dyn Store) {
    titled(store, 1, "Quiet", "news");
    titled(store, 2, "Flood", "news");
    let many: Vec<(u64, String)> = (0..9).map(|n| (n * 1000, format!("flood {n}"))).collect();
    let many: Vec<(u64, &str)> = many.iter().map(|(at, text)| (*at, text.as_str())).collect();
    says(store, 1, "en", &many);
    says(store, 2, "en", &[(3000, "a flood")]);
    let found = hits(store, "flood", None, 10);
    let order: Vec<JobId> = found.iter().map(|hit| hit.job.id).collect();
    assert_eq!(order, [id(2), id(1)]);
    assert_eq!(found[0].said.len(), 1);
    assert_eq!(found[1].said.len(), MAX_SHOWN);
    assert!(found[1].said.is_sorted_by(|a, b| a.at_s <= b.at_s));
    assert_eq!(hits(store, "flood", None, 1).len(), 1);
    let endless = "word ".repeat(MAX_JOB_BYTES / 10);
    let full = [
        (0, endless.as_str()),
        (1, "hail"),
        (2, &endless),
        (3, "last"),
    ];
    says(store, 1, "de", &full);
    assert_eq!(times(store, "hail").len(), 1);
    assert!(hits(store, "last", None, 10).is_empty());
}

fn what_a_deleted_job_said_is_found_no_more(store: &dyn Store) {
    titled(store, 1, "Storm", "news");
    says(store, 1, "en", &[(0, "hail")]);
    make(store, start(1));
    make(store, end(1, JobState::Completed));
    assert!(store.delete(id(1)).unwrap());
    assert!(hits(store, "hail", None, 10).is_empty());
    titled(store, 2, "Fire", "news");
    assert!(hits(store, "hail", None, 10).is_empty());
}

/// What the subtitles of jobs say, by track.
#[derive(Default)]
pub(super) struct Spoken(BTreeMap<(JobId, String), Vec<Passage>>);

impl Spoken {
    pub(super) fn keep(&mut self, job: JobId, track: &str, passages: Vec<Passage>) {
        let key = (job, track.to_owned());
        self.0.remove(&key);
        let of_job = self.0.iter().filter(|((other, _), _)| *other == job);
        let kept: usize = of_job.flat_map(|(_, all)| all).map(|p| p.text.len()).sum();
        let mut room = MAX_JOB_BYTES - kept;
        let fits = |passage: &Passage| {
            let left = room.checked_sub(passage.text.len());
            room = left.unwrap_or(room);
            left.is_some()
        };
        self.0
            .insert(key, passages.into_iter().take_while(fits).collect());
    }

    pub(super) fn forget(&mut self, job: JobId) {
        self.0.retain(|(other, _), _| *other != job);
    }

    pub(super) fn said(&self, job: JobId, terms: &[String]) -> Vec<Said> {
        let of_job = self.0.iter().filter(|((other, _), _)| *other == job);
        let all = of_job.flat_map(|((_, track), all)| all.iter().map(move |p| (track, p)));
        let mut said: Vec<Said> = all
            .filter_map(|(track, passage)| {
                Some(Said {
                    track: track.clone(),
                    at_s: passage.at_ms as f64 / 1000.0,
                    text: matches(&passage.text, terms)?,
                })
            })
            .take(MAX_SHOWN)
            .collect();
        said.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        said
    }
}
