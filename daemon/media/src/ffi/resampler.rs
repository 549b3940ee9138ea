//! Sound from any format, rate and layout to planar float at one rate. Not a clock: gaps are the caller's affair.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Frame, check};

/// What a block of sound looks like; a change of it needs a new resampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleFormat {
    format: i32,
    rate: u32,
    channels: u32,
}

impl SampleFormat {
    /// Of a decoded block.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        Self {
            format: frame.sample_format(),
            rate: frame.sample_rate(),
            channels: frame.channels(),
        }
    }
}

/// How the channels of a block become those that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// More are mixed down, surround by the levels of ITU-R BS.775: the centre 3 dB lower in left and right each, so that
    /// speech stays as loud as it was. The sum may exceed full scale. One becomes both of two, as loud as it was.
    Down,
    /// The first ones as they are, the others left out.
    First,
}

/// Owns an initialised `SwrContext`.
pub struct Resampler {
    context: *mut sys::SwrContext,
    channels: usize,
}

// SAFETY: one owner, no thread-bound state.
unsafe impl Send for Resampler {}

impl Resampler {
    /// From what `example` looks like to planar float.
    ///
    /// # Errors
    /// The conversion is not possible.
    pub fn new(
        example: &Frame,
        sample_rate: u32,
        channels: u32,
        mix: Mix,
    ) -> Result<Self, AvError> {
        let mut context = ptr::null_mut();
        // SAFETY: layouts live during the call; the context is owned by the Resampler as soon as it exists.
        unsafe {
            let mut out: sys::AVChannelLayout = std::mem::zeroed();
            sys::av_channel_layout_default(&raw mut out, i32::try_from(channels).unwrap_or(0));
            let raw = example.raw();
            let mut from: sys::AVChannelLayout = std::mem::zeroed();
            if raw.ch_layout.order == sys::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC {
                sys::av_channel_layout_default(&raw mut from, raw.ch_layout.nb_channels);
            } else {
                check(sys::av_channel_layout_copy(
                    &raw mut from,
                    &raw const raw.ch_layout,
                ))?;
            }
            let made = sys::swr_alloc_set_opts2(
                &raw mut context,
                &raw mut out,
                sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP,
                i32::try_from(sample_rate).unwrap_or(0),
                &raw mut from,
                std::mem::transmute::<i32, sys::AVSampleFormat>(raw.format),
                raw.sample_rate,
                0,
                ptr::null_mut(),
            );
            sys::av_channel_layout_uninit(&raw mut from);
            check(made)?;
            let mut this = Self {
                context,
                channels: channels as usize,
            };
            this.set_levels(example.channels(), mix)?;
            check(sys::swr_init(context))?;
            Ok(this)
        }
    }

    /// Sets how loud each channel is in each, before the context is opened.
    fn set_levels(&mut self, own: u32, mix: Mix) -> Result<(), AvError> {
        let (own, out) = (own as usize, self.channels);
        let as_it_is = mix == Mix::First && own > out;
        if as_it_is || (own == 1 && out == 2) {
            let mut levels = vec![0f64; own * out];
            for (channel, row) in levels.chunks_exact_mut(own).enumerate() {
                row[channel.min(own - 1)] = 1.0;
            }
            let stride = i32::try_from(own).unwrap_or(0);
            // SAFETY: a context that is not open yet, and one row of `own` levels for each of its output channels.
            check(unsafe { sys::swr_set_matrix(self.context, levels.as_ptr(), stride) })?;
        } else if own > 2 && own > out {
            // Otherwise every channel is turned down until the loudest sum fits, and speech with it.
            // SAFETY: an options-enabled context of the library that is not open yet.
            check(unsafe {
                sys::av_opt_set_double(self.context.cast(), c"rematrix_maxval".as_ptr(), 1000.0, 0)
            })?;
        } else {
            // SAFETY: as above.
            check(unsafe {
                sys::av_opt_set_double(self.context.cast(), c"rematrix_maxval".as_ptr(), 1.0, 0)
            })?;
        }
        Ok(())
    }

    /// Converts a block (or, with `None`, what is left inside), appending to one vector per channel.
    ///
    /// # Errors
    /// The block does not look like the example, or out of memory.
    pub fn convert(&mut self, block: Option<&Frame>, out: &mut [Vec<f32>]) -> Result<(), AvError> {
        // SAFETY: each plane below has room for `room` floats, which is what swr is told; input planes hold
        // `nb_samples` as libav guarantees.
        unsafe {
            let (input, samples) = match block {
                Some(frame) => (
                    frame.raw().extended_data.cast::<*const u8>(),
                    frame.raw().nb_samples,
                ),
                None => (ptr::null_mut(), 0),
            };
            let room = check(sys::swr_get_out_samples(self.context, samples))?;
            let room_len = usize::try_from(room).unwrap_or(0);
            if room_len == 0 || out.len() < self.channels {
                return Ok(());
            }
            let mut planes = vec![vec![0f32; room_len]; self.channels];
            let mut pointers: Vec<*mut u8> =
                planes.iter_mut().map(|p| p.as_mut_ptr().cast()).collect();
            let got = check(sys::swr_convert(
                self.context,
                pointers.as_mut_ptr(),
                room,
                input,
                samples,
            ))?;
            let got = usize::try_from(got).unwrap_or(0).min(room_len);
            for (channel, plane) in out.iter_mut().zip(&planes) {
                channel.extend_from_slice(&plane[..got]);
            }
        }
        Ok(())
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once.
        unsafe { sys::swr_free(&raw mut self.context) };
    }
}
