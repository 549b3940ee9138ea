//! `newsreel devices` with no driver, and with drivers that are broken in every way a small library can be.
//!
//! No device is needed, and none is shown to work.

use std::path::Path;
use std::process::Command;

use crate::support::process::{NEWSREEL, newsreel, run};

/// What the binary looks up in libcuda before it calls anything.
const CUDA: [&str; 24] = [
    "cuInit",
    "cuDriverGetVersion",
    "cuDeviceGetCount",
    "cuDeviceGet",
    "cuDeviceGetName",
    "cuDeviceGetUuid",
    "cuDeviceTotalMem_v2",
    "cuDeviceGetAttribute",
    "cuDeviceGetPCIBusId",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2",
    "cuCtxPushCurrent_v2",
    "cuCtxPopCurrent_v2",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemcpyHtoD_v2",
    "cuMemcpyDtoH_v2",
    "cuMemGetInfo_v2",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuModuleGetFunction",
    "cuLaunchKernel",
    "cuStreamSynchronize",
    "cuGetErrorName",
];

/// Compiles a libcuda out of a few lines of C, and asks for the devices with it in the driver's place.
fn with_libcuda(code: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("cuda.c");
    std::fs::write(&source, code).unwrap();
    // Under both names, so that a real driver's is never found first.
    for name in ["libcuda.so", "libcuda.so.1"] {
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-o"])
            .arg(folder.path().join(name))
            .arg(&source);
        assert!(cc.status().unwrap().success());
    }
    devices(Some(folder.path()))
}

fn devices(libraries: Option<&Path>) -> serde_json::Value {
    let mut command = newsreel(["devices", "--json"]);
    if let Some(libraries) = libraries {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let ended = run(&mut command).expect(0);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn reason(inventory: &serde_json::Value, what: &str) -> String {
    let unavailable = inventory["unavailable"].as_array().unwrap();
    let found = unavailable.iter().find(|u| u["what"] == what);
    assert!(found.is_some(), "nothing is said of {what}: {inventory}");
    found.unwrap()["reason"].as_str().unwrap().to_owned()
}

#[test]
fn the_cores_are_shown_and_a_machine_without_gpu_says_so_in_one_line() {
    let inventory = devices(None);
    assert!(inventory["cpu"]["cores"].as_u64().unwrap() >= 1);
    assert_eq!(inventory["cpu"]["encode"][0], "h264");
    let text = run(&mut newsreel(["devices"])).expect(0).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("cpu: "), "{text}");
    if inventory["gpus"].as_array().unwrap().is_empty() {
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[1].starts_with("no GPU: "), "{text}");
    } else {
        println!("!!!! this machine has a GPU: that none is said in one line was NOT seen");
    }
}

#[test]
fn a_driver_library_that_lacks_functions_is_named() {
    let inventory = with_libcuda("int cuInit(unsigned flags) { return 0; }");
    let reason = reason(&inventory, "nvidia");
    assert!(reason.contains("lacks cuDriverGetVersion"), "{reason}");
}

#[test]
fn a_driver_that_does_not_start_says_what_to_do() {
    let functions: String = CUDA
        .iter()
        .map(|name| format!("int {name}() {{ return 803; }}\n"))
        .collect();
    let inventory = with_libcuda(&functions);
    let reason = reason(&inventory, "nvidia");
    // Where device nodes are closed to this user, that comes first.
    assert!(
        reason.contains("different versions") || reason.contains("may not open"),
        "{reason}"
    );
}

#[test]
fn a_driver_that_crashes_costs_one_process() {
    let inventory = with_libcuda(
        "#include <stdlib.h>\n__attribute__((constructor)) static void begin(void) { abort(); }",
    );
    let reason = reason(&inventory, "nvidia");
    assert!(
        reason.contains("crashed while starting the CUDA driver") && reason.contains("signal: 6"),
        "{reason}"
    );
    assert!(inventory["cpu"]["cores"].as_u64().unwrap() >= 1);
}

#[test]
fn no_library_of_a_gpu_is_needed_to_start() {
    // readelf comes with gcc's binutils.
    let output = Command::new("readelf")
        .args(["-d", NEWSREEL])
        .output()
        .unwrap();
    assert!(output.status.success());
    let dynamic = String::from_utf8_lossy(&output.stdout).to_lowercase();
    let needed: Vec<&str> = dynamic
        .lines()
        .filter(|line| line.contains("(needed)"))
        .collect();
    assert!(
        needed.iter().any(|line| line.contains("libavcodec")),
        "{needed:?}"
    );
    for library in ["cuda", "nvcuvid", "nvidia", "libva", "libdrm"] {
        assert!(
            !needed.iter().any(|line| line.contains(library)),
            "{needed:?}"
        );
    }
}
