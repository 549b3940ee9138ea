//! What a collector of traces is told: each job is a trace, with what was done for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use newsreel_model::job::JobState;

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::support::turn;

/// Keeps the bodies of all requests to `/v1/traces`, which are protocol buffers.
struct Collector {
    address: SocketAddr,
    came: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let came: Arc<Mutex<Vec<u8>>> = Arc::default();
        let all = Arc::clone(&came);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let all = Arc::clone(&all);
                std::thread::spawn(move || while serve(&stream, &all).is_some() {});
            }
        });
        Self { address, came }
    }

    /// How often these bytes came.
    fn count(&self, bytes: &[u8]) -> usize {
        let came = self.came.lock().unwrap();
        came.windows(bytes.len()).filter(|w| *w == bytes).count()
    }
}

fn serve(mut stream: &TcpStream, all: &Mutex<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut path) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        if path.is_empty() {
            path.clone_from(&line);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if path.starts_with("POST /v1/traces ") {
        all.lock().unwrap().extend(body);
    }
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(answer).ok()
}

/// A field of a message: its tag, its length, its bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
    all.extend(bytes);
    all
}

#[test]
fn a_job_is_a_trace_with_its_sessions_and_deliveries() {
    let _turn = turn();
    let collector = Collector::start();
    let daemon = Daemon::start(&format!(
        "[traces]\nendpoint = \"http://{0}\"\n[webhooks.endpoints.cms]\nurl = \"http://{0}/hook\"\nsecret = \"whsec_{1}\"\n",
        collector.address,
        "A".repeat(44)
    ));
    let job = daemon.submit(&spec(&clip(6), "story"));
    daemon.wait_for(job.id, JobState::Completed);
    crate::processes::until("the receiver has all", || {
        let waiting = daemon.ask("GET", "/v1/webhooks", None, None).unwrap();
        waiting.as_array().unwrap().is_empty()
    });
    assert_eq!(daemon.stop(), Some(0));
    // Of a span, field 1 is its trace, 2 its own id, 4 that of the span it belongs to, 5 its name.
    let bytes = job.id.as_bytes();
    let (trace, own) = (field(1, bytes), field(2, &bytes[8..]));
    let parent = field(4, &bytes[8..]);
    assert_eq!(collector.count(&own), 1, "one span is the job");
    assert_eq!(collector.count(&field(5, b"job")), 1);
    for name in ["prepare", "run", "finish", "delivery"] {
        assert!(collector.count(&field(5, name.as_bytes())) > 0, "{name}");
    }
    let (all, parts) = (collector.count(&trace), collector.count(&parent));
    assert_eq!(all, parts + 1, "whatever is no job is a part of it");
}
