//! Packets of one video stream in file order, from the start or from an indexed entry point. Not a decoder.
//!
//! Seeking by time alone is wrong on many containers, so every jump is checked against the index, and where it cannot
//! be confirmed the source is read from its start instead: slower, never wrong.

use newsreel_model::{Cancel, Code, Error, Result};

use crate::errors;
use crate::ffi::{AvError, Input, Packet, Source};
use crate::index::Index;

/// Damaged reads in a row after which a source counts as ended.
const MAX_BAD_READS: u32 = 32;

/// How many packets a jump may miss its target by, on the early side, before the start is tried instead.
const MAX_APPROACH: usize = 2_000;

/// Entry points nearer to the start than this are reached by reading: a jump would not be quicker.
const READ_THROUGH: usize = 200;

/// Reads packets, riding over damage the same way every time.
pub struct PacketReader {
    input: Input,
    streams: Vec<usize>,
    bad_reads: u32,
}

impl PacketReader {
    /// Opens the source and selects `streams`.
    ///
    /// # Errors
    /// The source can no longer be opened, though it could be before.
    pub fn open(source: &dyn Source, streams: &[usize], cancel: &Cancel) -> Result<Self> {
        let mut input =
            Input::open(source, cancel).map_err(|(e, nested)| errors::opening(e, nested))?;
        input.find_stream_info().ok();
        Ok(Self::over(input, streams))
    }

    /// Takes over an input that has just been opened.
    pub fn over(mut input: Input, streams: &[usize]) -> Self {
        input.select(streams);
        Self {
            input,
            streams: streams.to_vec(),
            bad_reads: 0,
        }
    }

    /// The next packet of a selected stream; `false` at the end.
    ///
    /// # Errors
    /// Only [`Code::Cancelled`]: damage is ridden over, and too much of it is the end.
    pub fn next(&mut self, packet: &mut Packet) -> Result<bool> {
        loop {
            match self.input.read(packet) {
                Ok(()) if self.streams.contains(&packet.stream()) => {
                    self.bad_reads = 0;
                    return Ok(true);
                }
                Ok(()) => {}
                Err(AvError::EOF) => return Ok(false),
                Err(AvError::EXIT) => {
                    return Err(Error::new(Code::Cancelled, "stopped on request"));
                }
                Err(_) => {
                    self.bad_reads += 1;
                    if self.bad_reads > MAX_BAD_READS {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// How many reads failed in a row at the end.
    #[must_use]
    pub fn bad_reads(&self) -> u32 {
        self.bad_reads
    }

    fn seek(&mut self, index: &Index, target: usize) -> Result<(), AvError> {
        let record = &index.packets[target];
        match record.position {
            Some(position) if index.seek_by_byte => self.input.seek_byte(position),
            _ => {
                let time = record.dts.or(record.pts).ok_or(AvError::EOF)?;
                self.input.seek_time(index.stream, time)
            }
        }
    }
}

/// The packets of the plan's video stream by their ordinals in the index.
pub struct IndexedReader<'a> {
    source: &'a dyn Source,
    index: &'a Index,
    cancel: &'a Cancel,
    reader: PacketReader,
    next: usize,
    /// A packet read while looking for the entry point, still to be given out.
    pending: bool,
}

impl<'a> IndexedReader<'a> {
    /// A reader whose first packet will be number `entry` of the index.
    ///
    /// # Errors
    /// The source changed since it was indexed, or cannot be opened any more.
    pub fn enter(
        source: &'a dyn Source,
        index: &'a Index,
        entry: usize,
        packet: &mut Packet,
        cancel: &'a Cancel,
    ) -> Result<Self> {
        let reader = PacketReader::open(source, &[index.stream], cancel)?;
        let mut this = Self {
            source,
            index,
            cancel,
            reader,
            next: 0,
            pending: false,
        };
        if entry <= READ_THROUGH || !this.jump(entry, packet)? {
            this.read_through(entry, packet)?;
        }
        Ok(this)
    }

    fn jump(&mut self, entry: usize, packet: &mut Packet) -> Result<bool> {
        if self.reader.seek(self.index, entry).is_err() {
            return Ok(false);
        }
        for _ in 0..MAX_APPROACH {
            if !self.reader.next(packet)? {
                return Ok(false);
            }
            match self.index.find(packet) {
                Some(ordinal) if ordinal == entry => {
                    self.next = entry;
                    self.pending = true;
                    return Ok(true);
                }
                Some(ordinal) if ordinal > entry => return Ok(false),
                _ => {}
            }
        }
        Ok(false)
    }

    fn read_through(&mut self, entry: usize, packet: &mut Packet) -> Result<()> {
        self.reader = PacketReader::open(self.source, &[self.index.stream], self.cancel)?;
        self.next = 0;
        self.pending = false;
        while self.next < entry {
            if self.next(packet)?.is_none() {
                return Err(changed());
            }
        }
        Ok(())
    }

    /// The next packet's ordinal, the packet itself being in `packet`; `None` after the last one of the index.
    ///
    /// # Errors
    /// The packet is not the one the index has here: the source changed.
    pub fn next(&mut self, packet: &mut Packet) -> Result<Option<usize>> {
        if self.next >= self.index.packets.len() {
            return Ok(None);
        }
        if self.pending {
            self.pending = false;
        } else if !self.reader.next(packet)? {
            // A partial index (a head start) never reaches its end; a full one ends where the source did.
            return Ok(None);
        }
        let ordinal = self.next;
        if self.index.packets[ordinal].bytes as usize != packet.data().len() {
            return Err(changed());
        }
        self.next += 1;
        Ok(Some(ordinal))
    }
}

fn changed() -> Error {
    Error::new(
        Code::InputChanged,
        "the input changed while it was being read; run the command again when it is complete",
    )
}
