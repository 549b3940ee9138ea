//! A client of uploads that can stop in the middle of a request. Not here: tests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use newsreel_model::spec::{InputSpec, JobSpec};

use crate::daemon::Daemon;
use crate::support::process::HANG_S;

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// A header's value, empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The code of a refusal.
    pub fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A client, with a key if there are any.
pub struct Tus<'a> {
    pub daemon: &'a Daemon,
    pub key: Option<String>,
}

impl<'a> Tus<'a> {
    pub fn new(daemon: &'a Daemon) -> Self {
        Self { daemon, key: None }
    }

    /// Sends the head of a request; the connection is there to go on with.
    pub fn send(&self, line: &str, headers: &[(&str, String)]) -> TcpStream {
        let host = self.daemon.address();
        let mut connection = TcpStream::connect(&host).unwrap();
        let hang = Some(Duration::from_secs(HANG_S));
        connection.set_read_timeout(hang).unwrap();
        connection.set_write_timeout(hang).unwrap();
        let mut text = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\n"
        );
        if let Some(key) = &self.key {
            text += &format!("Authorization: Bearer {key}\r\n");
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        connection.write_all((text + "\r\n").as_bytes()).unwrap();
        connection
    }

    pub fn ask(&self, line: &str, headers: &[(&str, String)]) -> Answer {
        answer(self.send(line, headers))
    }

    pub fn try_begin(&self, length: u64) -> Answer {
        let headers = [("Upload-Length", length.to_string())];
        self.ask("POST /v1/uploads", &headers)
    }

    /// The path of a new upload.
    #[track_caller]
    pub fn begin(&self, length: u64) -> String {
        let answer = self.try_begin(length);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.header("Location").to_owned()
    }

    /// Begins a piece of so many bytes, without sending any.
    pub fn piece(&self, at: &str, offset: u64, bytes: u64) -> TcpStream {
        let headers = [
            ("Content-Type", "application/offset+octet-stream".to_owned()),
            ("Upload-Offset", offset.to_string()),
            ("Content-Length", bytes.to_string()),
        ];
        self.send(&format!("PATCH {at}"), &headers)
    }

    pub fn patch(&self, at: &str, offset: u64, bytes: &[u8]) -> Answer {
        let mut connection = self.piece(at, offset, bytes.len() as u64);
        // A refusal may come before everything is sent.
        let _ = connection.write_all(bytes);
        answer(connection)
    }

    pub fn head(&self, at: &str) -> Answer {
        self.ask(&format!("HEAD {at}"), &[])
    }

    /// Bytes that have arrived.
    #[track_caller]
    pub fn offset(&self, at: &str) -> u64 {
        let answer = self.head(at);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("Upload-Offset").parse().unwrap()
    }
}

/// Reads an answer to its end.
pub fn answer(mut connection: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // What was refused before all was sent may end with a reset after the answer.
    let _ = connection.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// The id at the end of an upload's path.
pub fn id(at: &str) -> newsreel_model::UploadId {
    at.rsplit('/').next().unwrap().parse().unwrap()
}

/// A job over the upload at an address.
pub fn job_over(at: &str) -> JobSpec {
    let mut spec = JobSpec::new("");
    spec.profile = "story".to_owned();
    spec.input = InputSpec {
        url: String::new(),
        upload: Some(id(at)),
    };
    spec
}
