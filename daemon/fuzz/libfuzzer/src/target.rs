//! Hands libFuzzer the target that `NEWSREEL_TARGET` names. Not the targets themselves.
#![no_main]

use std::sync::LazyLock;

use newsreel_fuzz::{Target, find};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("NEWSREEL_TARGET").unwrap_or_default();
    find(&name).unwrap_or_else(|| panic!("NEWSREEL_TARGET names no target: {name:?}"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (TARGET.read)(data));
