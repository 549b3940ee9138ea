//! Inputs on other machines: brought over a server that breaks off, refused where they may not be, left when nobody wants them.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use newsreel_model::job::JobState;
use newsreel_model::spec::JobSpec;

use crate::daemon::{Bad, Daemon, dir};
use crate::processes::until;
use crate::support::turn;
use crate::{clip, sound};

/// What a server of one file does with its next requests.
#[derive(Clone, Copy)]
enum Next {
    /// Answers with so many bytes and breaks off.
    Break(usize),
    /// Answers with a status alone.
    Say(&'static str),
    /// Sends what is asked for, one byte and then no more.
    Hang,
    /// Sends what is asked for.
    Send,
}

/// A server of one file on loopback.
struct Server {
    url: String,
    /// What was asked for, by the `Range` of each request.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(file: Vec<u8>, plan: &[Next]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a.mp4", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let plan = plan.to_vec();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let number = heard.lock().unwrap().len();
                let next = plan.get(number).copied().unwrap_or(Next::Send);
                let range = read(&connection);
                heard.lock().unwrap().push(range.clone());
                let file = file.clone();
                std::thread::spawn(move || answer(connection, &file, &range, next));
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads a request; its range.
fn read(connection: &TcpStream) -> String {
    let lines = BufReader::new(connection).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let mut ranges = head.iter().filter_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("range: ")
            .map(str::to_owned)
    });
    ranges.next().unwrap_or_default()
}

fn answer(mut connection: TcpStream, file: &[u8], range: &str, next: Next) {
    if let Next::Say(status) = next {
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = connection.write_all(text.as_bytes());
        return;
    }
    let from = range
        .strip_prefix("bytes=")
        .and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    let total = file.len();
    let rest = &file[from.unwrap_or(0)..];
    let status = match from {
        Some(from) => format!(
            "206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}",
            total - 1
        ),
        None => "200 OK".to_owned(),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"one\"\r\nConnection: close\r\n\r\n",
        rest.len()
    );
    let _ = connection.write_all(head.as_bytes());
    match next {
        Next::Break(bytes) => {
            let _ = connection.write_all(&rest[..bytes.min(rest.len())]);
        }
        Next::Hang => {
            let _ = connection.write_all(&rest[..1]);
            std::thread::park();
        }
        _ => {
            let _ = connection.write_all(rest);
        }
    }
}

const LOOPBACK: &str = "[remote]\ntries = 3\nallowed_networks = [\"127.0.0.0/8\"]\n";

fn job_over(url: &str) -> JobSpec {
    let mut spec = JobSpec::new(url);
    spec.profile = "story".to_owned();
    spec
}

/// What the daemon keeps of inputs that it brought.
fn kept(daemon: &Daemon) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(daemon.path("data/inputs")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn an_input_is_brought_over_a_server_that_breaks_off_and_goes_when_its_job_has_ended() {
    let _turn = turn();
    let daemon = Daemon::start(LOOPBACK);
    let file = std::fs::read(clip(2)).unwrap();
    let busy = Next::Say("503 Service Unavailable");
    let server = Server::start(
        file,
        &[busy, Next::Break(1000), busy, busy, Next::Break(500)],
    );
    let job = daemon.submit(&job_over(&server.url));
    let done = daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&done));
    assert_eq!(done.spec.input.url, server.url);
    let again = [
        "",
        "",
        "bytes=1000-",
        "bytes=1000-",
        "bytes=1000-",
        "bytes=1500-",
    ];
    assert_eq!(server.asked(), again);
    assert_eq!(kept(&daemon).len(), 1, "it may be wanted until then");
    daemon.stop();
    daemon.restart();
    until("it is removed", || kept(&daemon).is_empty());
}

#[test]
fn what_cannot_be_had_fails_its_job_and_says_why() {
    let _turn = turn();
    let daemon = Daemon::start(LOOPBACK);
    for (plan, code, asked) in [
        (&[Next::Say("404 Not Found")][..], "input_not_found", 1),
        (&[Next::Say("403 Forbidden")][..], "input_unreadable", 1),
        (
            &[Next::Say("502 Bad Gateway"); 9][..],
            "input_unreadable",
            3,
        ),
        (
            &[Next::Say("302 Found\r\nLocation: http://10.0.0.1/x")][..],
            "path_forbidden",
            1,
        ),
    ] {
        let server = Server::start(vec![0; 10], plan);
        let job = daemon.submit(&job_over(&server.url));
        let failed = daemon.wait_for(job.id, JobState::Failed);
        assert_eq!(failed.failure.unwrap().code, code);
        assert_eq!(server.asked().len(), asked, "{code}");
    }
}

#[test]
fn this_machine_is_not_asked_unless_that_is_allowed() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let server = Server::start(vec![0; 10], &[]);
    let job = daemon.submit(&job_over(&server.url));
    let failed = daemon.wait_for(job.id, JobState::Failed);
    assert_eq!(failed.failure.unwrap().code, "path_forbidden");
    assert_eq!(server.asked(), [""; 0]);
    let secret = job_over("https://user:hunter2@cms.example/a.mp4");
    match daemon.try_submit(&secret, None) {
        Err(Bad::Refused(refused)) => assert_eq!(refused.code, "request_invalid"),
        other => panic!("{other:?}"),
    }
    assert!(!daemon.said().contains("hunter2"));
}

#[test]
fn an_input_is_brought_anew_after_a_kill_and_left_when_its_job_is_cancelled() {
    let _turn = turn();
    let daemon = Daemon::start(LOOPBACK);
    let file = std::fs::read(clip(2)).unwrap();
    let server = Server::start(file, &[Next::Hang]);
    let job = daemon.submit(&job_over(&server.url));
    until("it is on its way", || server.asked().len() == 1);
    daemon.kill9();
    daemon.restart();
    daemon.wait_for(job.id, JobState::Completed);
    let slow = Server::start(vec![0; 1 << 20], &[Next::Say("503 Service Unavailable"); 2]);
    let unwanted = daemon.submit(&job_over(&slow.url));
    daemon.tell(unwanted.id, "cancel").unwrap();
    until("what came is removed", || {
        kept(&daemon)
            .iter()
            .all(|path| !path.to_string_lossy().contains(&unwanted.id.to_string()))
    });
    assert_eq!(daemon.job(unwanted.id).state, JobState::Cancelled);
}
