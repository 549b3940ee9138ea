//! `newsreel jobs`: the jobs of a daemon, newest first.

use crate::printing;
use newsreel_model::Result;
use newsreel_model::control::JobPage;

use super::Connection;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Only jobs in this state.
    #[arg(long, value_parser = ["queued", "running", "completed", "failed", "cancelled"])]
    state: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut path = format!("/v1/jobs?limit={}", arguments.limit);
    if let Some(state) = &arguments.state {
        path += &format!("&state={state}");
    }
    let page: JobPage = arguments.connection.get(&path)?;
    if arguments.json {
        return super::print_json(&page);
    }
    for job in &page.jobs {
        crate::printing::line(super::line(job));
    }
    if page.next_cursor.is_some() {
        printing::note("there are more: --limit goes up to 200, the API has pages");
    }
    Ok(())
}
