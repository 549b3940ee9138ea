//! Inputs that point at other files or addresses: refused, and what they point at is never opened.

use std::fs::{self, OpenOptions};
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::made::{Desk, ffmpeg};
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

/// A playlist, script or manifest that names `target`, by file name.
fn pointing_at(target: &str) -> Vec<(&'static str, String)> {
    let hls = format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n");
    let master = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\n{target}\n");
    let key = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:METHOD=AES-128,URI=\"{target}\"\n#EXT-X-MAP:URI=\"{target}\"\n\
         #EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n"
    );
    let dash = format!(
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         mediaPresentationDuration=\"PT5S\" profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\"><Period>\
         <AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1000\"><BaseURL>{target}</BaseURL>\
         </Representation></AdaptationSet></Period></MPD>\n"
    );
    vec![
        (
            "list.ffconcat",
            format!("ffconcat version 1.0\nfile {target}\n"),
        ),
        ("list.m3u8", hls),
        ("master.m3u8", master),
        ("keyed.m3u8", key),
        ("manifest.mpd", dash),
    ]
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

/// Children of a box that lead to the data references.
const PATH: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"dinf"];

/// Puts an `alis` reference to an absolute path in the place of each track's reference to the file itself.
fn with_references_outside(movie: &[u8], to: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = movie;
    while rest.len() >= 8 {
        let size = usize::try_from(u32::from_be_bytes(rest[..4].try_into().unwrap())).unwrap();
        let (this, after) = rest.split_at(size.max(8));
        let kind: &[u8; 4] = this[4..8].try_into().unwrap();
        if PATH.contains(&kind) {
            out.extend(boxed(*kind, &with_references_outside(&this[8..], to)));
        } else if kind == b"dref" {
            let mut body = vec![0, 0, 0, 0, 0, 0, 0, 1];
            body.extend(boxed(*b"alis", &alias(to)));
            out.extend(boxed(*b"dref", &body));
        } else {
            out.extend(this);
        }
        rest = after;
    }
    out
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes(), kind.as_slice(), body].concat()
}

/// The body of an `alis` entry that is not self-contained, as classic Mac OS wrote them: the path is its record 18.
fn alias(to: &str) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0];
    body.extend([0; 10]);
    body.extend([4, b'd', b'i', b's', b'k']);
    body.extend([0; 23]);
    body.extend([0; 12]);
    let name = Path::new(to).file_name().unwrap().to_str().unwrap();
    body.push(u8::try_from(name.len()).unwrap());
    body.extend(name.bytes().chain(std::iter::repeat_n(0, 63 - name.len())));
    body.extend([0; 16]);
    body.extend([0, 1, 0, 1]);
    body.extend([0; 16]);
    for (kind, text) in [(2u16, to.replace('/', ":")), (18, to.to_owned())] {
        body.extend(kind.to_be_bytes());
        body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        body.extend(text.bytes());
        body.extend(vec![0; text.len() % 2]);
    }
    body.extend([0xFF, 0xFF, 0, 0]);
    body
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
