//! The working part of a job: what runs beside what. Pictures first, the head start, then runs and sound to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;

use newsreel_media::audio::{AudioTask, ProgrammeEnd};
use newsreel_media::ffi;
use newsreel_media::prepare::{Head, Prepared};
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::{Finished, JobRecord, layout};
use newsreel_model::ports::Checkpoints;
use newsreel_model::report::SourceReport;
use newsreel_model::{Code, Error, Result};
use parking_lot::Mutex;

use super::journal::Journal;
use super::playlists::Playlists;
use super::publisher::Publisher;
use super::report::{self, Milestones};
use super::sink::Sink;
use super::tasks::join;
use super::{Context, finish, record, telling};

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

/// The encoding part of a job; `tasks` and `runs` hold the rest of it.
pub struct Job<'a> {
    pub context: &'a Context<'a>,
    /// Pieces of an earlier execution.
    pub finished: &'a [Finished],
    pub sink: &'a Sink<'a>,
    pub milestones: &'a Arc<Milestones>,
    /// Whether the lowest rung's first segment was made before the runs.
    pub made_ahead: AtomicBool,
}

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
        let planned_segments = record.plan.as_ref().map(|p| p.grid.len());
        let started = (|| {
            let pictures = self.spawn_pictures(scope, &head)?;
            let sound = sound
                .map(|task| self.spawn_sound(scope, task, planned_segments))
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

    /// Whether an earlier execution published this file.
    pub fn is_finished(&self, path: &str) -> bool {
        self.finished.iter().any(|f| f.path == path)
    }

    /// Whether an earlier execution published this segment.
    pub fn has_segment(&self, dir: &str, index: usize) -> bool {
        self.is_finished(&format!("{dir}/{}", layout::segment(index)))
    }
}
