//! One session in a worker: a programme or a run, from its order to its end. Knows neither paths nor other sessions.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use newsreel_media::ffi::Source;
use newsreel_media::index::Index;
use newsreel_media::pictures::{self, PictureSource};
use newsreel_media::pipeline::RunControl;
use newsreel_media::prepare::{self, Prepared};
use newsreel_media::resume;
use newsreel_model::job::layout;
use newsreel_model::plan::Plan;
use newsreel_model::profile::Profile;
use newsreel_model::report::{FallbackReport, SourceReport};
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Result};
use parking_lot::{Condvar, Mutex};

use crate::faults;
use crate::job::devices::Devices;
use crate::job::limits;
use crate::job::programme::{Programme, cores};
use crate::job::publisher::Piece;
use crate::job::sink::{Outlet, Sink};
use crate::source::FileSource;

use super::channel::{self, Channel};
use super::device::WorkerDevice;
use super::measure::measure;
use super::protocol::{Done, PIECES_UNDERWAY, Planned, Task, ToMeasure, Word};

/// What others may ask of a running session.
pub struct Session {
    pub epoch: u64,
    pub control: RunControl,
    source: FileSource,
    frames: Arc<AtomicU64>,
    underway: Mutex<usize>,
    taken: Condvar,
}

impl Session {
    /// A session over an opened input, which will have `promised` bytes if it still arrives.
    ///
    /// # Errors
    /// The input is no regular file, or empty.
    pub fn new(epoch: u64, input: OwnedFd, promised: Option<u64>) -> Result<Self> {
        let source = FileSource::over(File::from(input), "the input")?.promised(promised);
        Ok(Self {
            epoch,
            control: RunControl::new(Cancel::default()),
            source,
            frames: Arc::default(),
            underway: Mutex::new(0),
            taken: Condvar::new(),
        })
    }

    /// The daemon took a piece.
    pub fn piece_taken(&self) {
        let mut underway = self.underway.lock();
        *underway = underway.saturating_sub(1);
        self.taken.notify_one();
    }

    /// How much was done so far.
    pub fn done(&self) -> Done {
        Done {
            frames: self.frames.load(Ordering::Relaxed),
            read: self.source.bytes_read(),
        }
    }

    /// Executes the task to its end.
    ///
    /// # Errors
    /// Whatever stopped it.
    pub fn execute(
        &self,
        channel: &Channel,
        device: &WorkerDevice,
        task: Task,
        mut more: impl Iterator<Item = OwnedFd>,
    ) -> Result<()> {
        let source: Arc<dyn Source> = Arc::new(self.source.share());
        let outlet = Pieces {
            session: self,
            channel,
            profile: match &task {
                Task::Programme { profile_name, .. } => profile_name.clone(),
                Task::Run { plan, .. } | Task::Measure(ToMeasure { plan, .. }) => {
                    plan.profile.clone()
                }
            },
            made: AtomicU32::new(0),
        };
        match task {
            Task::Programme {
                profile_name,
                profile,
                finished,
                known,
                limits: l,
                threads_per_encoder,
                spill,
                inits,
                sidecars,
                promised: _,
            } => {
                let devices = device.devices(cores(), threads_per_encoder, spill)?;
                let ask = Ask {
                    profile_name: &profile_name,
                    profile: &profile,
                    limits: limits(&l),
                    max_gap_s: l.max_gap_s,
                    devices: &devices,
                    inits,
                    known: known.as_ref(),
                    sidecars: &sidecars,
                };
                self.programme(&outlet, &source, ask, &finished.into_iter().collect())
            }
            Task::Run {
                plan,
                run,
                limits: l,
                threads_per_encoder,
                cores,
                spill,
                inits,
            } => {
                let index = more.next();
                let index = index.ok_or_else(|| Error::bug("a run without an index"))?;
                let index = Index::from_bytes(&channel::payload(index)?)?;
                let cancel = &self.control.cancel;
                let prepared = resume::resume(&source, index, &plan, limits(&l), cancel)?;
                let devices = device.devices(cores, threads_per_encoder, spill)?;
                let sink = self.sink(&outlet, &prepared.plan, inits, cancel);
                let told = |fallback| outlet.tell(fallback);
                devices.execute(&prepared, &run, &sink, &self.control, &told)
            }
            Task::Measure(task) => {
                let (index, pieces) = (more.next(), more.next());
                let done = || {
                    self.frames.fetch_add(1, Ordering::Relaxed);
                };
                let quality = measure(&source, &task, index, pieces, &done, &self.control)?;
                outlet.say(&Word::Measured { epoch: self.epoch }, &[&json(&quality)?])
            }
        }
    }

    fn sink<'a>(
        &self,
        outlet: &'a Pieces<'_>,
        plan: &Plan,
        inits: HashMap<String, Vec<u8>>,
        cancel: &Cancel,
    ) -> Sink<'a> {
        // The daemon compares once more: others may publish meanwhile.
        Sink::new(outlet, plan, inits, cancel).counting(&self.frames)
    }

    fn programme(
        &self,
        outlet: &Pieces<'_>,
        source: &Arc<dyn Source>,
        ask: Ask<'_>,
        finished: &HashSet<String>,
    ) -> Result<()> {
        let cancel = Cancel::child(&self.control.cancel);
        let head = prepare::head(
            source,
            ask.profile_name,
            ask.profile,
            ask.sidecars,
            ask.limits,
            &cancel,
        )?;
        outlet.say(&Word::Head { epoch: self.epoch }, &[&json(head.plan())?])?;
        let sink = self.sink(outlet, head.plan(), ask.inits, &cancel);
        let told = |fallback| outlet.tell(fallback);
        let programme = Programme {
            source,
            sink: &sink,
            finished,
            known: ask.known,
            quality: ask.profile.quality,
            sidecars: ask.sidecars,
            devices: ask.devices,
            on_fallback: &told,
            max_gap_s: ask.max_gap_s,
            cancel: &cancel,
            on_thumbnail: &|| {},
            made_ahead: AtomicBool::new(false),
        };
        let prepared = std::thread::scope(|scope| {
            programme.make(scope, head, |prepared, source| {
                self.planned(outlet, ask.known, &prepared, source)?;
                Ok(prepared)
            })
        })?;
        if !prepared.plan.is_sound_alone() && !finished.contains(layout::STORYBOARD) {
            storyboard(&sink, source, &prepared, &cancel)?;
        }
        Ok(())
    }

    fn planned(
        &self,
        outlet: &Pieces<'_>,
        known: Option<&Plan>,
        prepared: &Prepared,
        source: SourceReport,
    ) -> Result<()> {
        let plan = &prepared.plan;
        if known.is_some_and(|known| known != plan) {
            return Err(Error::new(
                Code::OutputChanged,
                "the plan made from the input now differs from the one the job was begun with; submit it again",
            ));
        }
        let planned = json(&Planned {
            plan: plan.clone(),
            source,
            held: prepared.slots.held(),
        })?;
        let index = prepared.index.to_bytes()?;
        outlet.say(&Word::Planned { epoch: self.epoch }, &[&planned, &index])
    }
}

/// What is asked of a programme.
struct Ask<'a> {
    profile_name: &'a str,
    profile: &'a Profile,
    limits: prepare::Limits,
    max_gap_s: f64,
    devices: &'a Devices,
    inits: HashMap<String, Vec<u8>>,
    known: Option<&'a Plan>,
    sidecars: &'a [Sidecar],
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| Error::bug(e.to_string()))
}

/// The storyboard is not urgent: it is made when pictures and sound are done.
fn storyboard(
    sink: &Sink<'_>,
    source: &Arc<dyn Source>,
    prepared: &Prepared,
    cancel: &Cancel,
) -> Result<()> {
    let from = PictureSource {
        source,
        params: &prepared.params,
        plan: &prepared.plan,
        duration_s: prepared.plan.duration_s(),
    };
    if let Some(board) = pictures::storyboard(&from, layout::STORYBOARD, cancel)? {
        sink.file(layout::STORYBOARD_VTT.to_owned(), board.vtt.into_bytes())?;
        sink.file(layout::STORYBOARD.to_owned(), board.jpeg)?;
    }
    Ok(())
}

/// Sends pieces to the daemon, a bounded number ahead of it.
struct Pieces<'a> {
    session: &'a Session,
    channel: &'a Channel,
    profile: String,
    made: AtomicU32,
}

impl Pieces<'_> {
    fn say(&self, word: &Word, payloads: &[&[u8]]) -> Result<()> {
        let files = payloads
            .iter()
            .map(|bytes| channel::in_memory(bytes))
            .collect::<Result<Vec<_>>>()?;
        let fds: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        self.channel.send(word, &fds)
    }

    fn tell(&self, fallback: FallbackReport) {
        let epoch = self.session.epoch;
        // A daemon that is gone needs no word.
        let _ = self.say(&Word::FellBack { epoch, fallback }, &[]);
    }
}

impl Outlet for Pieces<'_> {
    fn publish(&self, piece: Piece) -> Result<()> {
        {
            let mut underway = self.session.underway.lock();
            while *underway >= PIECES_UNDERWAY {
                self.session.control.cancel.check()?;
                let moment = std::time::Duration::from_millis(100);
                self.session.taken.wait_for(&mut underway, moment);
            }
            *underway += 1;
        }
        if piece.finished.video_frames() > 0 {
            faults::at_segment(&self.profile, &self.made);
        }
        let word = Word::Piece {
            epoch: self.session.epoch,
            finished: piece.finished,
        };
        self.say(&word, &[&piece.bytes])
    }
}
