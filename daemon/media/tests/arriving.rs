//! Inputs read while they arrive: the plan, the packets and the pictures are those of the whole, and come before its end.
//!
//! Not here: uploads and jobs (the daemon's tests).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, where a panic is the report"
)]

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use newsreel_media::arriving::{Verdict, verdict};
use newsreel_media::ffi::{ByteSource, Source};
use newsreel_media::index::PacketRecord;
use newsreel_media::pictures::{PictureSource, Sizes, thumbnails};
use newsreel_media::prepare::{self, Limits, Prepared};
use newsreel_model::Cancel;
use newsreel_model::plan::Plan;
use newsreel_model::profile::Profile;

/// What comes with each look at an input that has not enough.
const PIECE: usize = 16 << 10;

/// An input of which more is there each time somebody waits for it.
#[derive(Clone)]
struct Trickle {
    bytes: Arc<Vec<u8>>,
    there: Arc<AtomicUsize>,
    /// Where it ends.
    len: usize,
}

struct Reader(Trickle, usize);

impl Trickle {
    fn new(bytes: &Arc<Vec<u8>>, there: usize) -> Self {
        Self {
            bytes: Arc::clone(bytes),
            there: Arc::new(AtomicUsize::new(there)),
            len: bytes.len(),
        }
    }

    fn there(&self) -> usize {
        self.there.load(Ordering::SeqCst).min(self.len)
    }
}

impl Source for Trickle {
    fn reader(&self) -> Box<dyn ByteSource> {
        Box::new(Reader(self.clone(), 0))
    }

    fn arrives(&self) -> bool {
        self.there() < self.len
    }

    fn beginning(&self, bytes: u64) -> Option<Arc<dyn Source>> {
        let len = self.there().min(usize::try_from(bytes).unwrap());
        let beginning = Self {
            len,
            ..self.clone()
        };
        self.arrives()
            .then(|| Arc::new(beginning) as Arc<dyn Source>)
    }
}

impl ByteSource for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self(source, at) = self;
        let there = source.there();
        if *at >= there && there < source.len {
            source.there.fetch_add(PIECE, Ordering::SeqCst);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let rest = source.bytes[..there].get(*at..).unwrap_or_default();
        let got = buffer.len().min(rest.len());
        buffer[..got].copy_from_slice(&rest[..got]);
        *at += got;
        Ok(got)
    }

    fn seek(&mut self, position: u64) {
        self.1 = usize::try_from(position).unwrap();
    }

    fn position(&self) -> u64 {
        self.1 as u64
    }

    fn len(&self) -> u64 {
        self.0.len as u64
    }
}

fn profile() -> Profile {
    let text = r#"{"rungs": [{"short_side_px": 90, "bitrate_kbps": 200}], "segment_s": 2.0, "first_segment_s": 1.0,
        "thumbnails": {"count": 5, "width_px": 64}}"#;
    let mut known: serde_json::Value = serde_json::from_str(text).unwrap();
    known["codec"] = "h264".into();
    serde_json::from_value(known).unwrap()
}

/// What is decided of an input, and everything read of it.
fn prepared(source: &Arc<dyn Source>) -> (Prepared, Option<i64>) {
    let limits = Limits {
        max_packets: 100_000,
        max_gap_s: 60.0,
        lead_in_packets: 1000,
        max_duration_s: 3600.0,
    };
    let head = prepare::head(source, "p", &profile(), &[], limits, &Cancel::default());
    let mut head = head.unwrap();
    let start = head.start().map(|start| start.runs_on);
    (head.whole().unwrap().0, start)
}

/// Thumbnails, and how much of the input was there when the last one was made.
fn pictures(source: &Trickle, plan: &Plan, like: &Prepared) -> (Vec<Sizes>, usize) {
    let shared: Arc<dyn Source> = Arc::new(source.clone());
    let from = PictureSource {
        source: &shared,
        params: &like.params,
        plan,
        duration_s: plan.duration_s(),
    };
    let made = thumbnails(&from, &Cancel::default()).unwrap();
    (made.thumbnails, source.there())
}

/// The packets but for their lengths, which libavformat finds out from the whole where a stream does not say them. What is
/// made of them is in the plan and its digest.
fn packets(of: &Prepared) -> Vec<PacketRecord> {
    let packets = of.index.packets.iter();
    let without = packets.map(|p| PacketRecord { duration: 0, ..*p });
    without.collect()
}

/// Holds an input that arrives against the whole; says what part of it was there when all its pictures were made.
#[allow(clippy::cast_precision_loss, reason = "a share")]
fn compare(path: &Path) -> f64 {
    let name = path.display();
    let bytes = Arc::new(std::fs::read(path).unwrap());
    let whole = Trickle::new(&bytes, bytes.len());
    let (expected, began) = prepared(&(Arc::new(whole.clone()) as Arc<dyn Source>));
    let arriving = Trickle::new(&bytes, PIECE);
    let (got, early) = prepared(&(Arc::new(arriving) as Arc<dyn Source>));
    assert_eq!(got.plan, expected.plan, "{name}");
    assert!(packets(&got) == packets(&expected), "{name}: packets");
    assert_eq!(early, began, "{name}: what can begin at once");
    let (all, _) = pictures(&whole, &expected.plan, &expected);
    let arriving = Trickle::new(&bytes, PIECE);
    let (passing, there) = pictures(&arriving, &expected.plan, &expected);
    assert_eq!(passing.len(), all.len(), "{name}: pictures");
    let same = passing.iter().zip(&all).filter(|(a, b)| a == b).count();
    assert_eq!(same, all.len(), "{name}: pictures that are the same");
    there as f64 / bytes.len() as f64
}

/// A clip with reordered pictures and sound, in a container.
fn clip(dir: &Path, file: &str, args: &[&str]) -> PathBuf {
    let path = dir.join(file);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    command.args(["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"]);
    command.args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "16"]);
    let done = command.args(args).arg(&path).status().unwrap();
    assert!(done.success(), "{file}");
    path
}

#[test]
fn what_arrives_is_planned_and_shown_as_if_it_were_whole() {
    let dir = tempfile::tempdir().unwrap();
    let h264 = [
        "-c:v", "libx264", "-preset", "veryfast", "-g", "40", "-pix_fmt", "yuv420p",
    ];
    let made = |file: &str, args: &[&str]| clip(dir.path(), file, &[&h264[..], args].concat());
    let fragments = "frag_keyframe+empty_moov+default_base_moof";
    let clips = [
        made("a.ts", &[]),
        made("a.mkv", &[]),
        made("faststart.mp4", &["-movflags", "faststart"]),
        made("fragments.mp4", &["-movflags", fragments]),
    ];
    for clip in clips {
        let there = compare(&clip);
        // In a transport stream a jump finds the key frame after a place, which the last may not have.
        let may_end = clip.extension().is_some_and(|e| e == "ts");
        assert!(
            there < 1.0 || may_end,
            "{}: after the last byte",
            clip.display()
        );
    }
}

#[test]
fn real_clips_are_planned_and_shown_while_they_arrive() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/media");
    let Ok(files) = std::fs::read_dir(&root) else {
        println!("!!!!!!!! ../shared/media is absent: no real input is tested");
        return;
    };
    let mut compared = 0;
    for path in files.flatten().map(|entry| entry.path()) {
        let bytes = std::fs::read(&path).unwrap();
        let read_at = |buffer: &mut [u8], at: u64| {
            let rest = &bytes[usize::try_from(at).unwrap()..];
            let got = rest.len().min(buffer.len());
            buffer[..got].copy_from_slice(&rest[..got]);
            Ok(got)
        };
        if verdict(bytes.len() as u64, read_at).unwrap() == Verdict::Readable {
            println!("{}", path.display());
            compare(&path);
            compared += 1;
        }
    }
    assert!(compared > 3, "{compared} of the real clips can be read so");
}
