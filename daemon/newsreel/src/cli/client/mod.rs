//! Commands that ask a running daemon over HTTP. Not the daemon.

pub mod events;
pub mod job;
pub mod jobs;
pub mod submit;
pub mod webhooks;

use std::time::Duration;

use newsreel_model::control::JobView;
use newsreel_model::{Code, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where the daemon is.
#[derive(clap::Args)]
pub struct Connection {
    /// Address of the daemon.
    #[arg(
        long,
        value_name = "URL",
        env = "NEWSREEL_URL",
        default_value = "http://127.0.0.1:8470"
    )]
    server: String,
    /// Key to show to the daemon, as `newsreel key new` printed it.
    #[arg(long, env = "NEWSREEL_KEY", hide_env_values = true)]
    key: Option<String>,
}

/// What became of a request.
type Sent = std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>;

/// An error as the daemon tells it.
#[derive(serde::Deserialize)]
struct Problem {
    code: Option<Code>,
    title: Option<String>,
    detail: Option<String>,
}

impl Connection {
    /// The daemon's address with a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.trim_end_matches('/'))
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false)
            .build()
            .into()
    }

    fn with_key<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let sent = self.with_key(Self::agent().get(self.url(path))).call();
        self.read(sent)
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: Option<&impl Serialize>) -> Result<T> {
        let request = self.with_key(Self::agent().post(self.url(path)));
        let sent = match body {
            Some(body) => request.send_json(body),
            None => request.send_empty(),
        };
        self.read(sent)
    }

    /// A stream of events that has no end.
    fn listen(&self, path: &str, after: Option<u64>) -> Result<impl std::io::Read + use<>> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .build()
            .into();
        let mut request = self.with_key(agent.get(self.url(path)));
        if let Some(id) = after {
            request = request.header("Last-Event-ID", id.to_string());
        }
        let answer = self.good(request.call())?;
        Ok(answer.into_body().into_reader())
    }

    fn read<T: DeserializeOwned>(&self, sent: Sent) -> Result<T> {
        self.good(sent)?
            .body_mut()
            .read_json()
            .map_err(|e| Error::bug(format!("the daemon's answer cannot be read: {e}")))
    }

    /// An answer that is no failure.
    fn good(&self, sent: Sent) -> Result<ureq::http::Response<ureq::Body>> {
        let unreachable = |e: ureq::Error| {
            Error::new(
                Code::EngineUnavailable,
                format!(
                    "no daemon answers at {}: {e}; start one with `newsreel serve`, or say where it is with --server",
                    self.server
                ),
            )
        };
        let mut answer = sent.map_err(unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let problem = answer.body_mut().read_json::<Problem>().ok();
        let code = problem.as_ref().and_then(|p| p.code);
        let words = problem.and_then(|p| p.detail.or(p.title));
        Err(Error::new(
            code.unwrap_or(Code::Usage),
            words.unwrap_or_else(|| format!("the daemon answered {status}")),
        ))
    }
}

/// One line for a list.
pub fn line(job: &JobView) -> String {
    let input = job.spec.input.to_string();
    let name = job.spec.title.as_deref().unwrap_or(&input);
    format!(
        "{}  {:<9}  {:>3.0} %  {:>3}  {}",
        job.id,
        job.state.name(),
        (job.progress.progress * 100.0).floor(),
        job.spec.priority,
        name
    )
}

/// Prints as JSON.
///
/// # Errors
/// None that is expected.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::bug(e.to_string()))?;
    crate::printing::line(&text);
    Ok(())
}
