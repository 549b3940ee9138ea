//! What is in an output directory, judged from outside: by `newsreel verify`, `ffprobe`, `ffmpeg` and plain reading.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{newsreel, run};

/// Every file below `dir` by its path from there; `.work` is left out.
pub fn files(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(dir).unwrap().display().to_string();
            if path.is_dir() && name != ".work" {
                folders.push(path);
            } else if path.is_file() {
                found.insert(name);
            }
        }
    }
    found
}

/// Bytes and modification time (seconds, nanoseconds) of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Stamp {
    bytes: Vec<u8>,
    modified: (i64, i64),
}

/// What these files are now.
#[track_caller]
pub fn stamps<'a>(
    dir: &Path,
    names: impl IntoIterator<Item = &'a String>,
) -> BTreeMap<String, Stamp> {
    let stamp = |name: &String| {
        let path = dir.join(name);
        let data = std::fs::metadata(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        Stamp {
            bytes: std::fs::read(&path).unwrap(),
            modified: (data.mtime(), data.mtime_nsec()),
        }
    };
    names.into_iter().map(|n| (n.clone(), stamp(n))).collect()
}

/// Fails unless every file is as it was, byte for byte and not written again.
#[track_caller]
pub fn unchanged(dir: &Path, before: &BTreeMap<String, Stamp>) {
    for (name, now) in stamps(dir, before.keys()) {
        let was = &before[&name];
        assert!(was.bytes == now.bytes, "{name} has other bytes now");
        assert!(was.modified == now.modified, "{name} was written again");
    }
}

/// Where the journal of a job under way is.
pub fn journal(dir: &Path) -> PathBuf {
    dir.join(".work/journal.jsonl")
}

/// Paths of the pieces the journal calls finished: whole lines only.
pub fn finished(dir: &Path) -> BTreeSet<String> {
    let text = std::fs::read(journal(dir)).unwrap_or_default();
    text.split_inclusive(|b| *b == b'\n')
        .filter(|line| line.ends_with(b"\n"))
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter_map(|piece| Some(piece["path"].as_str()?.to_owned()))
        .collect()
}

/// The finished segments and init segments: what must never be made twice.
pub fn finished_media(dir: &Path) -> BTreeSet<String> {
    let media = |name: &String| name.ends_with(".m4s") || name.ends_with("init.mp4");
    finished(dir).into_iter().filter(media).collect()
}

/// Fails unless the job is complete: the gate passes, every MP4 decodes without a word, and nothing else lies about.
#[track_caller]
pub fn complete(dir: &Path) {
    run(&mut newsreel([Path::new("verify"), dir])).expect(0);
    let mp4s: Vec<String> = files(dir)
        .into_iter()
        .filter(|f| f.starts_with("mp4/"))
        .collect();
    assert!(!mp4s.is_empty(), "no MP4 in {}", dir.display());
    for name in &mp4s {
        decodes(&dir.join(name));
    }
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join("job.json")).unwrap()).unwrap();
    let mut promised: BTreeSet<String> = record["journal"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["path"].as_str().unwrap().to_owned())
        .collect();
    promised.insert("job.json".to_owned());
    let there = files(dir);
    let strays: Vec<_> = there.difference(&promised).collect();
    assert!(strays.is_empty(), "files the job does not know: {strays:?}");
}

/// Fails unless `ffmpeg` decodes the whole file without a word.
#[track_caller]
pub fn decodes(path: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(path);
    // At the file's own times: a rate of ffmpeg's choice would leave frames out and say so.
    command.args(["-fps_mode", "passthrough", "-enc_time_base", "-1"]);
    let ended = run(command.args(["-f", "null", "-"])).expect(0);
    assert!(
        ended.stderr.is_empty(),
        "{}: {}",
        path.display(),
        ended.stderr
    );
}

/// Every packet of every rung and of the sound: time, duration and whether it is a key frame, as `ffprobe` sees the MP4s;
/// and the media playlists as they are.
pub fn timing(dir: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for name in files(dir) {
        let path = dir.join(&name);
        if name.starts_with("mp4/") {
            let mut probe = Command::new("ffprobe");
            probe.args(["-v", "error", "-of", "csv=p=0", "-show_entries"]);
            probe.args(["packet=stream_index,pts,dts,duration,flags"]);
            let ended = run(probe.arg(&path)).expect(0);
            // One stream after the other: how they are interleaved is no promise.
            let mut lines: Vec<&str> = ended.stdout.lines().collect();
            lines.sort_by_key(|l| l.split(',').next().map(str::to_owned));
            all.insert(name, lines.join("\n"));
        } else if name.ends_with("index.m3u8") {
            all.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    all
}

/// Fails unless both jobs have the same frames at the same times with the same key frames.
#[track_caller]
pub fn same_timing(whole: &BTreeMap<String, String>, other: &Path) {
    let other = timing(other);
    let names = |t: &BTreeMap<String, String>| t.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(whole), names(&other));
    for (name, want) in whole {
        let differs = want.lines().zip(other[name].lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "{name} differs from the uninterrupted job");
        assert_eq!(
            want.lines().count(),
            other[name].lines().count(),
            "lines of {name}"
        );
    }
}

/// Fails if anything in the directory of an unfinished job could be taken for a finished one, or names what is not there.
#[track_caller]
pub fn nothing_looks_finished(dir: &Path) {
    for name in files(dir) {
        assert!(!name.starts_with("mp4/"), "{name} in an unfinished job");
        assert!(name != "manifest.mpd", "{name} in an unfinished job");
        if name.ends_with(".m3u8") {
            let text = std::fs::read_to_string(dir.join(&name)).unwrap();
            let ended = text.contains("ENDLIST") && name != "master.m3u8";
            assert!(!ended, "{name} has an end in an unfinished job");
        }
    }
    playlists_hold(dir);
    let verdict = run(&mut newsreel([Path::new("verify"), dir]));
    assert_ne!(verdict.code(), 0, "verify calls an unfinished job sound");
}

/// Fails if a playlist names a file that is not there.
#[track_caller]
pub fn playlists_hold(dir: &Path) {
    for name in files(dir).iter().filter(|n| n.ends_with(".m3u8")) {
        let path = dir.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("#EXTM3U\n"), "{name} is torn");
        for line in text.lines().filter(|l| !l.is_empty()) {
            let named = match line.split_once("URI=\"") {
                Some((_, rest)) => rest.split('"').next().unwrap(),
                None if line.starts_with('#') => continue,
                None => line,
            };
            let there = path.parent().unwrap().join(named).is_file();
            assert!(there, "{name} names {named}, which is not there");
        }
    }
}
