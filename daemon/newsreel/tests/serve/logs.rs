//! The log as JSON, for whoever gathers logs: every line is an object, and what belongs to a job names it.

use newsreel_model::job::JobState;
use serde_json::Value;

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::support::turn;

#[test]
fn every_line_is_an_object_and_a_jobs_name_it() {
    let _turn = turn();
    let daemon = Daemon::start_with("", &[("NEWSREEL_LOG_FORMAT", "json")]);
    let job = daemon.submit(&spec(&clip(6), "story"));
    daemon.wait_for(job.id, JobState::Completed);
    assert_eq!(daemon.stop(), Some(0));
    let lines: Vec<Value> = daemon
        .said()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    for line in &lines {
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "{key} of {line}");
        }
    }
    let of_job = |message: &str| {
        let mut all = lines.iter().filter(|line| line["message"] == message);
        all.any(|line| line["job"] == job.id.to_string())
    };
    assert!(of_job("playable") && of_job("ended"), "{}", daemon.said());
}
