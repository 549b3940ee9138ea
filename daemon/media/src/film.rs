//! Where film's pictures lie on the output's clock when 3:2 pulldown is undone. Pure; not how their fields are put together
//! (`condition`), or how it is found out (`condition/cadence.rs`).

use newsreel_model::conditioning::Pulldown;
use newsreel_model::plan::VideoPlan;

/// Frames of video in which there are four pictures of film.
const CYCLE: i64 = 5;

/// The places of a programme's pictures.
#[derive(Clone, Copy, Debug)]
pub struct Film {
    /// Which of five frames shows nothing new.
    repeated: i64,
    /// Ticks of a picture.
    picture: i64,
}

impl Film {
    /// `None` where no frame is left out.
    #[must_use]
    pub fn of(video: &VideoPlan) -> Option<Self> {
        match video.conditioning.pulldown {
            Some(Pulldown::Fields { repeated }) => Some(Self {
                repeated: i64::from(repeated),
                picture: video.frame_ticks.max(1),
            }),
            _ => None,
        }
    }

    /// Ticks of a frame of the source.
    #[must_use]
    pub fn frame(self) -> i64 {
        (self.picture * 4 / CYCLE).max(1)
    }

    /// Where a frame's picture lies, `since` ticks after the first frame: ticks after the first picture. `None` where it
    /// shows nothing new.
    #[must_use]
    pub fn place(self, since: i64) -> Option<i64> {
        let number = (2 * since * CYCLE + 4 * self.picture).div_euclid(8 * self.picture);
        let (cycle, place) = self.of_frame(number);
        // The very first has nothing before it that it could repeat.
        let new = place < 4 || number == 0;
        let (first_cycle, first) = self.of_frame(0);
        let picture = 4 * cycle + place.min(3) - (4 * first_cycle + first.min(3));
        new.then_some(picture * self.picture)
    }

    /// How much later than the first frame the first picture lies, in ticks: where no picture is further from its frame than
    /// it need be.
    #[must_use]
    pub fn shift(self) -> i64 {
        match self.of_frame(0) {
            // Of the picture that it repeats, the first frame is all there is.
            (_, 4) => self.picture * 3 / 10 - self.frame(),
            (_, place) => self.picture * (2 * place - 3) / 10,
        }
    }

    /// Cycle and place in it of a frame; the last place is the one that repeats.
    fn of_frame(self, number: i64) -> (i64, i64) {
        let from = number - self.repeated - 1;
        (from.div_euclid(CYCLE), from.rem_euclid(CYCLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_of_five_frames_are_evenly_spaced_and_near_their_own_times() {
        for repeated in 0..CYCLE {
            let film = Film {
                repeated,
                picture: 1000,
            };
            let frames = (0..100).map(|number| (number, film.place(number * 800)));
            let kept: Vec<(i64, i64)> = frames.filter_map(|(n, at)| Some((n, at?))).collect();
            assert!(kept.windows(2).all(|w| w[1].1 - w[0].1 == 1000));
            assert!((80..=81).contains(&kept.len()));
            for (number, at) in kept {
                let repeats = number == 0 && repeated == 0;
                let off = at + film.shift() - number * 800;
                assert!(
                    repeats || off.abs() <= 300,
                    "{repeated}: frame {number} is off by {off}"
                );
            }
        }
    }
}
