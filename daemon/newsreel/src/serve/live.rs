//! A job that is being worked on: its input and directory are open, its pieces have a way to become public.
//!
//! Not here: when and where its parts are executed (`core`), or the worker processes (`host`).

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crossbeam::channel::Sender;
use newsreel_config::{Config, Translation};
use newsreel_model::event::Event;
use newsreel_model::job::{Finished, JobRecord, JobState, layout};
use newsreel_model::plan::{Fingerprint, Plan};
use newsreel_model::ports::EventSink;
use newsreel_model::report::FallbackReport;
use newsreel_model::store::{Change, Store, StoredJob};
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Result};
use parking_lot::Mutex;

use super::checkpoints::StoreCheckpoints;
use super::deliver::Outbound;
use super::inputs::Roots;
use super::message::Message;
use super::records::{new_record, refuse_foreign};
use super::told::Told;
use super::translate::Translations;
use super::{sidecars, spoken};
use crate::job::outdir::OutDir;
use crate::job::playlists::Playlists;
use crate::job::publisher::{Piece, Publisher};
use crate::job::report::{self, Milestones};
use crate::job::sink::{Outlet, published_inits};
use crate::job::{fingerprint, finish, journal, record};
use crate::source::FileSource;
use crate::worker::protocol::Planned;

/// An opened job.
pub struct LiveJob {
    pub job: StoredJob,
    pub source: FileSource,
    /// Files of subtitles beside it.
    pub sidecars: Vec<Sidecar>,
    pub fingerprint: Fingerprint,
    /// The plan of an earlier execution.
    pub known: Option<Plan>,
    /// What was finished when the job was opened.
    pub reused: Vec<Finished>,
    /// Its way to an object store.
    pub outbound: Option<Outbound>,
    out: OutDir,
    record: Mutex<JobRecord>,
    state: Mutex<State>,
    pub(super) translation: Translation,
    pub(super) translations: Translations,
    pub(super) milestones: Arc<Milestones>,
    pub(super) cancel: Cancel,
    store: Arc<dyn Store>,
    tell: Sender<Message>,
}

#[derive(Default)]
struct State {
    planned: Option<Arc<Planned>>,
    index: Option<Arc<OwnedFd>>,
    publishing: Option<(Arc<Publisher>, Arc<Mutex<Playlists>>)>,
    /// Published init segments by path.
    inits: HashMap<String, Vec<u8>>,
    /// Paths of what was handed over to be published.
    underway: HashSet<String>,
    runs: usize,
}

impl LiveJob {
    /// Opens input and directory, and finds what an earlier execution finished. An input that still arrives will have `promised`
    /// bytes.
    ///
    /// # Errors
    /// Input or directory cannot be opened, or are not what the job was begun with.
    pub fn open(
        job: StoredJob,
        promised: Option<u64>,
        roots: &Roots,
        config: &Config,
        store: &Arc<dyn Store>,
        tell: &Sender<Message>,
    ) -> Result<Self> {
        let roots = roots.within(&job.roots);
        let source = roots.open(&job)?.promised(promised);
        let sidecars = sidecars::read(&job, &roots)?;
        let fingerprint = match job.spec.input.upload {
            Some(id) => fingerprint::of_upload(id, &source, &job.profile)?,
            None => fingerprint::of(&source, &job.profile)?,
        };
        let dir = &roots.dir_of(&job);
        // Before anything is written there, and once more with the lock held.
        refuse_foreign(&job, record::read(dir)?.as_ref())?;
        let out = OutDir::open(dir, &fingerprint, false)?;
        refuse_foreign(&job, out.found.as_ref())?;
        let mut reused = store.pieces(job.id)?;
        let before: HashSet<String> = reused.iter().map(|f| f.path.clone()).collect();
        journal::keep_whole(dir, &mut reused);
        let kept: HashSet<&String> = reused.iter().map(|f| &f.path).collect();
        let lost: Vec<String> = before
            .iter()
            .filter(|p| !kept.contains(p))
            .cloned()
            .collect();
        if !lost.is_empty() {
            let forget = Change::Forget {
                job: job.id,
                paths: lost,
            };
            store.apply(vec![(forget, None)])?;
        }
        let record = out
            .found
            .clone()
            .unwrap_or_else(|| new_record(&job, &fingerprint));
        let known = store.plan(job.id)?.map(|(_, plan)| plan);
        let told: Arc<dyn EventSink> = Arc::new(Told {
            job: job.id,
            tell: tell.clone(),
        });
        let mut live = Self {
            source,
            sidecars,
            fingerprint,
            known,
            reused,
            outbound: None,
            out,
            record: Mutex::new(record),
            state: Mutex::default(),
            translation: config.translation.clone(),
            translations: Translations::default(),
            milestones: Arc::new(Milestones::new(Instant::now(), told)),
            cancel: Cancel::default(),
            store: Arc::clone(store),
            tell: tell.clone(),
            job,
        };
        live.write_record(JobState::Running)?;
        live.outbound = Outbound::begin(&live.job, config, live.dir(), &live.reused)?;
        Ok(live)
    }

    /// The output directory.
    pub fn dir(&self) -> &Path {
        &self.out.path
    }

    /// Paths of what is finished now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn finished_paths(&self) -> Result<Vec<String>> {
        let pieces = self.store.pieces(self.job.id)?;
        Ok(pieces.into_iter().map(|f| f.path).collect())
    }

    /// The plan, once there is one: of this execution or of an earlier one.
    pub fn plan(&self) -> Option<Plan> {
        let settled = self.settled().map(|(planned, _)| planned.plan.clone());
        settled.or_else(|| self.known.clone())
    }

    /// Makes ready to publish pieces of `plan`, whose grid may still be empty; makes the way to the disk anew where it broke.
    ///
    /// # Errors
    /// No thread can be started, or the store cannot be read.
    pub fn begin_publishing(&self, plan: &Plan) -> Result<()> {
        let mut state = self.state.lock();
        let works = |(publisher, _): &(Arc<Publisher>, _)| publisher.failure().is_none();
        if state.publishing.as_ref().is_some_and(works) {
            return Ok(());
        }
        let finished = self.store.pieces(self.job.id)?;
        let playlists = Arc::new(Mutex::new(Playlists::new(plan, self.milestones.clone())));
        let checkpoints = StoreCheckpoints::new(
            self.job.id,
            Arc::clone(&self.store),
            finished.clone(),
            self.tell.clone(),
        );
        let publisher = Publisher::start(
            self.dir(),
            Box::new(checkpoints),
            Arc::clone(&playlists),
            Cancel::child(&self.cancel),
        )?;
        state.inits = published_inits(self.dir(), &finished);
        state.underway.clear();
        state.publishing = Some((Arc::new(publisher), playlists));
        Ok(())
    }

    /// Hands a piece over to be published; blocks while the disk is behind.
    ///
    /// # Errors
    /// Publishing failed, or an init segment differs from the one that is public.
    pub fn publish(&self, piece: Piece) -> Result<()> {
        self.undelivered().map_or(Ok(()), Err)?;
        self.translate(&piece);
        let publisher = {
            let mut state = self.state.lock();
            let path = &piece.finished.path;
            if path.ends_with(layout::INIT) {
                match state.inits.get(path) {
                    Some(public) if *public == piece.bytes => return Ok(()),
                    Some(_) => {
                        return Err(Error::new(
                            Code::ParameterSetsDiffer,
                            format!(
                                "a session's parameter sets differ from those published in {path}"
                            ),
                        ));
                    }
                    None => {
                        state.inits.insert(path.clone(), piece.bytes.clone());
                    }
                }
            }
            state.underway.insert(piece.finished.path.clone());
            let publishing = state.publishing.as_ref().map(|p| Arc::clone(&p.0));
            publishing.ok_or_else(|| Error::bug("a piece before its plan"))?
        };
        spoken::keep(&*self.store, self.job.id, &piece)?;
        publisher.publish(piece)
    }

    /// Init segments that are public, by path.
    pub fn inits(&self) -> HashMap<String, Vec<u8>> {
        self.state.lock().inits.clone()
    }

    /// How many those are.
    pub fn inits_public(&self) -> usize {
        self.state.lock().inits.len()
    }

    /// Work went on elsewhere: told, and kept for the report.
    pub fn fell_back(&self, fallback: &FallbackReport) {
        let fallback = fallback.clone();
        self.milestones.emit(&Event::FellBack { fallback });
    }

    /// Paths of what was handed over to be published: finished, or in a moment.
    pub fn underway(&self) -> HashSet<String> {
        self.state.lock().underway.clone()
    }

    /// Waits until everything handed over is finished.
    ///
    /// # Errors
    /// Publishing failed.
    pub fn flush(&self) -> Result<()> {
        let publisher = self
            .state
            .lock()
            .publishing
            .as_ref()
            .map(|p| Arc::clone(&p.0));
        publisher.map_or(Ok(()), |p| p.flush())
    }

    /// Why publishing failed, if it did and was not begun anew.
    pub fn failure(&self) -> Option<Error> {
        let state = self.state.lock();
        let publishing = state.publishing.as_ref().and_then(|p| p.0.failure());
        publishing.or_else(|| self.undelivered())
    }

    /// The plan is complete.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn settle(&self, planned: Planned, index: OwnedFd) -> Result<()> {
        self.begin_publishing(&planned.plan)?;
        self.record.lock().plan = Some(planned.plan.clone());
        {
            let mut state = self.state.lock();
            state.planned = Some(Arc::new(planned));
            state.index = Some(Arc::new(index));
        }
        self.translate_published();
        self.write_record(JobState::Running)
    }

    /// Plan and index, once they are settled.
    pub fn settled(&self) -> Option<(Arc<Planned>, Arc<OwnedFd>)> {
        let state = self.state.lock();
        Some((state.planned.clone()?, state.index.clone()?))
    }

    /// Counts a run, for the report.
    pub fn count_run(&self) {
        self.state.lock().runs += 1;
    }

    /// MP4s, manifests, gate, what was asked to be measured, report, and the completed record.
    ///
    /// # Errors
    /// Writing failed, or the gate found something wrong.
    pub fn finish(&self, config: &Config) -> Result<()> {
        self.flush()?;
        let (planned, index, playlists, runs) = {
            let state = self.state.lock();
            let planned = state.planned.clone().zip(state.index.clone());
            let playlists = state.publishing.as_ref().map(|p| Arc::clone(&p.1));
            match (planned, playlists) {
                (Some((planned, index)), Some(playlists)) => {
                    (planned, index, playlists, state.runs)
                }
                _ => return Err(Error::bug("a job is finished before it is planned")),
            }
        };
        let translated = self.translated(&planned.plan)?;
        let mut plan = planned.plan.clone();
        plan.subtitles.extend(translated.tracks);
        let mut pieces = self.store.pieces(self.job.id)?;
        pieces.extend(translated.files);
        let journal = finish::finish(
            self.dir(),
            &plan,
            &self.cancel,
            &mut playlists.lock(),
            &pieces,
            |_| Ok(Vec::new()),
        )?;
        let measured = self.measure(&plan, &index, config)?;
        let facts = report::Facts {
            plan: &plan,
            source: &planned.source,
            held: planned.held,
            runs,
            reused: &self.reused,
            milestones: &self.milestones,
            quality: &measured.quality,
            warnings: measured
                .warning
                .into_iter()
                .chain(translated.warning)
                .collect(),
        };
        let journal = report::write(&facts, self.dir(), journal)?;
        {
            let mut record = self.record.lock();
            record.plan = Some(plan);
            record.journal.clone_from(&journal);
        }
        self.write_record(JobState::Completed)?;
        self.deliver(&journal, &self.tell)
    }

    /// Records how the job ended, and stops what still writes for it.
    pub fn end(&self, state: JobState) {
        self.cancel.cancel();
        self.outbound.iter().for_each(Outbound::stop);
        if state != JobState::Completed {
            // What the store says is what counts; the record is for whoever looks into the directory.
            let _ = self.write_record(state);
        }
    }

    /// Whether the job ended while it was open: it has to be opened anew to be worked on again.
    pub fn has_ended(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Removes what was only needed while the job ran.
    pub fn tidy(&self) {
        let goes = self.outbound.as_ref().is_some_and(Outbound::goes);
        let work = self.dir().join(layout::WORK);
        let _ = std::fs::remove_dir_all(if goes { self.dir() } else { &work });
    }

    fn write_record(&self, state: JobState) -> Result<()> {
        let mut record = self.record.lock();
        record.state = state;
        record::write(self.dir(), &record)
    }
}
