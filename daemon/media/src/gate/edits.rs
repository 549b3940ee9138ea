//! The edit list of a track, edit by edit. Unlike the init reader, it keeps empty edits: they delay a track.

use crate::boxes::walk::{BoxError, Mp4Box};

/// What an edit list comes to, when it is one that we write: at most one empty edit, then one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// Nothing is presented for this long, in ticks of the movie.
    pub empty: u64,
    /// Then the media is presented from here, in ticks of the track.
    pub media_time: i64,
    /// For this long, in ticks of the movie; 0 in an init segment: to the end.
    pub duration: u64,
}

/// The edit list of `trak`, `None` when it has none.
///
/// # Errors
/// [`BoxError`] when it is broken or of another shape than ours.
pub(super) fn read(trak: &Mp4Box<'_>) -> Result<Option<Edit>, BoxError> {
    let Some(elst) = trak.find(&[b"edts", b"elst"])? else {
        return Ok(None);
    };
    let (version, _, mut body) = elst.read_full()?;
    let mut edit: Option<Edit> = None;
    let mut empty = None;
    for _ in 0..body.u32()? {
        let (duration, media_time) = if version == 0 {
            (u64::from(body.u32()?), i64::from(body.i32()?))
        } else {
            (body.u64()?, body.i64()?)
        };
        if body.u32()? != 0x0001_0000 {
            return Err(elst.invalid("an edit does not play at normal speed"));
        }
        let repeated = edit.is_some() || (media_time == -1 && empty.is_some());
        if repeated || media_time < -1 {
            return Err(elst.invalid("it has more edits than a late start and a trim"));
        }
        if media_time == -1 {
            empty = Some(duration);
        } else {
            edit = Some(Edit {
                empty: empty.unwrap_or(0),
                media_time,
                duration,
            });
        }
    }
    if edit.is_none() && empty.is_some() {
        return Err(elst.invalid("it presents nothing"));
    }
    Ok(edit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::walk::boxes;
    use crate::boxes::write::{put_box, put_full_box, put_i32, put_u32};

    fn list(edits: &[(u32, i32)]) -> Result<Option<Edit>, BoxError> {
        let mut out = Vec::new();
        put_box(&mut out, b"trak", |out| {
            put_box(out, b"edts", |out| {
                put_full_box(out, b"elst", 0, 0, |out| {
                    put_u32(out, u32::try_from(edits.len()).unwrap());
                    for &(duration, media_time) in edits {
                        put_u32(out, duration);
                        put_i32(out, media_time);
                        put_u32(out, 0x0001_0000);
                    }
                });
            });
        });
        read(&boxes(&out).next().unwrap().unwrap())
    }

    #[test]
    fn only_a_late_start_and_a_trim_are_understood() {
        let edit = |empty, media_time, duration| Edit {
            empty,
            media_time,
            duration,
        };
        assert_eq!(list(&[]).unwrap(), None);
        assert_eq!(list(&[(0, 1024)]).unwrap(), Some(edit(0, 1024, 0)));
        assert_eq!(list(&[(40, -1), (9, 3)]).unwrap(), Some(edit(40, 3, 9)));
        for wrong in [
            &[(1, -1)][..],
            &[(1, 0), (1, 5)],
            &[(1, -1), (1, -1)],
            &[(1, -2)],
        ] {
            assert!(list(wrong).is_err(), "{wrong:?}");
        }
    }
}
