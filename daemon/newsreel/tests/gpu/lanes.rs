//! Each lane by itself, with its copies between host and device counted by the driver.

use newsreel_stand_in_kit::{Config, Counters, Device};

use super::support::captions::triplets;
use super::support::made::ffmpeg;
use super::support::{media, out, process, turn};
use super::{Bench, all_makers, fallbacks, gpu};

/// How many decoded pictures our kernel made rungs of. No other may have run.
#[track_caller]
fn launches(total: &Counters) -> u64 {
    let names: Vec<&String> = total.kernels.keys().collect();
    assert_eq!(names, ["newsreel_scale_nv12"]);
    total.kernels["newsreel_scale_nv12"]
}

/// Uploads that the kernel's tables take: one for each ladder, of which a job has as many as runs and a head start.
const TABLES: u64 = 8;

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
    assert_eq!(total.device_to_host, 0);
    assert!(total.host_to_device < TABLES, "{}", total.host_to_device);
    // Both rungs of a picture come of one launch: 150 pictures, and what warms sessions up.
    assert!(
        (150..250).contains(&launches(&total)),
        "{}",
        launches(&total)
    );
    assert_eq!(total.uploads_to_encoder, 0);
    assert_eq!(total.contexts, 1, "one context for all sessions");
    // 150 frames of two rungs, and at most what warms sessions up beside them.
    assert!((300..500).contains(&total.encoded), "{}", total.encoded);
}

#[test]
fn on_the_stand_in_what_is_scaled_on_the_device_looks_like_what_the_cores_scale() {
    let _turn = turn();
    // Both are encoded by libx264, which leaves next to nothing out: only decoding and scaling differ.
    let bench = Bench::new(&Config::of([Device::h200()]));
    let exact = "[profiles.exact]\nrate_control = \"crf\"\ncrf = 1\nrungs = [{ short_side_px = 120 }, { short_side_px = 80 }]\n";
    bench.desk.configure(exact);
    let clip = bench.desk.clip("clip.mp4", 4);
    let made_on = |device: &str| {
        let out = bench.desk.path(&device.replace(':', "-"));
        let mut command = bench.desk.with_profile("exact", &clip, &out);
        command.envs(bench.stand_in.environment());
        process::run(command.args(["--device", device])).expect(0);
        out
    };
    let (gpu, cores) = (made_on("cuda:0"), made_on("cpu"));
    assert_eq!(all_makers(&gpu), ["cuda:0+cpu/libx264"]);
    for rung in ["120p", "80p"] {
        let movie = |out: &std::path::Path| out.join(format!("mp4/{rung}.mp4"));
        let db = psnr(&movie(&gpu), &movie(&cores));
        println!("{rung}: {db} dB");
        assert!(db >= 45.0, "{rung}: {db} dB");
    }
}

/// Of two movies' brightness over all their frames, in dB, as ffmpeg measures it.
fn psnr(one: &std::path::Path, other: &std::path::Path) -> f64 {
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    ffmpeg.args(["-v", "info", "-nostdin", "-i"]).arg(one);
    ffmpeg.arg("-i").arg(other);
    ffmpeg.args(["-lavfi", "[0:v][1:v]psnr", "-f", "null", "-"]);
    let said = process::run(&mut ffmpeg).expect(0).stderr;
    let found = said
        .split("PSNR y:")
        .nth(1)
        .and_then(|s| s.split(' ').next());
    assert!(found.is_some(), "no PSNR in {said}");
    let found = found.unwrap();
    found.parse().unwrap_or(f64::INFINITY)
}

#[test]
fn on_the_stand_in_ffmpegs_filter_scales_where_the_configuration_says_so() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu()]));
    bench.desk.configure("[devices]\nscaler = \"scale_cuda\"\n");
    let clip = bench.desk.clip("clip.mp4", 2);
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cuda:0/h264_nvenc"]);
    bench.used_rightly();
    let kernels = bench.stand_in.report().unwrap().total().kernels;
    assert!(
        !kernels.keys().any(|name| name.contains("newsreel")),
        "{kernels:?}"
    );
    assert!(kernels.len() >= 2, "{kernels:?}");
}

#[test]
fn on_the_stand_in_rungs_of_the_device_carry_the_captions_of_the_source() {
    let Some(media) = media() else { return };
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu()]));
    let clip = media.join("cc-480i30-mpeg2.ts");
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cuda:0/h264_nvenc"]);
    let sent = triplets(&clip);
    assert!(sent.len() > 100);
    for movie in std::fs::read_dir(out.join("mp4")).unwrap() {
        assert_eq!(triplets(&movie.unwrap().path()), sent);
    }
    bench.used_rightly();
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
    assert!(total.host_to_device < TABLES, "{}", total.host_to_device);
    // One picture per rung and frame, in two planes; the head start has one rung.
    let launches = launches(&total);
    assert!(launches >= 150);
    let pictures = total.device_to_host / 2;
    assert!(
        (300..=2 * launches).contains(&pictures),
        "{pictures} of {launches}"
    );
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
    assert!(total.host_to_device < 2 * launches(&total) + TABLES);
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
