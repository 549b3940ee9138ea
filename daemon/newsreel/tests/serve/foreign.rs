//! A page of another origin, in a real browser on the daemon's own machine: it reads nothing and writes nothing, by any way.

use std::path::Path;
use std::process::Command;

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::support::turn;

const WITHOUT: &str = "NEWSREEL_WITHOUT_BROWSER";

#[test]
fn a_page_of_another_origin_gets_nothing_from_a_daemon_without_keys() {
    if std::env::var(WITHOUT).is_ok_and(|v| v == "1") {
        println!("!!!!!!!! {WITHOUT}=1: whether pages of other origins are kept out is NOT tested");
        return;
    }
    let _turn = turn();
    let daemon = Daemon::start("");
    // It runs while it is tried to cancel it, and has a picture that could be seen.
    let job = daemon.submit(&spec(&clip(60), "bulk"));
    daemon.wait_for_segments(job.id, 1);
    let input = spec(&clip(2), "story").input.url;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/browser/foreign.mjs");
    let done = Command::new("node")
        .arg(script)
        .arg(format!("http://{}", daemon.address()))
        .args([job.id.to_string(), input])
        .output();
    let done = done.expect("this test needs Node: `scripts/setup --test` installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert!(
        done.status.success(),
        "{out}{err}\nWithout a browser or its modules: `scripts/setup --test` installs them, {WITHOUT}=1 leaves this out."
    );
}
