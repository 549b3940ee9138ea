//! libx265, called directly. Not through libavcodec: that opens encoders one at a time under a lock, and the client that calls NVENC from its
//! own `avcodec_open2` holds it; libx264 is exempt from the lock, libx265 is not.
//!
//! Its interface is found under the name of build 199 (x265 3.5: Debian 12 and 13, Ubuntu 24.04), with the structures of that build up to the last
//! field that is used.

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use super::{AvError, Encoded, Picture};

/// `x265_nal`.
#[repr(C)]
struct Nal {
    kind: u32,
    length: u32,
    payload: *const u8,
}

/// `x265_picture`, which `picture_alloc` makes in full.
#[repr(C)]
struct RawPicture {
    pts: i64,
    dts: i64,
    user: *mut c_void,
    planes: [*const u8; 3],
    stride: [c_int; 3],
    depth: c_int,
    kind: c_int,
}

/// `X265_TYPE_IDR`.
const IDR: c_int = 1;

/// `X265_LOG_NONE` to `X265_LOG_ERROR` are below warnings.
const ERRORS_ONLY: &CStr = c"error";

/// An opaque `x265_param` or `x265_encoder`.
enum Opaque {}

/// `x265_api`.
#[repr(C)]
struct Api {
    about: [c_int; 8],
    texts: [*const c_char; 2],
    param_alloc: extern "C" fn() -> *mut Opaque,
    param_free: extern "C" fn(*mut Opaque),
    param_default: extern "C" fn(*mut Opaque),
    param_parse: extern "C" fn(*mut Opaque, *const c_char, *const c_char) -> c_int,
    param_apply_profile: extern "C" fn(*mut Opaque, *const c_char) -> c_int,
    param_default_preset: extern "C" fn(*mut Opaque, *const c_char, *const c_char) -> c_int,
    picture_alloc: extern "C" fn() -> *mut RawPicture,
    picture_free: extern "C" fn(*mut RawPicture),
    picture_init: extern "C" fn(*mut Opaque, *mut RawPicture),
    encoder_open: extern "C" fn(*mut Opaque) -> *mut Opaque,
    unused: [*const c_void; 3],
    encoder_headers: extern "C" fn(*mut Opaque, *mut *const Nal, *mut u32) -> c_int,
    encoder_encode: extern "C" fn(
        *mut Opaque,
        *mut *const Nal,
        *mut u32,
        *mut RawPicture,
        *mut RawPicture,
    ) -> c_int,
    encoder_get_stats: *const c_void,
    encoder_log: *const c_void,
    encoder_close: extern "C" fn(*mut Opaque),
}

const _: () = {
    assert!(std::mem::offset_of!(RawPicture, kind) == 64);
    assert!(std::mem::offset_of!(Api, param_alloc) == 48);
    assert!(std::mem::offset_of!(Api, encoder_open) == 120);
    assert!(std::mem::offset_of!(Api, encoder_encode) == 160);
    assert!(std::mem::offset_of!(Api, encoder_close) == 184);
};

/// The interface for a bit depth.
fn api(bits: c_int) -> Result<&'static Api, AvError> {
    type Get = extern "C" fn(c_int) -> *const Api;
    // SAFETY: the library is never closed; the function of this name has this type, and what it returns is static.
    unsafe {
        let library = libc::dlopen(c"libx265.so.199".as_ptr(), libc::RTLD_NOW);
        let get = if library.is_null() {
            ptr::null_mut()
        } else {
            libc::dlsym(library, c"x265_api_get_199".as_ptr())
        };
        let get = NonNull::new(get)
            .ok_or_else(|| AvError("there is no libx265 of build 199".to_owned()))?;
        let get: Get = std::mem::transmute(get);
        get(bits)
            .as_ref()
            .ok_or_else(|| AvError(format!("libx265 was built without {bits} bits")))
    }
}

/// Owns an opened encoder, with its parameters and a picture to fill.
pub struct X265 {
    api: &'static Api,
    param: *mut Opaque,
    encoder: *mut Opaque,
    input: *mut RawPicture,
    output: *mut RawPicture,
    done: VecDeque<Encoded>,
}

// SAFETY: x265 encoders may be used from any one thread at a time.
unsafe impl Send for X265 {}

impl X265 {
    /// Opens one. `options` are those of its command line.
    ///
    /// # Errors
    /// It is missing, or refuses the options.
    pub fn open(
        ten_bit: bool,
        profile: Option<&str>,
        options: &[(&str, String)],
    ) -> Result<Self, AvError> {
        let api = api(if ten_bit { 10 } else { 8 })?;
        let text = |s: &str| CString::new(s).map_err(|_| AvError("an option".to_owned()));
        let param = (api.param_alloc)();
        if param.is_null() {
            return Err(AvError::of("x265", -12));
        }
        let mut x = Self {
            api,
            param,
            encoder: ptr::null_mut(),
            input: (api.picture_alloc)(),
            output: (api.picture_alloc)(),
            done: VecDeque::new(),
        };
        let wrong = |name: &str, value: &str| AvError(format!("x265: {name} = {value}"));
        (api.param_default_preset)(param, c"ultrafast".as_ptr(), ptr::null());
        (api.param_parse)(param, c"log-level".as_ptr(), ERRORS_ONLY.as_ptr());
        for (name, value) in options {
            let (n, v) = (text(name)?, text(value)?);
            if (api.param_parse)(param, n.as_ptr(), v.as_ptr()) != 0 {
                return Err(wrong(name, value));
            }
        }
        if let Some(profile) = profile {
            let p = text(profile)?;
            if (api.param_apply_profile)(param, p.as_ptr()) != 0 {
                return Err(wrong("profile", profile));
            }
        }
        x.encoder = (api.encoder_open)(param);
        if x.encoder.is_null() || x.input.is_null() || x.output.is_null() {
            return Err(AvError("x265 does not open".to_owned()));
        }
        (api.picture_init)(param, x.input);
        (api.picture_init)(param, x.output);
        Ok(x)
    }

    /// Its headers in Annex B.
    pub fn headers(&self) -> Vec<u8> {
        let (mut nals, mut count) = (ptr::null(), 0);
        (self.api.encoder_headers)(self.encoder, &mut nals, &mut count);
        joined(nals, count)
    }

    /// Gives it a picture.
    ///
    /// # Errors
    /// It fails.
    pub fn send(&mut self, picture: &Picture, pts: i64, key: bool) -> Result<(), AvError> {
        let bytes =
            |n: usize| c_int::try_from(n).map_err(|_| AvError("a large picture".to_owned()));
        let row = picture.width * picture.sample();
        let half = picture.width.div_ceil(2) * picture.sample();
        // SAFETY: x265 made the structure; the planes outlive the call, which copies them.
        unsafe {
            let p = &mut *self.input;
            p.pts = pts;
            p.planes = [0, 1, 2].map(|i| picture.planes[i].as_ptr());
            p.stride = [bytes(row)?, bytes(half)?, bytes(half)?];
            p.depth = if picture.bits > 8 { 10 } else { 8 };
            p.kind = if key { IDR } else { 0 };
        }
        self.run(self.input).map(|_| ())
    }

    /// No picture follows.
    pub fn end(&mut self) {
        while self.run(ptr::null_mut()).is_ok_and(|more| more) {}
    }

    /// The next picture in decoding order, if it is done.
    pub fn receive(&mut self) -> Option<Encoded> {
        self.done.pop_front()
    }

    /// One step; whether a picture came out.
    fn run(&mut self, input: *mut RawPicture) -> Result<bool, AvError> {
        let (mut nals, mut count) = (ptr::null(), 0);
        let (encoder, output) = (self.encoder, self.output);
        let result = (self.api.encoder_encode)(encoder, &mut nals, &mut count, input, output);
        if result < 0 {
            return Err(AvError("x265 fails".to_owned()));
        }
        if result == 0 || count == 0 {
            return Ok(false);
        }
        // SAFETY: x265 made and filled the structure.
        let (pts, kind) = unsafe { ((*output).pts, (*output).kind) };
        self.done.push_back(Encoded {
            bytes: joined(nals, count),
            pts,
            key: kind == IDR,
        });
        Ok(true)
    }
}

/// The bytes of some units, which have their start codes.
fn joined(nals: *const Nal, count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: x265 gave `count` units with `length` bytes each, good until it is called again.
        unsafe {
            let nal = &*nals.add(i);
            let length = usize::try_from(nal.length).unwrap_or(0);
            bytes.extend_from_slice(std::slice::from_raw_parts(nal.payload, length));
        }
    }
    bytes
}

impl Drop for X265 {
    fn drop(&mut self) {
        if !self.encoder.is_null() {
            (self.api.encoder_close)(self.encoder);
        }
        (self.api.picture_free)(self.input);
        (self.api.picture_free)(self.output);
        (self.api.param_free)(self.param);
    }
}
