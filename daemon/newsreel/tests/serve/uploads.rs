//! Uploads to the real daemon: cut off, killed in the middle, gone on with, refused, run out of time, made into jobs.
//!
//! Not here: the protocol's words as such (`newsreel-api`).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use newsreel_model::job::JobState;
use serde_json::json;

use crate::daemon::{Bad, Daemon, dir};
use crate::processes::until;
use crate::support::process::{newsreel, run};
use crate::support::turn;
use crate::tus::{Tus, id, job_over};
use crate::{clip, sound};

/// Where the daemon keeps what arrived.
fn file(daemon: &Daemon, at: &str) -> PathBuf {
    daemon.path("data/uploads").join(id(at).to_string())
}

fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

#[test]
fn what_arrived_before_a_cut_or_a_kill_is_there_afterwards() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let tus = Tus::new(&daemon);
    let all = bytes(3_000_000);
    let at = tus.begin(all.len() as u64);
    for (from, to, killed) in [(0, 700_001, false), (700_001, 1_900_000, true)] {
        let mut piece = tus.piece(&at, from as u64, (all.len() - from) as u64);
        piece.write_all(&all[from..to]).unwrap();
        until("what was sent has arrived", || tus.offset(&at) == to as u64);
        match killed {
            true => {
                daemon.kill9();
                daemon.restart();
            }
            false => drop(piece),
        }
        assert_eq!(tus.offset(&at), to as u64);
        let refused = tus.patch(&at, 5, b"x");
        assert_eq!(
            (refused.status, refused.code()),
            (409, "upload_conflict".to_owned())
        );
    }
    let done = tus.patch(&at, 1_900_000, &all[1_900_000..]);
    assert_eq!(
        (done.status, done.header("Upload-Offset")),
        (204, "3000000")
    );
    assert!(std::fs::read(file(&daemon, &at)).unwrap() == all);
    let beyond = tus.patch(&at, 3_000_000, b"x");
    assert_eq!(beyond.status, 413, "{beyond:?}");
    assert_eq!(
        std::fs::metadata(file(&daemon, &at)).unwrap().len(),
        3_000_000
    );
}

#[test]
fn a_request_that_goes_on_ends_the_one_before() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let tus = Tus::new(&daemon);
    let at = tus.begin(10);
    let mut first = tus.piece(&at, 0, 10);
    first.write_all(b"abc").unwrap();
    until("three bytes arrived", || tus.offset(&at) == 3);
    assert_eq!(tus.patch(&at, 3, b"defg").status, 204);
    // It lives, and does not know better.
    first.write_all(b"XXXXXXX").unwrap();
    assert_eq!(crate::tus::answer(first).status, 409);
    assert_eq!(tus.patch(&at, 7, b"hij").status, 204);
    assert_eq!(std::fs::read(file(&daemon, &at)).unwrap(), b"abcdefghij");
}

#[test]
fn a_job_may_be_submitted_before_its_upload_is_complete() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let tus = Tus::new(&daemon);
    let whole = std::fs::read(clip(2)).unwrap();
    let half = whole.len() / 2;
    let at = tus.begin(whole.len() as u64);
    assert_eq!(tus.patch(&at, 0, &whole[..half]).status, 204);
    let job = daemon.submit(&job_over(&at));
    let cancelled = daemon.submit(&job_over(&at));
    daemon.tell(cancelled.id, "cancel").unwrap();
    let needed = tus.ask(&format!("DELETE {at}"), &[]);
    assert_eq!(
        (needed.status, needed.code()),
        (409, "upload_conflict".to_owned())
    );
    daemon.stop();
    daemon.restart();
    assert_eq!(daemon.job(job.id).state, JobState::Queued);
    assert_eq!(tus.patch(&at, half as u64, &whole[half..]).status, 204);
    let done = daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&done));
    assert_eq!(daemon.job(cancelled.id).state, JobState::Cancelled);
    // Another one over what is there, and then it may go.
    let second = daemon.submit(&job_over(&at));
    daemon.wait_for(second.id, JobState::Completed);
    assert_eq!(tus.ask(&format!("DELETE {at}"), &[]).status, 204);
    assert!(!file(&daemon, &at).exists());
    assert_eq!(tus.head(&at).status, 404);
    match daemon.try_submit(&job_over(&at), None) {
        Err(Bad::Refused(refused)) => assert_eq!(refused.code, "input_not_found"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_ran_out_of_time_is_gone_and_fails_who_waits_for_it() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let tus = Tus::new(&daemon);
    let (late, needed) = (tus.begin(10), tus.begin(0));
    tus.patch(&late, 0, b"abc");
    let waiting = daemon.submit(&job_over(&late));
    // An empty file is complete at once, and no video.
    let failed = daemon.submit(&job_over(&needed));
    daemon.wait_for(failed.id, JobState::Failed);
    daemon.stop();
    let db = rusqlite::Connection::open(daemon.path("data/store.db")).unwrap();
    db.execute("UPDATE uploads SET expires_at = 1", []).unwrap();
    drop(db);
    std::fs::write(daemon.path("data/uploads/nobody's"), "x").unwrap();
    daemon.restart();
    let job = daemon.wait_for(waiting.id, JobState::Failed);
    assert_eq!(job.failure.unwrap().code, "upload_expired");
    for answer in [tus.head(&late), tus.patch(&late, 3, b"d")] {
        assert_eq!(answer.status, 410, "{answer:?}");
    }
    assert!(!file(&daemon, &late).exists());
    assert!(!daemon.path("data/uploads/nobody's").exists());
    // Its job ended just now.
    assert_eq!(tus.head(&needed).status, 200);
}

#[test]
fn a_tenant_has_so_much_room_and_sees_its_own() {
    let _turn = turn();
    let daemon = Daemon::start("[uploads]\nmax_mib = 2\ntenant_mib = 3\ntenant_count = 3\n");
    let of = |tenant: &str| {
        let mut command = newsreel(["key", "new", "--name", tenant, "--scope", "read,submit"]);
        command.args(["--tenant", tenant, "--data-dir"]);
        command.arg(daemon.path("data"));
        Tus {
            key: Some(run(&mut command).expect(0).stdout.trim().to_owned()),
            ..Tus::new(&daemon)
        }
    };
    let (sport, news) = (of("sport"), of("news"));
    let mib = 1 << 20;
    let refused = |tus: &Tus, length: u64| {
        let answer = tus.try_begin(length);
        (answer.status, answer.code())
    };
    assert_eq!(
        refused(&sport, 2 * mib + 1),
        (413, "request_too_large".to_owned())
    );
    let at = sport.begin(2 * mib);
    assert_eq!(refused(&sport, mib + 1), (413, "upload_quota".to_owned()));
    news.begin(2 * mib);
    for _ in 0..2 {
        sport.begin(1);
    }
    assert_eq!(refused(&sport, 1), (413, "upload_quota".to_owned()));
    let foreign = [
        news.head(&at).status,
        news.patch(&at, 0, b"x").status,
        news.ask(&format!("DELETE {at}"), &[]).status,
    ];
    assert_eq!(foreign, [404, 404, 404]);
    let job = json!({"input": {"upload": id(&at)}}).to_string();
    let submit = |tus: &Tus| {
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", job.len().to_string()),
        ];
        let mut connection = tus.send("POST /v1/jobs", &headers);
        connection.write_all(job.as_bytes()).unwrap();
        crate::tus::answer(connection)
    };
    let not_theirs = submit(&news);
    assert_eq!(
        (not_theirs.status, not_theirs.code()),
        (422, "input_not_found".to_owned())
    );
    assert_eq!(submit(&sport).status, 201);
    assert_eq!(sport.offset(&at), 0);
}

#[test]
fn curl_sends_a_file() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let tus = Tus::new(&daemon);
    let source = daemon.path("in/source");
    let all = bytes(2_500_000);
    std::fs::write(&source, &all).unwrap();
    let at = tus.begin(all.len() as u64);
    let sent = Command::new("curl")
        .args(["--silent", "--fail", "--request", "PATCH", "--data-binary"])
        .arg(format!("@{}", source.display()))
        .args(["--header", "Tus-Resumable: 1.0.0"])
        .args(["--header", "Content-Type: application/offset+octet-stream"])
        .args(["--header", "Upload-Offset: 0"])
        .arg(format!("http://{}{at}", daemon.address()))
        .status();
    assert!(sent.unwrap().success());
    assert!(std::fs::read(file(&daemon, &at)).unwrap() == all);
}

#[test]
fn tus_js_client_goes_on_after_it_was_stopped() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let source = daemon.path("in/source");
    let all = bytes(6_000_000);
    std::fs::write(&source, &all).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/browser/upload.mjs");
    let send = |stop_at: &str| {
        let done = Command::new("node")
            .arg(&script)
            .arg(format!("http://{}/v1/uploads", daemon.address()))
            .arg(&source)
            .arg(daemon.path("in/resume.json"))
            .arg(stop_at)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            done.status.success(),
            "scripts/setup --test installs what it needs: {said}"
        );
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let stopped = send("2000000");
    let offset = Tus::new(&daemon).offset(&stopped);
    assert!((1..6_000_000).contains(&offset), "{offset}");
    daemon.kill9();
    daemon.restart();
    // Its address is another now; the client kept it whole, so only the path is taken from it.
    let kept = std::fs::read_to_string(daemon.path("in/resume.json")).unwrap();
    let old = kept
        .split("http://")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let moved = kept.replace(old, &daemon.address());
    std::fs::write(daemon.path("in/resume.json"), moved).unwrap();
    assert_eq!(send("0"), stopped, "the same upload");
    assert!(std::fs::read(file(&daemon, &stopped)).unwrap() == all);
}
