//! `newsreel events`: the daemon's events, one line each, for as long as one likes to read.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use newsreel_model::envelope::Envelope;
use newsreel_model::{Code, Error, JobId, Result};

use super::Connection;
use crate::printing;

/// Before asking again when the connection broke off.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Only those of this job, from its first on; ends when the job does.
    #[arg(long, value_name = "ID")]
    job: Option<JobId>,
    /// Begin after the event of this number.
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// Print each as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let path = match arguments.job {
        Some(id) => format!("/v1/jobs/{id}/events"),
        None => "/v1/events".to_owned(),
    };
    let mut last = arguments.after;
    let mut stream = arguments.connection.listen(&path, last)?;
    loop {
        if follow(arguments, stream, &mut last)? {
            return Ok(());
        }
        printing::note("newsreel: the connection broke off; asking again");
        stream = loop {
            std::thread::sleep(AGAIN);
            match arguments.connection.listen(&path, last) {
                Ok(stream) => break stream,
                // It may be starting again; anything else it says is final.
                Err(e) if e.code() == Code::EngineUnavailable => {}
                Err(e) => return Err(e),
            }
        };
    }
}

/// Prints events until the stream ends; whether nothing more is to come.
fn follow(
    arguments: &Arguments,
    stream: impl std::io::Read,
    last: &mut Option<u64>,
) -> Result<bool> {
    for line in BufReader::new(stream)
        .lines()
        .map_while(std::result::Result::ok)
    {
        let Some(json) = line.strip_prefix("data: ") else {
            continue;
        };
        let envelope: Envelope = serde_json::from_str(json)
            .map_err(|e| Error::bug(format!("an event cannot be read: {e}")))?;
        *last = envelope.id.or(*last);
        let words = if arguments.json {
            json.to_owned()
        } else {
            shown(&envelope)
        };
        printing::line(&words);
        let ended =
            ["job.completed", "job.failed", "job.cancelled"].contains(&envelope.kind.as_str());
        if ended && arguments.job.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn shown(envelope: &Envelope) -> String {
    let job = envelope
        .job_id
        .map_or_else(|| "-".to_owned(), |id| id.to_string());
    let data = serde_json::Value::Object(envelope.data.clone());
    format!(
        "{:.0}  {:<17}  {job}  {data}",
        envelope.created_at, envelope.kind
    )
}
