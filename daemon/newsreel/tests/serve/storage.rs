//! Stories from a bucket and to a bucket: as they are made, over a store and a daemon that go away, and refused where they must be.

use std::collections::BTreeSet;
use std::path::Path;

use newsreel_model::control::JobView;
use newsreel_model::job::JobState;
use newsreel_model::pictures::{PictureSet, PictureSize};
use newsreel_model::spec::JobSpec;

use crate::bucket::{BUCKET, Door, SECRET, Store};
use crate::daemon::{Bad, Daemon, spec};
use crate::processes::until;
use crate::support::{out, turn};
use crate::{clip, sound};

fn to_bucket(seconds: u32, prefix: &str) -> JobSpec {
    let mut spec = spec(&clip(seconds), "story");
    spec.destination = Some(format!("s3://{BUCKET}/{prefix}"));
    spec
}

fn local(daemon: &Daemon, job: &JobView) -> std::path::PathBuf {
    daemon.path("data/jobs").join(job.id.to_string())
}

/// Fails unless the bucket has the files of a job's directory, byte by byte, and no other.
#[track_caller]
fn is_there(store: &Store, dir: &Path, prefix: &str) {
    let visible = |files: BTreeSet<String>| -> BTreeSet<String> {
        let shown = files.into_iter().filter(|f| !f.starts_with('.'));
        shown.collect()
    };
    let made = visible(out::files(dir));
    assert!(
        made.contains("master.m3u8") && made.contains("job.json"),
        "{made:?}"
    );
    assert_eq!(visible(out::files(&store.file(prefix))), made);
    for path in made {
        let there = std::fs::read(store.file(prefix).join(&path)).unwrap();
        assert!(
            there == std::fs::read(dir.join(&path)).unwrap(),
            "{path} differs"
        );
    }
}

/// Fails if anything that never changes was put more often than once.
#[track_caller]
fn nothing_was_sent_twice(store: &Store) {
    let fixed = |key: &str| {
        [".m4s", ".mp4", ".jpg"]
            .iter()
            .any(|end| key.ends_with(end))
    };
    let puts = store.puts().into_iter();
    let twice: Vec<_> = puts
        .filter(|(key, count)| fixed(key) && *count > 1)
        .collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Paths that a playlist in the bucket names but the bucket does not have, and how many it has.
fn look(store: &Store, prefix: &str, path: &str) -> (Vec<String>, usize) {
    let folder = path
        .rsplit_once('/')
        .map_or(String::new(), |(dir, _)| format!("{dir}/"));
    let Ok(text) = std::fs::read_to_string(store.file(&format!("{prefix}/{path}"))) else {
        return (vec![path.to_owned()], 0);
    };
    let uris = text
        .lines()
        .filter_map(|line| match line.strip_prefix('#') {
            Some(tag) => tag.split("URI=\"").nth(1)?.split('"').next(),
            None => Some(line),
        });
    let (mut holes, mut found) = (Vec::new(), 0);
    for uri in uris.filter(|uri| !uri.is_empty()) {
        let named = format!("{folder}{uri}");
        if named.ends_with(".m3u8") {
            let (more, others) = look(store, prefix, &named);
            holes.extend(more);
            found += others;
        } else if store.file(&format!("{prefix}/{named}")).exists() {
            found += 1;
        } else {
            holes.push(named);
        }
    }
    (holes, found)
}

#[test]
fn a_story_goes_from_a_bucket_to_a_bucket_and_can_be_played_from_there_all_the_time() {
    let _turn = turn();
    let store = Store::start();
    store.has("in/a clip.mp4", &clip(20));
    let daemon = Daemon::start(&store.section(SECRET, ""));
    let mut spec = to_bucket(20, "out/story/");
    spec.input.url = format!("s3://{BUCKET}/in/a clip.mp4");
    let job = daemon.submit(&spec);
    assert_eq!(job.destination, format!("s3://{BUCKET}/out/story"));
    let (mut playable, mut most) = (0, 0);
    until("it ends", || {
        if store.file("out/story/master.m3u8").exists() {
            let (holes, found) = look(&store, "out/story", "master.m3u8");
            assert_eq!(holes, [""; 0]);
            (playable, most) = (playable + 1, most.max(found));
        }
        !matches!(
            daemon.job(job.id).state,
            JobState::Queued | JobState::Running
        )
    });
    let done = daemon.wait_for(job.id, JobState::Completed);
    assert!(
        playable > 3,
        "it was playable before it ended: {playable} looks, {most} files"
    );
    let dir = local(&daemon, &done);
    out::complete(&dir);
    is_there(&store, &dir, "out/story");
    nothing_was_sent_twice(&store);
    let told = daemon.store().events(job.id);
    let place = |kind: &str| told.iter().position(|k| k == kind);
    assert!(
        place("output.delivered") < place("job.completed"),
        "{told:?}"
    );
    assert!(place("output.delivered").is_some(), "{told:?}");
    assert!(!daemon.said().contains(SECRET));
    let config = daemon
        .ask("GET", "/v1/config", None, None)
        .unwrap()
        .to_string();
    assert!(config.contains("storage") && !config.contains(SECRET));
}

#[test]
fn a_store_and_a_daemon_that_go_away_are_gone_on_with() {
    let _turn = turn();
    let store = Store::start();
    let daemon = Daemon::start(&store.section(SECRET, "keep_local = false"));
    store.set_door(Door::Shut(9));
    let job = daemon.submit(&to_bucket(20, "story"));
    let known = local(&daemon, &job).join(".work/delivered.jsonl");
    until("some of it is there, and known to be", || {
        let lines = std::fs::read_to_string(&known).unwrap_or_default();
        lines.lines().count() >= 8
    });
    store.stop();
    daemon.wait_for_segments(job.id, 12);
    daemon.kill9();
    daemon.restart();
    store.set_door(Door::Open);
    until("it is made", || {
        local(&daemon, &job).join("report.json").exists()
    });
    assert_eq!(daemon.job(job.id).state, JobState::Running);
    store.restart();
    let done = daemon.wait_for(job.id, JobState::Completed);
    nothing_was_sent_twice(&store);
    assert_eq!(look(&store, "story", "master.m3u8").0, [""; 0]);
    until("what is delivered goes here", || {
        !local(&daemon, &job).exists()
    });
    assert_eq!(daemon.job(done.id).playback_path, None);
    out::complete(&store.file("story"));
}

#[test]
fn what_a_store_refuses_fails_the_job_says_what_to_do_and_can_be_retried() {
    let _turn = turn();
    let store = Store::start();
    let daemon = Daemon::start(&store.section(SECRET, ""));
    store.set_door(Door::Say(403, "QuotaExceeded"));
    let job = daemon.submit(&to_bucket(2, "full"));
    let failure = daemon.wait_for(job.id, JobState::Failed).failure.unwrap();
    assert_eq!(failure.code, "output_unwritable");
    assert!(failure.message.contains("no room"), "{}", failure.message);
    store.set_door(Door::Open);
    daemon.tell(job.id, "retry").unwrap();
    let done = daemon.wait_for(job.id, JobState::Completed);
    is_there(&store, &local(&daemon, &done), "full");

    let other = daemon.submit(&to_bucket(2, "full"));
    let failure = daemon.wait_for(other.id, JobState::Failed).failure.unwrap();
    assert_eq!(failure.code, "output_foreign", "{}", failure.message);
    is_there(&store, &local(&daemon, &done), "full");

    let mut elsewhere = to_bucket(2, "x");
    elsewhere.destination = Some("s3://other/x".to_owned());
    let mut missing = to_bucket(2, "y");
    missing.input.url = format!("s3://{BUCKET}/none.mp4");
    match daemon.try_submit(&elsewhere, None) {
        Err(Bad::Refused(refused)) => assert_eq!(refused.code, "path_forbidden"),
        other => panic!("{other:?}"),
    }
    let gone = daemon.submit(&missing);
    let failure = daemon.wait_for(gone.id, JobState::Failed).failure.unwrap();
    assert_eq!(failure.code, "input_not_found", "{}", failure.message);
}

#[test]
fn a_wrong_secret_fails_the_job_and_is_not_shown() {
    let _turn = turn();
    let store = Store::start();
    let daemon = Daemon::start(&store.section("another-secret", ""));
    let job = daemon.submit(&to_bucket(2, "story"));
    let failure = daemon.wait_for(job.id, JobState::Failed).failure.unwrap();
    assert_eq!(failure.code, "output_unwritable");
    let words = &failure.message;
    assert!(words.contains("[storage.s3.archive]"), "{words}");
    assert!(!words.contains("another-secret") && !daemon.said().contains("another-secret"));
    let mut from = to_bucket(2, "story");
    (from.destination, from.input.url) = (None, format!("s3://{BUCKET}/a.mp4"));
    let failed = daemon.submit(&from);
    let failure = daemon
        .wait_for(failed.id, JobState::Failed)
        .failure
        .unwrap();
    assert_eq!(failure.code, "input_unreadable", "{}", failure.message);
}

#[test]
fn pictures_go_there_in_every_size_and_so_does_a_poster_that_is_chosen_afterwards() {
    let _turn = turn();
    let store = Store::start();
    let daemon = Daemon::start(&store.section(SECRET, "keep_local = false"));
    let mut spec = to_bucket(8, "story");
    let size = |name: &str, width_px: u32| PictureSize {
        name: name.to_owned(),
        width_px,
    };
    spec.thumbnails = vec![size("teaser", 160), size("Teaser", 64)];
    match daemon.try_submit(&spec, None) {
        Err(Bad::Refused(refused)) => assert_eq!(refused.code, "request_invalid"),
        other => panic!("{other:?}"),
    }
    spec.thumbnails = vec![size("teaser", 160), size("tv", 48)];
    let job = daemon.submit(&spec);
    daemon.wait_for(job.id, JobState::Completed);
    let answer = daemon.ask("GET", &format!("/v1/jobs/{}/pictures", job.id), None, None);
    let sets: Vec<PictureSet> = serde_json::from_value(answer.unwrap()).unwrap();
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, ["", "teaser", "tv"]);
    let told = daemon.store().event(job.id, "thumbnails.ready");
    let told: Vec<PictureSet> = serde_json::from_value(told["sets"].clone()).unwrap();
    assert_eq!(told, sets);
    let object = |path: &str| std::fs::read(store.file("story").join(path)).unwrap();
    for set in &sets {
        assert_eq!(set.thumbnails.len(), 2, "{set:?}");
        assert!(set.thumbnails.iter().all(|path| !object(path).is_empty()));
    }

    until("what is delivered goes here", || {
        !local(&daemon, &job).exists()
    });
    let choose = |number: &str| {
        let body = serde_json::json!({ "thumbnail": number });
        daemon.ask(
            "POST",
            &format!("/v1/jobs/{}/poster", job.id),
            None,
            Some(&body),
        )
    };
    for number in ["0001", "0002"] {
        choose(number).unwrap();
        for set in &sets {
            let chosen = set.thumbnails.iter().find(|path| path.contains(number));
            let (chosen, poster) = (chosen.unwrap(), set.poster.as_ref().unwrap());
            assert!(object(chosen) == object(poster), "{poster}");
        }
    }
    // The directory there is as sound as it was, and an address that is none of its own stays as it is.
    out::complete(&store.file("story"));
    match choose("0099") {
        Err(Bad::Refused(refused)) => assert_eq!(refused.code, "request_invalid"),
        other => panic!("{other:?}"),
    }
    let before = object("poster.jpg");
    store.set_door(Door::Say(403, "AccessDenied"));
    match choose("0001") {
        Err(Bad::Refused(refused)) => assert_eq!(refused.code, "output_unwritable"),
        other => panic!("{other:?}"),
    }
    assert!(object("poster.jpg") == before);
    assert!(!local(&daemon, &job).exists());
}

#[test]
fn a_poster_chosen_afterwards_is_the_same_here_and_there() {
    let _turn = turn();
    let store = Store::start();
    let daemon = Daemon::start(&store.section(SECRET, ""));
    let job = daemon.submit(&to_bucket(8, "story"));
    let done = daemon.wait_for(job.id, JobState::Completed);
    let dir = local(&daemon, &done);
    let is = |number: &str| {
        let file = |path: &str| std::fs::read(dir.join(path)).unwrap();
        file("poster.jpg") == file(&format!("thumbs/{number}.jpg"))
    };
    for number in ["0002", "0001"] {
        let body = serde_json::json!({ "thumbnail": number });
        let path = format!("/v1/jobs/{}/poster", job.id);
        daemon.ask("POST", &path, None, Some(&body)).unwrap();
        assert!(is(number));
        is_there(&store, &dir, "story");
        sound(&dir);
    }
}
