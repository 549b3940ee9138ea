//! An upgrade with a job in its middle: the store is of an earlier version, and the job goes on where it was.

use std::path::Path;

use newsreel_model::job::JobState;
use rusqlite::Connection;

use crate::daemon::{Daemon, dir, spec};
use crate::support::turn;
use crate::{as_if_undisturbed, clip, sound};

/// Makes of a store one of the first version: what that did not know is lost.
fn of_the_first_version(path: &Path) {
    let old = path.with_extension("old");
    let db = Connection::open(&old).unwrap();
    db.execute_batch(include_str!("../../../store/src/schema/v1.sql"))
        .unwrap();
    db.execute("ATTACH ?1 AS now", [path.to_str().unwrap()])
        .unwrap();
    let copy = |table: &str| {
        let columns = format!("SELECT group_concat(name) FROM pragma_table_info('{table}')");
        let columns: String = db.query_row(&columns, [], |row| row.get(0)).unwrap();
        let sql = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
        db.execute(&sql, []).unwrap();
    };
    // The numbers of jobs in each state are kept by triggers.
    for table in [
        "jobs",
        "plans",
        "pieces",
        "events",
        "idempotency",
        "calibrations",
    ] {
        copy(table);
    }
    db.execute_batch(
        "UPDATE meta SET boots = (SELECT boots FROM now.meta); DETACH now; PRAGMA user_version = 1",
    )
    .unwrap();
    drop(db);
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    std::fs::rename(old, path).unwrap();
}

#[test]
fn a_store_of_an_earlier_version_is_migrated_and_its_job_encodes_nothing_twice() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let running = daemon.submit(&spec(&clip(20), "story"));
    let waiting = daemon.submit(&spec(&clip(6), "bulk"));
    daemon.wait_for_segments(running.id, 7);
    assert_eq!(daemon.stop(), Some(0));
    let path = daemon.path("data/store.db");
    of_the_first_version(&path);
    let before = daemon.store().all_stamps();
    assert!(before[&running.id].files.len() > 7);

    daemon.restart();
    let backup = daemon.path("data/store.db.v1.backup");
    assert!(backup.exists(), "the store is kept as it was");
    let done = daemon.wait_for(running.id, JobState::Completed);
    sound(&dir(&daemon.wait_for(waiting.id, JobState::Completed)));
    before.values().for_each(|finished| finished.unchanged());
    daemon.made_nothing_twice();
    sound(&dir(&done));
    as_if_undisturbed(&daemon, &done);
    let migrated = daemon.lines_with("migrating the job store");
    assert_eq!(migrated, 1);
}

#[test]
fn the_binary_may_be_replaced_while_it_works_and_the_next_start_goes_on() {
    let _turn = turn();
    let mut daemon = Daemon::start("");
    let installed = daemon.path("newsreel");
    let install = || {
        // As a package manager does: a new file takes the place of the old one, which lives on as long as it is used.
        let fresh = installed.with_extension("dpkg-new");
        std::fs::copy(crate::support::process::NEWSREEL, &fresh).unwrap();
        std::fs::rename(fresh, &installed).unwrap();
    };
    install();
    assert_eq!(daemon.stop(), Some(0));
    daemon.run_from(&installed);
    daemon.restart();
    let first = daemon.submit(&spec(&clip(20), "story"));
    daemon.wait_for_segments(first.id, 3);
    install();
    // Workers that are started now are still of the version that was started.
    let second = daemon.submit(&spec(&clip(6), "story"));
    daemon.wait_for_segments(second.id, 1);
    assert_eq!(daemon.stop(), Some(0));
    let before = daemon.store().all_stamps();
    daemon.restart();
    for id in [first.id, second.id] {
        sound(&dir(&daemon.wait_for(id, JobState::Completed)));
    }
    before.values().for_each(|finished| finished.unchanged());
    daemon.made_nothing_twice();
}
