//! Jobs, plans and pieces to fill a store with, and short ways to say what happens to them. Not here: any check.

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::control::Failure;
use newsreel_model::event::Event;
use newsreel_model::grid::{Grid, Segment};
use newsreel_model::job::{Finished, JobState};
use newsreel_model::plan::{Colour, Fingerprint, Matching, Plan, RungPlan, VideoPlan, Warning};
use newsreel_model::profile::{
    AudioSpec, FrameTiming, Profile, RateControl, RungSpec, ThumbnailSpec, VideoCodec,
};
use newsreel_model::rational::Rational;
use newsreel_model::spec::JobSpec;
use newsreel_model::store::{Applied, Change, IdempotencyKey, NewJob, PieceCommit, Store};

/// No limit on waiting jobs.
pub const ANY: u64 = u64::MAX;

/// `seconds` after a fixed moment, with a fraction finer than what is kept.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + seconds, 123_456_789).unwrap()
}

/// The same moment as it is kept.
#[must_use]
pub fn kept_at(seconds: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + seconds, 123_456_000).unwrap()
}

/// The id of job `number`: later numbers sort after earlier ones.
#[must_use]
pub fn id(number: u32) -> JobId {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    JobId::from_bytes(bytes)
}

/// Job `number`, with a destination of its own, accepted `number` seconds after the fixed moment.
#[must_use]
pub fn job(number: u32) -> NewJob {
    let mut spec = JobSpec::new(format!("file:///in/{number}.mxf"));
    spec.title = Some(format!("Story {number}: “naïve” ☃"));
    spec.external_id = Some(format!("story-{}", number % 3));
    spec.tenant = ["sport", "news"][usize::from(number.is_multiple_of(2))].to_owned();
    spec.metadata.insert("desk".to_owned(), "night".to_owned());
    spec.deadline = Some(at(3600));
    NewJob {
        id: id(number),
        spec,
        profile: profile(),
        destination: format!("/out/{number}"),
        roots: vec![format!("/in/{number}")],
        created_at: at(i64::from(number)),
    }
}

/// A profile whose floats are not whole.
#[must_use]
pub fn profile() -> Profile {
    Profile {
        codec: VideoCodec::H264,
        preset: Some("veryfast".to_owned()),
        rate_control: RateControl::CappedCrf,
        crf: 23,
        segment_s: 3.840_000_000_000_000_3,
        first_segment_s: 1.1,
        frame_timing: FrameTiming::Source,
        deinterlace: Default::default(),
        hdr: Default::default(),
        quality: Default::default(),
        rungs: vec![RungSpec {
            short_side_px: Some(720),
            bitrate_kbps: None,
        }],
        audio: AudioSpec::default(),
        thumbnails: ThumbnailSpec::default(),
    }
}

/// A plan of one rung and `segments` segments.
#[must_use]
pub fn plan(segments: u32) -> Plan {
    let segment = |n: u32| Segment {
        first_frame: u64::from(n) * 100,
        frames: 100,
        start_ticks: i64::from(n) * 4000,
        duration_ticks: 4000,
    };
    Plan {
        profile: "web".to_owned(),
        segment_s: 4.0,
        first_segment_s: 0.1 + 0.2,
        target_duration_s: 5,
        video: video(),
        audio: Vec::new(),
        subtitles: Vec::new(),
        captions: None,
        timecode: None,
        audio_spec: AudioSpec::default(),
        thumbnails: ThumbnailSpec::default(),
        grid: Grid {
            segments: (0..segments).map(segment).collect(),
        },
        warnings: vec![warning(0)],
    }
}

fn video() -> VideoPlan {
    VideoPlan {
        stream: 0,
        source_time_base: Rational::new(1, 90_000),
        origin: -1024,
        timescale: 1000,
        frame_rate: Some(Rational::new(25, 1)),
        frame_ticks: 40,
        frame_timing: FrameTiming::Source,
        matching: Matching::ByPacket,
        first_rank: 0,
        source_width: 1920,
        source_height: 1080,
        sample_aspect: Rational::new(1, 1),
        colour: Colour {
            primaries: 1,
            transfer: 1,
            matrix: 1,
            full_range: false,
        },
        conditioning: Default::default(),
        rungs: vec![RungPlan {
            name: "720p".to_owned(),
            width: 1280,
            height: 720,
            codec: VideoCodec::H264,
            rate_control: RateControl::CappedCrf,
            bitrate_bps: Some(3_000_000),
            buffer_bits: None,
            crf: 23,
            preset: None,
        }],
        timeline_digest: "00ff".to_owned(),
    }
}

/// What a plan was made from.
#[must_use]
pub fn fingerprint() -> Fingerprint {
    Fingerprint {
        input_bytes: 1 << 40,
        input_sample: "ab".to_owned(),
        profile: "cd".to_owned(),
        libraries: "newsreel 0.1, libavcodec 59".to_owned(),
    }
}

/// A piece of `frames` frames.
#[must_use]
pub fn piece(path: &str, frames: u32) -> Finished {
    Finished {
        path: path.to_owned(),
        bytes: u64::from(frames) * 1000,
        hash: format!("hash of {path} with {frames}"),
        frames,
        concealed: frames / 10,
        made_by: "cpu/libx264".to_owned(),
    }
}

/// Warning `number`.
#[must_use]
pub fn warning(number: u32) -> Warning {
    Warning::new("source_truncated", format!("“{number}” frames are missing"))
}

/// A key of `caller` for the request that has `hash`.
#[must_use]
pub fn key(caller: &str, key: &str, hash: &str) -> Option<IdempotencyKey> {
    Some(IdempotencyKey {
        caller: caller.to_owned(),
        key: key.to_owned(),
        request_hash: hash.to_owned(),
    })
}

/// The start of job `number`.
#[must_use]
pub fn start(number: u32) -> Change {
    Change::Start {
        job: id(number),
        at: at(1000),
    }
}

/// The end of job `number`; a failed one says why.
#[must_use]
pub fn end(number: u32, state: JobState) -> Change {
    let failed = state == JobState::Failed;
    Change::End {
        job: id(number),
        state,
        failure: failed.then(|| Failure {
            code: "engine_failed".to_owned(),
            message: "try another".to_owned(),
        }),
        at: at(2000),
    }
}

/// The plan of job `number`, of `segments` segments.
#[must_use]
pub fn settle(number: u32, segments: u32) -> Change {
    Change::Plan {
        job: id(number),
        fingerprint: fingerprint(),
        plan: plan(segments),
        frames_total: u64::from(segments) * 100,
    }
}

/// Pieces of job `number`.
#[must_use]
pub fn commit(number: u32, pieces: &[Finished]) -> Change {
    Change::Pieces(PieceCommit {
        job: id(number),
        pieces: pieces.to_vec(),
    })
}

/// Accepts jobs without keys or limit.
pub fn submit(store: &dyn Store, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        let submitted = store.submit(job(number), None, ANY).unwrap();
        assert!(!submitted.repeated);
    }
}

/// Makes one change without an event; whether it was made.
pub fn make(store: &dyn Store, change: Change) -> bool {
    store.apply(vec![(change, None)]).unwrap() == [Applied::Yes]
}

/// Every event of the log, or of one job, without its number and time.
pub fn logged(store: &dyn Store, job: Option<JobId>) -> Vec<(Option<JobId>, Event)> {
    let events = store.events(0, u32::MAX, job).unwrap();
    assert!(events.is_sorted_by(|one, next| one.id < next.id));
    events
        .into_iter()
        .map(|logged| (logged.job_id, logged.event))
        .collect()
}
