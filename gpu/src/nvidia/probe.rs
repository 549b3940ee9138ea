//! Every NVIDIA device and what it can do, word by word. Not the single questions (`caps`).

use std::sync::Arc;

use newsreel_media::ffi::{HwDevice, HwDeviceId};
use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{GpuReport, Unavailable};

use super::find::PREFIX;
use super::live::Monitor;
use super::sys::{Context, Device, Driver, Failed};
use super::why::{self, Surroundings};
use super::{Nvidia, caps, self_test};
use crate::probe::Word;
use crate::trial;

/// Asks the driver and each of its devices, or `only` the one of that name.
pub fn probe(only: Option<&str>, tell: &mut dyn FnMut(Word)) {
    tell(Word::Doing("starting the CUDA driver".to_owned()));
    let here = Surroundings::look();
    let missing = |what: &str, reason: String| Word::Missing(Unavailable::new(what, reason));
    let driver = match Driver::get() {
        Ok(driver) => driver,
        Err(absent) => return tell(missing("nvidia", why::driver(&absent, &here))),
    };
    let devices = match driver.devices() {
        Ok(devices) => devices,
        Err(failed) => {
            let refused = super::sys::Missing::Refused(failed);
            return tell(missing("nvidia", why::driver(&refused, &here)));
        }
    };
    if devices.is_empty() {
        let none = Failed {
            call: "cuDeviceGetCount",
            status: 100,
        };
        let refused = super::sys::Missing::Refused(none);
        return tell(missing("nvidia", why::driver(&refused, &here)));
    }
    tell(Word::Doing("asking NVML for its version".to_owned()));
    let monitor = Monitor::open();
    let version = version(driver, monitor.as_ref().ok(), &here);
    for (number, device) in (0..).zip(devices) {
        let name = device.uuid().map(|uuid| format!("{PREFIX}{uuid}"));
        if only.is_some_and(|only| name.is_ok_and(|name| name != only)) {
            continue;
        }
        match report(device, number, &version, tell) {
            Ok(gpu) => tell(Word::Found(Box::new(gpu))),
            Err(failed) => tell(missing(
                &format!("nvidia device {number}"),
                format!(
                    "{}; look for Xid in the kernel's log",
                    spoken(driver, &failed)
                ),
            )),
        }
    }
}

/// The driver's version, from whoever says it.
fn version(driver: &Driver, monitor: Option<&Monitor>, here: &Surroundings) -> String {
    let told = monitor.and_then(Monitor::driver_version);
    let found = told.or_else(|| here.kernel.clone());
    let cuda = driver.cuda_version().unwrap_or(0);
    let cuda = format!("CUDA {}.{}", cuda / 1000, cuda % 1000 / 10);
    found.map_or(cuda.clone(), |version| format!("{version} ({cuda})"))
}

fn report(
    device: Device,
    number: u32,
    version: &str,
    tell: &mut dyn FnMut(Word),
) -> Result<GpuReport, Failed> {
    let name = device.name()?;
    let uuid = device.uuid()?;
    let (major, minor) = device.compute_capability()?;
    let mut doing = |what: &str| tell(Word::Doing(format!("{what} {name} ({uuid})")));
    doing("making a CUDA context on");
    // libavcodec wants to choose the flags of the context that all share, so it is first.
    let libav = HwDevice::open(&HwDeviceId::Cuda(number));
    let context = Context::primary(device)?;
    doing("asking the decoder of");
    let decode = caps::decode(&context);
    doing("asking the encoder of");
    let encode = caps::encode(&context);
    doing("scaling a test picture on");
    let scale = self_test::scale(&context);
    let mut gpu = GpuReport {
        id: format!("{PREFIX}{uuid}"),
        kind: DeviceKind::Nvidia,
        name,
        driver: version.to_owned(),
        pci: device.pci().ok(),
        compute_capability: Some(format!("{major}.{minor}")),
        node: None,
        vram_mib: device
            .memory_bytes()
            .ok()
            .and_then(|bytes| u64::try_from(bytes >> 20).ok()),
        decode,
        encode,
        scale: Some(scale),
    };
    if let Ok(libav) = libav {
        tell(Word::Doing(format!(
            "decoding and encoding a test pattern on {} ({uuid})",
            gpu.name
        )));
        let tests = trial::check(&gpu, Arc::new(libav), Nvidia::default());
        (gpu.decode.self_test, gpu.encode.self_test) = tests;
    }
    Ok(gpu)
}

fn spoken(driver: &Driver, failed: &Failed) -> String {
    let name = driver.error_name(failed.status);
    match name.is_empty() {
        true => failed.to_string(),
        false => format!("{} failed with {name}", failed.call),
    }
}
