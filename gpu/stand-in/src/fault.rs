//! Where things go wrong on demand. Not what goes wrong, which is the configuration's.

use std::time::Duration;

use newsreel_stand_in_kit::{Act, Fault, Stage};

use crate::abi::{Answer, CuError};
use crate::driver::driver;
use crate::report;
use crate::shared::shared;

/// How often a call that hangs looks whether it still should.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A call reaches `stage` on a device: it is counted, and goes wrong if that was asked for.
///
/// # Errors
/// The device was lost before, or the fault is one.
pub fn reach(ordinal: usize, stage: Stage) -> Answer {
    let state = driver().state(ordinal)?;
    state.alive()?;
    let call = state.call(stage);
    let config = driver().config();
    for (index, fault) in config.faults.iter().enumerate() {
        if applies(fault, ordinal, stage, call) && (!fault.once || shared().first(index)) {
            happen(*fault, ordinal, call)?;
        }
    }
    Ok(())
}

fn applies(fault: &Fault, ordinal: usize, stage: Stage, call: u64) -> bool {
    fault.stage == stage
        && fault.device.is_none_or(|d| d == ordinal)
        && (fault.at == 0 || fault.at == call)
}

fn happen(fault: Fault, ordinal: usize, call: u64) -> Answer {
    report::fault(format!("device {ordinal}, call {call}: {fault:?}"));
    match fault.act {
        Act::Fail(code) => Err(CuError(code)),
        Act::Lose { code, xid } => {
            shared().log(ordinal, xid);
            driver().state(ordinal)?.lose(code);
            Err(CuError(code))
        }
        Act::Hang => {
            while driver().config().faults.contains(&fault) {
                std::thread::sleep(LOOK_AGAIN);
            }
            Ok(())
        }
    }
}
