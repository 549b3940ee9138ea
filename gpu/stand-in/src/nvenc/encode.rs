//! An initialised encoder: what it was asked to be, pictures in, bytes out. Not the buffers they go through.

use std::collections::{BTreeMap, VecDeque};

use newsreel_stand_in_kit::Codec;

use super::abi::{Config, Initialize, RateControl};
use super::session::{Done, Shape, State};
use super::{Answer, Status, caps, guid};
use crate::abi::size;
use crate::av::{Encoded, Encoder, Picture, Rate, Settings};
use crate::driver::driver;
use crate::report;

/// `NV_ENC_BUFFER_FORMAT`.
const NV12: u32 = 0x1;
const YV12: u32 = 0x10;
const IYUV: u32 = 0x100;
const P010: u32 = 0x1_0000;

/// `NV_ENC_PIC_FLAGS`.
pub const FORCE_INTRA: u32 = 1;
pub const FORCE_IDR: u32 = 2;
pub const WITH_SETS: u32 = 4;
pub const END: u32 = 8;

/// `NV_ENC_PIC_TYPE`.
const TYPE_P: u32 = 0;
const TYPE_B: u32 = 1;
const TYPE_IDR: u32 = 3;

/// A length without end, for a group of pictures.
const INFINITE: u32 = u32::MAX;

/// An encoder at work.
pub struct Running {
    encoder: Encoder,
    settings: Settings,
    /// Its parameter sets.
    pub sets: Vec<u8>,
    /// Whether they are written before the first key frame, and before all others.
    first_sets: bool,
    all_sets: bool,
    /// How many pictures came in.
    number: i64,
    /// The client's times, and whether it wants the sets with it, by number.
    times: BTreeMap<i64, (u64, bool)>,
    /// Pictures that are done, in decoding order.
    done: VecDeque<Done>,
    /// How many were.
    finished: u32,
    /// The highest number that is done: what comes with a lower one is a B-frame.
    highest: i64,
}

/// What the codec's own part of the configuration says.
struct CodecConfig {
    disable_sets: bool,
    repeat_sets: bool,
    ten_bit: bool,
    /// Where its VUI begins, in words.
    vui: usize,
}

impl CodecConfig {
    fn of(codec: Codec, config: &Config) -> Self {
        let bit = |word: u32, n: u32| word >> n & 1 == 1;
        match codec {
            Codec::H264 => {
                let flags = config.codec[0];
                Self {
                    disable_sets: bit(flags, 7),
                    repeat_sets: bit(flags, 12),
                    ten_bit: false,
                    vui: 18,
                }
            }
            Codec::Hevc => {
                // Behind level, tier and the sizes of coding units.
                let flags = config.codec[4];
                Self {
                    disable_sets: bit(flags, 6),
                    repeat_sets: bit(flags, 7),
                    ten_bit: flags >> 11 & 7 == 2,
                    vui: 16,
                }
            }
        }
    }
}

fn rate(r: &RateControl) -> Rate {
    let (average, most, buffer) = (u64::from(r.average), u64::from(r.most), u64::from(r.buffer));
    match r.mode {
        0 => Rate::Quantiser(r.constant.p.min(51)),
        2 | 8 | 16 => Rate::Constant {
            rate: average.max(1000),
            buffer,
        },
        _ if r.quality > 0 => Rate::Quality {
            target: u32::from(r.quality),
            most,
            buffer,
        },
        _ => Rate::Average {
            rate: average.max(1000),
            most,
            buffer,
        },
    }
}

/// What a client wants, as far as the device can do it.
fn settings(
    device: usize,
    params: &Initialize,
    config: &Config,
) -> Result<Settings, (Status, String)> {
    let wrong = |status, why: &str| (status, why.to_owned());
    let unknown = |status| wrong(status, "Unsupported codec.");
    let can = caps::of(device, params.codec).map_err(unknown)?;
    let own = CodecConfig::of(can.codec, config);
    let small = params.width < can.min.0 || params.height < can.min.1;
    let large = params.width > can.max.0 || params.height > can.max.1;
    if small {
        return Err(wrong(
            Status::INVALID_PARAM,
            "Frame Dimension less than the minimum supported value.",
        ));
    }
    if large {
        return Err(wrong(
            Status::INVALID_PARAM,
            "Frame Dimension exceeds the maximum supported value.",
        ));
    }
    let b_frames = u32::try_from(config.interval - 1).unwrap_or(0);
    if b_frames > can.b_frames {
        return Err(wrong(Status::UNSUPPORTED_PARAM, "Too many B frames."));
    }
    if own.ten_bit && !can.ten_bit {
        return Err(wrong(
            Status::UNSUPPORTED_PARAM,
            "10 bit encode not supported.",
        ));
    }
    // Frames are 1; fields are not encoded here.
    if config.fields > 1 {
        return Err(wrong(
            Status::UNSUPPORTED_PARAM,
            "Field encoding not supported.",
        ));
    }
    if params.asynchronous != 0 || params.decides_types == 0 {
        return Err(wrong(
            Status::UNSUPPORTED_PARAM,
            "Asynchronous, or without picture type decision.",
        ));
    }
    let profiles: &[_] = match can.codec {
        Codec::H264 => &guid::H264_PROFILES,
        Codec::Hevc => &guid::HEVC_PROFILES,
    };
    let profile = profiles.iter().find(|(known, _)| *known == config.profile);
    let vui = &config.codec[own.vui..];
    let described = vui[2] != 0 && vui[5] != 0;
    let sets = driver().device(device).map_or(0, |d| d.parameter_sets);
    Ok(Settings {
        codec: can.codec,
        width: params.width,
        height: params.height,
        ten_bit: own.ten_bit,
        frame_rate: (params.rate_num.max(1), params.rate_den.max(1)),
        aspect: (
            params.display_width.saturating_mul(params.height),
            params.display_height.saturating_mul(params.width),
        ),
        gop: (config.gop != INFINITE && config.gop > 0).then_some(config.gop),
        b_frames,
        rate: rate(&config.rate),
        profile: profile.and_then(|(_, name)| *name),
        full_range: vui[2] != 0 && vui[4] != 0,
        colour: described.then(|| [vui[6], vui[7], vui[8]]),
        parameter_sets: sets,
    })
}

impl Running {
    /// Starts an encoder.
    ///
    /// # Errors
    /// The device cannot do what is wanted; with it comes why, in words.
    pub fn start(
        device: usize,
        params: &Initialize,
        config: &Config,
    ) -> Result<Self, (Status, String)> {
        let mut settings = settings(device, params, config)?;
        settings.aspect = reduced(settings.aspect);
        let own = CodecConfig::of(settings.codec, config);
        let encoder = Encoder::open(&settings).map_err(|error| {
            report::violation(format!("the stand-in cannot encode this: {}", error.0));
            (Status::GENERIC, error.0)
        })?;
        Ok(Self {
            sets: encoder.parameter_sets(),
            encoder,
            settings,
            first_sets: !own.disable_sets,
            all_sets: own.repeat_sets,
            number: 0,
            times: BTreeMap::new(),
            done: VecDeque::new(),
            finished: 0,
            highest: -1,
        })
    }

    /// The picture at the beginning of `bytes`.
    ///
    /// # Errors
    /// It is of another format, or not all there.
    pub fn picture(&self, bytes: &[u8], shape: Shape) -> Answer<Picture> {
        let (width, height) = (size(self.settings.width)?, size(self.settings.height)?);
        let bits = match shape.format {
            NV12 | YV12 | IYUV => 8,
            P010 => 10,
            _ => return Err(Status::UNSUPPORTED_PARAM),
        };
        let mut picture = Picture {
            width,
            height,
            bits,
            planes: Default::default(),
        };
        let sample = picture.sample();
        if (bits > 8) != self.settings.ten_bit {
            report::violation("a picture is of another depth than its encoder".to_owned());
            return Err(Status::INVALID_PARAM);
        }
        let row = |start: usize, length: usize| {
            bytes.get(start..start + length).ok_or(Status::INVALID_PTR)
        };
        for y in 0..height {
            append(
                &mut picture.planes[0],
                row(y * shape.pitch, width * sample)?,
                sample,
            );
        }
        let chroma = shape.pitch * shape.height;
        let (across, down) = (width.div_ceil(2), height.div_ceil(2));
        for y in 0..down {
            if matches!(shape.format, NV12 | P010) {
                let pairs = row(chroma + y * shape.pitch, across * 2 * sample)?;
                for pair in pairs.chunks_exact(2 * sample) {
                    append(&mut picture.planes[1], &pair[..sample], sample);
                    append(&mut picture.planes[2], &pair[sample..], sample);
                }
            } else {
                let half = shape.pitch / 2;
                let second = chroma + half * shape.height.div_ceil(2);
                let (u, v) = if shape.format == IYUV { (1, 2) } else { (2, 1) };
                append(
                    &mut picture.planes[u],
                    row(chroma + y * half, across)?,
                    sample,
                );
                append(
                    &mut picture.planes[v],
                    row(second + y * half, across)?,
                    sample,
                );
            }
        }
        Ok(picture)
    }

    /// Encodes a picture.
    ///
    /// # Errors
    /// The encoder failed.
    pub fn encode(&mut self, picture: &Picture, time: u64, flags: u32) -> Answer {
        // FFmpeg means a key frame by either: x264 and x265 here make both an IDR picture.
        let key = flags & (FORCE_IDR | FORCE_INTRA) != 0;
        self.times
            .insert(self.number, (time, flags & WITH_SETS != 0));
        self.encoder
            .send(picture, self.number, key)
            .map_err(|error| {
                report::violation(format!("the stand-in's encoder failed: {}", error.0));
                Status::GENERIC
            })?;
        self.number += 1;
        self.collect();
        Ok(())
    }

    /// No picture follows.
    pub fn end(&mut self) {
        self.encoder.end();
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(encoded) = self.encoder.receive() {
            let done = self.finish(encoded);
            self.done.push_back(done);
        }
    }

    fn finish(&mut self, encoded: Encoded) -> Done {
        let (time, wanted) = self.times.remove(&encoded.pts).unwrap_or_default();
        let mut bytes = Vec::new();
        let due = if self.finished == 0 {
            self.first_sets
        } else {
            self.all_sets
        };
        if wanted || due && encoded.key {
            bytes.extend_from_slice(&self.sets);
        }
        bytes.extend_from_slice(&encoded.bytes);
        let kind = match encoded.pts < self.highest {
            _ if encoded.key => TYPE_IDR,
            true => TYPE_B,
            false => TYPE_P,
        };
        self.highest = self.highest.max(encoded.pts);
        self.finished += 1;
        Done {
            bytes: bytes.into(),
            time,
            kind,
            number: self.finished - 1,
        }
    }
}

/// Samples as planes have them: 10 bits in the lower ones of 16.
fn append(plane: &mut Vec<u8>, samples: &[u8], sample: usize) {
    if sample == 1 {
        plane.extend_from_slice(samples);
        return;
    }
    for word in samples.chunks_exact(2) {
        plane.extend_from_slice(&(u16::from_le_bytes([word[0], word[1]]) >> 6).to_le_bytes());
    }
}

/// A ratio in its lowest terms; nothing over one where it is none.
fn reduced((a, b): (u32, u32)) -> (u32, u32) {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    match (a.checked_div(divisor), b.checked_div(divisor)) {
        (Some(a), Some(b)) => (a, b),
        _ => (0, 1),
    }
}

/// Puts what is done into the buffers that wait for it, in the order in which they were given; whether anything was.
pub fn deliver(state: &mut State) -> bool {
    let Some(running) = &mut state.running else {
        return false;
    };
    let mut any = false;
    while !state.waiting.is_empty() {
        let Some(done) = running.done.pop_front() else {
            break;
        };
        if let Some((output, _)) = state.waiting.pop_front() {
            if let Some(output) = state.outputs.get_mut(&output) {
                output.done = Some(done);
            }
            any = true;
        }
    }
    any
}
