//! Each lane by itself, with its copies between host and device counted by the driver.

use newsreel_stand_in_kit::{Config, Device};

use super::support::made::ffmpeg;
use super::support::{out, turn};
use super::{Bench, all_makers, fallbacks, gpu};

/// How many pictures the device scaled, over all rungs.
fn scaled(kernels: &std::collections::BTreeMap<String, u64>) -> u64 {
    let luma = |(name, launches): (&String, &u64)| (!name.ends_with("_uv")).then_some(*launches);
    kernels.iter().filter_map(luma).sum()
}

#[test]
fn on_the_stand_in_nothing_leaves_the_device_where_it_decodes_and_encodes() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu()]));
    let clip = bench.desk.clip("clip.mp4", 6);
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cuda:0/h264_nvenc"]);
    assert_eq!(fallbacks(&out), Vec::<String>::new());
    bench.used_rightly();
    let total = bench.stand_in.report().unwrap().total();
    assert_eq!((total.host_to_device, total.device_to_host), (0, 0));
    assert_eq!(total.uploads_to_encoder, 0);
    assert_eq!(total.contexts, 1, "one context for all sessions");
    // 150 frames of two rungs, and at most what warms sessions up beside them.
    assert!((300..500).contains(&total.encoded), "{}", total.encoded);
}

#[test]
fn on_the_stand_in_a_gpu_without_an_encoder_decodes_and_scales_for_the_cores() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([Device::h200()]));
    let clip = bench.desk.clip("clip.mp4", 6);
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cuda:0+cpu/libx264"]);
    assert_eq!(fallbacks(&out), Vec::<String>::new());
    bench.used_rightly();
    let total = bench.stand_in.report().unwrap().total();
    assert_eq!(total.host_to_device, 0);
    // One picture per rung and frame, in two planes.
    assert_eq!(total.device_to_host, 2 * scaled(&total.kernels));
    assert!(scaled(&total.kernels) >= 300);
}

#[test]
fn on_the_stand_in_a_source_the_device_cannot_decode_is_uploaded_once_for_all_rungs() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu()]));
    let clip = bench.desk.path("clip.mkv");
    // 4:2:2 is beyond every NVDEC before Blackwell.
    ffmpeg(
        "-f lavfi -i testsrc2=s=320x180:r=25:d=5 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv422p",
        &clip,
    );
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cuda:0/h264_nvenc"]);
    let left = fallbacks(&out);
    assert!(
        !left.is_empty() && left.iter().all(|l| l == "cuda:0 cuda:0 decode_unsupported"),
        "{left:?}"
    );
    bench.used_rightly();
    let total = bench.stand_in.report().unwrap().total();
    assert_eq!(total.device_to_host, 0);
    // Each picture in two planes, once, though two rungs are made of it; the head start's are only for one.
    assert!(total.host_to_device >= 2 * 125, "{}", total.host_to_device);
    assert!(total.host_to_device < 2 * scaled(&total.kernels));
}

#[test]
fn on_the_stand_in_a_rung_below_the_encoders_least_size_is_made_on_the_cores() {
    let _turn = turn();
    // The rungs are 180 and 120 wide: one is refused by this device, the other is narrower than any NVENC takes.
    let mut device = gpu();
    for encode in &mut device.encode {
        encode.min = (300, 100);
    }
    let bench = Bench::new(&Config::of([device]));
    let clip = bench.desk.path("clip.mp4");
    ffmpeg(
        "-f lavfi -i testsrc2=s=320x640:r=25:d=4 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p",
        &clip,
    );
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cuda:0+cpu/libx264"]);
    assert_eq!(
        fallbacks(&out),
        ["cuda:0 cuda:0+cpu encode_unsupported"],
        "what is known beforehand is no fallback"
    );
    bench.used_rightly();
}
