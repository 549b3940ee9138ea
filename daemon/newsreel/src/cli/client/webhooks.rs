//! `newsreel webhooks`: receivers, what was given up for them, and the secrets of those that jobs bring along.

use std::path::Path;

use newsreel_model::Result;
use newsreel_model::webhook::EndpointView;

use super::Connection;
use crate::cli::load;
use crate::printing;
use crate::webhooks;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the receivers that something is on its way to, or was given up for.
    List {
        #[command(flatten)]
        connection: Connection,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Try again what was given up for a receiver.
    Replay {
        /// As `list` shows it: name:NAME, mail:NAME, message:NAME or url:URL.
        endpoint: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print what deliveries to a job's own receiver are signed with. Runs where the daemon runs, with its configuration.
    Secret {
        /// The receiver's address, exactly as jobs give it.
        url: String,
        /// The daemon's directory, if not the configuration's.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<String>,
    },
}

#[derive(serde::Deserialize)]
struct Replayed {
    replayed: u64,
}

pub fn run(command: &Command, config: Option<&Path>) -> Result<()> {
    match command {
        Command::List { connection, json } => {
            let all: Vec<EndpointView> = connection.get("/v1/webhooks")?;
            if *json {
                return super::print_json(&all);
            }
            for view in all {
                let error = view.last_error.unwrap_or_default();
                let (waiting, parked) = (view.waiting, view.parked);
                printing::line(format!(
                    "{}  {waiting} waiting, {parked} given up  {error}",
                    view.endpoint
                ));
            }
        }
        Command::Replay {
            endpoint,
            connection,
        } => {
            let name =
                percent_encoding::utf8_percent_encode(endpoint, percent_encoding::NON_ALPHANUMERIC);
            let path = format!("/v1/webhooks/replay?endpoint={name}");
            let done: Replayed = connection.post(&path, None::<&()>)?;
            printing::line(format!("{} deliveries go out again", done.replayed));
        }
        Command::Secret { url, data_dir } => {
            let configured = load(config)?.storage.data_dir;
            let dir = data_dir.as_ref().unwrap_or(&configured);
            let master = webhooks::master(Path::new(dir))?;
            printing::line(webhooks::of_url(&master, url));
        }
    }
    Ok(())
}
