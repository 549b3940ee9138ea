//! From a run's segments and the sound's to the publisher: names them, guards the init segments, counts progress.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use newsreel_media::audio::AudioSink;
use newsreel_media::boxes;
use newsreel_media::pipeline::{SegmentOutput, SegmentSink};
use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::Plan;
use newsreel_model::{Cancel, Code, Error, Result};
use parking_lot::Mutex;

use super::publisher::Piece;

/// Where pieces go: to the publisher of this process, or from a worker to its daemon.
pub trait Outlet: Sync {
    /// Hands a piece over; blocks while the receiver is behind.
    ///
    /// # Errors
    /// The receiver has failed.
    fn publish(&self, piece: Piece) -> Result<()>;
}

/// What all runs of a job share.
pub struct Sink<'a> {
    outlet: &'a dyn Outlet,
    rungs: Vec<String>,
    /// Directories of the sound's renditions.
    sounds: Vec<String>,
    /// Init segments published so far, by path.
    inits: Mutex<HashMap<String, Vec<u8>>>,
    /// Frames handed to encoders.
    pub frames: Arc<AtomicU64>,
    /// Set once the head start is over, so that the sound does not compete with it.
    pub sound_may_run: AtomicBool,
    cancel: Cancel,
}

impl<'a> Sink<'a> {
    /// A sink that goes on from the init segments published already, by path.
    pub fn new(
        outlet: &'a dyn Outlet,
        plan: &Plan,
        inits: HashMap<String, Vec<u8>>,
        cancel: &Cancel,
    ) -> Self {
        Self {
            outlet,
            rungs: plan
                .video
                .rungs
                .iter()
                .map(|r| layout::video_dir(&r.name))
                .collect(),
            sounds: plan
                .audio
                .iter()
                .map(|a| layout::audio_dir(&a.name))
                .collect(),
            inits: Mutex::new(inits),
            frames: Arc::default(),
            sound_may_run: AtomicBool::new(false),
            cancel: cancel.clone(),
        }
    }

    /// Counts frames where someone else can see them.
    pub fn counting(mut self, frames: &Arc<AtomicU64>) -> Self {
        self.frames = Arc::clone(frames);
        self
    }

    fn publish_init(&self, dir: &str, bytes: Vec<u8>) -> Result<()> {
        let path = format!("{dir}/{}", layout::INIT);
        let mut inits = self.inits.lock();
        if let Some(published) = inits.get(&path) {
            if boxes::carries(published, &bytes) {
                return Ok(());
            }
            return Err(Error::new(
                Code::ParameterSetsDiffer,
                format!("a session's parameter sets differ from those published in {path}"),
            ));
        }
        inits.insert(path.clone(), bytes.clone());
        self.outlet.publish(Piece {
            finished: piece(path, 0, 0, "newsreel".to_owned()),
            bytes,
        })
    }

    /// A finished picture or other file.
    ///
    /// # Errors
    /// Publishing has failed.
    pub fn file(&self, path: String, bytes: Vec<u8>) -> Result<()> {
        self.outlet.publish(Piece {
            finished: piece(path, 0, 0, "newsreel".to_owned()),
            bytes,
        })
    }
}

fn piece(path: String, frames: u32, concealed: u32, made_by: String) -> Finished {
    Finished {
        path,
        bytes: 0,
        hash: String::new(),
        frames,
        concealed,
        made_by,
    }
}

impl SegmentSink for Sink<'_> {
    fn init(&self, rung: usize, bytes: Vec<u8>) -> Result<()> {
        self.publish_init(&self.rungs[rung], bytes)
    }

    fn segment(&self, s: SegmentOutput) -> Result<()> {
        let path = format!("{}/{}", self.rungs[s.rung], layout::segment(s.segment));
        self.outlet.publish(Piece {
            finished: piece(path, s.frames, s.concealed, s.made_by),
            bytes: s.bytes,
        })
    }

    fn moved(&self, _rung: usize, _segment: usize, _made_by: &str, _reason: &Error) {}

    fn frames(&self, count: u64) {
        self.frames.fetch_add(count, Ordering::Relaxed);
    }
}

/// The init segments among what is published in `dir`, by path.
pub fn published_inits(dir: &Path, finished: &[Finished]) -> HashMap<String, Vec<u8>> {
    finished
        .iter()
        .filter(|f| f.path.ends_with(layout::INIT))
        .filter_map(|f| Some((f.path.clone(), std::fs::read(dir.join(&f.path)).ok()?)))
        .collect()
}

/// The sound's side of the sink.
pub struct SoundSink<'a> {
    sink: &'a Sink<'a>,
    /// Renditions that may still have to begin.
    beginning: usize,
}

impl<'a> SoundSink<'a> {
    /// For a task that makes so many renditions.
    pub fn new(sink: &'a Sink<'a>, renditions: usize) -> Self {
        Self {
            sink,
            beginning: renditions,
        }
    }

    fn dir(&self, rendition: usize) -> Result<&'a String> {
        let dir = self.sink.sounds.get(rendition);
        dir.ok_or_else(|| Error::bug("sound without a plan for it"))
    }

    /// One segment of each is enough to begin with; the rest waits until the picture has begun too.
    fn wait_for_the_picture(&self) -> Result<()> {
        while !self.sink.sound_may_run.load(Ordering::Acquire) {
            self.sink.cancel.check()?;
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(())
    }
}

impl AudioSink for SoundSink<'_> {
    fn init(&mut self, rendition: usize, bytes: Vec<u8>) -> Result<()> {
        self.sink.publish_init(self.dir(rendition)?, bytes)
    }

    fn segment(
        &mut self,
        rendition: usize,
        index: usize,
        bytes: Vec<u8>,
        units: u32,
    ) -> Result<()> {
        if index > 0 {
            self.wait_for_the_picture()?;
        }
        let path = format!("{}/{}", self.dir(rendition)?, layout::segment(index));
        self.sink.outlet.publish(Piece {
            finished: piece(path, units, 0, "cpu/aac".to_owned()),
            bytes,
        })?;
        if index == 0 {
            self.beginning = self.beginning.saturating_sub(1);
            if self.beginning == 0 {
                self.wait_for_the_picture()?;
            }
        }
        Ok(())
    }
}
