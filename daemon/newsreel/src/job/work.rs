//! The working part of a job in this process: the programme, its runs, and what is left to do when they are made.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use newsreel_media::ffi::{self, Source};
use newsreel_media::pictures::{self, RungPictures};
use newsreel_media::prepare::{Head, Prepared};
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::{Finished, JobRecord, layout};
use newsreel_model::plan::Plan;
use newsreel_model::ports::{Checkpoints, EventSink};
use newsreel_model::report::SourceReport;
use newsreel_model::{Code, Error, Result};
use parking_lot::Mutex;

use crate::source::FileSource;

use super::devices::Devices;
use super::journal::Journal;
use super::playlists::Playlists;
use super::programme::Programme;
use super::publisher::Publisher;
use super::quality::{self, Measured};
use super::report::{self, Milestones};
use super::runs::Runs;
use super::sink::{Sink, published_inits};
use super::{Context, files, finish, record, telling};

/// Does everything between the plan and the completed record.
///
/// # Errors
/// The first failure of any part.
pub fn execute(
    context: &Context<'_>,
    head: Head,
    journal: Journal,
    record: &mut JobRecord,
) -> Result<()> {
    let milestones = Arc::new(Milestones::new(context.started, Arc::clone(context.events)));
    let playlists = Arc::new(Mutex::new(Playlists::new(head.plan(), milestones.clone())));
    let reused = journal.finished().to_vec();
    let inits = published_inits(&context.dir, &reused);
    let publisher = Publisher::start(
        &context.dir,
        Box::new(journal),
        Arc::clone(&playlists),
        context.cancel.clone(),
    )?;
    let sink = Sink::new(&publisher, head.plan(), inits, &context.cancel);
    let finished: HashSet<String> = reused.iter().map(|f| f.path.clone()).collect();
    let devices = Devices::new(&context.request.devices);
    let known = record.plan.clone();
    let programme = Programme {
        source: &context.source,
        sink: &sink,
        finished: &finished,
        known: known.as_ref(),
        quality: context.request.profile.quality,
        sidecars: &context.request.sidecars,
        devices: &devices,
        on_fallback: &|fallback| milestones.emit(&Event::FellBack { fallback }),
        max_gap_s: context.request.limits.max_gap_s,
        cancel: &context.cancel,
        on_thumbnail: &|| milestones.thumbnail(),
        made_ahead: AtomicBool::new(false),
    };

    let encoded = std::thread::scope(|scope| {
        let result = programme.make(scope, head, |prepared, source| {
            settle(context, &prepared.plan, record)?;
            let runs = Runs {
                context,
                sink: &sink,
                finished: &finished,
                made_ahead: programme.made_ahead.load(Ordering::Acquire),
                milestones: &milestones,
                devices: &devices,
            };
            let runs = runs.encode(&prepared)?;
            Ok(Encoded {
                prepared,
                source,
                runs,
            })
        });
        if result.is_err() {
            context.cancel.cancel();
        }
        result
    });
    // The publisher's own failure is what stopped the others.
    let failure = publisher.failure();
    let (encoded, journal) = match (encoded, publisher.finish()) {
        (Ok(encoded), Ok(journal)) => (encoded, journal),
        (encoded, journal) => {
            let errors = failure
                .into_iter()
                .chain(journal.err())
                .chain(encoded.err());
            return Err(
                telling(errors).unwrap_or_else(|| Error::bug("a job failed without an error"))
            );
        }
    };

    context.events.emit(&Event::Phase {
        phase: Phase::Packaging,
    });
    ffi::give_back_memory();
    let prepared = &encoded.prepared;
    let journal = finish::finish(
        &context.dir,
        &prepared.plan,
        &context.cancel,
        &mut playlists.lock(),
        journal.finished(),
        |smallest| storyboard(context, &prepared.plan, smallest, &finished),
    )?;
    let measured = match context.request.measure && !prepared.plan.is_sound_alone() {
        true => quality::here(prepared, &context.dir, &context.cancel)?,
        false => Measured::default(),
    };
    for warning in measured.warning.iter().cloned() {
        context.events.emit(&Event::Warning { warning });
    }
    let facts = report::Facts {
        plan: &prepared.plan,
        source: &encoded.source,
        held: prepared.slots.held(),
        runs: encoded.runs,
        reused: &reused,
        milestones: &milestones,
        quality: &measured.quality,
        warnings: measured.warning.into_iter().collect(),
    };
    record.journal = report::write(&facts, &context.dir, journal)?;
    Ok(())
}

/// The storyboard is not urgent, and costs least when it is made of the lowest rung.
fn storyboard(
    context: &Context<'_>,
    plan: &Plan,
    smallest: &Path,
    finished: &HashSet<String>,
) -> Result<Vec<Finished>> {
    if finished.contains(layout::STORYBOARD) {
        return Ok(Vec::new());
    }
    let Some(rung) = plan.video.rungs.last() else {
        return Ok(Vec::new());
    };
    let source: Arc<dyn Source> = Arc::new(FileSource::open(smallest)?);
    let rung = RungPictures::open(source, plan, rung, &context.cancel)?;
    let board = pictures::storyboard(&rung.from(), layout::STORYBOARD, &context.cancel)?;
    let Some(board) = board else {
        return Ok(Vec::new());
    };
    Ok(vec![
        files::replace(&context.dir, layout::STORYBOARD_VTT, board.vtt.as_bytes())?,
        files::replace(&context.dir, layout::STORYBOARD, &board.jpeg)?,
    ])
}

/// What the encoding part hands to the finishing part.
struct Encoded {
    prepared: Prepared,
    source: SourceReport,
    runs: usize,
}

/// Records the complete plan, or checks it against the one that an interrupted job was encoded by.
fn settle(context: &Context<'_>, plan: &Plan, record: &mut JobRecord) -> Result<()> {
    for warning in &plan.warnings {
        context.events.emit(&Event::Warning {
            warning: warning.clone(),
        });
    }
    match &record.plan {
        Some(old) if old != plan => {
            return Err(Error::new(
                Code::OutputChanged,
                format!(
                    "the plan made from the input now differs from the one in {}; use --force to start afresh",
                    context.dir.display()
                ),
            ));
        }
        Some(_) => {}
        None => {
            record.plan = Some(plan.clone());
            record::write(&context.dir, record)?;
        }
    }
    context.events.emit(&Event::Phase {
        phase: Phase::Encoding,
    });
    Ok(())
}
