//! The samples of a planar 8-bit 4:2:0 picture as slices. Not what is done with them.

use super::Frame;
use super::params::PixelFormat;

/// One plane: from its first sample to its last, and the bytes from a row to the next.
pub type Plane<'a> = (&'a [u8], usize);
/// One plane that is written.
pub type PlaneMut<'a> = (&'a mut [u8], usize);

impl Frame {
    /// The planes; `None` for other formats, and where rows do not lie one after the other.
    #[must_use]
    pub fn planes(&self) -> Option<[Plane<'_>; 3]> {
        let [y, u, v] = self.extents()?;
        // SAFETY: `extents` are those of the samples that libav guarantees at each plane's address, alive as long as the frame.
        let slice = |(address, len, pitch): Extent| unsafe {
            (std::slice::from_raw_parts(address.cast_const(), len), pitch)
        };
        Some([slice(y), slice(u), slice(v)])
    }

    /// The planes, to be written; `None` also where others hold the same samples.
    pub fn planes_mut(&mut self) -> Option<[PlaneMut<'_>; 3]> {
        // SAFETY: a valid frame; it is only looked at.
        let alone = unsafe { ffmpeg_sys_next::av_frame_is_writable(self.as_ptr()) } > 0;
        let mut extents = self.extents().filter(|_| alone)?;
        let [y, u, v] = extents;
        extents.sort_by_key(|(address, ..)| address.addr());
        let apart = |a: Extent, b: Extent| a.0.addr() + a.1 <= b.0.addr();
        if !apart(extents[0], extents[1]) || !apart(extents[1], extents[2]) {
            return None;
        }
        // SAFETY: as in `planes`; the three lie apart, no other frame holds them, and `&mut self` is their only user.
        let slice = |(address, len, pitch)| unsafe {
            (std::slice::from_raw_parts_mut(address, len), pitch)
        };
        Some([slice(y), slice(u), slice(v)])
    }

    /// Where each plane begins, how many bytes there are to its last sample, and from row to row.
    fn extents(&self) -> Option<[Extent; 3]> {
        if self.pixel_format() != PixelFormat::YUV420P {
            return None;
        }
        let raw = self.raw();
        let of = |plane: usize| {
            let half = u32::from(plane > 0);
            let size = |v: u32| usize::try_from((v + half) >> half).ok();
            let (width, height) = (size(self.width())?, size(self.height())?);
            let pitch = usize::try_from(raw.linesize[plane]).ok()?;
            let address = raw.data[plane];
            let sound = !address.is_null() && width > 0 && height > 0 && pitch >= width;
            sound.then(|| (address, pitch * (height - 1) + width, pitch))
        };
        Some([of(0)?, of(1)?, of(2)?])
    }
}

type Extent = (*mut u8, usize, usize);

#[cfg(test)]
mod tests {
    use super::super::{Frame, FramePool};
    use super::*;

    #[test]
    fn a_picture_of_a_pool_is_written_while_nobody_else_has_it() {
        let pool = FramePool::new(34, 18, PixelFormat::YUV420P).unwrap();
        let mut frame = pool.get().unwrap();
        for (plane, (samples, pitch)) in frame.planes_mut().unwrap().into_iter().enumerate() {
            let (width, height) = if plane == 0 { (34, 18) } else { (17, 9) };
            assert_eq!(samples.len(), pitch * (height - 1) + width);
            samples.fill(u8::try_from(plane).unwrap());
        }
        let shared = frame.share().unwrap();
        assert!(frame.planes_mut().is_none());
        let values = shared.planes().unwrap().map(|(samples, _)| samples[0]);
        assert_eq!(values, [0, 1, 2]);
        drop(shared);
        assert!(frame.planes_mut().is_some());
    }

    #[test]
    fn other_formats_have_no_such_planes() {
        let pool = FramePool::new(32, 16, PixelFormat::for_rungs(true)).unwrap();
        assert!(pool.get().unwrap().planes().is_none());
        assert!(Frame::new().unwrap().planes().is_none());
    }
}
