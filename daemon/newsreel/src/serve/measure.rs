//! Finished rungs measured against their source, in a worker of its own while the job is being finished: everything can be
//! played by then. Not the measuring itself (`worker/measure.rs`).

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use newsreel_config::Config;
use newsreel_media::measure;
use newsreel_model::event::Event;
use newsreel_model::plan::Plan;
use newsreel_model::ports::EventSink;
use newsreel_model::report::Quality;
use newsreel_model::{Cancel, Code, Error, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use super::live::LiveJob;
use super::process;
use crate::job::quality::{Measured, published};
use crate::source::FileSource;
use crate::worker::channel::{self, Channel};
use crate::worker::protocol::{self, Done, Order, Task, ToMeasure, Word};

/// The most bytes of finished segments that are handed over: they lie in memory meanwhile. Of more, every other segment stays
/// behind.
const MOST_BYTES: u64 = 256 << 20;

/// What is measured.
struct Finished<'a> {
    source: &'a FileSource,
    dir: &'a Path,
    plan: &'a Plan,
    index: &'a OwnedFd,
}

impl LiveJob {
    /// How like the source the rungs are, where the job asks for it.
    ///
    /// # Errors
    /// Cancelled.
    pub(super) fn measure(
        &self,
        plan: &Plan,
        index: &OwnedFd,
        config: &Config,
    ) -> Result<Measured> {
        if !self.job.spec.measure || plan.is_sound_alone() {
            return Ok(Measured::default());
        }
        let finished = Finished {
            source: &self.source,
            dir: self.dir(),
            plan,
            index,
        };
        let measured = Measured::of(measure(&finished, config, &self.cancel))?;
        for warning in measured.warning.iter().cloned() {
            self.milestones.emit(&Event::Warning { warning });
        }
        Ok(measured)
    }
}

/// Starts a worker, gives it all it needs and waits for what it says.
///
/// # Errors
/// Cancelled, or the worker failed, stood still or died.
fn measure(job: &Finished<'_>, config: &Config, cancel: &Cancel) -> Result<Vec<Quality>> {
    let (task, pieces) = gather(job, config)?;
    let task = serde_json::to_vec(&Task::Measure(task)).map_err(|e| Error::bug(e.to_string()))?;
    let task = channel::in_memory(&task)?;
    let worker = &config.worker;
    let (channel, child) = process::start((worker.memory_mib, worker.nice), |_| {})?;
    let _child = Ends(child);
    // A worker says something four times a second; one that is silent for so long is gone.
    let lease = Duration::from_secs(u64::from(worker.lease_s));
    set_socket_timeout(&channel, Timeout::Recv, Some(lease))
        .map_err(|e| Error::bug(format!("a worker's socket takes no limit: {e}")))?;
    let fds = [
        job.source.file().as_fd(),
        task.as_fd(),
        job.index.as_fd(),
        pieces.as_fd(),
    ];
    channel.send(&Order::Start { epoch: 0 }, &fds)?;
    listen(&channel, config, cancel)
}

/// The finished segments in one file in memory, and what says where each of them is.
fn gather(job: &Finished<'_>, config: &Config) -> Result<(ToMeasure, File)> {
    let rungs = job.plan.video.rungs.len();
    let mut segments = measure::sample(job.plan);
    loop {
        let failed = |e: std::io::Error| Error::bug(format!("a file in memory failed: {e}"));
        let file = memfd_create("newsreel", MemfdFlags::CLOEXEC).map_err(|e| failed(e.into()))?;
        let mut file = File::from(file);
        let mut lengths: Vec<u64> = Vec::new();
        'all: for &segment in &segments {
            for rung in 0..rungs {
                let piece = published(job.dir, job.plan, rung, segment)?;
                file.write_all(&piece).map_err(failed)?;
                lengths.push(piece.len() as u64);
                if lengths.iter().sum::<u64>() > MOST_BYTES && segments.len() > 1 {
                    break 'all;
                }
            }
        }
        if lengths.len() == segments.len() * rungs {
            let task = ToMeasure {
                plan: job.plan.clone(),
                limits: config.limits.clone(),
                segments,
                lengths,
            };
            return Ok((task, file));
        }
        segments = segments.into_iter().skip(1).step_by(2).collect();
    }
}

/// Hears the worker out.
fn listen(channel: &Channel, config: &Config, cancel: &Cancel) -> Result<Vec<Quality>> {
    let stall = Duration::from_secs(u64::from(config.worker.stall_s));
    let (mut last, mut moved) = (Done::default(), Instant::now());
    let mut measured = None;
    loop {
        cancel.check()?;
        let Some((word, fds)) = channel.receive::<Word>()? else {
            return Err(Error::new(Code::WorkerLost, "the worker ended"));
        };
        match word {
            Word::Hello { build, .. } if build != protocol::build() => {
                return Err(Error::bug("a worker of another build"));
            }
            Word::Beat { done } => {
                let done = done.first().map_or(last, |(_, done)| *done);
                if done != last {
                    (last, moved) = (done, Instant::now());
                }
                if moved.elapsed() > stall {
                    let words = format!("nothing was compared for {} s", stall.as_secs());
                    return Err(Error::new(Code::WorkerStalled, words));
                }
            }
            Word::Measured { .. } => {
                let fd = fds.into_iter().next();
                let fd = fd.ok_or_else(|| Error::bug("a measurement without its numbers"))?;
                let quality = serde_json::from_slice(&channel::payload(fd)?);
                measured = Some(quality.map_err(|e| Error::bug(format!("a measurement: {e}")))?);
            }
            Word::Ended { failure, .. } => {
                return match (failure, measured) {
                    (Some(failure), _) => Err(failure.into()),
                    (None, Some(quality)) => Ok(quality),
                    (None, None) => Err(Error::bug("the worker measured nothing")),
                };
            }
            _ => {}
        }
    }
}

/// A process that does not outlive its owner.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // Killed or gone already: it is the same.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
