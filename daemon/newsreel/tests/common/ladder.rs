//! A finished ladder as it lies on the disk. What must hold of every one of them: `check` and `players`.

mod check;
mod decode;
mod players;

use std::path::{Path, PathBuf};

use newsreel_model::job::{JobRecord, layout};
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::profile::VideoCodec;
use newsreel_model::report::Report;

use super::boxes::{self, Coding, Init};

use decode::decode;

/// An output directory whose job says it is complete.
pub struct Ladder {
    pub dir: PathBuf,
    pub record: JobRecord,
    pub report: Report,
}

/// What the boxes of a rendition say.
pub struct Track {
    pub init: Init,
    pub segments: Vec<SegmentFacts>,
}

pub struct SegmentFacts {
    pub tfdt: u64,
    pub duration: u64,
    pub bytes: u64,
    pub samples: Vec<boxes::Sample>,
}

impl Track {
    /// Presentation time of every picture, rising, in ticks.
    pub fn shown(&self) -> Vec<i64> {
        let samples = self.segments.iter().flat_map(|s| &s.samples);
        let mut times: Vec<i64> = samples.map(|s| s.pts - self.init.media_time).collect();
        times.sort_unstable();
        times
    }

    /// Presentation times of the key pictures.
    pub fn keys(&self) -> Vec<i64> {
        let samples = self.segments.iter().flat_map(|s| &s.samples);
        samples.filter(|s| s.sync).map(|s| s.pts).collect()
    }

    fn seconds(&self, index: usize) -> f64 {
        let priming = if index == 0 { self.init.media_time } else { 0 };
        (self.segments[index].duration as f64 - priming as f64) / f64::from(self.init.timescale)
    }
}

impl Ladder {
    pub fn of(dir: &Path) -> Self {
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        Self {
            dir: dir.to_owned(),
            record: serde_json::from_slice(&read(layout::JOB)).unwrap(),
            report: serde_json::from_slice(&read(layout::REPORT)).unwrap(),
        }
    }

    pub fn plan(&self) -> &Plan {
        self.record.plan.as_ref().unwrap()
    }

    pub fn rungs(&self) -> &[RungPlan] {
        &self.plan().video.rungs
    }

    pub fn lowest(&self) -> &RungPlan {
        self.rungs().last().unwrap()
    }

    pub fn mp4(&self, rung: &RungPlan) -> PathBuf {
        self.dir.join(layout::mp4(&rung.name))
    }

    pub fn index(&self, rung: &RungPlan) -> PathBuf {
        self.dir
            .join(layout::video_dir(&rung.name))
            .join(layout::INDEX)
    }

    /// Reads a rendition's boxes: `video/720p`.
    pub fn track(&self, rendition: &str) -> Track {
        let dir = self.dir.join(rendition);
        let init = boxes::init(&std::fs::read(dir.join(layout::INIT)).unwrap());
        let segments = (0..self.plan().grid.len()).map(|index| {
            let bytes = std::fs::read(dir.join(layout::segment(index))).unwrap();
            let read = boxes::segment(&bytes);
            SegmentFacts {
                tfdt: read.tfdt,
                duration: read.duration(),
                bytes: bytes.len() as u64,
                samples: read.samples,
            }
        });
        Track {
            init,
            segments: segments.collect(),
        }
    }

    pub fn sound(&self, name: &str) -> Track {
        self.track(&layout::audio_dir(name))
    }

    pub fn video(&self, rung: &RungPlan) -> Track {
        self.track(&layout::video_dir(&rung.name))
    }
}

pub fn coding(codec: VideoCodec) -> Coding {
    match codec {
        VideoCodec::H264 => Coding::H264,
        VideoCodec::Hevc => Coding::Hevc,
        VideoCodec::Av1 => Coding::Av1,
    }
}
