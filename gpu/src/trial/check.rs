//! Whether a device decodes and encodes as it should: a built-in pattern, compared with what the cores make of it. Not how fast.

use newsreel_media::ffi::{Decoder, Frame, FramePool, Packet, Params, Received};
use newsreel_media::hardware::{RungEncoder, RungPicture, Stage, ask};
use newsreel_media::pipeline::{VideoDecoder, VideoEncoder};
use newsreel_model::device::{Codec, SelfTest, Size};
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};

use super::Trial;
use super::encode::is_full;
use super::pattern::{Pattern, Stream};
use crate::engine::{ANY_TAKES, Vendor};

/// Pictures it is tried with.
const PICTURES: usize = 8;

/// What an encoder must leave of the pattern at least, as PSNR of brightness in dB: any that works leaves far more, and one that
/// mixes pictures up, or shifts them, less.
const LEAST_DB: f64 = 24.0;

impl<V: Vendor> Trial<'_, V> {
    /// How it decodes H.264 and encodes what it encodes first; none of a side that cannot be tried, or is full for now.
    pub(super) fn check(&self) -> (Option<SelfTest>, Option<SelfTest>) {
        let (width, height) = ANY_TAKES;
        let pattern = match Pattern::new(Size { width, height }, PICTURES) {
            Ok(pattern) => pattern,
            Err(error) => return (verdict(Err(error)), None),
        };
        let decodes = Self::codecs(&self.gpu.decode).contains(&Codec::H264);
        let decode = decodes.then(|| self.check_decoder(&pattern));
        let encoder = self.encoders().first().copied();
        let encode = encoder.map(|codec| self.check_encoder(&pattern, codec));
        (decode.and_then(verdict), encode.and_then(verdict))
    }

    /// Decoding is exact: every picture is the cores' sample for sample.
    fn check_decoder(&self, pattern: &Pattern) -> Result<()> {
        let Some(stream) = pattern.stream(Codec::H264)? else {
            return Ok(());
        };
        let ours = self.decoded(&stream)?;
        let cores = decoded_by_cores(&stream.params, &stream.packets)?;
        let same = |(a, b): (&Frame, &Frame)| a.luma_rows() == b.luma_rows();
        if ours.len() == cores.len() && ours.iter().zip(&cores).all(same) {
            return Ok(());
        }
        Err(wrong(
            "decoder",
            "decodes a pattern to other pictures than it should",
        ))
    }

    fn decoded(&self, stream: &Stream) -> Result<Vec<Frame>> {
        let mut decoder = self.decoder(stream)?;
        let mut pictures = Vec::new();
        let ends = stream.packets.iter().map(Some).chain([None]);
        for packet in ends {
            decoder.send(packet)?;
            while let Some(decoded) = decoder.receive()? {
                let picture = &decoded.surface;
                let landed = ask(V::EXPLAIN, Stage::Transfer, || {
                    let (width, height) = (picture.width(), picture.height());
                    let mut landed =
                        FramePool::new(width, height, picture.samples_format())?.get()?;
                    picture.download(&mut landed)?;
                    Ok(landed)
                })?;
                pictures.push(landed);
            }
        }
        Ok(pictures)
    }

    /// What is encoded is every picture of the pattern, in order, and looks like it.
    fn check_encoder(&self, pattern: &Pattern, codec: VideoCodec) -> Result<()> {
        let mut session = RungEncoder::Device(self.encoder(codec, ANY_TAKES)?);
        let mut packets = Vec::new();
        for (ticks, picture) in (0..).zip(self.uploaded(pattern, PICTURES)?) {
            session.send(RungPicture::Device(picture), ticks, ticks == 0)?;
            take(&mut session, &mut packets)?;
        }
        session.finish()?;
        take(&mut session, &mut packets)?;
        if !packets.first().is_some_and(Packet::is_key) {
            return Err(wrong("encoder", "begins a stream without a key frame"));
        }
        let shown = decoded_by_cores(&session.params()?, &packets)?;
        if shown.len() != pattern.pictures().len() {
            return Err(wrong("encoder", "loses pictures of a pattern"));
        }
        let pairs = shown.iter().zip(pattern.pictures());
        let worst = pairs.map(|(a, b)| psnr(a, b)).fold(f64::INFINITY, f64::min);
        if worst < LEAST_DB {
            return Err(wrong(
                "encoder",
                "encodes a pattern to other pictures than it should",
            )
            .with_detail(format!("{worst:.1} dB")));
        }
        Ok(())
    }
}

fn wrong(side: &str, what: &str) -> Error {
    Error::new(
        Code::EngineFailed,
        format!("the {side} {what}; update the driver, and check the card"),
    )
}

/// As a report has it; none where the device only had no room.
fn verdict(tried: Result<()>) -> Option<SelfTest> {
    match tried {
        Err(error) if is_full(&error) => None,
        tried => Some(SelfTest::of(tried)),
    }
}

fn take(session: &mut RungEncoder, packets: &mut Vec<Packet>) -> Result<()> {
    loop {
        let mut packet = Packet::new().map_err(host)?;
        if session.receive(&mut packet)? != Received::Output {
            return Ok(());
        }
        packets.push(packet);
    }
}

fn decoded_by_cores(params: &Params, packets: &[Packet]) -> Result<Vec<Frame>> {
    let mut decoder = Decoder::open(params, 1, None).map_err(host)?;
    let mut pictures = Vec::new();
    for packet in packets.iter().map(Some).chain([None]) {
        decoder.send(packet).map_err(host)?;
        loop {
            let mut picture = Frame::new().map_err(host)?;
            if decoder.receive(&mut picture).map_err(host)? != Received::Output {
                break;
            }
            pictures.push(picture);
        }
    }
    Ok(pictures)
}

fn host(error: newsreel_media::ffi::AvError) -> Error {
    Error::new(
        Code::EngineFailed,
        "the cores do not decode what the device is compared with",
    )
    .with_detail(error.to_string())
}

/// Of brightness, in dB; infinite for equal pictures.
#[allow(clippy::cast_precision_loss, reason = "sums far below 2^53")]
fn psnr(a: &Frame, b: &Frame) -> f64 {
    let (mut squares, mut samples) = (0u64, 0u64);
    for (a, b) in a.luma_rows().into_iter().zip(b.luma_rows()) {
        for (a, b) in a.iter().zip(b) {
            squares += u64::from(a.abs_diff(*b)).pow(2);
            samples += 1;
        }
    }
    let mean = squares as f64 / samples.max(1) as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}
