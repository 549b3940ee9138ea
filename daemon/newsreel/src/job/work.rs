//! The working part of a job: what runs beside what. Pictures first, the head start, then runs and sound to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use newsreel_cpu::CpuEngine;
use newsreel_media::audio::{AudioTask, ProgrammeEnd};
use newsreel_media::engine::Engine;
use newsreel_media::ffi;
use newsreel_media::pictures::{self, PictureSource};
use newsreel_media::pipeline::RunControl;
use newsreel_media::prepare::{Head, Prepared};
use newsreel_model::event::{Event, Phase};
use newsreel_model::grid::{Run, RungWork, cut_runs};
use newsreel_model::job::{Finished, JobRecord, layout};
use newsreel_model::ports::Checkpoints;
use newsreel_model::report::SourceReport;
use newsreel_model::{Code, Error, Result};
use parking_lot::Mutex;

use super::journal::Journal;
use super::playlists::Playlists;
use super::publisher::Publisher;
use super::report::{self, Milestones};
use super::sink::{Sink, SoundSink};
use super::{Context, finish, record, telling};

/// A run shorter than this many segments costs more in warm-up than it gains.
const SHORTEST_RUN: usize = 4;

/// Does everything between the plan and the completed record.
///
/// # Errors
/// The first failure of any part.
pub fn execute(
    context: &Context<'_>,
    head: Head,
    journal: Journal,
    record: &mut JobRecord,
) -> Result<()> {
    let milestones = Arc::new(Milestones::new(context.started, Arc::clone(context.events)));
    let playlists = Arc::new(Mutex::new(Playlists::new(head.plan(), milestones.clone())));
    let finished = journal.finished().to_vec();
    let publisher = Publisher::start(
        &context.dir,
        journal,
        Arc::clone(&playlists),
        context.cancel.clone(),
    )?;
    let sink = Sink::new(
        &publisher,
        &context.dir,
        head.plan(),
        &finished,
        &context.cancel,
    );
    let job = Job {
        context,
        finished: &finished,
        sink: &sink,
        milestones: &milestones,
        made_ahead: AtomicBool::new(false),
    };

    let encoded = std::thread::scope(|scope| {
        let result = job.encode(scope, head, record);
        if result.is_err() {
            context.cancel.cancel();
        }
        result
    });
    // The publisher's own failure is what stopped the others.
    let failure = publisher.failure();
    let (encoded, journal) = match (encoded, publisher.finish()) {
        (Ok(encoded), Ok(journal)) => (encoded, journal),
        (encoded, journal) => {
            let errors = failure
                .into_iter()
                .chain(journal.err())
                .chain(encoded.err());
            return Err(
                telling(errors).unwrap_or_else(|| Error::bug("a job failed without an error"))
            );
        }
    };

    let facts = report::Facts {
        encoded: &encoded,
        reused: &finished,
        milestones: &milestones,
    };
    context.events.emit(&Event::Phase {
        phase: Phase::Packaging,
    });
    ffi::give_back_memory();
    let journal = finish::finish(
        context,
        &encoded.prepared,
        &mut playlists.lock(),
        journal.finished(),
    )?;
    record.journal = report::write(&facts, &context.dir, journal)?;
    Ok(())
}

/// What the encoding part hands to the finishing part.
pub struct Encoded {
    pub prepared: Prepared,
    pub source: SourceReport,
    pub runs: usize,
}

struct Job<'a> {
    context: &'a Context<'a>,
    finished: &'a [Finished],
    sink: &'a Sink<'a>,
    milestones: &'a Arc<Milestones>,
    /// Whether the lowest rung's first segment was made before the runs.
    made_ahead: AtomicBool,
}

type Handle<'scope> = ScopedJoinHandle<'scope, Result<()>>;

impl Job<'_> {
    fn encode<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        head: Head,
        record: &mut JobRecord,
    ) -> Result<Encoded> {
        let cancel = &self.context.cancel;
        let end = Arc::new(ProgrammeEnd::default());
        let gap = self.context.request.limits.max_gap_s;
        let sound = AudioTask::new(
            &self.context.source,
            head.sound.as_ref(),
            head.plan(),
            gap,
            &end,
        );
        let start = head.start();
        if let Some(start) = &start {
            end.is_after(start.runs_on);
        }
        let started = (|| {
            let pictures = self.spawn_pictures(scope, &head)?;
            let sound = sound
                .map(|task| self.spawn_sound(scope, task))
                .transpose()?;
            let first = start
                .map(|s| self.spawn_head_start(scope, s.prepared))
                .transpose()?;
            Ok((pictures, sound, first))
        })();
        let (pictures, sound, first) = started.inspect_err(|_: &Error| {
            cancel.cancel();
            end.give_up();
        })?;

        // Reading the rest of the source goes on beside the head start.
        let whole = head.whole();
        let head_start = first.map_or(Ok(()), join);
        self.sink.sound_may_run.store(true, Ordering::Release);
        ffi::give_back_memory();
        let planned = match (whole, head_start) {
            (Ok(whole), Ok(())) => self.settle(whole, record),
            (Err(e), _) | (_, Err(e)) => Err(e),
        };
        let (prepared, source) = planned.inspect_err(|_| {
            cancel.cancel();
            end.give_up();
        })?;
        end.is_that_of(&prepared.plan.grid);

        self.context.events.emit(&Event::Phase {
            phase: Phase::Encoding,
        });
        let runs = self.runs(&prepared);
        let encoded = self.execute_runs(&prepared, &runs);
        if encoded.is_err() {
            cancel.cancel();
        }
        let others = [join(pictures), sound.map_or(Ok(()), join)];
        let errors = std::iter::once(encoded)
            .chain(others)
            .filter_map(std::result::Result::err);
        match telling(errors) {
            Some(e) => Err(e),
            None => Ok(Encoded {
                prepared,
                source,
                runs: runs.len(),
            }),
        }
    }

    /// Records the complete plan, or checks it against the one that an interrupted job was encoded by.
    fn settle(
        &self,
        whole: (Prepared, SourceReport),
        record: &mut JobRecord,
    ) -> Result<(Prepared, SourceReport)> {
        for warning in &whole.0.plan.warnings {
            self.context.events.emit(&Event::Warning {
                warning: warning.clone(),
            });
        }
        let plan = &whole.0.plan;
        match &record.plan {
            Some(old) if old != plan => {
                return Err(Error::new(
                    Code::OutputChanged,
                    format!(
                        "the plan made from the input now differs from the one in {}; use --force to start afresh",
                        self.context.dir.display()
                    ),
                ));
            }
            Some(_) => {}
            None => {
                record.plan = Some(plan.clone());
                record::write(&self.context.dir, record)?;
            }
        }
        Ok(whole)
    }

    fn is_finished(&self, path: &str) -> bool {
        self.finished.iter().any(|f| f.path == path)
    }

    fn has_segment(&self, dir: &str, index: usize) -> bool {
        self.is_finished(&format!("{dir}/{}", layout::segment(index)))
    }

    fn engine(&self) -> CpuEngine {
        CpuEngine::new(cores(), self.context.request.threads_per_encoder)
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
            let control = RunControl::new(self.context.cancel.clone());
            self.engine()
                .open(&prepared, &run)?
                .execute(self.sink, &control)?;
            self.made_ahead.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn spawn_sound<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        task: AudioTask,
    ) -> Result<Handle<'scope>> {
        spawn(scope, "sound", move || {
            let dir = layout::audio_dir(&task.plan.language);
            let wanted = |index: usize| !self.has_segment(&dir, index);
            task.run(&wanted, &mut SoundSink(self.sink), &self.context.cancel)
        })
    }

    fn spawn_pictures<'scope, 'env>(
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
            let mut paths = Vec::new();
            let made = pictures::thumbnails(&from, &self.context.cancel, |index, jpeg| {
                let path = layout::thumbnail(index);
                paths.push(path.clone());
                self.milestones.thumbnail();
                self.sink.file(path, jpeg.to_vec())
            })?;
            if let Some(poster) = made.poster {
                paths.insert(0, layout::POSTER.to_owned());
                self.sink.file(layout::POSTER.to_owned(), poster)?;
            }
            self.context.events.emit(&Event::ThumbnailsReady { paths });
            ffi::give_back_memory();
            Ok(())
        })
    }

    /// What is missing, cut into runs.
    fn runs(&self, prepared: &Prepared) -> Vec<Run> {
        let plan = &prepared.plan;
        let ahead = self.made_ahead.load(Ordering::Acquire);
        let lowest = plan.video.rungs.len().saturating_sub(1);
        let missing: Vec<Vec<usize>> = plan
            .video
            .rungs
            .iter()
            .enumerate()
            .map(|(i, rung)| {
                let dir = layout::video_dir(&rung.name);
                let made = |s: usize| self.has_segment(&dir, s) || (i == lowest && s == 0 && ahead);
                (0..plan.grid.len()).filter(|&s| !made(s)).collect()
            })
            .collect();
        let splittable: Vec<bool> = plan
            .video
            .rungs
            .iter()
            .map(|r| r.rate_control.allows_independent_runs())
            .collect();
        let wished = match self.context.request.runs {
            0 => (plan.grid.len() / SHORTEST_RUN).clamp(1, cores()),
            n => usize::try_from(n).unwrap_or(1),
        };
        cut_runs(&plan.grid, &missing, &splittable, wished, 1)
    }

    fn execute_runs(&self, prepared: &Prepared, runs: &[Run]) -> Result<()> {
        let frames = |w: &RungWork| -> u64 {
            w.segments
                .iter()
                .map(|&s| u64::from(prepared.plan.grid.segments[s].frames))
                .sum()
        };
        let total: u64 = runs.iter().flat_map(|r| &r.work).map(frames).sum();
        let engine = self.engine();
        std::thread::scope(|scope| {
            let mut handles = Vec::new();
            for run in runs {
                let engine = &engine;
                handles.push(spawn(scope, "run", move || {
                    let control = RunControl::new(self.context.cancel.clone());
                    let done = engine
                        .open(prepared, run)?
                        .execute(self.sink, &control)
                        .map(|_| ());
                    if done.is_err() {
                        self.context.cancel.cancel();
                    }
                    done
                })?);
            }
            let before = self.sink.frames.load(Ordering::Relaxed);
            while handles.iter().any(|h| !h.is_finished()) {
                std::thread::sleep(Duration::from_millis(20));
                let done = self.sink.frames.load(Ordering::Relaxed) - before;
                self.milestones
                    .progress(done, total, prepared.plan.duration_s());
            }
            telling(handles.into_iter().filter_map(|h| join(h).err())).map_or(Ok(()), Err)
        })
    }
}

/// Cores this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn spawn<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    name: &str,
    work: impl FnOnce() -> Result<()> + Send + 'scope,
) -> Result<Handle<'scope>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn_scoped(scope, work)
        .map_err(|e| Error::bug(format!("cannot start a thread: {e}")))
}

fn join(handle: Handle<'_>) -> Result<()> {
    handle
        .join()
        .unwrap_or_else(|_| Err(Error::bug("a thread of the job panicked")))
}
