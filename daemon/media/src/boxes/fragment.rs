//! Writes one CMAF segment: `styp`, one `moof`, one `mdat`. Not here: reading it back (see [`super::fragment_read`]).

use std::ops::Range;

use super::write::{mdat_header, put_box, put_full_box, put_i32, put_u32, put_u64};

pub use super::fragment_read::{read_moof, read_segment};

/// Sample flags of a sync sample: it depends on no other.
pub(super) const SYNC: u32 = 0x0200_0000;
/// Sample flags of any other sample: it depends on others and is no entry point.
pub(super) const NON_SYNC: u32 = 0x0101_0000;

/// One coded picture or one audio access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Bytes.
    pub size: u32,
    /// Until the next sample in decoding order, in ticks of the track.
    pub duration: u32,
    /// Presentation time minus decode time, in ticks; may be negative.
    pub composition_offset: i32,
    /// Whether decoding can start here.
    pub key: bool,
}

/// What one `moof` says about its `mdat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentInfo {
    /// Sequence number, as written.
    pub sequence: u32,
    /// The track it belongs to.
    pub track_id: u32,
    /// Decode time of its first sample, in ticks of the track.
    pub base_decode_time: u64,
    /// Its samples in decoding order.
    pub samples: Vec<Sample>,
    /// Where their bytes are, in bytes from the start of the file; always within the `mdat` that follows the `moof`.
    pub data: Range<usize>,
}

impl FragmentInfo {
    /// The sum of all sample durations, in ticks.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|s| u64::from(s.duration)).sum()
    }

    /// Where each sample is presented, in decoding order: `tfdt + … + cts − media_time`, in ticks; saturates.
    pub fn presentation_times(&self, media_time: i64) -> impl Iterator<Item = i64> + '_ {
        let mut decode = i64::try_from(self.base_decode_time).unwrap_or(i64::MAX);
        self.samples.iter().map(move |s| {
            let at = decode.saturating_add(i64::from(s.composition_offset));
            decode = decode.saturating_add(i64::from(s.duration));
            at.saturating_sub(media_time)
        })
    }
}

/// A media segment with one fragment: `sequence` counts from 1, `base_decode_time` is in ticks of the track, and
/// `data` holds the samples' bytes back to back, in the order of `samples`, whose sizes add up to its length.
#[must_use]
pub fn write_fragment(
    sequence: u32,
    track_id: u32,
    base_decode_time: u64,
    samples: &[Sample],
    data: &[u8],
) -> Vec<u8> {
    let payload = mdat_header(data.len() as u64);
    let mut out = Vec::with_capacity(data.len() + 160 + samples.len() * 16);
    put_box(&mut out, b"styp", |out| {
        out.extend_from_slice(b"cmfs\0\0\0\0iso6msdhcmfs");
    });
    // The data offset counts from the start of the `moof`, whose length is known only once it is written: write it twice.
    let draft = moof(sequence, track_id, base_decode_time, samples, 0).len();
    let offset = i32::try_from(draft + payload.len()).unwrap_or(i32::MAX);
    out.extend(moof(sequence, track_id, base_decode_time, samples, offset));
    out.extend(payload);
    out.extend_from_slice(data);
    out
}

fn flags_of(sample: &Sample) -> u32 {
    if sample.key { SYNC } else { NON_SYNC }
}

/// The value all items share, if they do.
fn shared<T: PartialEq>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.all(|item| item == first).then_some(first)
}

fn moof(
    sequence: u32,
    track_id: u32,
    base_decode_time: u64,
    samples: &[Sample],
    data_offset: i32,
) -> Vec<u8> {
    let duration = shared(samples.iter().map(|s| s.duration));
    let size = shared(samples.iter().map(|s| s.size)).filter(|&size| size > 0);
    // A segment is mostly one key frame and then none: the first sample's flags stand alone, the rest share a default.
    let rest = shared(samples.iter().skip(1).map(flags_of));
    let first = samples.first().map(flags_of);
    let default_flags = rest.or(first).unwrap_or(SYNC);
    let each_flags = samples.len() > 1 && rest.is_none();
    let first_flags = first.filter(|&f| !each_flags && f != default_flags);
    let offsets = samples.iter().any(|s| s.composition_offset != 0);

    let mut tfhd_flags = 0x02_0000 | 0x20;
    tfhd_flags |= if duration.is_some() { 0x8 } else { 0 };
    tfhd_flags |= if size.is_some() { 0x10 } else { 0 };
    let mut trun_flags = 0x1;
    trun_flags |= if first_flags.is_some() { 0x4 } else { 0 };
    trun_flags |= if duration.is_none() { 0x100 } else { 0 };
    trun_flags |= if size.is_none() { 0x200 } else { 0 };
    trun_flags |= if each_flags { 0x400 } else { 0 };
    trun_flags |= if offsets { 0x800 } else { 0 };

    let mut out = Vec::new();
    put_box(&mut out, b"moof", |out| {
        put_full_box(out, b"mfhd", 0, 0, |out| put_u32(out, sequence));
        put_box(out, b"traf", |out| {
            put_full_box(out, b"tfhd", 0, tfhd_flags, |out| {
                put_u32(out, track_id);
                for value in [duration, size].into_iter().flatten() {
                    put_u32(out, value);
                }
                put_u32(out, default_flags);
            });
            put_full_box(out, b"tfdt", 1, 0, |out| put_u64(out, base_decode_time));
            put_full_box(out, b"trun", 1, trun_flags, |out| {
                put_u32(out, u32::try_from(samples.len()).unwrap_or(u32::MAX));
                put_i32(out, data_offset);
                if let Some(flags) = first_flags {
                    put_u32(out, flags);
                }
                for sample in samples {
                    if duration.is_none() {
                        put_u32(out, sample.duration);
                    }
                    if size.is_none() {
                        put_u32(out, sample.size);
                    }
                    if each_flags {
                        put_u32(out, flags_of(sample));
                    }
                    if offsets {
                        put_i32(out, sample.composition_offset);
                    }
                }
            });
        });
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_segment_has_exactly_these_bytes() {
        let sample = |size, composition_offset, key| Sample {
            size,
            duration: 10,
            composition_offset,
            key,
        };
        let samples = [sample(2, 0, true), sample(1, -3, false)];
        let bytes = write_fragment(5, 1, 0x1_0000_0002, &samples, b"abc");
        let mut expected = b"\0\0\0\x1Cstypcmfs\0\0\0\0iso6msdhcmfs".to_vec();
        expected.extend(b"\0\0\0\x74moof\0\0\0\x10mfhd\0\0\0\0\0\0\0\x05");
        expected
            .extend(b"\0\0\0\x5Ctraf\0\0\0\x18tfhd\0\x02\0\x28\0\0\0\x01\0\0\0\x0A\x01\x01\0\0");
        expected.extend(b"\0\0\0\x14tfdt\x01\0\0\0\0\0\0\x01\0\0\0\x02");
        expected.extend(b"\0\0\0\x28trun\x01\0\x0A\x05\0\0\0\x02\0\0\0\x7C\x02\0\0\0");
        expected.extend(b"\0\0\0\x02\0\0\0\0\0\0\0\x01\xFF\xFF\xFF\xFD");
        expected.extend(b"\0\0\0\x0Bmdatabc");
        assert_eq!(bytes, expected);
        let read = read_segment(&bytes).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].sequence, 5);
        assert_eq!(read[0].base_decode_time, 0x1_0000_0002);
        assert_eq!(read[0].samples, samples);
        assert_eq!(&bytes[read[0].data.clone()], b"abc");
    }

    #[test]
    fn presentation_times_follow_offsets_and_priming() {
        let sample = |composition_offset| Sample {
            size: 0,
            duration: 10,
            composition_offset,
            key: true,
        };
        let fragment = FragmentInfo {
            sequence: 1,
            track_id: 1,
            base_decode_time: 100,
            samples: vec![sample(0), sample(20), sample(-10)],
            data: 0..0,
        };
        let times: Vec<i64> = fragment.presentation_times(5).collect();
        assert_eq!(times, [95, 125, 105]);
        assert_eq!(fragment.duration(), 30);
    }
}
