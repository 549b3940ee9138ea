//! The `web` ladder of one 1080p25 clip: newsreel and one ffmpeg process at the same encoder settings, in turn.
//!
//! `ladder NEWSREEL [--seconds N] [--repeats N] [--only NAME]` prints Markdown. Ratios are medians of ratios within one
//! round, to the first row.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use newsreel_benches::{Cost, measure, median, option};

/// Rungs of the `web` profile: width, height, cap in kbit/s.
const RUNGS: [(u32, u32, u32); 5] = [
    (1920, 1080, 5000),
    (1280, 720, 2800),
    (854, 480, 1400),
    (640, 360, 800),
    (426, 240, 400),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default| option(&arguments, name, default);
    let newsreel = arguments
        .first()
        .expect("usage: ladder NEWSREEL [--seconds N] [--repeats N] [--only NAME]")
        .clone();
    let (seconds, repeats) = (option("--seconds", 60), option("--repeats", 3));
    let scratch = PathBuf::from("out/bench");
    std::fs::create_dir_all(&scratch).unwrap();
    let clip = make_clip(&scratch, seconds);

    type Contender<'a> = (
        &'a str,
        Box<dyn Fn(&Path) -> (String, Vec<String>, Vec<PathBuf>)>,
    );
    let ours = |runs: Option<u32>| {
        let (newsreel, clip) = (newsreel.clone(), clip.clone());
        move |out: &Path| {
            let mut a = vec!["transcode".into(), shown(&clip), "--out".into(), shown(out)];
            if let Some(runs) = runs {
                a.extend(["--runs".into(), runs.to_string()]);
            }
            (newsreel.clone(), a, vec![out.join("master.m3u8")])
        }
    };
    let peer = |threads: u32| {
        let clip = clip.clone();
        move |out: &Path| {
            let playable = vec![out.join("0/index.m3u8"), out.join("5/index.m3u8")];
            (
                "ffmpeg".to_owned(),
                ffmpeg_arguments(&clip, out, threads),
                playable,
            )
        }
    };
    let mut contenders: Vec<Contender<'_>> = vec![
        ("ffmpeg, one process, automatic threads", Box::new(peer(0))),
        (
            "ffmpeg, one process, one thread per encoder",
            Box::new(peer(1)),
        ),
        ("newsreel, one run", Box::new(ours(Some(1)))),
        ("newsreel, as it chooses", Box::new(ours(None))),
    ];

    let only = arguments.iter().position(|a| a == "--only");
    if let Some(only) = only.and_then(|i| arguments.get(i + 1)) {
        contenders.retain(|(name, _)| name == only);
    }

    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); contenders.len()];
    for round in 0..repeats {
        for (i, (name, build)) in contenders.iter().enumerate() {
            let out = scratch.join("result");
            let _ = std::fs::remove_dir_all(&out);
            std::fs::create_dir_all(out.parent().unwrap()).unwrap();
            let (program, arguments, playable) = build(&out);
            if program == "ffmpeg" {
                std::fs::create_dir_all(&out).unwrap();
            }
            let cost = measure(&program, &arguments, &playable, &scratch).unwrap();
            eprintln!("round {} {name}: {cost:?}", round + 1);
            costs[i].push(cost);
        }
    }
    print_table(
        seconds,
        repeats,
        &contenders.iter().map(|c| c.0).collect::<Vec<_>>(),
        &costs,
    );
}

fn print_table(seconds: usize, repeats: usize, names: &[&str], costs: &[Vec<Cost>]) {
    println!(
        "{seconds} s of 1080p25, `web` ladder, {repeats} rounds; in brackets the median ratio to the first row.\n"
    );
    println!("| | wall s | CPU s | peak MiB | first playable s |");
    println!("| --- | --- | --- | --- | --- |");
    let figures: [fn(&Cost) -> f64; 4] = [
        |c| c.wall_s,
        |c| c.cpu_s,
        |c| c.peak_mib,
        |c| c.first_playable_s,
    ];
    for (name, rounds) in names.iter().zip(costs) {
        let cells: Vec<String> = figures
            .iter()
            .map(|figure| {
                let own = median(rounds.iter().map(figure).collect());
                let ratio = median(
                    rounds
                        .iter()
                        .zip(&costs[0])
                        .map(|(c, base)| figure(c) / figure(base))
                        .collect(),
                );
                format!("{own:.2} ({ratio:.2})")
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Real pictures where they are to be had, enlarged and looped; a made pattern with noise otherwise.
fn make_clip(scratch: &Path, seconds: usize) -> PathBuf {
    let clip = scratch.join(format!("source-{seconds}s.mp4"));
    if clip.exists() {
        return clip;
    }
    let real = Path::new("../shared/media/bunny-720p25.mp4");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-y"]);
    if real.exists() {
        ffmpeg.args(["-stream_loop", "-1", "-i"]).arg(real);
    } else {
        eprintln!("NO REAL MEDIA in ../shared/media: measuring on a made pattern");
        ffmpeg.args([
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=1280x720:r=25,noise=alls=12:allf=t",
            "-f",
            "lavfi",
            "-i",
            "sine",
        ]);
    }
    let length = seconds.to_string();
    ffmpeg
        .args([
            "-t",
            &length,
            "-vf",
            "scale=1920:1080:flags=lanczos",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
        ])
        .args(["-crf", "18", "-g", "250", "-c:a", "aac", "-ac", "2"])
        .arg(&clip);
    assert!(
        ffmpeg.status().unwrap().success(),
        "ffmpeg could not make {}",
        clip.display()
    );
    clip
}

/// What a skilled user would write for the same ladder as HLS with CMAF segments.
fn ffmpeg_arguments(clip: &Path, out: &Path, threads: u32) -> Vec<String> {
    let mut a: Vec<String> = ["-v", "error", "-y", "-i"].map(str::to_owned).to_vec();
    a.push(shown(clip));
    let outlets: String = (0..RUNGS.len()).map(|i| format!("[s{i}]")).collect();
    let mut graph = format!("[0:v]split={}{outlets}", RUNGS.len());
    for (i, (w, h, _)) in RUNGS.iter().enumerate() {
        let filter = if i == 0 {
            "null".to_owned()
        } else {
            format!("scale={w}:{h}")
        };
        graph.push_str(&format!(";[s{i}]{filter}[v{i}]"));
    }
    a.extend(["-filter_complex".to_owned(), graph]);
    let mut streams = String::new();
    for (i, (_, _, cap)) in RUNGS.iter().enumerate() {
        a.extend(["-map".to_owned(), format!("[v{i}]")]);
        a.extend([
            format!("-maxrate:v:{i}"),
            format!("{cap}k"),
            format!("-bufsize:v:{i}"),
            format!("{cap}k"),
        ]);
        streams.push_str(&format!("v:{i},agroup:s "));
    }
    streams.push_str("a:0,agroup:s");
    a.extend(
        [
            "-map", "0:a", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
        ]
        .map(str::to_owned),
    );
    a.extend(
        [
            "-forced-idr",
            "1",
            "-x264-params",
            "keyint=infinite:min-keyint=1073741823:open-gop=0",
        ]
        .map(str::to_owned),
    );
    a.extend(
        [
            "-force_key_frames",
            "expr:gte(t,if(gt(n_forced,0),n_forced*4-2,0))",
        ]
        .map(str::to_owned),
    );
    a.extend(["-threads".to_owned(), threads.to_string()]);
    a.extend(
        [
            "-c:a",
            "aac",
            "-b:a",
            "128k",
            "-f",
            "hls",
            "-hls_time",
            "2",
            "-hls_segment_type",
            "fmp4",
        ]
        .map(str::to_owned),
    );
    a.extend(
        [
            "-hls_playlist_type",
            "event",
            "-master_pl_name",
            "master.m3u8",
            "-var_stream_map",
        ]
        .map(str::to_owned),
    );
    a.push(streams);
    a.extend([
        "-hls_segment_filename".to_owned(),
        shown(&out.join("%v/seg-%05d.m4s")),
        shown(&out.join("%v/index.m3u8")),
    ]);
    a
}
