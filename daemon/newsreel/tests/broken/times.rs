//! Transport streams whose times were rewritten byte by byte: jumps, holes, falls, doubles, none at all. What comes of them is
//! as long as what they hold, and costs no more than that. Not here: containers in which FFmpeg writes such times itself
//! (`hostile.rs`).

use std::fs;
use std::path::Path;

use crate::support::made::{Desk, ffmpeg};
use crate::support::process::{HANG_S, start};
use crate::support::{Random, out, turn};

/// Frames of the stream, at 25 in a second.
const FRAMES: u64 = 100;
const FRAME: i64 = 3600;
const SECOND: i64 = 90_000;
/// Times have so many bits.
const WRAP: i64 = 1 << 33;

/// Presentation and decode time of a picture, in ticks of 90 kHz.
type Times = (Option<i64>, Option<i64>);

/// One way to write times, of picture `n` in coding order; and what has to come of it.
struct Case {
    name: &'static str,
    write: fn(i64, Times) -> Times,
    /// Seconds, at least and at most.
    lasts: (f64, f64),
    /// Frames of the plan at most.
    frames: u64,
}

fn moved(times: Times, by: i64) -> Times {
    let add = |t: Option<i64>| t.map(|t| (t + by).rem_euclid(WRAP));
    (add(times.0), add(times.1))
}

fn from_half(n: i64, times: Times, by: i64) -> Times {
    if n < 50 { times } else { moved(times, by) }
}

const WHOLE: (f64, f64) = (3.9, 4.3);

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "as it was", write: |_, t| t, lasts: (4.0, 4.0), frames: FRAMES },
    Case { name: "a wrap", write: |_, t| moved(t, WRAP - 3 * SECOND), lasts: (4.0, 4.0), frames: FRAMES },
    Case { name: "a jump of hours", write: |n, t| from_half(n, t, 20 * 3600 * SECOND), lasts: WHOLE, frames: FRAMES + 2 },
    Case { name: "an hour back", write: |n, t| from_half(n, t, -3600 * SECOND), lasts: WHOLE, frames: FRAMES + 2 },
    Case { name: "a second back", write: |n, t| from_half(n, t, -SECOND), lasts: (2.9, 5.1), frames: FRAMES + 2 },
    Case { name: "a hole of nine seconds", write: |n, t| from_half(n, t, 9 * SECOND), lasts: (12.9, 13.1), frames: FRAMES + 6 },
    Case { name: "each time twice", write: |n, t| moved(t, -(n % 2) * FRAME), lasts: (3.8, 4.3), frames: FRAMES + 2 },
    Case { name: "one time for all", write: |_, _| (Some(SECOND), Some(SECOND)), lasts: (0.0, 4.3), frames: FRAMES + 2 },
    Case { name: "no decode times", write: |_, t| (t.0, None), lasts: WHOLE, frames: FRAMES + 2 },
    Case { name: "no times", write: |n, t| if n == 0 { t } else { (None, None) }, lasts: (3.8, 4.3), frames: FRAMES + 2 },
    Case { name: "jumps of hours at every picture", write: |n, t| moved(t, n * 7 * 3600 * SECOND), lasts: (0.0, 8.0), frames: 2 * FRAMES },
    Case { name: "falling", write: |n, t| moved(t, -2 * n * FRAME), lasts: (0.0, 8.0), frames: 2 * FRAMES },
];

#[test]
fn rewritten_times_cost_no_more_than_what_is_there() {
    let _turn = turn();
    let desk = Desk::new();
    let plain = desk.path("plain.ts");
    ffmpeg(
        "-f lavfi -i testsrc2=s=160x90:r=25 -t 4 -c:v libx264 -preset ultrafast -bf 2 -g 25 -pix_fmt yuv420p",
        &plain,
    );
    let plain = fs::read(plain).unwrap();
    let mut wrong = Vec::new();
    for case in CASES {
        let said = judged(&desk, case.name, &rewritten(&plain, case.write));
        println!("{}: {said:?}", case.name);
        let (least, most) = case.lasts;
        let right = said.is_some_and(|(frames, seconds)| {
            frames <= case.frames && (least - 0.001..=most + 0.001).contains(&seconds)
        });
        if !right {
            wrong.push(format!("{}: {said:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn times_by_chance_end_in_a_sound_result_or_one_line() {
    let _turn = turn();
    let desk = Desk::new();
    let plain = desk.clip("plain.ts", 2);
    let plain = fs::read(plain).unwrap();
    let mut random = Random::new("times");
    for round in 0..crate::by_tier(2, 10, 200) {
        let mut any = || i64::try_from(random.next() >> 31).unwrap_or(0);
        let chance = |value: i64| (value % 5 > 0).then_some(value);
        let bytes = rewritten(&plain, |_, _| (chance(any()), chance(any())));
        let name = format!("by chance {round}");
        if let Some((frames, seconds)) = judged(&desk, &name, &bytes) {
            // At most `limits.max_gap_s` for each picture, and a repeated one at each line of it.
            assert!(seconds <= 50.0 * 61.0, "{name}: {seconds} s");
            assert!(frames as f64 <= 60.0 + seconds / 2.0, "{name}: {frames}");
        }
    }
}

/// Transcodes; frames of the plan and seconds, `None` where it was refused.
fn judged(desk: &Desk, name: &str, bytes: &[u8]) -> Option<(u64, f64)> {
    let (path, dir) = (desk.path("times.ts"), desk.path("judged"));
    fs::write(&path, bytes).unwrap();
    let ended = start(&mut desk.transcode(&path, &dir)).end(HANG_S);
    match ended.code() {
        0 => {
            out::complete(&dir);
            let said = planned(&dir);
            fs::remove_dir_all(&dir).unwrap();
            Some(said)
        }
        65 => {
            println!("{name}: {}", ended.one_line());
            None
        }
        code => panic!("{name} ends with {code}: {}", ended.stderr),
    }
}

fn planned(dir: &Path) -> (u64, f64) {
    let report = fs::read(dir.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let frames = report["frames"]["planned"].as_u64().unwrap();
    (frames, report["duration_s"].as_f64().unwrap())
}

/// The transport stream with the times of its picture written anew.
fn rewritten(stream: &[u8], mut write: impl FnMut(i64, Times) -> Times) -> Vec<u8> {
    let mut out = stream.to_vec();
    let mut number = 0;
    for packet in out.chunks_exact_mut(188) {
        // A packet that begins a PES packet; its payload is behind the adaptation field, where it has one.
        if packet[1] & 0x40 == 0 {
            continue;
        }
        let adapted = packet[3] & 0x20 != 0;
        let at = 4 + if adapted {
            1 + usize::from(packet[4])
        } else {
            0
        };
        let Some(pes) = packet.get_mut(at..).filter(|p| p.len() > 19) else {
            continue;
        };
        // The picture of a programme with one.
        if pes[..4] != [0, 0, 1, 0xE0] {
            continue;
        }
        let room = usize::from(pes[8]);
        let flags = pes[7] >> 6;
        let has_dts = flags == 3 && room >= 10;
        let pts = read(&pes[9..14]);
        let dts = if has_dts { read(&pes[14..19]) } else { pts };
        let (pts, dts) = write(number, (Some(pts), Some(dts)));
        number += 1;
        let dts = dts.filter(|_| has_dts);
        pes[7] = pes[7] & 0x3F
            | match (pts, dts) {
                (Some(_), Some(_)) => 0xC0,
                (Some(_), None) => 0x80,
                (None, _) => 0,
            };
        // What is not said becomes stuffing.
        pes[9..9 + room.min(10)].fill(0xFF);
        if let Some(pts) = pts {
            put(&mut pes[9..14], if dts.is_some() { 3 } else { 2 }, pts);
            if let Some(dts) = dts {
                put(&mut pes[14..19], 1, dts);
            }
        }
    }
    assert!(number > 0, "a stream without a picture");
    out
}

/// 33 bits in five bytes, each part ended by a marker bit (ISO/IEC 13818-1, 2.4.3.6).
fn read(field: &[u8]) -> i64 {
    let byte = |n: usize| i64::from(field[n]);
    (byte(0) >> 1 & 7) << 30 | byte(1) << 22 | (byte(2) >> 1) << 15 | byte(3) << 7 | byte(4) >> 1
}

fn put(field: &mut [u8], kind: u8, time: i64) {
    let bits = |shift: u32| u8::try_from(time >> shift & 0xFF).unwrap();
    field[0] = kind << 4 | (bits(30) & 7) << 1 | 1;
    field[1] = bits(22);
    field[2] = (u8::try_from(time >> 15 & 0x7F).unwrap()) << 1 | 1;
    field[3] = bits(7);
    field[4] = (u8::try_from(time & 0x7F).unwrap()) << 1 | 1;
}
