//! Random damage: whatever the bytes, the gate ends with a report.

use proptest::prelude::*;

use crate::job::Job;

#[test]
fn random_damage_never_panics() {
    let job = std::cell::RefCell::new(Job::new());
    let count = job.borrow().journal.len();
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12);
    let cut = prop::option::of(any::<prop::sample::Index>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let ran = runner.run(
        &(0..count, damage, cut, any::<bool>()),
        |(file, flips, cut, front)| {
            let job = &mut *job.borrow_mut();
            let mut paths: Vec<String> = job.journal.iter().map(|f| f.path.clone()).collect();
            paths.sort();
            let path = &paths[file];
            let whole = job.read(path);
            let mut bytes = whole.clone();
            // Half of the time where the boxes are rather than in the media data.
            let reach = if front {
                bytes.len().min(1500)
            } else {
                bytes.len()
            };
            for (at, value) in flips {
                bytes[at.index(reach)] = value;
            }
            if let Some(at) = cut {
                bytes.truncate(at.index(whole.len()));
            }
            job.replace(path, &bytes);
            let report = job.check();
            prop_assert_eq!(report.checked_files, count);
            prop_assert!(report.failures.len() <= 100);
            job.replace(path, &whole);
            Ok(())
        },
    );
    ran.unwrap();
}
