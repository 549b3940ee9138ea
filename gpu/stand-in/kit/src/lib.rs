//! How tests build, install, configure and read the stand-in for the NVIDIA driver. Not the stand-in itself.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use newsreel_stand_in_kit::{Config, Device, StandIn};
//!
//! let stand_in = StandIn::install("somewhere/empty".as_ref(), &Config::of([Device::l4()]))?;
//! let done = stand_in.command("ffmpeg").args(["-hwaccel", "cuda", "-i", "in.mp4"]).status()?;
//! assert!(done.success());
//! assert!(stand_in.report()?.violations().is_empty());
//! # Ok(())
//! # }
//! ```

mod config;
mod device;
mod install;
mod report;

pub use config::{Act, Config, ENV, Fault, REPORT, STATE, Stage};
pub use device::{Codec, Decode, Device, Encode};
pub use install::{Missing, StandIn};
pub use report::{Counters, Entry, Report};
