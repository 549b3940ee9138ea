//! What a service manager hears of the daemon: ready, alive, reloading, stopping.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::daemon::{Daemon, folder};
use crate::processes;
use crate::support::process::HANG_S;
use crate::support::turn;

/// The manager's end of the socket.
struct Manager(UnixDatagram);

impl Manager {
    /// Waits for a message with these lines.
    #[track_caller]
    fn hears(&self, wanted: &[&str]) {
        let mut said = Vec::new();
        loop {
            let mut text = [0; 512];
            let length = match self.0.recv(&mut text) {
                Ok(length) => length,
                Err(e) => panic!("{wanted:?} was never said ({e}): {said:?}"),
            };
            let text = String::from_utf8_lossy(&text[..length]).into_owned();
            let has = |line: &&str| text.lines().any(|l| l.starts_with(*line));
            if wanted.iter().all(has) {
                return;
            }
            said.push(text);
        }
    }
}

#[test]
fn it_is_told_what_it_waits_for() {
    let _turn = turn();
    let dir = folder();
    let path = dir.path().join("manager");
    let socket = UnixDatagram::bind(&path).unwrap();
    let patience = Duration::from_secs(HANG_S);
    socket.set_read_timeout(Some(patience)).unwrap();
    let manager = Manager(socket);
    let path: &'static str = Box::leak(path.display().to_string().into_boxed_str());
    let env = [("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "400000")];
    let daemon = Daemon::start_in(dir, "", &env);
    manager.hears(&["READY=1"]);
    manager.hears(&["WATCHDOG=1"]);
    manager.hears(&["WATCHDOG=1"]);
    processes::signal(daemon.pid(), "HUP");
    manager.hears(&["RELOADING=1", "MONOTONIC_USEC="]);
    manager.hears(&["READY=1"]);
    assert_eq!(daemon.stop(), Some(0));
    manager.hears(&["STOPPING=1"]);
}
