//! The stand-in driver as Debian's unmodified FFmpeg meets it, and what it says of those who use it wrongly.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, which the lint does not see"
)]
#![allow(
    unsafe_code,
    reason = "a client that loads the driver by name; `gpu/stand-in/` is one of the rooms the design names for that"
)]

#[path = "driver/decode.rs"]
mod decode;
#[path = "driver/encode.rs"]
mod encode;
#[path = "driver/faults.rs"]
mod faults;
#[path = "driver/misuse.rs"]
mod misuse;
#[path = "driver/support.rs"]
mod support;
