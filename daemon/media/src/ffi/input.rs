//! An opened container: its streams, its packets, and moving about in it. Not an index: it forgets every packet it gave out.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_sys_next as sys;
use newsreel_model::conditioning::{Light, Turn};
use newsreel_model::{Cancel, Rational};

use super::io::Io;
use super::marks::Marks;
use super::packet::known;
use super::shown;
use super::{AvError, Packet, Params, Source, check, text};

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    /// Moving pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles or captions.
    Subtitle,
    /// Anything else.
    Other,
}

/// What the container and the first packets say about a stream.
pub struct StreamInfo {
    /// Index in the container.
    pub index: usize,
    /// The container's own number for it.
    pub track: i32,
    /// What it carries.
    pub kind: StreamKind,
    /// How it is coded.
    pub params: Params,
    /// Unit of its times.
    pub time_base: Rational,
    /// First presentation time, in `time_base`.
    pub start: Option<i64>,
    /// Length as the header claims, in `time_base`.
    pub duration: Option<i64>,
    /// Guessed constant frame rate; may be far too high for a variable one.
    pub guessed_rate: Rational,
    /// Average frame rate.
    pub average_rate: Rational,
    /// BCP 47 or ISO 639 language as tagged.
    pub language: Option<String>,
    /// Whether it is a cover or poster rather than a programme.
    pub is_attached_picture: bool,
    /// Whether the container marks it as the default of its kind.
    pub is_default: bool,
    /// What else it is marked as.
    pub marks: Marks,
    /// Pixels; for video.
    pub width: u32,
    /// Pixels; for video.
    pub height: u32,
    /// Shape of a pixel; 1:1 where unknown.
    pub sample_aspect: Rational,
    /// How the picture is to be turned, as a display matrix asks; `None` where it asks for what no quarter turn is.
    pub turn: Option<Turn>,
    /// What the container says of the light of HDR.
    pub light: Option<Light>,
    /// Hz; for audio.
    pub sample_rate: u32,
    /// For audio.
    pub channels: u32,
}

/// Owns an `AVFormatContext` that reads from a source of ours.
pub struct Input {
    // Dropped before `io`: closing the container must not touch a freed reader.
    context: *mut sys::AVFormatContext,
    io: Io,
    nested: Box<AtomicBool>,
    _cancel: Box<Cancel>,
}

// SAFETY: one owner, no thread-bound state; the callbacks only touch what the Input owns.
unsafe impl Send for Input {}

impl Input {
    /// Opens a container and reads its header. Every reference to another file or address inside it is refused.
    ///
    /// # Errors
    /// What libavformat says of the bytes; [`AvError::EXIT`] when cancelled.
    pub fn open(source: &dyn Source, cancel: &Cancel) -> Result<Self, (AvError, bool)> {
        let plain = |e| (e, false);
        let io = Io::new(source, cancel.clone()).map_err(plain)?;
        let nested = Box::new(AtomicBool::new(false));
        let cancel = Box::new(cancel.clone());
        // SAFETY: the context is ours until avformat_open_input, which frees it on failure; the pointers handed to the
        // callbacks live in boxes that the Input keeps for as long as the context.
        unsafe {
            let mut context = sys::avformat_alloc_context();
            if context.is_null() {
                return Err(plain(AvError::NO_MEMORY));
            }
            (*context).pb = io.as_ptr();
            (*context).opaque = ptr::from_ref(&*nested).cast_mut().cast();
            (*context).io_open = Some(refuse_open);
            (*context).interrupt_callback.callback = Some(interrupted);
            (*context).interrupt_callback.opaque = ptr::from_ref(&*cancel).cast_mut().cast();
            // Demuxers that open what an input names do so behind `io_open`: concat through a context of its own, DASH
            // through avio, SDP through sockets. Those are refused before they read; to the rest no protocol is left.
            (*context).protocol_whitelist = sys::av_strdup(c"none".as_ptr());
            let mut format = ptr::null();
            let probed = sys::av_probe_input_buffer2(
                io.as_ptr(),
                &raw mut format,
                c"".as_ptr(),
                ptr::null_mut(),
                0,
                0,
            );
            let refers = !format.is_null() && REFERRING.contains(&text((*format).name).as_str());
            if let (Err(e), refers) = (check(probed), refers) {
                sys::avformat_free_context(context);
                return Err((e, refers));
            }
            if refers {
                sys::avformat_free_context(context);
                return Err((AvError(sys::AVERROR(sys::EPERM)), true));
            }
            let opened =
                sys::avformat_open_input(&raw mut context, ptr::null(), format, ptr::null_mut());
            if let Err(e) = check(opened) {
                return Err((e, nested.load(Ordering::Relaxed)));
            }
            Ok(Self {
                context,
                io,
                nested,
                _cancel: cancel,
            })
        }
    }

    /// Reads (and decodes a little of) the first packets, to learn what headers leave open.
    ///
    /// # Errors
    /// What libavformat says; the input can often be used all the same.
    pub fn find_stream_info(&mut self) -> Result<(), AvError> {
        // SAFETY: an open context.
        check(unsafe { sys::avformat_find_stream_info(self.context, ptr::null_mut()) }).map(|_| ())
    }

    /// Whether the container tried to open another file or address.
    #[must_use]
    pub fn tried_nested_reference(&self) -> bool {
        self.nested.load(Ordering::Relaxed)
    }

    /// `mov,mp4,m4a,3gp,3g2,mj2`, `mpegts`, …
    #[must_use]
    pub fn format_name(&self) -> String {
        // SAFETY: an open context always has its input format, whose name is a constant.
        unsafe { text((*(*self.context).iformat).name) }
    }

    /// Length in seconds that the header claims or libavformat estimates.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        reason = "microseconds of any real programme fit into 53 bits"
    )]
    pub fn duration_s(&self) -> Option<f64> {
        // SAFETY: an open context.
        let (duration, method) = unsafe {
            let context = &*self.context;
            (known(context.duration)?, context.duration_estimation_method)
        };
        // Where the end is not there to be looked at, what is left to libavformat is a guess from bit rates.
        let guessed = method == sys::AVDurationEstimationMethod::AVFMT_DURATION_FROM_BITRATE;
        if guessed && !self.io.is_seekable() {
            return None;
        }
        (duration > 0).then_some(duration as f64 / 1e6)
    }

    /// What the container says of the time of day, or of the tape, at its first picture: `10:59:58:12`, a drop-frame one with
    /// `;` before its frames. `None` where it says nothing of that form.
    #[must_use]
    pub fn timecode(&self) -> Option<String> {
        // SAFETY: an open context has `nb_streams` valid streams; dictionaries are null or valid.
        let said = unsafe {
            let mut streams = 0..(*self.context).nb_streams as usize;
            let of_stream = |index| tag((**(*self.context).streams.add(index)).metadata, TIMECODE);
            tag((*self.context).metadata, TIMECODE).or_else(|| streams.find_map(of_stream))
        };
        said.filter(|t| is_timecode(t))
    }

    /// All streams as they are known now; some containers add streams while packets are read.
    ///
    /// # Errors
    /// Out of memory.
    pub fn streams(&self) -> Result<Vec<StreamInfo>, AvError> {
        // SAFETY: an open context has `nb_streams` valid streams.
        unsafe {
            let count = (*self.context).nb_streams as usize;
            (0..count)
                .map(|index| {
                    let stream = *(*self.context).streams.add(index);
                    self.stream_info(index, stream)
                })
                .collect()
        }
    }

    /// # Safety
    /// `stream` must belong to this context.
    unsafe fn stream_info(
        &self,
        index: usize,
        stream: *mut sys::AVStream,
    ) -> Result<StreamInfo, AvError> {
        // SAFETY: by this function's contract everything reached from `stream` is alive.
        unsafe {
            let s = &*stream;
            let params = Params::copy_of(s.codecpar)?;
            let kind = match ptr::addr_of!((*s.codecpar).codec_type).cast::<i32>().read() {
                0 => StreamKind::Video,
                1 => StreamKind::Audio,
                3 => StreamKind::Subtitle,
                _ => StreamKind::Other,
            };
            let raw = params.raw();
            let unsigned = |v: i32| u32::try_from(v).unwrap_or(0);
            let sar = sys::av_guess_sample_aspect_ratio(self.context, stream, ptr::null_mut());
            Ok(StreamInfo {
                index,
                track: s.id,
                kind,
                time_base: rational(s.time_base),
                start: known(s.start_time),
                duration: known(s.duration).filter(|d| *d > 0),
                guessed_rate: rational(s.r_frame_rate),
                average_rate: rational(s.avg_frame_rate),
                language: tag(s.metadata, c"language"),
                is_attached_picture: s.disposition & sys::AV_DISPOSITION_ATTACHED_PIC != 0,
                is_default: s.disposition & sys::AV_DISPOSITION_DEFAULT != 0,
                marks: Marks(s.disposition),
                width: unsigned(raw.width),
                height: unsigned(raw.height),
                sample_aspect: Some(rational(sar))
                    .filter(|r| r.is_positive())
                    .unwrap_or(Rational::new(1, 1)),
                turn: shown::turn_of_stream(stream),
                light: shown::light_of_stream(stream),
                sample_rate: unsigned(raw.sample_rate),
                channels: unsigned(raw.ch_layout.nb_channels),
                params,
            })
        }
    }

    /// Delivers only packets of these streams from now on.
    pub fn select(&mut self, wanted: &[usize]) {
        // SAFETY: an open context has `nb_streams` valid streams.
        unsafe {
            for index in 0..(*self.context).nb_streams as usize {
                let stream = *(*self.context).streams.add(index);
                (*stream).discard = if wanted.contains(&index) {
                    sys::AVDiscard::AVDISCARD_DEFAULT
                } else {
                    sys::AVDiscard::AVDISCARD_ALL
                };
            }
        }
    }

    /// The next packet in file order.
    ///
    /// # Errors
    /// [`AvError::EOF`] at the end; [`AvError::EXIT`] when cancelled; anything else is damage.
    pub fn read(&mut self, packet: &mut Packet) -> Result<(), AvError> {
        packet.clear();
        // SAFETY: an open context and a blank packet.
        check(unsafe { sys::av_read_frame(self.context, packet.as_ptr()) }).map(|_| ())
    }

    /// Moves to a key frame at or before `dts` of `stream`, as well as the container can tell.
    ///
    /// # Errors
    /// The container cannot be moved about in by time.
    pub fn seek_time(&mut self, stream: usize, dts: i64) -> Result<(), AvError> {
        let stream = i32::try_from(stream).unwrap_or(-1);
        // SAFETY: an open context.
        check(unsafe { sys::av_seek_frame(self.context, stream, dts, sys::AVSEEK_FLAG_BACKWARD) })
            .map(|_| ())
    }

    /// Moves to a byte position; only sound for containers whose packets can be found again from anywhere.
    ///
    /// # Errors
    /// The container refuses.
    pub fn seek_byte(&mut self, position: u64) -> Result<(), AvError> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        // SAFETY: an open context.
        check(unsafe { sys::av_seek_frame(self.context, -1, position, sys::AVSEEK_FLAG_BYTE) })?;
        self.io.seek(position).ok();
        Ok(())
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // SAFETY: opened in `open`, closed once; the custom IO is not freed by it (AVFMT_FLAG_CUSTOM_IO is set by libav).
        unsafe { sys::avformat_close_input(&raw mut self.context) };
    }
}

/// Demuxers of inputs that hold no media but say where it is, as libavformat names them.
const REFERRING: [&str; 9] = [
    "concat",
    "dash",
    "hls",
    "imf",
    "rtp",
    "rtsp",
    "sap",
    "sdp",
    "webm_dash_manifest",
];

/// The key under which libavformat keeps a timecode.
const TIMECODE: &std::ffi::CStr = c"timecode";

/// Whether it is two digits for each of hours, minutes, seconds and frames, of which there may be three.
fn is_timecode(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', ';', '.']).collect();
    let is_number = |p: &&str| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 4 && parts.iter().all(is_number)
}

fn rational(r: sys::AVRational) -> Rational {
    Rational::new(r.num, r.den)
}

/// # Safety
/// `dictionary` must be null or valid.
unsafe fn tag(dictionary: *mut sys::AVDictionary, key: &std::ffi::CStr) -> Option<String> {
    // SAFETY: entries live as long as the dictionary; the value is copied at once.
    let value = unsafe {
        let entry = sys::av_dict_get(dictionary, key.as_ptr(), ptr::null(), 0);
        if entry.is_null() {
            return None;
        }
        text((*entry).value)
    };
    (!value.is_empty()).then_some(value)
}

/// Says whether libav should give up what it is doing. SAFETY: `opaque` is the `Cancel` the Input owns.
unsafe extern "C" fn interrupted(opaque: *mut c_void) -> i32 {
    // SAFETY: see above.
    i32::from(unsafe { (*opaque.cast::<Cancel>()).is_cancelled() })
}

/// Refuses every open that a container asks for. SAFETY: libav passes the live context, whose `opaque` is our flag.
unsafe extern "C" fn refuse_open(
    context: *mut sys::AVFormatContext,
    _pb: *mut *mut sys::AVIOContext,
    _url: *const std::ffi::c_char,
    _flags: i32,
    _options: *mut *mut sys::AVDictionary,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        let flag = (*context).opaque.cast::<AtomicBool>();
        if !flag.is_null() {
            (*flag).store(true, Ordering::Relaxed);
        }
    }
    sys::AVERROR(sys::EPERM)
}
