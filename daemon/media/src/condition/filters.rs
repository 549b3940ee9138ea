//! Conditioning in libavfilter's notation. Not the decision of what is to be done.

use newsreel_model::conditioning::{Conditioning, Pulldown, Turn};
use newsreel_model::plan::{Colour, VideoPlan};

use crate::ffi::Frame;

/// Light of a white sheet of paper in HDR, in cd/m² (ITU-R BT.2408): what SDR's white stands for.
const REFERENCE_WHITE_NITS: f64 = 203.0;

/// The brightest light of an HDR source that does not say, in cd/m²: what HLG is defined for and most PQ is made for.
const USUAL_PEAK_NITS: u32 = 1_000;

/// A picture smaller than this has no fields worth the name, and filters refuse it.
const LEAST_SIDE: u32 = 8;

/// For pictures like this one that follow each other, in the colours they have.
pub fn moving(video: &VideoPlan, picture: &Frame) -> String {
    let how = &video.conditioning;
    let mut chain = Vec::new();
    chain.extend(crop(video, picture));
    if let Some(fields) = how.deinterlace
        && has_fields(picture)
    {
        let mode = if fields.every_field { "field" } else { "frame" };
        let parity = parity(fields.top_first);
        let mut which = "all";
        if let Some(Pulldown::Fields { .. }) = how.pulldown {
            // What no field of a neighbour fits stays combed, and says so.
            chain.push(format!("fieldmatch=order={parity}:combmatch=full"));
            which = "interlaced";
        }
        chain.push(format!(
            "bwdif=mode=send_{mode}:parity={parity}:deint={which}"
        ));
    }
    if how.from.is_none() {
        chain.extend(turn(how.turn));
    }
    or_nothing(&chain)
}

/// From what [`moving`] leaves to the plan's colours, upright and `size` (columns, lines) large.
pub fn converted(video: &VideoPlan, size: (u32, u32)) -> String {
    let how = &video.conditioning;
    let from = how.from.unwrap_or(video.colour);
    let (width, height) = size;
    let lying = if how.turn.transposed {
        (height, width)
    } else {
        (width, height)
    };
    let mut chain = convert(from, video.colour, how, Some(lying));
    chain.extend(turn(how.turn));
    or_nothing(&chain)
}

/// For a picture by itself; empty where it can stay as it is.
pub fn still(video: &VideoPlan, picture: &Frame) -> String {
    let how = &video.conditioning;
    let mut chain = Vec::new();
    chain.extend(crop(video, picture));
    if let Some(fields) = how.deinterlace
        && has_fields(picture)
    {
        // Without neighbours nothing tells what moved: the earlier field alone is whole.
        let parity = parity(fields.top_first);
        chain.push(format!("estdif=mode=frame:parity={parity}:deint=all"));
    }
    let from = how.from.unwrap_or(video.colour);
    chain.extend(convert(from, still_colour(video), how, None));
    chain.extend(turn(how.turn));
    chain.join(",")
}

/// Colour of a single picture: the plan's, or SDR where that is HDR.
pub fn still_colour(video: &VideoPlan) -> Colour {
    if video.colour.is_hdr() {
        Colour::SDR
    } else {
        video.colour
    }
}

/// A graph needs a filter at least.
fn or_nothing(chain: &[String]) -> String {
    if chain.is_empty() {
        "null".to_owned()
    } else {
        chain.join(",")
    }
}

fn has_fields(picture: &Frame) -> bool {
    picture.width() >= LEAST_SIDE && picture.height() >= LEAST_SIDE
}

fn parity(top_first: bool) -> &'static str {
    if top_first { "tff" } else { "bff" }
}

/// Pictures that changed their size in mid-stream are not what the crop was decided for.
fn crop(video: &VideoPlan, picture: &Frame) -> Option<String> {
    let planned = (video.source_width, video.source_height);
    let crop = video.conditioning.crop?;
    ((picture.width(), picture.height()) == planned).then(|| {
        format!(
            "crop={}:{}:{}:{}",
            crop.width, crop.height, crop.left, crop.top
        )
    })
}

fn turn(turn: Turn) -> Vec<String> {
    let transpose = |direction: &str| vec![format!("transpose={direction}")];
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    match (turn.transposed, turn.flip_x, turn.flip_y) {
        (true, true, false) => transpose("clock"),
        (true, false, true) => transpose("cclock"),
        (true, false, false) => transpose("cclock_flip"),
        (true, true, true) => transpose("clock_flip"),
        (false, false, false) => Vec::new(),
        (false, true, false) => words(&["hflip"]),
        (false, false, true) => words(&["vflip"]),
        (false, true, true) => words(&["hflip", "vflip"]),
    }
}

/// From one colour to another, by way of linear light. HDR's highlights are rolled off into SDR's range: what is darker
/// than skin stays as it is, white paper comes near white, and nothing depends on the pictures before. With a size, the
/// samples are scaled as they are, so that the rest is done with fewer of them.
fn convert(from: Colour, to: Colour, how: &Conditioning, size: Option<(u32, u32)>) -> Vec<String> {
    if (from.primaries, from.transfer, from.matrix) == (to.primaries, to.transfer, to.matrix) {
        return Vec::new();
    }
    let range = if from.full_range { "pc" } else { "tv" };
    let scaled = size.map_or_else(String::new, |(w, h)| format!("w={w}:h={h}:f=bicubic:"));
    let source = format!(
        "{scaled}min={}:pin={}:tin={}:rin={range}",
        from.matrix, from.primaries, from.transfer
    );
    let target = format!("m={}:p={}:t={}:r=tv", to.matrix, to.primaries, to.transfer);
    if from.is_hdr() && !to.is_hdr() {
        let peak = how.light.as_ref().map_or(USUAL_PEAK_NITS, |l| l.peak_nits);
        // HLG says how bright its display's peak is; 1,000 is what its curve is defined for.
        let nits = if from.transfer == 18 {
            USUAL_PEAK_NITS
        } else {
            peak
        };
        let peak = (f64::from(nits) / REFERENCE_WHITE_NITS).max(1.0);
        return vec![
            format!(
                "zscale={source}:t=linear:p={}:npl={REFERENCE_WHITE_NITS}",
                to.primaries
            ),
            "format=gbrpf32le".to_owned(),
            format!("tonemap=mobius:param=0.3:desat=0:peak={peak:.4}"),
            format!("zscale={target}"),
            "format=yuv420p".to_owned(),
        ];
    }
    vec![format!("zscale={source}:{target}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(transposed: bool, flip_x: bool, flip_y: bool) -> String {
        turn(Turn {
            transposed,
            flip_x,
            flip_y,
        })
        .join(",")
    }

    #[test]
    fn every_way_to_lay_a_rectangle_has_its_filter() {
        let all =
            [false, true].map(|t| [false, true].map(|x| [false, true].map(|y| turned(t, x, y))));
        let flat = all.concat().concat();
        let mut different = flat.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 8, "{flat:?}");
    }

    #[test]
    fn what_is_the_right_colour_already_is_left_alone() {
        let full = Colour {
            full_range: true,
            ..Colour::SDR
        };
        assert!(convert(full, Colour::SDR, &Conditioning::default(), None).is_empty());
    }
}
