//! How soon everything could be done at the soonest, by a linear programme. Not here: any schedule.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem};
use newsreel_model::capacity::Resources;

use crate::workload::Workload;

/// Seconds until the last job can be done: for each moment, what arrives from then on, cut up as one likes and never waiting, on
/// all devices. Nothing fails, and cores and main memory are not counted, which only makes the bound lower.
///
/// # Errors
/// The programme has no solution: a kind of job fits no device.
pub fn least_s(workload: &Workload) -> Result<f64, Error> {
    let last_ms = workload.jobs.last().map_or(0, |job| job.at_ms);
    let mut least = 0.0_f64;
    for part in 0..20_u64 {
        let from_ms = last_ms * part / 20;
        let mut work_s = vec![0.0; workload.needs.len()];
        for job in workload.jobs.iter().filter(|job| job.at_ms >= from_ms) {
            work_s[job.kind] += float(job.segments as u64 * workload.segment_ms) / 1000.0;
        }
        least = least.max(float(from_ms) / 1000.0 + work_alone_s(workload, &work_s)?);
    }
    Ok(least)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "numbers of seconds and pixels are far below 2^52"
)]
fn float(n: u64) -> f64 {
    n as f64
}

/// Seconds for so many seconds of sessions of each kind.
fn work_alone_s(workload: &Workload, work_s: &[f64]) -> Result<f64, Error> {
    // Devices that are alike count as one with several times the capacity.
    let mut alike: BTreeMap<[u64; 7], u64> = BTreeMap::new();
    for gpu in &workload.devices[..workload.gpus] {
        *alike.entry(gpu.capacity.quantities()).or_default() += 1;
    }
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let time = problem.add_var(1.0, (0.0, f64::INFINITY));
    let mut on = Vec::new();
    for work in work_s {
        let vars: Vec<_> = alike
            .iter()
            .map(|_| problem.add_var(0.0, (0.0, f64::INFINITY)))
            .collect();
        let all: Vec<_> = vars.iter().map(|var| (*var, 1.0)).collect();
        problem.add_constraint(&all, ComparisonOp::Eq, *work);
        on.push(vars);
    }
    let of_a_gpu = Resources::NAMES.iter().enumerate().skip(2);
    for (quantity, _) in of_a_gpu {
        for (device, (capacity, count)) in alike.iter().enumerate() {
            let needs = workload
                .needs
                .iter()
                .map(|need| need.quantities()[quantity]);
            let has = capacity[quantity];
            let share = |need: u64| float(need.min(has)) / float(has.max(1));
            let mut row: Vec<_> = needs
                .zip(&on)
                .map(|(need, vars)| (vars[device], share(need)))
                .collect();
            row.push((time, -float(*count)));
            problem.add_constraint(&row, ComparisonOp::Le, 0.0);
        }
    }
    Ok(problem.solve()?.objective())
}
