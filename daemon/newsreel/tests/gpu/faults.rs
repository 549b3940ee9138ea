//! What goes wrong on a GPU, and where the work then goes: at a grid line, with what was published as it was.

use newsreel_stand_in_kit::{Act, Config, Device, Fault, Stage};

use super::support::{out, process, turn};
use super::{Bench, all_makers, fallbacks, gpu, makers};

/// `CUDA_ERROR_LAUNCH_FAILED` with the Xid of a memory fault: cured only by a new process.
const LOST: Act = Act::Lose { code: 719, xid: 31 };

#[test]
fn on_the_stand_in_a_device_lost_in_mid_run_leaves_the_rest_to_the_cores() {
    let _turn = turn();
    for stage in [
        Stage::Decode,
        Stage::Map,
        Stage::Kernel,
        Stage::Encode,
        Stage::Lock,
    ] {
        let fault = Fault::new(stage, 170, LOST);
        let bench = Bench::new(&Config::of([gpu()]).with(fault));
        let clip = bench.desk.clip("clip.mp4", 10);
        let (ended, out) = bench.transcode(&clip, &[]);
        ended.expect(0);
        out::complete(&out);
        assert_eq!(
            bench.stand_in.report().unwrap().faults().len(),
            1,
            "{stage:?}"
        );
        assert_eq!(fallbacks(&out), ["cuda:0 cpu device_lost"], "{stage:?}");
        let makers = makers(&out);
        assert!(
            makers["180p"].contains_key("cpu/libx264"),
            "{stage:?} {makers:?}"
        );
        assert!(
            makers["120p"].contains_key("cuda:0/h264_nvenc"),
            "{stage:?} {makers:?}"
        );
    }
}

#[test]
fn on_the_stand_in_a_job_that_must_not_fall_back_stops_and_goes_on_elsewhere_when_told() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu()]).with(Fault::new(Stage::Encode, 200, LOST)));
    let clip = bench.desk.clip("clip.mp4", 10);
    let (ended, out) = bench.transcode(&clip, &["--fallback", "never"]);
    ended.expect(69);
    let kept = out::finished_media(&out);
    assert!(kept.iter().any(|path| path.ends_with(".m4s")), "{kept:?}");
    let before = out::stamps(&out, &kept);

    process::run(&mut bench.command(&clip, &out, "cpu")).expect(0);
    out::complete(&out);
    out::unchanged(&out, &before);
    assert_eq!(all_makers(&out), ["cpu/libx264", "cuda:0/h264_nvenc"]);
}

#[test]
fn on_the_stand_in_a_full_session_table_costs_only_the_rungs_beyond_it() {
    let _turn = turn();
    let mut device = gpu();
    device.sessions_max = 1;
    let bench = Bench::new(&Config::of([device]));
    let clip = bench.desk.clip("clip.mp4", 6);
    let (ended, out) = bench.transcode(&clip, &[]);
    ended.expect(0);
    out::complete(&out);
    let left = fallbacks(&out);
    assert!(
        !left.is_empty()
            && left
                .iter()
                .all(|l| l == "cuda:0 cuda:0+cpu encoder_sessions_exhausted"),
        "{left:?}"
    );
    assert_eq!(
        all_makers(&out),
        ["cuda:0+cpu/libx264", "cuda:0/h264_nvenc"]
    );
    bench.used_rightly();
}

#[test]
fn on_the_stand_in_without_a_device_the_cores_do_it_all() {
    let _turn = turn();
    let broken = Config {
        init_error: 100,
        ..Config::of([Device::l4()])
    };
    let bench = Bench::new(&broken);
    let clip = bench.desk.clip("clip.mp4", 3);
    let out = bench.desk.path("auto");
    process::run(&mut bench.command(&clip, &out, "auto")).expect(0);
    out::complete(&out);
    assert_eq!(all_makers(&out), ["cpu/libx264"]);
    assert_eq!(fallbacks(&out), Vec::<String>::new());

    let asked = bench.desk.path("asked");
    let mut command = bench.command(&clip, &asked, "cuda:0");
    process::run(command.args(["--fallback", "gpu"])).expect(69);
}
