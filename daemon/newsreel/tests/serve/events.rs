//! What a job's events tell whoever listens, by the command and over a restart.

use newsreel_model::job::JobState;
use serde_json::Value;

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::support::process::{newsreel, run};
use crate::support::turn;

/// What `newsreel events` prints of a job, to its end.
fn heard(daemon: &Daemon, job: &str, more: &[&str]) -> Vec<Value> {
    let url = format!("http://{}", daemon.address());
    let mut command = newsreel(["events", "--json", "--server", &url, "--job", job]);
    let ended = run(command.args(more)).expect(0);
    ended
        .stdout
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

#[test]
fn the_events_of_a_job_are_told_in_order_and_again_after_a_restart() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let job = daemon.submit(&spec(&clip(12), "story"));
    let id = job.id.to_string();
    // From the first to the last, while it runs.
    let live = heard(&daemon, &id, &[]);
    daemon.wait_for(job.id, JobState::Completed);
    let logged: Vec<&Value> = live.iter().filter(|e| e.get("id").is_some()).collect();
    let kinds: Vec<&str> = logged.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(
        (kinds[0], kinds[kinds.len() - 1]),
        ("job.queued", "job.completed")
    );
    let place = |kind: &str| kinds.iter().position(|k| *k == kind);
    let order = [
        "job.queued",
        "job.started",
        "thumbnails.ready",
        "job.completed",
    ]
    .map(place);
    assert!(
        order.is_sorted() && order.iter().all(Option::is_some),
        "{kinds:?}"
    );
    assert!(
        place("output.playable") < place("job.completed"),
        "{kinds:?}"
    );
    let ids: Vec<u64> = logged.iter().map(|e| e["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert!(live.iter().all(|e| e["job_id"] == id.as_str()), "{live:?}");

    daemon.kill9();
    daemon.restart();
    let again = heard(&daemon, &id, &[]);
    assert!(again.iter().eq(logged.iter().copied()), "{again:?}");
    let half = ids.len() / 2;
    let rest = heard(&daemon, &id, &["--after", &ids[half].to_string()]);
    assert!(
        rest.iter().eq(logged[half + 1..].iter().copied()),
        "{rest:?}"
    );
}
