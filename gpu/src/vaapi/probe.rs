//! Every VAAPI render node and what it can do, word by word. Not the single questions (`caps`).

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use newsreel_media::ffi::{HwDevice, HwDeviceId};
use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{GpuReport, Unavailable};

use super::sys::{Display, Missing};
use super::{Vaapi, caps};
use crate::probe::Word;
use crate::trial;

const DRI: &str = "/dev/dri";

/// Asks each render node, or `only` that of the device of this name.
pub fn probe(only: Option<&str>, tell: &mut dyn FnMut(Word)) {
    let mut nodes: Vec<String> = fs::read_dir(DRI)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("renderD"))
        // NVIDIA's cards are asked through NVIDIA's own libraries.
        .filter(|name| vendor(name).as_deref() != Some("0x10de"))
        .collect();
    nodes.sort_unstable();
    if nodes.is_empty() {
        let reason =
            format!("there is no render node ({DRI}/renderD*) of a GPU other than NVIDIA's");
        tell(Word::Missing(Unavailable::new("vaapi", reason)));
    }
    for name in nodes {
        if only.is_some_and(|only| only != id(&name)) {
            continue;
        }
        let node = format!("{DRI}/{name}");
        tell(Word::Doing(format!("starting the VAAPI driver of {node}")));
        match report(&name, &node) {
            Ok(gpu) => tell(Word::Found(Box::new(gpu))),
            Err(reason) => tell(Word::Missing(Unavailable::new(
                format!("vaapi {node}"),
                reason,
            ))),
        }
    }
}

fn report(name: &str, node: &str) -> Result<GpuReport, String> {
    let opened = File::options().read(true).write(true).open(node);
    let file = opened.map_err(|e| closed(node, &e))?;
    let display = Display::open(file).map_err(|missing| why(&missing, node))?;
    let vendor = display.vendor();
    let (decode, encode) = caps::sides(&display);
    let pci = pci(name);
    let mut gpu = GpuReport {
        id: id(name),
        kind: DeviceKind::Vaapi,
        name: vendor.clone(),
        driver: vendor,
        pci,
        compute_capability: None,
        node: Some(node.to_owned()),
        vram_mib: None,
        decode,
        encode,
        scale: None,
    };
    if let Ok(libav) = HwDevice::open(&HwDeviceId::Vaapi(node.to_owned())) {
        let tests = trial::check(&gpu, Arc::new(libav), Vaapi);
        (gpu.decode.self_test, gpu.encode.self_test) = tests;
    }
    Ok(gpu)
}

/// The device's name, from the card where it is on the PCI bus.
fn id(name: &str) -> String {
    format!("vaapi-{}", pci(name).as_deref().unwrap_or(name))
}

fn closed(node: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "this user may not open {node}; add the user to the group that owns it (often render), or pass the device into the container"
        ),
        _ => format!("{node} cannot be opened: {error}"),
    }
}

fn why(missing: &Missing, node: &str) -> String {
    match missing {
        Missing::Library(_) => {
            "libva is not found; install libva2 and libva-drm2, and the VAAPI driver of this GPU"
                .to_owned()
        }
        Missing::Function(name) => format!("libva lacks {name}; install libva 2.0 or newer"),
        Missing::NoDisplay => format!("libva makes no display of {node}; look at what vainfo says"),
        Missing::Refused(call, status) => format!(
            "the VAAPI driver of {node} does not start ({call} returned {status:#x}); install the driver of this GPU (intel-media-va-driver, mesa-va-drivers) and look at what vainfo says"
        ),
    }
}

/// The card's PCI address.
fn pci(name: &str) -> Option<String> {
    let device = fs::canonicalize(Path::new("/sys/class/drm").join(name).join("device")).ok()?;
    let address = device.file_name()?.to_str()?;
    // A platform device, as on many ARM boards, has a name of another form.
    (address.matches(':').count() == 2).then(|| address.to_owned())
}

fn vendor(name: &str) -> Option<String> {
    let file = Path::new("/sys/class/drm").join(name).join("device/vendor");
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_installation_has_its_own_advice() {
        let node = "/dev/dri/renderD128";
        for (missing, advice) in [
            (Missing::Library("x".to_owned()), "install libva2"),
            (Missing::Function("vaInitialize"), "libva 2.0 or newer"),
            (Missing::NoDisplay, "vainfo"),
            (
                Missing::Refused("vaInitialize", 0xffff_ffff),
                "mesa-va-drivers",
            ),
        ] {
            let reason = why(&missing, node);
            assert!(reason.contains(advice), "{reason}");
        }
        let denied = std::io::Error::from(ErrorKind::PermissionDenied);
        assert!(closed(node, &denied).contains("group that owns it"));
    }
}
