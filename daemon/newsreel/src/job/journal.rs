//! The journal of finished pieces in a job's own directory: one JSON line each, appended and synced.
//!
//! The checkpoint port for `transcode`. A line torn by a crash is ignored, and so is a piece whose file is not there.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use newsreel_model::job::{Finished, layout};
use newsreel_model::ports::Checkpoints;
use newsreel_model::{Error, Result};

const FILE: &str = "journal.jsonl";

/// An append-only file of finished pieces.
pub struct Journal {
    file: File,
    finished: Vec<Finished>,
}

impl Journal {
    /// Opens the journal of the job in `dir`, keeping the entries whose files are still what was written.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(layout::WORK).join(FILE);
        let failed = |e: std::io::Error| Error::writing("the job's journal", &e);
        let mut finished: Vec<Finished> = Vec::new();
        let bytes = std::fs::read(&path).unwrap_or_default();
        for line in bytes.split(|b| *b == b'\n') {
            let Ok(piece) = serde_json::from_slice::<Finished>(line) else {
                continue;
            };
            finished.retain(|f| f.path != piece.path);
            finished.push(piece);
        }
        keep_whole(dir, &mut finished);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        // Ends a torn line, so that the next entry stands on its own.
        file.write_all(b"\n").map_err(failed)?;
        Ok(Self { file, finished })
    }
}

/// Keeps the pieces that can still be believed: there as they were written, and with their init segment.
pub fn keep_whole(dir: &Path, finished: &mut Vec<Finished>) {
    finished.retain(|piece| {
        std::fs::read(dir.join(&piece.path))
            .is_ok_and(|b| blake3::hash(&b).to_hex().as_str() == piece.hash)
    });
    drop_last_without_init(finished);
}

/// An init segment comes from a session, and a session is only opened for a segment: where a rendition's init segment is
/// lost, its last segment counts as missing too, so that both are made again.
fn drop_last_without_init(finished: &mut Vec<Finished>) {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let segments = finished.iter().filter(|f| f.path.ends_with(".m4s"));
    let folders: BTreeSet<String> = segments.filter_map(|f| folder(&f.path)).collect();
    for folder in folders {
        let init = format!("{folder}/{}", layout::INIT);
        if finished.iter().any(|f| f.path == init) {
            continue;
        }
        let of_folder = |f: &&Finished| f.path.starts_with(&format!("{folder}/"));
        let last = finished
            .iter()
            .filter(of_folder)
            .map(|f| f.path.clone())
            .max();
        finished.retain(|f| Some(&f.path) != last.as_ref());
    }
}

impl Checkpoints for Journal {
    fn finished(&self) -> &[Finished] {
        &self.finished
    }

    fn commit(&mut self, pieces: &[Finished]) -> Result<()> {
        let failed = |e: std::io::Error| Error::writing("the job's journal", &e);
        let mut lines = Vec::new();
        for piece in pieces {
            serde_json::to_writer(&mut lines, piece).map_err(|e| Error::bug(e.to_string()))?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        self.finished.extend_from_slice(pieces);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_init_segment_is_lost_one_segment_is_made_again_with_it() {
        let piece = |path: &str| Finished {
            path: path.to_owned(),
            bytes: 1,
            hash: String::new(),
            frames: 1,
            concealed: 0,
            made_by: String::new(),
        };
        let mut finished: Vec<Finished> = [
            "video/720p/init.mp4",
            "video/720p/seg-00001.m4s",
            "video/240p/seg-00001.m4s",
            "video/240p/seg-00002.m4s",
            "poster.jpg",
        ]
        .map(piece)
        .to_vec();
        drop_last_without_init(&mut finished);
        let left: Vec<&str> = finished.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            left,
            [
                "video/720p/init.mp4",
                "video/720p/seg-00001.m4s",
                "video/240p/seg-00001.m4s",
                "poster.jpg"
            ]
        );
    }
}
