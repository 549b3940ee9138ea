//! The committed PTX is what its source gives, and asks for nothing that an old driver lacks.

use std::path::Path;
use std::process::Command;

use newsreel_scale::Depth;
use newsreel_scale::block::{BYTES, kernel_name};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const COMMITTED: &str = include_str!("../../../src/nvidia/kernels/scale.ptx");

#[test]
fn the_committed_ptx_is_made_from_the_committed_source() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(Path::new(HERE).join("../../scripts/kernels"))
        .arg("--out")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(
        status.success(),
        "scripts/kernels needs clang, which scripts/setup installs"
    );
    let made = std::fs::read_to_string(folder.path().join("scale.ptx")).unwrap();
    let version = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    if version(&made) != version(COMMITTED) {
        println!(
            "!!!! another clang than the committed PTX was made with: it was built, and NOT compared: {}",
            version(&made)
        );
        return;
    }
    assert!(
        made == COMMITTED,
        "scale.ptx is stale: run scripts/kernels and commit it"
    );
}

#[test]
fn the_ptx_has_both_kernels_with_the_documented_argument_and_no_local_memory() {
    for depth in [Depth::Eight, Depth::Ten] {
        let name = kernel_name(depth);
        let entry =
            format!(".visible .entry {name}(\n\t.param .align 8 .b8 {name}_param_0[{BYTES}]\n)");
        assert!(COMMITTED.contains(&entry), "{entry}");
    }
    assert!(COMMITTED.contains("\n.target sm_50\n"));
    // The block would be copied there for every thread.
    assert!(!COMMITTED.contains(".local"));
}
