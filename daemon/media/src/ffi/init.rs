//! Init segments: libavformat writes the codec's configuration boxes, which it knows better than we would. Not fragments.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Params, c_string, check};

/// `ftyp` and `moov` of a one-track CMAF file with the given timescale and no edit list.
///
/// # Errors
/// The codec cannot be carried in ISO BMFF, or out of memory.
pub fn init_segment(
    params: &Params,
    timescale: u32,
    language: Option<&str>,
) -> Result<Vec<u8>, AvError> {
    let mut muxer = Muxer::new()?;
    // SAFETY: the stream belongs to the context; parameters and dictionary entries are copied by libav.
    unsafe {
        let stream = sys::avformat_new_stream(muxer.context, ptr::null());
        if stream.is_null() {
            return Err(AvError::NO_MEMORY);
        }
        check(sys::avcodec_parameters_copy(
            (*stream).codecpar,
            params.as_ptr(),
        ))?;
        // HEVC with its parameter sets in the header: Apple's players refuse the other name, `hev1`.
        let hevc = params.codec_name() == "hevc";
        (*(*stream).codecpar).codec_tag = if hevc {
            u32::from_le_bytes(*b"hvc1")
        } else {
            0
        };
        let den = i32::try_from(timescale).unwrap_or(i32::MAX);
        (*stream).time_base = sys::AVRational { num: 1, den };
        if let Some(language) = language {
            let (key, value) = (c"language", c_string(language));
            sys::av_dict_set(&raw mut (*stream).metadata, key.as_ptr(), value.as_ptr(), 0);
        }
        (*muxer.context).flags |= sys::AVFMT_FLAG_BITEXACT;
        let mut options = ptr::null_mut();
        let set = |options: *mut *mut sys::AVDictionary, key: &std::ffi::CStr, value: &str| {
            sys::av_dict_set(options, key.as_ptr(), c_string(value).as_ptr(), 0);
        };
        set(
            &raw mut options,
            c"movflags",
            "cmaf+empty_moov+default_base_moof+negative_cts_offsets",
        );
        set(
            &raw mut options,
            c"video_track_timescale",
            &timescale.to_string(),
        );
        let written = sys::avformat_write_header(muxer.context, &raw mut options);
        sys::av_dict_free(&raw mut options);
        check(written)?;
    }
    Ok(muxer.finish())
}

/// Owns an output context that writes into memory.
struct Muxer {
    context: *mut sys::AVFormatContext,
}

impl Muxer {
    fn new() -> Result<Self, AvError> {
        let mut context = ptr::null_mut();
        // SAFETY: the context is owned as soon as it exists; the dynamic buffer is closed in Drop or `finish`.
        unsafe {
            check(sys::avformat_alloc_output_context2(
                &raw mut context,
                ptr::null(),
                c"mp4".as_ptr(),
                ptr::null(),
            ))?;
            let muxer = Self { context };
            check(sys::avio_open_dyn_buf(&raw mut (*context).pb))?;
            Ok(muxer)
        }
    }

    /// What was written so far.
    fn finish(&mut self) -> Vec<u8> {
        // SAFETY: the dynamic buffer was opened in `new`; closing it hands over a buffer that we copy and free.
        unsafe {
            let mut data = ptr::null_mut();
            let len = sys::avio_close_dyn_buf((*self.context).pb, &raw mut data);
            (*self.context).pb = ptr::null_mut();
            let len = usize::try_from(len).unwrap_or(0);
            let bytes = if data.is_null() {
                Vec::new()
            } else {
                std::slice::from_raw_parts(data, len).to_vec()
            };
            sys::av_free(data.cast());
            bytes
        }
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`; an unfinished buffer is closed first.
        unsafe {
            if !(*self.context).pb.is_null() {
                self.finish();
            }
            sys::avformat_free_context(self.context);
        }
    }
}
