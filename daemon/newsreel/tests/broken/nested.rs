//! Inputs that point at other files or addresses: refused, and what they point at is never opened.

use std::fs::{self, OpenOptions};
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::made::{Desk, ffmpeg};
use crate::support::nested::{pointing_at, with_references_outside};
use crate::support::process::{newsreel, run, start};
use crate::support::turn;

/// `O_NONBLOCK`, the same on every Linux this runs on: opening a pipe for writing then fails while nobody reads it.
const NONBLOCK: i32 = 0o4000;

/// Runs both commands in `folder` and fails unless the input is refused and `ready` never happens.
#[track_caller]
fn refused(desk: &Desk, folder: &Path, input: &Path, mut touched: impl FnMut() -> bool) {
    let out = desk.path("nested");
    let mut probe = newsreel(["probe"]);
    probe.arg(input);
    for mut command in [desk.transcode(input, &out), probe] {
        let mut running = start(command.current_dir(folder));
        let opened = running.until(&mut touched);
        assert!(!opened, "what {} names was opened", input.display());
        let ended = running.end(20).expect(65);
        let line = ended.one_line();
        assert!(
            line.contains("refers to another file or address"),
            "{}: {line}",
            input.display()
        );
        assert!(!out.exists());
    }
}

#[test]
fn playlists_scripts_and_manifests_are_refused_and_not_followed() {
    let _turn = turn();
    let desk = Desk::new();
    let folder = desk.path("folder");
    fs::create_dir(&folder).unwrap();
    let clip = desk.clip("folder/clip.mp4", 2);
    let pipe = folder.join("pipe.mp4");
    run(Command::new("mkfifo").arg(&pipe)).expect(0);
    let is_read = || {
        OpenOptions::new()
            .write(true)
            .custom_flags(NONBLOCK)
            .open(&pipe)
            .is_ok()
    };
    let mut wrong = Vec::new();
    let targets = [
        // A real clip that would give a result, and a pipe that shows every open: relative, absolute, as URL.
        "clip.mp4".to_owned(),
        clip.display().to_string(),
        format!("file:{}", clip.display()),
        "pipe.mp4".to_owned(),
        pipe.display().to_string(),
        "http://127.0.0.1:9/clip.mp4".to_owned(),
        "https://127.0.0.1:9/clip.mp4".to_owned(),
    ];
    for target in &targets {
        for (name, text) in pointing_at(target) {
            let input = folder.join(name);
            fs::write(&input, text).unwrap();
            let judged = std::panic::catch_unwind(|| refused(&desk, &folder, &input, is_read));
            let _ = fs::remove_dir_all(desk.path("nested"));
            if judged.is_err() {
                wrong.push(format!("{name} naming {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_session_description_opens_no_socket() {
    let _turn = turn();
    let desk = Desk::new();
    // A port that is free now: whoever binds it while the command runs is the command.
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        & !1;
    let input = desk.path("stream.sdp");
    fs::write(
        &input,
        format!(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n\
             a=rtpmap:96 H264/90000\n"
        ),
    )
    .unwrap();
    let taken = || UdpSocket::bind(("127.0.0.1", port)).is_err();
    refused(&desk, &desk.path(""), &input, taken);
}

#[test]
fn a_movie_whose_media_lies_elsewhere_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    let whole: PathBuf = desk.path("whole.mov");
    ffmpeg(
        "-f lavfi -i testsrc2=s=320x180:r=25 -t 2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
        &whole,
    );
    let movie = fs::read(&whole).unwrap();
    // As large as the original up to the movie header, but its own media is not there.
    let pointing = with_references_outside(&movie, whole.to_str().unwrap());
    assert!(pointing.len() > movie.len());
    let input = desk.path("reference.mov");
    fs::write(&input, pointing).unwrap();
    let out = desk.path("out");
    let ended = run(&mut desk.transcode(&input, &out)).expect(65);
    ended.one_line();
    assert!(!out.exists());
}
