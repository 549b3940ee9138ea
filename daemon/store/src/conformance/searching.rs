//! Checks of finding jobs by their words, and finding in its plainest form. Not here: accents, or which match is the best.

use newsreel_model::job::JobState;
use newsreel_model::search::{Finds, SearchQuery, StoredHit, Stretch};
use newsreel_model::spoken::Passage;
use newsreel_model::store::{Store, StoredJob};
use newsreel_model::{JobId, Result};

use super::Check;
use super::fixtures::{end, id, job, make, start};
use super::reference::Reference;

pub const CHECKS: &[Check] = &[
    a_job_is_found_by_all_of_its_words,
    nothing_a_person_may_write_fails,
    what_is_found_is_a_tenant_s_own,
    what_is_deleted_is_found_no_more,
];

fn worded(store: &dyn Store, number: u32, title: &str, tenant: &str) {
    let mut new = job(number);
    new.spec.title = Some(title.to_owned());
    new.spec.description = Some(format!("Report {number}\nfrom the <b>coast</b>"));
    new.spec.external_id = Some(format!("story-{number}"));
    new.spec.metadata = [("desk".to_owned(), "national".to_owned())].into();
    new.spec.tenant = tenant.to_owned();
    store.submit(new, None, 100).unwrap();
}

fn found(store: &dyn Store, text: &str, tenant: Option<&str>) -> Vec<u32> {
    let query = SearchQuery {
        text: text.to_owned(),
        tenant: tenant.map(str::to_owned),
        limit: 10,
    };
    let hits = store.search(&query).unwrap();
    let number = |hit: &StoredHit| (1..10).find(|number| id(*number) == hit.job.id).unwrap();
    let mut numbers: Vec<u32> = hits.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn a_job_is_found_by_all_of_its_words(store: &dyn Store) {
    worded(store, 1, "Flood in Cologne", "news");
    worded(store, 2, "Fire in Cologne", "news");
    for (text, numbers) in [
        ("cologne", &[1, 2][..]),
        ("FLOOD", &[1]),
        ("fire colo", &[2]),
        ("colo fire", &[]),
        ("coast flood", &[1]),
        ("story-2", &[2]),
        ("national", &[1, 2]),
        ("desk", &[]),
        ("storm", &[]),
        ("", &[]),
    ] {
        assert_eq!(found(store, text, None), numbers, "{text}");
    }
    let query = SearchQuery {
        text: "flood".to_owned(),
        tenant: None,
        limit: 1,
    };
    let hits = store.search(&query).unwrap();
    assert_eq!(hits[0].job, store.job(id(1)).unwrap().unwrap());
    let marked = hits[0].snippet.iter().find(|one| one.found).unwrap();
    assert_eq!(marked.text, "Flood");
    let all = SearchQuery {
        text: "cologne".to_owned(),
        ..query
    };
    assert_eq!(store.search(&all).unwrap().len(), 1, "the limit");
}

fn nothing_a_person_may_write_fails(store: &dyn Store) {
    worded(store, 1, "A AND B", "news");
    for text in [
        "\"",
        "'",
        "*",
        "a*",
        "^a",
        "a:b",
        "(a",
        "a)",
        "NOT",
        "a OR",
        "NEAR(a b, 2)",
        "{a b}:c",
        "--",
        "; DROP TABLE jobs",
        "\u{0}",
        "%_",
        "😀",
        "ﷺ",
        "a\u{301}",
        "\\",
    ] {
        found(store, text, None);
    }
    assert_eq!(found(store, "\"and\" (a", None), [1]);
    assert!(store.job(id(1)).unwrap().is_some());
}

fn what_is_found_is_a_tenant_s_own(store: &dyn Store) {
    worded(store, 1, "Flood", "news");
    worded(store, 2, "Flood", "sport");
    assert_eq!(found(store, "flood", None), [1, 2]);
    assert_eq!(found(store, "flood", Some("sport")), [2]);
    assert_eq!(found(store, "flood", Some("nobody")), [0; 0]);
}

fn what_is_deleted_is_found_no_more(store: &dyn Store) {
    worded(store, 1, "Flood", "news");
    assert!(!store.delete(id(1)).unwrap());
    assert_eq!(found(store, "flood", None), [1], "it has not ended");
    make(store, start(1));
    make(store, end(1, JobState::Completed));
    assert!(store.delete(id(1)).unwrap());
    assert_eq!(found(store, "flood", None), [0; 0]);
    worded(store, 2, "Fire", "news");
    assert_eq!(found(store, "flood", None), [0; 0]);
}

/// What is searched in a job.
fn texts(job: &StoredJob) -> Vec<&str> {
    let spec = &job.spec;
    let some = [&spec.title, &spec.description, &spec.external_id];
    let some = some.into_iter().flatten();
    some.chain(spec.metadata.values())
        .map(String::as_str)
        .collect()
}

pub(super) fn matches(texts: &str, terms: &[String]) -> Option<Vec<Stretch>> {
    let words: Vec<&str> = texts
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let (last, whole) = terms.split_last()?;
    let has = |term: &&String| words.iter().any(|word| word.to_lowercase() == **term);
    let begins = words
        .iter()
        .find(|word| word.to_lowercase().starts_with(last));
    begins
        .filter(|_| whole.iter().all(|term| has(&term)))
        .map(|word| {
            vec![Stretch {
                text: (*word).to_owned(),
                found: true,
            }]
        })
}

impl Finds for Reference {
    fn search(&self, query: &SearchQuery) -> Result<Vec<StoredHit>> {
        let terms: Vec<String> = query
            .terms()
            .iter()
            .map(|term| term.to_lowercase())
            .collect();
        let held = self.0.lock();
        let own = |job: &&StoredJob| query.tenant.as_ref().is_none_or(|t| *t == job.spec.tenant);
        let mut hits: Vec<StoredHit> = Vec::new();
        let mut others = Vec::new();
        for job in held.all_jobs().filter(own) {
            let said = held.spoken.said(job.id, &terms);
            let snippet = matches(&texts(job).join(" "), &terms);
            let list = match (&snippet, said.first()) {
                (Some(_), _) => &mut hits,
                (None, Some(_)) => &mut others,
                (None, None) => continue,
            };
            let first = || said.first().map(|s| s.text.clone()).unwrap_or_default();
            list.push(StoredHit {
                job: job.clone(),
                snippet: snippet.unwrap_or_else(first),
                said,
            });
        }
        hits.append(&mut others);
        hits.truncate(query.limit as usize);
        Ok(hits)
    }

    fn keep_spoken(&self, job: JobId, track: &str, passages: Vec<Passage>) -> Result<()> {
        let mut held = self.0.lock();
        if held.all_jobs().any(|known| known.id == job) {
            held.spoken.keep(job, track, passages);
        }
        Ok(())
    }
}
