//! One job from input to checked output, in this process: plan, head start, runs, sound, pictures, finish.
//!
//! Not here: how each part is done (`newsreel-media`), how pieces become public (`publisher`), any other job.

pub mod devices;
pub mod files;
pub mod fingerprint;
pub mod finish;
pub mod journal;
pub mod outdir;
pub mod playlists;
pub mod programme;
pub mod publisher;
pub mod quality;
pub mod record;
pub mod report;
mod runs;
pub mod sink;
mod tune;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use newsreel_config::Limits;
use newsreel_media::ffi::Source;
use newsreel_media::prepare;
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::{JOB_FORMAT, JOB_KIND, JobRecord, JobState, layout};
use newsreel_model::plan::Fingerprint;
use newsreel_model::ports::{Checkpoints, EventSink};
use newsreel_model::profile::Profile;
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Result};

use crate::printing;
use crate::source::FileSource;

use devices::DeviceRequest;
use journal::Journal;
use outdir::OutDir;

/// What one job is asked to do.
pub struct Request {
    /// The clip.
    pub input: PathBuf,
    /// Files of subtitles that belong to it.
    pub sidecars: Vec<Sidecar>,
    /// Where everything goes.
    pub out: PathBuf,
    /// Name of the profile, for the record.
    pub profile_name: String,
    /// The profile.
    pub profile: Profile,
    /// Whether an earlier job in `out` is thrown away.
    pub force: bool,
    /// Runs encoded at once; 0 lets the job choose.
    pub runs: u32,
    /// Where to decode and encode.
    pub devices: DeviceRequest,
    /// What a source may ask of us.
    pub limits: Limits,
    /// Whether the finished rungs are compared with the source.
    pub measure: bool,
}

/// Everything the parts of a job share.
struct Context<'a> {
    request: &'a Request,
    source: Arc<dyn Source>,
    dir: PathBuf,
    events: &'a Arc<dyn EventSink>,
    cancel: Cancel,
    started: Instant,
}

/// Runs the job to its end: on success everything promised is in `out` and has passed the gate.
///
/// # Errors
/// Whatever stopped it. Finished segments stay for the next attempt; bad input leaves nothing behind.
pub fn run(request: &Request, events: &Arc<dyn EventSink>, cancel: &Cancel) -> Result<()> {
    run_to_end(request, events, cancel).inspect_err(|error| {
        events.emit(&Event::Failed {
            code: error.code().name().to_owned(),
            message: error.message().to_owned(),
        });
    })
}

fn run_to_end(request: &Request, events: &Arc<dyn EventSink>, cancel: &Cancel) -> Result<()> {
    let started = Instant::now();
    events.emit(&Event::Phase {
        phase: Phase::Probing,
    });
    let source: Arc<dyn Source> = Arc::new(FileSource::open(&request.input)?);
    let fingerprint = fingerprint::of(source.as_ref(), &request.profile)?;
    let head = prepare::head(
        &source,
        &request.profile_name,
        &request.profile,
        &request.sidecars,
        limits(&request.limits),
        cancel,
    )?;

    let out = OutDir::open(&request.out, &fingerprint, request.force)?;
    let fresh = out.found.is_none();
    let mut record = match out.found.clone() {
        Some(record) if record.state == JobState::Completed => {
            printing::note(format!(
                "{} is already complete; --force starts it afresh",
                request.out.display()
            ));
            let _ = std::fs::remove_dir_all(out.path.join(layout::WORK));
            return Ok(());
        }
        Some(record) => record,
        None => new_record(request, fingerprint),
    };
    record.state = JobState::Running;
    record::write(&out.path, &record)?;

    // Anything that fails stops the rest of this job, but not the caller's own token.
    let context = Context {
        request,
        source,
        dir: out.path.clone(),
        events,
        cancel: Cancel::child(cancel),
        started,
    };
    let journal = Journal::open(&context.dir)?;
    events.emit(&Event::Started {
        job_id: record.id.clone(),
        segments_reused: journal
            .finished()
            .iter()
            .filter(|f| f.path.ends_with(".m4s"))
            .count(),
    });
    let outcome = work::execute(&context, head, journal, &mut record);
    match outcome {
        Ok(()) => {
            record.state = JobState::Completed;
            record::write(&context.dir, &record)?;
            // What is left there was only needed while the job ran.
            let _ = std::fs::remove_dir_all(context.dir.join(layout::WORK));
            events.emit(&Event::Completed {
                wall_s: started.elapsed().as_secs_f64(),
                spent: None,
            });
            Ok(())
        }
        Err(error) if fresh && is_bad_input(error.code()) => {
            out.abandon();
            Err(error)
        }
        Err(error) => {
            if error.code() != Code::Cancelled {
                record.state = JobState::Failed;
                // The error itself matters more than that its record could not be written either.
                let _ = record::write(&context.dir, &record);
            }
            Err(error)
        }
    }
}

/// Whether the input could never have become anything.
fn is_bad_input(code: Code) -> bool {
    matches!(
        code,
        Code::InputUnreadable | Code::InputNothingToEncode | Code::InputNestedReference
    )
}

fn new_record(request: &Request, fingerprint: Fingerprint) -> JobRecord {
    JobRecord {
        kind: JOB_KIND.to_owned(),
        format: JOB_FORMAT,
        id: uuid::Uuid::now_v7().to_string(),
        input: request.input.display().to_string(),
        state: JobState::Queued,
        created_at: jiff::Timestamp::now().to_string(),
        profile_name: request.profile_name.clone(),
        profile: request.profile.clone(),
        fingerprint,
        plan: None,
        journal: Vec::new(),
    }
}

/// The configuration's limits as planning takes them.
pub fn limits(limits: &Limits) -> prepare::Limits {
    prepare::Limits {
        max_packets: limits.max_input_frames,
        max_gap_s: limits.max_gap_s,
        lead_in_packets: usize::try_from(limits.lead_in_packets).unwrap_or(usize::MAX),
        max_duration_s: limits.max_duration_s,
    }
}

/// The error that says why, of several that came at once: a full disk stops encoders, and their word is only "stopped".
fn telling(errors: impl IntoIterator<Item = Error>) -> Option<Error> {
    let mut errors: Vec<Error> = errors.into_iter().collect();
    errors.sort_by_key(|e| matches!(e.code(), Code::Cancelled));
    errors.into_iter().next()
}
