//! Asking for what is still missing of one input, and keeping what comes. Not here: asking again, or what the input is for.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use newsreel_model::{Code, Error, Result};
use ureq::Agent;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use ureq::http::{Response, StatusCode};
use ureq::unversioned::transport::DefaultConnector;

use super::{LOOK, room};
use crate::outgoing::{self, Guard, REFUSED};
use crate::settings::Settings;

/// How long one request may take. What came until then is kept, so a slow one is only asked again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_REDIRECTS: u32 = 5;
const BUFFER_BYTES: usize = 256 << 10;

/// What came of a request.
pub enum Came {
    /// The file is whole.
    Everything,
    /// A part or nothing; why no more.
    Part(String),
    /// Nobody wants it any more.
    Unwanted,
}

/// One input on its way.
pub struct Request {
    agent: Agent,
    url: String,
    file: File,
    at: u64,
    /// What the file's rest must be of.
    tag: Option<String>,
    most: u64,
    reserve: u64,
}

impl Request {
    /// Into a file that may hold something of an earlier daemon, which is brought anew: nothing tells of what file it is.
    ///
    /// # Errors
    /// A setting that was checked before is wrong after all.
    pub fn new(settings: &Settings, url: &str, file: File) -> Result<Self> {
        let config = settings.in_force();
        let allowed = outgoing::networks(&config.remote.allowed_networks)?;
        let agent = outgoing::settings()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .max_redirects(MAX_REDIRECTS)
            .build();
        Ok(Self {
            // Each redirect asks the guard for its addresses, too.
            agent: Agent::with_parts(agent, DefaultConnector::default(), Guard::new(allowed)),
            url: url.to_owned(),
            file,
            at: 0,
            tag: None,
            most: config.remote.max_mib << 20,
            reserve: config.storage.disk_reserve_mib << 20,
        })
    }

    /// Bytes that are there.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Puts what came on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> std::io::Result<()> {
        self.file.set_len(self.at)?;
        self.file.sync_all()
    }

    /// Asks once, and keeps what comes while `wanted`.
    ///
    /// # Errors
    /// What asking again would not help with.
    pub fn attempt(&mut self, wanted: &dyn Fn() -> bool) -> Result<Came> {
        if !wanted() {
            return Ok(Came::Unwanted);
        }
        let mut request = self
            .agent
            .get(&self.url)
            .header(ACCEPT_ENCODING, "identity");
        if let Some(tag) = self.tag.as_ref().filter(|_| self.at > 0) {
            request = request
                .header(RANGE, format!("bytes={}-", self.at))
                .header(IF_RANGE, tag);
        }
        match request.call() {
            Ok(answer) => self.judge(answer, wanted),
            Err(ureq::Error::Other(e)) if e.to_string() == REFUSED => Err(Error::new(
                Code::PathForbidden,
                "the address of the input is loopback, private, link-local or otherwise not public; name its network in remote.allowed_networks",
            )),
            Err(e @ (ureq::Error::BadUri(_) | ureq::Error::TooManyRedirects)) => Err(Error::new(
                Code::InputUnreadable,
                format!("the input cannot be had: {e}"),
            )),
            Err(e) => Ok(Came::Part(format!("the input cannot be had: {e}"))),
        }
    }

    fn judge(&mut self, answer: Response<ureq::Body>, wanted: &dyn Fn() -> bool) -> Result<Came> {
        let status = answer.status();
        let total = match status {
            StatusCode::OK => {
                self.at = 0;
                number(&answer, CONTENT_LENGTH.as_str())
            }
            StatusCode::PARTIAL_CONTENT => match range(&answer) {
                Some((first, total)) if first == self.at => Some(total),
                _ => return Err(unreadable("its server answered with another part of it")),
            },
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let words = format!("there is no such input: its server answered {status}");
                return Err(Error::new(Code::InputNotFound, words));
            }
            _ if passes(status) => return Ok(Came::Part(format!("its server answered {status}"))),
            _ => return Err(unreadable(&format!("its server answered {status}"))),
        };
        if total.is_some_and(|total| total > self.most) {
            return Err(self.too_large());
        }
        let missing = total.unwrap_or(0).saturating_sub(self.at);
        room(&self.file, self.reserve, missing)?;
        // A weak tag promises no bytes; without a strong one a broken request begins anew.
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        self.tag = tag.filter(|tag| tag.starts_with('"')).map(str::to_owned);
        self.keep(answer, total, wanted)
    }

    fn keep(
        &mut self,
        answer: Response<ureq::Body>,
        total: Option<u64>,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Came> {
        let mut body = answer.into_body().into_reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut looked = Instant::now();
        loop {
            let got = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => got,
                Err(e) => return Ok(Came::Part(format!("its server broke off: {e}"))),
            };
            let written = self.file.write_all_at(&buffer[..got], self.at);
            written.map_err(|e| Error::writing("the input", &e))?;
            self.at += got as u64;
            if self.at > self.most {
                return Err(self.too_large());
            }
            if looked.elapsed() >= LOOK {
                if !wanted() {
                    return Ok(Came::Unwanted);
                }
                looked = Instant::now();
            }
        }
        Ok(match total {
            Some(total) if self.at < total => Came::Part("its server broke off".to_owned()),
            _ => Came::Everything,
        })
    }

    fn too_large(&self) -> Error {
        let mib = self.most >> 20;
        unreadable(&format!("it is larger than {mib} MiB (remote.max_mib)"))
    }
}

fn unreadable(why: &str) -> Error {
    Error::new(
        Code::InputUnreadable,
        format!("the input cannot be had: {why}"),
    )
}

/// What may pass by itself.
fn passes(status: StatusCode) -> bool {
    let known = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_server_error() || known.contains(&status)
}

fn number(answer: &Response<ureq::Body>, name: &str) -> Option<u64> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}

/// The first byte and the whole length of `bytes FIRST-LAST/TOTAL`.
fn range(answer: &Response<ureq::Body>) -> Option<(u64, u64)> {
    let text = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (stretch, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = stretch.split_once('-')?;
    Some((first.parse().ok()?, total.parse().ok()?))
}
