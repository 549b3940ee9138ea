//! Single pictures near given times, decoded from the nearest key frame before each. Not exact, and not meant to be.

use std::collections::BTreeSet;

use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::condition;
use crate::errors;
use crate::ffi::{AvError, Decoder, Frame, Input, Packet, Received, Source};

use super::PictureSource;
use super::passing::Passing;

/// Packets that may be tried for one picture before the place is given up.
const MAX_PACKETS: usize = 120;

/// Packets that may be decoded in all to get to places between key frames: some clips have one key frame only, and
/// decoding more would take the cores from the encoders.
const FORWARD_PACKETS: usize = 150;

/// A picture that changes within this many seconds is looked at together with one that much later.
const MOMENT_S: f64 = 0.12;

/// Packets that may be read for the later one.
const MOMENT_PACKETS: usize = 12;

/// A picture as it was decoded, and another of the same moment where there is one.
pub struct Moment {
    pub picture: Frame,
    pub neighbour: Option<Frame>,
    /// How many pictures were decoded for it.
    pub decoded: usize,
}

/// An input that is jumped about in.
pub struct KeyFrames<'a> {
    input: Input,
    decoder: Decoder,
    packet: Packet,
    from: &'a PictureSource<'a>,
    cancel: &'a Cancel,
    /// Presentation times of the key frames that were given, so that none is given twice.
    given: BTreeSet<i64>,
    forward: usize,
    /// While the input still arrives.
    passing: Option<Passing<'a>>,
}

/// Opens an input for its pictures alone.
pub fn open(source: &dyn Source, from: &PictureSource<'_>, cancel: &Cancel) -> Result<Input> {
    let opened = Input::open(source, cancel);
    let mut input = opened.map_err(|(e, nested)| errors::opening(e, nested))?;
    input.find_stream_info().ok();
    input.select(&[from.plan.video.stream]);
    Ok(input)
}

impl<'a> KeyFrames<'a> {
    pub fn open(from: &'a PictureSource<'a>, cancel: &'a Cancel) -> Result<Self> {
        let passing = Passing::begin(from, cancel)?;
        let input = open(from.source.as_ref(), from, cancel)?;
        let failed = errors::engine("opening the decoder");
        let mut decoder = Decoder::open(from.params, 1, None).map_err(&failed)?;
        decoder.prefer_speed();
        Ok(Self {
            input,
            decoder,
            packet: Packet::new().map_err(&failed)?,
            from,
            cancel,
            given: BTreeSet::new(),
            forward: FORWARD_PACKETS,
            passing,
        })
    }

    /// A picture at or shortly before `seconds` of the programme, as it is to be shown; `None` where nothing new decodes.
    pub fn at(&mut self, seconds: f64) -> Result<Option<Frame>> {
        let found = self.decode_at(seconds, false)?;
        found
            .map(|moment| self.as_shown(moment.picture))
            .transpose()
    }

    /// A picture as [`Self::at`] finds it, as it was decoded; with `whole`, another a moment later too.
    pub fn moment(&mut self, seconds: f64, whole: bool) -> Result<Option<Moment>> {
        self.decode_at(seconds, whole)
    }

    /// The first picture that decodes, read from the start: for inputs that cannot be moved about in.
    pub fn first(&mut self) -> Result<Option<Moment>> {
        self.decode_first()
    }

    /// A decoded picture as it is to be shown.
    pub fn as_shown(&self, picture: Frame) -> Result<Frame> {
        condition::still(&self.from.plan.video, picture)
    }

    fn decode_at(&mut self, seconds: f64, whole: bool) -> Result<Option<Moment>> {
        self.cancel.check()?;
        let video = &self.from.plan.video;
        let time = video.origin + self.ticks(seconds);
        if !self.wait_for(time)? {
            return Ok(None);
        }
        // Where a container cannot be moved about in, reading simply goes on.
        self.input.seek_time(video.stream, time).ok();
        self.decoder.reset();
        let mut seen_key = false;
        // A key picture may be coded as two fields in two packets.
        let mut behind = usize::from(self.from.params.is_interlaced());
        for _ in 0..MAX_PACKETS {
            if !self.read()? {
                break;
            }
            if !seen_key && !self.packet.is_key() {
                continue;
            }
            let pts = self.packet.pts().or(self.packet.dts());
            if !seen_key && pts.is_some_and(|pts| !self.given.insert(pts)) {
                return self.go_forward(time);
            }
            let is_key = !seen_key;
            seen_key = true;
            self.decoder.send(Some(&self.packet)).ok();
            if is_key && whole {
                if let Some(moment) = self.rest_of_moment(pts)? {
                    return Ok(Some(moment));
                }
                continue;
            }
            if let Some(frame) = self.receive()? {
                return Ok(Some(alone(frame)));
            }
            if behind > 0 {
                behind -= 1;
                continue;
            }
            // A key frame alone is a picture: draining gives it out without waiting for those reordered behind it.
            self.decoder.send(None).ok();
            let drained = self.receive()?;
            self.decoder.reset();
            if let Some(frame) = drained {
                return Ok(Some(alone(frame)));
            }
        }
        Ok(None)
    }

    /// The key picture that was sent last and one a moment later, of which only what others refer to is decoded.
    fn rest_of_moment(&mut self, key: Option<i64>) -> Result<Option<Moment>> {
        let until = key.map(|key| key + self.ticks(MOMENT_S));
        let mut moment = None;
        self.decoder.skip_unreferenced(true);
        for _ in 0..MOMENT_PACKETS {
            self.receive_into(&mut moment, key)?;
            if !self.read()? {
                break;
            }
            self.decoder.send(Some(&self.packet)).ok();
            let pts = self.packet.pts().or(self.packet.dts());
            if pts.is_none() || pts >= until {
                break;
            }
        }
        self.receive_into(&mut moment, key)?;
        self.decoder.send(None).ok();
        self.receive_into(&mut moment, key)?;
        self.decoder.skip_unreferenced(false);
        self.decoder.reset();
        Ok(moment)
    }

    /// Takes out what is decoded: the first picture from the key frame on is the moment's, the last its neighbour.
    fn receive_into(&mut self, moment: &mut Option<Moment>, key: Option<i64>) -> Result<()> {
        while let Some(frame) = self.receive()? {
            match moment {
                // Pictures shown before the key frame want others that were not decoded.
                None if frame.pts().or(frame.best_effort_pts()) < key => {}
                None => *moment = Some(alone(frame)),
                Some(moment) => {
                    moment.neighbour = Some(frame);
                    moment.decoded += 1;
                }
            }
        }
        Ok(())
    }

    fn ticks(&self, seconds: f64) -> i64 {
        let micros = crate::slots::ticks(seconds, 1_000_000);
        let unit = self.from.plan.video.source_time_base;
        rescale(micros, Rational::new(1, 1_000_000), unit)
    }

    /// Reads the picture's next packet; false at the end.
    fn read(&mut self) -> Result<bool> {
        loop {
            match self.input.read(&mut self.packet) {
                Ok(()) if self.packet.stream() == self.from.plan.video.stream => return Ok(true),
                Ok(()) => {}
                Err(AvError::EXIT) => {
                    return Err(Error::new(Code::Cancelled, "stopped on request"));
                }
                Err(_) => return Ok(false),
            }
        }
    }

    /// Waits until an input that still arrives has what the picture at `time` needs, and opens it as far as it is there: what
    /// is found is what would be found in the whole. False where so much of it cannot be opened.
    fn wait_for(&mut self, time: i64) -> Result<bool> {
        let Some(passing) = &mut self.passing else {
            return Ok(true);
        };
        let beginning = passing.past(time)?;
        let source = beginning.as_ref().unwrap_or(self.from.source);
        let opened = open(source.as_ref(), self.from, self.cancel);
        if beginning.is_none() {
            self.passing = None;
        }
        self.cancel.check()?;
        Ok(opened.map(|input| self.input = input).is_ok())
    }

    fn decode_first(&mut self) -> Result<Option<Moment>> {
        self.input = open(self.from.source.as_ref(), self.from, self.cancel)?;
        self.decoder.reset();
        self.forward = FORWARD_PACKETS;
        if !self.read()? {
            return Ok(None);
        }
        let shown = self.go_forward(i64::MIN)?;
        if shown.is_some() {
            return Ok(shown);
        }
        self.decoder.send(None).ok();
        Ok(self.receive()?.map(alone))
    }

    /// From the key frame at hand on to the first picture at `time`, as long as the budget lasts.
    fn go_forward(&mut self, time: i64) -> Result<Option<Moment>> {
        self.decoder.skip_unreferenced(true);
        let found = self.decode_until(time);
        self.decoder.skip_unreferenced(false);
        found
    }

    /// Decodes what others refer to until `time`.
    fn decode_until(&mut self, time: i64) -> Result<Option<Moment>> {
        let mut shown: Option<Moment> = None;
        while self.forward > 0 {
            self.forward -= 1;
            self.cancel.check()?;
            self.decoder.send(Some(&self.packet)).ok();
            if let Some(frame) = self.receive()? {
                let pts = frame.pts().or(frame.best_effort_pts());
                shown = Some(match shown {
                    Some(before) => Moment {
                        picture: frame,
                        neighbour: Some(before.picture),
                        decoded: before.decoded + 1,
                    },
                    None => alone(frame),
                });
                if pts.is_none_or(|pts| pts >= time) {
                    break;
                }
            }
            if !self.read()? {
                break;
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

fn alone(picture: Frame) -> Moment {
    Moment {
        picture,
        neighbour: None,
        decoded: 1,
    }
}
