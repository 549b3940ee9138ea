//! Init segments against the plan: size, clock, codec, parameter sets, edit list. Not here: what a parameter set says inside.

use newsreel_model::plan::{AudioPlan, Plan, RungPlan};
use newsreel_model::profile::VideoCodec;

use crate::boxes::walk::{BoxError, require};
use crate::boxes::{InitInfo, read_init};

use super::edits::{self, Edit};
use super::files::Files;
use super::report::{Check, Findings};

/// An init segment is a kilobyte or two.
const MAX_INIT: u64 = 1 << 20;

/// The most priming an AAC encoder puts before the sound, in samples.
pub(super) const MAX_PRIMING: i64 = 4096;

type Read = (InitInfo, Option<Edit>);

fn read(name: &str, files: &Files<'_>, found: &mut Findings) -> Option<Read> {
    let bytes = files.read(name, MAX_INIT, found)?;
    let info = match read_init(&bytes) {
        Ok(info) => info,
        Err(e) => {
            found.fail(Check::ParameterSets, name, e.to_string());
            return None;
        }
    };
    match read_edit(&bytes) {
        Ok(edit) => Some((info, edit)),
        Err(e) => {
            found.fail(Check::AvOffset, name, e.to_string());
            None
        }
    }
}

fn read_edit(bytes: &[u8]) -> Result<Option<Edit>, BoxError> {
    edits::read(&require(bytes, &[b"moov", b"trak"])?)
}

/// A rung's init segment; `None` when nothing can be measured by it.
pub(super) fn check_video(
    name: &str,
    rung: &RungPlan,
    plan: &Plan,
    files: &Files<'_>,
    found: &mut Findings,
) -> Option<InitInfo> {
    let (info, edit) = read(name, files, found)?;
    let mut expect =
        |holds: bool, why: String| found.expect(holds, Check::ParameterSets, name, || why);
    let mut right = expect(
        &info.handler == b"vide",
        "it describes no picture".to_owned(),
    );
    right &= expect(
        (info.width, info.height) == (rung.width, rung.height),
        format!(
            "{}×{}, planned {}×{}",
            info.width, info.height, rung.width, rung.height
        ),
    );
    right &= expect(
        info.timescale == plan.video.timescale,
        format!(
            "{} ticks per second, planned {}",
            info.timescale, plan.video.timescale
        ),
    );
    right &= expect(
        is_codec(&info.codecs, rung.codec),
        format!("codec {}, planned {:?}", info.codecs, rung.codec),
    );
    right &= expect(
        has_parameter_sets(&info.codec_config, rung.codec),
        "its codec configuration holds no parameter sets".to_owned(),
    );
    let plain = edit.is_none_or(|e| e.empty == 0 && e.media_time == 0);
    right &= found.expect(plain, Check::AvOffset, name, || {
        "its edit list moves the picture".to_owned()
    });
    right.then_some(info)
}

/// The sound's init segment; `None` when nothing can be measured by it.
pub(super) fn check_sound(
    name: &str,
    audio: &AudioPlan,
    files: &Files<'_>,
    found: &mut Findings,
) -> Option<InitInfo> {
    let (info, edit) = read(name, files, found)?;
    let mut expect =
        |holds: bool, why: String| found.expect(holds, Check::ParameterSets, name, || why);
    let mut right = expect(&info.handler == b"soun", "it describes no sound".to_owned());
    let (rate, channels) = (audio.sample_rate, audio.channels);
    right &= expect(
        (info.timescale, info.sample_rate) == (rate, rate),
        format!(
            "{} Hz in {} ticks per second, planned {rate} of both",
            info.sample_rate, info.timescale
        ),
    );
    // The field is a template in MP4 (ISO/IEC 14496-14, 5.6): 2 is commonly written whatever it is.
    right &= expect(
        info.channels == channels || info.channels == 2,
        format!("{} channels, planned {channels}", info.channels),
    );
    right &= expect(
        info.codecs.starts_with("mp4a.40.") && !info.codec_config.is_empty(),
        format!("codec {}, planned AAC", info.codecs),
    );
    right &= match edit {
        None => {
            let why = "it has no edit list, so the encoder's priming is heard as a delay";
            found.fail(Check::AvOffset, name, why);
            false
        }
        Some(e) => {
            let primed = e.empty == 0 && (1..=MAX_PRIMING).contains(&e.media_time);
            found.expect(primed, Check::AvOffset, name, || {
                format!(
                    "it starts the sound at sample {} after {} ticks of nothing, expected the priming of 1 to {MAX_PRIMING} samples",
                    e.media_time, e.empty
                )
            })
        }
    };
    right.then_some(info)
}

fn is_codec(name: &str, codec: VideoCodec) -> bool {
    let entries: &[&str] = match codec {
        VideoCodec::H264 => &["avc1.", "avc3."],
        VideoCodec::Hevc => &["hvc1.", "hev1."],
        VideoCodec::Av1 => &["av01."],
    };
    entries.iter().any(|e| name.starts_with(e))
}

/// Whether the record lists any: the count of `avcC`'s SPS, of `hvcC`'s arrays; AV1's may come with the first frame.
fn has_parameter_sets(config: &[u8], codec: VideoCodec) -> bool {
    match codec {
        VideoCodec::H264 => config.get(5).is_some_and(|b| b & 0x1F > 0) && config.len() > 8,
        VideoCodec::Hevc => config.get(22).is_some_and(|&arrays| arrays > 0),
        VideoCodec::Av1 => config.len() >= 4,
    }
}
