//! One clip's ladder: newsreel and ffmpeg at the same encoder settings, in turn.
//!
//! `ladder NEWSREEL [--profile web|vod] [--kind animated|film|grainy] [--format 1080p25|1080p50|2160p25] [--seconds N]
//! [--repeats N] [--ffmpeg PATH]... [--only NAME] [--quality]` prints Markdown. Ratios are medians of ratios within one
//! round, to the first row.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::path::{Path, PathBuf};

use newsreel_benches::clips::Clip;
use newsreel_benches::peers::{Arrangement, LADDERS, Ladder};
use newsreel_benches::quality::compare;
use newsreel_benches::{Cost, cores, measure, median, option, texts};

const ARRANGEMENTS: [Arrangement; 5] = [
    Arrangement::Split(0),
    Arrangement::Split(1),
    Arrangement::Cascade,
    Arrangement::PerRung,
    Arrangement::Halves,
];

/// Who makes a ladder, and how.
enum Contender {
    Ffmpeg(String, Arrangement),
    /// With so many runs; as it chooses.
    Newsreel(Option<u32>),
}

struct Bench {
    newsreel: String,
    clip: PathBuf,
    seconds: usize,
    ladder: Ladder,
    scratch: PathBuf,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |name: &str, default: &str| {
        let given = texts(&arguments, name).pop();
        given.unwrap_or_else(|| default.to_owned())
    };
    let newsreel = arguments
        .first()
        .expect("usage: ladder NEWSREEL [OPTION ...]");
    let (seconds, repeats) = (
        option(&arguments, "--seconds", 60),
        option(&arguments, "--repeats", 3),
    );
    let (profile, kind, format) = (
        text("--profile", "web"),
        text("--kind", "animated"),
        text("--format", "1080p25"),
    );
    let scratch = PathBuf::from("out/bench");
    let clip = Clip {
        kind: &kind,
        format: &format,
        seconds,
    };
    let bench = Bench {
        newsreel: newsreel.clone(),
        clip: clip.make(&scratch).unwrap(),
        seconds,
        ladder: *LADDERS
            .iter()
            .find(|l| l.profile == profile)
            .expect("no such profile here"),
        scratch,
    };
    let mut contenders = contenders(&texts(&arguments, "--ffmpeg"));
    if let Some(only) = texts(&arguments, "--only").pop() {
        contenders.retain(|c| c.name().contains(&only));
    }
    println!(
        "{seconds} s of {format}, {kind}, `{profile}` ladder, {repeats} rounds on {} cores; in brackets the median ratio to the first row.\n",
        cores()
    );
    let costs = bench.rounds(&contenders, repeats);
    print_table(&contenders, &costs);
    if arguments.iter().any(|a| a == "--quality") {
        bench.quality(&contenders);
    }
}

fn contenders(ffmpegs: &[String]) -> Vec<Contender> {
    let own = ["ffmpeg".to_owned()];
    let ffmpegs = if ffmpegs.is_empty() {
        &own[..]
    } else {
        ffmpegs
    };
    let peers = ffmpegs.iter().flat_map(|ffmpeg| {
        ARRANGEMENTS.map(|arrangement| Contender::Ffmpeg(ffmpeg.clone(), arrangement))
    });
    peers
        .chain([Contender::Newsreel(Some(1)), Contender::Newsreel(None)])
        .collect()
}

impl Contender {
    fn name(&self) -> String {
        match self {
            Self::Ffmpeg(path, arrangement) => {
                let file = Path::new(path).file_name().unwrap_or_default();
                format!("{}: {}", file.to_string_lossy(), arrangement.name())
            }
            Self::Newsreel(Some(runs)) => format!("newsreel, {runs} run"),
            Self::Newsreel(None) => "newsreel, as it chooses".to_owned(),
        }
    }
}

impl Bench {
    fn rounds(&self, contenders: &[Contender], repeats: usize) -> Vec<Vec<Cost>> {
        let mut costs = vec![Vec::new(); contenders.len()];
        for round in 1..=repeats {
            for (contender, costs) in contenders.iter().zip(&mut costs) {
                let cost = self.execute(contender);
                eprintln!("round {round} {}: {cost:?}", contender.name());
                costs.push(cost);
            }
        }
        costs
    }

    fn execute(&self, contender: &Contender) -> Cost {
        let out = self.scratch.join("result");
        let _ = std::fs::remove_dir_all(&out);
        let (program, arguments, playable) = match contender {
            Contender::Ffmpeg(ffmpeg, arrangement) => {
                std::fs::create_dir_all(&out).unwrap();
                let line =
                    arrangement.command(ffmpeg, &self.ladder, &self.clip, self.seconds, &out);
                let playable = arrangement.playable().map(|file| out.join(file)).to_vec();
                ("sh", vec!["-c".to_owned(), line], playable)
            }
            Contender::Newsreel(runs) => {
                let shown = |path: &Path| path.display().to_string();
                let mut a = vec!["transcode".to_owned(), shown(&self.clip)];
                a.extend(["--out".to_owned(), shown(&out)]);
                a.extend(["--profile".to_owned(), self.ladder.profile.to_owned()]);
                a.extend(
                    runs.iter()
                        .flat_map(|n| ["--runs".to_owned(), n.to_string()]),
                );
                (self.newsreel.as_str(), a, vec![out.join("master.m3u8")])
            }
        };
        measure(program, &arguments, &playable, &self.scratch).unwrap()
    }

    /// What the bits were spent on: the first arrangement of ffmpeg beside newsreel.
    fn quality(&self, contenders: &[Contender]) {
        println!("\n| | rung | PSNR, dB | SSIM | kbit/s |\n| --- | --- | --- | --- | --- |");
        let first = contenders.iter().take(1);
        let ours = contenders
            .iter()
            .filter(|c| matches!(c, Contender::Newsreel(_)));
        for contender in first.chain(ours) {
            self.execute(contender);
            for (i, (w, h, _)) in self.ladder.rungs.iter().enumerate() {
                let dir = match contender {
                    Contender::Ffmpeg(..) => i.to_string(),
                    Contender::Newsreel(_) => format!("video/{h}p"),
                };
                let dir = self.scratch.join("result").join(dir);
                let of = compare("ffmpeg", &dir, &self.clip, (*w, *h)).unwrap();
                #[allow(clippy::cast_precision_loss, reason = "for a table")]
                let kbps = of.bytes as f64 * 8.0 / 1000.0 / self.seconds as f64;
                println!(
                    "| {} | {h}p | {:.2} | {:.4} | {kbps:.0} |",
                    contender.name(),
                    of.psnr_db,
                    of.ssim
                );
            }
        }
    }
}

fn print_table(contenders: &[Contender], costs: &[Vec<Cost>]) {
    println!("| | wall s | CPU s | of the cores | peak MiB | first playable s |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let figures: [fn(&Cost) -> f64; 5] = [
        |c| c.wall_s,
        |c| c.cpu_s,
        |c| c.cpu_s / c.wall_s / cores(),
        |c| c.peak_mib,
        |c| c.first_playable_s,
    ];
    for (contender, rounds) in contenders.iter().zip(costs) {
        let cells = figures.map(|figure| {
            let own = median(rounds.iter().map(figure).collect());
            let beside = rounds.iter().zip(&costs[0]);
            let ratio = median(beside.map(|(c, base)| figure(c) / figure(base)).collect());
            format!("{own:.2} ({ratio:.2})")
        });
        println!("| {} | {} |", contender.name(), cells.join(" | "));
    }
}
