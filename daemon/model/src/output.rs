//! What a job has made of its ladder so far, rung by rung. Not here: keeping the pieces, or serving their files.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::job::{Finished, layout};
use crate::plan::Plan;
use crate::profile::VideoCodec;
use crate::report::Quality;

/// A rung as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OutputView {
    /// Its name, such as `720p`: also that of its directory below `video/`.
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Its codec.
    pub codec: VideoCodec,
    /// Segments published.
    pub segments_done: u64,
    /// Segments to publish.
    pub segments_total: u64,
    /// Frames published.
    pub frames_done: u64,
    /// Frames to publish.
    pub frames_total: u64,
    /// Bytes of the segments published.
    pub bytes: u64,
    /// What made them: devices and encoders, such as `cuda:0/h264_nvenc`, each once.
    pub made_by: Vec<String>,
    /// How like the source it is, once that was measured; see `measure` of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// The rungs of a plan, largest first, with what is finished of each.
#[must_use]
pub fn outputs(plan: &Plan, pieces: &[Finished]) -> Vec<OutputView> {
    let mut by_rung: BTreeMap<&str, Vec<&Finished>> = BTreeMap::new();
    for piece in pieces {
        let mut parts = piece.path.split('/');
        if let (Some("video"), Some(rung), Some(file)) = (parts.next(), parts.next(), parts.next())
            && layout::segment_index(file).is_some()
        {
            by_rung.entry(rung).or_default().push(piece);
        }
    }
    let view = |rung: &crate::plan::RungPlan| {
        let done = by_rung
            .get(rung.name.as_str())
            .map_or(&[][..], Vec::as_slice);
        let makers: BTreeSet<&str> = done.iter().map(|piece| piece.made_by.as_str()).collect();
        OutputView {
            name: rung.name.clone(),
            width: rung.width,
            height: rung.height,
            codec: rung.codec,
            segments_done: done.len() as u64,
            segments_total: plan.grid.len() as u64,
            frames_done: done.iter().map(|piece| u64::from(piece.frames)).sum(),
            frames_total: plan.grid.frames(),
            bytes: done.iter().map(|piece| piece.bytes).sum(),
            made_by: makers.into_iter().map(str::to_owned).collect(),
            quality: None,
        }
    };
    plan.video.rungs.iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::grid::{Grid, Segment};

    fn piece(path: &str, frames: u32, made_by: &str) -> Finished {
        Finished {
            path: path.to_owned(),
            bytes: 10,
            hash: String::new(),
            frames,
            concealed: 0,
            made_by: made_by.to_owned(),
        }
    }

    fn plan() -> Plan {
        let rung = |name: &str, width: u32, height: u32| {
            json!({
                "name": name, "width": width, "height": height, "codec": "h264", "rate_control": "capped_crf",
                "bitrate_bps": null, "buffer_bits": null, "crf": 23, "preset": null
            })
        };
        let segment = |n: u32| Segment {
            first_frame: u64::from(n) * 100,
            frames: 100,
            start_ticks: i64::from(n) * 100,
            duration_ticks: 100,
        };
        let grid = Grid {
            segments: vec![segment(0), segment(1)],
        };
        let rational = json!({"num": 1, "den": 25});
        serde_json::from_value(json!({
            "profile": "web", "segment_s": 4.0, "first_segment_s": 4.0, "target_duration_s": 4,
            "video": {
                "stream": 0, "source_time_base": rational, "origin": 0, "timescale": 25, "frame_rate": null,
                "frame_ticks": 1, "frame_timing": "source", "matching": "by_packet", "first_rank": 0,
                "source_width": 1280, "source_height": 720, "sample_aspect": rational,
                "colour": {"primaries": 1, "transfer": 1, "matrix": 1, "full_range": false},
                "rungs": [rung("720p", 1280, 720), rung("240p", 426, 240)], "timeline_digest": ""
            },
            "audio": [], "subtitles": [], "audio_spec": {}, "thumbnails": {},
            "grid": serde_json::to_value(grid).unwrap(), "warnings": []
        }))
        .unwrap()
    }

    #[test]
    fn each_rung_counts_its_own_segments_and_who_made_them() {
        let pieces = [
            piece("video/240p/init.mp4", 0, "cpu/libx264"),
            piece("video/240p/seg-00001.m4s", 100, "cpu/libx264"),
            piece("video/240p/seg-00002.m4s", 100, "cuda:0/h264_nvenc"),
            piece("video/720p/seg-00001.m4s", 100, "cuda:0/h264_nvenc"),
            piece("audio/und/seg-00001.m4s", 187, "cpu/aac"),
            piece("poster.jpg", 0, "cpu"),
        ];
        let [large, small] = &outputs(&plan(), &pieces)[..] else {
            panic!("there are two rungs");
        };
        assert_eq!(
            (large.name.as_str(), large.width, large.height),
            ("720p", 1280, 720)
        );
        assert_eq!((large.segments_done, large.segments_total), (1, 2));
        assert_eq!(
            (small.frames_done, small.frames_total, small.bytes),
            (200, 200, 20)
        );
        assert_eq!(small.made_by, ["cpu/libx264", "cuda:0/h264_nvenc"]);
    }
}
