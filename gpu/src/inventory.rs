//! Every device of this machine, asked in processes of their own, so that a driver that hangs or crashes costs one of those.
//!
//! Not here: the asking ([`crate::probe`]), or who is asked again later.

use std::process::Command;
use std::time::Duration;

use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{CpuReport, GpuReport, Inventory, Unavailable};

use crate::child;
use crate::probe::Word;

/// How long one kind of GPU may take to answer. A cold driver with eight cards takes some seconds; one that hangs, for ever.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Asks about every GPU, NVIDIA's and VAAPI's beside each other.
///
/// `child` makes the command that calls [`crate::probe`] for a kind and prints each word as a line of JSON.
pub fn take(
    cpu: CpuReport,
    limit: Duration,
    child: impl Fn(DeviceKind) -> Command + Sync,
) -> Inventory {
    let kinds = [DeviceKind::Nvidia, DeviceKind::Vaapi];
    let child = &child;
    let answers = std::thread::scope(|scope| {
        let asking = kinds.map(|kind| scope.spawn(move || ask(kind, child(kind), limit)));
        asking.map(|thread| thread.join().unwrap_or_default())
    });
    let mut inventory = Inventory {
        cpu,
        ..Inventory::default()
    };
    for (gpus, unavailable) in answers {
        inventory.gpus.extend(gpus);
        inventory.unavailable.extend(unavailable);
    }
    inventory.gpus.sort_by(|a, b| a.id.cmp(&b.id));
    inventory
}

/// Asks again about one GPU, by the process that `child` is: it calls [`crate::probe()`] for that one alone.
///
/// # Errors
/// Why it cannot be used, in one sentence.
pub fn take_one(gpu: &GpuReport, limit: Duration, child: Command) -> Result<GpuReport, String> {
    let (found, missing) = ask(gpu.kind, child, limit);
    let found = found.into_iter().find(|found| found.id == gpu.id);
    found.ok_or_else(|| {
        let reasons: Vec<_> = missing.into_iter().map(|m| m.reason).collect();
        match reasons.is_empty() {
            true => "it is not there any more".to_owned(),
            false => reasons.join("; "),
        }
    })
}

type Answer = (Vec<GpuReport>, Vec<Unavailable>);

/// Runs one child to its end or its limit, and keeps everything it said.
fn ask(kind: DeviceKind, command: Command, limit: Duration) -> Answer {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    let heard = child::hear(command, limit, &mut |word| match word {
        Word::Found(gpu) => found.push(*gpu),
        Word::Missing(what) => missing.push(what),
        _ => {}
    });
    if let Err(reason) = heard {
        missing.push(Unavailable::new(kind.name(), reason));
    }
    (found, missing)
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
