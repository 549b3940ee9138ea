//! Tests of the schema's steps and of the backup before them, with a step that no version has.

use rusqlite_migration::M;
use tempfile::TempDir;

use super::*;
use crate::StoreOptions;

const NEXT: &str = "ALTER TABLE meta ADD COLUMN next INTEGER NOT NULL DEFAULT 5;";
const BROKEN: &str = "ALTER TABLE meta ADD COLUMN next INTEGER; INSERT INTO nowhere VALUES (1);";

fn store(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("jobs.db");
    let mut db = open(&path);
    update(&mut db, &path).unwrap();
    db.execute("UPDATE meta SET boots = 41", []).unwrap();
    path
}

fn open(path: &Path) -> Connection {
    crate::files::create(path).unwrap();
    connect::writer(path, &StoreOptions::default()).unwrap()
}

fn with(step: &'static str) -> Vec<M<'static>> {
    let mut steps = STEPS.to_vec();
    steps.push(M::up(step));
    steps
}

/// The name of a backup of the schema of today.
fn backup() -> String {
    format!("jobs.db.v{}.backup", STEPS.len())
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("backup"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_steps_are_valid() {
    Migrations::from_slice(STEPS).validate().unwrap();
}

#[test]
fn a_new_store_needs_no_backup_and_an_older_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    assert_eq!(names(&folder), [""; 0]);
    let mut db = open(&path);
    update_by(&mut db, &path, &with(NEXT)).unwrap();
    update_by(&mut db, &path, &with(NEXT)).unwrap();
    let both: (i64, i64) = db
        .query_row("SELECT boots, next FROM meta", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(both, (41, 5));
    assert_eq!(names(&folder), [backup()]);
    // The backup is a whole store of the older version.
    let copy = folder.path().join(backup());
    recognise(&copy).unwrap();
    let db = open(&copy);
    assert_eq!(version(&db).unwrap(), STEPS.len());
    let boots: i64 = pragma(&db, "SELECT boots FROM meta").unwrap();
    assert_eq!(boots, 41);
    let check: String = pragma(&db, "PRAGMA integrity_check").unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn a_store_of_every_earlier_version_becomes_one_of_today() {
    for version in 1..STEPS.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.db");
        let mut db = open(&path);
        update_by(&mut db, &path, &STEPS[..version]).unwrap();
        db.execute("UPDATE meta SET boots = 41", []).unwrap();
        drop(db);
        let store = crate::SqliteStore::open(&path, StoreOptions::default()).unwrap();
        use newsreel_model::store::Store as _;
        assert_eq!(store.begin().unwrap(), 42);
        assert_eq!(names(&folder), [format!("jobs.db.v{version}.backup")]);
    }
}

#[test]
fn a_step_that_fails_changes_nothing_and_no_backup_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    fs::write(folder.path().join(backup()), "somebody's").unwrap();
    fs::write(folder.path().join("jobs.db.backup.partial"), "half").unwrap();
    let mut db = open(&path);
    for _ in 2..=MOST_BACKUPS {
        update_by(&mut db, &path, &with(BROKEN)).unwrap_err();
    }
    let kept = fs::read_to_string(folder.path().join(backup())).unwrap();
    assert_eq!(kept, "somebody's");
    assert_eq!(names(&folder).len(), 9);
    let error = update_by(&mut db, &path, &with(NEXT))
        .unwrap_err()
        .told(&path);
    assert_eq!(error.code(), Code::StoreFailed);
    assert!(error.message().contains("backups"), "{error}");
    assert_eq!(version(&db).unwrap(), STEPS.len());
    let next = db.prepare("SELECT next FROM meta");
    assert!(next.is_err(), "nothing is left of a step that failed");
}

#[test]
fn a_newer_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(&folder);
    let mut db = open(&path);
    update_by(&mut db, &path, &with(NEXT)).unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    let error = recognise(&path).unwrap_err().told(&path);
    assert_eq!(error.code(), Code::StoreNewer);
    let newer = format!("schema {}", STEPS.len() + 1);
    assert!(error.message().contains(&newer), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    recognise_up_to(&path, STEPS.len() + 1).unwrap();
}

#[test]
fn jobs_of_an_earlier_version_are_found_by_their_words_whatever_their_accents() {
    use newsreel_model::search::{Finds as _, SearchQuery};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut db = open(&path);
    update_by(&mut db, &path, &STEPS[..4]).unwrap();
    db.execute(
        "INSERT INTO jobs (id, state, tenant, priority, destination, created_at, spec, profile)
         VALUES (zeroblob(16), 'queued', 'news', 50, '/d', 1, ?1, ?2)",
        [
            r#"{"input":{"url":"file:///a"},"title":"Café in Köln","metadata":{"desk":"Überregional"}}"#,
            r#"{"rungs":[{"short_side_px":720}]}"#,
        ],
    )
    .unwrap();
    drop(db);
    let store = crate::SqliteStore::open(&path, StoreOptions::default()).unwrap();
    for (text, count) in [("KOLN cafe", 1), ("uberreg", 1), ("Bonn", 0)] {
        let query = SearchQuery {
            text: text.to_owned(),
            tenant: None,
            limit: 5,
        };
        assert_eq!(store.search(&query).unwrap().len(), count, "{text}");
    }
}
