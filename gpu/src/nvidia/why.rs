//! Why NVIDIA's libraries cannot be used, in one sentence that says what to do. Not the asking.

use std::fs::{self, File};
use std::io::ErrorKind;

use newsreel_model::{Code, Error};

use super::errors;
use super::sys::{Failed, Missing};

/// What the machine shows without any driver library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether a display or 3D controller of NVIDIA's is on the PCI bus.
    pub card: bool,
    /// Version of the kernel's driver, where it is loaded.
    pub kernel: Option<String>,
    /// Device nodes there are.
    pub nodes: usize,
    /// The first of them this user may not open.
    pub forbidden: Option<String>,
    /// `CUDA_VISIBLE_DEVICES`, where it is set.
    pub visible: Option<String>,
}

impl Surroundings {
    /// Looks.
    pub fn look() -> Self {
        let nodes: Vec<String> = ["/dev/nvidiactl", "/dev/nvidia-uvm"]
            .map(str::to_owned)
            .into_iter()
            .chain((0..16).map(|n| format!("/dev/nvidia{n}")))
            .filter(|path| fs::exists(path).unwrap_or(false))
            .collect();
        let refused = |path: &&String| {
            let opened = File::options().read(true).write(true).open(path);
            opened.is_err_and(|e| e.kind() == ErrorKind::PermissionDenied)
        };
        Self {
            card: card(),
            kernel: fs::read_to_string("/proc/driver/nvidia/version")
                .ok()
                .and_then(|text| kernel_version(&text)),
            forbidden: nodes.iter().find(refused).cloned(),
            nodes: nodes.len(),
            visible: std::env::var("CUDA_VISIBLE_DEVICES").ok(),
        }
    }
}

fn card() -> bool {
    let read = |entry: &fs::DirEntry, file: &str| {
        fs::read_to_string(entry.path().join(file)).unwrap_or_default()
    };
    let devices = fs::read_dir("/sys/bus/pci/devices").into_iter().flatten();
    // Class 03 is display controllers; sound and USB controllers of a card have others.
    devices.flatten().any(|entry| {
        read(&entry, "vendor").trim() == "0x10de" && read(&entry, "class").starts_with("0x03")
    })
}

/// The version out of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu …`.
fn kernel_version(text: &str) -> Option<String> {
    let line = text
        .lines()
        .find(|line| line.starts_with("NVRM version:"))?;
    let number =
        |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    line.split_whitespace().find(number).map(str::to_owned)
}

/// Why the driver as a whole cannot be used.
pub fn driver(missing: &Missing, here: &Surroundings) -> String {
    match missing {
        Missing::Library(_) if !here.card && here.kernel.is_none() => {
            "there is no NVIDIA GPU in this machine".to_owned()
        }
        Missing::Library(_) => match &here.kernel {
            Some(version) => format!(
                "the kernel's NVIDIA driver {version} is loaded but its library libcuda.so.1 is not found; install the libraries of the same version, or pass them into the container"
            ),
            None => {
                "there is an NVIDIA GPU but no driver for it; install NVIDIA's driver".to_owned()
            }
        },
        Missing::Function(name) => {
            format!("the driver library lacks {name}; install a current NVIDIA driver")
        }
        Missing::Refused(failed) => refused(failed, here),
    }
}

/// `CUresult`s of `cuInit`, from cuda.h.
fn refused(failed: &Failed, here: &Surroundings) -> String {
    if let Some(node) = &here.forbidden {
        return format!(
            "this user may not open {node}; add the user to the group that owns it (often video), or pass the device into the container"
        );
    }
    match failed.status {
        34 => "the libcuda.so.1 that is found is the CUDA toolkit's stub and no driver; take its folder out of LD_LIBRARY_PATH".to_owned(),
        100 if here.visible.as_deref().is_some_and(|v| v.is_empty() || v.starts_with('-')) => {
            "CUDA_VISIBLE_DEVICES hides every GPU; unset it".to_owned()
        }
        100 | 999 if here.nodes == 0 => {
            "the driver is installed but there are no /dev/nvidia* nodes; load it with nvidia-modprobe as root, or start the container with its GPUs".to_owned()
        }
        100 => "the driver finds no GPU; look for NVRM in the kernel's log".to_owned(),
        802 => "the GPUs are not ready; start nvidia-fabricmanager, which machines with NVSwitch need".to_owned(),
        304 => "the system does not let the driver at its devices; check who may open /dev/nvidia*, and the container's device rules".to_owned(),
        803 | 804 => format!(
            "the driver library and the kernel's driver{} are of different versions; reboot, or reload the module, after an update",
            here.kernel.as_ref().map(|v| format!(" {v}")).unwrap_or_default()
        ),
        35 => "the driver is too old; update NVIDIA's driver".to_owned(),
        status => format!(
            "the driver does not start ({} returned {status}); look for NVRM in the kernel's log, and restart the machine if it stays so",
            failed.call
        ),
    }
}

/// Why the decoder library cannot be used.
pub fn decoder(missing: &Missing) -> String {
    match missing {
        Missing::Library(_) => "libnvcuvid.so.1 is not found; install the driver's video libraries (package libnvcuvid1), or start the container with the capability video".to_owned(),
        Missing::Function(name) => format!("libnvcuvid.so.1 lacks {name}; install a current NVIDIA driver"),
        Missing::Refused(failed) => format!("the decoder library does not start: {failed}"),
    }
}

/// Why the encoder library cannot be used.
pub fn encoder(missing: &Missing) -> String {
    match missing {
        Missing::Library(_) => "libnvidia-encode.so.1 is not found; install the driver's video libraries (package libnvidia-encode1), or start the container with the capability video".to_owned(),
        Missing::Function(name) => format!("libnvidia-encode.so.1 lacks {name}; install a current NVIDIA driver"),
        Missing::Refused(failed) => session(failed),
    }
}

/// Why no encoder session opens; `NVENCSTATUS`es from nvEncodeAPI.h.
pub fn session(failed: &Failed) -> String {
    match failed.status {
        1 | 2 => NO_ENCODER.to_owned(),
        10 => "no encoder session is left, or no device memory; stop other programs that encode, or ask again".to_owned(),
        15 => "the driver is too old for its encoder to be asked; update NVIDIA's driver".to_owned(),
        status => format!("the encoder does not start ({} returned {status}); look for Xid in the kernel's log", failed.call),
    }
}

/// A GPU without an encoder is an ordinary machine.
pub const NO_ENCODER: &str = "this GPU has no encoder, as A100, H100, H200 and B200 have none; rungs are decoded and scaled on it and encoded by the CPU";

/// A refused call as an error with a class: what to do next, whoever made the call.
#[must_use]
pub fn explain(failed: &Failed) -> Error {
    let encoder = failed.call.starts_with("nvEnc");
    let (code, message) = match failed.status {
        10 if encoder => (Code::EncoderSessionsExhausted, session(failed)),
        1 | 2 if encoder => (Code::EncodeUnsupported, session(failed)),
        2 => (Code::DeviceOutOfMemory, errors::FULL.to_owned()),
        status if !encoder && errors::is_sticky(status) => {
            (Code::DeviceLost, errors::LOST.to_owned())
        }
        _ => (
            Code::EngineFailed,
            "the GPU driver refused a call".to_owned(),
        ),
    };
    Error::new(code, message).with_detail(failed.to_string())
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;
