//! What sessions take of a device's memory, and how many encoder sessions its driver opens. Not how fast they are.

use newsreel_media::hardware::{Ladder, RungEncoder, RungPicture};
use newsreel_media::pipeline::{Surface, VideoDecoder, VideoEncoder};
use newsreel_model::Result;
use newsreel_model::device::Codec;

use super::encode::{is_full, take};
use super::pattern::{FULL_HD, Pattern, Stream};
use super::{Trial, scale};
use crate::engine::{ANY_TAKES, Vendor};

/// Numbers of sessions whose memory is read.
const SESSIONS: [u32; 3] = [1, 2, 4];

/// Pictures that a session scales and encodes before its memory is read: all is allocated by then.
const PICTURES: i64 = 4;

/// Encoder sessions beyond which no cap is looked for: drivers that have one have it lower.
const MOST_SESSIONS: u32 = 16;

/// Device memory that must be free for a refusal to be the driver's cap, in MiB.
const TO_SPARE_MIB: u64 = 512;

/// Device memory in use, where that can be read.
pub struct Memory<'a> {
    used: &'a dyn Fn() -> Option<u64>,
    before: Option<u64>,
}

impl<'a> Memory<'a> {
    /// Remembers what others have: `used` gives what everyone has, in MiB.
    pub fn before_anything(used: &'a dyn Fn() -> Option<u64>) -> Self {
        Self {
            used,
            before: used(),
        }
    }

    /// What others had, in MiB.
    pub fn taken_mib(&self) -> u64 {
        self.before.unwrap_or(0)
    }

    fn ours_mib(&self) -> Option<u64> {
        Some((self.used)()?.saturating_sub(self.before?))
    }
}

impl<V: Vendor> Trial<'_, V> {
    /// Device memory in use with so many sessions that decode, scale and encode.
    pub(super) fn memory_of_sessions(
        &self,
        pattern: &Pattern,
        doing: &mut dyn FnMut(String),
    ) -> Result<Vec<(u32, u64)>> {
        let decodes = Self::codecs(&self.gpu.decode).contains(&Codec::H264);
        let stream = pattern.stream(Codec::H264)?.filter(|_| decodes);
        let (Some(stream), Some(_)) = (stream, self.memory.ours_mib()) else {
            return Ok(Vec::new());
        };
        let (mut open, mut points) = (Vec::new(), Vec::new());
        for sessions in SESSIONS {
            doing(format!("opening {sessions} whole sessions"));
            while open.len() < sessions as usize {
                match self.whole_session(&stream) {
                    Ok(session) => open.push(session),
                    // What fits, fits.
                    Err(error) if is_full(&error) => return Ok(points),
                    Err(error) => return Err(error),
                }
            }
            points.extend(self.memory.ours_mib().map(|mib| (sessions, mib)));
        }
        Ok(points)
    }

    /// A session with everything that it holds in the middle of its work.
    fn whole_session(&self, stream: &Stream) -> Result<impl Sized + use<V>> {
        let mut decoder = self.decoder(stream)?;
        let mut ladder = self.ladder()?;
        let codec = self.encoders().first().copied();
        let size = (FULL_HD.width, FULL_HD.height);
        let encoder = codec.map(|codec| self.encoder(codec, size)).transpose()?;
        let mut encoder = encoder.map(RungEncoder::Device);
        let mut ticks = 0;
        for packet in &stream.packets {
            decoder.send(Some(packet))?;
            while let Some(decoded) = decoder.receive()? {
                if ticks >= PICTURES {
                    continue;
                }
                scale::wait::<V>(ladder.scale(&decoded.surface)?.last())?;
                if let Some(encoder) = &mut encoder {
                    let picture = RungPicture::Device(Surface::share(&decoded.surface)?);
                    encoder.send(picture, ticks, ticks == 0)?;
                    take(encoder)?;
                }
                ticks += 1;
            }
        }
        Ok((decoder, ladder, encoder))
    }

    /// How many encoder sessions were open when the driver refused another for no want of memory.
    pub(super) fn session_cap(&self, doing: &mut dyn FnMut(String)) -> Result<Option<u32>> {
        let Some(codec) = self.encoders().first().copied() else {
            return Ok(None);
        };
        doing("opening encoder sessions until one is refused".to_owned());
        let mut open = Vec::new();
        for cap in 0..MOST_SESSIONS {
            match self.encoder(codec, ANY_TAKES) {
                Ok(session) => open.push(session),
                Err(error) if is_full(&error) => return Ok(self.has_room().then_some(cap)),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Whether memory is left; taken for so where it cannot be read.
    fn has_room(&self) -> bool {
        let used = self
            .memory
            .ours_mib()
            .map(|ours| ours + self.memory.taken_mib());
        let (Some(used), Some(all)) = (used, self.gpu.vram_mib) else {
            return true;
        };
        all.saturating_sub(used) >= TO_SPARE_MIB
    }
}
