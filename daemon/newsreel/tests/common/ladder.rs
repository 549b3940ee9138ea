//! A finished ladder, and everything that must hold of every one of them whatever it was made from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use newsreel_model::job::{JobRecord, JobState, layout};
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::profile::VideoCodec;
use newsreel_model::report::Report;

use super::boxes::{self, Coding, Init};
use super::{newsreel, playlist, probe, silent, text};

/// An output directory whose job says it is complete.
pub struct Ladder {
    pub dir: PathBuf,
    pub record: JobRecord,
    pub report: Report,
}

/// What the boxes of a rendition say.
pub struct Track {
    pub init: Init,
    pub segments: Vec<SegmentFacts>,
}

pub struct SegmentFacts {
    pub tfdt: u64,
    pub duration: u64,
    pub bytes: u64,
    pub samples: Vec<boxes::Sample>,
}

impl Track {
    /// Presentation time of every picture, rising, in ticks.
    pub fn shown(&self) -> Vec<i64> {
        let samples = self.segments.iter().flat_map(|s| &s.samples);
        let mut times: Vec<i64> = samples.map(|s| s.pts - self.init.media_time).collect();
        times.sort_unstable();
        times
    }

    /// Presentation times of the key pictures.
    pub fn keys(&self) -> Vec<i64> {
        let samples = self.segments.iter().flat_map(|s| &s.samples);
        samples.filter(|s| s.sync).map(|s| s.pts).collect()
    }

    fn seconds(&self, index: usize) -> f64 {
        let priming = if index == 0 { self.init.media_time } else { 0 };
        (self.segments[index].duration as f64 - priming as f64) / f64::from(self.init.timescale)
    }
}

impl Ladder {
    pub fn of(dir: &Path) -> Self {
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        Self {
            dir: dir.to_owned(),
            record: serde_json::from_slice(&read(layout::JOB)).unwrap(),
            report: serde_json::from_slice(&read(layout::REPORT)).unwrap(),
        }
    }

    pub fn plan(&self) -> &Plan {
        self.record.plan.as_ref().unwrap()
    }

    pub fn rungs(&self) -> &[RungPlan] {
        &self.plan().video.rungs
    }

    pub fn lowest(&self) -> &RungPlan {
        self.rungs().last().unwrap()
    }

    pub fn mp4(&self, rung: &RungPlan) -> PathBuf {
        self.dir.join(layout::mp4(&rung.name))
    }

    pub fn index(&self, rung: &RungPlan) -> PathBuf {
        self.dir
            .join(layout::video_dir(&rung.name))
            .join(layout::INDEX)
    }

    /// Reads a rendition's boxes: `video/720p`.
    pub fn track(&self, rendition: &str) -> Track {
        let dir = self.dir.join(rendition);
        let init = boxes::init(&std::fs::read(dir.join(layout::INIT)).unwrap());
        let segments = (0..self.plan().grid.len()).map(|index| {
            let bytes = std::fs::read(dir.join(layout::segment(index))).unwrap();
            let read = boxes::segment(&bytes);
            SegmentFacts {
                tfdt: read.tfdt,
                duration: read.duration(),
                bytes: bytes.len() as u64,
                samples: read.samples,
            }
        });
        Track {
            init,
            segments: segments.collect(),
        }
    }

    pub fn video(&self, rung: &RungPlan) -> Track {
        self.track(&layout::video_dir(&rung.name))
    }

    /// Everything that holds of every finished ladder.
    pub fn check(&self) {
        self.check_files();
        self.check_verify();
        self.check_report();
        let sound = self.plan().audio.as_ref();
        let sound = sound.map(|a| (layout::audio_dir(&a.language), a));
        let sound = sound.map(|(dir, _)| {
            let track = self.track(&dir);
            self.check_playlist(&dir, &track);
            track
        });
        let mut pictures: Option<Vec<i64>> = None;
        let mut tracks = Vec::new();
        for rung in self.rungs() {
            let track = self.video(rung);
            self.check_grid(rung, &track);
            self.check_playlist(&layout::video_dir(&rung.name), &track);
            let shown = track.shown();
            assert_eq!(
                *pictures.get_or_insert_with(|| shown.clone()),
                shown,
                "{}: other times than the rung before",
                rung.name
            );
            self.check_decoding(rung, &shown);
            self.check_mp4(rung, &track);
            tracks.push(track);
        }
        self.check_master(&tracks, sound.as_ref());
        self.check_pictures();
    }

    /// Nothing is left over, nothing is missing: the journal lists exactly what is there.
    fn check_files(&self) {
        assert!(!self.dir.join(layout::WORK).exists(), ".work is left");
        let mut there = BTreeSet::new();
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let path = entry.path();
                let name = path.strip_prefix(&self.dir).unwrap();
                there.insert(name.to_str().unwrap().to_owned());
            }
        }
        there.remove(layout::JOB);
        let listed: BTreeSet<String> = self.record.journal.iter().map(|f| f.path.clone()).collect();
        assert_eq!(there, listed, "files there, files of the journal");
        assert_eq!(self.record.journal.len(), listed.len(), "listed twice");
    }

    fn check_verify(&self) {
        let done = newsreel().arg("verify").arg(&self.dir).output().unwrap();
        assert!(done.status.success(), "verify: {}", text(&done.stderr));
    }

    fn check_report(&self) {
        let (plan, report) = (self.plan(), &self.report);
        assert_eq!(self.record.state, JobState::Completed);
        assert_eq!(report.state, JobState::Completed);
        assert_eq!(report.frames.planned, plan.grid.frames());
        assert!((report.duration_s - plan.duration_s()).abs() < 1e-6);
        assert!(report.runs >= 1 && report.wall_s > 0.0);
        assert!(
            report
                .first_playable_s
                .is_some_and(|s| s > 0.0 && s <= report.wall_s)
        );
        assert_eq!(report.rungs.len(), plan.video.rungs.len());
        for (rung, planned) in report.rungs.iter().zip(&plan.video.rungs) {
            assert_eq!(rung.name, planned.name);
            assert_eq!((rung.width, rung.height), (planned.width, planned.height));
            let bytes: u64 = self.video(planned).segments.iter().map(|s| s.bytes).sum();
            assert_eq!(rung.bytes, bytes, "{}", rung.name);
            assert_eq!(rung.frames, plan.grid.frames(), "{}", rung.name);
            assert_eq!(rung.segments, plan.grid.len(), "{}", rung.name);
            assert_eq!((rung.device.as_str(), rung.segments_reused), ("cpu", 0));
            let average = bytes as f64 * 8.0 / plan.duration_s();
            assert!(
                (rung.average_bps as f64 - average).abs() <= 1.0,
                "{}",
                rung.name
            );
            assert!(rung.peak_segment_bps >= rung.average_bps, "{}", rung.name);
        }
    }

    /// Segments start where the grid says, each with its only IDR, shown first.
    fn check_grid(&self, rung: &RungPlan, track: &Track) {
        let plan = self.plan();
        let name = &rung.name;
        assert_eq!(track.init.timescale, plan.video.timescale, "{name}");
        assert_eq!(track.init.media_time, 0, "{name}");
        let coding = coding(rung.codec);
        for (index, (planned, found)) in plan.grid.segments.iter().zip(&track.segments).enumerate()
        {
            let at = format!("{name} segment {}", index + 1);
            assert_eq!(found.samples.len(), planned.frames as usize, "{at}");
            assert!(
                found.tfdt < 1 << 62,
                "{at}: tfdt {} has wrapped",
                found.tfdt
            );
            assert_eq!(found.tfdt as i64, planned.start_ticks, "{at}: tfdt");
            assert_eq!(found.duration as i64, planned.duration_ticks, "{at}");
            assert_eq!(found.samples[0].pts, planned.start_ticks, "{at}: first");
            assert!(
                found.samples[0].sync,
                "{at}: first sample is no sync sample"
            );
            assert!(!found.samples[1..].iter().any(|s| s.sync), "{at}: another");
            let path = self.dir.join(layout::video_dir(name));
            let bytes = std::fs::read(path.join(layout::segment(index))).unwrap();
            let idrs = boxes::segment(&bytes)
                .payloads()
                .enumerate()
                .filter(|(_, data)| boxes::is_idr(coding, data))
                .map(|(i, _)| i)
                .collect::<Vec<_>>();
            assert_eq!(idrs, [0], "{at}: which pictures are IDRs");
        }
    }

    /// `EXTINF` is what the boxes say, and decode times go on without a hole and never wrap.
    fn check_playlist(&self, rendition: &str, track: &Track) {
        let list = playlist::media(&self.dir.join(rendition).join(layout::INDEX));
        assert!(list.ended, "{rendition}: no end");
        assert_eq!(list.segments.len(), track.segments.len(), "{rendition}");
        let mut next = 0;
        for (index, (extinf, uri)) in list.segments.iter().enumerate() {
            let at = format!("{rendition} segment {}", index + 1);
            assert_eq!(*uri, layout::segment(index));
            let real = track.seconds(index);
            assert!((extinf - real).abs() < 1e-6, "{at}: {extinf} for {real}");
            assert!(extinf.round() <= list.target_s, "{at}: over the target");
            let facts = &track.segments[index];
            assert!(facts.tfdt < 1 << 62, "{at}: tfdt has wrapped");
            assert_eq!(facts.tfdt, next, "{at}: does not go on");
            next = facts.tfdt + facts.duration;
        }
    }

    /// The playlist through libavformat, and the MP4: every picture decodes, and both hold the same ones.
    ///
    /// Times are compared in the MP4 only: libavformat moves fragments by their largest negative composition offset.
    fn check_decoding(&self, rung: &RungPlan, shown: &[i64]) {
        let from_hls = decode(&self.index(rung));
        let from_mp4 = decode(&self.mp4(rung));
        let name = &rung.name;
        assert_eq!(
            from_hls.times.len(),
            shown.len(),
            "{name}: frames decoded from the playlist"
        );
        assert_eq!(
            from_mp4.times.len(),
            shown.len(),
            "{name}: frames decoded from the MP4"
        );
        let scale = f64::from(self.plan().video.timescale);
        for (k, (time, ticks)) in from_mp4.times.iter().zip(shown).enumerate() {
            let planned = *ticks as f64 / scale;
            assert!(
                (time - planned).abs() < 2e-5,
                "{name}: frame {k} of the MP4 at {time} s, by the segments at {planned} s"
            );
        }
        assert!(
            from_hls.sums == from_mp4.sums,
            "{name}: playlist and MP4 decode to different pictures"
        );
    }

    fn check_mp4(&self, rung: &RungPlan, track: &Track) {
        let (plan, path) = (self.plan(), self.mp4(rung));
        let bytes = std::fs::read(&path).unwrap();
        let order: Vec<[u8; 4]> = boxes::boxes(&bytes).iter().map(|b| b.kind).collect();
        let place = |name: &[u8; 4]| order.iter().position(|k| k == name).unwrap();
        assert!(
            place(b"moov") < place(b"mdat"),
            "{}: not faststart",
            rung.name
        );
        let all = probe(&path, &["-show_streams", "-show_format"]);
        let streams = all["streams"].as_array().unwrap();
        assert_eq!(streams.len(), 1 + usize::from(plan.audio.is_some()));
        assert_eq!(streams[0]["width"], rung.width);
        assert_eq!(streams[0]["height"], rung.height);
        assert_eq!(streams[0]["nb_frames"], plan.grid.frames().to_string());
        let duration: f64 = all["format"]["duration"].as_str().unwrap().parse().unwrap();
        // The last access unit of sound is filled up.
        let room = if plan.audio.is_some() { 0.05 } else { 0.002 };
        assert!(
            (duration - plan.duration_s()).abs() < room,
            "{}: {duration} s, planned {}",
            rung.name,
            plan.duration_s()
        );
        // What libavformat and libavcodec take for key pictures, in the MP4.
        let select = ["-select_streams", "v:0"];
        let packets = probe(
            &path,
            &[&select[..], &["-show_entries", "packet=pts,flags"]].concat(),
        );
        let flagged: Vec<i64> = list(&packets, "packets")
            .filter(|p| p["flags"].as_str().unwrap().starts_with('K'))
            .map(|p| p["pts"].as_i64().unwrap())
            .collect();
        assert_eq!(flagged, track.keys(), "{}: packets marked K", rung.name);
        if rung.codec == VideoCodec::Av1 {
            // libdav1d gives out every picture, whatever it is told to skip.
            return;
        }
        let frames = [
            &select[..],
            &["-skip_frame", "nokey", "-show_entries", KEY_FRAME],
        ]
        .concat();
        let frames = probe(&path, &frames);
        let keys: Vec<i64> = list(&frames, "frames")
            .inspect(|f| assert_eq!(f["key_frame"], 1, "{}: {f}", rung.name))
            .inspect(|f| assert_eq!(f["pict_type"], "I", "{}: {f}", rung.name))
            .map(|f| f["pts"].as_i64().unwrap())
            .collect();
        assert_eq!(keys, track.keys(), "{}: key frames decoded", rung.name);
    }

    fn check_master(&self, tracks: &[Track], sound: Option<&Track>) {
        let (variants, renditions) = playlist::master(&self.dir.join(layout::MASTER));
        assert_eq!(variants.len(), self.rungs().len(), "variants");
        assert_eq!(renditions.len(), usize::from(sound.is_some()), "sounds");
        let peak = |track: &Track| {
            let long = (0..track.segments.len()).filter(|&i| track.seconds(i) >= 0.5);
            long.map(|i| track.segments[i].bytes as f64 * 8.0 / track.seconds(i))
                .fold(0.0, f64::max)
        };
        let all = |track: &Track| {
            let bytes: u64 = track.segments.iter().map(|s| s.bytes).sum();
            let seconds: f64 = (0..track.segments.len()).map(|i| track.seconds(i)).sum();
            bytes as f64 * 8.0 / seconds
        };
        for ((attributes, uri), (rung, track)) in
            variants.iter().zip(self.rungs().iter().zip(tracks))
        {
            let name = &rung.name;
            assert_eq!(
                *uri,
                format!("{}/{}", layout::video_dir(name), layout::INDEX)
            );
            let real = probe(
                &self.mp4(rung),
                &["-select_streams", "v:0", "-show_streams"],
            );
            let real = &real["streams"][0];
            let size = format!("{}x{}", real["width"], real["height"]);
            assert_eq!(attributes["RESOLUTION"], size, "{name}");
            let number = |key: &str| attributes[key].parse::<f64>().unwrap();
            let bandwidth = peak(track) + sound.map_or(0.0, peak);
            assert!(
                number("BANDWIDTH") >= bandwidth - 1.0,
                "{name}: {bandwidth}"
            );
            let average = all(track) + sound.map_or(0.0, all);
            let said = number("AVERAGE-BANDWIDTH");
            assert!(
                (said - average).abs() < 0.01 * average + 2.0,
                "{name}: {said} for {average}"
            );
            if let Some(rate) = attributes.get("FRAME-RATE") {
                let rate: f64 = rate.parse().unwrap();
                let nominal = self.plan().video.frame_rate.unwrap().to_f64();
                assert!((rate - nominal).abs() < 0.001, "{name}: rate {rate}");
            }
            let codecs = codecs(rung.codec, real, sound.is_some());
            assert_eq!(attributes["CODECS"], codecs, "{name}");
            assert_eq!(attributes.get("AUDIO").is_some(), sound.is_some(), "{name}");
        }
    }

    fn check_pictures(&self) {
        let spec = &self.plan().thumbnails;
        let decodes = |path: &Path| {
            let file = path.to_str().unwrap();
            silent(
                "ffmpeg",
                &["-nostdin", "-v", "error", "-i", file, "-f", "null", "-"],
            );
        };
        decodes(&self.dir.join(layout::POSTER));
        let thumbs = std::fs::read_dir(self.dir.join("thumbs")).unwrap().count();
        assert!(
            (1..=spec.count as usize).contains(&thumbs),
            "{thumbs} thumbs"
        );
        for index in 0..thumbs {
            decodes(&self.dir.join(layout::thumbnail(index)));
        }
        let board = self.dir.join(layout::STORYBOARD);
        decodes(&board);
        let size = probe(&board, &["-show_streams"]);
        let side = |key: &str| size["streams"][0][key].as_u64().unwrap();
        let cues = playlist::storyboard(&self.dir.join(layout::STORYBOARD_VTT));
        assert!((1..=spec.storyboard_tiles as usize).contains(&cues.len()));
        let mut before = 0.0;
        let mut places = BTreeSet::new();
        for cue in &cues {
            let [x, y, w, h] = cue.place;
            assert!(w > 0 && u64::from(x + w) <= side("width"), "{cue:?}");
            assert!(h > 0 && u64::from(y + h) <= side("height"), "{cue:?}");
            assert!(places.insert((x, y)), "{cue:?}: a tile twice");
            assert!(
                (cue.from_s - before).abs() < 0.002 && cue.until_s > cue.from_s,
                "{cue:?}"
            );
            before = cue.until_s;
        }
        assert!(
            (before - self.plan().duration_s()).abs() < 0.002,
            "ends at {before}"
        );
    }
}

const KEY_FRAME: &str = "frame=key_frame,pict_type,pts";

fn list<'a>(json: &'a serde_json::Value, key: &str) -> impl Iterator<Item = &'a serde_json::Value> {
    json[key].as_array().unwrap().iter()
}

pub fn coding(codec: VideoCodec) -> Coding {
    match codec {
        VideoCodec::H264 => Coding::H264,
        VideoCodec::Hevc => Coding::Hevc,
        VideoCodec::Av1 => Coding::Av1,
    }
}

/// The names of RFC 6381 by what ffprobe says of a stream; of HEVC and AV1 only what can be told from there.
fn codecs(codec: VideoCodec, stream: &serde_json::Value, sound: bool) -> String {
    let level = stream["level"].as_i64().unwrap();
    let video = match (codec, stream["profile"].as_str().unwrap()) {
        (VideoCodec::H264, profile) => {
            let profile = match profile {
                "Constrained Baseline" => "42C0",
                "Main" => "4D40",
                "High" => "6400",
                other => panic!("profile {other}"),
            };
            format!("avc1.{profile}{level:02X}")
        }
        (VideoCodec::Hevc, "Main") => format!("hvc1.1.6.L{level}.90"),
        (VideoCodec::Av1, "Main") => format!("av01.0.{level:02}M.08"),
        (_, other) => panic!("profile {other}"),
    };
    if sound {
        format!("{video},mp4a.40.2")
    } else {
        video
    }
}

/// Pictures as a decoder gives them out.
pub struct Pictures {
    /// Seconds.
    pub times: Vec<f64>,
    /// A checksum of each.
    pub sums: Vec<String>,
}

/// Decodes everything in a file; any word of complaint fails.
pub fn decode(path: &Path) -> Pictures {
    let file = path.to_str().unwrap();
    let args = [
        "-nostdin",
        "-v",
        "error",
        "-copyts",
        "-i",
        file,
        "-map",
        "0",
        "-fps_mode",
    ];
    let how = ["passthrough", "-enc_time_base", "-1", "-f", "framecrc", "-"];
    let out = text(&silent("ffmpeg", &[&args[..], &how].concat()));
    let (mut unit, mut video) = (Vec::<f64>::new(), None);
    let mut pictures = Pictures {
        times: Vec::new(),
        sums: Vec::new(),
    };
    for line in out.lines() {
        if let Some(rest) = line.strip_prefix("#tb ") {
            let (num, den) = rest.split_once(": ").unwrap().1.split_once('/').unwrap();
            unit.push(num.parse::<f64>().unwrap() / den.parse::<f64>().unwrap());
        } else if let Some(rest) = line.strip_prefix("#media_type ") {
            let (stream, kind) = rest.split_once(": ").unwrap();
            if kind == "video" {
                video = Some(stream.parse::<usize>().unwrap());
            }
        } else if !line.starts_with('#') {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let stream: usize = fields[0].parse().unwrap();
            if Some(stream) == video {
                let time: f64 = fields[2].parse().unwrap();
                pictures.times.push(time * unit[stream]);
                pictures.sums.push(fields[5].to_owned());
            }
        }
    }
    pictures
}
