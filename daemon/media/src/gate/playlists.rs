//! HLS playlists against the boxes: every segment listed once, with its real duration; every rendition listed with what it
//! is. Read with a parser that is not our writer. Not here: DASH.

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, MasterPlaylist, VariantStream};
use newsreel_model::job::layout;
use newsreel_model::plan::Plan;

use crate::package::hls::{MediaPlaylist, parse_media_playlist};

use super::captions;
use super::files::Files;
use super::report::{Check, Findings};
use super::track::Track;

/// More than a million entries.
const MAX_PLAYLIST: u64 = 64 << 20;

/// How far an `EXTINF` may be from the boxes: six decimals are written (half a microsecond) and read back to a microsecond.
const EXTINF_TOLERANCE_S: f64 = 2e-6;

/// What the parser's 32-bit floats lose on top, relative to the duration: half a unit in the last of 24 bits.
const PARSER_ROUNDING: f64 = 1.0 / (1u32 << 24) as f64;

fn read_text(name: &str, check: Check, files: &Files<'_>, found: &mut Findings) -> Option<String> {
    let bytes = files.read(name, MAX_PLAYLIST, found)?;
    let text = String::from_utf8(bytes);
    found.expect(text.is_ok(), check, name, || "it is not text".to_owned());
    text.ok()
}

/// The playlist of one rendition.
pub(super) fn check_media(plan: &Plan, track: &Track, files: &Files<'_>, found: &mut Findings) {
    let name = track.file(layout::INDEX);
    let Some(text) = read_text(&name, Check::PlaylistDurations, files, found) else {
        return;
    };
    let read = match parse_media_playlist(&text) {
        Ok(read) => read,
        Err(why) => return found.fail(Check::PlaylistDurations, &name, why),
    };
    let mut expect = |holds: bool, why: String| {
        found.expect(holds, Check::PlaylistDurations, &name, || why);
    };
    expect(read.ended, "it does not end with EXT-X-ENDLIST".to_owned());
    let target = plan.target_duration_s;
    expect(
        read.target_duration_s == target,
        format!(
            "target duration {} s, planned {target} s",
            read.target_duration_s
        ),
    );
    expect(
        read.init_uri.as_deref() == Some(layout::INIT),
        format!(
            "its init segment is {:?}, expected {}",
            read.init_uri,
            layout::INIT
        ),
    );
    let (listed, planned) = (read.segments.len(), plan.grid.len());
    expect(
        listed == planned,
        format!("it lists {listed} segments, planned {planned}"),
    );
    if listed == planned {
        check_entries(&name, &read, target, track, found);
    }
}

fn check_entries(
    name: &str,
    read: &MediaPlaylist,
    target: u32,
    track: &Track,
    found: &mut Findings,
) {
    for (index, (entry, span)) in read.segments.iter().zip(&track.segments).enumerate() {
        let said = entry.duration_s;
        let uri = layout::segment(index);
        found.expect(entry.uri == uri, Check::PlaylistDurations, name, || {
            format!("its entry {} is {}, expected {uri}", index + 1, entry.uri)
        });
        let within = said.round() <= f64::from(target);
        found.expect(within, Check::PlaylistDurations, name, || {
            format!("{uri} lasts {said:.6} s, over the target duration of {target} s")
        });
        let Some(span) = span else { continue };
        // The priming at the start of the sound is in the boxes but not heard: both lengths are true of that segment.
        let real = [span.duration, span.shown().duration].map(|ticks| track.seconds(ticks));
        let near = |real: f64| (said - real).abs() <= EXTINF_TOLERANCE_S + real * PARSER_ROUNDING;
        found.expect(
            real.into_iter().any(near),
            Check::PlaylistDurations,
            name,
            || {
                format!(
                    "EXTINF of {uri} is {said:.6}, in the boxes {:.6} s",
                    real[0]
                )
            },
        );
    }
}

/// The multivariant playlist.
pub(super) fn check_master(
    plan: &Plan,
    rungs: &[Track],
    sounds: &[Track],
    files: &Files<'_>,
    found: &mut Findings,
) {
    let name = layout::MASTER;
    let Some(text) = read_text(name, Check::MasterPlaylist, files, found) else {
        return;
    };
    let read = match m3u8_rs::parse_master_playlist_res(text.as_bytes()) {
        Ok(read) => read,
        Err(_) => {
            return found.fail(
                Check::MasterPlaylist,
                name,
                "it is not a multivariant playlist",
            );
        }
    };
    let mut expect = |holds: bool, why: String| {
        found.expect(holds, Check::MasterPlaylist, name, || why);
    };
    // Sound alone is a variant of its own: the default rendition's playlist.
    let alone = plan.is_sound_alone();
    let (listed, planned) = (read.variants.len(), rungs.len() + usize::from(alone));
    expect(
        listed == planned,
        format!("it lists {listed} variants, planned {planned} rungs"),
    );
    for (rung, track) in plan.video.rungs.iter().zip(rungs) {
        let uri = track.file(layout::INDEX);
        match read.variants.iter().find(|v| v.uri == uri) {
            Some(variant) => {
                let size = Some((u64::from(rung.width), u64::from(rung.height)));
                check_variant(variant, (track, size), sounds, &read, &mut expect);
            }
            None => expect(false, format!("it does not list {uri}")),
        }
    }
    if let (true, Some(own), [variant]) = (alone, sounds.first(), &read.variants[..]) {
        let uri = own.file(layout::INDEX);
        let of_own = variant.uri == uri;
        expect(of_own, format!("it does not list {uri}"));
        check_variant(variant, (own, None), sounds, &read, &mut expect);
    }
    captions::check(plan, &read, &mut expect);
    let renditions = read.alternatives.iter();
    let listed: Vec<&AlternativeMedia> = renditions
        .filter(|a| a.media_type == AlternativeMediaType::Audio)
        .collect();
    let listable = if alone && sounds.len() == 1 {
        0
    } else {
        sounds.len()
    };
    let (count, wanted) = (listed.len(), listable);
    expect(
        count == wanted,
        format!("it lists {count} sound renditions, planned {wanted}"),
    );
    let defaults: Vec<_> = listed.iter().filter(|a| a.default).collect();
    let first = sounds.first().filter(|_| !alone);
    let first = first.map(|s| s.file(layout::INDEX));
    expect(
        defaults.len() == usize::from(wanted > 0)
            && defaults.iter().all(|a| a.uri == first || count != wanted),
        format!("{} sound renditions are the default", defaults.len()),
    );
}

fn check_variant(
    variant: &VariantStream,
    (track, size): (&Track, Option<(u64, u64)>),
    sounds: &[Track],
    master: &MasterPlaylist,
    expect: &mut dyn FnMut(bool, String),
) {
    let uri = &variant.uri;
    expect(
        variant.resolution.as_ref().map(|r| (r.width, r.height)) == size,
        format!("{uri} has not the planned resolution {size:?}"),
    );
    expect(variant.bandwidth > 0, format!("{uri} has no bandwidth"));
    let codecs = variant.codecs.as_deref().unwrap_or_default();
    let mut said: Vec<&str> = codecs.split(',').map(str::trim).collect();
    said.sort_unstable();
    let real = std::iter::once(track).chain(sounds);
    let real: Option<Vec<&str>> = real
        .map(|t| t.info.as_ref().map(|i| i.codecs.as_str()))
        .collect();
    if let Some(mut real) = real {
        real.sort_unstable();
        real.dedup();
        expect(
            said == real,
            format!(
                "{uri} has the codecs \"{codecs}\", in the boxes {}",
                real.join(",")
            ),
        );
    }
    // What is in the variant itself has no playlist of its own.
    let playlist = |sound: &Track| Some(sound.file(layout::INDEX)).filter(|p| p != uri);
    let linked = |group: &String| {
        sounds.iter().all(|sound| {
            let playlist = playlist(sound);
            master.alternatives.iter().any(|a| {
                a.media_type == AlternativeMediaType::Audio
                    && a.group_id == *group
                    && a.uri == playlist
            })
        })
    };
    let linked = match &variant.audio {
        Some(group) => !sounds.is_empty() && linked(group),
        None => sounds.iter().all(|sound| playlist(sound).is_none()),
    };
    expect(
        linked,
        format!("{uri} is not linked with the planned sound"),
    );
}
