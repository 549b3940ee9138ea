//! Files of subtitles that a job brings along: opened below the roots and read, as they are. Not what is in them.

use newsreel_media::text;
use newsreel_model::spec::SubtitleSpec;
use newsreel_model::store::StoredJob;
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Code, Error, Result};

use super::inputs::Roots;

/// Reads what a job names, in its order. Of a file that is too large it reads enough to tell.
///
/// # Errors
/// One is not below a root, not there, or cannot be read.
pub fn read(job: &StoredJob, roots: &Roots) -> Result<Vec<Sidecar>> {
    let one = |(number, asked): (usize, &SubtitleSpec)| {
        let field = format!("subtitles[{number}].url");
        let file = roots.open_file(&field, &asked.url)?;
        text::read_sidecar(file.file(), &asked.language)
            .map_err(|e| Error::new(Code::InputUnreadable, format!("`{field}`: {e}")))
    };
    job.spec.subtitles.iter().enumerate().map(one).collect()
}
