//! What FFmpeg encodes on the stand-in: the stream, its order, its key frames, and that frames stay on the device.

use std::process::Command;

use newsreel_stand_in_kit::{Config, Device};

use crate::support::{clip, packets, plain, rig};

/// Encoders hold decoded surfaces for as long as they look ahead.
const CUDA: &str = "-extra_hw_frames 16 -hwaccel cuda -hwaccel_output_format cuda";

/// Profile, pixel format and number of frames of a file.
fn stream(path: &str) -> String {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-select_streams",
            "v",
            "-of",
            "csv=p=0",
        ])
        .args([
            "-show_entries",
            "stream=profile,pix_fmt,nb_read_frames",
            path,
        ])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .trim_end_matches(',')
        .to_owned()
}

#[test]
fn a_whole_chain_stays_on_the_device() {
    for (input, encoder, wanted) in [
        ("h264.mp4", "h264_nvenc", "Main,yuv420p,48"),
        ("hevc.mp4", "hevc_nvenc", "Main,yuv420p,48"),
        ("hevc10.mp4", "hevc_nvenc", "Main 10,yuv420p10le,48"),
    ] {
        let rig = rig(&Config::default());
        let (input, output) = (clip(input), rig.path("out.mp4"));
        let scale = "-vf scale_cuda=256:192";
        rig.clean(&format!(
            "{CUDA} -i {input} {scale} -c:v {encoder} -bf 2 -b:v 800k {output}"
        ));
        assert_eq!(stream(&output), wanted, "{encoder}");
        let counters = rig.driver.report().unwrap().total();
        let moved = (
            counters.host_to_device,
            counters.device_to_host,
            counters.uploads_to_encoder,
        );
        assert_eq!(moved, (0, 0, 0), "{encoder}: {counters:?}");
        assert_eq!((counters.decoded, counters.encoded), (48, 48), "{encoder}");
        assert!(
            counters.kernels.values().sum::<u64>() >= 96,
            "{encoder}: {counters:?}"
        );
    }
}

#[test]
fn b_frames_come_in_order_and_key_frames_where_they_are_asked_for() {
    for encoder in ["h264_nvenc", "hevc_nvenc"] {
        let rig = rig(&Config::default());
        let output = rig.path("out.mp4");
        let forced = "-force_key_frames 0.5,1.25 -forced-idr 1 -g 250";
        rig.clean(&format!(
            "{CUDA} -i {} -c:v {encoder} -bf 2 {forced} {output}",
            clip("h264.mp4")
        ));
        let packets = packets(&output);
        let keys: Vec<&str> = packets
            .iter()
            .filter(|p| p.contains('K'))
            .filter_map(|p| p.split(',').next())
            .collect();
        assert_eq!(keys, ["0.000000", "0.500000", "1.250000"], "{encoder}");
        let time = |p: &String, at: usize| p.split(',').nth(at).unwrap().parse::<f64>().unwrap();
        assert!(
            packets.windows(2).all(|w| time(&w[0], 1) < time(&w[1], 1)),
            "{encoder}: {packets:?}"
        );
        assert!(
            packets.iter().all(|p| time(p, 1) <= time(p, 0)),
            "{encoder}: {packets:?}"
        );
        let reordered = packets.windows(2).any(|w| time(&w[0], 0) > time(&w[1], 0));
        assert!(reordered, "{encoder}: {packets:?}");
    }
}

#[test]
fn frames_from_the_host_are_counted() {
    let rig = rig(&Config::default());
    let output = rig.path("out.mp4");
    let up = "-vf format=nv12,hwupload_cuda";
    rig.clean(&format!(
        "-i {} {up} -c:v h264_nvenc -rc constqp -qp 24 {output}",
        clip("h264.mp4")
    ));
    let counters = rig.driver.report().unwrap().total();
    // Two planes each.
    assert_eq!(counters.host_to_device, 96);
    let difference = format!(
        "-i {output} -i {} -lavfi psnr=stats_file=- -f null -",
        clip("h264.mp4")
    );
    let text = plain(&difference);
    let worst = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("psnr_y:"))
        .filter_map(|value| value.parse::<f64>().ok())
        .fold(f64::INFINITY, f64::min);
    assert!(worst > 30.0, "the pictures are the source's: {worst} dB");
}

#[test]
fn devices_differ_in_their_parameter_sets_if_asked_to() {
    for encoder in ["h264_nvenc", "hevc_nvenc"] {
        let sets = |variant: u32| {
            let device = Device {
                parameter_sets: variant,
                ..Device::l4()
            };
            let rig = rig(&Config::of([device]));
            let output = rig.path("out.mp4");
            rig.clean(&format!(
                "{CUDA} -i {} -c:v {encoder} {output}",
                clip("h264.mp4")
            ));
            let probe = Command::new("ffprobe")
                .args(["-v", "error", "-show_streams", "-show_data", &output])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&probe.stdout).into_owned();
            text.split("extradata=")
                .nth(1)
                .unwrap()
                .split("TAG")
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            sets(0),
            sets(0),
            "{encoder}: the same device writes the same"
        );
        assert_ne!(sets(0), sets(1), "{encoder}");
    }
}
