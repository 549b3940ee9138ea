//! The files of a job against its journal and its plan: all there, with their length and hash. Not here: what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::Plan;

use super::report::{Check, Findings};

/// Bytes hashed at a time.
const BLOCK: usize = 256 << 10;

/// The job's directory, as far as it can be relied on.
pub(super) struct Files<'a> {
    dir: &'a Path,
    journal: BTreeMap<&'a str, &'a Finished>,
    /// Reported already: their content is not judged.
    damaged: BTreeSet<String>,
}

impl<'a> Files<'a> {
    /// Checks every file of the journal, and that the journal names every file of the plan. Where the journal names a
    /// file twice, the later entry counts.
    pub fn check(
        dir: &'a Path,
        plan: &Plan,
        journal: &'a [Finished],
        found: &mut Findings,
    ) -> Self {
        let mut files = Self {
            dir,
            journal: journal.iter().map(|f| (f.path.as_str(), f)).collect(),
            damaged: BTreeSet::new(),
        };
        let entries: Vec<&Finished> = files.journal.values().copied().collect();
        for entry in entries {
            if !files.check_entry(entry, found) {
                files.damaged.insert(entry.path.clone());
            }
        }
        let unmade = if plan.is_sound_alone() {
            plan.audio.is_empty()
        } else {
            plan.video.rungs.is_empty()
        };
        if unmade || plan.grid.is_empty() {
            found.fail(
                Check::JournalIncomplete,
                layout::JOB,
                "its plan has no rungs or no segments",
            );
        }
        for path in required(plan) {
            if files.journal.contains_key(path.as_str()) {
                continue;
            }
            found.fail(
                Check::JournalIncomplete,
                &path,
                "the journal does not list it",
            );
            if regular(&dir.join(&path)).is_none() {
                found.fail(Check::FileMissing, &path, "there is no such file");
                files.damaged.insert(path);
            }
        }
        files
    }

    fn check_entry(&self, entry: &Finished, found: &mut Findings) -> bool {
        let path = entry.path.as_str();
        let inside = Path::new(path)
            .components()
            .all(|c| matches!(c, Component::Normal(_)));
        if path.is_empty() || !inside {
            found.fail(
                Check::FileMissing,
                path,
                "the journal names a file outside the job",
            );
            return false;
        }
        let full = self.dir.join(path);
        let Some(length) = regular(&full) else {
            found.fail(Check::FileMissing, path, "there is no such file");
            return false;
        };
        if length != entry.bytes {
            let why = format!("{length} bytes, in the journal {}", entry.bytes);
            found.fail(Check::FileLength, path, why);
            return false;
        }
        found.file_read();
        match hash(&full) {
            Ok(hash) => {
                let same = hash.eq_ignore_ascii_case(&entry.hash);
                found.expect(same, Check::FileHash, path, || {
                    format!("its bytes hash to {hash}, in the journal {}", entry.hash)
                })
            }
            Err(e) => {
                found.fail(Check::Unreadable, path, e.to_string());
                false
            }
        }
    }

    /// Where a file is, unless it is missing or damaged, which has been reported.
    pub fn path(&self, relative: &str) -> Option<PathBuf> {
        (!self.damaged.contains(relative)).then(|| self.dir.join(relative))
    }

    /// What the journal says about a file.
    pub fn entry(&self, relative: &str) -> Option<&Finished> {
        self.journal.get(relative).copied()
    }

    /// A file of at most `limit` bytes; `None` when it is missing or damaged, which has been or is reported.
    pub fn read(&self, relative: &str, limit: u64, found: &mut Findings) -> Option<Vec<u8>> {
        let path = self.path(relative)?;
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|f| f.take(limit + 1).read_to_end(&mut bytes));
        if let Err(e) = read {
            found.fail(Check::Unreadable, relative, e.to_string());
            return None;
        }
        if bytes.len() as u64 > limit {
            found.fail(
                Check::Unreadable,
                relative,
                format!("it is longer than {limit} bytes"),
            );
            return None;
        }
        Some(bytes)
    }
}

/// Length of a regular file in bytes; links, pipes and the like are none of ours.
fn regular(path: &Path) -> Option<u64> {
    let meta = fs::symlink_metadata(path).ok()?;
    meta.is_file().then_some(meta.len())
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(hasher.finalize().to_hex().to_string()),
            Ok(n) => hasher.update(block.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
    }
}

/// Every file the plan promises. Pictures are checked only when the journal lists them.
fn required(plan: &Plan) -> Vec<String> {
    let rungs = plan.video.rungs.iter();
    let sound = plan.audio.iter();
    let dirs = rungs
        .clone()
        .map(|r| layout::video_dir(&r.name))
        .chain(sound.map(|a| layout::audio_dir(&a.name)));
    let mut paths = vec![layout::MASTER.to_owned(), layout::MANIFEST.to_owned()];
    paths.extend(rungs.map(|r| layout::mp4(&r.name)));
    if plan.is_sound_alone() {
        paths.extend(plan.audio.iter().map(|a| layout::m4a(&a.name)));
    }
    for dir in dirs {
        paths.push(format!("{dir}/{}", layout::INIT));
        paths.push(format!("{dir}/{}", layout::INDEX));
        paths.extend((0..plan.grid.len()).map(|k| format!("{dir}/{}", layout::segment(k))));
    }
    for track in &plan.subtitles {
        let dir = layout::subtitle_dir(&track.name);
        let segments = (0..plan.grid.len()).map(layout::subtitle_segment);
        let others = [layout::INDEX, layout::SUBTITLES_WHOLE].map(str::to_owned);
        paths.extend(segments.chain(others).map(|file| format!("{dir}/{file}")));
    }
    paths
}
