//! How many threads decoding and each rung's encoder get. Not which rungs there are.

use newsreel_model::plan::RungPlan;

/// Thread counts of a ladder's encoders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threads {
    /// Of each rung's encoder, by the rung's name.
    encoders: Vec<(String, u32)>,
}

impl Threads {
    /// Spreads `cores` over the encoders by their share of the pixels; `fixed` other than 0 gives each that many.
    ///
    /// Rounded up: an encoder with a thread more than its share never holds the others up, and two threads of one
    /// encoder share what is in the caches, which makes them cheaper than one (measured with libx264: 5 to 8 %).
    #[must_use]
    pub fn choose(cores: usize, fixed: u32, rungs: &[&RungPlan]) -> Self {
        let cores = u32::try_from(cores).unwrap_or(u32::MAX).clamp(1, 64);
        let pixels = |r: &RungPlan| u64::from(r.width) * u64::from(r.height);
        let total: u64 = rungs.iter().map(|r| pixels(r)).sum::<u64>().max(1);
        let share = |r: &RungPlan| {
            let threads = (pixels(r) * u64::from(cores)).div_ceil(total);
            u32::try_from(threads).unwrap_or(1).clamp(1, cores)
        };
        Self {
            encoders: rungs
                .iter()
                .map(|r| (r.name.clone(), if fixed > 0 { fixed } else { share(r) }))
                .collect(),
        }
    }

    /// Of the encoder for `rung`.
    #[must_use]
    pub fn encoder(&self, rung: &RungPlan) -> u32 {
        self.encoders
            .iter()
            .find(|(name, _)| *name == rung.name)
            .map_or(1, |(_, n)| *n)
    }
}

/// What a pixel costs to encode, in pixels decoded: at `veryfast` four times as much (libx264 beside libavcodec's H.264), at the
/// two faster presets about the same.
fn encoding_cost(rung: &RungPlan) -> u64 {
    match rung.preset.as_deref() {
        Some("ultrafast" | "superfast") => 1,
        _ => 4,
    }
}

/// Threads of the decoder of a run that makes `rungs` of pictures of so many pixels: its share of the work and half as much again, so
/// that encoders do not wait for it. More of them cost memory for pictures under way, and work (measured with two beside one: 5 to
/// 20 %).
#[must_use]
pub fn decoding(cores: usize, source: u64, rungs: &[&RungPlan]) -> u32 {
    let cores = u32::try_from(cores).unwrap_or(u32::MAX).clamp(1, 16);
    let cost = |r: &&RungPlan| u64::from(r.width) * u64::from(r.height) * encoding_cost(r);
    let all = source + rungs.iter().map(cost).sum::<u64>();
    let threads = (3 * source * u64::from(cores)).div_ceil(2 * all.max(1));
    u32::try_from(threads).unwrap_or(1).clamp(1, cores)
}
