//! The scheduler at scale: ten thousand jobs over a thousand GPUs in a hundred nodes, on a clock that is only counted, beside
//! plain rules and what no schedule can beat.
//!
//! `newsreel-simulate [--nodes N] [--jobs N] [--seed N] [--pace N] [--mishaps N] [--plots DIR]` prints Markdown. Not here: a test;
//! what is decided is the same for the same seed, only how long deciding took is not.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

mod bound;
mod ours;
mod outcome;
mod plot;
mod rivals;
mod workload;

use std::path::Path;

use outcome::{BANDS, Gauge, Outcome, percentile_s};
use plot::{Axes, Line};
use rivals::Rule;
use workload::{Size, Workload};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1))
    };
    let number = |name: &str, default: u64| {
        text(name).map_or(default, |n| n.parse().expect("a number after the option"))
    };
    let size = Size {
        nodes: usize::try_from(number("--nodes", 100).clamp(1, 1_000)).expect("a small number"),
        jobs: usize::try_from(number("--jobs", 10_000).clamp(1, 1_000_000))
            .expect("a small number"),
        seed: number("--seed", 1),
        pace: number("--pace", 4).clamp(1, 4),
    };
    let workload = Workload::new(size, number("--mishaps", 60));
    let least_s = bound::least_s(&workload).expect("every kind of job fits a device");
    println!(
        "{} jobs on {} GPUs in {} nodes, {} mishaps, sessions at {} times the programme's speed, seed {}; no schedule is done \
         before {least_s:.0} s.\n",
        workload.jobs.len(),
        workload.gpus,
        size.nodes,
        workload.mishaps.len(),
        size.pace,
        size.seed
    );
    let runs = [
        ("newsreel", ours::run(&workload)),
        (
            "first come, first served",
            rivals::run(&workload, Rule::FirstCome),
        ),
        ("round robin", rivals::run(&workload, Rule::RoundRobin)),
        (
            "least loaded by pixel rate",
            rivals::run(&workload, Rule::LeastLoaded),
        ),
    ];
    table(&runs, least_s);
    if let Some(folder) = text("--plots") {
        plots(&runs, Path::new(folder)).expect("the plots' folder can be written to");
    }
}

#[allow(clippy::cast_precision_loss, reason = "only shown")]
fn table(runs: &[(&str, Outcome)], least_s: f64) {
    println!(
        "| | done after s | of the bound | work done by then | {} |",
        BANDS
            .map(|band| format!("{band}: wait p50 / p99 s"))
            .join(" | ")
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, run) in runs {
        let took_s = run.makespan_ms as f64 / 1000.0;
        let waits = run.waits_ms.each_ref().map(|waits| {
            format!(
                "{:.1} / {:.1}",
                percentile_s(waits, 50),
                percentile_s(waits, 99)
            )
        });
        println!(
            "| {name} | {took_s:.0} | {:.3} | {:.3} | {} |",
            least_s / took_s,
            done_by(run, least_s),
            waits.join(" | ")
        );
    }
    for (name, run) in runs.iter().take(1) {
        let spent_s = run.spent.as_secs_f64();
        println!(
            "\n{name}: {} inputs answered in {spent_s:.2} s ({:.0} a second), {} sessions begun ({:.0} a second). From the order to \
             cut to the session it was for: p50 {:.1} s, p99 {:.1} s, {} times.",
            run.inputs,
            run.inputs as f64 / spent_s,
            run.starts,
            run.starts as f64 / spent_s,
            percentile_s(&run.preempted_ms, 50),
            percentile_s(&run.preempted_ms, 99),
            run.preempted_ms.len(),
        );
    }
}

/// The part of all pixels that was encoded by then.
#[allow(clippy::cast_precision_loss, reason = "only shown")]
fn done_by(run: &Outcome, least_s: f64) -> f64 {
    let looks = run.busy.iter().enumerate();
    let before = looks.filter(|(n, _)| (*n as u64 * Gauge::STEP_MS) as f64 / 1000.0 < least_s);
    before.map(|(_, busy)| busy).sum::<f64>() / run.busy.iter().sum::<f64>()
}

#[allow(clippy::cast_precision_loss, reason = "only shown")]
fn plots(runs: &[(&str, Outcome)], folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let last_s = runs
        .iter()
        .map(|(_, run)| run.makespan_ms)
        .max()
        .unwrap_or(1) as f64
        / 1000.0;
    let step_s = Gauge::STEP_MS as f64 / 1000.0;
    let busy = runs.iter().map(|(name, run)| Line {
        name,
        points: run
            .busy
            .iter()
            .enumerate()
            .map(|(n, busy)| (n as f64 * step_s, busy * 100.0))
            .collect(),
    });
    let axes = Axes {
        title: "Encoders in use, %",
        across: "seconds",
        most: (last_s, 100.0),
    };
    std::fs::write(
        folder.join("busy.svg"),
        plot::svg(&axes, &busy.collect::<Vec<_>>()),
    )?;
    for (band, name) in BANDS.iter().enumerate() {
        let waits = runs.iter().map(|(name, run)| Line {
            name,
            points: (0..=100)
                .map(|p| {
                    (
                        f64::from(p),
                        percentile_s(&run.waits_ms[band], usize::try_from(p).unwrap_or(0)),
                    )
                })
                .collect(),
        });
        let waits: Vec<Line> = waits.collect();
        let most = waits
            .iter()
            .flat_map(|line| line.points.iter().map(|p| p.1))
            .fold(1.0, f64::max);
        let title = format!("Seconds until a job's first encoding session, {name} jobs");
        let axes = Axes {
            title: &title,
            across: "% of the jobs",
            most: (100.0, most),
        };
        std::fs::write(
            folder.join(format!("wait-{name}.svg")),
            plot::svg(&axes, &waits),
        )?;
    }
    Ok(())
}
