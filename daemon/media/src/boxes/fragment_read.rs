//! Reads CMAF segments back: the sample tables of each `moof` and where its bytes lie. Nothing is decoded or copied.

use std::ops::Range;

use super::fragment::{FragmentInfo, Sample};
use super::walk::{BoxError, Mp4Box, boxes};

/// What `tfhd` says for samples that do not say it themselves.
struct Defaults {
    track_id: u32,
    base: i128,
    duration: Option<u32>,
    size: Option<u32>,
    flags: u32,
}

/// All fragments of a media segment (or of a whole fragmented file) in order.
///
/// Each must be one `moof` with one `traf`, whose data lies in the `mdat` that follows it. Durations and sizes must be in
/// `trun` or `tfhd`, since the defaults of an init segment's `trex` are not at hand; sample flags that are nowhere mean a sync sample.
///
/// # Errors
/// [`BoxError`] when the boxes are broken or not of that shape.
pub fn read_segment(data: &[u8]) -> Result<Vec<FragmentInfo>, BoxError> {
    let mut fragments = Vec::new();
    let mut open: Option<Mp4Box<'_>> = None;
    for next in boxes(data) {
        let next = next?;
        match &next.kind {
            b"moof" => {
                if let Some(earlier) = open.replace(next) {
                    return Err(earlier.invalid("no mdat follows it"));
                }
            }
            b"mdat" => {
                if let Some(moof) = open.take() {
                    fragments.push(read_moof(&moof, next.body_range())?);
                }
            }
            _ => {}
        }
    }
    match open {
        Some(moof) => Err(moof.invalid("no mdat follows it")),
        None => Ok(fragments),
    }
}

/// One `moof`, whose samples must lie within `mdat`: the payload, in bytes from the start of the file, of the `mdat` after it.
///
/// # Errors
/// As [`read_segment`].
pub fn read_moof(moof: &Mp4Box<'_>, mdat: Range<usize>) -> Result<FragmentInfo, BoxError> {
    let (_, _, mut mfhd) = moof.require(&[b"mfhd"])?.read_full()?;
    let sequence = mfhd.u32()?;
    let traf = moof.require(&[b"traf"])?;
    for child in moof.children() {
        let child = child?;
        if &child.kind == b"traf" && child.at != traf.at {
            return Err(child.invalid("its moof holds more than one track"));
        }
    }
    let defaults = read_tfhd(&traf.require(&[b"tfhd"])?, moof.at)?;
    let (version, _, mut tfdt) = traf.require(&[b"tfdt"])?.read_full()?;
    let base_decode_time = match version {
        0 => u64::from(tfdt.u32()?),
        _ => tfdt.u64()?,
    };

    let mut samples = Vec::new();
    let mut data: Option<Range<i128>> = None;
    for child in traf.children() {
        let child = child?;
        if &child.kind == b"trun" {
            read_trun(&child, &defaults, &mdat, &mut data, &mut samples)?;
        }
    }
    let data = match data {
        Some(range) => to_usize(&range).ok_or_else(|| moof.invalid("its data is out of range"))?,
        None => mdat.start..mdat.start,
    };
    Ok(FragmentInfo {
        sequence,
        track_id: defaults.track_id,
        base_decode_time,
        samples,
        data,
    })
}

fn to_usize(range: &Range<i128>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

fn read_tfhd(tfhd: &Mp4Box<'_>, moof_at: usize) -> Result<Defaults, BoxError> {
    let (_, flags, mut body) = tfhd.read_full()?;
    let track_id = body.u32()?;
    // Without an explicit base the first track of a moof counts from the moof, whether or not default-base-is-moof is set.
    let base = match flags & 0x1 {
        0 => moof_at as u64,
        _ => body.u64()?,
    };
    let mut optional = |bit: u32| match flags & bit {
        0 => Ok(None),
        _ => body.u32().map(Some),
    };
    optional(0x2)?; // sample description index: there is only one description
    Ok(Defaults {
        track_id,
        base: i128::from(base),
        duration: optional(0x8)?,
        size: optional(0x10)?,
        flags: optional(0x20)?.unwrap_or(0),
    })
}

fn read_trun(
    trun: &Mp4Box<'_>,
    defaults: &Defaults,
    mdat: &Range<usize>,
    data: &mut Option<Range<i128>>,
    samples: &mut Vec<Sample>,
) -> Result<(), BoxError> {
    let (version, flags, mut body) = trun.read_full()?;
    let count = body.u32()?;
    let start = match (flags & 0x1, data.as_ref()) {
        (0, Some(previous)) => previous.end,
        (0, None) => defaults.base,
        _ => defaults.base + i128::from(body.i32()?),
    };
    if data.as_ref().is_some_and(|previous| previous.end != start) {
        return Err(trun.invalid("its data does not follow the data before it"));
    }
    let mdat_range = mdat.start as u64..mdat.end as u64;
    if start < i128::from(mdat_range.start) || start > i128::from(mdat_range.end) {
        return Err(trun.invalid("its data is not in the mdat that follows"));
    }
    let first_flags = match flags & 0x4 {
        0 => None,
        _ => Some(body.u32()?),
    };

    // The count is only believed as far as there are bytes for it: table entries, or else at least a byte of data each.
    let entry = 4 * (flags & 0xF00).count_ones();
    let (each, have) = match entry {
        0 => (
            defaults.size.unwrap_or(0),
            i128::from(mdat_range.end) - start,
        ),
        _ => (entry, i128::from(body.rest().len() as u64)),
    };
    if count > 0 && (each == 0 || i128::from(count) * i128::from(each) > have) {
        return Err(trun.invalid("it counts more samples than there are bytes for"));
    }

    let mut end = start;
    samples.reserve(usize::try_from(count).unwrap_or(0));
    for index in 0..count {
        let mut optional = |bit: u32| match flags & bit {
            0 => Ok(None),
            _ => body.u32().map(Some),
        };
        let duration = optional(0x100)?.or(defaults.duration);
        let size = optional(0x200)?.or(defaults.size);
        let own_flags = optional(0x400)?;
        let offset = optional(0x800)?.unwrap_or(0);
        let composition_offset = match version {
            0 => i32::try_from(offset)
                .map_err(|_| trun.invalid("a composition offset is out of range"))?,
            _ => i32::from_be_bytes(offset.to_be_bytes()),
        };
        let sample_flags = match (own_flags, first_flags) {
            (Some(own), _) => own,
            (None, Some(first)) if index == 0 => first,
            _ => defaults.flags,
        };
        let size = size.ok_or_else(|| trun.invalid("its samples have no size"))?;
        end += i128::from(size);
        samples.push(Sample {
            size,
            duration: duration.ok_or_else(|| trun.invalid("its samples have no duration"))?,
            composition_offset,
            key: sample_flags & 0x0001_0000 == 0,
        });
    }
    if end > i128::from(mdat_range.end) {
        return Err(trun.invalid("its data is longer than the mdat that follows"));
    }
    *data = Some(data.as_ref().map_or(start, |d| d.start)..end);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fragment::write_fragment;
    use super::*;

    fn audio(count: usize) -> Vec<u8> {
        let sample = Sample {
            size: 4,
            duration: 1024,
            composition_offset: 0,
            key: true,
        };
        write_fragment(1, 2, 0, &vec![sample; count], &vec![7; 4 * count])
    }

    #[test]
    fn defaults_stand_in_for_the_table() {
        let bytes = audio(3);
        let read = read_segment(&bytes).unwrap();
        assert_eq!(read[0].track_id, 2);
        assert_eq!(read[0].samples.len(), 3);
        assert_eq!(read[0].duration(), 3072);
        assert_eq!(read[0].data, bytes.len() - 12..bytes.len());
    }

    #[test]
    fn an_untrusted_count_is_checked_against_the_bytes() {
        let mut bytes = audio(3);
        let at = bytes.windows(4).position(|w| w == b"trun").unwrap() + 8;
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        let message = read_segment(&bytes).unwrap_err().to_string();
        assert!(message.contains("more samples than"), "{message}");
    }

    #[test]
    fn a_cut_segment_is_an_error() {
        let bytes = audio(2);
        assert!(read_segment(&bytes[..bytes.len() - 1]).is_err());
        let mdat = bytes.windows(4).position(|w| w == b"mdat").unwrap() - 4;
        let message = read_segment(&bytes[..mdat]).unwrap_err().to_string();
        assert!(message.contains("no mdat follows"), "{message}");
    }
}
