//! The timecode of the output's beginning, from what the source says of its own. Not how it is counted or written.

use newsreel_model::Rational;
use newsreel_model::plan::{Timecode, VideoPlan};
use newsreel_model::rational::rescale;

use crate::prepare::Prepared;

/// That of the source's first picture, moved by what is left out before it and by what stands before it.
pub fn of(prepared: &Prepared, said: Option<&str>) -> Option<Timecode> {
    let video = &prepared.plan.video;
    let rate = source_rate(video)?;
    let first = prepared.slots.slots.iter().find(|slot| !slot.held)?;
    let frame = Rational::new(rate.den, rate.num);
    let before = rescale(first.ticks, prepared.plan.time_base(), frame);
    let left_out = i64::try_from(video.first_rank).ok()?;
    Timecode::parse(said?, rate)?.moved(left_out - before)
}

/// Frames a second of the source, where that is constant: what its timecode counts.
fn source_rate(video: &VideoPlan) -> Option<Rational> {
    let how = &video.conditioning;
    let Rational { num, den } = video.frame_rate?;
    let (times, of) = match how.pulldown {
        Some(_) => (5, 4),
        None => (1, i32::try_from(how.pictures_per_frame()).ok()?),
    };
    let (num, den) = (num.checked_mul(times)?, den.checked_mul(of)?);
    let divisor = if num % of == 0 { of } else { 1 };
    Some(Rational::new(num / divisor, den / divisor))
}
