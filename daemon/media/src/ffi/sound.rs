//! Blocks of sound made from samples and read back. Not a queue and not a clock.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Frame, check};

impl Frame {
    /// A block of planar float sound with the given samples, one slice per channel, all of equal length.
    ///
    /// # Errors
    /// Out of memory, or channels of different lengths.
    pub fn from_planar_f32(channels: &[&[f32]], sample_rate: u32) -> Result<Self, AvError> {
        let mut frame = Self::new()?;
        let len = channels.first().map_or(0, |c| c.len());
        if len == 0 || channels.iter().any(|c| c.len() != len) {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        }
        let raw = frame.raw_mut();
        raw.nb_samples = i32::try_from(len).unwrap_or(i32::MAX);
        raw.sample_rate = i32::try_from(sample_rate).unwrap_or(i32::MAX);
        raw.format = sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as i32;
        // SAFETY: the layout is initialised before the buffer is allocated from it; then each plane has room for
        // `nb_samples` floats, and there is one plane per channel.
        unsafe {
            let count = i32::try_from(channels.len()).unwrap_or(1);
            sys::av_channel_layout_default(&raw mut raw.ch_layout, count);
            check(sys::av_frame_get_buffer(frame.0, 0))?;
            for (index, samples) in channels.iter().enumerate() {
                let plane = *(*frame.0).extended_data.add(index);
                ptr::copy_nonoverlapping(samples.as_ptr(), plane.cast::<f32>(), len);
            }
        }
        Ok(frame)
    }

    /// Copies planar float samples out, appending to one vector per channel.
    pub fn append_planar_f32(&self, out: &mut [Vec<f32>]) {
        let raw = self.raw();
        if raw.format != sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as i32 {
            return;
        }
        let channels = usize::try_from(raw.ch_layout.nb_channels).unwrap_or(0);
        for (index, samples) in out.iter_mut().enumerate().take(channels) {
            // SAFETY: planar float has one plane of `nb_samples` floats per channel.
            let plane = unsafe {
                let data = *raw.extended_data.add(index);
                std::slice::from_raw_parts(data.cast::<f32>(), self.samples())
            };
            samples.extend_from_slice(plane);
        }
    }
}
