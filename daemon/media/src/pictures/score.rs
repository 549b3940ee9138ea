//! How much there is to see in a picture: light and dark, sharp edges, and whether it stands still. Not a chooser: what a
//! score is compared with is its affair.

/// Blocks a picture is looked at in, across and down.
const BLOCKS: (usize, usize) = (8, 6);

/// From this spread of brightness on (standard deviation, of 255), more of it is no better.
const ENOUGH_LIGHT: f64 = 30.0;

/// A change of brightness between two pictures of a moment that counts as half a transition.
const HALF_CHANGE: f64 = 3.0;

/// Pictures whose blocks differ by less on average are of the same scene.
const SAME_SCENE: f64 = 5.0;

/// What was seen in a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Average brightness of each block, 0–255.
    blocks: Vec<f64>,
    /// Standard deviation of brightness, 0 for a black or white frame.
    contrast: f64,
    /// How sharp the sharper blocks are: of all, a quarter is sharper. So neither a blurred background nor a logo counts.
    sharpness: f64,
}

impl Look {
    /// At a picture's brightness, row by row.
    pub fn at(rows: &[&[u8]]) -> Self {
        let (height, width) = (rows.len(), rows.first().map_or(0, |row| row.len()));
        if width < 3 || height < 3 {
            return Self::default();
        }
        let mut look = Self::default();
        let mut edges: Vec<f64> = Vec::new();
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for down in 0..BLOCKS.1 {
            for across in 0..BLOCKS.0 {
                let part = |n: usize, of: usize, all: usize| 1 + n * (all - 2) / of;
                let (top, bottom) = (
                    part(down, BLOCKS.1, height),
                    part(down + 1, BLOCKS.1, height),
                );
                let (left, right) = (
                    part(across, BLOCKS.0, width),
                    part(across + 1, BLOCKS.0, width),
                );
                let block = Block::of(rows, (top, bottom), (left, right));
                if block.samples == 0.0 {
                    continue;
                }
                look.blocks.push(block.sum / block.samples);
                edges.push(block.edges / block.samples);
                sum += block.sum;
                squares += block.squares;
                count += block.samples;
            }
        }
        edges.sort_by(|a, b| b.total_cmp(a));
        look.sharpness = edges.get(edges.len() / 4).copied().unwrap_or_default();
        let mean = sum / f64::max(count, 1.0);
        look.contrast = (squares / f64::max(count, 1.0) - mean * mean)
            .max(0.0)
            .sqrt();
        look
    }

    /// How good the picture is by itself, from 0; `after` is another of the same moment.
    pub fn score(&self, after: Option<&Self>) -> f64 {
        let light = (self.contrast / ENOUGH_LIGHT).min(1.0);
        let change = after.map_or(0.0, |after| self.difference(after)) / HALF_CHANGE;
        self.sharpness * light / (1.0 + change * change)
    }

    /// Whether the two show the same scene.
    pub fn is_same_scene(&self, other: &Self) -> bool {
        self.difference(other) < SAME_SCENE
    }

    /// How far blocks' brightness lies apart on average. What moves within a block does not count.
    fn difference(&self, other: &Self) -> f64 {
        let pairs = self.blocks.iter().zip(&other.blocks);
        let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (a, b)| {
            (sum + (a - b).abs(), count + 1.0)
        });
        sum / f64::max(count, 1.0)
    }
}

#[derive(Default)]
struct Block {
    samples: f64,
    sum: f64,
    squares: f64,
    /// Sum of how far each sample lies from its four neighbours (the Laplacian).
    edges: f64,
}

impl Block {
    fn of(rows: &[&[u8]], (top, bottom): (usize, usize), (left, right): (usize, usize)) -> Self {
        let (mut sum, mut squares, mut edges, mut samples) = (0u64, 0u64, 0u64, 0u64);
        for lines in rows[top - 1..bottom + 1].windows(3) {
            let &[above, row, below] = lines else {
                continue;
            };
            for x in left..right {
                let (here, at) = (row[x], |line: &[u8], x: usize| i32::from(line[x]));
                let around = at(above, x) + at(below, x) + at(row, x - 1) + at(row, x + 1);
                sum += u64::from(here);
                squares += u64::from(here) * u64::from(here);
                edges += u64::from((4 * i32::from(here) - around).unsigned_abs());
                samples += 1;
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "samples of one small picture")]
        let real = |n: u64| n as f64;
        Self {
            samples: real(samples),
            sum: real(sum),
            squares: real(squares),
            edges: real(edges),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (96, 54);

    fn look(pixel: impl Fn(usize, usize) -> u8) -> Look {
        let rows: Vec<Vec<u8>> = (0..SIZE.1)
            .map(|y| (0..SIZE.0).map(|x| pixel(x, y)).collect())
            .collect();
        Look::at(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn checks(x: usize, y: usize) -> u8 {
        if (x / 6 + y / 6).is_multiple_of(2) {
            40
        } else {
            200
        }
    }

    /// The same, each sample the average of those around it.
    fn blurred(x: usize, y: usize) -> u8 {
        let near = |v: usize, most: usize| v.saturating_sub(4)..(v + 5).min(most);
        let all: Vec<u32> = near(y, SIZE.1)
            .flat_map(|y| near(x, SIZE.0).map(move |x| u32::from(checks(x, y))))
            .collect();
        u8::try_from(all.iter().sum::<u32>() / u32::try_from(all.len()).unwrap()).unwrap()
    }

    #[test]
    fn black_is_nothing_and_blur_is_less_than_sharp() {
        let sharp = look(checks).score(None);
        assert_eq!(look(|_, _| 16).score(None), 0.0);
        assert!(look(blurred).score(None) < sharp / 3.0);
        // What is faded far down is hardly seen any more.
        assert!(look(|x, y| 16 + checks(x, y) / 16).score(None) < sharp / 10.0);
    }

    #[test]
    fn a_sharp_logo_does_not_make_a_blurred_picture_sharp() {
        let logo = |x: usize, y: usize| match x < 24 && y < 9 {
            true => checks(3 * x, 3 * y),
            false => blurred(x, y),
        };
        assert!(look(logo).score(None) < look(checks).score(None) / 3.0);
    }

    #[test]
    fn a_moment_that_changes_as_a_whole_is_worth_less_than_one_in_which_something_moves() {
        let now = look(checks);
        let moved = look(|x, y| checks(x + 2, y));
        let fading = look(|x, y| checks(x, y) / 10 * 9 + 20);
        let (still, fades) = (now.score(Some(&moved)), now.score(Some(&fading)));
        assert!(still > fades * 2.0, "{still} {fades}");
        assert!(now.is_same_scene(&moved));
        assert!(!now.is_same_scene(&look(|x, _| if x < 48 { 20 } else { 220 })));
    }

    #[test]
    fn a_picture_too_small_to_have_edges_is_looked_at_too() {
        for (width, height) in [(0, 0), (1, 1), (2, 9), (3, 3), (9, 4), (16, 3)] {
            let rows = vec![vec![200u8; width]; height];
            let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            assert_eq!(Look::at(&rows).score(None), 0.0, "{width}x{height}");
        }
    }
}
