//! The disk fills up while jobs run: they wait or say why they failed, the store survives, and with space all goes on.

use std::fs;
use std::path::Path;

use newsreel_model::job::JobState;

use crate::daemon::{Bad, Daemon, dir, folder, spec};
use crate::processes::until;
use crate::support::disk::Disk;
use crate::support::{out, turn};
use crate::{as_if_undisturbed, clip, sound};

/// Takes all the space there is.
fn fill(disk: &Path) {
    let ballast = disk.join("ballast");
    let full = fs::write(&ballast, vec![0u8; 1 << 30]);
    assert!(full.is_err(), "the disk is larger than was thought");
}

#[test]
fn when_the_daemons_disk_fills_up_jobs_wait_and_then_complete() {
    let _turn = turn();
    let folder = folder();
    let Some(disk) = Disk::new(&folder.path().join("data"), 64 * 1024) else {
        return;
    };
    let daemon = Daemon::start_in(folder, "", &[]);
    let jobs: Vec<_> = (0..3)
        .map(|_| daemon.submit(&spec(&clip(60), "story")).id)
        .collect();
    daemon.wait_for_segments(jobs[0], 4);
    let store = daemon.store();
    fill(&disk.0);
    let finished = store.all_stamps();
    // It still answers, and says that it cannot take more or takes it for good.
    match daemon.try_submit(&spec(&clip(2), "story"), None) {
        Ok(job) => drop(daemon.job(job.id)),
        Err(Bad::Refused(refused)) => assert!(
            [503, 507].contains(&refused.status) && refused.code == "disk_full",
            "{refused:?}"
        ),
        Err(other) => panic!("{other:?}"),
    }
    until("work stops", || daemon.workers().is_empty());
    for job in daemon.jobs() {
        let fine = matches!(job.state, JobState::Queued | JobState::Running);
        let told = job.failure.as_ref().is_some_and(|f| f.code == "disk_full");
        assert!(fine || told || job.state == JobState::Completed, "{job:#?}");
    }
    fs::remove_file(disk.0.join("ballast")).unwrap();
    for id in &jobs {
        if daemon.job(*id).state == JobState::Failed {
            daemon.tell(*id, "retry").unwrap();
        }
        let job = daemon.wait_for(*id, JobState::Completed);
        sound(&dir(&job));
    }
    for (_, stamps) in finished {
        stamps.unchanged();
    }
    as_if_undisturbed(&daemon, &daemon.job(jobs[0]));
    daemon.made_nothing_twice();
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_destination_that_fills_up_stops_its_own_job_only() {
    let _turn = turn();
    let folder = folder();
    let small = folder.path().join("out/small");
    let Some(disk) = Disk::new(&small, 512) else {
        return;
    };
    let daemon = Daemon::start_in(folder, "", &[]);
    let mut to_small = spec(&clip(60), "story");
    let url = url::Url::from_directory_path(small.join("story")).unwrap();
    to_small.destination = Some(url.to_string());
    let stuck = daemon.submit(&to_small);
    let other = daemon.submit(&spec(&clip(12), "story"));
    let other = daemon.wait_for(other.id, JobState::Completed);
    sound(&dir(&other));
    until("it is told why it does not get on", || {
        let job = daemon.job(stuck.id);
        job.state == JobState::Failed || job.warnings.iter().any(|w| w.code == "waited_for_disk")
    });
    let job = daemon.job(stuck.id);
    println!("{:?} {:?}", job.state, job.failure);
    let kept = out::finished_media(&dir(&job));
    let before = out::stamps(&dir(&job), &kept);
    disk.grow(64 * 1024);
    if job.state == JobState::Failed {
        assert_eq!(job.failure.unwrap().code, "disk_full");
        daemon.tell(stuck.id, "retry").unwrap();
    }
    let job = daemon.wait_for(stuck.id, JobState::Completed);
    sound(&dir(&job));
    out::unchanged(&dir(&job), &before);
    as_if_undisturbed(&daemon, &job);
}
