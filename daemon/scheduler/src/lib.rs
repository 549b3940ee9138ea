//! Who runs what, where and when: a pure state machine. No clock, no I/O, no threads: events with their time in, decisions out.
//!
//! Not here: executing a decision, remembering anything over a restart, or measuring a device. The daemon does that, tells
//! [`Scheduler::handle`] what happened and carries out the [`Action`]s it gets back, in order.
//!
//! # Who goes first
//!
//! 1. A starved job from outside the breaking band, at most one placement per [`Policy::starvation_ms`]: so that no endless
//!    stream of breaking jobs stops the rest.
//! 2. The breaking band ([`Policy::breaking_priority`] and up) by priority, then age. Only it preempts.
//! 3. Jobs with a deadline, the earliest first.
//! 4. Everyone else: the tenant served least, and within a tenant by priority that grows with age. Ageing orders a tenant's
//!    own jobs only, so it can never reach the breaking band.
//!
//! A job that does not fit lets smaller ones pass, unless it is breaking, is the first in line for longer than
//! [`Policy::patience_ms`], or starves: then it *claims* a device, which takes nothing more until the claim fits.
#![forbid(unsafe_code)]

mod action;
mod demand;
mod device;
mod disk;
mod events;
mod failure;
mod health;
mod input;
mod job;
mod misses;
mod pass;
mod place;
mod policy;
mod preempt;
mod queue;
mod scheduler;
mod session;
mod spread;
mod tenants;
mod view;
mod work;
mod workers;

pub use action::{Action, CutAt, Decisions, PauseReason, Start, Task};
pub use demand::Demand;
pub use input::{
    Device, DeviceId, Epoch, Input, JobEntry, Now, Outcome, Plan, SegmentWork, WorkerSlot,
};
pub use policy::Policy;
pub use scheduler::Scheduler;
pub use view::DeviceUse;
