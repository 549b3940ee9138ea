//! The timecode track of a plain MP4: one sample, the number of the first frame. Not how a timecode is counted
//! ([`newsreel_model::timecode`]), or the other tracks (see [`super::moov`]).

use newsreel_model::timecode::Timecode;

use super::moov::{Placement, put_data_in_this_file, put_timed};
use crate::boxes::write::{put_box, put_full_box, put_u16, put_u32, put_u64};

/// The track to write.
#[derive(Clone, Copy, Debug)]
pub struct TimecodeTrack {
    /// What it says.
    pub timecode: Timecode,
    /// Where its sample is, in bytes from the start of the media data.
    pub at: u64,
}

/// Numbers are left out; the count begins anew at midnight.
const DROP_FRAME: u32 = 1;
const WRAPS: u32 = 2;

/// The sample itself.
#[must_use]
pub fn sample(timecode: &Timecode) -> [u8; 4] {
    timecode.frame.to_be_bytes()
}

/// Says in another track that its timecode is in track `number`.
pub fn put_reference(out: &mut Vec<u8>, number: u32) {
    put_box(out, b"tref", |out| {
        put_box(out, b"tmcd", |out| put_u32(out, number));
    });
}

/// Track `number`, `duration` ticks of a movie with `movie` ticks a second long.
pub fn put_trak(
    out: &mut Vec<u8>,
    number: u32,
    track: &TimecodeTrack,
    (duration, movie): (u64, u32),
    placement: Placement,
) {
    put_box(out, b"trak", |out| {
        let id = |out: &mut Vec<u8>| {
            put_u32(out, number);
            put_u32(out, 0);
        };
        // Flags: enabled, in the movie.
        put_timed(out, b"tkhd", 3, duration, id, |out| {
            out.extend([0; 16]);
            super::moov::put_matrix(out);
            out.extend([0; 8]);
        });
        put_box(out, b"mdia", |out| {
            let timescale = |out: &mut Vec<u8>| put_u32(out, movie);
            put_timed(out, b"mdhd", 0, duration, timescale, |out| {
                put_u16(out, 0x55C4); // "und"
                put_u16(out, 0);
            });
            put_full_box(out, b"hdlr", 0, 0, |out| {
                put_u32(out, 0);
                out.extend_from_slice(b"tmcd");
                out.extend([0; 12]);
                out.extend_from_slice(b"timecode\0");
            });
            put_box(out, b"minf", |out| {
                put_full_box(out, b"nmhd", 0, 0, |_| {});
                put_data_in_this_file(out);
                put_box(out, b"stbl", |out| {
                    put_stbl(out, track, duration, placement)
                });
            });
        });
    });
}

fn put_stbl(out: &mut Vec<u8>, track: &TimecodeTrack, duration: u64, placement: Placement) {
    let timecode = track.timecode;
    let one = |out: &mut Vec<u8>, kind, values: &[u32]| {
        put_full_box(out, kind, 0, 0, |out| {
            values.iter().for_each(|value| put_u32(out, *value));
        });
    };
    put_full_box(out, b"stsd", 0, 0, |out| {
        put_u32(out, 1);
        put_box(out, b"tmcd", |out| {
            out.extend([0; 6]);
            put_u16(out, 1); // in this file
            put_u32(out, 0);
            let drop = if timecode.drop_frame { DROP_FRAME } else { 0 };
            put_u32(out, WRAPS | drop);
            put_u32(out, timecode.rate.num.unsigned_abs());
            put_u32(out, timecode.rate.den.unsigned_abs());
            out.push(timecode.per_second());
            out.push(0);
        });
    });
    one(
        out,
        b"stts",
        &[1, 1, u32::try_from(duration).unwrap_or(u32::MAX)],
    );
    one(out, b"stsc", &[1, 1, 1, 1]);
    one(out, b"stsz", &[4, 1]);
    let at = placement.base.saturating_add(track.at);
    if placement.wide {
        put_full_box(out, b"co64", 0, 0, |out| {
            put_u32(out, 1);
            put_u64(out, at);
        });
    } else {
        one(out, b"stco", &[1, u32::try_from(at).unwrap_or(u32::MAX)]);
    }
}
