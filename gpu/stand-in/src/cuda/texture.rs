//! Texture objects over pitched memory, which FFmpeg's scaler reads through. Not the sampling.

use std::ffi::{c_int, c_uint, c_void};

use super::context::current;
use super::export;
use crate::abi::{Answer, CuError, DevicePtr, Handle, In, Out};
use crate::handles::Handles;

/// All living texture objects.
pub static TEXTURES: Handles<Texture> = Handles::new("texture");

/// An image in device memory.
#[derive(Clone, Copy)]
pub struct Texture {
    context: Handle,
    /// Where it begins.
    pub address: DevicePtr,
    /// Bytes of one sample.
    pub sample: usize,
    /// Samples of one pixel.
    pub channels: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from one row to the next.
    pub pitch: usize,
}

/// `CUDA_RESOURCE_DESC` for pitched memory, from cuda.h.
#[repr(C)]
pub struct Resource {
    kind: c_int,
    address: DevicePtr,
    format: c_int,
    channels: c_uint,
    width: usize,
    height: usize,
    pitch: usize,
}

const PITCH2D: c_int = 3;
const UNSIGNED_INT8: c_int = 1;
const UNSIGNED_INT16: c_int = 2;

fn make(about: &Resource) -> Answer<Handle> {
    let (context, _) = current()?;
    if about.kind != PITCH2D {
        return Err(CuError::NOT_SUPPORTED);
    }
    let sample = match about.format {
        UNSIGNED_INT8 => 1,
        UNSIGNED_INT16 => 2,
        _ => return Err(CuError::NOT_SUPPORTED),
    };
    let channels = crate::abi::size(about.channels)?;
    if about.width * channels * sample > about.pitch {
        return Err(CuError::INVALID_VALUE);
    }
    Ok(TEXTURES.insert(Texture {
        context,
        address: about.address,
        sample,
        channels,
        width: about.width,
        height: about.height,
        pitch: about.pitch,
    }))
}

/// Ends those of a context; how many there were, and what they are.
pub fn end_of(context: Handle) -> (usize, &'static str) {
    (
        TEXTURES.remove_all(|t| t.context == context).len(),
        TEXTURES.kind(),
    )
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    match TEXTURES.count() {
        0 => Vec::new(),
        count => vec![format!("{count} × {}", TEXTURES.kind())],
    }
}

export! {
    fn cuTexObjectCreate(texture: Out<Handle>, resource: In<Resource>, _sampling: *const c_void, _view: *const c_void) {
        texture.put(make(resource.get()?)?)
    }

    fn cuTexObjectDestroy(texture: Handle) {
        current()?;
        TEXTURES.remove(texture).map(|_| ())
    }
}
