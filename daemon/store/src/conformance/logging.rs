//! Checks of the event log, of what is dropped, and of what is kept beside jobs. Not here: who is told of events.

use jiff::{SignedDuration, Timestamp};
use newsreel_model::calibration::{Rate, VramCost, Work};
use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_model::device::{Codec, Size};
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::JobState;
use newsreel_model::pictures::sets;
use newsreel_model::profile::ThumbnailSpec;
use newsreel_model::store::{Calibration, Change, LogEnds, Store};

use super::Check;
use super::fixtures::{
    at, commit, end, id, kept_at, logged, make, piece, settle, start, submit, warning,
};

pub const CHECKS: &[Check] = &[
    events_come_back_as_they_went,
    events_are_read_from_a_place,
    events_of_devices_belong_to_no_job,
    old_events_are_dropped_and_their_numbers_are_not_used_again,
    whoever_waits_is_told_of_commits,
    a_deleted_job_is_gone,
    starts_are_counted,
    measurements_are_kept_by_device_and_driver,
];

fn events_come_back_as_they_went(store: &dyn Store) {
    submit(store, [1]);
    let events = [
        Event::Started {
            job_id: id(1).to_string(),
            segments_reused: 3,
        },
        Event::Phase {
            phase: Phase::Encoding,
        },
        Event::ThumbnailsReady {
            paths: vec!["thumbs/0001.jpg".to_owned()],
            sets: sets(&ThumbnailSpec::default(), ["thumbs/0001.jpg"].into_iter()),
        },
        Event::Warning {
            warning: warning(1),
        },
        Event::Playable {
            playlist: "master.m3u8".to_owned(),
        },
        Event::Completed {
            wall_s: 0.1 + 0.2,
            spent: None,
        },
    ];
    let before = Timestamp::now();
    let noted = events
        .iter()
        .map(|event| (commit(1, &[]), Some(event.clone())));
    store.apply(noted.collect()).unwrap();
    let all = store.events(0, 100, None).unwrap();
    let kept: Vec<_> = all[1..].iter().map(|logged| logged.event.clone()).collect();
    assert_eq!(kept, events);
    for logged in &all[1..] {
        assert_eq!(logged.job_id, Some(id(1)));
        let age = logged.created_at.duration_since(before);
        assert!(
            age > SignedDuration::from_millis(-1),
            "logged when it happened"
        );
        assert!(
            age < SignedDuration::from_mins(5),
            "not when it was planned"
        );
    }
}

fn events_are_read_from_a_place(store: &dyn Store) {
    submit(store, 0..10);
    let all = store.events(0, u32::MAX, None).unwrap();
    assert_eq!(all.len(), 10);
    assert_eq!(store.events(0, 3, None).unwrap(), all[..3]);
    assert_eq!(store.events(all[2].id, 3, None).unwrap(), all[3..6]);
    assert_eq!(store.events(all[9].id, 3, None).unwrap(), []);
    assert_eq!(store.events(u64::MAX, 3, None).unwrap(), []);
    assert!(make(store, start(4)));
    let preempted = (Change::Recover { job: id(4) }, Some(Event::Preempted {}));
    store.apply(vec![preempted]).unwrap();
    let of_one = store.events(0, 9, Some(id(4))).unwrap();
    assert_eq!(of_one.len(), 2);
    assert_eq!(of_one[0], all[4]);
    assert_eq!(store.events(0, 1, Some(id(4))).unwrap(), of_one[..1]);
    assert_eq!(
        store.events(all[4].id, 9, Some(id(4))).unwrap(),
        of_one[1..]
    );
}

fn events_of_devices_belong_to_no_job(store: &dyn Store) {
    let device = || "gpu-0".to_owned();
    let events = vec![
        Event::DeviceQuarantined { device: device() },
        Event::DeviceRestored { device: device() },
    ];
    store.log(events.clone()).unwrap();
    store.log(Vec::new()).unwrap();
    let expected: Vec<_> = events.into_iter().map(|event| (None, event)).collect();
    assert_eq!(logged(store, None), expected);
    submit(store, [1]);
    let tenants = |job| -> Vec<_> {
        let events = store.events(0, 9, job).unwrap();
        events.into_iter().map(|logged| logged.tenant).collect()
    };
    assert_eq!(tenants(None), [None, None, Some("sport".to_owned())]);
    assert_eq!(tenants(Some(id(1))), [Some("sport".to_owned())]);
}

fn old_events_are_dropped_and_their_numbers_are_not_used_again(store: &dyn Store) {
    submit(store, 0..5);
    let last = store.events(0, 9, None).unwrap().pop().unwrap();
    let ends = |newest, dropped| LogEnds { newest, dropped };
    assert_eq!(store.log_ends().unwrap(), ends(last.id, 0));
    store.trim(at(0), at(0)).unwrap();
    assert_eq!(store.events(0, 9, None).unwrap().len(), 5, "none is so old");
    assert_eq!(store.log_ends().unwrap(), ends(last.id, 0));
    let later = last.created_at.checked_add(SignedDuration::from_secs(1));
    store.trim(at(0), later.unwrap()).unwrap();
    assert_eq!(store.events(0, 9, None).unwrap(), []);
    assert_eq!(store.log_ends().unwrap(), ends(last.id, last.id));
    submit(store, [5]);
    let next = store.events(0, 9, None).unwrap();
    assert!(next[0].id > last.id);
    assert!(store.job(id(0)).unwrap().is_some(), "jobs are not dropped");
}

fn whoever_waits_is_told_of_commits(store: &dyn Store) {
    assert_eq!(store.log_ends().unwrap(), LogEnds::default());
    let (tell, told) = std::sync::mpsc::channel();
    store.on_commit(Box::new(move || {
        let _ = tell.send(());
    }));
    let heard = || {
        let first = told.recv_timeout(std::time::Duration::from_secs(60));
        // Several commits may be told of one by one.
        while told.try_recv().is_ok() {}
        first
    };
    submit(store, [1]);
    assert_eq!(heard(), Ok(()), "of a submit");
    assert!(make(store, start(1)));
    assert_eq!(heard(), Ok(()), "of a change");
    store.log(vec![Event::Queued {}]).unwrap();
    assert_eq!(heard(), Ok(()), "of an event");
}

fn a_deleted_job_is_gone(store: &dyn Store) {
    submit(store, [1, 2]);
    assert!(make(store, settle(1, 2)));
    assert!(make(store, commit(1, &[piece("a", 1)])));
    assert!(!store.delete(id(1)).unwrap(), "it waits");
    assert!(make(store, start(1)));
    assert!(!store.delete(id(1)).unwrap(), "it runs");
    assert!(make(store, end(1, JobState::Completed)));
    assert!(store.delete(id(1)).unwrap());
    assert!(!store.delete(id(1)).unwrap(), "it is gone");
    assert_eq!(store.job(id(1)).unwrap(), None);
    assert_eq!(store.plan(id(1)).unwrap(), None);
    assert_eq!(store.pieces(id(1)).unwrap(), []);
    assert_eq!(logged(store, None), [(Some(id(2)), Event::Queued {})]);
    // Another job is never given what was left of one that is gone.
    submit(store, [3]);
    assert_eq!(store.plan(id(3)).unwrap(), None);
    assert_eq!(store.pieces(id(3)).unwrap(), []);
}

fn starts_are_counted(store: &dyn Store) {
    for expected in 1..=3 {
        assert_eq!(store.begin().unwrap(), expected);
    }
}

fn measurements_are_kept_by_device_and_driver(store: &dyn Store) {
    let measured = |device: &str, driver: &str, seconds, vram_mib| Calibration {
        device: device.to_owned(),
        kind: DeviceKind::Nvidia,
        name: "H200".to_owned(),
        driver: driver.to_owned(),
        capacity: Resources {
            vram_mib,
            ..Resources::default()
        },
        rates: vec![Rate {
            work: Work::Decode,
            codec: Some(Codec::Hevc),
            size: Size {
                width: 1920,
                height: 1080,
            },
            sessions: 14,
            frames_per_s: 4_000,
            kpx_s: 8_294_400,
        }],
        vram: Some(VramCost {
            context_mib: 396,
            session_mib: vram_mib,
        }),
        measured_at: at(seconds),
    };
    for one in [
        measured("b", "1", 1, 10),
        measured("a", "2", 3, 20),
        measured("a", "1", 2, 30),
        measured("b", "1", 4, 40),
    ] {
        store.calibrate(one).unwrap();
    }
    let expected = [("a", "1", 2, 30), ("a", "2", 3, 20), ("b", "1", 4, 40)].map(
        |(device, driver, seconds, vram_mib)| Calibration {
            measured_at: kept_at(seconds),
            ..measured(device, driver, seconds, vram_mib)
        },
    );
    assert_eq!(store.calibrations().unwrap(), expected);
}
