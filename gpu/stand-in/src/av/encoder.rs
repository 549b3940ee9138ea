//! An encoder in the place of a device's: libx264 or libx265 as fast as they go. Not a measure of a device's quality.

use newsreel_stand_in_kit::Codec;

use super::{AvError, Picture, X264, X265};

/// How many bits a picture gets. Rates are bits a second, buffers bits.
#[derive(Clone, Copy, Debug)]
pub enum Rate {
    /// The same quantiser for all.
    Quantiser(u32),
    /// A quality, below a rate.
    Quality { target: u32, most: u64, buffer: u64 },
    /// A rate on average, another at most (0 is none).
    Average { rate: u64, most: u64, buffer: u64 },
    /// The same rate always.
    Constant { rate: u64, buffer: u64 },
}

/// Everything an encoder is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub codec: Codec,
    pub width: u32,
    pub height: u32,
    pub ten_bit: bool,
    /// Frames a second, numerator and denominator.
    pub frame_rate: (u32, u32),
    /// Sample aspect ratio; 0 is unknown.
    pub aspect: (u32, u32),
    /// Frames from one key frame to the next; none has no limit.
    pub gop: Option<u32>,
    pub b_frames: u32,
    pub rate: Rate,
    /// libavcodec's name of the profile.
    pub profile: Option<&'static str>,
    /// Full range, primaries, transfer, matrix; none is not said.
    pub full_range: bool,
    pub colour: Option<[u32; 3]>,
    /// Which parameter sets it writes.
    pub parameter_sets: u32,
}

/// An opened encoder.
pub enum Encoder {
    /// For H.264.
    H264(X264),
    /// For HEVC.
    Hevc(X265),
}

/// An encoded picture.
pub struct Encoded {
    /// Its bytes in Annex B, without parameter sets.
    pub bytes: Vec<u8>,
    /// The time its picture was given with.
    pub pts: i64,
    /// Whether it is an IDR picture.
    pub key: bool,
}

/// Options as their names and values.
type Options = Vec<(&'static str, String)>;

impl Settings {
    /// What both encoders call the same.
    fn common(&self) -> Options {
        let gop = self.gop.map_or(-1, i64::from);
        let mut options = vec![
            ("b-adapt", "0".to_owned()),
            ("scenecut", "0".to_owned()),
            ("open-gop", "0".to_owned()),
        ];
        options.push((
            "keyint",
            if gop < 0 {
                "infinite".to_owned()
            } else {
                gop.to_string()
            },
        ));
        let kilo = |bits: u64| (bits / 1000).max(1).to_string();
        let mut bounded = |most: u64, buffer: u64| {
            if most > 0 {
                options.push(("vbv-maxrate", kilo(most)));
                options.push(("vbv-bufsize", kilo(if buffer > 0 { buffer } else { most })));
            }
        };
        match self.rate {
            Rate::Quantiser(qp) => options.push(("qp", qp.to_string())),
            Rate::Quality {
                target,
                most,
                buffer,
            } => {
                bounded(most, buffer);
                options.push(("crf", target.to_string()));
            }
            Rate::Average { rate, most, buffer } => {
                bounded(most, buffer);
                options.push(("bitrate", kilo(rate)));
            }
            Rate::Constant { rate, buffer } => {
                bounded(rate, buffer);
                options.push(("bitrate", kilo(rate)));
            }
        }
        options
    }

    /// For libavcodec's libx264.
    fn for_x264(&self) -> Options {
        let mut own = self.common();
        own.extend([
            ("rc-lookahead", "0".to_owned()),
            ("sync-lookahead", "0".to_owned()),
            ("weightp", "0".to_owned()),
            ("mbtree", "0".to_owned()),
            ("sps-id", self.parameter_sets.to_string()),
        ]);
        let own: Vec<_> = own
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut options = vec![
            ("preset", "superfast".to_owned()),
            ("bf", self.b_frames.to_string()),
            ("forced-idr", "1".to_owned()),
            ("threads", "1".to_owned()),
            ("flags", "+global_header".to_owned()),
            (
                "color_range",
                if self.full_range { "2" } else { "1" }.to_owned(),
            ),
            ("x264-params", own.join(":")),
        ];
        if let Some([primaries, transfer, matrix]) = self.colour {
            options.push(("color_primaries", primaries.to_string()));
            options.push(("color_trc", transfer.to_string()));
            options.push(("colorspace", matrix.to_string()));
        }
        if let Some(profile) = self.profile {
            options.push(("profile", profile.to_owned()));
        }
        options
    }

    /// For libx265.
    fn for_x265(&self) -> Options {
        let mut options = self.common();
        let (num, den) = self.frame_rate;
        options.extend([
            ("input-res", format!("{}x{}", self.width, self.height)),
            ("fps", format!("{num}/{den}")),
            ("bframes", self.b_frames.to_string()),
            ("rc-lookahead", (self.b_frames + 1).to_string()),
            ("lookahead-slices", "0".to_owned()),
            ("frame-threads", "1".to_owned()),
            ("pools", "none".to_owned()),
            ("wpp", "0".to_owned()),
            ("info", "0".to_owned()),
            ("repeat-headers", "0".to_owned()),
            ("annexb", "1".to_owned()),
            (
                "ctu",
                if self.parameter_sets == 0 { "32" } else { "16" }.to_owned(),
            ),
            (
                "range",
                if self.full_range { "full" } else { "limited" }.to_owned(),
            ),
        ]);
        if self.aspect.0 > 0 {
            options.push(("sar", format!("{}:{}", self.aspect.0, self.aspect.1)));
        }
        if let Some([primaries, transfer, matrix]) = self.colour {
            options.push(("colorprim", primaries.to_string()));
            options.push(("transfer", transfer.to_string()));
            options.push(("colormatrix", matrix.to_string()));
        }
        options
    }
}

impl Encoder {
    /// Opens one that works in the caller's thread.
    ///
    /// # Errors
    /// The encoder is missing, or refuses the settings.
    pub fn open(settings: &Settings) -> Result<Self, AvError> {
        match settings.codec {
            Codec::H264 => X264::open(settings, &settings.for_x264()).map(Self::H264),
            Codec::Hevc => {
                X265::open(settings.ten_bit, settings.profile, &settings.for_x265()).map(Self::Hevc)
            }
        }
    }

    /// Its parameter sets in Annex B, without anything else.
    pub fn parameter_sets(&self) -> Vec<u8> {
        let (all, wanted): (_, fn(&u8) -> bool) = match self {
            Self::H264(x) => (x.headers(), |b| matches!(b & 0x1f, 7 | 8)),
            Self::Hevc(x) => (x.headers(), |b| matches!(b >> 1 & 0x3f, 32..=34)),
        };
        let mut sets = Vec::new();
        for nal in crate::cuvid::bits::units(&all).filter(|nal| nal.first().is_some_and(wanted)) {
            sets.extend_from_slice(&[0, 0, 0, 1]);
            sets.extend_from_slice(nal);
        }
        sets
    }

    /// Gives it a picture numbered `pts`.
    ///
    /// # Errors
    /// The picture is not of the size or depth it was opened for, or it has no memory.
    pub fn send(&mut self, picture: &Picture, pts: i64, key: bool) -> Result<(), AvError> {
        match self {
            Self::H264(x) => x.send(picture, pts, key),
            Self::Hevc(x) => x.send(picture, pts, key),
        }
    }

    /// No picture follows.
    pub fn end(&mut self) {
        match self {
            Self::H264(x) => x.end(),
            Self::Hevc(x) => x.end(),
        }
    }

    /// The next picture in decoding order, if it is done.
    pub fn receive(&mut self) -> Option<Encoded> {
        match self {
            Self::H264(x) => x.receive(),
            Self::Hevc(x) => x.receive(),
        }
    }
}
