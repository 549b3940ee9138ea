//! One compressed packet. Not a queue and not a timestamp policy.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::AvError;

/// Owns an `AVPacket`.
pub struct Packet(*mut sys::AVPacket);

// SAFETY: a packet's data is reference-counted with atomics and has no thread affinity; we hold the only handle.
unsafe impl Send for Packet {}
// SAFETY: `&Packet` only reads, as libav does with a packet that is sent: it takes a reference of its own.
unsafe impl Sync for Packet {}

impl Packet {
    /// An empty packet to read into.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new() -> Result<Self, AvError> {
        // SAFETY: plain allocation.
        let packet = unsafe { sys::av_packet_alloc() };
        if packet.is_null() {
            Err(AvError::NO_MEMORY)
        } else {
            Ok(Self(packet))
        }
    }

    pub(super) fn as_ptr(&self) -> *mut sys::AVPacket {
        self.0
    }

    fn raw(&self) -> &sys::AVPacket {
        // SAFETY: allocated in `new`, freed only in Drop.
        unsafe { &*self.0 }
    }

    fn raw_mut(&mut self) -> &mut sys::AVPacket {
        // SAFETY: as in `raw`, and `&mut self` makes it the only use.
        unsafe { &mut *self.0 }
    }

    /// Lets go of the data so that the packet can be read into again.
    pub fn clear(&mut self) {
        // SAFETY: a valid packet, blank afterwards.
        unsafe { sys::av_packet_unref(self.0) };
    }

    /// The compressed bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        let raw = self.raw();
        match usize::try_from(raw.size) {
            // SAFETY: libav guarantees `size` readable bytes at `data` while the packet is not changed.
            Ok(len) if !raw.data.is_null() => unsafe { std::slice::from_raw_parts(raw.data, len) },
            _ => &[],
        }
    }

    /// Replaces the data by a copy of `bytes`; what else the packet says goes.
    ///
    /// # Errors
    /// Out of memory.
    pub fn fill(&mut self, bytes: &[u8]) -> Result<(), AvError> {
        self.clear();
        let size = i32::try_from(bytes.len()).map_err(|_| AvError::NO_MEMORY)?;
        // SAFETY: a blank packet gets a buffer of its own of that size, which nobody else refers to yet.
        unsafe {
            super::check(sys::av_new_packet(self.0, size))?;
            ptr::copy_nonoverlapping(bytes.as_ptr(), (*self.0).data, bytes.len());
        }
        Ok(())
    }

    /// Stream index.
    #[must_use]
    pub fn stream(&self) -> usize {
        usize::try_from(self.raw().stream_index).unwrap_or(usize::MAX)
    }

    /// Presentation time in the stream's time base.
    #[must_use]
    pub fn pts(&self) -> Option<i64> {
        known(self.raw().pts)
    }

    /// Decode time in the stream's time base.
    #[must_use]
    pub fn dts(&self) -> Option<i64> {
        known(self.raw().dts)
    }

    /// Length in the stream's time base; 0 when unknown.
    #[must_use]
    pub fn duration(&self) -> i64 {
        self.raw().duration
    }

    /// Byte position in the input, where the demuxer knows it.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        u64::try_from(self.raw().pos).ok()
    }

    /// Whether the container (or the encoder) calls it a key frame.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.raw().flags & sys::AV_PKT_FLAG_KEY != 0
    }

    /// Whether it must be decoded but never shown (an edit list cuts it off).
    #[must_use]
    pub fn is_discard(&self) -> bool {
        self.raw().flags & sys::AV_PKT_FLAG_DISCARD != 0
    }

    /// Replaces the times. Our own frame numbers travel through a decoder this way.
    pub fn set_times(&mut self, pts: Option<i64>, dts: Option<i64>) {
        let raw = self.raw_mut();
        raw.pts = pts.unwrap_or(sys::AV_NOPTS_VALUE);
        raw.dts = dts.unwrap_or(sys::AV_NOPTS_VALUE);
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once.
        unsafe { sys::av_packet_free(ptr::addr_of_mut!(self.0)) };
    }
}

/// `None` for libav's "no timestamp" value.
pub(super) fn known(time: i64) -> Option<i64> {
    (time != sys::AV_NOPTS_VALUE).then_some(time)
}
