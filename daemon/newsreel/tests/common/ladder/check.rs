//! What must hold of every finished ladder, whatever it was made from: files, record, grid, playlists by their boxes.

use std::collections::BTreeSet;

use newsreel_model::job::{JobState, layout};
use newsreel_model::plan::RungPlan;

use super::super::{boxes, newsreel, playlist, text};
use super::{Ladder, Track, coding};

impl Ladder {
    /// Everything that holds of every finished ladder.
    pub fn check(&self) {
        self.check_files();
        self.check_verify();
        self.check_report();
        let sounds: Vec<Track> = self
            .plan()
            .audio
            .iter()
            .map(|a| self.sound(&a.name))
            .collect();
        for (plan, track) in self.plan().audio.iter().zip(&sounds) {
            self.check_playlist(&layout::audio_dir(&plan.name), track);
        }
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
        if self.plan().is_sound_alone() {
            return self.check_sound_alone(&sounds);
        }
        self.check_master(&tracks, &sounds);
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
        assert!((report.runs >= 1) != plan.is_sound_alone() && report.wall_s > 0.0);
        assert!(
            report
                .first_playable_s
                .is_some_and(|s| s > 0.0 && s <= report.wall_s)
        );
        assert_eq!(report.rungs.len(), plan.video.rungs.len());
        for (sound, planned) in report.sounds.iter().zip(&plan.audio) {
            let bytes: u64 = self
                .sound(&planned.name)
                .segments
                .iter()
                .map(|s| s.bytes)
                .sum();
            assert_eq!((&sound.name, sound.bytes), (&planned.name, bytes));
            assert_eq!(
                (sound.segments, sound.segments_reused),
                (plan.grid.len(), 0)
            );
        }
        assert_eq!(report.sounds.len(), plan.audio.len());
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
}
