//! How fast a device decodes, codec by codec: alone, and while a ladder's pictures are made of each. Not whether it decodes
//! rightly.

use std::time::Instant;

use newsreel_media::hardware::{HardwareDecoder, Ladder as _};
use newsreel_media::pipeline::VideoDecoder;
use newsreel_model::calibration::Work;
use newsreel_model::device::Codec;
use newsreel_model::{Code, Result};

use super::pattern::{Pattern, Stream};
use super::scale::{QUEUED, wait};
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
            for work in [Work::Decode, Work::DecodeAndScale] {
                rates.extend(self.decode_rate(work, pattern, codec, &stream, effort)?);
            }
        }
        Ok(rates)
    }

    /// None for a codec that NVDEC has and libavcodec does not hand to it.
    fn decode_rate(
        &self,
        work: Work,
        pattern: &Pattern,
        codec: Codec,
        stream: &Stream,
        effort: Effort,
    ) -> Result<Option<Measured>> {
        let sessions = sessions(self.gpu.decode.engines);
        let mut runs = Vec::new();
        for _ in 0..effort.runs {
            let open = |_| {
                let ladder = (work == Work::DecodeAndScale).then(|| self.ladder());
                Ok((self.decoder(stream)?, ladder.transpose()?))
            };
            let open = (0..sessions).map(open).collect::<Result<Vec<_>>>();
            let opened = match open {
                Err(error) if error.code() == Code::DecodeUnsupported => return Ok(None),
                opened => opened?,
            };
            let done = |(decoder, ladder), until| {
                let frames = run::<V>(decoder, ladder, stream, until)?;
                Ok((frames, frames * pattern.pixels()))
            };
            runs.push(together(opened, effort.time, done)?);
        }
        Ok(Some(Measured {
            work,
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
fn run<V: Vendor>(
    mut decoder: HardwareDecoder,
    mut ladder: Option<V::Ladder>,
    stream: &Stream,
    until: Instant,
) -> Result<u64> {
    let (mut frames, mut last) = (0, None);
    let mut take = |decoder: &mut HardwareDecoder| {
        while let Some(picture) = decoder.receive()? {
            frames += 1;
            if let Some(ladder) = &mut ladder {
                last = ladder.scale(&picture.surface)?.pop();
                if frames % QUEUED == 0 {
                    wait::<V>(last.as_ref())?;
                }
            }
        }
        Ok(())
    };
    for packet in stream.packets.iter().cycle() {
        decoder.send(Some(packet))?;
        take(&mut decoder)?;
        if Instant::now() >= until {
            break;
        }
    }
    decoder.send(None)?;
    take(&mut decoder)?;
    if last.is_some() {
        wait::<V>(last.as_ref())?;
    }
    Ok(frames)
}
