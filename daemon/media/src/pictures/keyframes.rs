//! Single pictures near given times, decoded from the nearest key frame before each. Not exact, and not meant to be.

use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::condition;
use crate::errors;
use crate::ffi::{AvError, Decoder, Frame, Input, Packet, Received};

use super::PictureSource;

/// Packets that may be tried for one picture before the place is given up.
const MAX_PACKETS: usize = 120;

/// Packets that may be decoded in all to get to places between key frames: some clips have one key frame only, and
/// decoding more would take the cores from the encoders.
const FORWARD_PACKETS: usize = 150;

/// An input that is jumped about in.
pub struct KeyFrames<'a> {
    input: Input,
    decoder: Decoder,
    packet: Packet,
    from: &'a PictureSource<'a>,
    cancel: &'a Cancel,
    /// Presentation time of the last picture's packet, so that the same one is not given twice.
    last: Option<i64>,
    forward: usize,
}

impl<'a> KeyFrames<'a> {
    pub fn open(from: &'a PictureSource<'a>, cancel: &'a Cancel) -> Result<Self> {
        let mut input = Input::open(from.source.as_ref(), cancel)
            .map_err(|(e, nested)| errors::opening(e, nested))?;
        input.find_stream_info().ok();
        input.select(&[from.plan.video.stream]);
        let failed = errors::engine("opening the decoder");
        let mut decoder = Decoder::open(from.params, 1, None).map_err(&failed)?;
        decoder.prefer_speed();
        Ok(Self {
            input,
            decoder,
            packet: Packet::new().map_err(&failed)?,
            from,
            cancel,
            last: None,
            forward: FORWARD_PACKETS,
        })
    }

    /// A picture at or shortly before `seconds` of the programme, as it is to be shown; `None` where nothing new decodes.
    pub fn at(&mut self, seconds: f64) -> Result<Option<Frame>> {
        let found = self.decode_at(seconds)?;
        self.as_shown(found)
    }

    /// The first picture that decodes, read from the start: for inputs that cannot be moved about in.
    pub fn first(&mut self) -> Result<Option<Frame>> {
        let found = self.decode_first()?;
        self.as_shown(found)
    }

    fn as_shown(&self, picture: Option<Frame>) -> Result<Option<Frame>> {
        picture
            .map(|p| condition::still(&self.from.plan.video, p))
            .transpose()
    }

    fn decode_at(&mut self, seconds: f64) -> Result<Option<Frame>> {
        self.cancel.check()?;
        let video = &self.from.plan.video;
        let micros = crate::slots::ticks(seconds, 1_000_000);
        let time =
            video.origin + rescale(micros, Rational::new(1, 1_000_000), video.source_time_base);
        // Where a container cannot be moved about in, reading simply goes on.
        self.input.seek_time(video.stream, time).ok();
        self.decoder.reset();
        let mut seen_key = false;
        // A key picture may be coded as two fields in two packets.
        let mut behind = usize::from(self.from.params.is_interlaced());
        for _ in 0..MAX_PACKETS {
            match self.input.read(&mut self.packet) {
                Ok(()) => {}
                Err(AvError::EXIT) => {
                    return Err(Error::new(Code::Cancelled, "stopped on request"));
                }
                Err(_) => break,
            }
            if self.packet.stream() != video.stream || (!seen_key && !self.packet.is_key()) {
                continue;
            }
            if !seen_key {
                let pts = self.packet.pts().or(self.packet.dts());
                if pts.is_some() && pts == self.last {
                    return self.go_forward(time);
                }
                self.last = pts;
            }
            seen_key = true;
            self.decoder.send(Some(&self.packet)).ok();
            if let Some(frame) = self.receive()? {
                return Ok(Some(frame));
            }
            if behind > 0 {
                behind -= 1;
                continue;
            }
            // A key frame alone is a picture: draining gives it out without waiting for those reordered behind it.
            self.decoder.send(None).ok();
            let drained = self.receive()?;
            self.decoder.reset();
            if drained.is_some() {
                return Ok(drained);
            }
        }
        Ok(None)
    }

    fn decode_first(&mut self) -> Result<Option<Frame>> {
        let failed = |(e, nested)| errors::opening(e, nested);
        self.input = Input::open(self.from.source.as_ref(), self.cancel).map_err(failed)?;
        self.input.find_stream_info().ok();
        self.input.select(&[self.from.plan.video.stream]);
        self.decoder.reset();
        self.forward = FORWARD_PACKETS;
        if self.input.read(&mut self.packet).is_err() {
            return Ok(None);
        }
        let shown = self.go_forward(i64::MIN)?;
        if shown.is_some() {
            return Ok(shown);
        }
        self.decoder.send(None).ok();
        self.receive()
    }

    /// From the key frame at hand on to the first picture at `time`, as long as the budget lasts.
    fn go_forward(&mut self, time: i64) -> Result<Option<Frame>> {
        let mut shown = None;
        while self.forward > 0 {
            self.forward -= 1;
            self.cancel.check()?;
            self.decoder.send(Some(&self.packet)).ok();
            if let Some(frame) = self.receive()? {
                let there = frame
                    .pts()
                    .or(frame.best_effort_pts())
                    .is_none_or(|pts| pts >= time);
                shown = Some(frame);
                if there {
                    break;
                }
            }
            loop {
                match self.input.read(&mut self.packet) {
                    Ok(()) if self.packet.stream() == self.from.plan.video.stream => break,
                    Ok(()) => {}
                    Err(AvError::EXIT) => {
                        return Err(Error::new(Code::Cancelled, "stopped on request"));
                    }
                    Err(_) => return Ok(shown),
                }
            }
        }
        Ok(shown)
    }

    fn receive(&mut self) -> Result<Option<Frame>> {
        let mut frame = Frame::new().map_err(errors::engine("decoding"))?;
        let got = self.decoder.receive(&mut frame);
        Ok((got == Ok(Received::Output) && frame.pixel_format().is_scalable()).then_some(frame))
    }
}
