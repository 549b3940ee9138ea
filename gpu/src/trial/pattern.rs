//! Pictures that are the same everywhere, and streams of them made on the cores: what devices are tried with. Not the trying.

use newsreel_media::ffi::{
    Frame, FramePool, Packet, Params, PixelFormat, Received, VideoSettings, has_encoder,
};
use newsreel_media::pipeline::{Scaler, VideoEncoder};
use newsreel_media::software::SoftwareEncoder;
use newsreel_media::software_scaler::SoftwareScaler;
use newsreel_model::device::{Codec, Size};
use newsreel_model::plan::Colour;
use newsreel_model::{Code, Error, Rational, Result};

/// The size that rates are measured at.
pub const FULL_HD: Size = Size {
    width: 1920,
    height: 1080,
};

/// Pictures in a stream; it is decoded again and again.
const PICTURES: usize = 24;

/// Pictures that an encoder gets in turn; they lie in device memory.
const ENCODED_IN_TURN: usize = 8;

/// Bits of such a stream per second and pixel: what a camera's file has.
const BITS_PER_PIXEL: u64 = 6;

/// Moving pictures.
pub struct Pattern {
    size: Size,
    /// Planar 4:2:0.
    pictures: Vec<Frame>,
}

/// A stream of them, that begins with a key frame.
pub struct Stream {
    pub params: Params,
    pub packets: Vec<Packet>,
}

impl Pattern {
    /// Those that rates are measured with.
    pub fn full_hd() -> Result<Self> {
        Self::new(FULL_HD, PICTURES)
    }

    pub fn new(size: Size, count: usize) -> Result<Self> {
        let pool = FramePool::new(size.width, size.height, PixelFormat::YUV420P).map_err(memory)?;
        let picture = |n| {
            let mut picture = pool.get().map_err(memory)?;
            draw(&mut picture, n);
            Ok(picture)
        };
        Ok(Self {
            size,
            pictures: (0..count).map(picture).collect::<Result<_>>()?,
        })
    }

    pub fn size(&self) -> Size {
        self.size
    }

    /// Luma samples of one.
    pub fn pixels(&self) -> u64 {
        u64::from(self.size.width) * u64::from(self.size.height)
    }

    /// In the order of their showing.
    pub fn pictures(&self) -> &[Frame] {
        &self.pictures
    }

    /// The first of them as devices take them.
    pub fn for_devices(&self) -> Result<Vec<Frame>> {
        let (width, height) = (self.size.width, self.size.height);
        let mut scaler = SoftwareScaler::to(width, height, PixelFormat::NV12, Colour::SDR)?;
        let few = self.pictures.iter().take(ENCODED_IN_TURN);
        few.map(|picture| scaler.scale(picture)).collect()
    }

    /// Them as a stream of this codec; none where libavcodec has no encoder for it that is known here.
    pub fn stream(&self, codec: Codec) -> Result<Option<Stream>> {
        let known = ENCODERS
            .iter()
            .find(|(c, name, _)| *c == codec && has_encoder(name));
        let Some((_, name, options)) = known else {
            return Ok(None);
        };
        let mut encoder = SoftwareEncoder::open(&self.settings(name, options))?;
        let mut packets = Vec::new();
        for (ticks, picture) in (0..).zip(&self.pictures) {
            encoder.send(picture.share().map_err(memory)?, ticks, ticks == 0)?;
            take(&mut encoder, &mut packets)?;
        }
        encoder.finish()?;
        take(&mut encoder, &mut packets)?;
        let params = encoder.params()?;
        Ok(Some(Stream { params, packets }))
    }

    fn settings(&self, encoder: &str, options: Options) -> VideoSettings {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let own = options
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let bps = self.pixels() * BITS_PER_PIXEL;
        VideoSettings {
            encoder: encoder.to_owned(),
            width: self.size.width,
            height: self.size.height,
            format: PixelFormat::YUV420P,
            time_base: Rational { num: 1, den: 25 },
            frame_rate: Some(Rational { num: 25, den: 1 }),
            colour: (1, 1, 1),
            full_range: false,
            threads: u32::try_from(threads.min(8)).unwrap_or(1),
            options: own.chain([("b".to_owned(), bps.to_string())]).collect(),
        }
    }
}

/// An encoder's options by libavcodec's names.
type Options = &'static [(&'static str, &'static str)];

/// Software encoders that make something of each codec quickly.
const ENCODERS: [(Codec, &str, Options); 7] = [
    (Codec::H264, "libx264", &[("preset", "veryfast")]),
    (
        Codec::Hevc,
        "libx265",
        &[("preset", "ultrafast"), ("x265-params", "log-level=none")],
    ),
    (Codec::Av1, "libsvtav1", &[("preset", "12")]),
    (
        Codec::Vp9,
        "libvpx-vp9",
        &[
            ("deadline", "realtime"),
            ("cpu-used", "8"),
            ("lag-in-frames", "0"),
        ],
    ),
    (
        Codec::Vp8,
        "libvpx",
        &[("deadline", "realtime"), ("cpu-used", "8")],
    ),
    (Codec::Mpeg2, "mpeg2video", &[]),
    (Codec::Mpeg4, "mpeg4", &[]),
];

/// Everything the encoder has to give now.
fn take(encoder: &mut SoftwareEncoder, packets: &mut Vec<Packet>) -> Result<()> {
    loop {
        let mut packet = Packet::new().map_err(memory)?;
        if encoder.receive(&mut packet)? != Received::Output {
            return Ok(());
        }
        packets.push(packet);
    }
}

/// Squares that wander over a slope: edges, motion and something that changes slowly.
fn draw(picture: &mut Frame, n: usize) {
    let width = picture.width() as usize;
    picture.draw(|plane, y, row| {
        let pairs = usize::from(plane > 0);
        let wide = (width >> pairs).max(1);
        for (x, sample) in row.iter_mut().enumerate() {
            let slope = 100 * x / wide;
            let squares = (((x << pairs) + 2 * n) >> 3) ^ ((y << pairs) >> 3);
            let value = 50 + slope + (squares & 31) * 2;
            *sample = u8::try_from(value).unwrap_or(u8::MAX);
        }
    });
}

fn memory(error: newsreel_media::ffi::AvError) -> Error {
    Error::new(
        Code::EngineFailed,
        "no memory for the pictures a device is tried with",
    )
    .with_detail(error.to_string())
}
