//! The pictures of one finished segment, in the order they are shown. Not where its bytes come from.

use std::io;
use std::sync::Arc;

use newsreel_model::{Cancel, Error, Result};

use crate::errors;
use crate::ffi::{ByteSource, Decoder, Frame, Input, Packet, Received, Source, StreamKind};

use super::failed;

/// Decodes a segment in one thread.
pub struct MadePictures {
    input: Input,
    decoder: Decoder,
    packet: Packet,
    stream: usize,
    ended: bool,
}

impl MadePictures {
    /// `bytes` are an init segment with a segment behind it.
    ///
    /// # Errors
    /// They are no such thing.
    pub fn open(bytes: Vec<u8>, cancel: &Cancel) -> Result<Self> {
        let source = InMemory(bytes.into());
        let mut input =
            Input::open(&source, cancel).map_err(|(e, nested)| errors::opening(e, nested))?;
        input.find_stream_info().map_err(failed)?;
        let streams = input.streams().map_err(failed)?;
        let stream = streams.into_iter().find(|s| s.kind == StreamKind::Video);
        let stream = stream.ok_or_else(|| Error::bug("a finished segment has no picture"))?;
        input.select(&[stream.index]);
        Ok(Self {
            decoder: Decoder::open(&stream.params, 1, None).map_err(failed)?,
            packet: Packet::new().map_err(failed)?,
            stream: stream.index,
            input,
            ended: false,
        })
    }

    /// The next picture; `None` after the last.
    ///
    /// # Errors
    /// It does not decode.
    pub fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            let mut frame = Frame::new().map_err(failed)?;
            match self.decoder.receive(&mut frame).map_err(failed)? {
                Received::Output => return Ok(Some(frame)),
                Received::End => return Ok(None),
                Received::NeedsInput if self.ended => return Ok(None),
                Received::NeedsInput => self.feed()?,
            }
        }
    }

    fn feed(&mut self) -> Result<()> {
        // Nothing behind the end of what was made by ourselves is damage.
        self.ended = self.input.read(&mut self.packet).is_err();
        if self.ended {
            return self.decoder.send(None).map_err(failed);
        }
        if self.packet.stream() == self.stream {
            self.decoder.send(Some(&self.packet)).map_err(failed)?;
        }
        Ok(())
    }
}

struct InMemory(Arc<[u8]>);

impl Source for InMemory {
    fn reader(&self) -> Box<dyn ByteSource> {
        Box::new(Reader {
            bytes: Arc::clone(&self.0),
            position: 0,
        })
    }
}

struct Reader {
    bytes: Arc<[u8]>,
    position: u64,
}

impl ByteSource for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(self.position).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let got = rest.len().min(buffer.len());
        buffer[..got].copy_from_slice(&rest[..got]);
        self.position += got as u64;
        Ok(got)
    }

    fn seek(&mut self, position: u64) {
        self.position = position;
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}
