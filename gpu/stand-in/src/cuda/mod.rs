//! libcuda: what FFmpeg and cudarc call of the driver interface. Not NVDEC, not NVENC.
//!
//! Everything happens at once: a stream is always done. That is one of the orders a device may choose.

pub mod context;
mod copy;
mod device;

mod error;
mod memory;
mod module;
mod stream;
mod texture;

use std::ffi::c_int;

use crate::abi::Answer;
use crate::report;

pub use device::uuid;
pub use texture::TEXTURES;

/// Runs the body of an exported function, and makes of its answer what the interface wants.
pub fn answer(call: &'static str, body: impl FnOnce() -> Answer) -> c_int {
    report::during(call, || match body() {
        Ok(()) => 0,
        Err(error) => error.0,
    })
}

/// Exports functions that answer with a `CUresult`.
macro_rules! export {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => { $(
        $(#[$doc])*
        // SAFETY: the name is the interface's own, and nothing else in this image has it.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($arg: $type),*) -> std::ffi::c_int {
            $crate::cuda::answer(stringify!($name), || $body)
        }
    )* };
}
pub(crate) use export;

/// What was neither given back nor excused by a lost device when the process ended.
pub fn leaks() -> Vec<String> {
    let mut leaks = context::leaks();
    leaks.extend(module::leaks());
    leaks.extend(stream::leaks());
    leaks.extend(texture::leaks());
    leaks
}
