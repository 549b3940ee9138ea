//! The configuration file is edited while jobs run: what is good counts at once, what is bad is refused, no job notices.

use newsreel_model::job::JobState;
use serde_json::Value;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::{self, until};
use crate::support::turn;
use crate::{clip, sound};

fn config(daemon: &Daemon) -> Value {
    daemon.ask("GET", "/v1/config", None, None).unwrap()
}

/// Puts another file in the place of the configuration, as editors do: what is half written is never seen there.
pub fn edit(daemon: &Daemon, change: impl FnOnce(&str) -> String) {
    let path = daemon.path("newsreel.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let other = daemon.path("newsreel.toml.new");
    std::fs::write(&other, change(&text)).unwrap();
    std::fs::rename(other, path).unwrap();
}

#[test]
fn a_bad_edit_is_refused_with_line_and_caret_a_good_one_is_applied_and_no_job_notices() {
    let _turn = turn();
    let daemon = Daemon::start("[queue]\nmax_queued = 70\n");
    let (pid, job) = (daemon.pid(), daemon.submit(&spec(&clip(20), "story")));
    daemon.wait_for_segments(job.id, 2);
    let before = daemon.store().all_stamps();

    edit(&daemon, |text| {
        text.replace("max_queued = 70", "max_queued = 0")
    });
    until("the bad edit is refused", || {
        config(&daemon)["refused"].is_string()
    });
    let now = config(&daemon);
    let words = now["refused"].as_str().unwrap();
    assert!(words.contains("newsreel.toml:2:14: "), "{words}");
    assert!(
        words.contains("expected 1–1000000") && words.contains('^'),
        "{words}"
    );
    assert_eq!(now["in_force"]["queue"]["max_queued"], 70);
    until("the log says so", || {
        daemon.lines_with("configuration refused") == 1
    });

    // A job of a profile that was not there before is accepted once it is.
    let unknown = daemon.try_submit(&spec(&clip(6), "later"), None);
    assert!(unknown.is_err());
    edit(&daemon, |text| {
        let text = text.replace("max_queued = 0", "max_queued = 71");
        format!(
            "{text}[profiles.later]\npreset = \"ultrafast\"\nrungs = [{{ short_side_px = 96, bitrate_kbps = 90 }}]\n[server]\nlisten = \"127.0.0.1:1\"\n"
        )
    });
    until("the good edit is applied", || {
        config(&daemon)["refused"].is_null()
    });
    let now = config(&daemon);
    assert_eq!(now["in_force"]["queue"]["max_queued"], 71);
    let queue = daemon.ask("GET", "/v1/queue", None, None).unwrap();
    assert_eq!(queue["queued_limit"], 71);
    let later = daemon.submit(&spec(&clip(6), "later"));

    // The daemon of a test listens where its command line says: that has the last word, and nothing needs a restart.
    assert_eq!(now["needs_restart"], serde_json::json!([]));
    edit(&daemon, |text| {
        text.replace("[server]\n", "[server]\nmax_body_bytes = 4096\n")
    });
    until("a change that needs a restart is named", || {
        config(&daemon)["needs_restart"] == serde_json::json!(["server.max_body_bytes"])
    });
    assert_eq!(
        config(&daemon)["in_force"]["server"]["max_body_bytes"],
        1_048_576
    );
    until("the log says so", || {
        daemon.lines_with("4096 (needs a restart)") == 1
    });

    for id in [job.id, later.id] {
        let done = daemon.wait_for(id, JobState::Completed);
        assert_eq!(daemon.store().failures(id), 0);
        sound(&dir(&done));
    }
    before.values().for_each(|finished| finished.unchanged());
    daemon.made_nothing_twice();
    assert_eq!(daemon.pid(), pid);
}

#[test]
fn a_signal_has_it_read_again_and_a_root_that_is_gone_is_a_bad_edit() {
    let _turn = turn();
    let daemon = Daemon::start("");
    processes::signal(daemon.pid(), "HUP");
    until("it is read again", || {
        daemon.lines_with("configuration read") == 1
    });
    let gone = daemon.path("gone");
    edit(&daemon, |text| {
        text.replace("output_roots = [", &format!("output_roots = [{gone:?}, "))
    });
    until("the root is missed", || {
        config(&daemon)["refused"].is_string()
    });
    let words = config(&daemon)["refused"].as_str().unwrap().to_owned();
    assert!(words.contains("storage.output_roots"), "{words}");
    let path = daemon.path("newsreel.toml");
    std::fs::create_dir(&gone).unwrap();
    processes::signal(daemon.pid(), "HUP");
    until("it is taken up", || config(&daemon)["refused"].is_null());
    assert_eq!(daemon.stop(), Some(0), "{}", path.display());
}

#[test]
fn secrets_are_hidden_from_whoever_asks() {
    let _turn = turn();
    let secret = format!("whsec_{}", "A".repeat(44));
    let daemon = Daemon::start(&format!(
        "[webhooks.endpoints.cms]\nurl = \"http://127.0.0.1:9/\"\nsecret = \"{secret}\"\n"
    ));
    let shown = config(&daemon);
    assert_eq!(
        shown["in_force"]["webhooks"]["endpoints"]["cms"]["secret"],
        "(hidden)"
    );
    assert!(!shown.to_string().contains("AAAA"));
    assert!(shown["file"].as_str().unwrap().ends_with("newsreel.toml"));
}
