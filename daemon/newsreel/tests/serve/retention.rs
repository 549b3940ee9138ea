//! Ended jobs that are kept no longer: gone from the list and from the disk, whatever others wait or run.

use newsreel_model::job::JobState;

use crate::clip;
use crate::daemon::{Bad, Daemon, dir, spec};
use crate::processes::until;
use crate::support::turn;

#[test]
fn the_jobs_that_ended_first_make_room() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let jobs: Vec<_> = (0..3)
        .map(|n| {
            let mut spec = spec(&clip(20), "story");
            if n == 1 {
                let url = url::Url::from_file_path(daemon.path("out/kept")).unwrap();
                spec.destination = Some(url.to_string());
            }
            let job = daemon.submit(&spec);
            daemon.wait_for(job.id, JobState::Completed)
        })
        .collect();
    let bytes = |n: usize| -> u64 {
        let files = walk(&dir(&jobs[n]));
        files.iter().map(|f| f.metadata().unwrap().len()).sum()
    };
    let limit_mib = bytes(2).div_ceil(1 << 20);
    assert!(bytes(0) + bytes(2) > limit_mib << 20, "one has to go");
    let path = daemon.path("newsreel.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}[retention]\nmax_mib = {limit_mib}\n")).unwrap();
    until("the first job is forgotten", || daemon.jobs().len() == 2);
    let gone = daemon.ask("GET", &format!("/v1/jobs/{}", jobs[0].id), None, None);
    assert!(matches!(gone, Err(Bad::Refused(refused)) if refused.code == "job_unknown"));
    until("what it left is removed", || !dir(&jobs[0]).exists());
    // What lies in a destination takes no room of the daemon's.
    for n in [1, 2] {
        assert!(dir(&jobs[n]).join("master.m3u8").exists(), "job {n}");
    }
    until("it is counted", || {
        let metrics = daemon.ask("GET", "/metrics", None, None).unwrap();
        let line = "newsreel_jobs_forgotten_total{because_of=\"size\"} 1";
        metrics.as_str().unwrap().contains(line)
    });
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
