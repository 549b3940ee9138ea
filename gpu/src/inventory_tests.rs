//! Children that answer, hang, crash and babble, as a driver would have them do.

use super::*;

/// Asks a shell in a driver's stead.
fn asked(script: &str, limit: Duration) -> Answer {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    ask(DeviceKind::Nvidia, command, limit)
}

fn line(word: &Word) -> String {
    format!("echo '{}'\n", serde_json::to_string(word).unwrap())
}

fn gpu(id: &str) -> Word {
    Word::Found(Box::new(GpuReport {
        id: id.to_owned(),
        kind: DeviceKind::Nvidia,
        name: "some GPU".to_owned(),
        driver: "1".to_owned(),
        pci: None,
        compute_capability: None,
        node: None,
        vram_mib: None,
        decode: newsreel_model::device::Side::default(),
        encode: newsreel_model::device::Side::default(),
        scale: None,
    }))
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn what_was_found_before_a_crash_is_kept() {
    let doing = Word::Doing("asking the encoder of some GPU".to_owned());
    let script = line(&gpu("a")) + "echo libva info: chatter\n" + &line(&doing) + "kill -SEGV $$";
    let (found, missing) = asked(&script, LONG);
    assert_eq!(found.len(), 1);
    let reason = &missing[0].reason;
    assert!(
        reason.contains("crashed while asking the encoder of some GPU")
            && reason.contains("signal: 11"),
        "{reason}"
    );
}

#[test]
fn a_driver_that_hangs_costs_its_time_limit_and_no_more() {
    let doing = Word::Doing("starting the CUDA driver".to_owned());
    let script = line(&gpu("a")) + &line(&doing) + "sleep 1000";
    let (found, missing) = asked(&script, Duration::from_secs(1));
    assert_eq!(found.len(), 1);
    assert!(
        missing[0]
            .reason
            .contains("did not answer within 1 s while starting the CUDA driver"),
        "{missing:?}"
    );
}

#[test]
fn a_driver_that_hangs_when_its_process_ends_has_answered() {
    let script = line(&gpu("a")) + &line(&Word::Done) + "trap '' TERM; sleep 1000";
    let (found, missing) = asked(&script, LONG);
    assert_eq!((found.len(), missing.len()), (1, 0));
}

#[test]
fn endless_chatter_is_cut_off() {
    let (found, missing) = asked("yes", LONG);
    assert!(found.is_empty());
    assert!(missing[0].reason.contains("while starting"), "{missing:?}");
}

#[test]
fn both_kinds_are_asked_and_devices_have_a_fixed_order() {
    let inventory = take(CpuReport::default(), LONG, |kind| {
        let mut command = Command::new("sh");
        let (first, second) = match kind {
            DeviceKind::Nvidia => ("nvidia-b", "nvidia-a"),
            _ => ("vaapi-b", "vaapi-a"),
        };
        command.args([
            "-c",
            &(line(&gpu(first)) + &line(&gpu(second)) + &line(&Word::Done)),
        ]);
        command
    });
    let ids: Vec<_> = inventory.gpus.iter().map(|gpu| gpu.id.as_str()).collect();
    assert_eq!(ids, ["nvidia-a", "nvidia-b", "vaapi-a", "vaapi-b"]);
    assert!(inventory.unavailable.is_empty());
}
