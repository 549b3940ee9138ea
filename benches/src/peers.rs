//! What a skilled user would write for ffmpeg to make the same ladder: HLS with CMAF segments, at the same settings of libx264.
//! Not how it is measured.

use std::path::Path;

/// A rung: width, height, kbit/s.
pub type Rung = (u32, u32, u32);

/// A built-in profile as ffmpeg would be asked for it.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    /// The profile's name.
    pub profile: &'static str,
    /// Its rungs for a source of 1080 lines and more.
    pub rungs: &'static [Rung],
    /// Whether rates are caps over constant quality; otherwise averages.
    pub capped: bool,
}

/// The ladders that are compared.
pub const LADDERS: [Ladder; 2] = [
    Ladder {
        profile: "web",
        rungs: &[
            (1920, 1080, 5000),
            (1280, 720, 2800),
            (854, 480, 1400),
            (640, 360, 800),
            (426, 240, 400),
        ],
        capped: true,
    },
    Ladder {
        profile: "vod",
        rungs: &[(1280, 720, 2400), (854, 480, 1200), (640, 360, 800)],
        capped: false,
    },
];

/// How the work is given to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// One process decodes once, `split`s, and scales each rung from the source; so many threads per encoder, 0 as it likes.
    Split(u32),
    /// The same, each rung scaled from the one above it.
    Cascade,
    /// A process per rung, all at once.
    PerRung,
    /// Two processes, each with a half of the clip and one thread per encoder, at once.
    Halves,
}

impl Arrangement {
    /// For a table.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Split(0) => "one process, `split`, automatic threads".to_owned(),
            Self::Split(n) => format!("one process, `split`, {n} thread per encoder"),
            Self::Cascade => "one process, rungs scaled one from the other".to_owned(),
            Self::PerRung => "one process per rung, at once".to_owned(),
            Self::Halves => "two halves at once, one thread per encoder".to_owned(),
        }
    }

    /// A shell's command line that makes the ladder under `out`, which is there.
    #[must_use]
    pub fn command(
        self,
        ffmpeg: &str,
        ladder: &Ladder,
        clip: &Path,
        seconds: usize,
        out: &Path,
    ) -> String {
        let whole = |rungs: &[Rung], threads, cascade, out: &str, cut: &str| {
            one(
                ffmpeg,
                &Ask {
                    ladder,
                    rungs,
                    threads,
                    cascade,
                    cut,
                },
                clip,
                out,
            )
        };
        let out = out.display().to_string();
        let rungs = ladder.rungs;
        let all = match self {
            Self::Split(threads) => vec![whole(rungs, threads, false, &out, "")],
            Self::Cascade => vec![whole(rungs, 0, true, &out, "")],
            Self::PerRung => {
                let each = |(i, rung)| {
                    whole(
                        std::slice::from_ref(rung),
                        0,
                        false,
                        &format!("{out}/r{i}"),
                        "",
                    )
                };
                rungs.iter().enumerate().map(each).collect()
            }
            Self::Halves => {
                let half = seconds.div_ceil(2);
                let cuts = [format!("-t {half}"), format!("-ss {half}")];
                let each = |(i, cut): (usize, &String)| {
                    whole(rungs, 1, false, &format!("{out}/h{i}"), cut)
                };
                cuts.iter().enumerate().map(each).collect()
            }
        };
        let started: Vec<String> = all
            .iter()
            .map(|one| format!("{one} & p=\"$p $!\""))
            .collect();
        format!(
            "p=; {}; for i in $p; do wait $i || exit 1; done",
            started.join("; ")
        )
    }

    /// What must be there for the first segment to be playable.
    #[must_use]
    pub fn playable(self) -> [&'static str; 2] {
        match self {
            Self::PerRung => ["r0/0/index.m3u8", "r0/1/index.m3u8"],
            Self::Halves => ["h0/0/index.m3u8", "h0/1/index.m3u8"],
            Self::Split(_) | Self::Cascade => ["0/index.m3u8", "1/index.m3u8"],
        }
    }
}

struct Ask<'a> {
    ladder: &'a Ladder,
    rungs: &'a [Rung],
    threads: u32,
    cascade: bool,
    /// Options before the input.
    cut: &'a str,
}

fn one(ffmpeg: &str, ask: &Ask<'_>, clip: &Path, out: &str) -> String {
    let clip = clip.display();
    let mut line = format!(
        "mkdir -p {out}; {ffmpeg} -v error -nostdin -y {} -i {clip}",
        ask.cut
    );
    line += &format!(" -filter_complex '{}'", graph(ask));
    for i in 0..ask.rungs.len() {
        line += &format!(" -map '[v{i}]'");
    }
    line += " -map 0:a:0 -c:v libx264 -preset veryfast -forced-idr 1";
    line += " -x264-params keyint=infinite:min-keyint=1073741823:open-gop=0";
    line += " -force_key_frames 'expr:gte(t,if(gt(n_forced,0),n_forced*4-2,0))'";
    line += &format!(" -threads {}", ask.threads);
    let mut streams = String::new();
    for (i, (_, _, kbps)) in ask.rungs.iter().enumerate() {
        line += &match ask.ladder.capped {
            true => format!(" -crf:v:{i} 23 -maxrate:v:{i} {kbps}k -bufsize:v:{i} {kbps}k"),
            false => format!(" -b:v:{i} {kbps}k"),
        };
        streams += &format!("v:{i},agroup:s ");
    }
    line +=
        " -c:a aac -b:a 128k -f hls -hls_time 2 -hls_segment_type fmp4 -hls_playlist_type event";
    line += &format!(" -master_pl_name master.m3u8 -var_stream_map '{streams}a:0,agroup:s'");
    line + &format!(" -hls_segment_filename '{out}/%v/seg-%05d.m4s' '{out}/%v/index.m3u8'")
}

fn graph(ask: &Ask<'_>) -> String {
    let count = ask.rungs.len();
    if ask.cascade {
        let mut graph = String::new();
        let mut from = "0:v".to_owned();
        for (i, (w, h, _)) in ask.rungs.iter().enumerate() {
            let last = i + 1 == count;
            let on = if last {
                String::new()
            } else {
                format!(",split[v{i}][n{i}]")
            };
            let end = if last {
                format!("[v{i}]")
            } else {
                String::new()
            };
            graph += &format!("[{from}]scale={w}:{h}{on}{end};");
            from = format!("n{i}");
        }
        return graph.trim_end_matches(';').to_owned();
    }
    let outlets: String = (0..count).map(|i| format!("[s{i}]")).collect();
    let scaled = ask.rungs.iter().enumerate();
    let scaled = scaled.map(|(i, (w, h, _))| format!(";[s{i}]scale={w}:{h}[v{i}]"));
    format!("[0:v]split={count}{outlets}{}", scaled.collect::<String>())
}
