//! The daemon on a machine with GPUs, all of it on the stand-in driver: nothing here says that it works on hardware.
//!
//! Not here: the lanes by themselves (`gpu.rs`), or the scheduler's rules.

use newsreel_model::control::JobView;
use newsreel_model::job::JobState;
use newsreel_model::spec::Fallback;
use newsreel_stand_in_kit::{Act, Codec, Config, Device, Fault, Stage, StandIn};
use tempfile::TempDir;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::until;
use crate::reload::edit;
use crate::support::process::{newsreel, run};
use crate::support::report::{all_makers, fallbacks};
use crate::support::{Random, by_tier, turn};
use crate::{clip, sound};

/// `CUDA_ERROR_LAUNCH_FAILED` with the Xid of a memory fault: cured only by a new process.
const LOST: Act = Act::Lose { code: 719, xid: 31 };

/// The name of the `n`th GPU's encoder in reports.
fn encoder(n: u8) -> String {
    format!("{}/h264_nvenc", name(n))
}

fn name(n: u8) -> String {
    format!("nvidia-GPU-6e657773-7265-656c-0000-0000000000{n:02x}")
}

/// A GPU that encodes H.264, the `n`th of the machine.
fn gpu(n: u8) -> Device {
    let mut device = Device::l4().nth(n);
    device.encode.retain(|e| e.codec == Codec::H264);
    device
}

/// A daemon on a machine with these GPUs.
struct Bench {
    daemon: Daemon,
    stand_in: StandIn,
    _folder: TempDir,
}

impl Bench {
    fn new(config: &Config, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = StandIn::install(folder.path(), config).unwrap();
        Self {
            daemon: Daemon::start_on(&stand_in, settings),
            stand_in,
            _folder: folder,
        }
    }

    /// Submits so many jobs over a clip of so many seconds.
    fn submit(&self, jobs: usize, seconds: u32) -> Vec<JobView> {
        let spec = spec(&clip(seconds), "story");
        (0..jobs).map(|_| self.daemon.submit(&spec)).collect()
    }

    /// Waits until all are complete, and checks each; gives every maker of any of them.
    #[track_caller]
    fn complete(&self, jobs: &[JobView]) -> Vec<String> {
        let mut makers = Vec::new();
        for job in jobs {
            let job = self.daemon.wait_for(job.id, JobState::Completed);
            sound(&dir(&job));
            makers.extend(all_makers(&dir(&job)));
        }
        makers.sort();
        makers.dedup();
        makers
    }

    /// Fails if the driver was used wrongly, leaks included, once the daemon has ended.
    #[track_caller]
    fn used_rightly(&self) {
        assert_eq!(self.daemon.stop(), Some(0));
        let report = self.stand_in.report().unwrap();
        assert_eq!(report.violations(), Vec::<String>::new());
    }

    fn faults(&self) -> usize {
        self.stand_in.report().unwrap().faults().len()
    }
}

#[test]
fn on_the_stand_in_jobs_are_made_by_the_gpu_from_the_head_start_on() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu(0)]), "");
    let jobs = bench.submit(3, 10);
    assert_eq!(bench.complete(&jobs), [encoder(0)]);
    for job in &jobs {
        assert_eq!(fallbacks(&dir(job)), Vec::<String>::new());
    }
    let devices = bench.daemon.ask("GET", "/v1/devices", None, None).unwrap();
    let devices = devices.as_array().unwrap();
    let ids: Vec<&str> = devices.iter().map(|d| d["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["cpu", &name(0)]);
    assert_eq!(devices[1]["kind"], "nvidia");
    assert_eq!(devices[1]["report"]["scale"]["passed"], true);
    assert!(devices[1]["capacity"]["encode_kpx_s"].as_u64().unwrap() > 0);
    bench.used_rightly();
}

#[test]
fn on_the_stand_in_a_measured_capacity_takes_the_place_of_the_guess() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([gpu(0)]), "");
    let device = || bench.daemon.ask("GET", "/v1/devices", None, None).unwrap()[1].clone();
    until("devices are known", || device()["id"] == name(0));
    let guessed = device();
    assert_eq!(guessed.get("measured_at"), None);

    // Beside the daemon that runs.
    let mut command = newsreel(["devices", "calibrate", "--json"]);
    command.args(["--time-ms", "10", "--runs", "1", "--data-dir"]);
    command.arg(bench.daemon.path("data"));
    command.envs(bench.stand_in.environment());
    let ended = run(&mut command).expect(0);
    let outcome: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(bench.daemon.stop(), Some(0));
    bench.daemon.restart();
    until("devices are known", || device()["id"] == name(0));
    let measured = device();
    assert!(measured["measured_at"].is_string(), "{measured}");
    for rate in ["decode_kpx_s", "scale_kpx_s", "encode_kpx_s"] {
        let found = &outcome["measured"][0]["capacity"][rate];
        assert_eq!(&measured["capacity"][rate], found);
        assert_ne!(&guessed["capacity"][rate], found);
    }
}

#[test]
fn on_the_stand_in_limits_of_gpus_are_taken_up_without_a_restart() {
    let _turn = turn();
    let bench = Bench::new(
        &Config::of([gpu(0)]),
        "[devices]\nvram_reserve_mib = 1000\n",
    );
    let capacity = || {
        let devices = bench.daemon.ask("GET", "/v1/devices", None, None).unwrap();
        let one = |key: &str| devices[1]["capacity"][key].as_u64();
        (one("vram_mib"), one("encoder_sessions"))
    };
    until("devices are known", || capacity().0 == Some(23_034 - 1000));
    edit(&bench.daemon, |text| {
        let limits = "vram_reserve_mib = 2000\nmax_encoder_sessions = 2";
        text.replace("vram_reserve_mib = 1000", limits)
    });
    until("the limits hold", || {
        capacity() == (Some(23_034 - 2000), Some(2))
    });
    let config = bench.daemon.ask("GET", "/v1/config", None, None).unwrap();
    assert_eq!(config["needs_restart"], serde_json::json!([]));
    bench.complete(&bench.submit(2, 4));
    let peak = bench.stand_in.report().unwrap().total().sessions_peak;
    assert!(peak <= 2, "{peak}");
}

#[test]
fn on_the_stand_in_hevc_rungs_are_made_by_the_gpu_and_pass_the_gate() {
    let _turn = turn();
    let profile = "[profiles.hevc]\ncodec = \"hevc\"\nsegment_s = 1.0\nfirst_segment_s = 1.0\nrungs = [{ short_side_px = 180, bitrate_kbps = 300 }]\n";
    let bench = Bench::new(&Config::of([Device::l4().nth(0)]), profile);
    let job = bench.daemon.submit(&spec(&clip(4), "hevc"));
    let makers = bench.complete(&[job]);
    assert_eq!(makers, [format!("{}/hevc_nvenc", name(0))]);
    bench.used_rightly();
}

#[test]
fn on_the_stand_in_a_gpu_that_the_settings_leave_out_is_left_alone() {
    let _turn = turn();
    let config = Config::of([gpu(0), gpu(1)]);
    let settings = format!("[devices]\nexclude = [\"{}\"]\n", name(0));
    let bench = Bench::new(&config, &settings);
    assert_eq!(bench.complete(&bench.submit(2, 2)), [encoder(1)]);
    bench.used_rightly();
    let without = Bench::new(&config, "[devices]\ngpus = false\n");
    assert_eq!(without.complete(&without.submit(1, 2)), ["cpu/libx264"]);
    assert_eq!(without.stand_in.report().unwrap().total().contexts, 0);
}

#[test]
fn on_the_stand_in_a_gpu_without_an_encoder_decodes_and_scales_for_the_cores() {
    let _turn = turn();
    let bench = Bench::new(&Config::of([Device::h200()]), "");
    let made_by = "nvidia-GPU-6e657773-7265-656c-0000-000000000200+cpu/libx264";
    assert_eq!(bench.complete(&bench.submit(2, 4)), [made_by]);
    assert!(bench.stand_in.report().unwrap().total().decoded > 0);
    bench.used_rightly();
}

#[test]
fn on_the_stand_in_a_session_cap_is_learned_and_never_fails_a_job() {
    let _turn = turn();
    let mut device = gpu(0);
    device.sessions_max = 3;
    let bench = Bench::new(&Config::of([device]), "");
    let jobs = bench.submit(by_tier(4, 8, 40), 10);
    let makers = bench.complete(&jobs);
    assert!(makers.contains(&encoder(0)), "{makers:?}");
    let peak = bench.stand_in.report().unwrap().total().sessions_peak;
    assert!(peak <= 3, "{peak}");
    bench.used_rightly();
}

/// A fault once on the machine at a random moment: everything completes, and nothing published is changed.
fn survives(stage: Stage, act: Act, settings: &str, seeds: usize) {
    let mut random = Random::new(&format!("{stage:?} {act:?}"));
    // What happens once a session, and what happens for every picture.
    let most = match stage {
        Stage::Decoder | Stage::Session => 6,
        _ => 400,
    };
    for _ in 0..seeds {
        let at = 1 + random.below(most) as u64;
        let config = Config::of([gpu(0), gpu(1)]).with(Fault::new(stage, at, act).once());
        let bench = Bench::new(&config, settings);
        let jobs = bench.submit(4, 10);
        let makers = bench.complete(&jobs);
        let told: Vec<String> = jobs.iter().flat_map(|job| fallbacks(&dir(job))).collect();
        let failures: u32 = jobs
            .iter()
            .map(|j| bench.daemon.store().failures(j.id))
            .sum();
        println!(
            "{stage:?} {act:?} at {at}: {} faults, {failures} failures, {told:?}, {makers:?}",
            bench.faults()
        );
        let store = bench.daemon.store();
        for (job, fell_back) in jobs.iter().map(|job| (job, fallbacks(&dir(job)))) {
            let logged = store.events(job.id);
            let logged = logged
                .iter()
                .filter(|kind| *kind == "job.fell_back")
                .count();
            assert_eq!(logged, fell_back.len(), "{stage:?} at {at}");
        }
        bench.daemon.made_nothing_twice();
    }
}

#[test]
fn on_the_stand_in_a_lost_gpu_costs_no_job_at_any_stage() {
    let _turn = turn();
    let stages = [
        Stage::Decoder,
        Stage::Decode,
        Stage::Map,
        Stage::Kernel,
        Stage::Session,
        Stage::Encode,
        Stage::Lock,
    ];
    for stage in stages.into_iter().take(by_tier(2, 7, 7)) {
        survives(stage, LOST, "", by_tier(1, 2, 100));
    }
}

#[test]
fn on_the_stand_in_a_gpu_that_hangs_costs_no_job() {
    let _turn = turn();
    let settings = "[worker]\nstall_s = 3\n";
    for stage in [Stage::Encode, Stage::Decode, Stage::Synchronise]
        .into_iter()
        .take(by_tier(1, 3, 3))
    {
        survives(stage, Act::Hang, settings, by_tier(1, 2, 100));
    }
}

#[test]
fn on_the_stand_in_memory_that_runs_out_costs_no_job() {
    let _turn = turn();
    // CUDA_ERROR_OUT_OF_MEMORY.
    survives(Stage::Alloc, Act::Fail(2), "", by_tier(1, 3, 100));
}

#[test]
fn on_the_stand_in_a_lost_gpu_is_out_of_use_until_it_passes_its_test() {
    let _turn = turn();
    // The last frames of the job: what came before is published.
    let fault = Fault::new(Stage::Encode, 460, LOST).once();
    let bench = Bench::new(&Config::of([gpu(0)]).with(fault), "");
    let jobs = bench.submit(1, 10);
    let makers = bench.complete(&jobs);
    assert_eq!(makers, ["cpu/libx264".to_owned(), encoder(0)]);
    let all = bench.daemon.store().all_events();
    let told = |kind: &str| all.iter().filter(|k| *k == kind).count();
    assert_eq!(told("device.quarantined"), 1, "{all:?}");
    until("the GPU is in use again", || {
        bench
            .daemon
            .store()
            .all_events()
            .iter()
            .any(|k| k == "device.restored")
    });
    let next = bench.submit(1, 2);
    assert_eq!(bench.complete(&next), [encoder(0)]);
}

#[test]
fn on_the_stand_in_a_job_that_must_not_fall_back_fails_with_the_gpus_error() {
    let _turn = turn();
    let fault = Fault::new(Stage::Encode, 60, LOST);
    let bench = Bench::new(&Config::of([gpu(0)]).with(fault), "");
    let mut spec = spec(&clip(10), "story");
    spec.fallback = Fallback::Never;
    let job = bench.daemon.submit(&spec);
    let job = bench.daemon.wait_for(job.id, JobState::Failed);
    assert_eq!(job.failure.unwrap().code, "device_lost");
}
