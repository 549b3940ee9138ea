//! Events to receivers that are down, slow, wrong or gone: everything arrives, in order, and nobody waits for another.
#![cfg(feature = "faults")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use newsreel_model::JobId;
use newsreel_model::job::JobState;
use newsreel_model::spec::JobSpec;
use newsreel_model::webhook::Notification;

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::processes::until;
use crate::receiver::{Answer, Came, Receiver};
use crate::support::process::{newsreel, run};
use crate::support::turn;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Pauses between attempts that a test can wait for.
const FAST: [(&str, &str); 1] = [("NEWSREEL_FAULTS_WEBHOOK_MS", "50")];

/// A configuration with receivers under names, and loopback allowed for those of jobs.
fn settings(receivers: &[(&str, &str)]) -> String {
    let mut text = "[webhooks]\ntimeout_s = 1\nallowed_networks = [\"127.0.0.0/8\"]\n".to_owned();
    for (name, url) in receivers {
        text += &format!("[webhooks.endpoints.{name}]\nurl = {url:?}\nsecret = {SECRET:?}\n");
    }
    text
}

fn jobs(daemon: &Daemon, count: usize, more: impl Fn(&mut JobSpec)) -> Vec<JobId> {
    let submit = |_| {
        let mut spec = spec(&clip(2), "story");
        more(&mut spec);
        daemon.submit(&spec).id
    };
    (0..count).map(submit).collect()
}

fn complete(daemon: &Daemon, jobs: &[JobId]) {
    for id in jobs {
        daemon.wait_for(*id, JobState::Completed);
    }
}

/// Numbers of every event that receivers are told of.
fn logged(daemon: &Daemon) -> BTreeSet<u64> {
    daemon.store().event_ids()
}

fn numbers(came: &[Came]) -> BTreeSet<u64> {
    came.iter().map(Came::number).collect()
}

/// Within each job, an event is first taken after all that were logged before it.
#[track_caller]
fn in_order(taken: &[Came]) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for came in taken.iter().filter(|came| seen.insert(came.number())) {
        let before = last.insert(came.job(), came.number()).unwrap_or(0);
        assert!(before < came.number(), "{} after {before}", came.number());
    }
}

/// Every attempt for one event has one id, and no two events share it.
#[track_caller]
fn same_ids(came: &[Came]) {
    let mut ids: BTreeMap<u64, String> = BTreeMap::new();
    for one in came {
        assert_eq!(
            *ids.entry(one.number()).or_insert_with(|| one.id.clone()),
            one.id
        );
    }
    let distinct: BTreeSet<_> = ids.values().collect();
    assert_eq!(distinct.len(), ids.len());
}

/// Verifies signatures as a receiver in another language would.
#[track_caller]
fn verified_by_the_node_library(came: &[Came], secret: &str) {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../scripts/browser/verify-webhook.mjs"
    );
    let mut node = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node: scripts/setup --test installs it");
    let mut lines = String::new();
    for one in came {
        let headers = serde_json::json!({
            "webhook-id": one.id, "webhook-timestamp": one.timestamp, "webhook-signature": one.signature,
        });
        lines += &serde_json::json!({"secret": secret, "headers": headers, "body": one.body})
            .to_string();
        lines.push('\n');
    }
    node.stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let ended = node.wait_with_output().unwrap();
    assert!(
        ended.status.success(),
        "see above; scripts/setup --test installs the library"
    );
    assert_eq!(
        String::from_utf8_lossy(&ended.stdout).trim(),
        came.len().to_string()
    );
}

#[test]
fn every_event_arrives_in_order_whatever_the_receiver_does() {
    let _turn = turn();
    let flaky = Receiver::start(|_, nth| match nth % 7 {
        0 => Answer::Status(500),
        2 => Answer::Close,
        3 => Answer::Status(429),
        // Longer than it may take.
        5 if nth < 20 => Answer::After(1500),
        _ => Answer::Status(204),
    });
    let good = Receiver::start(|_, _| Answer::Status(200));
    let (flaky_url, good_url) = (flaky.url(), good.url());
    let config = settings(&[("flaky", &flaky_url), ("good", &good_url)]);
    let daemon = Daemon::start_with(&config, &FAST);
    let ids = jobs(&daemon, 3, |_| {});
    complete(&daemon, &ids);
    let expected = logged(&daemon);
    until("the good one has everything", || {
        numbers(&good.taken()) == expected
    });
    until("the flaky one has everything", || {
        numbers(&flaky.taken()) == expected && daemon.store().deliveries() == 0
    });
    assert_eq!(
        good.came().len(),
        expected.len(),
        "nothing twice where all went well"
    );
    for receiver in [&flaky, &good] {
        in_order(&receiver.taken());
        same_ids(&receiver.came());
    }
    let kinds: BTreeSet<String> = good.taken().iter().map(Came::kind).collect();
    for kind in [
        "job.queued",
        "job.started",
        "thumbnails.ready",
        "output.playable",
        "job.completed",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    verified_by_the_node_library(&flaky.came(), SECRET);
}

#[test]
fn a_receiver_that_was_down_gets_everything_when_it_is_back_even_from_another_daemon() {
    let _turn = turn();
    // A port that nobody listens on for now.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}/hook");
    let daemon = Daemon::start_with(&settings(&[("cms", &url)]), &FAST);
    let ids = jobs(&daemon, 2, |_| {});
    complete(&daemon, &ids);
    let expected = logged(&daemon);
    until("it was tried", || {
        daemon.said().contains("not delivered yet")
    });
    daemon.kill9();
    daemon.restart();
    let back = Receiver::at(TcpListener::bind(("127.0.0.1", port)).unwrap(), |_, _| {
        Answer::Status(200)
    });
    until("all is there", || numbers(&back.taken()) == expected);
    in_order(&back.taken());
}

#[test]
fn one_event_that_is_refused_for_ever_holds_nothing_up_and_can_be_asked_for_again() {
    let _turn = turn();
    let accept = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let willing = std::sync::Arc::clone(&accept);
    let picky = Receiver::start(move |came, _| {
        let poisoned = came.kind() == "thumbnails.ready";
        let willing = willing.load(std::sync::atomic::Ordering::SeqCst);
        Answer::Status(if poisoned && !willing { 422 } else { 200 })
    });
    let moved = Receiver::start(|_, _| Answer::Redirect);
    let (picky_url, moved_url) = (picky.url(), moved.url());
    let config = settings(&[("picky", &picky_url), ("moved", &moved_url)]);
    let daemon = Daemon::start_with(&config, &FAST);
    let ids = jobs(&daemon, 2, |_| {});
    complete(&daemon, &ids);
    let poisoned = |came: &Came| came.kind() == "thumbnails.ready";
    let expected = logged(&daemon);
    until("all others are there", || {
        numbers(&picky.taken()).len() == expected.len() - ids.len()
    });
    in_order(&picky.taken());
    assert_eq!(
        picky.came().iter().filter(|came| poisoned(came)).count(),
        2,
        "refused once each"
    );
    until("redirects are given up", || {
        numbers(&moved.came()) == expected
    });
    assert_eq!(
        moved.came().len(),
        expected.len(),
        "and not followed or tried again"
    );

    let url = format!("http://{}", daemon.address());
    let listed = run(&mut newsreel(["webhooks", "list", "--server", &url])).expect(0);
    assert!(
        listed
            .stdout
            .contains("name:picky  0 waiting, 2 given up  it answered 422"),
        "{}",
        listed.stdout
    );
    accept.store(true, std::sync::atomic::Ordering::SeqCst);
    let again = run(&mut newsreel([
        "webhooks",
        "replay",
        "name:picky",
        "--server",
        &url,
    ]))
    .expect(0);
    assert!(again.stdout.starts_with("2 deliveries"), "{}", again.stdout);
    until("they are there now", || numbers(&picky.taken()) == expected);
    same_ids(&picky.came());
}

#[test]
fn a_jobs_own_receiver_is_told_what_it_asked_for_and_signed_with_its_own_secret() {
    let _turn = turn();
    let own = Receiver::start(|_, _| Answer::Status(200));
    let daemon = Daemon::start_with(&settings(&[]), &FAST);
    let notify = |spec: &mut JobSpec| {
        spec.notifications = vec![Notification {
            url: own.url(),
            events: vec!["output.playable".to_owned(), "job.completed".to_owned()],
        }];
    };
    let told = jobs(&daemon, 1, notify);
    complete(&daemon, &jobs(&daemon, 1, |_| {}));
    complete(&daemon, &told);
    until("it has both", || own.taken().len() == 2);
    let came = own.taken();
    assert_eq!(
        came.iter().map(Came::kind).collect::<Vec<_>>(),
        ["output.playable", "job.completed"]
    );
    assert!(came.iter().all(|came| came.job() == told[0].to_string()));
    let mut command = newsreel(["webhooks", "secret", &own.url(), "--data-dir"]);
    let secret = run(command.arg(daemon.path("data"))).expect(0).stdout;
    verified_by_the_node_library(&came, secret.trim());
}

#[test]
fn a_jobs_own_receiver_on_this_machine_is_refused_unless_it_is_allowed() {
    let _turn = turn();
    let victim = Receiver::start(|_, _| Answer::Status(200));
    let daemon = Daemon::start_with("", &FAST);
    let port = victim.address.port();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "127.1",
    ];
    let notify = |spec: &mut JobSpec| {
        let notification = |host: &str| Notification {
            url: format!("http://{host}:{port}/hook"),
            events: vec!["job.completed".to_owned()],
        };
        spec.notifications = hosts.iter().map(|host| notification(host)).collect();
    };
    complete(&daemon, &jobs(&daemon, 1, notify));
    until("each was tried", || {
        daemon.lines_with("not delivered yet") >= hosts.len()
    });
    assert!(victim.came().is_empty(), "{:?}", victim.came());
    assert!(
        daemon.said().contains("webhooks.allowed_networks"),
        "it says what to do"
    );
}

#[test]
fn receivers_that_never_answer_slow_neither_jobs_nor_others() {
    let _turn = turn();
    let stuck: Vec<Receiver> = (0..10)
        .map(|_| Receiver::start(|_, _| Answer::After(60_000)))
        .collect();
    let good = Receiver::start(|_, _| Answer::Status(200));
    let urls: Vec<(String, String)> = stuck
        .iter()
        .enumerate()
        .map(|(n, r)| (format!("stuck{n}"), r.url()))
        .collect();
    let good_url = good.url();
    let mut named: Vec<(&str, &str)> = urls.iter().map(|(n, u)| (n.as_str(), u.as_str())).collect();
    // Asked after all of those that never answer.
    named.push(("z-good", &good_url));
    let daemon = Daemon::start_with(&settings(&named), &FAST);
    let ids = jobs(&daemon, 4, |_| {});
    complete(&daemon, &ids);
    let expected = logged(&daemon);
    until("the good one has everything", || {
        numbers(&good.taken()) == expected
    });
    in_order(&good.taken());
}
