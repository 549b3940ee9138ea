//! Each fault that can be asked for, as FFmpeg tells of it.

use newsreel_stand_in_kit::{Act, Codec, Config, Device, Fault, Missing, Stage, StandIn};

use crate::support::{clip, rig, said};

const CUDA: &str = "-hwaccel cuda -hwaccel_output_format cuda";

/// Runs a whole chain on a machine, which must fail, and returns what FFmpeg said.
fn fails(config: &Config, encoder: &str) -> String {
    let rig = rig(config);
    let input = clip("h264.mp4");
    let output = rig.ffmpeg(&format!(
        "-v warning {CUDA} -i {input} -vf scale_cuda=256:192 -c:v {encoder} -f null -"
    ));
    assert!(!output.status.success(), "{}", said(&output));
    said(&output)
}

#[track_caller]
fn told(text: &str, wanted: &str) {
    assert!(text.contains(wanted), "not told: {wanted}\n{text}");
}

#[test]
fn sessions_are_capped() {
    let rig = rig(&Config::of([Device::geforce(1)]));
    let two = "-map 0:v -c:v h264_nvenc -f null - -map 0:v -c:v h264_nvenc -f null -";
    let output = rig.ffmpeg(&format!("{CUDA} -i {} {two}", clip("h264.mp4")));
    told(
        &said(&output),
        "OpenEncodeSessionEx failed: out of memory (10)",
    );
}

#[test]
fn a_device_without_encoders_says_so() {
    let text = fails(&Config::of([Device::h200()]), "h264_nvenc");
    told(&text, "OpenEncodeSessionEx failed: unsupported device (2)");
}

#[test]
fn capabilities_can_be_taken_away() {
    let mut device = Device::l4();
    device.encode.retain(|e| e.codec == Codec::H264);
    told(
        &fails(&Config::of([device]), "hevc_nvenc"),
        "Codec not supported",
    );
    let mut device = Device::l4();
    device.encode.iter_mut().for_each(|e| e.b_frames = 0);
    told(
        &fails(&Config::of([device]), "h264_nvenc -bf 2"),
        "Max B-frames 2 exceed 0",
    );
    let mut device = Device::l4();
    device.encode.iter_mut().for_each(|e| e.ten_bit = false);
    let rig = rig(&Config::of([device]));
    let output = rig.ffmpeg(&format!(
        "-v warning {CUDA} -i {} -c:v hevc_nvenc -f null -",
        clip("hevc10.mp4")
    ));
    told(&said(&output), "10 bit encode not supported");
}

#[test]
fn drivers_can_be_absent_forbidden_or_broken() {
    for (code, wanted) in [
        (100, "CUDA_ERROR_NO_DEVICE"),
        (304, "CUDA_ERROR_OPERATING_SYSTEM"),
        (999, "CUDA_ERROR_UNKNOWN"),
    ] {
        let config = Config {
            init_error: code,
            ..Config::default()
        };
        told(&fails(&config, "h264_nvenc"), wanted);
    }
    for (missing, wanted) in [
        (
            Missing::Library("libnvcuvid.so.1"),
            "Cannot load libnvcuvid.so.1",
        ),
        (
            Missing::Function("cuMemAllocPitch_v2"),
            "Cannot load cuMemAllocPitch_v2",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let driver =
            StandIn::install_without(directory.path(), &Config::default(), &[missing]).unwrap();
        let mut command = driver.command("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-hwaccel", "cuda"]);
        let output = command
            .args(["-i", &clip("h264.mp4"), "-f", "null", "-"])
            .output()
            .unwrap();
        told(&said(&output), wanted);
    }
}

#[test]
fn memory_runs_out_when_asked_to_and_when_it_is_used_up() {
    let fault = Fault::new(Stage::Alloc, 3, Act::Fail(2));
    told(
        &fails(&Config::default().with(fault), "h264_nvenc"),
        "CUDA_ERROR_OUT_OF_MEMORY",
    );
    let mut device = Device::l4();
    device.memory_mib = device.context_mib + 1;
    told(
        &fails(&Config::of([device]), "h264_nvenc"),
        "CUDA_ERROR_OUT_OF_MEMORY",
    );
}

#[test]
fn a_device_is_lost_at_every_stage() {
    let act = Act::Lose { code: 719, xid: 31 };
    for stage in [
        Stage::Decode,
        Stage::Map,
        Stage::Kernel,
        Stage::Alloc,
        Stage::Decoder,
    ] {
        let text = fails(
            &Config::default().with(Fault::new(stage, 1, act)),
            "h264_nvenc",
        );
        told(&text, "CUDA_ERROR_LAUNCH_FAILED");
    }
    for stage in [Stage::Session, Stage::Encode, Stage::Lock] {
        let text = fails(
            &Config::default().with(Fault::new(stage, 1, act)),
            "h264_nvenc",
        );
        told(&text, "generic error (20)");
    }
}

#[test]
fn a_fault_may_happen_once_on_the_machine() {
    let act = Act::Lose { code: 700, xid: 79 };
    let rig = rig(&Config::default().with(Fault::new(Stage::Kernel, 5, act).once()));
    let chain = format!(
        "{CUDA} -i {} -vf scale_cuda=256:192 -c:v h264_nvenc -f null -",
        clip("h264.mp4")
    );
    let first = rig.ffmpeg(&chain);
    told(&said(&first), "CUDA_ERROR_ILLEGAL_ADDRESS");
    assert!(
        rig.ffmpeg(&chain).status.success(),
        "the next process finds the device well"
    );
    assert_eq!(rig.driver.report().unwrap().faults().len(), 1);
}

#[test]
fn a_call_hangs_until_the_fault_is_gone() {
    for stage in [Stage::Decode, Stage::Map, Stage::Kernel, Stage::Encode] {
        let rig = rig(&Config::default().with(Fault::new(stage, 4, Act::Hang)));
        let mut command = rig.driver.command("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-hwaccel", "cuda"]);
        command.args(["-hwaccel_output_format", "cuda", "-i", &clip("h264.mp4")]);
        command.args([
            "-vf",
            "scale_cuda=256:192",
            "-c:v",
            "h264_nvenc",
            "-f",
            "null",
            "-",
        ]);
        let mut child = command.spawn().unwrap();
        // It is in the fault once it has said so; from then on it does nothing.
        while rig.driver.report().unwrap().faults().is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "{stage:?}: it ended");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        rig.driver.configure(&Config::default()).unwrap();
        assert!(child.wait().unwrap().success(), "{stage:?}");
    }
}
