//! Devices that are not there, on any machine: an answer with a class, never a crash.

use std::sync::Arc;

use newsreel_gpu::nvidia::Nvidia;
use newsreel_gpu::vaapi::Vaapi;
use newsreel_gpu::{GpuEngine, Refuge, Vendor};
use newsreel_media::engine::HostEncoders;
use newsreel_media::ffi::{HwDeviceId, quiet};
use newsreel_media::pipeline::Role;
use newsreel_media::software::SoftwareEncoder;
use newsreel_model::plan::Plan;
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Class, Code, Error, Result};

/// Cores that are never asked.
struct NoCores;

impl HostEncoders for NoCores {
    fn open(&self, _: &Plan, _: usize, _: Role) -> Result<SoftwareEncoder> {
        Err(Error::bug("asked for an encoder"))
    }

    fn session_per_segment(&self, _: VideoCodec) -> bool {
        false
    }

    fn name(&self, _: VideoCodec) -> &'static str {
        "none"
    }
}

fn refusal<V: Vendor>(id: &HwDeviceId, vendor: V) -> Error {
    quiet();
    let opened = GpuEngine::open(id, vendor, Arc::new(NoCores), Refuge::Host);
    match opened {
        Ok(_) => Error::bug(format!("{id} is there")),
        Err(error) => error,
    }
}

#[test]
fn a_gpu_that_is_not_there_sends_the_work_elsewhere() {
    let node = "/dev/dri/renderD9999".to_owned();
    for error in [
        refusal(&HwDeviceId::Cuda(9999), Nvidia::default()),
        refusal(&HwDeviceId::Vaapi(node), Vaapi),
    ] {
        assert_eq!(error.code(), Code::EngineUnavailable, "{error}");
        assert_eq!(error.class(), Class::FallBack);
        // Words for the user do not quote a library; the log does.
        assert!(!error.message().contains("0x"), "{error}");
        assert!(
            error.detail().is_some_and(|d| d.contains("Device")),
            "{error:?}"
        );
    }
}
