//! Two jobs that name one destination: one of them gets it.

use newsreel_model::job::JobState;
use newsreel_model::spec::JobSpec;
use url::Url;

use crate::daemon::{Bad, Daemon, dir, spec};
use crate::support::{out, turn};
use crate::{clip, sound};

fn to(daemon: &Daemon, seconds: u32, name: &str) -> JobSpec {
    let mut spec = spec(&clip(seconds), "story");
    let url = Url::from_directory_path(daemon.path("out").join(name)).unwrap();
    spec.destination = Some(url.to_string());
    spec
}

#[track_caller]
fn is_busy(answer: Result<impl std::fmt::Debug, Bad>) {
    match answer {
        Err(Bad::Refused(refused)) => {
            assert_eq!(
                (refused.status, refused.code.as_str()),
                (409, "output_busy")
            );
        }
        other => panic!("409 was expected, not {other:?}"),
    }
}

#[test]
fn of_jobs_that_name_one_destination_one_gets_it() {
    let _turn = turn();
    let daemon = Daemon::start("");
    // Long enough that none of them ends before all have asked.
    let lengths = [20, 30];
    lengths.into_iter().for_each(|seconds| drop(clip(seconds)));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = |n: usize| to(&daemon, lengths[n % 2], "story");
        let asked: Vec<_> = (0..8)
            .map(|n| {
                scope.spawn({
                    let (spec, daemon) = (ask(n), &daemon);
                    move || daemon.try_submit(&spec, None)
                })
            })
            .collect();
        asked.into_iter().map(|a| a.join().unwrap()).collect()
    });
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(accepted.len(), 1, "one gets it");
    refused.into_iter().for_each(is_busy);
    let first = accepted.into_iter().next().unwrap().unwrap();
    is_busy(daemon.try_submit(&to(&daemon, 6, "story"), None));
    let first = daemon.wait_for(first.id, JobState::Completed);
    let place = dir(&first);
    sound(&place);
    let names = out::files(&place);
    let before = out::stamps(&place, &names);

    // Of the same input and of another, when the first is complete.
    for seconds in [6, 9] {
        let late = daemon.submit(&to(&daemon, seconds, "story"));
        let late = daemon.wait_for(late.id, JobState::Failed);
        let failure = late.failure.unwrap();
        assert_eq!(failure.code, "output_foreign", "{}", failure.message);
        assert!(
            failure.message.contains("choose another"),
            "{}",
            failure.message
        );
        assert_eq!(out::files(&place), names);
        out::unchanged(&place, &before);
        // Deleting the job that failed does not take the other's output along.
        daemon
            .ask("DELETE", &format!("/v1/jobs/{}", late.id), None, None)
            .unwrap();
        sound(&place);
    }
    assert!(
        !place.join(".work").exists(),
        "nothing is left of those that came too late"
    );
}
