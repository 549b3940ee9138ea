//! What measuring finished rungs against their source needs of a job's directory. Not the measuring (`newsreel-media`).

use std::path::Path;

use newsreel_media::measure;
use newsreel_media::pipeline::RunControl;
use newsreel_media::prepare::Prepared;
use newsreel_model::job::layout;
use newsreel_model::plan::{Plan, Warning};
use newsreel_model::report::Quality;
use newsreel_model::{Cancel, Code, Error, Result};

/// Measures in this process what lies in `dir`. What cannot be measured is a warning: the ladder is as good as it was.
///
/// # Errors
/// Cancelled.
pub fn here(prepared: &Prepared, dir: &Path, cancel: &Cancel) -> Result<Measured> {
    let plan = &prepared.plan;
    let chosen = measure::sample(plan);
    let control = RunControl::new(cancel.clone());
    let segments = |rung, segment| published(dir, plan, rung, segment);
    let rungs: Vec<usize> = (0..plan.video.rungs.len()).collect();
    Measured::of(measure::measure(
        prepared,
        &rungs,
        &chosen,
        &segments,
        &|| {},
        &control,
    ))
}

/// What came of measuring.
#[derive(Default)]
pub struct Measured {
    /// Of each rung; empty where it failed or was not asked for.
    pub quality: Vec<Quality>,
    /// Why it failed.
    pub warning: Option<Warning>,
}

impl Measured {
    /// The outcome, of which only being cancelled ends the job.
    ///
    /// # Errors
    /// Cancelled.
    pub fn of(outcome: Result<Vec<Quality>>) -> Result<Self> {
        match outcome {
            Ok(quality) => Ok(Self {
                quality,
                warning: None,
            }),
            Err(error) if error.code() == Code::Cancelled => Err(error),
            Err(error) => Ok(Self {
                quality: Vec::new(),
                warning: Some(Warning::new(
                    "quality_not_measured",
                    format!("the rungs could not be compared with the source: {error}"),
                )),
            }),
        }
    }
}

/// A published segment of a rung with its init segment in front.
///
/// # Errors
/// It cannot be read.
pub fn published(dir: &Path, plan: &Plan, rung: usize, segment: usize) -> Result<Vec<u8>> {
    let rendition = layout::video_dir(&plan.video.rungs[rung].name);
    let mut bytes = Vec::new();
    for file in [layout::INIT.to_owned(), layout::segment(segment)] {
        let path = dir.join(&rendition).join(&file);
        let part = std::fs::read(&path)
            .map_err(|e| Error::bug(format!("{rendition}/{file} cannot be read back: {e}")))?;
        bytes.extend(part);
    }
    Ok(bytes)
}
