//! `newsreel devices` on the stand-in driver. Nothing here says that anything works on hardware.

use newsreel_stand_in_kit::{Act, Config, Device, Fault, Missing, Stage, StandIn};
use serde_json::Value;

use crate::support::process::{NEWSREEL, run};

/// What is printed on such a machine; the stand-in must not find anything wrong with how it was used.
fn devices(config: &Config, missing: &[Missing]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::install_without(folder.path(), config, missing).unwrap();
    let ended = run(stand_in.command(NEWSREEL).args(["devices", "--json"])).expect(0);
    let violations = stand_in.report().unwrap().violations();
    assert!(violations.is_empty(), "{violations:#?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The formats of a side, as codec and bits.
fn formats(side: &Value) -> Vec<String> {
    let formats = side["formats"].as_array().unwrap().iter();
    formats
        .map(|f| format!("{} {}", f["codec"].as_str().unwrap(), f["bit_depth"]))
        .collect()
}

/// Why something is missing of a side, or of the whole.
fn reason<'a>(of: &'a Value, what: &str) -> &'a str {
    let missing = of["unavailable"].as_array().unwrap();
    let found = missing.iter().find(|u| u["what"] == what);
    assert!(found.is_some(), "nothing is said of {what}: {of:#}");
    found.unwrap()["reason"].as_str().unwrap()
}

#[test]
fn on_the_stand_in_driver_both_sides_are_found_and_the_kernel_gives_the_references_bytes() {
    let inventory = devices(&Config::of([Device::l4()]), &[]);
    let gpu = &inventory["gpus"][0];
    assert_eq!(gpu["name"], "NVIDIA L4");
    assert_eq!(gpu["kind"], "nvidia");
    assert_eq!(gpu["id"], "nvidia-GPU-6e657773-7265-656c-0000-000000000001");
    assert!(gpu["driver"].as_str().unwrap().contains("CUDA 12.4"));
    assert_eq!(gpu["compute_capability"], "8.9");
    assert_eq!(gpu["vram_mib"], 23_034);
    assert_eq!(
        (&gpu["decode"]["engines"], &gpu["encode"]["engines"]),
        (&4.into(), &2.into())
    );
    assert_eq!(formats(&gpu["decode"]), ["h264 8", "hevc 8", "hevc 10"]);
    assert_eq!(formats(&gpu["encode"]), ["h264 8", "hevc 8", "hevc 10"]);
    let h264 = &gpu["encode"]["formats"][0];
    assert_eq!(
        (&h264["min"]["width"], &h264["max"]["width"]),
        (&145.into(), &4096.into())
    );
    assert_eq!(
        (&h264["max_b_frames"], &h264["lookahead"]),
        (&4.into(), &true.into())
    );
    assert!(reason(&gpu["decode"], "h264 10 bit 4:2:0").contains("decoded by the CPU"));
    assert!(reason(&gpu["decode"], "av1").contains("decoded by the CPU"));
    assert!(reason(&gpu["encode"], "av1").contains("encoded by the CPU"));
    assert_eq!(gpu["scale"]["passed"], true, "{:#}", gpu["scale"]);
    for side in ["decode", "encode"] {
        assert_eq!(
            gpu[side]["self_test"]["passed"], true,
            "{:#}",
            gpu[side]["self_test"]
        );
    }
}

#[test]
fn on_the_stand_in_driver_a_gpu_that_fails_at_a_pattern_says_at_which_side() {
    for (stage, side, other) in [
        (Stage::Decode, "decode", "encode"),
        (Stage::Encode, "encode", "decode"),
    ] {
        // CUDA_ERROR_UNKNOWN, NV_ENC_ERR_GENERIC.
        let code = if stage == Stage::Decode { 999 } else { 20 };
        let fault = Fault::new(stage, 3, Act::Fail(code));
        let inventory = devices(&Config::of([Device::l4()]).with(fault), &[]);
        let gpu = &inventory["gpus"][0];
        let failed = &gpu[side]["self_test"];
        assert_eq!(failed["passed"], false, "{failed:#}");
        assert!(failed["reason"].as_str().unwrap().len() > 20, "{failed:#}");
        assert_eq!(gpu[other]["self_test"]["passed"], true);
    }
}

#[test]
fn on_the_stand_in_driver_one_gpu_is_tested_without_a_context_on_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::of([Device::l4(), Device::l4().nth(2)]);
    let stand_in = StandIn::install(folder.path(), &config).unwrap();
    let only = "nvidia-GPU-6e657773-7265-656c-0000-000000000002";
    let mut probe = stand_in.command(NEWSREEL);
    let ended = run(probe.args(["probe-devices", "nvidia", "--only", only])).expect(0);
    let found: Vec<&str> = ended
        .stdout
        .lines()
        .filter(|l| l.contains("\"found\""))
        .collect();
    assert!(found.len() == 1 && found[0].contains(only), "{found:?}");
    assert_eq!(stand_in.report().unwrap().total().contexts, 1);
}

#[test]
fn on_the_stand_in_driver_a_gpu_without_an_encoder_still_decodes_and_scales() {
    let inventory = devices(&Config::of([Device::h200()]), &[]);
    let gpu = &inventory["gpus"][0];
    assert_eq!(gpu["decode"]["engines"], 7);
    assert!(formats(&gpu["encode"]).is_empty());
    assert!(reason(&gpu["encode"], "encode").contains("this GPU has no encoder"));
    assert_eq!(gpu["scale"]["passed"], true, "{:#}", gpu["scale"]);
}

#[test]
fn on_the_stand_in_driver_several_devices_have_names_of_their_own() {
    let config = Config::of([Device::geforce(3), Device::l4().nth(1), Device::l4().nth(2)]);
    let inventory = devices(&config, &[]);
    let mut ids: Vec<_> = inventory["gpus"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["id"].to_string())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn on_the_stand_in_driver_half_a_driver_is_used_as_far_as_it_goes() {
    let l4 = Config::of([Device::l4()]);
    let whole = |missing| devices(&l4, &[missing])["gpus"][0].clone();
    let no_encoder = whole(Missing::Library("libnvidia-encode.so.1"));
    assert!(reason(&no_encoder["encode"], "encode").contains("libnvidia-encode.so.1 is not found"));
    assert_eq!(no_encoder["decode"]["engines"], 4);
    let no_decoder = whole(Missing::Library("libnvcuvid.so.1"));
    assert!(reason(&no_decoder["decode"], "decode").contains("libnvcuvid.so.1 is not found"));
    assert_eq!(no_decoder["encode"]["engines"], 2);
    let old = whole(Missing::Function("cuvidGetDecoderCaps"));
    assert!(reason(&old["decode"], "decode").contains("lacks cuvidGetDecoderCaps"));
    let no_nvml = whole(Missing::Library("libnvidia-ml.so.1"));
    assert!(no_nvml["driver"].as_str().unwrap().contains("CUDA 12.4"));
}

#[test]
fn on_the_stand_in_driver_one_that_does_not_start_says_what_to_do() {
    for (init_error, advice) in [
        (100, "finds no GPU"),
        (304, "device rules"),
        (999, "returned 999"),
    ] {
        let config = Config {
            init_error,
            ..Config::of([Device::l4()])
        };
        let inventory = devices(&config, &[]);
        assert_eq!(inventory["gpus"], serde_json::json!([]));
        let reason = reason(&inventory, "nvidia");
        // Without nodes, their absence is the better advice; closed ones come first.
        let known = [advice, "no /dev/nvidia* nodes", "may not open"];
        assert!(
            known.iter().any(|words| reason.contains(words)),
            "{init_error}: {reason}"
        );
    }
}
