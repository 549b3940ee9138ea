//! Running the command (and the judges) so that nothing can hang a test.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The binary under test.
pub const NEWSREEL: &str = env!("CARGO_BIN_EXE_newsreel");

/// What hangs is killed after this, in seconds; nothing here takes a quarter of it.
pub const HANG_S: u64 = 120;

/// How a process ended and all it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Exit code, or 128 + the signal, as shells have it.
    pub fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// Fails unless it ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let from = self.stdout.len().saturating_sub(600);
        let said = String::from_utf8_lossy(&self.stdout.as_bytes()[from..]);
        assert_eq!(
            self.code(),
            code,
            "\nstdout ends: {said}\nstderr: {}",
            self.stderr
        );
        self
    }

    /// The one line of an error: nothing else may be on stderr.
    #[track_caller]
    pub fn one_line(&self) -> &str {
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert!(
            lines.len() == 1 && lines[0].starts_with("newsreel: ") && lines[0].len() > 20,
            "one line that says why, not:\n{}",
            self.stderr
        );
        lines[0]
    }
}

/// A running process whose output is being read.
pub struct Running {
    pub child: Child,
    readers: [JoinHandle<String>; 2],
    what: String,
}

/// A `newsreel` command with these arguments.
pub fn newsreel<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(NEWSREEL);
    command.args(arguments).env_remove("NEWSREEL_LOG");
    command
}

/// Starts the command; its output is read beside it.
pub fn start(command: &mut Command) -> Running {
    let what = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let readers = [
        read_all(child.stdout.take().unwrap()),
        read_all(child.stderr.take().unwrap()),
    ];
    Running {
        child,
        readers,
        what,
    }
}

/// Runs the command to its end, however it ends.
#[track_caller]
pub fn run(command: &mut Command) -> Ended {
    start(command).end(HANG_S)
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Running {
    /// Waits for the end; what takes longer than `limit_s` is killed and fails the test.
    #[track_caller]
    pub fn end(mut self, limit_s: u64) -> Ended {
        let until = Instant::now() + Duration::from_secs(limit_s);
        while self.child.try_wait().unwrap().is_none() {
            if Instant::now() > until {
                self.child.kill().unwrap();
                let ended = self.gather();
                panic!(
                    "hangs for more than {limit_s} s: {}\n{}",
                    ended.0, ended.1.stderr
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.gather().1
    }

    /// `kill -9`, and how it then ended.
    pub fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.gather().1
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success(), "kill -s {name} {pid}");
    }

    /// Polls until `ready` or the process has ended; whether it was `ready`.
    #[track_caller]
    pub fn until(&mut self, mut ready: impl FnMut() -> bool) -> bool {
        let until = Instant::now() + Duration::from_secs(HANG_S);
        loop {
            if ready() {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < until, "never came so far: {}", self.what);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn gather(mut self) -> (String, Ended) {
        let status = self.child.wait().unwrap();
        let [stdout, stderr] = self.readers.map(|r| r.join().unwrap());
        let ended = Ended {
            status,
            stdout,
            stderr,
        };
        (self.what, ended)
    }
}
