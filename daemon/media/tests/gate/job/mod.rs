//! A small finished job made without an encoder: two rungs and a sound over four segments, with everything derived from
//! them. Boxes, playlists and MP4s are real; the media bytes are not.

mod inits;
mod media;
mod plan;

use std::fs;
use std::path::PathBuf;

use newsreel_media::boxes::{
    FragmentInfo, Sample, read_init, read_segment, with_edit_list, write_fragment,
};
use newsreel_media::gate::{self, Check, GateReport};
use newsreel_media::package::dash::{DashTrack, Kind, manifest};
use newsreel_media::package::hls::{
    AudioRendition, MediaSegment, Variant, master_playlist, media_playlist,
};
use newsreel_media::package::mp4::{Track, stitch};
use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::Plan;
use tempfile::TempDir;

pub const FRAME: i64 = 512;
pub const UNIT: u32 = 1024;
pub const PRIMING: i64 = 1024;
pub const SEGMENTS: usize = 4;

pub struct Job {
    pub dir: TempDir,
    pub plan: Plan,
    pub journal: Vec<Finished>,
}

/// Where a segment is presented and how long it is, in ticks of its track.
type Spans = Vec<(i64, i64)>;

impl Job {
    pub fn new() -> Self {
        let mut job = Self {
            dir: tempfile::tempdir().unwrap(),
            plan: plan::plan(),
            journal: Vec::new(),
        };
        let plan = job.plan.clone();
        for rung in &plan.video.rungs {
            let dir = layout::video_dir(&rung.name);
            job.put(
                &format!("{dir}/init.mp4"),
                &inits::video(rung.width, rung.height),
                0,
            );
            for (k, segment) in plan.grid.segments.iter().enumerate() {
                let (samples, data) = media::pictures(segment);
                let base = u64::try_from(segment.start_ticks).unwrap();
                job.put_segment(&dir, k, base, &samples, &data);
            }
        }
        let init = with_edit_list(&inits::sound(), PRIMING).unwrap();
        job.put("audio/en/init.mp4", &init, 0);
        let mut base = 0;
        for (k, units) in media::sound_units(&plan).into_iter().enumerate() {
            let sample = Sample {
                size: 9,
                duration: UNIT,
                composition_offset: 0,
                key: true,
            };
            let count = usize::try_from(units).unwrap();
            let data: Vec<u8> = (0..count * 9)
                .map(|i| u8::try_from((i + k) % 251).unwrap())
                .collect();
            job.put_segment("audio/en", k, base, &vec![sample; count], &data);
            base += u64::from(units * UNIT);
        }
        job.package();
        job
    }

    fn put_segment(&mut self, dir: &str, k: usize, base: u64, samples: &[Sample], data: &[u8]) {
        let number = u32::try_from(k + 1).unwrap();
        let bytes = write_fragment(number, 1, base, samples, data);
        let frames = u32::try_from(samples.len()).unwrap();
        self.put(&format!("{dir}/{}", layout::segment(k)), &bytes, frames);
    }

    /// Playlists, manifest and MP4s over the segments as they are.
    pub fn package(&mut self) {
        let plan = self.plan.clone();
        let (mut variants, mut tracks) = (Vec::new(), Vec::new());
        for rung in &plan.video.rungs {
            let dir = layout::video_dir(&rung.name);
            self.write_playlist(&dir);
            let mut codecs = self.codecs(&dir);
            let kind = Kind::Video {
                width: rung.width,
                height: rung.height,
                hdr: None,
                frame_rate: plan.video.frame_rate,
            };
            tracks.push(self.dash(&rung.name, &dir, &codecs, kind));
            codecs.push_str(",mp4a.40.2");
            variants.push(Variant {
                video_range: None,
                uri: format!("{dir}/index.m3u8"),
                bandwidth_bps: 100_000,
                average_bandwidth_bps: None,
                size: Some((rung.width, rung.height)),
                frame_rate: Some(25.0),
                codecs,
                audio_group: Some("aac".to_owned()),
            });
            self.stitch(&rung.name, true);
        }
        self.write_playlist("audio/en");
        let kind = Kind::Audio {
            channels: 2,
            sample_rate: 48_000,
            language: "en".to_owned(),
            title: "English".to_owned(),
            roles: vec!["main"],
        };
        let codecs = self.codecs("audio/en");
        tracks.push(self.dash("audio-en", "audio/en", &codecs, kind));
        let audios = [AudioRendition {
            group: "aac".to_owned(),
            language: "en".to_owned(),
            name: "English".to_owned(),
            uri: Some("audio/en/index.m3u8".to_owned()),
            channels: 2,
            autoselect: true,
            characteristics: None,
        }];
        self.put(
            "master.m3u8",
            master_playlist(&variants, &audios, &[], Some(&[])).as_bytes(),
            0,
        );
        let mpd = manifest(plan.duration_s(), 4.0, &tracks, &[]);
        self.put("manifest.mpd", mpd.as_bytes(), 0);
    }

    fn codecs(&self, dir: &str) -> String {
        read_init(&self.read(&format!("{dir}/init.mp4")))
            .unwrap()
            .codecs
    }

    fn dash(&self, id: &str, dir: &str, codecs: &str, kind: Kind) -> DashTrack {
        let (timescale, segments) = self.spans(dir);
        DashTrack {
            id: id.to_owned(),
            kind,
            codecs: codecs.to_owned(),
            bandwidth_bps: 100_000,
            timescale,
            init: format!("{dir}/init.mp4"),
            media: format!("{dir}/seg-$Number%05d$.m4s"),
            segments,
        }
    }

    fn spans(&self, dir: &str) -> (u32, Spans) {
        let info = read_init(&self.read(&format!("{dir}/init.mp4"))).unwrap();
        let span = |k| {
            let (fragment, _) = self.segment(&format!("{dir}/{}", layout::segment(k)));
            let start = fragment.presentation_times(info.media_time).min().unwrap();
            (start, i64::try_from(fragment.duration()).unwrap())
        };
        (info.timescale, (0..SEGMENTS).map(span).collect())
    }

    fn write_playlist(&mut self, dir: &str) {
        let (timescale, spans) = self.spans(dir);
        let segments: Vec<MediaSegment> = spans
            .iter()
            .enumerate()
            .map(|(k, &(start, duration))| MediaSegment {
                uri: layout::segment(k),
                duration_s: f64::from(i32::try_from(duration + start.min(0)).unwrap())
                    / f64::from(timescale),
            })
            .collect();
        let text = media_playlist(self.plan.target_duration_s, "init.mp4", &segments, true);
        self.put(&format!("{dir}/index.m3u8"), text.as_bytes(), 0);
    }

    /// Makes the MP4 of a rung from its segments as they are.
    pub fn stitch(&mut self, rung: &str, with_sound: bool) {
        let mut dirs = vec![layout::video_dir(rung)];
        if with_sound {
            dirs.push("audio/en".to_owned());
        }
        let tracks: Vec<Track> = dirs
            .iter()
            .map(|dir| Track {
                init: self.read(&format!("{dir}/init.mp4")),
                segments: (0..SEGMENTS)
                    .map(|k| self.path(dir).join(layout::segment(k)))
                    .collect(),
            })
            .collect();
        let mut out = Vec::new();
        stitch(&tracks, None, &mut out).unwrap();
        self.put(&layout::mp4(rung), &out, 0);
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub fn read(&self, relative: &str) -> Vec<u8> {
        fs::read(self.path(relative)).unwrap()
    }

    /// Writes a file and its place in the journal.
    pub fn put(&mut self, relative: &str, bytes: &[u8], frames: u32) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self.journal.retain(|f| f.path != relative);
        self.journal.push(Finished {
            path: relative.to_owned(),
            bytes: bytes.len() as u64,
            hash: blake3::hash(bytes).to_hex().to_string(),
            frames,
            concealed: 0,
            made_by: "test".to_owned(),
        });
    }

    /// Replaces a file and signs it, the journal's frames kept.
    pub fn replace(&mut self, relative: &str, bytes: &[u8]) {
        let frames = self
            .journal
            .iter()
            .find(|f| f.path == relative)
            .map(|f| f.frames);
        self.put(relative, bytes, frames.unwrap());
    }

    /// Replaces `from` in a text file, which must be there, and signs it.
    pub fn edit(&mut self, relative: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(relative)).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        self.replace(relative, text.replacen(from, to, 1).as_bytes());
    }

    /// Replaces bytes at the first place where `from` is, and signs the file.
    pub fn edit_bytes(&mut self, relative: &str, from: &[u8], to: &[u8]) {
        assert_eq!(from.len(), to.len());
        let mut bytes = self.read(relative);
        let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        self.replace(relative, &bytes);
    }

    pub fn segment(&self, relative: &str) -> (FragmentInfo, Vec<u8>) {
        let bytes = self.read(relative);
        let fragment = read_segment(&bytes).unwrap().remove(0);
        let data = bytes[fragment.data.clone()].to_vec();
        (fragment, data)
    }

    /// Writes a segment anew as `change` leaves it, and signs it; its bytes are cut to its samples' sizes.
    pub fn alter(&mut self, relative: &str, change: impl FnOnce(&mut FragmentInfo)) {
        let (mut fragment, mut data) = self.segment(relative);
        change(&mut fragment);
        let sizes = fragment.samples.iter().map(|s| s.size as usize);
        data.truncate(sizes.sum());
        let (number, base) = (fragment.sequence, fragment.base_decode_time);
        let bytes = write_fragment(number, fragment.track_id, base, &fragment.samples, &data);
        self.replace(relative, &bytes);
    }

    pub fn check(&self) -> GateReport {
        gate::check(self.dir.path(), &self.plan, &self.journal)
    }

    /// The gate must fail, and for this reason alone.
    #[track_caller]
    pub fn must_fail(&self, check: Check) {
        let report = self.check();
        let names: Vec<Check> = report.failed_checks().into_iter().collect();
        assert_eq!(names, [check], "{:#?}", report.failures);
        assert!(report.into_result().is_err());
    }
}
