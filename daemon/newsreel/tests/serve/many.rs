//! Many jobs one after the other: the daemon keeps nothing of those that ended.

use std::collections::VecDeque;

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::{children, descriptors, resident_kib, until};
use crate::support::{Tier, by_tier, tier, turn};
use crate::{clip, sound};

/// Jobs after which the daemon has opened whatever it keeps open.
const WARM_UP: usize = 4;

#[test]
fn after_many_jobs_no_process_descriptor_or_memory_is_left_of_them() {
    let _turn = turn();
    let jobs = by_tier(10, 40, 500);
    println!(
        "!!!!!!!! {jobs} jobs one after the other; in soak 500, and only there memory is measured"
    );
    let daemon = Daemon::start("");
    let clip = clip(2);
    let mut underway = VecDeque::new();
    let mut open = Vec::new();
    let mut resident = 0;
    for number in 0..jobs {
        underway.push_back(daemon.submit(&spec(&clip, "story")).id);
        while underway.len() > 2 || (number == WARM_UP && !underway.is_empty()) {
            let id = underway.pop_front().unwrap();
            let job = daemon.wait_for(id, JobState::Completed);
            sound(&dir(&job));
            std::fs::remove_dir_all(dir(&job)).unwrap();
        }
        if number == WARM_UP {
            idle(&daemon);
            open = descriptors(daemon.pid());
        }
        if number == 100 {
            resident = resident_kib(daemon.pid());
        }
    }
    for id in underway {
        daemon.wait_for(id, JobState::Completed);
    }
    idle(&daemon);
    until("descriptors are back to what they were", || {
        descriptors(daemon.pid()).len() <= open.len()
    });
    if tier() == Tier::Soak {
        let now = resident_kib(daemon.pid());
        println!("{resident} KiB after 100 jobs, {now} KiB after {jobs}");
        assert!(now * 100 < resident * 105, "memory grew by 5 % or more");
    }
}

/// Waits until nothing is left of a job's processes, dead ones included.
fn idle(daemon: &Daemon) {
    until("no child is left", || children(daemon.pid()).is_empty());
}
