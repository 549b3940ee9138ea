//! The only place of VAAPI `unsafe`: libva, opened when it is first asked for, and a display that is only asked.
//!
//! Profiles, entry points and statuses are plain numbers: a newer library knows more of them than any list here.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use libloading::Library;

/// A `VADisplay`.
type Raw = *mut c_void;

crate::nvidia::sys::functions! {
    /// What we use of libva; the two maxima return a number and no status.
    struct Va {
        initialize = "vaInitialize"(Raw, *mut c_int, *mut c_int);
        terminate = "vaTerminate"(Raw);
        most_profiles = "vaMaxNumProfiles"(Raw);
        most_entrypoints = "vaMaxNumEntrypoints"(Raw);
        profiles = "vaQueryConfigProfiles"(Raw, *mut c_int, *mut c_int);
        entrypoints = "vaQueryConfigEntrypoints"(Raw, c_int, *mut c_int, *mut c_int);
        attributes = "vaGetConfigAttributes"(Raw, c_int, c_int, *mut Attribute, c_int);
        create_config = "vaCreateConfig"(Raw, c_int, c_int, *mut Attribute, c_int, *mut u32);
        destroy_config = "vaDestroyConfig"(Raw, u32);
        surface_attributes = "vaQuerySurfaceAttributes"(Raw, u32, *mut SurfaceAttribute, *mut u32);
    }
}

/// `VAConfigAttrib`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Attribute {
    kind: c_int,
    value: u32,
}

/// `VASurfaceAttrib`, with the first half of its value's union: everything asked for here is an integer.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct SurfaceAttribute {
    kind: c_int,
    flags: u32,
    value_kind: c_int,
    padding: u32,
    integer: i32,
    rest: u32,
}

/// The integer type of a `VAGenericValue`.
const INTEGER: c_int = 1;
/// `VA_ATTRIB_NOT_SUPPORTED`.
const NOT_SUPPORTED: u32 = 0x8000_0000;
/// Why a render node cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// libva or libva-drm is not found; the loader's words.
    Library(String),
    /// libva is too old.
    Function(&'static str),
    /// libva makes no display of the node.
    NoDisplay,
    /// A call was refused: its name and its `VAStatus`.
    Refused(&'static str, u32),
}

struct Libva {
    va: Va,
    display: unsafe extern "C" fn(c_int) -> Raw,
    vendor: unsafe extern "C" fn(Raw) -> *const c_char,
}

impl Libva {
    /// Loads both libraries once for the process; they are never unloaded.
    fn get() -> Result<&'static Self, Missing> {
        static LIBVA: OnceLock<Result<Libva, Missing>> = OnceLock::new();
        LIBVA.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Self, Missing> {
        static LIBRARIES: OnceLock<[Library; 2]> = OnceLock::new();
        let open = |name: &str| {
            // SAFETY: their initialisers may run in any process.
            unsafe { Library::new(name) }.map_err(|e| Missing::Library(e.to_string()))
        };
        let both = [open("libva.so.2")?, open("libva-drm.so.2")?];
        let [va, drm] = LIBRARIES.get_or_init(|| both);
        // SAFETY: the tables and types are `va.h`'s and `va_drm.h`'s, and the libraries lie in a static.
        unsafe {
            let display = drm.get(b"vaGetDisplayDRM");
            let vendor = va.get(b"vaQueryVendorString");
            Ok(Self {
                va: Va::of(va).map_err(Missing::Function)?,
                display: *display.map_err(|_| Missing::Function("vaGetDisplayDRM"))?,
                vendor: *vendor.map_err(|_| Missing::Function("vaQueryVendorString"))?,
            })
        }
    }
}

/// Owns an initialised display of a render node.
pub struct Display {
    libva: &'static Libva,
    raw: Raw,
    /// libva borrows its descriptor; closed after `drop` has run.
    _node: File,
}

impl Display {
    /// Has libva find and start a driver for the node.
    ///
    /// # Errors
    /// There is no libva, no driver, or the driver does not start.
    pub fn open(node: File) -> Result<Self, Missing> {
        let libva = Libva::get()?;
        // SAFETY: an open descriptor, kept open as long as the display.
        let raw = unsafe { (libva.display)(node.as_raw_fd()) };
        if raw.is_null() {
            return Err(Missing::NoDisplay);
        }
        let display = Self {
            libva,
            raw,
            _node: node,
        };
        let (mut major, mut minor) = (0, 0);
        // SAFETY: a fresh display; writes two integers.
        check("vaInitialize", unsafe {
            (libva.va.initialize)(raw, &raw mut major, &raw mut minor)
        })?;
        Ok(display)
    }

    /// The driver's name and version in its own words.
    #[must_use]
    pub fn vendor(&self) -> String {
        // SAFETY: an initialised display.
        let text = unsafe { (self.libva.vendor)(self.raw) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: not null, so it is a string of the driver's that lives as long as the display.
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned()
    }

    /// Profiles it knows.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn profiles(&self) -> Result<Vec<i32>, Missing> {
        // SAFETY: an initialised display.
        let most = unsafe { (self.libva.va.most_profiles)(self.raw) };
        // SAFETY: an initialised display; writes at most as many as its maximum, and how many.
        list("vaQueryConfigProfiles", most, |room, count| unsafe {
            (self.libva.va.profiles)(self.raw, room, count)
        })
    }

    /// What can be done with a profile.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn entrypoints(&self, profile: i32) -> Result<Vec<i32>, Missing> {
        // SAFETY: an initialised display.
        let most = unsafe { (self.libva.va.most_entrypoints)(self.raw) };
        // SAFETY: an initialised display; writes at most as many as its maximum, and how many.
        list("vaQueryConfigEntrypoints", most, |room, count| unsafe {
            (self.libva.va.entrypoints)(self.raw, profile, room, count)
        })
    }

    /// Values of attributes (`VAConfigAttribType`); `None` for each the driver does not have.
    #[must_use]
    pub fn attributes<const N: usize>(
        &self,
        profile: i32,
        entrypoint: i32,
        kinds: [i32; N],
    ) -> [Option<u32>; N] {
        let mut asked = kinds.map(|kind| Attribute {
            kind,
            value: NOT_SUPPORTED,
        });
        let count = c_int::try_from(N).unwrap_or(0);
        // SAFETY: an initialised display; as many attributes as it is told.
        let status = unsafe {
            (self.libva.va.attributes)(self.raw, profile, entrypoint, asked.as_mut_ptr(), count)
        };
        asked.map(|a| (status == 0 && a.value != NOT_SUPPORTED).then_some(a.value))
    }

    /// Integer attributes of surfaces (`VASurfaceAttribType` and value) for one use of a profile; empty where there is no answer.
    #[must_use]
    pub fn surface_attributes(&self, profile: i32, entrypoint: i32) -> Vec<(i32, i32)> {
        let va = &self.libva.va;
        let mut config = 0;
        // SAFETY: an initialised display and no attributes; writes one id, destroyed below.
        let created = unsafe {
            (va.create_config)(
                self.raw,
                profile,
                entrypoint,
                std::ptr::null_mut(),
                0,
                &raw mut config,
            )
        };
        if created != 0 {
            return Vec::new();
        }
        let mut room = [SurfaceAttribute::default(); 64];
        let mut count = 64;
        // SAFETY: a living configuration; writes at most `count` entries, and how many.
        let status =
            unsafe { (va.surface_attributes)(self.raw, config, room.as_mut_ptr(), &raw mut count) };
        // SAFETY: created above, destroyed once.
        unsafe { (va.destroy_config)(self.raw, config) };
        let count = usize::try_from(count).unwrap_or(0).min(room.len());
        let filled = room[..count]
            .iter()
            .filter(|a| status == 0 && a.value_kind == INTEGER);
        filled.map(|a| (a.kind, a.integer)).collect()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // SAFETY: the display of this node, terminated once; also where it did not start, which frees it.
        unsafe { (self.libva.va.terminate)(self.raw) };
    }
}

fn list(
    call: &'static str,
    most: u32,
    ask: impl FnOnce(*mut c_int, *mut c_int) -> u32,
) -> Result<Vec<i32>, Missing> {
    let mut room = vec![0; usize::try_from(most).unwrap_or(0)];
    let mut count = 0;
    check(call, ask(room.as_mut_ptr(), &raw mut count))?;
    room.truncate(usize::try_from(count).unwrap_or(0));
    Ok(room)
}

fn check(call: &'static str, status: u32) -> Result<(), Missing> {
    match status {
        0 => Ok(()),
        status => Err(Missing::Refused(call, status)),
    }
}
