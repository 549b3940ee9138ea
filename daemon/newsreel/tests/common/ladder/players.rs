//! What must hold of every finished ladder as others read it: FFmpeg's word on playlists, MP4s and pictures.

use std::collections::BTreeSet;
use std::path::Path;

use newsreel_model::job::layout;
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::VideoCodec;

use super::super::{boxes, playlist, probe, silent};
use super::{Ladder, Track, decode};

const KEY_FRAME: &str = "frame=key_frame,pict_type,pts";

fn list<'a>(json: &'a serde_json::Value, key: &str) -> impl Iterator<Item = &'a serde_json::Value> {
    json[key].as_array().unwrap().iter()
}

impl Ladder {
    /// The playlist through libavformat, and the MP4: every picture decodes, and both hold the same ones.
    ///
    /// Times are compared in the MP4 only: libavformat moves fragments by their largest negative composition offset.
    pub(super) fn check_decoding(&self, rung: &RungPlan, shown: &[i64]) {
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

    pub(super) fn check_mp4(&self, rung: &RungPlan, track: &Track) {
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
        let beside = [!plan.audio.is_empty(), plan.timecode.is_some()];
        let beside = beside.into_iter().filter(|there| *there).count();
        assert_eq!(streams.len(), 1 + beside);
        assert_eq!(streams[0]["width"], rung.width);
        assert_eq!(streams[0]["height"], rung.height);
        assert_eq!(streams[0]["nb_frames"], plan.grid.frames().to_string());
        let duration: f64 = all["format"]["duration"].as_str().unwrap().parse().unwrap();
        // The last access unit of sound is filled up.
        let room = if plan.audio.is_empty() { 0.002 } else { 0.05 };
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

    pub(super) fn check_master(&self, tracks: &[Track], sounds: &[Track]) {
        let (variants, renditions) = playlist::master(&self.dir.join(layout::MASTER));
        assert_eq!(variants.len(), self.rungs().len(), "variants");
        let listed = |kind| renditions.iter().filter(|r| r["TYPE"] == kind).count();
        assert_eq!(listed("AUDIO"), sounds.len(), "sounds");
        assert_eq!(
            listed("SUBTITLES"),
            self.plan().subtitles.len(),
            "subtitles"
        );
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
            let bandwidth = peak(track) + sounds.iter().map(peak).fold(0.0, f64::max);
            assert!(
                number("BANDWIDTH") >= bandwidth - 1.0,
                "{name}: {bandwidth}"
            );
            let average = all(track) + sounds.iter().map(all).fold(0.0, f64::max);
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
            let codecs = codecs(rung.codec, real, !sounds.is_empty());
            assert_eq!(attributes["CODECS"], codecs, "{name}");
            assert_eq!(
                attributes.get("AUDIO").is_some(),
                !sounds.is_empty(),
                "{name}"
            );
        }
    }

    /// Without a picture there is one variant, which is what its boxes and FFmpeg say, and nothing to be seen.
    pub(super) fn check_sound_alone(&self, sounds: &[Track]) {
        let (variants, renditions) = playlist::master(&self.dir.join(layout::MASTER));
        let listed = if sounds.len() == 1 { 0 } else { sounds.len() };
        assert_eq!((variants.len(), renditions.len()), (1, listed));
        let (attributes, uri) = &variants[0];
        let default = &self.plan().audio[0];
        let dir = layout::audio_dir(&default.name);
        assert_eq!(*uri, format!("{dir}/{}", layout::INDEX));
        assert_eq!(attributes["CODECS"], "mp4a.40.2");
        assert!(!attributes.contains_key("RESOLUTION"));
        let bytes: u64 = sounds[0].segments.iter().map(|s| s.bytes).sum();
        let average = bytes as f64 * 8.0 / self.plan().duration_s();
        let said: f64 = attributes["BANDWIDTH"].parse().unwrap();
        assert!(said >= average * 0.9, "{said} for {average}");
        for name in [layout::POSTER, layout::STORYBOARD, "thumbs", "video"] {
            assert!(!self.dir.join(name).exists(), "{name}");
        }
        let manifest = std::fs::read_to_string(self.dir.join(layout::MANIFEST)).unwrap();
        assert!(manifest.contains("contentType=\"audio\""));
        assert!(!manifest.contains("video"), "{manifest}");
        for audio in &self.plan().audio {
            silent_in(&self.dir.join(layout::m4a(&audio.name)));
        }
    }

    pub(super) fn check_pictures(&self) {
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

/// Decodes all of a file, of which FFmpeg must have nothing to say.
fn silent_in(path: &Path) {
    let file = path.to_str().unwrap();
    silent(
        "ffmpeg",
        &["-nostdin", "-v", "error", "-i", file, "-f", "null", "-"],
    );
}
