//! Asking for what is still missing of one input, and keeping what comes. Not here: asking again, or what the input is for.

use std::io::Read;
use std::time::{Duration, Instant};

use newsreel_model::{Code, Error, Result};
use ureq::Agent;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use ureq::http::{Response, StatusCode};
use ureq::unversioned::transport::DefaultConnector;

use super::landing::Landing;
use super::{Came, LOOK};
use crate::outgoing::{self, Guard, REFUSED};
use crate::settings::Settings;

/// How long one request may take. What came until then is kept, so a slow one is only asked again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_REDIRECTS: u32 = 5;
const BUFFER_BYTES: usize = 256 << 10;

/// One input on its way.
pub struct Request {
    agent: Agent,
    url: String,
    /// What the file's rest must be of.
    tag: Option<String>,
}

impl Request {
    /// Asks for nothing yet.
    ///
    /// # Errors
    /// A setting that was checked before is wrong after all.
    pub fn new(settings: &Settings, url: &str) -> Result<Self> {
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
            tag: None,
        })
    }

    /// Asks once, and keeps what comes while `wanted`.
    ///
    /// # Errors
    /// What asking again would not help with.
    pub fn attempt(&mut self, to: &mut Landing, wanted: &dyn Fn() -> bool) -> Result<Came> {
        if !wanted() {
            return Ok(Came::Unwanted);
        }
        let mut request = self
            .agent
            .get(&self.url)
            .header(ACCEPT_ENCODING, "identity");
        if let Some(tag) = self.tag.as_ref().filter(|_| to.at() > 0) {
            request = request
                .header(RANGE, format!("bytes={}-", to.at()))
                .header(IF_RANGE, tag);
        }
        match request.call() {
            Ok(answer) => self.judge(answer, to, wanted),
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

    fn judge(
        &mut self,
        answer: Response<ureq::Body>,
        to: &mut Landing,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Came> {
        let status = answer.status();
        let total = match status {
            StatusCode::OK => {
                to.begin_anew();
                number(&answer, CONTENT_LENGTH.as_str())
            }
            StatusCode::PARTIAL_CONTENT => match range(&answer) {
                Some((first, total)) if first == to.at() => Some(total),
                _ => return Err(unreadable("its server answered with another part of it")),
            },
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let words = format!("there is no such input: its server answered {status}");
                return Err(Error::new(Code::InputNotFound, words));
            }
            _ if passes(status) => return Ok(Came::Part(format!("its server answered {status}"))),
            _ => return Err(unreadable(&format!("its server answered {status}"))),
        };
        to.expect(total.unwrap_or(0))?;
        // A weak tag promises no bytes; without a strong one a broken request begins anew.
        let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        self.tag = tag.filter(|tag| tag.starts_with('"')).map(str::to_owned);
        keep(answer, total, to, wanted)
    }
}

fn keep(
    answer: Response<ureq::Body>,
    total: Option<u64>,
    to: &mut Landing,
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
        to.keep(&buffer[..got])?;
        if looked.elapsed() >= LOOK {
            if !wanted() {
                return Ok(Came::Unwanted);
            }
            looked = Instant::now();
        }
    }
    Ok(match total {
        Some(total) if to.at() < total => Came::Part("its server broke off".to_owned()),
        _ => Came::Everything,
    })
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
