//! A server that translates, asked over the daemon's own guarded HTTP. Not which subtitles are translated (`translate`).

use std::time::{Duration, Instant};

use newsreel_config::Translation;
use newsreel_media::text::{self, Cue};
use newsreel_model::{Cancel, Code, Error, Result};
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use crate::outgoing::{self, Guard, REFUSED};

/// Cues and characters of one request: what small servers take.
const MAX_CUES: usize = 50;
const MAX_CHARS: usize = 4_000;

/// The most bytes of an answer.
const MAX_ANSWER: u64 = 1 << 20;

/// The server.
pub struct Translator<'a> {
    agent: Agent,
    settings: &'a Translation,
}

/// As LibreTranslate has it.
#[derive(Serialize)]
struct Asked<'a> {
    q: Vec<&'a str>,
    source: &'a str,
    target: &'a str,
    /// Cues may be marked up as HTML is.
    format: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_key: &'a str,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "translatedText")]
    translated: Vec<String>,
}

impl<'a> Translator<'a> {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// A setting that was checked before is wrong after all.
    pub fn new(settings: &'a Translation) -> Result<Self> {
        let allowed = outgoing::networks(&settings.allowed_networks)?;
        let config = outgoing::settings().max_redirects(0).build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Guard::new(allowed));
        Ok(Self { agent, settings })
    }

    /// The cues in another language, with the times they have.
    ///
    /// # Errors
    /// The server cannot be had, refuses, answers with something else, or is not done `until` then.
    pub fn translate(
        &self,
        from: &str,
        to: &str,
        cues: &[Cue],
        until: Instant,
        cancel: &Cancel,
    ) -> Result<Vec<Cue>> {
        let mut made = Vec::with_capacity(cues.len());
        while let Some(rest) = cues.get(made.len()..).filter(|rest| !rest.is_empty()) {
            cancel.check()?;
            let mut chars = 0;
            let fits = rest.iter().take(MAX_CUES).take_while(|cue| {
                chars += cue.text.chars().count();
                chars <= MAX_CHARS
            });
            let part = &rest[..fits.count().max(1)];
            let texts = self.ask(from, to, part, until)?;
            made.extend(
                part.iter()
                    .zip(&texts)
                    .map(|(cue, t)| text::reworded(cue, t)),
            );
        }
        Ok(made)
    }

    fn ask(&self, from: &str, to: &str, cues: &[Cue], until: Instant) -> Result<Vec<String>> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(failed("it took too long"));
        }
        let asked = Asked {
            q: cues.iter().map(|cue| cue.text.as_str()).collect(),
            source: if from == "und" { "auto" } else { from },
            target: to,
            format: "html",
            api_key: self.settings.secret.reveal(),
        };
        let url = format!("{}/translate", self.settings.url.trim_end_matches('/'));
        let sent = self
            .agent
            .post(&url)
            .config()
            .timeout_global(Some(left.max(Duration::from_millis(1))))
            .build()
            .send_json(&asked);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(ureq::Error::Other(e)) if e.to_string() == REFUSED => {
                return Err(failed(
                    "its address is loopback, private, link-local or otherwise not public; name its network in translation.allowed_networks",
                ));
            }
            Err(e) => return Err(failed(&e.to_string())),
        };
        let status = answer.status();
        if !status.is_success() {
            return Err(failed(&format!("it answered {status}")));
        }
        let body = answer.body_mut().with_config().limit(MAX_ANSWER);
        let answered: Answered = body
            .read_json()
            .map_err(|e| failed(&format!("its answer cannot be read: {e}")))?;
        if answered.translated.len() != cues.len() {
            return Err(failed("it answered with another number of texts"));
        }
        Ok(answered.translated)
    }
}

fn failed(why: &str) -> Error {
    Error::new(
        Code::InputUnreadable,
        format!("the translator cannot be used: {why}"),
    )
}
