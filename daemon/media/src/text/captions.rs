//! The channels of CEA-608 as cues. libavcodec reads the text; here each channel is given to a reader of its own.

use crate::captions::{CHANNELS, Placed, Router};
use crate::ffi::{Caption, CaptionDecoder};

use super::{Cue, MAX_CUES, embedded, markup};

/// The cues of CC1 to CC4, at the times of the output frames that carry them. What cannot be read is left out.
#[must_use]
pub fn captions(placed: &Placed, timescale: u32) -> [Vec<Cue>; CHANNELS] {
    let mut router = Router::default();
    let mut channels: [Channel; CHANNELS] = Default::default();
    for (ticks, triplets) in placed.iter() {
        let ms = ticks.saturating_mul(1000) / i64::from(timescale.max(1));
        for &triplet in triplets {
            let Some((heard, alone)) = router.route(triplet) else {
                continue;
            };
            let is_empty = alone[1] & 0x7f == 0 && alone[2] & 0x7f == 0;
            for channel in channels.get_mut(heard).into_iter().flatten() {
                channel.hear(alone, ms, is_empty);
            }
        }
    }
    channels.map(Channel::finish)
}

/// One channel and what it said so far.
#[derive(Default)]
struct Channel {
    /// Opened with the first thing that is said.
    decoder: Option<CaptionDecoder>,
    cues: Vec<Cue>,
}

impl Channel {
    fn hear(&mut self, triplet: [u8; 3], ms: i64, is_empty: bool) {
        if self.decoder.is_none() && !is_empty {
            self.decoder = CaptionDecoder::new().ok();
        }
        if let Some(decoder) = &mut self.decoder {
            let said = decoder.decode(Some((triplet, ms)));
            self.note(said);
        }
    }

    fn note(&mut self, said: Vec<Caption>) {
        let room = MAX_CUES.saturating_sub(self.cues.len());
        let cues = said.into_iter().take(room).map(|caption| Cue {
            from_ms: caption.from_ms,
            until_ms: caption.until_ms.unwrap_or(caption.from_ms),
            // Eight fields before the text.
            text: markup::from_ass(caption.line.splitn(9, ',').nth(8).unwrap_or_default()),
        });
        self.cues.extend(cues);
    }

    fn finish(mut self) -> Vec<Cue> {
        if let Some(mut decoder) = self.decoder.take() {
            let last = decoder.decode(None);
            self.note(last);
        }
        self.cues.retain(|cue| !cue.text.is_empty());
        embedded::close(&mut self.cues);
        self.cues
    }
}
