//! What a container or a picture says about how it is to be shown: turned, and in which light. Not what is done about it.

use ffmpeg_sys_next as sys;
use newsreel_model::conditioning::{Light, MasteringDisplay, Turn};

use super::Frame;

/// `AVMasteringDisplayMetadata` in libavutil/mastering_display_metadata.h, which the bindings leave out.
#[repr(C)]
#[derive(Clone, Copy)]
struct Mastering {
    display_primaries: [[sys::AVRational; 2]; 3],
    white_point: [sys::AVRational; 2],
    min_luminance: sys::AVRational,
    max_luminance: sys::AVRational,
    has_primaries: i32,
    has_luminance: i32,
}

/// `AVContentLightMetadata` in the same header.
#[repr(C)]
#[derive(Clone, Copy)]
struct Content {
    max_cll: u32,
    max_fall: u32,
}

/// How a container asks for the stream to be turned; `None` for what is no quarter turn.
///
/// # Safety
/// `stream` must be valid.
pub(super) unsafe fn turn_of_stream(stream: *mut sys::AVStream) -> Option<Turn> {
    let kind = sys::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX;
    // SAFETY: by this function's contract; the matrix is nine 32-bit integers.
    let matrix = unsafe { stream_data::<[i32; 9]>(stream, kind) };
    matrix.map_or(Some(Turn::default()), |m| quarter_turn(&m))
}

/// What a container says of an HDR stream's light.
///
/// # Safety
/// `stream` must be valid.
pub(super) unsafe fn light_of_stream(stream: *mut sys::AVStream) -> Option<Light> {
    use sys::AVPacketSideDataType as Kind;
    // SAFETY: by this function's contract; each kind of data is the structure of that name.
    unsafe {
        light(
            stream_data(stream, Kind::AV_PKT_DATA_MASTERING_DISPLAY_METADATA),
            stream_data(stream, Kind::AV_PKT_DATA_CONTENT_LIGHT_LEVEL),
        )
    }
}

impl Frame {
    /// How the picture asks to be turned, where its bitstream says so in quarter turns.
    #[must_use]
    pub fn turn(&self) -> Option<Turn> {
        // SAFETY: the matrix is nine 32-bit integers.
        let matrix =
            unsafe { self.data::<[i32; 9]>(sys::AVFrameSideDataType::AV_FRAME_DATA_DISPLAYMATRIX) };
        matrix.and_then(|m| quarter_turn(&m))
    }

    /// What the bitstream says of an HDR picture's light.
    #[must_use]
    pub fn light(&self) -> Option<Light> {
        use sys::AVFrameSideDataType as Kind;
        // SAFETY: each kind of data is the structure of that name.
        unsafe {
            light(
                self.data(Kind::AV_FRAME_DATA_MASTERING_DISPLAY_METADATA),
                self.data(Kind::AV_FRAME_DATA_CONTENT_LIGHT_LEVEL),
            )
        }
    }

    /// # Safety
    /// `kind` must be the kind of data that is a `T`, plain numbers.
    unsafe fn data<T: Copy>(&self, kind: sys::AVFrameSideDataType) -> Option<T> {
        // SAFETY: by this function's contract; what is smaller than a `T` is left alone.
        unsafe {
            let found = sys::av_frame_get_side_data(self.as_ptr(), kind);
            if found.is_null() || (*found).size < size_of::<T>() {
                return None;
            }
            Some((*found).data.cast::<T>().read_unaligned())
        }
    }
}

/// # Safety
/// `stream` must be valid, and `kind` the kind of data that is a `T`, plain numbers.
unsafe fn stream_data<T: Copy>(
    stream: *mut sys::AVStream,
    kind: sys::AVPacketSideDataType,
) -> Option<T> {
    // SAFETY: by this function's contract; what is smaller than a `T` is left alone.
    unsafe {
        let mut size = 0;
        let data = sys::av_stream_get_side_data(stream, kind, &raw mut size);
        if data.is_null() || size < size_of::<T>() {
            return None;
        }
        Some(data.cast::<T>().read_unaligned())
    }
}

/// What a display matrix does to a picture: x' = a·x + c·y, y' = b·x + d·y.
fn quarter_turn(matrix: &[i32; 9]) -> Option<Turn> {
    let [a, b, _, c, d, ..] = *matrix;
    match (a, b, c, d) {
        (0, b, c, 0) if b != 0 && c != 0 => Some(Turn {
            transposed: true,
            flip_x: c < 0,
            flip_y: b < 0,
        }),
        (a, 0, 0, d) if a != 0 && d != 0 => Some(Turn {
            transposed: false,
            flip_x: a < 0,
            flip_y: d < 0,
        }),
        _ => None,
    }
}

/// The range of light that HDR systems know, in cd/m².
const NITS: std::ops::RangeInclusive<u32> = 100..=10_000;

fn light(mastering: Option<Mastering>, content: Option<Content>) -> Option<Light> {
    let display = mastering.and_then(|m| display(&m));
    let content = content
        .map(|c| (c.max_cll, c.max_fall))
        .filter(|(most, _)| NITS.contains(most));
    let of_display = display
        .map(|d| d.max / 10_000)
        .filter(|nits| NITS.contains(nits));
    let peak_nits = content.map(|(most, _)| most).or(of_display)?;
    Some(Light {
        peak_nits,
        display,
        content,
    })
}

fn display(m: &Mastering) -> Option<MasteringDisplay> {
    let scaled = |r: sys::AVRational, unit: i64| {
        let value = i64::from(r.num).checked_mul(unit)?;
        u32::try_from(value.checked_div(i64::from(r.den))?).ok()
    };
    let point = |p: [sys::AVRational; 2]| Some((scaled(p[0], 50_000)?, scaled(p[1], 50_000)?));
    if m.has_primaries == 0 || m.has_luminance == 0 {
        return None;
    }
    let [red, green, blue] = m.display_primaries;
    Some(MasteringDisplay {
        primaries: [point(red)?, point(green)?, point(blue)?],
        white: point(m.white_point)?,
        min: scaled(m.min_luminance, 10_000)?,
        max: scaled(m.max_luminance, 10_000)?,
    })
}
