//! `newsreel job` and `newsreel cancel`: one job of a daemon.

use newsreel_model::control::JobView;
use newsreel_model::{JobId, Result};

use super::Connection;
use crate::printing;

#[derive(clap::Args)]
pub struct Arguments {
    /// Id of the job.
    id: JobId,
    #[command(flatten)]
    connection: Connection,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn show(arguments: &Arguments) -> Result<()> {
    let job = arguments
        .connection
        .get(&format!("/v1/jobs/{}", arguments.id))?;
    print(arguments, &job)
}

pub fn cancel(arguments: &Arguments) -> Result<()> {
    let path = format!("/v1/jobs/{}/cancel", arguments.id);
    let job = arguments.connection.post(&path, None::<&()>)?;
    print(arguments, &job)
}

fn print(arguments: &Arguments, job: &JobView) -> Result<()> {
    if arguments.json {
        return super::print_json(job);
    }
    printing::line(super::line(job));
    printing::line(format!("  profile      {}", job.spec.profile));
    printing::line(format!("  state        {}", job.state.name()));
    printing::line(format!("  destination  {}", job.destination));
    if let Some(path) = &job.playback_path {
        printing::line(format!("  plays at     {}", arguments.connection.url(path)));
    }
    for warning in &job.warnings {
        printing::line(format!(
            "  warning      {} ({})",
            warning.message, warning.code
        ));
    }
    if let Some(failure) = &job.failure {
        printing::line(format!(
            "  failed       {} ({})",
            failure.message, failure.code
        ));
    }
    Ok(())
}
