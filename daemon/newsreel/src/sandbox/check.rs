//! Tries from inside the sandbox what it is there to refuse. Not the sandbox.

use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;

/// What was tried, and whether it was refused.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Attempt {
    /// In words.
    pub what: String,
    /// As it should be.
    pub refused: bool,
    /// What the system answered.
    pub answer: String,
}

/// Tries everything. Only after [`super::enter`]: outside it, some of this would succeed.
pub fn attempts() -> Vec<Attempt> {
    let scratch = format!("/tmp/newsreel-check-{}", std::process::id());
    let parent = rustix::process::getppid().unwrap_or(rustix::process::Pid::INIT);
    vec![
        attempt("read a file of the system", std::fs::read("/etc/passwd")),
        attempt("list someone's home", std::fs::read_dir("/root")),
        attempt("list temporary files", std::fs::read_dir("/tmp")),
        attempt("write a file", std::fs::write(&scratch, "x")),
        attempt("make a directory", std::fs::create_dir(&scratch)),
        attempt("write about itself", std::fs::write("/proc/self/comm", "x")),
        attempt(
            "look into another process",
            std::fs::read("/proc/1/environ"),
        ),
        attempt("connect over TCP", TcpStream::connect("127.0.0.1:9")),
        attempt("open a UDP socket", UdpSocket::bind("127.0.0.1:0")),
        attempt("connect to a local socket", UnixStream::connect("/tmp/x")),
        attempt("run a program", Command::new("/bin/true").status()),
        attempt(
            "signal its parent",
            rustix::process::test_kill_process(parent).map_err(io::Error::from),
        ),
    ]
}

fn attempt<T>(what: &str, outcome: io::Result<T>) -> Attempt {
    let error = outcome.err();
    Attempt {
        what: what.to_owned(),
        // Anything else that went wrong would go right on another machine.
        refused: error
            .as_ref()
            .is_some_and(|e| e.kind() == io::ErrorKind::PermissionDenied),
        answer: error.map_or_else(|| "allowed".to_owned(), |e| e.to_string()),
    }
}
