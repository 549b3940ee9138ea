//! How fast a device encodes, codec by codec. Not how well.

use std::time::Instant;

use newsreel_media::ffi::{HwFrame, Packet, Received, has_encoder};
use newsreel_media::hardware::{HardwareEncoder, RungEncoder, RungPicture};
use newsreel_media::pipeline::{Surface, VideoEncoder};
use newsreel_model::calibration::Work;
use newsreel_model::device::Codec;
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};

use super::pattern::{FULL_HD, Pattern};
use super::together::together;
use super::{Effort, Trial, sessions};
use crate::calibration::Measured;
use crate::engine::{self, PATTERN, Vendor, open_encoder};

/// Pictures that an encoder gets in turn.
const IN_TURN: usize = 8;

impl<V: Vendor> Trial<'_, V> {
    pub(super) fn encode_rates(
        &self,
        pattern: &Pattern,
        effort: Effort,
        doing: &mut dyn FnMut(String),
    ) -> Result<Vec<Measured>> {
        let mut rates = Vec::new();
        for codec in self.encoders() {
            doing(format!("encoding {}", name(codec).name()));
            rates.extend(self.encode_rate(pattern, codec, effort)?);
        }
        Ok(rates)
    }

    /// What the device encodes that libavcodec can ask of it.
    pub(super) fn encoders(&self) -> Vec<VideoCodec> {
        let there = Self::codecs(&self.gpu.encode);
        let codecs = [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1];
        let known = codecs.into_iter().filter(|codec| {
            let encoder = self.vendor.encoder_name(*codec);
            there.contains(&name(*codec)) && encoder.is_some_and(has_encoder)
        });
        known.collect()
    }

    /// None for a codec that the device's encoder turns out not to take.
    fn encode_rate(
        &self,
        pattern: &Pattern,
        codec: VideoCodec,
        effort: Effort,
    ) -> Result<Option<Measured>> {
        let mut sessions = sessions(self.gpu.encode.engines);
        let mut runs = Vec::new();
        for _ in 0..effort.runs {
            let mut open = Vec::new();
            while open.len() < sessions as usize {
                match self.encoder(codec, (FULL_HD.width, FULL_HD.height)) {
                    Ok(encoder) => open.push((encoder, self.uploaded(pattern, IN_TURN)?)),
                    Err(error) if error.code() == Code::EncodeUnsupported => return Ok(None),
                    // With fewer than would be good, then.
                    Err(error) if is_full(&error) && !open.is_empty() => {
                        sessions = u32::try_from(open.len()).unwrap_or(1);
                    }
                    Err(error) => return Err(error),
                }
            }
            let work = |(encoder, pictures): (_, Vec<_>), until| {
                let frames = run(encoder, &pictures, until)?;
                Ok((frames, frames * pattern.pixels()))
            };
            runs.push(together(open, effort.time, work)?);
        }
        Ok(Some(Measured {
            work: Work::Encode,
            codec: Some(name(codec)),
            size: pattern.size(),
            sessions,
            runs,
        }))
    }

    pub(super) fn encoder(&self, codec: VideoCodec, size: (u32, u32)) -> Result<HardwareEncoder> {
        let rung = engine::pattern(codec, size);
        open_encoder(&self.vendor, &self.device, &rung, &PATTERN, &[])
    }
}

/// Whether there is no session or no memory left for now.
pub(super) fn is_full(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::EncoderSessionsExhausted | Code::DeviceOutOfMemory
    )
}

fn name(codec: VideoCodec) -> Codec {
    match codec {
        VideoCodec::H264 => Codec::H264,
        VideoCodec::Hevc => Codec::Hevc,
        VideoCodec::Av1 => Codec::Av1,
    }
}

/// Encodes the pictures in turn, and to the end of what was begun; how many came out.
fn run(encoder: HardwareEncoder, pictures: &[HwFrame], until: Instant) -> Result<u64> {
    let mut session = RungEncoder::Device(encoder);
    let mut frames = 0;
    for (ticks, picture) in (0..).zip(pictures.iter().cycle()) {
        let picture = RungPicture::Device(Surface::share(picture)?);
        session.send(picture, ticks, ticks == 0)?;
        frames += take(&mut session)?;
        if Instant::now() >= until {
            break;
        }
    }
    session.finish()?;
    Ok(frames + take(&mut session)?)
}

/// Takes out what is ready; how many packets.
pub(super) fn take(session: &mut RungEncoder) -> Result<u64> {
    let mut packet = Packet::new().map_err(|e| {
        Error::new(Code::EngineFailed, "no memory for a packet").with_detail(e.to_string())
    })?;
    let mut packets = 0;
    while session.receive(&mut packet)? == Received::Output {
        packets += 1;
    }
    Ok(packets)
}
