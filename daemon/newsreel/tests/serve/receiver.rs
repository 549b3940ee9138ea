//! A receiver of webhooks that behaves as it is told. Not the daemon.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// A delivery as it came.
#[derive(Clone, Debug)]
pub struct Came {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub authorization: String,
    pub body: String,
    /// The answer it got.
    pub answered: Answer,
}

impl Came {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn number(&self) -> u64 {
        self.event()["id"].as_u64().unwrap()
    }

    pub fn kind(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }

    pub fn job(&self) -> String {
        self.event()["job_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// What a receiver does with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Status(u16),
    /// 200, after so many milliseconds.
    After(u64),
    /// The connection is closed in the middle of the answer.
    Close,
    /// Elsewhere.
    Redirect,
}

/// What decides, by the delivery and how many there were before.
type Manners = Box<dyn Fn(&Came, usize) -> Answer + Send + Sync>;

/// A receiver on a port of its own.
pub struct Receiver {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
    over: Arc<AtomicBool>,
}

impl Receiver {
    pub fn start(manners: impl Fn(&Came, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").unwrap(), manners)
    }

    pub fn at(
        listener: TcpListener,
        manners: impl Fn(&Came, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (came, over) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let manners: Arc<Manners> = Arc::new(Box::new(manners));
        let (all, ended) = (Arc::clone(&came), Arc::clone(&over));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (all, manners) = (Arc::clone(&all), Arc::clone(&manners));
                std::thread::spawn(move || while serve(&stream, &all, &manners).is_some() {});
            }
        });
        Self {
            address,
            came,
            over,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// Those it took.
    pub fn taken(&self) -> Vec<Came> {
        let good =
            |came: &Came| matches!(came.answered, Answer::Status(200..=299) | Answer::After(_));
        self.came().into_iter().filter(good).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// Takes one request of a connection; none when it is over.
fn serve(stream: &TcpStream, all: &Mutex<Vec<Came>>, manners: &Manners) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut header = |wanted: &mut std::collections::HashMap<String, String>| {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let line = line.trim_end();
        if let Some((name, value)) = line.split_once(": ") {
            wanted.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Some(line.is_empty())
    };
    let mut headers = std::collections::HashMap::new();
    while !header(&mut headers)? {}
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let take = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let mut came = Came {
        id: take("webhook-id"),
        timestamp: take("webhook-timestamp"),
        signature: take("webhook-signature"),
        authorization: take("authorization"),
        body: String::from_utf8(body).ok()?,
        answered: Answer::Close,
    };
    let mut list = all.lock().unwrap();
    came.answered = manners(&came, list.len());
    let answer = came.answered;
    list.push(came);
    drop(list);
    let mut stream = stream;
    let text = match answer {
        Answer::Status(status) => format!("HTTP/1.1 {status} Word\r\nContent-Length: 0\r\n\r\n"),
        Answer::After(ms) => {
            std::thread::sleep(Duration::from_millis(ms));
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
        }
        Answer::Redirect => {
            "HTTP/1.1 307 Word\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned()
        }
        Answer::Close => {
            let _ = stream.write_all(b"HTTP/1.1 2");
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return None;
        }
    };
    stream.write_all(text.as_bytes()).ok()
}
