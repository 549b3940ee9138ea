//! `newsreel devices calibrate` on the stand-in driver: what is measured, kept and shown. The figures are the cores' own, and say
//! nothing of any device.

use std::path::Path;

use newsreel_stand_in_kit::{Act, Config, Device, Fault, Stage, StandIn};
use serde_json::Value;

use crate::support::process::{Ended, NEWSREEL, run};

/// A machine and a daemon's directory.
struct Bench {
    folder: tempfile::TempDir,
    stand_in: StandIn,
}

impl Bench {
    fn new(config: &Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = StandIn::install(&folder.path().join("driver"), config).unwrap();
        Self { folder, stand_in }
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.stand_in.command(NEWSREEL);
        command.args(arguments).arg("--data-dir").arg(self.data());
        run(&mut command)
    }

    /// As little as can be measured.
    fn calibrate(&self, more: &[&str]) -> Ended {
        let little = ["devices", "calibrate", "--time-ms", "10", "--runs", "1"];
        self.run(&[&little, more].concat())
    }
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn on_the_stand_in_driver_what_was_measured_is_kept_for_the_driver_it_was_measured_with() {
    let config = Config::of([Device::geforce(3)]);
    let bench = Bench::new(&config);
    let assumed = bench.run(&["devices"]).expect(0).stdout;
    assert!(assumed.contains("capacity assumed"), "{assumed}");
    assert!(
        !bench.data().join("store.db").exists(),
        "looking makes no store"
    );

    let measured = json(&bench.calibrate(&["--json"]).expect(0));
    assert_eq!(
        bench.stand_in.report().unwrap().violations(),
        Vec::<String>::new()
    );
    let measured = &measured["measured"][0];
    let rates = measured["rates"].as_array().unwrap();
    let kinds: Vec<String> = rates
        .iter()
        .map(|r| {
            format!(
                "{} {}",
                r["work"].as_str().unwrap(),
                r["codec"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "decode h264",
            "decode_and_scale h264",
            "decode hevc",
            "decode_and_scale hevc",
            "scale -",
            "encode h264",
            "encode hevc"
        ]
    );
    for rate in rates {
        assert!(rate["kpx_s"].as_u64().unwrap() > 0, "{rate}");
        assert_eq!(rate["size"]["width"], 1920);
    }
    let slowest = |work: &str| {
        let of_it = rates.iter().filter(|r| r["work"] == work);
        of_it.map(|r| r["kpx_s"].as_u64().unwrap()).min().unwrap()
    };
    let capacity = &measured["capacity"];
    assert_eq!(capacity["decode_kpx_s"], slowest("decode"));
    assert_eq!(capacity["encode_kpx_s"], slowest("encode"));
    assert_eq!(
        capacity["encoder_sessions"], 3,
        "as its driver refused the fourth"
    );
    assert_eq!(capacity["vram_mib"], 8192);
    // What the stand-in takes for a context and, beside pictures, for an encoder session.
    let vram = &measured["vram"];
    assert!(vram["context_mib"].as_u64().unwrap() >= 300, "{vram}");
    assert!(vram["session_mib"].as_u64().unwrap() >= 60, "{vram}");

    let shown = json(&bench.run(&["devices", "--json"]).expect(0));
    assert_eq!(&shown["calibrations"][0], measured);
    let text = bench.run(&["devices"]).expect(0).stdout;
    assert!(text.contains("capacity, measured 2"), "{text}");
    assert!(
        text.contains("its driver opens 3 encoder sessions"),
        "{text}"
    );

    let updated = Config {
        driver_version: "560.1".to_owned(),
        ..config
    };
    bench.stand_in.configure(&updated).unwrap();
    let text = bench.run(&["devices"]).expect(0).stdout;
    assert!(text.contains("capacity assumed"), "{text}");
}

#[test]
fn on_the_stand_in_driver_a_gpu_without_an_encoder_is_measured_as_far_as_it_goes() {
    let bench = Bench::new(&Config::of([Device::h200()]));
    let text = bench.calibrate(&[]).expect(0).stdout;
    assert!(
        text.contains("decode h264") && text.contains("scale"),
        "{text}"
    );
    assert!(!text.contains("encode"), "{text}");
}

#[test]
fn on_the_stand_in_driver_a_device_that_is_lost_meanwhile_is_an_error_and_nothing_is_kept() {
    let lost = Act::Lose { code: 719, xid: 31 };
    let fault = Fault::new(Stage::Decode, 5, lost).on(0);
    let bench = Bench::new(&Config::of([Device::h200(), Device::h200().nth(1)]).with(fault));
    let ended = bench.calibrate(&["--json"]).expect(69);
    assert!(
        ended.stderr.contains("was not measured"),
        "{}",
        ended.stderr
    );
    let outcome = json(&ended);
    assert_eq!(outcome["failed"][0]["code"], "device_lost");
    assert_eq!(
        outcome["measured"].as_array().unwrap().len(),
        1,
        "the other one was"
    );
    let shown = json(&bench.run(&["devices", "--json"]).expect(0));
    assert_eq!(shown["calibrations"].as_array().unwrap().len(), 1);
}

#[test]
fn on_the_stand_in_driver_a_gpu_that_is_not_there_is_refused_with_the_names_of_those_that_are() {
    let bench = Bench::new(&Config::of([Device::l4()]));
    let ended = bench.calibrate(&["--device", "nvidia-GPU-0"]).expect(64);
    assert!(ended.one_line().contains("there is nvidia-GPU-6e657773"));
    let broken = Config {
        init_error: 100,
        ..Config::default()
    };
    let ended = Bench::new(&broken).calibrate(&[]).expect(69);
    assert!(ended.one_line().contains("there is no GPU to be measured"));
}
