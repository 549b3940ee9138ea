//! `newsreel probe`: what an input holds, for people or as JSON.

use std::path::PathBuf;
use std::sync::Arc;

use newsreel_media::ffi::Source;
use newsreel_media::probe::{self, StreamSummary, Summary};
use newsreel_model::{Cancel, Error, Result};

use crate::printing;
use crate::source::FileSource;

#[derive(clap::Args)]
pub struct Arguments {
    /// The clip.
    input: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let source: Arc<dyn Source> = Arc::new(FileSource::open(&arguments.input)?);
    let summary = probe::summary(&source, &Cancel::default())?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&summary).map_err(|e| Error::bug(e.to_string()))?;
        printing::line(text);
    } else {
        print(&summary);
    }
    Ok(())
}

fn print(summary: &Summary) {
    let length = summary
        .duration_s
        .map_or_else(|| "unknown length".to_owned(), |d| format!("{d:.2} s"));
    printing::line(format!(
        "{}, {length}, {} bytes",
        summary.container, summary.size_bytes
    ));
    for stream in &summary.streams {
        let mark = if stream.chosen { "*" } else { " " };
        printing::line(format!(
            "{mark} #{} {}: {}",
            stream.index,
            stream.kind,
            details(stream)
        ));
    }
    for warning in &summary.warnings {
        printing::line(format!("warning: {} ({})", warning.message, warning.code));
    }
    printing::line("(* is what would be encoded)");
}

fn details(stream: &StreamSummary) -> String {
    let mut parts = vec![stream.codec.clone()];
    if let (Some(w), Some(h)) = (stream.width, stream.height) {
        parts.push(format!("{w}x{h}"));
    }
    if let Some(aspect) = &stream.sample_aspect {
        parts.push(format!("pixels {aspect}"));
    }
    parts.extend(stream.pixel_format.clone().filter(|f| !f.is_empty()));
    parts.extend(stream.frame_rate.map(|r| format!("{r:.3} frames/s")));
    if stream.interlaced {
        parts.push("interlaced".to_owned());
    }
    parts.extend(
        stream
            .sample_rate
            .filter(|r| *r > 0)
            .map(|r| format!("{r} Hz")),
    );
    parts.extend(
        stream
            .channels
            .filter(|c| *c > 0)
            .map(|c| format!("{c} channels")),
    );
    parts.extend(stream.language.clone());
    parts.join(", ")
}
