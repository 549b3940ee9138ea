//! What is made of a source beside its runs: pictures, the head start, the sound, the plan. Each in a thread of its own.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Scope, ScopedJoinHandle};

use newsreel_media::audio::{AudioTask, ProgrammeEnd};
use newsreel_media::ffi::{self, Source};
use newsreel_media::pictures::{self, PictureSource};
use newsreel_media::pipeline::RunControl;
use newsreel_media::prepare::{Head, Prepared};
use newsreel_media::sources::TextSource;
use newsreel_media::text;
use newsreel_model::grid::{Run, RungWork};
use newsreel_model::job::layout;
use newsreel_model::plan::{Plan, SubtitlePlan};
use newsreel_model::profile::QualityChoice;
use newsreel_model::report::{FallbackReport, SourceReport};
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Error, Result};

use super::devices::Devices;
use super::sink::{Sink, SoundSink};
use super::telling;
use super::tune::Tuner;

/// A thread of the job.
pub type Handle<'scope> = ScopedJoinHandle<'scope, Result<()>>;

/// Everything of a job that is made once and not in runs.
pub struct Programme<'a> {
    pub source: &'a Arc<dyn Source>,
    pub sink: &'a Sink<'a>,
    /// Paths of what an earlier execution published.
    pub finished: &'a HashSet<String>,
    /// An earlier execution's plan.
    pub known: Option<&'a Plan>,
    /// Whether the title chooses how much quality it needs.
    pub quality: QualityChoice,
    /// Files of subtitles that came with the job.
    pub sidecars: &'a [Sidecar],
    /// Where the first segment is encoded.
    pub devices: &'a Devices,
    /// Told when work leaves a device.
    pub on_fallback: &'a (dyn Fn(FallbackReport) + Sync),
    /// `limits.max_gap_s`.
    pub max_gap_s: f64,
    /// Stops every part when one of them fails.
    pub cancel: &'a Cancel,
    /// Told of every thumbnail.
    pub on_thumbnail: &'a (dyn Fn() + Sync),
    /// Whether the lowest rung's first segment was made ahead of the plan.
    pub made_ahead: AtomicBool,
}

impl Programme<'_> {
    /// Makes everything; `planned` gets the complete plan, and is called while sound and pictures may still go on.
    ///
    /// # Errors
    /// The first failure of any part.
    pub fn make<'scope, 'env, R>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        mut head: Head,
        planned: impl FnOnce(Prepared, SourceReport) -> Result<R>,
    ) -> Result<R> {
        let end = Arc::new(ProgrammeEnd::default());
        let begun = self.begin(scope, &mut head, &end);
        let (pictures, sound, first) = begun.inspect_err(|_| self.give_up(&end))?;

        let texts = std::mem::take(&mut head.texts);
        // Reading the rest of the source goes on beside the head start.
        let whole = head.whole();
        let head_start = first.map_or(Ok(()), join);
        self.sink.sound_may_run.store(true, Ordering::Release);
        ffi::give_back_memory();
        let whole = match (whole, head_start) {
            (Ok(whole), Ok(())) => Ok(whole),
            (Err(e), _) | (_, Err(e)) => Err(e),
        };
        let (mut prepared, source) = whole.inspect_err(|_| self.give_up(&end))?;
        end.is_that_of(&prepared.plan.grid);
        let subtitles = self
            .spawn_subtitles(scope, texts, &prepared)
            .inspect_err(|_| self.give_up(&end))?;
        let tuner = Tuner {
            choice: self.quality,
            known: self.known,
            devices: self.devices,
            on_fallback: self.on_fallback,
            cancel: self.cancel,
        };
        let tuned = tuner.tune(&mut prepared);
        let outcome = tuned
            .and_then(|()| planned(prepared, source))
            .inspect_err(|_| self.give_up(&end));

        let parts = [pictures, sound, subtitles].map(|part| part.map_or(Ok(()), join));
        match (
            outcome,
            telling(parts.into_iter().filter_map(std::result::Result::err)),
        ) {
            (Ok(outcome), None) => Ok(outcome),
            (Err(e), other) => Err(telling(std::iter::once(e).chain(other))
                .unwrap_or_else(|| Error::bug("a job failed without an error"))),
            (Ok(_), Some(e)) => Err(e),
        }
    }

    fn give_up(&self, end: &ProgrammeEnd) {
        self.cancel.cancel();
        end.give_up();
    }

    #[allow(
        clippy::type_complexity,
        reason = "three threads, named where they are taken apart"
    )]
    fn begin<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        head: &mut Head,
        end: &Arc<ProgrammeEnd>,
    ) -> Result<(
        Option<Handle<'scope>>,
        Option<Handle<'scope>>,
        Option<Handle<'scope>>,
    )> {
        let start = head.start();
        let sound = AudioTask::new(self.source, &head.sounds, head.plan(), self.max_gap_s, end);
        if let Some(start) = &start {
            end.is_after(start.runs_on);
        }
        let shown = !head.plan().is_sound_alone();
        let pictures = shown
            .then(|| self.spawn_pictures(scope, head))
            .transpose()?;
        let sound = sound
            .map(|task| self.spawn_sound(scope, task))
            .transpose()?;
        let first = start
            .map(|s| self.spawn_head_start(scope, s.prepared))
            .transpose()?;
        Ok((pictures, sound, first))
    }

    /// The lowest rung's first segment, before anything else of the encode.
    fn spawn_head_start<'scope, 'env>(
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
            let control = RunControl::new(self.cancel.clone());
            self.devices
                .execute(&prepared, &run, self.sink, &control, self.on_fallback)?;
            self.made_ahead.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn spawn_sound<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        mut task: AudioTask,
    ) -> Result<Handle<'scope>> {
        spawn(scope, "sound", move || {
            let dirs = task.renditions.iter();
            let dirs: Vec<String> = dirs.map(|(_, a)| layout::audio_dir(&a.name)).collect();
            // An interrupted job's plan says how many segments there are: if all are there, nothing is left to do.
            let planned = self.known.map(|plan| plan.grid.len());
            let is_complete = |dir: &String| {
                planned.is_some_and(|count| (0..count).all(|index| self.has_segment(dir, index)))
            };
            task.renditions
                .retain(|(number, _)| !is_complete(&dirs[*number]));
            let wanted = |number: usize, index: usize| !self.has_segment(&dirs[number], index);
            let mut sink = SoundSink::new(self.sink, task.renditions.len());
            task.run(&wanted, &mut sink, self.cancel)
        })
    }

    /// Subtitles wait for the grid and for nothing else, and nothing waits for them but the end.
    fn spawn_subtitles<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        texts: Vec<TextSource>,
        prepared: &Prepared,
    ) -> Result<Option<Handle<'scope>>> {
        let (plan, captions) = (prepared.plan.clone(), Arc::clone(&prepared.captions));
        let files = |track: &SubtitlePlan| {
            let dir = layout::subtitle_dir(&track.name);
            let segments = (0..plan.grid.len()).map(layout::subtitle_segment);
            let names = segments.chain([layout::SUBTITLES_WHOLE.to_owned()]);
            names
                .map(move |file| format!("{dir}/{file}"))
                .collect::<Vec<_>>()
        };
        let paths: Vec<Vec<String>> = plan.subtitles.iter().map(files).collect();
        if paths
            .iter()
            .flatten()
            .all(|path| self.finished.contains(path))
        {
            return Ok(None);
        }
        let handle = spawn(scope, "subtitles", move || {
            let sidecars = self.sidecars;
            let tracks = text::read(self.source, &texts, sidecars, &captions, &plan, self.cancel)?;
            for (cues, paths) in tracks.iter().zip(paths) {
                for (index, path) in paths.into_iter().enumerate() {
                    if self.finished.contains(&path) {
                        continue;
                    }
                    let text = if index < plan.grid.len() {
                        text::segment(cues, &plan, index)
                    } else {
                        text::whole(cues)
                    };
                    self.sink.file(path, text.into_bytes())?;
                }
            }
            Ok(())
        })?;
        Ok(Some(handle))
    }

    fn spawn_pictures<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        head: &Head,
    ) -> Result<Handle<'scope>> {
        let plan = head.plan().clone();
        let params = head.video_params();
        let duration_s = head.expected_duration_s().unwrap_or(plan.segment_s);
        spawn(scope, "pictures", move || {
            if self.finished.contains(layout::POSTER) {
                return Ok(());
            }
            let from = PictureSource {
                source: self.source,
                params: &params,
                plan: &plan,
                duration_s,
            };
            let made = pictures::thumbnails(&from, self.cancel)?;
            let sizes: Vec<&str> = std::iter::once("")
                .chain(plan.thumbnails.sizes.iter().map(|s| s.name.as_str()))
                .collect();
            for (index, thumbnail) in made.thumbnails.into_iter().enumerate() {
                (self.on_thumbnail)();
                for (size, jpeg) in sizes.iter().zip(thumbnail) {
                    self.sink.file(layout::thumbnail_in(size, index), jpeg)?;
                }
            }
            // The usual poster comes last: with it they are all there.
            let posters = sizes.into_iter().zip(made.poster.unwrap_or_default());
            for (size, jpeg) in posters.rev() {
                self.sink.file(layout::poster_in(size), jpeg)?;
            }
            ffi::give_back_memory();
            Ok(())
        })
    }

    fn has_segment(&self, dir: &str, index: usize) -> bool {
        has_segment(self.finished, dir, index)
    }
}

/// Whether `finished` has this segment of the rendition in `dir`.
pub fn has_segment(finished: &HashSet<String>, dir: &str, index: usize) -> bool {
    finished.contains(&format!("{dir}/{}", layout::segment(index)))
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
