//! The source read once, all its wanted sound decoded on the way. Not when or where the samples are heard.

use std::sync::Arc;

use newsreel_model::{Cancel, Rational, Result};

use crate::errors;
use crate::ffi::{AvError, Decoder, Frame, Packet, Received, Source};
use crate::reader::PacketReader;
use crate::sources::SoundSource;

/// Blocks of decoded sound, in the order of the source.
pub struct Decoding {
    reader: PacketReader,
    streams: Vec<Stream>,
    packet: Packet,
    frame: Frame,
    ended: bool,
}

struct Stream {
    index: usize,
    time_base: Rational,
    decoder: Decoder,
}

/// A decoded block, or part of one.
pub struct Block<'a> {
    /// The stream it is of.
    pub stream: usize,
    /// Unit of its times.
    pub time_base: Rational,
    /// The samples.
    pub frame: &'a Frame,
}

impl Decoding {
    /// Opens the source and a decoder for each of `sounds` that is in `wanted`.
    ///
    /// # Errors
    /// The source can no longer be opened, or a decoder refuses what it took before.
    pub fn open(
        source: &Arc<dyn Source>,
        sounds: &[SoundSource],
        wanted: &[usize],
        cancel: &Cancel,
    ) -> Result<Self> {
        let failed = errors::engine("decoding the sound");
        let mut streams = Vec::new();
        for sound in sounds.iter().filter(|s| wanted.contains(&s.stream)) {
            streams.push(Stream {
                index: sound.stream,
                time_base: sound.time_base,
                decoder: Decoder::open(&sound.params, 1, Some(sound.time_base)).map_err(&failed)?,
            });
        }
        Ok(Self {
            reader: PacketReader::open(source.as_ref(), wanted, cancel)?,
            streams,
            packet: Packet::new().map_err(&failed)?,
            frame: Frame::new().map_err(&failed)?,
            ended: false,
        })
    }

    /// Gives out what the next packet decodes to; `false` when there are no more.
    ///
    /// # Errors
    /// Cancelled, or out of memory. Damage is passed over.
    pub fn next(&mut self, mut give: impl FnMut(Block<'_>) -> Result<(), AvError>) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.ended = !self.reader.next(&mut self.packet)?;
        let of = (!self.ended).then(|| self.packet.stream());
        for stream in &mut self.streams {
            if of.is_some_and(|of| of != stream.index) {
                continue;
            }
            // What does not decode leaves a hole, which the clock fills.
            stream.decoder.send(of.map(|_| &self.packet)).ok();
            while let Ok(Received::Output) = stream.decoder.receive(&mut self.frame) {
                let frame = &self.frame;
                if frame.sample_rate() == 0 || frame.channels() == 0 || frame.samples() == 0 {
                    continue;
                }
                give(Block {
                    stream: stream.index,
                    time_base: stream.time_base,
                    frame,
                })
                .map_err(errors::engine("converting the sound"))?;
            }
        }
        Ok(!self.ended)
    }
}
