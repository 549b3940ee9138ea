//! Subtitles in further languages: begun when a track's text is there, beside the encode, and taken up when the job is finished.
//! What is not there by then is left out. Not how it is asked for (`translator`).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use newsreel_config::Translation;
use newsreel_media::text::{self, Cue, choose};
use newsreel_model::event::Event;
use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::{Plan, SubtitlePlan, Warning};
use newsreel_model::ports::EventSink;
use newsreel_model::{Cancel, Result};
use parking_lot::{Condvar, Mutex};

use super::live::LiveJob;
use super::translator::Translator;
use crate::job::files;
use crate::job::publisher::Piece;
use crate::threads;

/// The translations of one job.
#[derive(Default)]
pub struct Translations {
    begun: Mutex<Option<Arc<Work>>>,
}

/// Languages, each with the cues in it.
type Made = Vec<(String, Vec<Cue>)>;

/// One track on its way into other languages.
struct Work {
    until: Instant,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    made: Made,
    /// Why there are not more.
    why: Option<String>,
    over: bool,
}

/// What a finished job gets of it.
#[derive(Default)]
pub struct Translated {
    pub tracks: Vec<SubtitlePlan>,
    pub files: Vec<Finished>,
    pub warning: Option<Warning>,
}

impl LiveJob {
    /// Begins when this piece is the whole text of the track that is translated. It holds nothing up.
    pub(super) fn translate(&self, piece: &Piece) {
        if piece.finished.path.ends_with(layout::SUBTITLES_WHOLE) {
            self.begin_translation(|path| {
                (piece.finished.path == path).then(|| piece.bytes.clone())
            });
        }
    }

    /// Begins where the text was published already: before the plan was known, or by an earlier execution.
    pub(super) fn translate_published(&self) {
        self.begin_translation(|path| std::fs::read(self.dir().join(path)).ok());
    }

    fn begin_translation(&self, text: impl FnOnce(&str) -> Option<Vec<u8>>) {
        let settings = &self.translation;
        let Some(plan) = self.plan().filter(|_| !settings.url.is_empty()) else {
            return;
        };
        let Some((track, languages)) = wanted(&plan, settings) else {
            return;
        };
        let track = &plan.subtitles[track];
        if let Some(text) = text(&whole(track)) {
            self.translations
                .begin(settings, track, languages, &text, &self.cancel);
        }
    }

    /// The job's plan with the tracks that are there, and their files. Waits no longer than the settings say.
    ///
    /// # Errors
    /// Writing failed, or cancelled.
    pub(super) fn translated(&self, plan: &Plan) -> Result<Translated> {
        let settings = &self.translation;
        let Some((track, languages)) = wanted(plan, settings) else {
            return Ok(Translated::default());
        };
        self.translate_published();
        let (made, why) = self.translations.take(&self.cancel)?;
        let mut out = Translated::default();
        for (language, cues) in &made {
            let all = [plan.subtitles.as_slice(), &out.tracks].concat();
            let named = choose::translation(&all, track, language);
            out.files.extend(write(self.dir(), plan, &named, cues)?);
            out.tracks.push(named);
        }
        if made.len() < languages.len() {
            let why = why.unwrap_or_else(|| "it took too long".to_owned());
            let message = format!(
                "{} of {} languages are missing: {why}; see [translation] in the configuration",
                languages.len() - made.len(),
                languages.len()
            );
            let warning = Warning::new("subtitles_not_translated", message);
            self.milestones.emit(&Event::Warning {
                warning: warning.clone(),
            });
            out.warning = Some(warning);
        }
        Ok(out)
    }
}

/// Which track is translated, and into which languages: those that no track has.
fn wanted(plan: &Plan, settings: &Translation) -> Option<(usize, Vec<String>)> {
    if settings.url.is_empty() {
        return None;
    }
    let track = plan.subtitles.iter().position(|track| !track.forced)?;
    let main = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
    let is_there = |tag: &String| {
        let mut tracks = plan.subtitles.iter().filter(|track| !track.forced);
        tracks.any(|track| main(&track.language) == main(tag))
    };
    let languages: Vec<String> = settings.languages.clone();
    let missing: Vec<String> = languages.into_iter().filter(|l| !is_there(l)).collect();
    (!missing.is_empty()).then_some((track, missing))
}

fn whole(track: &SubtitlePlan) -> String {
    let dir = layout::subtitle_dir(&track.name);
    format!("{dir}/{}", layout::SUBTITLES_WHOLE)
}

fn write(dir: &Path, plan: &Plan, track: &SubtitlePlan, cues: &[Cue]) -> Result<Vec<Finished>> {
    let folder = layout::subtitle_dir(&track.name);
    let segments = (0..plan.grid.len()).map(|index| {
        let path = format!("{folder}/{}", layout::subtitle_segment(index));
        files::replace(dir, &path, text::segment(cues, plan, index).as_bytes())
    });
    let all =
        std::iter::once_with(|| files::replace(dir, &whole(track), text::whole(cues).as_bytes()));
    segments.chain(all).collect()
}

impl Translations {
    fn begin(
        &self,
        settings: &Translation,
        track: &SubtitlePlan,
        languages: Vec<String>,
        text: &[u8],
        cancel: &Cancel,
    ) {
        let mut begun = self.begun.lock();
        if begun.is_some() {
            return;
        }
        let work = Arc::new(Work {
            until: Instant::now() + Duration::from_secs(u64::from(settings.give_up_s)),
            state: Mutex::default(),
            moved: Condvar::new(),
        });
        *begun = Some(Arc::clone(&work));
        let (settings, cancel) = (settings.clone(), cancel.clone());
        let (from, cues) = (track.language.clone(), text::cues(text));
        let begin = threads::start("translate", {
            let work = Arc::clone(&work);
            move || {
                let why = work.run(&settings, &from, &cues, &languages, &cancel).err();
                work.end(why.map(|error| error.to_string()));
            }
        });
        if let Err(error) = begin {
            work.end(Some(error.to_string()));
        }
    }

    /// What is there, waiting for more as long as there is time; and why there is not more.
    fn take(&self, cancel: &Cancel) -> Result<(Made, Option<String>)> {
        let Some(work) = self.begun.lock().clone() else {
            return Ok((Vec::new(), Some("there is no text".to_owned())));
        };
        let mut state = work.state.lock();
        while !state.over && Instant::now() < work.until {
            cancel.check()?;
            work.moved.wait_for(&mut state, Duration::from_millis(100));
        }
        Ok((state.made.clone(), state.why.clone()))
    }
}

impl Work {
    fn run(
        &self,
        settings: &Translation,
        from: &str,
        cues: &[Cue],
        languages: &[String],
        cancel: &Cancel,
    ) -> Result<()> {
        let translator = Translator::new(settings)?;
        for language in languages {
            let made = translator.translate(from, language, cues, self.until, cancel)?;
            self.state.lock().made.push((language.clone(), made));
        }
        Ok(())
    }

    fn end(&self, why: Option<String>) {
        let mut state = self.state.lock();
        (state.why, state.over) = (why, true);
        self.moved.notify_all();
    }
}
