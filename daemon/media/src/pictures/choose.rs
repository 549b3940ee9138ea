//! Which pictures of a programme are shown: one for each of its equal shares, looked for again where the first was poor. Not
//! what makes a picture good (`score`), or its JPEG files.

use newsreel_model::Result;

use crate::ffi::Frame;

use super::PictureSource;
use super::jpeg::JpegMaker;
use super::keyframes::{KeyFrames, Moment};
use super::score::Look;
use super::shrink;

/// Where in a share a picture is looked for, one place after the other: the middle, where most fades at its ends are missed, then
/// others.
const PLACES: [f64; 3] = [0.5, 0.2, 0.8];

/// A picture with less than this part of the best one's score is poor: black, blurred or in a transition.
const POOR: f64 = 0.4;

/// One with less than this part of it is left out: there is nothing to see in it.
const HOPELESS: f64 = 0.05;

/// A picture of the same scene as a neighbour is worth this part of one that is not.
const REPEATED: f64 = 0.6;

/// Width at which pictures are looked at. Blur of a few pixels is still seen in it.
const LOOK_WIDTH: u32 = 480;

/// Millions of pixels that may be decoded beside one picture for each share: neighbours, and other places. Some 25 pictures of
/// 1080p, 6 of 2160p.
const SPARE_MPX: f64 = 50.0;

/// The best picture of a share so far.
struct Choice<T> {
    look: Look,
    score: f64,
    kept: T,
}

/// Looks for a picture in each of `shares` equal parts of the programme. `keep` is given every picture that is the best of its
/// share so far, as it is to be shown, and whether it is the best of all; what it makes of the last one of each share is the
/// answer, in order of time.
///
/// # Errors
/// Cancelled, or a picture cannot be scaled.
pub fn choose<T>(
    from: &PictureSource<'_>,
    frames: &mut KeyFrames<'_>,
    shares: u32,
    mut keep: impl FnMut(Frame, bool) -> Result<T>,
) -> Result<Vec<T>> {
    let mut looker = Looker::new(from);
    let length = from.duration_s.max(0.0) / f64::from(shares.max(1));
    let mut chosen: Vec<Option<Choice<T>>> = (0..shares).map(|_| None).collect();
    let mut best = 0.0;
    for (round, place) in PLACES.iter().enumerate() {
        for number in 0..chosen.len() {
            let spare = looker.spare_mpx > 0.0;
            if round > 0 && !(spare && is_poor(&chosen, number, best)) {
                continue;
            }
            #[allow(clippy::cast_precision_loss, reason = "at most a hundred")]
            let seconds = length * (number as f64 + place);
            let Some(moment) = frames.moment(seconds, spare)? else {
                continue;
            };
            let (look, score) = looker.look(&moment, round > 0)?;
            let worth = |look: &Look, score: f64| score * freshness(&chosen, number, look);
            let before = chosen[number].as_ref();
            if before.is_some_and(|b| worth(&b.look, b.score) >= worth(&look, score)) {
                continue;
            }
            let is_best = score > best || chosen.iter().all(Option::is_none);
            best = score.max(best);
            let kept = keep(frames.as_shown(moment.picture)?, is_best)?;
            chosen[number] = Some(Choice { look, score, kept });
        }
    }
    if chosen.iter().all(Option::is_none)
        && let Some(moment) = frames.first()?
    {
        return Ok(vec![keep(frames.as_shown(moment.picture)?, true)?]);
    }
    let chosen = chosen.into_iter().flatten();
    let worthwhile = chosen.filter(|choice| choice.score >= best * HOPELESS);
    Ok(worthwhile.map(|choice| choice.kept).collect())
}

/// Whether another place of the share is worth a look.
fn is_poor<T>(chosen: &[Option<Choice<T>>], number: usize, best: f64) -> bool {
    let Some(choice) = &chosen[number] else {
        return true;
    };
    choice.score < best * POOR || freshness(chosen, number, &choice.look) < 1.0
}

/// What a look is worth beside those of the neighbouring shares.
fn freshness<T>(chosen: &[Option<Choice<T>>], number: usize, look: &Look) -> f64 {
    let neighbours = [number.checked_sub(1), number.checked_add(1)];
    let neighbours = neighbours.into_iter().flatten();
    let mut near = neighbours.filter_map(|n| chosen.get(n).and_then(Option::as_ref));
    match near.any(|other| other.look.is_same_scene(look)) {
        true => REPEATED,
        false => 1.0,
    }
}

/// Pictures made small and looked at, as long as there is something to spare.
struct Looker {
    small: JpegMaker,
    spare_mpx: f64,
}

impl Looker {
    fn new(from: &PictureSource<'_>) -> Self {
        let video = &from.plan.video;
        let size = shrink(video.source_width, video.source_height, LOOK_WIDTH);
        Self {
            small: JpegMaker::new(size, 1),
            spare_mpx: SPARE_MPX,
        }
    }

    /// What is seen in the picture and what it is worth; `extra` when it is not the share's first.
    fn look(&mut self, moment: &Moment, extra: bool) -> Result<(Look, f64)> {
        let picture = &moment.picture;
        let mpx = f64::from(picture.width()) * f64::from(picture.height()) / 1e6;
        let free = usize::from(!extra);
        #[allow(clippy::cast_precision_loss, reason = "a handful")]
        let spent = moment.decoded.saturating_sub(free) as f64 * mpx;
        self.spare_mpx -= spent;
        let mut at = |picture: &Frame| -> Result<Look> {
            Ok(Look::at(&self.small.scale(picture)?.luma_rows()))
        };
        let look = at(picture)?;
        let neighbour = moment.neighbour.as_ref().map(&mut at).transpose()?;
        let score = match picture.is_damaged() {
            true => 0.0,
            false => look.score(neighbour.as_ref()),
        };
        Ok((look, score))
    }
}
