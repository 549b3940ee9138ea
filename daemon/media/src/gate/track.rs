//! What the checks of one rendition's boxes leave for the checks of everything derived from it. Not a check itself.

use newsreel_model::job::layout;

use crate::boxes::{InitInfo, Sample};

/// Where one segment is presented, in ticks of its track, the edit list applied; sound may start before 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: i64,
    pub duration: i64,
}

impl Span {
    pub fn end(self) -> i64 {
        self.start.saturating_add(self.duration)
    }

    /// What a player shows of it: what lies before 0 is cut off.
    pub fn shown(self) -> Self {
        let start = self.start.max(0);
        Self {
            start,
            duration: self.end().max(0).saturating_sub(start),
        }
    }
}

/// One rendition, as its boxes describe it.
pub(super) struct Track {
    /// Relative to the job's directory.
    pub dir: String,
    /// Ticks per second, as planned.
    pub timescale: u32,
    /// Its init segment, if it can be read.
    pub info: Option<InitInfo>,
    /// Its segments; `None` for one that is itself not as planned.
    pub segments: Vec<Option<Span>>,
    /// All its samples, if every segment is as planned.
    pub samples: Option<Samples>,
}

impl Track {
    pub fn new(dir: String, timescale: u32, info: Option<InitInfo>) -> Self {
        Self {
            dir,
            timescale: timescale.max(1),
            samples: info.as_ref().map(|_| Samples::default()),
            info,
            segments: Vec::new(),
        }
    }

    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.dir)
    }

    pub fn segment(&self, index: usize) -> String {
        self.file(&layout::segment(index))
    }

    /// Notes the next segment; `None` when it is not as planned.
    pub fn push(&mut self, span: Option<Span>) {
        if span.is_none() {
            self.samples = None;
        }
        self.segments.push(span);
    }

    /// Nothing derived from this track can be held against it any more.
    pub fn distrust(&mut self) {
        self.segments.fill(None);
        self.samples = None;
    }

    /// `ticks` of this track in seconds.
    pub fn seconds(&self, ticks: i64) -> f64 {
        seconds(ticks, self.timescale)
    }
}

/// `ticks` in seconds; an exact quotient is not needed where this is used.
#[allow(
    clippy::cast_precision_loss,
    reason = "ticks stay far below 2^53: a programme is limited to days"
)]
pub(super) fn seconds(ticks: i64, timescale: u32) -> f64 {
    ticks as f64 / f64::from(timescale.max(1))
}

/// A digest of samples in decoding order: size, duration, presentation time, key. Equal digests, equal tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    pub count: u64,
    hasher: blake3::Hasher,
}

impl Samples {
    /// Adds a sample presented at `at` ticks of its track, the edit list applied.
    pub fn add(&mut self, sample: &Sample, at: i64) {
        self.count += 1;
        self.hasher.update(&sample.size.to_le_bytes());
        self.hasher.update(&sample.duration.to_le_bytes());
        self.hasher.update(&at.to_le_bytes());
        self.hasher.update(&[u8::from(sample.key)]);
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.count == other.count && self.hasher.finalize() == other.hasher.finalize()
    }
}
