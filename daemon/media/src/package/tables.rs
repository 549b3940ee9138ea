//! The sample tables of one track of a plain MP4, gathered fragment by fragment and kept small. Not here: their bytes (see [`super::moov`]).

use crate::boxes::{FragmentInfo, InitInfo};

/// Values in order, equal neighbours counted instead of repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs<T>(Vec<(u32, T)>);

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq> Runs<T> {
    /// Appends one value.
    pub fn push(&mut self, value: T) {
        match self.0.last_mut() {
            Some((count, last)) if *last == value && *count < u32::MAX => *count += 1,
            _ => self.0.push((1, value)),
        }
    }

    /// How often in a row, and what.
    #[must_use]
    pub fn runs(&self) -> &[(u32, T)] {
        &self.0
    }
}

/// Why a fragment cannot be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not start where the one before ended, both in ticks of the track.
    Gap {
        /// Where the fragment before ended.
        expected: u64,
        /// Where this one starts.
        found: u64,
    },
    /// More samples or ticks than an MP4 can count.
    TooMuch,
}

/// All samples of one track so far.
#[derive(Clone, Debug, Default)]
pub struct SampleTables {
    /// Sample durations in ticks.
    pub durations: Runs<u32>,
    /// Composition offsets in ticks, as in the fragments: may be negative.
    pub offsets: Runs<i32>,
    /// Sample sizes in bytes.
    pub sizes: Vec<u32>,
    /// Numbers of the key samples, from 1, ascending.
    pub keys: Vec<u32>,
    /// Samples of each chunk; a fragment is a chunk.
    pub chunks: Runs<u32>,
    /// Decode time of the very first sample in ticks; `None` while there is none.
    pub first_decode: Option<u64>,
    /// Sum of all durations in ticks.
    pub total: u64,
    /// The smallest composition offset, if it is negative, else 0.
    pub lowest_offset: i32,
    /// The earliest presentation time in ticks, counted from the first decode time.
    pub earliest: Option<i64>,
}

impl SampleTables {
    /// Appends a fragment as one chunk. Fragments without samples change nothing.
    ///
    /// # Errors
    /// [`Refused`], after which the tables are of no use.
    pub fn append(&mut self, fragment: &FragmentInfo) -> Result<(), Refused> {
        if fragment.samples.is_empty() {
            return Ok(());
        }
        let found = fragment.base_decode_time;
        let first = *self.first_decode.get_or_insert(found);
        let expected = first.checked_add(self.total).ok_or(Refused::TooMuch)?;
        if expected != found {
            return Err(Refused::Gap { expected, found });
        }
        for sample in &fragment.samples {
            let number = u32::try_from(self.sizes.len() + 1).map_err(|_| Refused::TooMuch)?;
            self.durations.push(sample.duration);
            self.offsets.push(sample.composition_offset);
            self.sizes.push(sample.size);
            if sample.key {
                self.keys.push(number);
            }
            self.lowest_offset = self.lowest_offset.min(sample.composition_offset);
            let decode = i64::try_from(self.total).map_err(|_| Refused::TooMuch)?;
            let shown = decode.saturating_add(i64::from(sample.composition_offset));
            self.earliest = Some(self.earliest.map_or(shown, |e| e.min(shown)));
            let total = self.total.checked_add(u64::from(sample.duration));
            self.total = total.ok_or(Refused::TooMuch)?;
        }
        let samples = u32::try_from(fragment.samples.len()).map_err(|_| Refused::TooMuch)?;
        self.chunks.push(samples);
        Ok(())
    }

    /// How the edit list must place the track so that it plays as its segments did.
    #[must_use]
    pub fn timing(&self, info: &InitInfo) -> Timing {
        let shift = -i64::from(self.lowest_offset);
        let earliest = self.earliest.unwrap_or(0);
        let first = i64::try_from(self.first_decode.unwrap_or(0)).unwrap_or(i64::MAX);
        // Where the first picture or sound is presented, by the segments and their init segment.
        let lead = first
            .saturating_add(earliest)
            .saturating_sub(info.media_time);
        let trimmed = lead.saturating_neg().max(0).unsigned_abs();
        Timing {
            shift,
            empty: lead.max(0).unsigned_abs(),
            media_time: shift.saturating_add(earliest).saturating_sub(lead.min(0)),
            presented: self.total.saturating_sub(trimmed),
        }
    }
}

/// Where a track lies on the movie's timeline; everything in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Added to every composition offset so that none is negative.
    pub shift: i64,
    /// Nothing is presented for this long.
    pub empty: u64,
    /// Then the media is presented from here, in composition time of the MP4.
    pub media_time: i64,
    /// For this long.
    pub presented: u64,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::boxes::Sample;

    pub(crate) fn info(handler: [u8; 4], timescale: u32, media_time: i64) -> InitInfo {
        InitInfo {
            track_id: 1,
            timescale,
            handler,
            language: *b"und",
            media_time,
            width: 0,
            height: 0,
            channels: 0,
            sample_rate: 0,
            codecs: String::new(),
            stsd: b"\0\0\0\x08stsd".to_vec(),
            codec_config: Vec::new(),
        }
    }

    pub(crate) fn fragment(base: u64, offsets: &[i32]) -> FragmentInfo {
        let samples = offsets.iter().enumerate().map(|(i, &o)| Sample {
            size: 100,
            duration: 10,
            composition_offset: o,
            key: i == 0,
        });
        FragmentInfo {
            sequence: 1,
            track_id: 1,
            base_decode_time: base,
            samples: samples.collect(),
            data: 0..0,
        }
    }

    #[test]
    fn negative_offsets_are_shifted_and_the_edit_undoes_it() {
        let mut tables = SampleTables::default();
        tables.append(&fragment(0, &[0, 20, -10, -10])).unwrap();
        tables.append(&fragment(40, &[0, 0])).unwrap();
        assert_eq!(tables.keys, [1, 5]);
        assert_eq!(tables.offsets.runs(), [(1, 0), (1, 20), (2, -10), (2, 0)]);
        assert_eq!(tables.durations.runs(), [(6, 10)]);
        assert_eq!(tables.chunks.runs(), [(1, 4), (1, 2)]);
        let timing = tables.timing(&info(*b"vide", 100, 0));
        let expected = Timing {
            shift: 10,
            empty: 0,
            media_time: 10,
            presented: 60,
        };
        assert_eq!(timing, expected);
    }

    #[test]
    fn priming_is_cut_and_a_late_start_is_waited_for() {
        let mut sound = SampleTables::default();
        sound.append(&fragment(0, &[0, 0, 0])).unwrap();
        let timing = sound.timing(&info(*b"soun", 100, 12));
        assert_eq!((timing.media_time, timing.presented), (12, 18));

        let mut late = SampleTables::default();
        late.append(&fragment(5, &[0, 0])).unwrap();
        let timing = late.timing(&info(*b"vide", 100, 0));
        let expected = Timing {
            shift: 0,
            empty: 5,
            media_time: 0,
            presented: 20,
        };
        assert_eq!(timing, expected);
    }

    #[test]
    fn a_gap_is_refused() {
        let mut tables = SampleTables::default();
        tables.append(&fragment(7, &[0])).unwrap();
        let gap = tables.append(&fragment(18, &[0])).unwrap_err();
        let expected = Refused::Gap {
            expected: 17,
            found: 18,
        };
        assert_eq!(gap, expected);
    }
}
