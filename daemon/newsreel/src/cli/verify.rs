//! `newsreel verify`: the gate over a finished output directory, for admins and after a copy.

use std::path::PathBuf;

use newsreel_media::gate;
use newsreel_model::job::JobState;
use newsreel_model::{Code, Error, Result};

use crate::job::record;
use crate::printing;

#[derive(clap::Args)]
pub struct Arguments {
    /// What `--out` named.
    directory: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let shown = arguments.directory.display();
    let Some(record) = record::read(&arguments.directory)? else {
        return Err(Error::new(
            Code::InputNotFound,
            format!("{shown} holds no job of newsreel"),
        ));
    };
    let (JobState::Completed, Some(plan)) = (record.state, &record.plan) else {
        return Err(Error::new(
            Code::GateFailed,
            format!(
                "the job in {shown} is not complete; run the same transcode command again to finish it"
            ),
        ));
    };
    let report = gate::check(&arguments.directory, plan, &record.journal);
    let (files, segments) = (report.checked_files, report.checked_segments);
    report.into_result()?;
    printing::line(format!(
        "{shown}: sound, {files} files and {segments} segments checked"
    ));
    Ok(())
}
