//! An input that still arrives, read along until what a place needs is there. Not the pictures.

use std::sync::Arc;

use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Rational, Result};

use crate::errors;
use crate::ffi::{Packet, Source};
use crate::reader::PacketReader;

use super::PictureSource;
use super::keyframes::open;

/// What is decoded for a place may lie so far behind it; seconds.
const MARGIN: Rational = Rational::new(1, 2);

/// How far an input has come.
pub struct Passing<'a> {
    source: &'a Arc<dyn Source>,
    reader: PacketReader,
    packet: Packet,
    /// The latest time read, in the source's time base.
    latest: Option<i64>,
    /// Where what was read ends, in bytes; 0 where packets do not say.
    end: u64,
    /// The latest key frame read.
    key: Option<i64>,
    /// Whether a jump to a time finds the key frame after it, not the one before.
    finds_next: bool,
    margin: i64,
}

impl<'a> Passing<'a> {
    /// From the start of the input; `None` where nothing of it is on its way.
    ///
    /// # Errors
    /// The input cannot be opened.
    pub fn begin(from: &PictureSource<'a>, cancel: &Cancel) -> Result<Option<Self>> {
        if !from.source.arrives() {
            return Ok(None);
        }
        let video = &from.plan.video;
        let input = open(from.source.as_ref(), from, cancel)?;
        Ok(Some(Self {
            source: from.source,
            finds_next: input.format_name() == "mpegts",
            reader: PacketReader::over(input, &[video.stream]),
            packet: Packet::new().map_err(errors::engine("reading"))?,
            latest: None,
            end: 0,
            key: None,
            margin: rescale(1, MARGIN, video.source_time_base),
        }))
    }

    /// Waits until `time` is past, and gives what is there then; `None` once the input is whole.
    ///
    /// # Errors
    /// Cancelled.
    pub fn past(&mut self, time: i64) -> Result<Option<Arc<dyn Source>>> {
        let mut needed = match self.finds_next {
            true => self.key.filter(|key| *key >= time),
            false => Some(time),
        };
        let is_past = |latest: Option<i64>, needed: Option<i64>| {
            latest > needed.map(|needed| needed.saturating_add(self.margin)) && needed.is_some()
        };
        while !is_past(self.latest, needed) {
            if !self.reader.next(&mut self.packet)? {
                return Ok(None);
            }
            let packet = &self.packet;
            let at = packet.dts().or(packet.pts());
            self.latest = self.latest.max(at);
            if packet.is_key() {
                self.key = at;
                needed = needed.or(at.filter(|at| *at >= time));
            }
            let end = packet.position().map(|at| at + packet.data().len() as u64);
            self.end = self.end.max(end.unwrap_or(0));
        }
        let end = if self.end == 0 { u64::MAX } else { self.end };
        Ok(self.source.beginning(end))
    }
}
