//! The same work in several sessions beside each other, and how long it took. Not the work.

use std::time::{Duration, Instant};

use newsreel_model::{Error, Result};

use crate::calibration::Throughput;

/// Has all sessions, which are open already, work until `time` has passed and then finish what they began. `work` is told
/// until when, and gives its pictures and pixels.
pub fn together<S: Send>(
    sessions: Vec<S>,
    time: Duration,
    work: impl Fn(S, Instant) -> Result<(u64, u64)> + Sync,
) -> Result<Throughput> {
    let (began, work) = (Instant::now(), &work);
    let until = began + time;
    let done = std::thread::scope(|scope| {
        let start = |session| scope.spawn(move || work(session, until));
        let threads: Vec<_> = sessions.into_iter().map(start).collect();
        let ended = threads.into_iter().map(|thread| {
            let panicked = |_| Err(Error::bug("a session that was measured panicked"));
            thread.join().unwrap_or_else(panicked)
        });
        ended.collect::<Result<Vec<_>>>()
    })?;
    Ok(Throughput {
        frames: done.iter().map(|(frames, _)| frames).sum(),
        pixels: done.iter().map(|(_, pixels)| pixels).sum(),
        elapsed: began.elapsed(),
    })
}
