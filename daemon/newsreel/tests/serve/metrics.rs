//! What the daemon counts, in the format Prometheus reads, against what a job really did.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use newsreel_model::job::JobState;
use newsreel_model::report::Report;

use crate::clip;
use crate::daemon::{Daemon, dir, spec};
use crate::processes::until;
use crate::support::turn;

/// Samples by name and labels, once every line was found to be as the format wants it.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut types, mut found) = (BTreeMap::new(), BTreeMap::new());
    assert!(text.ends_with('\n'));
    for line in text.lines().filter(|l| !l.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(
                ["counter", "gauge", "histogram", "summary"].contains(&kind),
                "{line}"
            );
            assert!(types.insert(name, kind).is_none(), "{name} twice");
            continue;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(
                rest.split_once(' ')
                    .is_some_and(|(_, words)| !words.is_empty()),
                "{line}"
            );
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        assert!(
            name.chars().all(plain) && name.starts_with("newsreel_"),
            "{line}"
        );
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            name.strip_suffix(end)
                .filter(|f| types.get(f) == Some(&"histogram"))
        });
        let kind = types.get(family.unwrap_or(name));
        assert!(kind.is_some(), "{line}: no type");
        assert!(
            kind != Some(&"counter") || name.ends_with("_total"),
            "{line}: a counter's name"
        );
        let value: f64 = value.parse().unwrap();
        assert!(
            found.insert(series.to_owned(), value).is_none(),
            "{series} twice"
        );
    }
    found
}

fn scrape(daemon: &Daemon) -> BTreeMap<String, f64> {
    let text = daemon.ask("GET", "/metrics", None, None).unwrap();
    samples(text.as_str().expect("text"))
}

#[test]
#[allow(clippy::cast_precision_loss, reason = "small counts")]
#[allow(clippy::float_cmp, reason = "whole numbers")]
fn what_is_counted_is_what_was_done() {
    let _turn = turn();
    let daemon = Daemon::start("[prices]\ncurrency = \"CHF\"\nper_hour = { cpu = 3600.0 }\n");
    let job = daemon.submit(&spec(&clip(6), "story"));
    let done = daemon.wait_for(job.id, JobState::Completed);
    std::fs::write(daemon.path("in/text.mp4"), "no video").unwrap();
    let bad = daemon.submit(&spec(&daemon.path("in/text.mp4"), "story"));
    daemon.wait_for(bad.id, JobState::Failed);
    let found = scrape(&daemon);
    let of = |series: &str| {
        *found
            .get(series)
            .unwrap_or_else(|| panic!("{series} of {found:#?}"))
    };
    let report = std::fs::read(dir(&done).join("report.json")).unwrap();
    let report: Report = serde_json::from_slice(&report).unwrap();
    let frames: u64 = report.rungs.iter().map(|r| r.frames).sum();
    assert_eq!(
        of("newsreel_frames_total{made_by=\"cpu/libx264\"}"),
        frames as f64
    );
    let segments: usize = report.rungs.iter().map(|r| r.segments).sum();
    assert_eq!(
        of("newsreel_segments_total{made_by=\"cpu/libx264\"}"),
        segments as f64
    );
    assert_eq!(
        of("newsreel_jobs_ended_total{state=\"completed\",code=\"\",tenant=\"default\"}"),
        1.0
    );
    assert_eq!(
        of(
            "newsreel_jobs_ended_total{state=\"failed\",code=\"input_unreadable\",tenant=\"default\"}"
        ),
        1.0
    );
    assert_eq!(of("newsreel_job_seconds_count"), 1.0);
    assert_eq!(of("newsreel_playable_seconds_count"), 1.0);
    assert!(of("newsreel_playable_seconds_sum") <= of("newsreel_job_seconds_sum"));
    assert_eq!(of("newsreel_jobs{state=\"completed\"}"), 1.0);
    assert_eq!(of("newsreel_jobs{state=\"failed\"}"), 1.0);
    assert!(of("newsreel_device_capacity{device=\"cpu\",resource=\"cpu_millicores\"}") >= 1000.0);
    assert!(of("newsreel_disk_free_bytes") > 0.0 && of("newsreel_events_logged") > 5.0);

    // A price of one a second of the whole machine.
    let labels = "{tenant=\"default\",device=\"cpu\"}";
    let device_s = of(&format!("newsreel_session_device_seconds_sum{labels}"));
    let millionths = of("newsreel_cost_millionths_total{tenant=\"default\",currency=\"CHF\"}");
    assert!(device_s > 0.0);
    let difference = (millionths / 1e6 - device_s).abs();
    assert!(difference < 0.001, "{millionths} millionths, {device_s} s");
    until("the log has each job's cost", || {
        daemon.lines_with("currency=\"CHF\"") == 2
    });
    dashboard(&found);
    promtool(&daemon);
}

/// Prometheus' own reader, which also knows how metrics should be named.
fn promtool(daemon: &Daemon) {
    let text = daemon.ask("GET", "/metrics", None, None).unwrap();
    let reader = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut reader) = reader else {
        println!(
            "!!!!!!!! there is no promtool: the metrics were read by the test's own reader ALONE"
        );
        return;
    };
    let mut pipe = reader.stdin.take().unwrap();
    pipe.write_all(text.as_str().unwrap().as_bytes()).unwrap();
    drop(pipe);
    let found = reader.wait_with_output().unwrap();
    let words = [found.stdout, found.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(found.status.success() && words.is_empty(), "{words}");
}

/// Fails unless every panel shows something after a job, and names only metrics and labels there are.
fn dashboard(found: &BTreeMap<String, f64>) {
    let described = include_str!("../../src/telemetry/mod.rs");
    let text = include_str!("../../../../docs/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let shown: Vec<_> = panels.iter().filter(|p| p["type"] != "row").collect();
    assert!(shown.len() > 15);
    for panel in shown {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
            let names: Vec<&str> = expression
                .split(word)
                .filter(|w| w.starts_with("newsreel_"))
                .collect();
            assert!(!names.is_empty(), "{}: {expression}", panel["title"]);
            for name in &names {
                let family = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end));
                let quoted = |name: &str| described.contains(&format!("\"{name}\""));
                assert!(
                    quoted(name) || family.is_some_and(quoted),
                    "{name} is no metric"
                );
            }
            // What may never have happened is shown as nothing.
            if expression.contains("or vector(0)") {
                continue;
            }
            let labels = expression
                .split(" by (")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            let labels: Vec<&str> = labels.flat_map(|list| list.split(", ")).collect();
            for name in names {
                let series: Vec<&String> = found
                    .keys()
                    .filter(|s| s.split('{').next() == Some(name))
                    .collect();
                assert!(!series.is_empty(), "{}: there is no {name}", panel["title"]);
                let has = |label: &&str| series.iter().any(|s| s.contains(&format!("{label}=\"")));
                assert!(labels.iter().all(has), "{expression}: {series:?}");
            }
        }
    }
}
