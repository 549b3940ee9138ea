//! `newsreel submit`: a clip handed to the daemon, and on demand watched until it ends.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use newsreel_model::control::JobView;
use newsreel_model::job::JobState;
use newsreel_model::spec::JobSpec;
use newsreel_model::{Code, Error, Result};

use super::Connection;
use crate::cli::progress;
use crate::printing;

/// Between two looks at a watched job.
const LOOK: Duration = Duration::from_millis(250);

#[derive(clap::Args)]
pub struct Arguments {
    /// The clip: a path on the daemon's machine, or a file:// URL.
    input: String,
    #[command(flatten)]
    connection: Connection,
    /// Which of the daemon's profiles to use.
    #[arg(long, default_value = "web")]
    profile: String,
    /// 0–100, higher first; from 90 on it takes the place of running work.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(0..=100))]
    priority: u8,
    /// For people.
    #[arg(long)]
    title: Option<String>,
    /// Whose job it is.
    #[arg(long, default_value = "default")]
    tenant: String,
    /// Directory to write to (a path or file:// URL), below one of the daemon's output roots.
    #[arg(long, value_name = "DIR")]
    destination: Option<String>,
    /// When it should be complete, such as 2026-11-03T21:00:00Z.
    #[arg(long, value_name = "TIME")]
    deadline: Option<Timestamp>,
    /// Compare each rung with the source when it is made.
    #[arg(long)]
    measure: bool,
    /// Stay until the job has ended, and fail if it fails.
    #[arg(long)]
    watch: bool,
    /// Print the job as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut spec = JobSpec::new(url_of(&arguments.input)?);
    spec.profile.clone_from(&arguments.profile);
    spec.priority = arguments.priority;
    spec.title.clone_from(&arguments.title);
    spec.tenant.clone_from(&arguments.tenant);
    spec.deadline = arguments.deadline;
    spec.measure = arguments.measure;
    spec.destination = arguments.destination.as_deref().map(url_of).transpose()?;
    let connection = &arguments.connection;
    let mut job: JobView = connection.post("/v1/jobs", Some(&spec))?;
    if arguments.watch {
        job = watch(connection, job, arguments.json)?;
    }
    if arguments.json {
        super::print_json(&job)?;
    } else if !arguments.watch {
        crate::printing::line(job.id.to_string());
    }
    match (job.state, job.failure) {
        (JobState::Failed, Some(failure)) => Err(failed(failure.code, failure.message)),
        (JobState::Cancelled, _) => Err(Error::new(Code::Cancelled, "the job was cancelled")),
        _ => Ok(()),
    }
}

/// A path becomes the URL of its absolute form.
fn url_of(input: &str) -> Result<String> {
    if input.contains("://") {
        return Ok(input.to_owned());
    }
    let absolute = std::path::absolute(Path::new(input))
        .map_err(|e| Error::new(Code::Usage, format!("{input}: {e}")))?;
    url::Url::from_file_path(absolute)
        .map(String::from)
        .map_err(|()| Error::new(Code::Usage, format!("{input} cannot be made a URL")))
}

fn failed(code: String, message: String) -> Error {
    let known = serde_json::from_value(serde_json::Value::String(code)).ok();
    Error::new(known.unwrap_or(Code::Internal), message)
}

fn watch(connection: &Connection, mut job: JobView, quiet: bool) -> Result<JobView> {
    let bar = if quiet { None } else { progress::bar() };
    let say = |line: String| match &bar {
        Some(bar) => bar.println(line),
        None if quiet => {}
        None => printing::note(line),
    };
    say(format!("job {}", job.id));
    let (mut playable, mut shown) = (false, Instant::now());
    loop {
        if !playable && let Some(path) = &job.playback_path {
            playable = true;
            say(format!("playable: {}", connection.url(path)));
        }
        let p = &job.progress;
        let frames = (p.frames_done, p.frames_total);
        if let Some(line) = progress::pace(bar.as_ref(), &mut shown, frames, p.speed, p.eta_s) {
            say(line);
        }
        if !matches!(job.state, JobState::Queued | JobState::Running) {
            break;
        }
        std::thread::sleep(LOOK);
        job = connection.get(&format!("/v1/jobs/{}", job.id))?;
    }
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    for warning in &job.warnings {
        say(format!("warning: {} ({})", warning.message, warning.code));
    }
    if job.state == JobState::Completed {
        say(format!("complete: {}", job.destination));
    }
    Ok(job)
}
