//! A mail server that keeps what it is sent, and answers as it is told. Not the daemon.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A mail as it came: the envelope's receivers and the text with its headers, and the answer it got.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: Vec<String>,
    pub text: String,
    pub answered: &'static str,
}

/// The answer to a mail, by how many came before.
type Manners = Arc<dyn Fn(usize) -> &'static str + Send + Sync>;

/// How the server is talked to.
#[derive(Clone)]
pub enum Security {
    None,
    /// From the first byte.
    Tls(Arc<ServerConfig>),
    /// Once it was asked for; before that no mail is taken.
    Starttls(Arc<ServerConfig>),
}

pub struct Sink {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Mail>>>,
}

impl Sink {
    pub fn start(manners: impl Fn(usize) -> &'static str + Send + Sync + 'static) -> Self {
        Self::secured(&Security::None, manners)
    }

    pub fn secured(
        security: &Security,
        manners: impl Fn(usize) -> &'static str + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let came: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let office = Office {
            all: Arc::clone(&came),
            manners: Arc::new(manners),
        };
        let security = security.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (office, security) = (office.clone(), security.clone());
                std::thread::spawn(move || match security {
                    Security::None => office.serve(stream, true, None),
                    Security::Tls(config) => office.serve(wrap(&config, stream)?, true, None),
                    Security::Starttls(config) => office.serve(stream, true, Some(&config)),
                });
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

fn wrap<S: Read + Write>(
    config: &Arc<ServerConfig>,
    stream: S,
) -> Option<StreamOwned<ServerConnection, S>> {
    let connection = ServerConnection::new(Arc::clone(config)).ok()?;
    Some(StreamOwned::new(connection, stream))
}

#[derive(Clone)]
struct Office {
    all: Arc<Mutex<Vec<Mail>>>,
    manners: Manners,
}

impl Office {
    /// One connection, up to its end or, with `starttls`, on in an encrypted one.
    fn serve<S: Read + Write>(
        &self,
        stream: S,
        greet: bool,
        starttls: Option<&Arc<ServerConfig>>,
    ) -> Option<()> {
        let mut stream = BufReader::new(stream);
        if greet {
            say(&mut stream, "220 sink")?;
        }
        let mut to = Vec::new();
        loop {
            let line = hear(&mut stream)?;
            let word = line.split([' ', ':']).next()?.to_ascii_uppercase();
            match (word.as_str(), starttls) {
                ("EHLO" | "HELO", None) => say(&mut stream, "250 sink")?,
                ("EHLO" | "HELO", Some(_)) => say(&mut stream, "250-sink\r\n250 STARTTLS")?,
                ("STARTTLS", Some(config)) => {
                    say(&mut stream, "220 go on")?;
                    return self.serve_within(wrap(config, stream.into_inner())?);
                }
                ("QUIT", _) => return say(&mut stream, "221 bye"),
                (_, Some(_)) => say(&mut stream, "530 encrypt first")?,
                ("RCPT", None) => {
                    to.push(line.split(['<', '>']).nth(1)?.to_owned());
                    say(&mut stream, "250 good")?;
                }
                ("DATA", None) => {
                    say(&mut stream, "354 go on")?;
                    let lines = std::iter::from_fn(|| hear(&mut stream));
                    let text: Vec<String> = lines.take_while(|line| line != ".").collect();
                    let answered = self.keep(std::mem::take(&mut to), text.join("\n"));
                    say(&mut stream, answered)?;
                }
                _ => say(&mut stream, "250 good")?,
            }
        }
    }

    /// Not generic, or the types of streams within streams would have no end.
    fn serve_within(&self, stream: impl Read + Write) -> Option<()> {
        let mut stream = stream;
        let within: &mut dyn Both = &mut stream;
        self.serve(within, false, None)
    }

    fn keep(&self, to: Vec<String>, text: String) -> &'static str {
        let mut all = self.all.lock().unwrap();
        let answered = (self.manners)(all.len());
        all.push(Mail { to, text, answered });
        answered
    }
}

trait Both: Read + Write {}
impl<S: Read + Write> Both for S {}

fn say(stream: &mut BufReader<impl Read + Write>, text: &str) -> Option<()> {
    let stream = stream.get_mut();
    stream.write_all(format!("{text}\r\n").as_bytes()).ok()?;
    stream.flush().ok()
}

/// A line without its end; none when there are no more.
fn hear(stream: &mut BufReader<impl Read + Write>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}
