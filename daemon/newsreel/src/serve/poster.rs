//! Another poster for a completed job, in every size, here and where it was delivered to. Not here: making pictures.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use newsreel_model::control::JobView;
use newsreel_model::job::{Finished, JobRecord, JobState, layout};
use newsreel_model::steer::PosterChoice;
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, JobId, Result};

use super::control::{Daemon, open_below};
use super::place;
use super::steer::wrong_state;
use crate::job::{files, record};
use crate::storage::{self, Delivered};

/// Larger than any thumbnail we make.
const MAX_PICTURE_BYTES: u64 = 16 << 20;

/// Files by path.
type Posters = Vec<(String, Vec<u8>)>;

impl Daemon {
    /// The bucket's posters first: what is here can be changed at any time.
    pub(super) fn poster_now(&self, id: JobId, choice: &PosterChoice) -> Result<JobView> {
        let chosen = choice.path()?;
        let in_order = self.arrivals.order.lock();
        let job = self.completed(id)?;
        let dir = place::of(&job, &self.data_dir);
        if !storage::is_s3(&job.destination) {
            replace_here(&dir, &chosen)?;
            return Ok(self.view(job));
        }
        // Nobody else waits for a store.
        drop(in_order);
        let _alone = self.posters.lock();
        replace_there(
            &Delivered::open(&job, &self.settings.in_force())?,
            &job,
            &chosen,
        )?;
        let _in_order = self.arrivals.order.lock();
        let job = self.completed(id)?;
        // It may have gone when it was delivered.
        if dir.join(layout::JOB).exists() {
            replace_here(&dir, &chosen)?;
        }
        Ok(self.view(job))
    }

    fn completed(&self, id: JobId) -> Result<StoredJob> {
        let job = self.find(id)?;
        match job.state {
            JobState::Completed => Ok(job),
            state => Err(wrong_state(
                state,
                "a poster is chosen once it is completed",
            )),
        }
    }
}

/// The posters appear whole under their names; the record's journal follows, so that the directory verifies as before.
fn replace_here(dir: &Path, chosen: &str) -> Result<()> {
    let read = |path: &str| read_picture(dir, path);
    // Whether it is one of the job's comes first.
    read(chosen)?;
    let Some(mut record) = record::read(dir)? else {
        let words = "the job's directory has no job.json any more; it was moved or emptied";
        return Err(Error::new(Code::JobState, words));
    };
    let posters = posters(&mut record, chosen, read)?;
    let mut all = posters.iter();
    let written = all
        .try_for_each(|(path, picture)| files::replace(dir, path, picture).map(|_| ()))
        .and_then(|()| record::write(dir, &record));
    // Of a completed job nothing unfinished is left behind.
    let _ = std::fs::remove_dir(files::staging(dir));
    let _ = std::fs::remove_dir(dir.join(layout::WORK));
    written
}

/// The same in a bucket, from what is there.
fn replace_there(there: &Delivered, job: &StoredJob, chosen: &str) -> Result<()> {
    let mut record = there.record(job)?;
    let read = |path: &str| {
        let found = there.read(path, MAX_PICTURE_BYTES)?;
        found.ok_or_else(missing)
    };
    for (path, picture) in posters(&mut record, chosen, read)? {
        there.put(&path, picture)?;
    }
    let text = serde_json::to_vec_pretty(&record).map_err(|e| Error::bug(e.to_string()))?;
    there.put(layout::JOB, text)
}

/// The chosen thumbnail in every size under the poster's names, which the record then has.
fn posters(
    record: &mut JobRecord,
    chosen: &str,
    read: impl Fn(&str) -> Result<Vec<u8>>,
) -> Result<Posters> {
    let index = layout::picture(chosen).and_then(|(_, index)| index);
    let index = index.ok_or_else(missing)?;
    let sizes = record.plan.iter().flat_map(|plan| &plan.thumbnails.sizes);
    let names = std::iter::once("").chain(sizes.map(|size| size.name.as_str()));
    let one = |size: &str| {
        let picture = read(&layout::thumbnail_in(size, index))?;
        Ok((layout::poster_in(size), picture))
    };
    let posters = names.map(one).collect::<Result<Posters>>()?;
    for (path, picture) in &posters {
        let file: Finished = files::describe(path, picture);
        match record.journal.iter_mut().find(|f| f.path == *path) {
            Some(entry) => *entry = file,
            None => record.journal.push(file),
        }
    }
    Ok(posters)
}

fn missing() -> Error {
    let words = "`thumbnail` names none that the job has";
    Error::new(Code::RequestInvalid, words).in_field("thumbnail")
}

fn read_picture(dir: &Path, path: &str) -> Result<Vec<u8>> {
    let file = open_below(dir, Path::new(path)).map_err(|_| missing())?;
    let mut picture = Vec::new();
    let read = File::from(file)
        .take(MAX_PICTURE_BYTES + 1)
        .read_to_end(&mut picture);
    match read {
        Ok(bytes) if bytes as u64 <= MAX_PICTURE_BYTES => Ok(picture),
        _ => Err(missing()),
    }
}
