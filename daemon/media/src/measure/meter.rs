//! Adds up how like each other pairs of pictures are, by libavfilter's `psnr` and `ssim`. Not which pictures are a pair.

use newsreel_model::report::Quality;
use newsreel_model::{Error, Result};

use crate::ffi::{Frame, Graph, PixelFormat, Received};

use super::failed;

/// What was made comes in, what it was meant to be stands beside it; both filters note what they find with the picture.
const FILTERS: &str = "[beside]split[a][b];[in][a]psnr[p];[p][b]ssim[out]";

/// The same pictures are infinitely like each other, which no number says.
const MOST_DB: f64 = 100.0;

/// The meter of one rung.
#[derive(Default)]
pub struct Meter {
    graph: Option<Graph>,
    given: i64,
    frames: u32,
    /// Sums over pictures.
    psnr: Sum,
    psnr_luma: Sum,
    ssim: f64,
    least_db: Option<f64>,
}

/// Mean squared errors, and what a whole sample squared would be.
#[derive(Default)]
struct Sum {
    error: f64,
    whole: f64,
}

impl Meter {
    /// Compares a pair.
    ///
    /// # Errors
    /// They have not one size and format, or out of memory.
    pub fn add(&mut self, mut made: Frame, mut meant: Frame) -> Result<()> {
        made.set_pts(self.given);
        meant.set_pts(self.given);
        self.given += 1;
        let graph = match &mut self.graph {
            Some(graph) => graph,
            None => {
                let graph = Graph::beside(&made, &meant, FILTERS).map_err(failed)?;
                self.graph.insert(graph)
            }
        };
        graph.send(Some(&made)).map_err(failed)?;
        graph.send_beside(Some(&meant)).map_err(failed)?;
        self.collect()
    }

    fn collect(&mut self) -> Result<()> {
        let Some(graph) = &mut self.graph else {
            return Ok(());
        };
        let mut measured = Frame::new().map_err(failed)?;
        while graph.receive(&mut measured).map_err(failed)? == Received::Output {
            let note = |name| {
                let said = measured.note(name);
                said.and_then(|text| text.parse::<f64>().ok())
                    .ok_or_else(|| Error::bug("a filter measured nothing"))
            };
            let error = note(c"lavfi.psnr.mse_avg")?;
            let luma = note(c"lavfi.psnr.mse.y")?;
            self.ssim += note(c"lavfi.ssim.All")?;
            let deep = measured.pixel_format() == PixelFormat::YUV420P10;
            let most = if deep { 1023.0 } else { 255.0 };
            let db = decibels(error, most * most);
            self.least_db = Some(self.least_db.map_or(db, |least| least.min(db)));
            for (sum, error) in [(&mut self.psnr, error), (&mut self.psnr_luma, luma)] {
                sum.error += error;
                sum.whole += most * most;
            }
            self.frames += 1;
        }
        Ok(())
    }

    /// What was found over `seconds` of the programme.
    ///
    /// # Errors
    /// Nothing was measured.
    pub fn finish(mut self, seconds: f64) -> Result<Quality> {
        if let Some(graph) = &mut self.graph {
            graph.send(None).map_err(failed)?;
            graph.send_beside(None).map_err(failed)?;
        }
        self.collect()?;
        let least = self
            .least_db
            .filter(|_| i64::from(self.frames) == self.given);
        let least = least.ok_or_else(|| Error::bug("not every picture was measured"))?;
        let of = |sum: &Sum| rounded(decibels(sum.error, sum.whole));
        Ok(Quality {
            psnr_db: of(&self.psnr),
            psnr_luma_db: of(&self.psnr_luma),
            psnr_least_db: rounded(least),
            ssim: rounded(self.ssim / f64::from(self.frames)),
            frames: self.frames,
            measured_s: rounded(seconds),
        })
    }
}

fn decibels(error: f64, whole: f64) -> f64 {
    if error <= 0.0 {
        return MOST_DB;
    }
    (10.0 * (whole / error).log10()).clamp(0.0, MOST_DB)
}

/// No more digits than mean anything.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_pictures_have_a_number_too() {
        assert!((decibels(0.0, 65_025.0) - MOST_DB).abs() < 1e-9);
        assert!((decibels(65.025, 65_025.0) - 30.0).abs() < 1e-9);
    }
}
