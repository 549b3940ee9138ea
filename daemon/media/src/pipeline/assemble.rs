//! From a session's packets to whole CMAF segments, independent of the session that made them.
//!
//! A segment is a closed GOP, so its frames' presentation times alone decide its decode times: they begin with the segment,
//! and each packet lasts as long as its picture is shown. Segments of different sessions, encoders and devices join without
//! a seam, and no picture ends beyond its segment: a browser would drop one that did, and all after it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};

use crate::boxes::fragment::{Sample, write_fragment};
use crate::captions::{self, Placed};
use crate::ffi::Packet;

use super::bitstream;

/// Every rendition's only track.
pub const TRACK_ID: u32 = 1;

/// A segment whose frames are on their way.
pub struct Expected {
    /// Index into the grid.
    pub segment: usize,
    /// Presentation time of its first frame.
    pub start_ticks: i64,
    /// Its end.
    pub end_ticks: i64,
    /// How many frames it will have.
    pub frames: u32,
    /// How many of them are repeats of an undecodable frame's predecessor; counted while they are sent.
    pub concealed: u32,
}

/// Collects packets in coding order.
pub struct Assembler {
    codec: VideoCodec,
    /// What its pictures carry beside themselves: every lane's do, whatever its encoder knows of captions.
    captions: Arc<Placed>,
    expected: VecDeque<Expected>,
    /// Presentation times of frames that belong to no segment of this session.
    ignored: HashSet<i64>,
    data: Vec<u8>,
    /// Presentation time and length of each packet of the current segment.
    samples: Vec<(i64, u32)>,
}

impl Assembler {
    pub fn new(codec: VideoCodec, captions: Arc<Placed>) -> Self {
        Self {
            codec,
            captions,
            expected: VecDeque::new(),
            ignored: HashSet::new(),
            data: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// Announces a segment, in order, before its first packet can come.
    pub fn expect(&mut self, expected: Expected) {
        self.expected.push_back(expected);
    }

    /// Announces a frame whose packet is to be thrown away.
    pub fn ignore(&mut self, ticks: i64) {
        self.ignored.insert(ticks);
    }

    /// The segment that frames are being sent for.
    pub fn current(&mut self) -> Option<&mut Expected> {
        self.expected.back_mut()
    }

    /// Whether every announced segment is complete.
    pub fn is_settled(&self) -> bool {
        self.expected.is_empty()
    }

    /// Adds a packet; gives the segment it completes.
    pub fn add(&mut self, packet: &Packet) -> Result<Option<(Expected, Vec<u8>)>> {
        let pts = packet
            .pts()
            .ok_or_else(|| broken("a packet without presentation time"))?;
        if self.ignored.remove(&pts) {
            return Ok(None);
        }
        let Some(expected) = self.expected.front() else {
            return Err(broken("a packet beyond the last segment"));
        };
        let before = self.data.len();
        let caption = captions::nal(self.codec, self.captions.get(pts));
        let (coded, caption) = (packet.data(), caption.as_deref());
        let idr = bitstream::append_sample(self.codec, coded, caption, &mut self.data);
        let first = self.samples.is_empty();
        if first && !(idr && packet.is_key() && pts == expected.start_ticks) {
            return Err(broken("no closed IDR at a grid line"));
        }
        if !first && packet.is_key() {
            return Err(broken("a key frame between grid lines"));
        }
        if pts < expected.start_ticks || pts >= expected.end_ticks {
            return Err(broken("a frame outside its segment"));
        }
        let size =
            u32::try_from(self.data.len() - before).map_err(|_| broken("a frame of over 4 GiB"))?;
        self.samples.push((pts, size));
        if self.samples.len() < expected.frames as usize {
            return Ok(None);
        }
        let Some(done) = self.expected.pop_front() else {
            return Ok(None);
        };
        let bytes = self.write(&done)?;
        self.data.clear();
        self.samples.clear();
        Ok(Some((done, bytes)))
    }

    fn write(&self, segment: &Expected) -> Result<Vec<u8>> {
        let mut times: Vec<i64> = self.samples.iter().map(|s| s.0).collect();
        times.sort_unstable();
        if times.windows(2).any(|w| w[0] == w[1]) {
            return Err(broken("two frames at one time"));
        }
        times.push(segment.end_ticks);
        let mut decoded = segment.start_ticks;
        let samples: Result<Vec<Sample>> = self
            .samples
            .iter()
            .enumerate()
            .map(|(i, &(pts, size))| {
                let rank = times.partition_point(|t| *t <= pts);
                let shown_for = times.get(rank).map_or(0, |next| next - pts);
                let sample = Sample {
                    size,
                    duration: u32::try_from(shown_for)
                        .map_err(|_| broken("a frame of over 13 hours"))?,
                    composition_offset: i32::try_from(pts - decoded)
                        .map_err(|_| broken("a frame reordered too far"))?,
                    key: i == 0,
                };
                decoded += shown_for;
                Ok(sample)
            })
            .collect();
        let sequence = u32::try_from(segment.segment + 1).unwrap_or(u32::MAX);
        let decode_time =
            u64::try_from(segment.start_ticks).map_err(|_| broken("a time before zero"))?;
        Ok(write_fragment(
            sequence,
            TRACK_ID,
            decode_time,
            &samples?,
            &self.data,
        ))
    }
}

/// The encoder did not do what it was asked; another one may.
fn broken(what: &str) -> Error {
    Error::new(Code::EngineFailed, format!("the encoder produced {what}"))
}
