//! A mail server that keeps what it is sent, and answers as it is told. Not the daemon.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A mail as it came: the envelope's receivers and the text with its headers, and the answer it got.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: Vec<String>,
    pub text: String,
    pub answered: &'static str,
}

/// The answer to a mail, by how many came before.
type Manners = Arc<dyn Fn(usize) -> &'static str + Send + Sync>;

pub struct Sink {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Mail>>>,
}

impl Sink {
    pub fn start(manners: impl Fn(usize) -> &'static str + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let came: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let (all, manners): (_, Manners) = (Arc::clone(&came), Arc::new(manners));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (all, manners) = (Arc::clone(&all), Arc::clone(&manners));
                std::thread::spawn(move || serve(&stream, &all, &manners));
            }
        });
        Self { address, came }
    }

    pub fn came(&self) -> Vec<Mail> {
        self.came.lock().unwrap().clone()
    }

    /// Those it took.
    pub fn taken(&self) -> Vec<Mail> {
        let good = |mail: &Mail| mail.answered.starts_with('2');
        self.came().into_iter().filter(good).collect()
    }
}

/// One connection; none when it is over.
fn serve(mut stream: &TcpStream, all: &Mutex<Vec<Mail>>, manners: &Manners) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 sink")?;
    let mut to = Vec::new();
    loop {
        let line = lines.next()?.ok()?;
        let word = line.split([' ', ':']).next()?.to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" => say("250 sink")?,
            "RCPT" => {
                to.push(line.split(['<', '>']).nth(1)?.to_owned());
                say("250 good")?;
            }
            "DATA" => {
                say("354 go on")?;
                let text: Vec<String> = lines
                    .by_ref()
                    .map_while(Result::ok)
                    .take_while(|line| line != ".")
                    .collect();
                let mut all = all.lock().unwrap();
                let answered = manners(all.len());
                all.push(Mail {
                    to: std::mem::take(&mut to),
                    text: text.join("\n"),
                    answered,
                });
                drop(all);
                say(answered)?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 good")?,
        }
    }
}
