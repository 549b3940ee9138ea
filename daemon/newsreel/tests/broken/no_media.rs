//! What is no media file at all, or holds nothing to encode: refused with one line, and no output directory.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::made::{Desk, ffmpeg};
use crate::support::process::{NEWSREEL, run, start};
use crate::support::{Random, turn};
use crate::{Cases, Outcome};

/// Fails unless both commands refuse the input with this code and one line that says `what`.
#[track_caller]
fn refused(desk: &Desk, input: &Path, code: i32, what: &str) {
    let out = desk.path("refused");
    let mut probe = Command::new(NEWSREEL);
    probe.arg("probe").arg(input);
    for command in [&mut desk.transcode(input, &out), &mut probe] {
        let ended = start(command).end(20).expect(code);
        let line = ended.one_line();
        assert!(line.contains(what), "{}: {line}", input.display());
        assert!(!out.exists(), "{}: output was made", input.display());
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    refused(&desk, &desk.path("missing.mp4"), 66, "there is no file");
    refused(
        &desk,
        &desk.path("missing/missing.mp4"),
        66,
        "there is no file",
    );
    refused(&desk, Path::new("/"), 65, "not a regular file");
    refused(&desk, Path::new("/dev/null"), 65, "not a regular file");
    refused(&desk, Path::new("/dev/zero"), 65, "not a regular file");
    let empty = desk.path("empty.mp4");
    fs::write(&empty, "").unwrap();
    refused(&desk, &empty, 65, "is empty");
    let turning = desk.path("loop.mp4");
    std::os::unix::fs::symlink(&turning, &turning).unwrap();
    refused(&desk, &turning, 66, "cannot open");
    let below = empty.join("clip.mp4");
    refused(&desk, &below, 66, "cannot open");
}

#[test]
fn a_pipe_as_input_does_not_hang() {
    let _turn = turn();
    let desk = Desk::new();
    let pipe = desk.path("pipe.mp4");
    run(Command::new("mkfifo").arg(&pipe)).expect(0);
    refused(&desk, &pipe, 65, "not a regular file");
}

#[test]
fn what_is_no_media_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    let mut random = Random::new("noise");
    let noise: Vec<u8> = (0..1_000_000)
        .map(|_| random.next().to_le_bytes()[0])
        .collect();
    let things: [(&str, Vec<u8>); 6] = [
        ("noise.mp4", noise),
        ("zeros.ts", vec![0; 1_000_000]),
        (
            "text.mov",
            b"Not a film, only a few words about one.\n".repeat(100),
        ),
        ("one-byte.mkv", vec![0x1A]),
        (
            "ftyp-only.mp4",
            b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec(),
        ),
        (
            "page.html",
            b"<!DOCTYPE html><html><body>404 Not Found</body></html>".to_vec(),
        ),
    ];
    let mut cases = Cases::new(&desk);
    for (name, bytes) in things {
        let path = desk.path(name);
        fs::write(&path, bytes).unwrap();
        cases.case(name, &path, Some(Outcome::Refused));
    }
    cases.end();
}

#[test]
fn what_holds_neither_picture_nor_sound_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    let sound = desk.path("sound.m4a");
    ffmpeg("-f lavfi -i sine -t 2 -c:a aac", &sound);
    let cover = desk.path("cover.flac");
    ffmpeg(
        "-f lavfi -i sine -f lavfi -i color=s=64x64 -t 2 -map 0 -map 1 -frames:v 1 -c:v mjpeg -c:a flac \
         -f flac -disposition:v attached_pic",
        &cover,
    );
    let words = desk.path("words.srt");
    fs::write(&words, "1\n00:00:01,000 --> 00:00:02,000\nHello\n").unwrap();
    let mut cases = Cases::new(&desk);
    cases.case("sound alone", &sound, Some(Outcome::Completed));
    cases.case("sound with a cover", &cover, Some(Outcome::Completed));
    for (name, file) in [("sound cut off", &sound), ("cover cut off", &cover)] {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        cases.case(name, file, None);
    }
    let silent = desk.path("empty.wav");
    ffmpeg("-f lavfi -i sine -t 0", &silent);
    cases.case("sound of no length", &silent, Some(Outcome::Refused));
    cases.case("subtitles", &words, Some(Outcome::Refused));
    cases.end();
}
