//! Pictures as a device shows them: NV12 or P016 with a pitch, cropped. Not how they were decoded.

use crate::abi::{Answer, CuError};
use crate::av::Picture;

/// What a surface's rows are rounded up to, bytes.
const PITCH: usize = 512;

/// How a decoder's surfaces are laid out.
#[derive(Clone, Copy)]
pub struct Layout {
    /// Pixels of a row.
    pub width: usize,
    /// Rows of luma.
    pub height: usize,
    /// Bits per sample.
    pub bits: u32,
    /// The first pixel and row of the picture that is shown.
    pub origin: (usize, usize),
}

impl Layout {
    fn sample(&self) -> usize {
        if self.bits > 8 { 2 } else { 1 }
    }

    /// Bytes from one row to the next.
    pub fn pitch(&self) -> usize {
        (self.width * self.sample()).next_multiple_of(PITCH)
    }

    /// Bytes of a whole surface; chroma follows luma.
    pub fn bytes(&self) -> usize {
        self.pitch() * (self.height + self.height.div_ceil(2))
    }

    /// Draws a picture.
    ///
    /// # Errors
    /// It is of another depth, or smaller than what is shown of it by more than a row and a column, which are repeated.
    pub fn draw(&self, picture: &Picture, surface: &mut [u8]) -> Answer {
        let (x, y) = self.origin;
        let small = picture.width + 1 < x + self.width || picture.height + 1 < y + self.height;
        if picture.bits != self.bits || small {
            return Err(CuError::MAP_FAILED);
        }
        let (luma, chroma) = surface.split_at_mut(self.pitch() * self.height);
        let [y_plane, u_plane, v_plane] = &picture.planes;
        let sample = self.sample();
        let source = picture.width * sample;
        for (i, row) in luma.chunks_exact_mut(self.pitch()).enumerate() {
            let from = &y_plane[(y + i).min(picture.height - 1) * source..][..source];
            for (j, out) in row.chunks_exact_mut(sample).take(self.width).enumerate() {
                shift(&from[(x + j).min(picture.width - 1) * sample..], out);
            }
        }
        let (width, height) = (picture.width.div_ceil(2), picture.height.div_ceil(2));
        for (i, row) in chroma.chunks_exact_mut(self.pitch()).enumerate() {
            let start = (y / 2 + i).min(height - 1) * width * sample;
            for (j, out) in row
                .chunks_exact_mut(2 * sample)
                .take(self.width.div_ceil(2))
                .enumerate()
            {
                let at = start + (x / 2 + j).min(width - 1) * sample;
                let (u, v) = out.split_at_mut(sample);
                shift(&u_plane[at..], u);
                shift(&v_plane[at..], v);
            }
        }
        Ok(())
    }
}

/// One sample; 10 bits go into the upper ones of 16.
fn shift(from: &[u8], to: &mut [u8]) {
    match (from, to) {
        ([low, high, ..], [a, b]) => {
            [*a, *b] = (u16::from_le_bytes([*low, *high]) << 6).to_le_bytes();
        }
        ([byte, ..], [out]) => *out = *byte,
        _ => {}
    }
}
