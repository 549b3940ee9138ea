//! What NVENC says it can encode. Encoding itself is libavcodec's.

use std::ffi::c_void;
use std::sync::OnceLock;

use libloading::Library;
use nvidia_video_codec_sdk::sys::nvEncodeAPI::{
    GUID, NV_ENC_CAPS, NV_ENC_CAPS_PARAM, NV_ENC_CAPS_PARAM_VER, NV_ENC_DEVICE_TYPE,
    NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS, NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS_VER,
    NV_ENCODE_API_FUNCTION_LIST, NV_ENCODE_API_FUNCTION_LIST_VER, NVENCAPI_MAJOR_VERSION,
    NVENCAPI_MINOR_VERSION, NVENCAPI_VERSION,
};

use super::{Context, Failed, Missing, check};

super::functions! {
    /// What libnvidia-encode exports; the rest is in the list it fills in.
    struct Exports {
        max_version = "NvEncodeAPIGetMaxSupportedVersion"(*mut u32);
        create = "NvEncodeAPICreateInstance"(*mut NV_ENCODE_API_FUNCTION_LIST);
    }
}

type Encoder = *mut c_void;

/// The functions of the list that are used, taken to return plain numbers as in [`super::functions`].
#[derive(Clone, Copy)]
struct Functions {
    open: unsafe extern "C" fn(*mut NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS, *mut Encoder) -> u32,
    close: unsafe extern "C" fn(Encoder) -> u32,
    codec_count: unsafe extern "C" fn(Encoder, *mut u32) -> u32,
    codecs: unsafe extern "C" fn(Encoder, *mut GUID, u32, *mut u32) -> u32,
    profile_count: Option<unsafe extern "C" fn(Encoder, GUID, *mut u32) -> u32>,
    profiles: Option<unsafe extern "C" fn(Encoder, GUID, *mut GUID, u32, *mut u32) -> u32>,
    caps: unsafe extern "C" fn(Encoder, GUID, *mut NV_ENC_CAPS_PARAM, *mut i32) -> u32,
}

/// The encoder library, loaded once for the process and never unloaded.
pub struct Nvenc {
    functions: Functions,
    /// The interface both sides know, as `major | minor << 24`.
    version: u32,
}

/// No driver has more codecs or profiles than this; a larger answer is not believed.
const MOST: u32 = 64;

impl Nvenc {
    /// Loads it.
    ///
    /// # Errors
    /// There is none, or it does not start.
    pub fn get() -> Result<&'static Self, Missing> {
        static NVENC: OnceLock<Result<Nvenc, Missing>> = OnceLock::new();
        NVENC.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Self, Missing> {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        // SAFETY: its initialisers may run in any process.
        let opened = unsafe { Library::new("libnvidia-encode.so.1") };
        let library = opened.map_err(|e| Missing::Library(e.to_string()))?;
        let library = LIBRARY.get_or_init(|| library);
        // SAFETY: the table is `nvEncodeAPI.h`'s, and the library lies in a static.
        let exports = unsafe { Exports::of(library) }.map_err(Missing::Function)?;
        let mut newest = 0;
        // SAFETY: writes one integer.
        check("nvEncodeAPIGetMaxSupportedVersion", unsafe {
            (exports.max_version)(&raw mut newest)
        })
        .map_err(Missing::Refused)?;
        let version = common_version(newest);
        let mut list = NV_ENCODE_API_FUNCTION_LIST {
            version: with(version, NV_ENCODE_API_FUNCTION_LIST_VER),
            ..Default::default()
        };
        // SAFETY: the list is the driver's structure and says its version.
        check("nvEncodeAPICreateInstance", unsafe {
            (exports.create)(&raw mut list)
        })
        .map_err(Missing::Refused)?;
        let functions =
            Functions::of(&list).ok_or(Missing::Function("nvEncOpenEncodeSessionEx"))?;
        Ok(Self { functions, version })
    }

    /// Opens a session without a picture size: enough to ask, and it counts against the session cap until dropped.
    ///
    /// # Errors
    /// The device has no encoder (1, 2), or no session is left (10).
    pub fn open(&'static self, context: &Context) -> Result<EncodeSession, Failed> {
        let mut parameters = NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS {
            version: with(self.version, NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS_VER),
            deviceType: NV_ENC_DEVICE_TYPE::NV_ENC_DEVICE_TYPE_CUDA,
            device: context.raw(),
            apiVersion: self.version,
            ..Default::default()
        };
        let mut encoder = std::ptr::null_mut();
        // SAFETY: the context is alive; writes one handle, destroyed in `drop`.
        let status = unsafe { (self.functions.open)(&raw mut parameters, &raw mut encoder) };
        let session = EncodeSession {
            nvenc: self,
            encoder,
            _context: context.clone(),
        };
        // A refused session may still have a handle, which must be destroyed too.
        check("nvEncOpenEncodeSessionEx", status)?;
        Ok(session)
    }
}

/// The interface version both know; the driver writes its own as `major << 4 | minor`.
fn common_version(newest: u32) -> u32 {
    let (major, minor) = (newest >> 4, newest & 0xf);
    if (major, minor) < (NVENCAPI_MAJOR_VERSION, NVENCAPI_MINOR_VERSION) {
        major | minor << 24
    } else {
        NVENCAPI_VERSION
    }
}

/// A structure's version in another version of the interface; those used here have not changed since 8.0.
fn with(version: u32, structure: u32) -> u32 {
    structure & !NVENCAPI_VERSION | version
}

impl Functions {
    #[allow(
        clippy::missing_transmute_annotations,
        reason = "the fields say to what; from what, the bindings' names hide"
    )]
    fn of(list: &NV_ENCODE_API_FUNCTION_LIST) -> Option<Self> {
        // SAFETY: only the type of what is returned differs, a status, which is 32 bits wide either way.
        unsafe {
            Some(Self {
                open: std::mem::transmute(list.nvEncOpenEncodeSessionEx?),
                close: std::mem::transmute(list.nvEncDestroyEncoder?),
                codec_count: std::mem::transmute(list.nvEncGetEncodeGUIDCount?),
                codecs: std::mem::transmute(list.nvEncGetEncodeGUIDs?),
                profile_count: std::mem::transmute(list.nvEncGetEncodeProfileGUIDCount),
                profiles: std::mem::transmute(list.nvEncGetEncodeProfileGUIDs),
                caps: std::mem::transmute(list.nvEncGetEncodeCaps?),
            })
        }
    }
}

/// Owns an encoder session that is only asked.
pub struct EncodeSession {
    nvenc: &'static Nvenc,
    encoder: Encoder,
    /// Outlives the session: fields are dropped after `drop` has run.
    _context: Context,
}

impl EncodeSession {
    /// Codecs it can encode.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn codecs(&self) -> Result<Vec<GUID>, Failed> {
        let functions = &self.nvenc.functions;
        let mut count = 0;
        // SAFETY: an open session; writes one integer.
        check("nvEncGetEncodeGUIDCount", unsafe {
            (functions.codec_count)(self.encoder, &raw mut count)
        })?;
        self.list("nvEncGetEncodeGUIDs", count, |guids, room, count| {
            // SAFETY: an open session; writes at most `room` entries, and how many.
            unsafe { (functions.codecs)(self.encoder, guids, room, count) }
        })
    }

    /// Profiles of a codec; none where the driver does not list them.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn profiles(&self, codec: GUID) -> Result<Vec<GUID>, Failed> {
        let functions = &self.nvenc.functions;
        let (Some(ask_count), Some(ask)) = (functions.profile_count, functions.profiles) else {
            return Ok(Vec::new());
        };
        let mut count = 0;
        // SAFETY: an open session; writes one integer.
        check("nvEncGetEncodeProfileGUIDCount", unsafe {
            ask_count(self.encoder, codec, &raw mut count)
        })?;
        self.list("nvEncGetEncodeProfileGUIDs", count, |guids, room, count| {
            // SAFETY: an open session; writes at most `room` entries, and how many.
            unsafe { ask(self.encoder, codec, guids, room, count) }
        })
    }

    fn list(
        &self,
        call: &'static str,
        count: u32,
        ask: impl FnOnce(*mut GUID, u32, *mut u32) -> u32,
    ) -> Result<Vec<GUID>, Failed> {
        let room = count.min(MOST);
        let mut guids = vec![GUID::default(); usize::try_from(room).unwrap_or(0)];
        let mut filled = 0;
        check(call, ask(guids.as_mut_ptr(), room, &raw mut filled))?;
        guids.truncate(usize::try_from(filled).unwrap_or(0));
        Ok(guids)
    }

    /// One capability of a codec; `None` where the driver does not know the question.
    #[must_use]
    pub fn capability(&self, codec: GUID, capability: NV_ENC_CAPS) -> Option<i32> {
        let mut question = NV_ENC_CAPS_PARAM {
            version: with(self.nvenc.version, NV_ENC_CAPS_PARAM_VER),
            capsToQuery: capability,
            reserved: [0; 62],
        };
        let mut value = 0;
        // SAFETY: an open session; writes one integer.
        let status = unsafe {
            (self.nvenc.functions.caps)(self.encoder, codec, &raw mut question, &raw mut value)
        };
        (status == 0).then_some(value)
    }
}

impl Drop for EncodeSession {
    fn drop(&mut self) {
        if !self.encoder.is_null() {
            // SAFETY: opened once, destroyed once, while the context is alive.
            unsafe { (self.nvenc.functions.close)(self.encoder) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_driver_is_asked_in_its_own_version_and_a_newer_one_in_ours() {
        assert_eq!(common_version(11 << 4 | 1), 11 | 1 << 24);
        assert_eq!(common_version(13 << 4), NVENCAPI_VERSION);
        assert_eq!(
            with(NVENCAPI_VERSION, NV_ENC_CAPS_PARAM_VER),
            NV_ENC_CAPS_PARAM_VER
        );
        assert_eq!(with(11, NV_ENC_CAPS_PARAM_VER), 11 | 1 << 16 | 7 << 28);
    }
}
