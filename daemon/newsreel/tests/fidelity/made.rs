//! Every rate, scan, shape and sample format against each other, as one run and as three.

use std::path::{Path, PathBuf};

use super::common::place::Place;
use super::common::{Tier, alone, clips, is_sampled, probe, text, tier, tool};
use super::{CONFIG, NEAR_DB, least_alike, reference, stream};

const RATES: [&str; 6] = ["25", "30000/1001", "50", "60000/1001", "24000/1001", "vfr"];

/// The rate whose timecode leaves numbers out, and one that stands before such a place.
const NTSC: &str = "30000/1001";
const DROP_FRAME: &str = "00:59:58;00";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scan {
    Progressive,
    TopFirst,
    BottomFirst,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Landscape,
    Portrait,
    Anamorphic,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    rate: &'static str,
    scan: Scan,
    shape: Shape,
    ten_bit: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ten_bit in [false, true] {
        for shape in [Shape::Landscape, Shape::Portrait, Shape::Anamorphic] {
            for scan in [Scan::Progressive, Scan::TopFirst, Scan::BottomFirst] {
                for rate in RATES {
                    cases.push(Case {
                        rate,
                        scan,
                        shape,
                        ten_bit,
                    });
                }
            }
        }
    }
    cases
}

/// One in so many is tried; neither shares a factor with the number of rates, scans or shapes.
fn share() -> usize {
    match tier() {
        Tier::Quick => 29,
        Tier::Full => 7,
        Tier::Soak => 1,
    }
}

#[test]
fn whatever_a_source_is_made_of_its_pictures_are_the_same_in_one_run_and_three() {
    let _alone = alone();
    let mut failed = Vec::new();
    for (index, case) in cases().into_iter().enumerate() {
        if !is_sampled(index, share()) {
            continue;
        }
        let place = Place::new(CONFIG);
        if std::panic::catch_unwind(|| check(&place, case)).is_err() {
            failed.push(case);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:#?}");
}

/// Seconds of a clip: four segments and a little.
const SECONDS: u32 = 4;

fn make(place: &Place, case: Case) -> PathBuf {
    let out = place.path().join("made.mov");
    let rate = if case.rate == "vfr" { "30" } else { case.rate };
    let format = if case.ten_bit { "yuv422p10" } else { "yuv420p" };
    // Two pictures, a field of each: what a camera does.
    let (weave, flags) = match case.scan {
        Scan::Progressive => (String::new(), "-flags +bitexact".to_owned()),
        Scan::TopFirst => woven("top", "tff"),
        Scan::BottomFirst => woven("bottom", "bff"),
    };
    let (number, per) = rate.split_once('/').unwrap_or((rate, "1"));
    let pictures = number.parse::<u32>().unwrap() * if weave.is_empty() { 1 } else { 2 };
    // Everything moves, smoothly.
    let source =
        format!("testsrc2=size=320x240:rate={pictures}/{per},gblur=1.5,scroll=h=0.004:v=0.002");
    let drop = match case.rate {
        "vfr" => ",select='not(eq(mod(n,7),3)+eq(mod(n,5),1))'",
        _ => "",
    };
    let aspect = match case.shape {
        Shape::Anamorphic => ",setsar=4/3",
        _ => "",
    };
    let filters = format!("null{weave}{drop}{aspect},format={format}");
    let stored = place.path().join("stored.mov");
    let length = SECONDS.to_string();
    let mut args = vec!["-f", "lavfi", "-i", &source, "-vf", &filters, "-t", &length];
    args.extend([
        "-fps_mode",
        "passthrough",
        "-c:v",
        "libx264",
        "-preset",
        "superfast",
    ]);
    args.extend(["-qp", "10", "-bf", "2", "-g", "20"]);
    args.extend(flags.split(' '));
    clips::ffmpeg(&args, &stored);
    let turn = if case.shape == Shape::Portrait {
        "90"
    } else {
        "0"
    };
    let rotate = format!("rotate={turn}");
    let copy = [
        "-i",
        stored.to_str().unwrap(),
        "-c",
        "copy",
        "-metadata:s:v:0",
        &rotate,
    ];
    let counted: &[&str] = match case.rate {
        NTSC => &["-timecode", DROP_FRAME],
        _ => &[],
    };
    clips::ffmpeg(&[&copy, counted].concat(), &out);
    out
}

fn woven(first: &str, order: &str) -> (String, String) {
    (
        format!(",tinterlace=interleave_{first}"),
        format!("-flags +ildct+ilme -x264-params {order}=1"),
    )
}

fn check(place: &Place, case: Case) {
    eprintln!("{case:?}");
    let input = make(place, case);
    let size = match case.shape {
        Shape::Landscape => (320, 240),
        Shape::Portrait => (240, 320),
        Shape::Anamorphic => (426, 240),
    };
    let one = place.transcode(&input, "one", "seconds", &["--runs", "1"]);
    let three = place.transcode(&input, "three", "seconds", &["--runs", "3"]);
    assert_eq!(three.report.runs, 3);
    let made = one.mp4(one.lowest());
    let found = stream(&made);
    assert_eq!(
        (&found["width"], &found["height"]),
        (&size.0.into(), &size.1.into())
    );

    let timecode = (case.rate == NTSC).then_some(DROP_FRAME);
    assert_eq!(found["tags"]["timecode"].as_str(), timecode, "timecode");

    let (frames, length) = counted(&input);
    let (kept, shown) = counted(&made);
    assert_eq!(frames, kept, "frames");
    assert!((length - shown).abs() < 0.05, "{length} s became {shown} s");
    assert_eq!(
        decoded(&made),
        decoded(&three.mp4(three.lowest())),
        "pictures of one run and of three"
    );

    // FFmpeg turns a picture before it does anything else, which would tear fields apart.
    let turned = case.shape == Shape::Portrait && case.scan != Scan::Progressive;
    let (more, turn): (&[&str], _) = match turned {
        true => (&["-noautorotate"], ",transpose=cclock"),
        false => (&[], ""),
    };
    let fields_to_frames = match case.scan {
        Scan::Progressive => "null",
        Scan::TopFirst => "bwdif=0:0:0",
        Scan::BottomFirst => "bwdif=0:1:0",
    };
    let filters = format!("{fields_to_frames}{turn}");
    let wanted = reference(place, &input, more, &filters, size);
    let worst = least_alike(&wanted, &made, size);
    eprintln!("{case:?}: {worst:.1} dB at worst");
    assert!(worst >= NEAR_DB, "{worst:.1} dB");
}

/// Frames that FFmpeg decodes, and seconds.
fn counted(path: &Path) -> (String, f64) {
    let found = probe(path, &["-count_frames", "-show_streams", "-show_format"]);
    let frames = found["streams"][0]["nb_read_frames"].as_str().unwrap();
    let seconds = found["format"]["duration"].as_str().unwrap();
    (frames.to_owned(), seconds.parse().unwrap())
}

/// A hash of each picture's samples with its time.
pub fn decoded(path: &Path) -> String {
    let file = path.to_str().unwrap();
    let args = ["-nostdin", "-v", "error", "-i", file, "-map", "0:V:0"];
    let how = ["-fps_mode", "passthrough", "-f", "framemd5", "-"];
    text(&tool("ffmpeg", &[&args[..], &how].concat()))
}
