//! From what headers and first pictures say to how pictures are conditioned and in which colour they come out.
//!
//! Pure. Not here: how it is done (`filters`).

use newsreel_model::conditioning::{Conditioning, Crop, Deinterlace, Light, Pulldown, Turn};
use newsreel_model::plan::Colour;
use newsreel_model::profile::{Deinterlacing, HdrUse, Profile, VideoCodec};

use super::look::{ENOUGH, Look};

/// What the headers say of the picture.
pub struct Headers {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Colour as tagged; 2 is unspecified.
    pub colour: Colour,
    /// Whether samples are red, green and blue.
    pub rgb: bool,
    /// How the container asks for the picture to be turned; `None` where that is no quarter turn.
    pub turn: Option<Turn>,
    /// The part of the picture that the container wants shown.
    pub aperture: Option<Crop>,
    /// What the container says of the light of HDR.
    pub light: Option<Light>,
    /// Whether the headers call it interlaced.
    pub interlaced: bool,
}

/// The decisions.
pub struct Judged {
    /// What is done to every picture.
    pub conditioning: Conditioning,
    /// Colour of what comes out.
    pub colour: Colour,
}

/// Decides.
#[must_use]
pub fn judge(headers: &Headers, seen: &Look, profile: &Profile) -> Judged {
    // What is no quarter turn is left alone; the probe has warned of it.
    let turn = match headers.turn.unwrap_or_default() {
        turn if turn == Turn::default() => seen.turn.unwrap_or(turn),
        turn => turn,
    };
    let deinterlace = fields(headers, seen)
        .filter(|_| profile.deinterlace != Deinterlacing::Off)
        .map(|top_first| Deinterlace {
            top_first,
            // Film has no more pictures than it has.
            every_field: profile.deinterlace == Deinterlacing::Field && seen.repeated.is_none(),
        });
    let source = resolved(headers);
    let keeps_hdr = profile.hdr == HdrUse::Keep && profile.codec == VideoCodec::Hevc;
    let colour = shown(source, keeps_hdr);
    let light = headers.light.clone().or_else(|| seen.light.clone());
    Judged {
        conditioning: Conditioning {
            deinterlace,
            pulldown: seen
                .repeated
                .filter(|_| deinterlace.is_some())
                .map(|repeated| Pulldown::Fields { repeated }),
            crop: headers.aperture.or(blanking(headers.width, headers.height)),
            turn,
            from: (tags(source) != tags(colour)).then_some(source),
            light: light.filter(|_| source.is_hdr()),
        },
        colour,
    }
}

fn tags(colour: Colour) -> (u8, u8, u8) {
    (colour.primaries, colour.transfer, colour.matrix)
}

/// Whether the source has fields, and if so, whether the topmost line is in the earlier one.
///
/// What moves in the pictures is believed before what is said of them: a stream that is flagged but of which one picture
/// in ten at most shows fields is progressive; one that is not flagged has fields when a quarter of the pictures that tell
/// anything show them, nearly all in the same order (noise shows both). Where nothing moves, flags are all there is.
fn fields(headers: &Headers, seen: &Look) -> Option<bool> {
    let shown = seen.top_first + seen.bottom_first;
    let most = seen.top_first.max(seen.bottom_first);
    let one_order = most * 5 >= shown * 4;
    let flagged = if seen.pictures == 0 {
        headers.interlaced
    } else {
        seen.flagged * 2 >= seen.pictures
    };
    if flagged {
        if seen.progressive >= ENOUGH && shown * 10 <= seen.progressive {
            return None;
        }
        let by_flag = seen.flagged_top_first * 2 >= seen.flagged;
        let measured = shown >= ENOUGH / 2 && one_order;
        return Some(if measured {
            seen.top_first > seen.bottom_first
        } else {
            by_flag
        });
    }
    let evident = shown >= ENOUGH && one_order && shown * 3 >= seen.progressive;
    evident.then_some(seen.top_first > seen.bottom_first)
}

/// Lines of vertical blanking that production formats carry above the picture.
fn blanking(width: u32, height: u32) -> Option<Crop> {
    let lines = match (width, height) {
        (720, 608 | 512) => 32,
        _ => return None,
    };
    Some(Crop {
        left: 0,
        top: lines,
        width,
        height: height - lines,
    })
}

/// The colour of the source with what it leaves open filled in: from what it does say, else by its size, as players do.
fn resolved(headers: &Headers) -> Colour {
    let said = headers.colour;
    let usual = usual(headers);
    let or = |code: u8, usual: u8| if code == 2 || code == 0 { usual } else { code };
    if headers.rgb {
        // Red, green and blue become BT.709 when they are made small.
        return Colour {
            primaries: or(said.primaries, 1),
            transfer: or(said.transfer, 1),
            matrix: 1,
            full_range: said.full_range,
        };
    }
    Colour {
        primaries: or(said.primaries, usual.0),
        transfer: or(said.transfer, usual.1),
        matrix: or(said.matrix, usual.2),
        full_range: said.full_range,
    }
}

/// Primaries, transfer and matrix of the system that the tags or, without, the size belong to.
fn usual(headers: &Headers) -> (u8, u8, u8) {
    const HD: (u8, u8, u8) = (1, 1, 1);
    const SD_625: (u8, u8, u8) = (5, 6, 5);
    const SD_525: (u8, u8, u8) = (6, 6, 6);
    const UHD: (u8, u8, u8) = (9, 14, 9);
    let Colour {
        primaries, matrix, ..
    } = headers.colour;
    match (matrix, primaries) {
        _ if headers.colour.is_hdr() => UHD,
        (1, _) => HD,
        (5, _) => SD_625,
        (6, 5) => SD_625,
        (6, _) => SD_525,
        (9 | 10, _) => UHD,
        (_, 1) => HD,
        (_, 5) => SD_625,
        (_, 6) => SD_525,
        (_, 9) => UHD,
        _ if headers.width >= 1280 || headers.height > 608 => HD,
        _ if matches!(headers.height, 576 | 608 | 288) => SD_625,
        _ => SD_525,
    }
}

/// The colour to show: the source's own where everything shows it, BT.709 where it is HDR that is not kept, or of
/// primaries or a matrix that only some players know.
fn shown(source: Colour, keeps_hdr: bool) -> Colour {
    if source.is_hdr() && keeps_hdr {
        return Colour {
            primaries: 9,
            matrix: 9,
            ..source
        };
    }
    let widely_shown = matches!(source.primaries, 1 | 4..=7)
        && matches!(source.matrix, 1 | 4..=7)
        && !source.is_hdr();
    if widely_shown { source } else { Colour::SDR }
}
