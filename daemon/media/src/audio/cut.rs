//! The encoder's access units gathered into segments along the grid's lines. Not an encoder.

use newsreel_model::Result;

use crate::boxes::{Sample, write_fragment};
use crate::errors;
use crate::ffi::{Encoder, Packet, Received};
use crate::slots::Lines;

use super::{AudioSink, End, Wanted};

/// Access units of the current segment.
pub struct Cutter {
    /// Position in the plan.
    rendition: usize,
    lines: Lines,
    sample_rate: u32,
    priming: i64,
    unit: u32,
    /// Access units before the current segment.
    before: u64,
    segment: usize,
    samples: Vec<Sample>,
    data: Vec<u8>,
    packet: Option<Packet>,
}

impl Cutter {
    pub fn new(
        rendition: usize,
        lines: Lines,
        sample_rate: u32,
        priming: u32,
        unit: usize,
    ) -> Self {
        Self {
            rendition,
            lines,
            sample_rate,
            priming: i64::from(priming),
            unit: u32::try_from(unit).unwrap_or(1024),
            before: 0,
            segment: 0,
            samples: Vec::new(),
            data: Vec::new(),
            packet: None,
        }
    }

    /// Takes out everything the encoder has ready.
    pub fn drain(
        &mut self,
        encoder: &mut Encoder,
        end: Option<End>,
        wanted: &Wanted<'_>,
        sink: &mut dyn AudioSink,
    ) -> Result<()> {
        let failed = errors::engine("encoding the sound");
        let mut packet = match self.packet.take() {
            Some(packet) => packet,
            None => Packet::new().map_err(&failed)?,
        };
        while encoder.receive(&mut packet).map_err(&failed)? == Received::Output {
            self.add(packet.data(), end, wanted, sink)?;
        }
        self.packet = Some(packet);
        Ok(())
    }

    fn add(
        &mut self,
        data: &[u8],
        end: Option<End>,
        wanted: &Wanted<'_>,
        sink: &mut dyn AudioSink,
    ) -> Result<()> {
        let number = self.before + self.samples.len() as u64;
        let at = i64::try_from(number).unwrap_or(i64::MAX) * i64::from(self.unit) - self.priming;
        let line = self.lines.at(self.segment + 1, self.sample_rate);
        let is_line = end.is_none_or(|e| self.segment + 1 < e.segments);
        if is_line && at >= line && !self.samples.is_empty() {
            self.close(wanted, sink)?;
        }
        self.samples.push(Sample {
            size: u32::try_from(data.len()).unwrap_or(u32::MAX),
            duration: self.unit,
            composition_offset: 0,
            key: true,
        });
        self.data.extend_from_slice(data);
        Ok(())
    }

    fn close(&mut self, wanted: &Wanted<'_>, sink: &mut dyn AudioSink) -> Result<()> {
        if wanted(self.rendition, self.segment) {
            let sequence = u32::try_from(self.segment + 1).unwrap_or(u32::MAX);
            let decode_time = self.before * u64::from(self.unit);
            let bytes = write_fragment(sequence, 1, decode_time, &self.samples, &self.data);
            sink.segment(
                self.rendition,
                self.segment,
                bytes,
                u32::try_from(self.samples.len()).unwrap_or(u32::MAX),
            )?;
        }
        self.before += self.samples.len() as u64;
        self.segment += 1;
        self.samples.clear();
        self.data.clear();
        Ok(())
    }

    /// Closes the last segment.
    pub fn finish(&mut self, wanted: &Wanted<'_>, sink: &mut dyn AudioSink) -> Result<()> {
        if self.samples.is_empty() {
            Ok(())
        } else {
            self.close(wanted, sink)
        }
    }
}
