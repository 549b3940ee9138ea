//! The kernels of FFmpeg's `scale_cuda`, between NV12 and P010, all filters as a bilinear one. Not a measure of their quality.
//!
//! Arguments, as libavfilter/vf_scale_cuda.c launches them: four textures, four target planes, target width, height and pitch, source
//! width and height, a parameter.

use super::{Arguments, Grid, Run};
use crate::abi::{Answer, CuError, DevicePtr, int, size};
use crate::cuda::TEXTURES;
use crate::memory;

/// The function for what follows `Subsample_`: a filter, two formats, and `_uv` for chroma.
pub fn variant(rest: &str) -> Option<Run> {
    let filters = ["Nearest_", "Bilinear_", "Bicubic_", "Lanczos_"];
    let formats = filters.iter().find_map(|f| rest.strip_prefix(f))?;
    Some(match formats {
        "nv12_nv12" => |g, a| run(g, a, 0, 1),
        "nv12_nv12_uv" => |g, a| run(g, a, 1, 1),
        "p010le_p010le" => |g, a| run(g, a, 0, 2),
        "p010le_p010le_uv" => |g, a| run(g, a, 1, 2),
        "nv12_p010le" => |g, a| run(g, a, 0, 2),
        "nv12_p010le_uv" => |g, a| run(g, a, 1, 2),
        "p010le_nv12" => |g, a| run(g, a, 0, 1),
        "p010le_nv12_uv" => |g, a| run(g, a, 1, 1),
        _ => return None,
    })
}

/// The family itself is no kernel.
pub fn none(_grid: &Grid, _arguments: &Arguments) -> Answer {
    Err(CuError::NOT_FOUND)
}

/// An image in host memory, of samples widened to 16 bits.
struct Image {
    samples: Vec<u16>,
    width: usize,
    height: usize,
    channels: usize,
}

impl Image {
    fn at(&self, x: usize, y: usize, channel: usize) -> f32 {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        f32::from(self.samples[(y * self.width + x) * self.channels + channel])
    }

    /// The value at a place between pixels, from the four around it.
    fn between(&self, (x, dx): (usize, f32), (y, dy): (usize, f32), channel: usize) -> f32 {
        let row = |y| self.at(x, y, channel) * (1.0 - dx) + self.at(x + 1, y, channel) * dx;
        row(y) * (1.0 - dy) + row(y + 1) * dy
    }
}

fn source(texture: u64) -> Answer<Image> {
    let t = TEXTURES.get(texture)?;
    let row = t.width * t.channels * t.sample;
    let mut samples = Vec::with_capacity(t.width * t.channels * t.height);
    for y in 0..t.height {
        memory::with(t.address + int::<u64>(y * t.pitch), row, |bytes| {
            if t.sample == 1 {
                samples.extend(bytes.iter().map(|b| u16::from(*b) << 8 | u16::from(*b)));
            } else {
                let words = bytes.chunks_exact(2);
                samples.extend(words.map(|w| u16::from_ne_bytes([w[0], w[1]])));
            }
        })?;
    }
    Ok(Image {
        samples,
        width: t.width,
        height: t.height,
        channels: t.channels,
    })
}

/// Where the centre of target pixel `i` of `to` lies among `from` source pixels: the pixel before it, and how far behind.
fn place(i: usize, to: usize, from: usize) -> (usize, f32) {
    // Twice the distance from the first centre, in source pixels over `to`: whole numbers, so that equal sizes copy exactly.
    let centre = ((2 * i + 1) * from).saturating_sub(to);
    let rest = u16::try_from(centre % (2 * to)).map_or(0.0, f32::from);
    let whole = u16::try_from(2 * to).map_or(1.0, f32::from);
    (centre / (2 * to), rest / whole)
}

fn run(grid: &Grid, arguments: &Arguments, plane: usize, sample: usize) -> Answer {
    let image = source(arguments.get::<u64>(plane)?)?;
    let target: DevicePtr = arguments.get(4 + plane)?;
    let width = size(arguments.get::<i32>(8)?)?;
    let height = size(arguments.get::<i32>(9)?)?;
    let pitch = size(arguments.get::<i32>(10)?)?;
    if !grid.covers(width, height, 1) {
        return Err(CuError::INVALID_VALUE);
    }
    let columns: Vec<_> = (0..width).map(|x| place(x, width, image.width)).collect();
    for y in 0..height {
        let down = place(y, height, image.height);
        let address = target + int::<u64>(y * pitch);
        memory::change(address, width * image.channels * sample, |row| {
            let pixels = columns.iter().flat_map(|across| {
                let value = |c| image.between(*across, down, c);
                (0..image.channels).map(value)
            });
            for (value, bytes) in pixels.zip(row.chunks_exact_mut(sample)) {
                write(value, bytes);
            }
        })?;
    }
    Ok(())
}

/// A sample of 16 bits as one of 8, or of 10 in the upper bits of 16.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from floats there is only the saturating cast, which is meant"
)]
fn write(value: f32, bytes: &mut [u8]) {
    match bytes {
        [byte] => *byte = (value / 257.0).round() as u8,
        _ => bytes.copy_from_slice(&((value as u16) & 0xffc0).to_ne_bytes()),
    }
}
