//! What goes on beside the runs of a job, each in a thread of its own: pictures, the head start, the sound.

use std::sync::atomic::Ordering;
use std::thread::{Scope, ScopedJoinHandle};

use newsreel_media::audio::AudioTask;
use newsreel_media::engine::Engine;
use newsreel_media::ffi;
use newsreel_media::pictures::{self, PictureSource};
use newsreel_media::pipeline::RunControl;
use newsreel_media::prepare::{Head, Prepared};
use newsreel_model::grid::{Run, RungWork};
use newsreel_model::job::layout;
use newsreel_model::{Error, Result};

use super::sink::SoundSink;
use super::work::Job;

/// A thread of the job.
pub type Handle<'scope> = ScopedJoinHandle<'scope, Result<()>>;

impl Job<'_> {
    /// The lowest rung's first segment, before anything else of the encode.
    pub(super) fn spawn_head_start<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        prepared: Prepared,
    ) -> Result<Handle<'scope>> {
        spawn(scope, "head-start", move || {
            let Some(rung) = prepared.plan.video.rungs.len().checked_sub(1) else {
                return Ok(());
            };
            if self.has_segment(&layout::video_dir(&prepared.plan.video.rungs[rung].name), 0) {
                return Ok(());
            }
            let run = Run {
                id: 0,
                segments: 0..1,
                work: vec![RungWork {
                    rung,
                    segments: vec![0],
                }],
            };
            let control = RunControl::new(self.context.cancel.clone());
            self.engine(cores())
                .open(&prepared, &run)?
                .execute(self.sink, &control)?;
            self.made_ahead.store(true, Ordering::Release);
            Ok(())
        })
    }

    pub(super) fn spawn_sound<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        task: AudioTask,
        segments: Option<usize>,
    ) -> Result<Handle<'scope>> {
        spawn(scope, "sound", move || {
            let dir = layout::audio_dir(&task.plan.language);
            // An interrupted job's plan says how many segments there are: if all are there, nothing is left to do.
            if segments.is_some_and(|count| (0..count).all(|index| self.has_segment(&dir, index))) {
                return Ok(());
            }
            let wanted = |index: usize| !self.has_segment(&dir, index);
            task.run(&wanted, &mut SoundSink(self.sink), &self.context.cancel)
        })
    }

    pub(super) fn spawn_pictures<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        head: &Head,
    ) -> Result<Handle<'scope>> {
        let plan = head.plan().clone();
        let params = head.video_params();
        let duration_s = head.report.header_duration_s.unwrap_or(plan.segment_s);
        spawn(scope, "pictures", move || {
            if self.is_finished(layout::POSTER) {
                return Ok(());
            }
            let from = PictureSource {
                source: &self.context.source,
                params: &params,
                plan: &plan,
                duration_s,
            };
            let made = pictures::thumbnails(&from, &self.context.cancel, |index, jpeg| {
                let path = layout::thumbnail(index);
                self.milestones.thumbnail();
                self.sink.file(path, jpeg.to_vec())
            })?;
            if let Some(poster) = made.poster {
                self.sink.file(layout::POSTER.to_owned(), poster)?;
            }
            ffi::give_back_memory();
            Ok(())
        })
    }
}

/// Cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Starts a thread of the job.
///
/// # Errors
/// The system has no thread left.
pub fn spawn<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    name: &str,
    work: impl FnOnce() -> Result<()> + Send + 'scope,
) -> Result<Handle<'scope>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn_scoped(scope, work)
        .map_err(|e| Error::bug(format!("cannot start a thread: {e}")))
}

/// Waits for a thread of the job and gives its outcome.
///
/// # Errors
/// The thread's own, or that it panicked.
pub fn join(handle: Handle<'_>) -> Result<()> {
    handle
        .join()
        .unwrap_or_else(|_| Err(Error::bug("a thread of the job panicked")))
}
