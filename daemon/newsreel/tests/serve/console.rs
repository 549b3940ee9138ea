//! The console in a real browser: clips handed in, seen, played and steered, with a key and without, in light and dark.

use std::path::Path;
use std::process::Command;

use newsreel_model::control::JobView;
use newsreel_model::job::JobState;
use url::Url;

use crate::daemon::{Daemon, dir};
use crate::support::process::{newsreel, run};
use crate::support::turn;
use crate::{clip, sound};

const WITHOUT: &str = "NEWSREEL_WITHOUT_BROWSER";

/// A receiver that nobody answers for, so that something waits for it, and a profile that takes its time.
const SETTINGS: &str = "[profiles.slow]\npreset = \"veryslow\"\nsegment_s = 2.0\nfirst_segment_s = 1.0\n\
     rungs = [{ short_side_px = 180, bitrate_kbps = 400 }, { short_side_px = 96, bitrate_kbps = 200 }]\n\
     [profiles.slow.thumbnails]\ncount = 6\nwidth_px = 320\nstoryboard_tiles = 0\n\
     [webhooks.endpoints.cms]\nurl = \"http://127.0.0.1:9/hook\"\n\
     secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n";

/// Runs `scripts/browser/console.mjs` over a daemon.
#[track_caller]
fn browse(daemon: &Daemon, flow: &str, more: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/browser/console.mjs");
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
    let done = Command::new("node")
        .arg(script)
        .arg(flow)
        .args(["--daemon", &format!("http://{}", daemon.address())])
        .arg("--shots")
        .arg(shots)
        .args(more)
        .output();
    let done = done.expect("this test needs Node: `scripts/setup --test` installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        done.status.success(),
        "{}{}\nWithout a build of the console: `scripts/console`. Without a browser or its modules: `scripts/setup --test` \
         installs them, {WITHOUT}=1 leaves this out.",
        text(&done.stdout),
        text(&done.stderr)
    );
}

#[test]
fn the_console_shows_plays_and_steers_jobs_and_asks_for_a_key_where_there_is_one() {
    if std::env::var(WITHOUT).is_ok_and(|v| v == "1") {
        println!("!!!!!!!! {WITHOUT}=1: the console is NOT tested");
        return;
    }
    let _turn = turn();
    let daemon = Daemon::start(SETTINGS);
    let url = |seconds| Url::from_file_path(clip(seconds)).unwrap().to_string();
    let (long, other, short) = (url(300), url(20), url(2));
    let said = daemon.path("in/said.srt");
    let words = "1\n00:00:12,000 --> 00:00:14,000\nDie Talsperre hält.\n";
    std::fs::write(&said, words).unwrap();
    let said = Url::from_file_path(said).unwrap().to_string();
    let clips = [
        "--clip", &long, "--other", &other, "--short", &short, "--said", &said,
    ];
    browse(&daemon, "open", &clips);
    // A poster that was chosen leaves a directory as sound as it was.
    let completed = |job: &JobView| job.state == JobState::Completed;
    for job in daemon.jobs().iter().filter(|job| completed(job)) {
        sound(&dir(job));
    }
    let mut command = newsreel(["key", "new", "--name", "console", "--scope", "admin"]);
    command.arg("--data-dir").arg(daemon.path("data"));
    let key = run(&mut command).expect(0).stdout.trim().to_owned();
    browse(&daemon, "key", &["--key", &key]);
}
