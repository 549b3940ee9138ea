//! Bytes for libav that come from us: a reader of ours behind an `AVIOContext`. Not a file layer: nothing here opens a path.

use std::io;
use std::ptr;
use std::sync::Arc;

use ffmpeg_sys_next as sys;
use newsreel_model::Cancel;

use super::{AvError, check};

/// A readable, seekable run of bytes.
pub trait ByteSource: Send {
    /// Reads some bytes at the current position; 0 at the end. One whose bytes are still on their way waits a moment for
    /// them, then says [`io::ErrorKind::WouldBlock`] and is asked again.
    ///
    /// # Errors
    /// Whatever the medium reports.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Moves to `position` bytes from the start. Going past the end is allowed; reads give 0 there.
    fn seek(&mut self, position: u64);
    /// Where the next read happens.
    fn position(&self) -> u64;
    /// Length in bytes.
    fn len(&self) -> u64;
    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Something that can be read several times at once, each reader with its own position: the input of a job.
pub trait Source: Send + Sync {
    /// A new reader at the start.
    fn reader(&self) -> Box<dyn ByteSource>;

    /// Whether some of its bytes are still on their way: it is read forward then, and never asked for its end.
    fn arrives(&self) -> bool {
        false
    }

    /// Its first `bytes` bytes, which have arrived, as an input of its own; `None` where nothing is on its way any more.
    fn beginning(&self, _bytes: u64) -> Option<Arc<dyn Source>> {
        None
    }
}

/// One read asks for this much: large enough that a disk or a network sees few requests.
const BUFFER_BYTES: i32 = 256 * 1024;

/// No file is longer: ext4 has 16 TiB. A seek beyond it fails, as it does in a file, and a demuxer that was sent there by a
/// damaged header stays where it is; with one that succeeds it would be at the end.
const MAX_POSITION: u64 = 1 << 44;

struct State {
    source: Box<dyn ByteSource>,
    cancel: Cancel,
}

/// Owns the `AVIOContext` and the reader behind it.
pub(super) struct Io {
    context: *mut sys::AVIOContext,
    state: *mut State,
}

impl Io {
    pub(super) fn new(source: &dyn Source, cancel: Cancel) -> Result<Self, AvError> {
        // Asked first: what arrives meanwhile makes no difference to a reader that waits.
        let arrives = source.arrives();
        let source = source.reader();
        let state = Box::into_raw(Box::new(State { source, cancel }));
        // SAFETY: the buffer comes from av_malloc as the API asks; `state` outlives the context (see Drop).
        let context = unsafe {
            let buffer = sys::av_malloc(BUFFER_BYTES.unsigned_abs() as usize).cast();
            sys::avio_alloc_context(
                buffer,
                BUFFER_BYTES,
                0,
                state.cast(),
                Some(read),
                None,
                Some(seek),
            )
        };
        if context.is_null() {
            // SAFETY: made by Box::into_raw above and not yet shared with anyone.
            drop(unsafe { Box::from_raw(state) });
            return Err(AvError::NO_MEMORY);
        }
        if arrives {
            // Demuxers then read on where they would look at the end first, and still come back by `seek`.
            // SAFETY: made above, not null, and not yet shared with anyone.
            unsafe { (*context).seekable = 0 };
        }
        Ok(Self { context, state })
    }

    pub(super) fn as_ptr(&self) -> *mut sys::AVIOContext {
        self.context
    }

    /// Whether the end can be looked at: not where it may still be on its way.
    pub(super) fn is_seekable(&self) -> bool {
        // SAFETY: the context is alive.
        unsafe { (*self.context).seekable & sys::AVIO_SEEKABLE_NORMAL != 0 }
    }

    /// Moves the context itself, dropping what it has buffered.
    pub(super) fn seek(&mut self, position: i64) -> Result<(), AvError> {
        // SAFETY: the context is alive; avio_seek calls back into `seek` below.
        let at = unsafe { sys::avio_seek(self.context, position, libc_seek::SET) };
        check(i32::try_from(at.min(0)).unwrap_or(-1)).map(|_| ())
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        // SAFETY: libav may have replaced the buffer, so the context's own pointer is freed; then the context, then
        // the state that its callbacks used, in that order. Whoever used the context (Input) is gone before its Io.
        unsafe {
            sys::av_freep(ptr::addr_of_mut!((*self.context).buffer).cast());
            sys::avio_context_free(&raw mut self.context);
            drop(Box::from_raw(self.state));
        }
    }
}

mod libc_seek {
    pub(super) const SET: i32 = 0;
    pub(super) const CUR: i32 = 1;
    pub(super) const END: i32 = 2;
}

/// SAFETY of both callbacks: libav passes back the `opaque` it was given, which is the `State` owned by `Io`, from the
/// one thread that uses the format context; `buf` has room for `buf_size` bytes.
unsafe extern "C" fn read(opaque: *mut std::ffi::c_void, buf: *mut u8, buf_size: i32) -> i32 {
    // SAFETY: see above.
    let (state, buffer) = unsafe {
        let len = usize::try_from(buf_size).unwrap_or(0);
        (
            &mut *opaque.cast::<State>(),
            std::slice::from_raw_parts_mut(buf, len),
        )
    };
    loop {
        if state.cancel.is_cancelled() {
            return sys::AVERROR_EXIT;
        }
        match state.source.read(buffer) {
            Ok(0) => return sys::AVERROR_EOF,
            Ok(n) => return i32::try_from(n).unwrap_or(sys::AVERROR_EOF),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return sys::AVERROR(sys::EIO),
        }
    }
}

unsafe extern "C" fn seek(opaque: *mut std::ffi::c_void, offset: i64, whence: i32) -> i64 {
    // SAFETY: see `read`.
    let state = unsafe { &mut *opaque.cast::<State>() };
    let len = i64::try_from(state.source.len()).unwrap_or(i64::MAX);
    let here = i64::try_from(state.source.position()).unwrap_or(i64::MAX);
    let target = match whence & !sys::AVSEEK_FORCE {
        w if w == sys::AVSEEK_SIZE => return len,
        libc_seek::SET => Some(offset),
        libc_seek::CUR => here.checked_add(offset),
        libc_seek::END => len.checked_add(offset),
        _ => None,
    };
    match target.and_then(|t| u64::try_from(t).ok()) {
        Some(position) if position <= MAX_POSITION => {
            state.source.seek(position);
            i64::try_from(position).unwrap_or(i64::MAX)
        }
        _ => i64::from(sys::AVERROR(sys::EINVAL)),
    }
}
