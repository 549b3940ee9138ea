//! `kill -9` of the daemon at any moment, with jobs running and more coming in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use newsreel_model::JobId;
use newsreel_model::job::JobState;

use crate::daemon::{Bad, Daemon, dir, spec};
use crate::store::Finished;
use crate::support::{Random, by_tier, turn};
use crate::{as_if_undisturbed, clip, sound};

/// A client that keeps so many jobs unfinished, and asks again under the same key until it has an answer.
struct Client<'a> {
    daemon: &'a Daemon,
    unfinished: usize,
    stop: AtomicBool,
    /// Jobs whose acceptance it has seen, by its own name for them.
    accepted: Mutex<BTreeMap<String, JobId>>,
}

impl Client<'_> {
    fn work(&self) {
        for number in 0.. {
            let Some(()) = self.wait_for_room() else {
                return;
            };
            let name = format!("story-{number}");
            let mut spec = spec(&clip([6, 9, 12][number % 3]), "story");
            spec.external_id = Some(name.clone());
            let job = loop {
                match self.daemon.try_submit(&spec, Some(&name)) {
                    Ok(job) => break job,
                    Err(Bad::Away(_)) => std::thread::sleep(Duration::from_millis(5)),
                    Err(Bad::Refused(refused)) => panic!("{refused:?}"),
                }
            };
            self.accepted.lock().unwrap().insert(name, job.id);
        }
    }

    /// `None` when it is to stop.
    fn wait_for_room(&self) -> Option<()> {
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return None;
            }
            if let Ok(queue) = self.daemon.ask("GET", "/v1/queue", None, None) {
                let waiting =
                    queue["queued"].as_u64().unwrap() + queue["running"].as_u64().unwrap();
                if usize::try_from(waiting).unwrap() < self.unfinished {
                    return Some(());
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Fails unless every job it saw accepted is there.
    #[track_caller]
    fn lost_nothing(&self) {
        for (name, id) in self.accepted.lock().unwrap().clone() {
            assert_eq!(self.daemon.job(id).spec.external_id, Some(name));
        }
    }
}

/// Kills the daemon; what it had finished must be what was finished before the kill before, and more.
#[track_caller]
fn kill(daemon: &Daemon, before: &BTreeMap<JobId, Finished>) -> BTreeMap<JobId, Finished> {
    daemon.kill9();
    let now = daemon.store().all_stamps();
    for (id, earlier) in before {
        earlier.unchanged();
        let lost = earlier
            .files
            .keys()
            .find(|f| !now[id].files.contains_key(*f));
        assert_eq!(lost, None, "finished before, and not any more");
    }
    now
}

#[test]
fn killed_at_random_moments_it_loses_and_doubles_nothing() {
    let _turn = turn();
    let (kills, unfinished) = (by_tier(3, 10, 200), by_tier(6, 20, 20));
    println!("!!!!!!!! {kills} kills with {unfinished} jobs unfinished; in soak 200 with 20");
    let mut random = Random::new("kill -9 of the daemon");
    let daemon = Daemon::start("");
    let client = Client {
        daemon: &daemon,
        unfinished,
        stop: AtomicBool::new(false),
        accepted: Mutex::default(),
    };
    let mut before = BTreeMap::new();
    std::thread::scope(|scope| {
        let clients = scope.spawn(|| client.work());
        for _ in 0..kills {
            std::thread::sleep(Duration::from_millis(random.next() % 2_000));
            before = kill(&daemon, &before);
            daemon.restart();
            client.lost_nothing();
        }
        client.stop.store(true, Ordering::SeqCst);
        clients.join().unwrap();
    });
    let accepted = client.accepted.lock().unwrap().clone();
    let segments: usize = before.values().map(|f| f.files.len()).sum();
    println!(
        "{} jobs, {segments} pieces finished before the last kill",
        accepted.len()
    );
    let done: Vec<_> = accepted
        .values()
        .map(|id| daemon.wait_for(*id, JobState::Completed))
        .collect();
    before.values().for_each(Finished::unchanged);
    daemon.made_nothing_twice();
    let there: Vec<JobId> = daemon.jobs().iter().map(|job| job.id).collect();
    assert_eq!(
        there.len(),
        accepted.len(),
        "as many jobs as were submitted"
    );
    assert_eq!(
        there.iter().collect::<BTreeSet<_>>(),
        accepted.values().collect()
    );
    done.iter().for_each(|job| sound(&dir(job)));
    for _ in 0..by_tier(1, 3, 10) {
        as_if_undisturbed(&daemon, &done[random.below(done.len())]);
    }
}
