//! Ended jobs that are kept no longer: too old, or too much in all. Not here: removing one (`control`).

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use newsreel_config::{Config, Retention};
use newsreel_model::control::{Control, JobQuery};
use newsreel_model::job::JobState;
use newsreel_model::store::StoredJob;
use newsreel_model::{JobId, Result};

use super::control::Daemon;
use super::place;
use crate::telemetry::JobForgotten;
use crate::threads;

/// How often jobs are looked at, unless the configuration changes.
const EVERY: Duration = Duration::from_secs(600);

/// How often the configuration is.
const LOOK: Duration = Duration::from_secs(1);

/// The most jobs read from the store at a time.
const PAGE: u32 = 200;

/// A job that ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    id: JobId,
    at: Timestamp,
    /// Under the daemon's own directory.
    bytes: u64,
}

/// Begins to look after ended jobs, until the daemon is told to stop.
///
/// # Errors
/// No thread can be started.
pub fn start(daemon: Daemon) -> Result<()> {
    let mut keeper = Keeper {
        daemon,
        sizes: HashMap::new(),
    };
    threads::start("retention", move || keeper.run())
}

struct Keeper {
    daemon: Daemon,
    /// Bytes of jobs by when they ended: what has ended does not grow.
    sizes: HashMap<JobId, (Timestamp, u64)>,
}

impl Keeper {
    fn run(&mut self) {
        let mut last: Option<(Arc<Config>, Instant)> = None;
        while self.daemon.ready() {
            let config = self.daemon.settings.in_force();
            let fresh = |(before, at): &(Arc<Config>, Instant)| {
                Arc::ptr_eq(before, &config) && at.elapsed() < EVERY
            };
            if !last.as_ref().is_some_and(fresh) {
                if let Err(error) = self.pass(&config.retention) {
                    let detail = error.detail();
                    tracing::warn!(detail, "ended jobs cannot be looked after: {error}");
                }
                last = Some((config, Instant::now()));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn pass(&mut self, rules: &Retention) -> Result<()> {
        if *rules == Retention::default() {
            return Ok(());
        }
        let ended = self.ended(rules.max_mib > 0)?;
        for (job, because_of) in surplus(ended, rules, Timestamp::now()) {
            // One that is still being wound up is there the next time.
            match self.daemon.delete_now(job) {
                Ok(()) => JobForgotten { job, because_of }.emit(),
                Err(error) => tracing::warn!(%job, "kept for now: {error}"),
            }
        }
        Ok(())
    }

    fn ended(&mut self, sized: bool) -> Result<Vec<Ended>> {
        let mut all = Vec::new();
        for state in [JobState::Completed, JobState::Failed, JobState::Cancelled] {
            let mut before = None;
            loop {
                let page = self.daemon.store.jobs(&JobQuery {
                    state: Some(state),
                    before,
                    limit: PAGE,
                    ..JobQuery::default()
                })?;
                before = page.last().map(|job| job.id);
                all.extend(page.iter().filter_map(|job| self.one(job, sized)));
                if page.len() < PAGE as usize {
                    break;
                }
            }
        }
        let known: HashSet<JobId> = all.iter().map(|job| job.id).collect();
        self.sizes.retain(|id, _| known.contains(id));
        Ok(all)
    }

    fn one(&mut self, job: &StoredJob, sized: bool) -> Option<Ended> {
        let at = job.ended_at?;
        let own = place::default_destination(&self.daemon.data_dir, job.id);
        let bytes = match self.sizes.get(&job.id) {
            _ if !sized || place::of(job, &self.daemon.data_dir) != own => 0,
            Some((then, bytes)) if *then == at => *bytes,
            _ => bytes_below(&own),
        };
        if sized {
            self.sizes.insert(job.id, (at, bytes));
        }
        let id = job.id;
        Some(Ended { id, at, bytes })
    }
}

/// The jobs to be forgotten and why, those that ended first in front.
fn surplus(mut ended: Vec<Ended>, rules: &Retention, now: Timestamp) -> Vec<(JobId, &'static str)> {
    ended.sort_by_key(|job| (job.at, job.id));
    let kept_for = SignedDuration::from_hours(24 * i64::from(rules.days));
    let oldest = now.checked_sub(kept_for).unwrap_or(Timestamp::MIN);
    let limit = match rules.max_mib {
        0 => u64::MAX,
        mib => mib.saturating_mul(1 << 20),
    };
    let mut bytes: u64 = ended.iter().map(|job| job.bytes).sum();
    let mut gone = Vec::new();
    for job in ended {
        let because_of = if rules.days > 0 && job.at < oldest {
            "age"
        } else if bytes > limit && job.bytes > 0 {
            "size"
        } else {
            continue;
        };
        bytes -= job.bytes;
        gone.push((job.id, because_of));
    }
    gone
}

/// Bytes of all files below a directory. What cannot be read counts nothing.
fn bytes_below(dir: &Path) -> u64 {
    let mut folders = vec![dir.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => folders.push(entry.path()),
                Ok(data) => bytes += data.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn gone(days: u32, max_mib: u64, jobs: &[(u32, u64)]) -> Vec<(usize, &'static str)> {
        let now: Timestamp = "2030-01-31T00:00:00Z".parse().unwrap();
        let ids: Vec<JobId> = jobs.iter().map(|_| JobId::new()).collect();
        let ended = jobs.iter().zip(&ids).map(|((days_ago, mib), id)| Ended {
            id: *id,
            at: now - SignedDuration::from_hours(24 * i64::from(*days_ago)),
            bytes: mib * MIB,
        });
        let rules = Retention { days, max_mib };
        let found = surplus(ended.collect(), &rules, now);
        let place = |id: &JobId| ids.iter().position(|known| known == id).unwrap();
        found.iter().map(|(id, why)| (place(id), *why)).collect()
    }

    #[test]
    fn what_is_too_old_goes_and_nothing_else() {
        assert_eq!(gone(0, 0, &[(30, 5), (1, 5)]), []);
        assert_eq!(gone(7, 0, &[(6, 5), (8, 5), (7, 5)]), [(1, "age")]);
    }

    #[test]
    fn beyond_the_limit_those_that_ended_first_go_until_the_rest_fits() {
        assert_eq!(gone(0, 10, &[(1, 5), (2, 5)]), []);
        let jobs = [(1, 4), (4, 4), (3, 4), (2, 4)];
        assert_eq!(gone(0, 10, &jobs), [(1, "size"), (2, "size")]);
        // What is gone for its age makes room; what takes none is no help.
        assert_eq!(gone(3, 10, &[(5, 8), (2, 0), (1, 9)]), [(0, "age")]);
    }
}
