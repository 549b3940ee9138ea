//! How fast a device decodes, codec by codec. Not whether it decodes rightly.

use std::time::Instant;

use newsreel_media::hardware::HardwareDecoder;
use newsreel_media::pipeline::VideoDecoder;
use newsreel_model::calibration::Work;
use newsreel_model::device::Codec;
use newsreel_model::{Code, Result};

use super::pattern::{Pattern, Stream};
use super::together::together;
use super::{Effort, Trial, sessions};
use crate::calibration::Measured;
use crate::engine::Vendor;

/// Pictures held beyond the decoder's own.
pub const HELD: u32 = 2;

impl<V: Vendor> Trial<'_, V> {
    pub(super) fn decode_rates(
        &self,
        pattern: &Pattern,
        effort: Effort,
        doing: &mut dyn FnMut(String),
    ) -> Result<Vec<Measured>> {
        let mut rates = Vec::new();
        for codec in Self::codecs(&self.gpu.decode) {
            doing(format!("making {} for the decoder", codec.name()));
            let Some(stream) = pattern.stream(codec)? else {
                continue;
            };
            doing(format!("decoding {}", codec.name()));
            rates.extend(self.decode_rate(pattern, codec, &stream, effort)?);
        }
        Ok(rates)
    }

    /// None for a codec that NVDEC has and libavcodec does not hand to it.
    fn decode_rate(
        &self,
        pattern: &Pattern,
        codec: Codec,
        stream: &Stream,
        effort: Effort,
    ) -> Result<Option<Measured>> {
        let sessions = sessions(self.gpu.decode.engines);
        let mut runs = Vec::new();
        for _ in 0..effort.runs {
            let open = |_| self.decoder(stream);
            let open = (0..sessions).map(open).collect::<Result<Vec<_>>>();
            let decoders = match open {
                Err(error) if error.code() == Code::DecodeUnsupported => return Ok(None),
                opened => opened?,
            };
            let work = |decoder, until| {
                let frames = run(decoder, stream, until)?;
                Ok((frames, frames * pattern.pixels()))
            };
            runs.push(together(decoders, effort.time, work)?);
        }
        Ok(Some(Measured {
            work: Work::Decode,
            codec: Some(codec),
            size: pattern.size(),
            sessions,
            runs,
        }))
    }

    pub(super) fn decoder(&self, stream: &Stream) -> Result<HardwareDecoder> {
        HardwareDecoder::open(&stream.params, &self.device, HELD, V::EXPLAIN)
    }
}

/// Decodes the stream again and again, and to the end of what was begun; how many pictures came.
fn run(mut decoder: HardwareDecoder, stream: &Stream, until: Instant) -> Result<u64> {
    let mut frames = 0;
    for packet in stream.packets.iter().cycle() {
        decoder.send(Some(packet))?;
        while decoder.receive()?.is_some() {
            frames += 1;
        }
        if Instant::now() >= until {
            break;
        }
    }
    decoder.send(None)?;
    while decoder.receive()?.is_some() {
        frames += 1;
    }
    Ok(frames)
}
