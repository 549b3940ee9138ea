//! From a GPU's stable name to the number it has in this process. Not what it can do.

use newsreel_model::{Code, Error, Result};

use super::sys::Driver;
use super::why::{self, Surroundings, explain};

/// Beginning of the names of NVIDIA's GPUs; their identity follows.
pub(super) const PREFIX: &str = "nvidia-";

/// The identity (`GPU-…`) in a device's name.
///
/// # Errors
/// [`Code::EngineUnavailable`]: it is no name of an NVIDIA GPU.
pub fn uuid(name: &str) -> Result<&str> {
    name.strip_prefix(PREFIX).ok_or_else(|| {
        Error::new(
            Code::EngineUnavailable,
            format!("there is no device {name}"),
        )
    })
}

/// The number of the GPU with this identity (`GPU-…`): drivers number GPUs anew on every start, and by what a process may see.
///
/// # Errors
/// [`Code::EngineUnavailable`]: there is no driver, or the GPU is gone.
pub fn ordinal(uuid: &str) -> Result<u32> {
    let unavailable = |why: String| Error::new(Code::EngineUnavailable, why);
    let driver = Driver::get()
        .map_err(|missing| unavailable(why::driver(&missing, &Surroundings::look())))?;
    let devices = driver.devices().map_err(|failed| explain(&failed))?;
    let is_it = |device: &super::sys::Device| device.uuid().is_ok_and(|found| found == uuid);
    let at = devices.iter().position(is_it);
    at.and_then(|at| u32::try_from(at).ok()).ok_or_else(|| {
        unavailable(format!(
            "the GPU {uuid} is not there any more; look for Xid in the kernel's log"
        ))
    })
}
