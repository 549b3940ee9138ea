//! Slices of HEVC with their reference picture sets written out. Not the parameter sets.
//!
//! A slice may only name one of the sets in its SPS, which clients of NVDEC do not hand over; but they say which pictures are
//! references. So that set is written into the slice. The rest of the slice must not be touched, and its entropy-coded data begins at a whole
//! byte: the header is made longer by as many reserved bits (`slice_reserved_flag`, which decoders skip, and which the picture parameter set
//! counts) as bring the rest back to where it was within a byte. The rest is then copied byte by byte, without being understood.

use super::abi::Hevc;
use super::bits::{Reader, Writer, unescape};
use crate::av::AvError;

/// Which pictures are references, as a slice says it.
pub struct References {
    /// Before and after the current one, nearest first: distance in picture order, and whether the current one refers to it.
    before: Vec<(u32, bool)>,
    after: Vec<(u32, bool)>,
    /// By the lower bits of their picture order.
    long: Vec<(u32, bool)>,
}

/// A picture's slices, and what its picture parameter set has to say about them.
pub struct Written {
    pub slices: Vec<Vec<u8>>,
    /// The number of the picture parameter set.
    pub set: u32,
    /// How many reserved bits each header has.
    pub extra_bits: u32,
}

impl References {
    /// From what is handed over: all pictures that are kept, and which of them the current one refers to.
    ///
    /// # Errors
    /// Long-term pictures cannot be told apart by the lower bits of their order.
    pub fn of(p: &Hevc) -> Result<Self, AvError> {
        let counted = |list: &[u8], count: i32| {
            let count = usize::try_from(count).unwrap_or(0).min(list.len());
            list[..count]
                .iter()
                .map(|i| usize::from(*i))
                .collect::<Vec<_>>()
        };
        let mut used = counted(&p.short_before, p.short_before_count);
        used.extend(counted(&p.short_after, p.short_after_count));
        let used_long = counted(&p.long, p.long_count);
        // One without a surface was made up by the client for one that is missing; so will the decoder here, if it is referred to.
        let is_used = |i: &usize| used.contains(i) || used_long.contains(i);
        let kept: Vec<usize> = (0..16)
            .filter(|i| p.reference[*i] >= 0 || is_used(i))
            .collect();
        let mut references = Self {
            before: Vec::new(),
            after: Vec::new(),
            long: Vec::new(),
        };
        for &i in kept.iter().filter(|i| p.reference_is_long[**i] == 0) {
            let distance = p.reference_order[i] - p.order;
            let entry = (distance.unsigned_abs(), used.contains(&i));
            match distance {
                ..0 => references.before.push(entry),
                1.. => references.after.push(entry),
                // FFmpeg lists the current picture too, which is kept for later ones.
                0 => {}
            }
        }
        references.before.sort_unstable();
        references.after.sort_unstable();
        let mask = (1 << (i32::from(p.log2_max_pic_order_cnt_lsb_minus4) + 4)) - 1;
        let low = |i: usize| u32::try_from(p.reference_order[i] & mask).unwrap_or(0);
        // Those that are used come in the order in which they are used.
        let unused = kept
            .iter()
            .filter(|i| p.reference_is_long[**i] != 0 && !used_long.contains(i));
        references.long = used_long.iter().map(|i| (low(*i), true)).collect();
        references.long.extend(unused.map(|i| (low(*i), false)));
        for (at, (order, _)) in references.long.iter().enumerate() {
            let alike = kept.iter().filter(|i| low(**i) == *order).count();
            if alike > 1
                || references.long[..at]
                    .iter()
                    .any(|(other, _)| other == order)
            {
                return Err(AvError(
                    "long-term pictures with the same lower bits".to_owned(),
                ));
            }
        }
        Ok(references)
    }

    fn write(&self, w: &mut Writer, p: &Hevc) {
        let count = |list: &[(u32, bool)]| u32::try_from(list.len()).unwrap_or(0);
        // Not one of the SPS's sets, and with no set to predict it from.
        w.bit(false);
        w.ue(count(&self.before));
        w.ue(count(&self.after));
        for list in [&self.before, &self.after] {
            let mut last = 0;
            for (distance, used) in list {
                w.ue(distance - last - 1);
                w.bit(*used);
                last = *distance;
            }
        }
        if p.long_term_ref_pics_present != 0 {
            w.ue(count(&self.long));
            for (order, used) in &self.long {
                w.bits(*order, u32::from(p.log2_max_pic_order_cnt_lsb_minus4) + 4);
                w.bit(*used);
                w.bit(false);
            }
        }
    }
}

/// Where things are in a slice header, in bits from its beginning (behind the unit's own header).
struct Header {
    set: u32,
    dependent: bool,
    /// The reserved bits.
    reserved: (usize, usize),
    /// The reference picture sets; empty in an IDR picture, which has none.
    sets: (usize, usize),
}

/// Reads as much of a slice header as has to be known.
fn header(p: &Hevc, kind: u32, bytes: &[u8]) -> Result<Header, AvError> {
    let mut r = Reader::new(bytes);
    let first = r.bit()?;
    if (16..=23).contains(&kind) {
        r.bit()?;
    }
    let set = r.ue()?;
    let mut dependent = false;
    if !first {
        if p.dependent_slice_segments_enabled != 0 {
            dependent = r.bit()?;
        }
        r.bits(address_bits(p)?)?;
    }
    let start = r.position();
    if dependent {
        return Ok(Header {
            set,
            dependent,
            reserved: (start, start),
            sets: (start, start),
        });
    }
    r.bits(p.num_extra_slice_header_bits.into())?;
    let reserved = (start, r.position());
    r.ue()?;
    if p.output_flag_present != 0 {
        r.bit()?;
    }
    let idr = matches!(kind, 19 | 20);
    if !idr {
        r.bits(u32::from(p.log2_max_pic_order_cnt_lsb_minus4) + 4)?;
    }
    let from = r.position();
    if !idr {
        skip_sets(p, &mut r)?;
    }
    Ok(Header {
        set,
        dependent,
        reserved,
        sets: (from, r.position()),
    })
}

/// How long a slice's address is.
fn address_bits(p: &Hevc) -> Result<u32, AvError> {
    let log2 = u32::from(p.log2_min_luma_coding_block_size_minus3)
        + 3
        + u32::from(p.log2_diff_max_min_luma_coding_block_size);
    let blocks = |n: i32| u32::try_from(n).map(|n| n.div_ceil(1 << log2.min(16)));
    match (blocks(p.width), blocks(p.height)) {
        (Ok(width), Ok(height)) => Ok(bits_for(width.saturating_mul(height))),
        _ => Err(AvError("a picture without size".to_owned())),
    }
}

/// Bits to tell `count` things apart.
fn bits_for(count: u32) -> u32 {
    32 - count.saturating_sub(1).leading_zeros()
}

/// Goes past the reference picture sets.
fn skip_sets(p: &Hevc, r: &mut Reader) -> Result<(), AvError> {
    if r.bit()? {
        r.bits(bits_for(p.num_short_term_ref_pic_sets.into()))?;
    } else {
        // The client counted its bits when it read it; it may be predicted from a set that is not handed over.
        for _ in 0..p.short_term_set_bits {
            r.bit()?;
        }
    }
    if p.long_term_ref_pics_present == 0 {
        return Ok(());
    }
    let in_sps = u32::from(p.num_long_term_ref_pics_sps);
    let from_sps = if in_sps > 0 { r.ue()? } else { 0 };
    let all = from_sps.saturating_add(r.ue()?);
    for i in 0..all {
        if i < from_sps {
            r.bits(bits_for(in_sps))?;
        } else {
            r.bits(u32::from(p.log2_max_pic_order_cnt_lsb_minus4) + 4)?;
            r.bit()?;
        }
        if r.bit()? {
            r.ue()?;
        }
    }
    Ok(())
}

/// All slices of a picture.
///
/// # Errors
/// A header cannot be read, or the slices differ in what they have to have in common.
pub fn rewrite(p: &Hevc, slices: &[&[u8]], references: &References) -> Result<Written, AvError> {
    let mut common = None;
    let mut written = Vec::with_capacity(slices.len());
    for slice in slices {
        let plain = unescape(slice);
        let (start, body) = plain
            .split_at_checked(2)
            .ok_or_else(|| AvError("a slice without a header".to_owned()))?;
        let kind = u32::from(start[0] >> 1 & 0x3f);
        let h = header(p, kind, body)?;
        let mut sets = Writer::default();
        if h.sets.0 != h.sets.1 {
            references.write(&mut sets, p);
        }
        let length = sets.position();
        let sets = sets.bytes();
        if !h.dependent {
            // As many reserved bits as move the rest by whole bytes.
            let before = (h.reserved.1 - h.reserved.0) + (h.sets.1 - h.sets.0);
            let extra = (before + 8 - length % 8) % 8;
            match common {
                None => common = Some((h.set, extra)),
                Some(known) if known == (h.set, extra) => {}
                Some(_) => {
                    return Err(AvError("slices that differ in their references".to_owned()));
                }
            }
        }
        let extra = if h.dependent {
            0
        } else {
            common.map_or(0, |(_, extra)| extra)
        };
        let mut w = Writer::default();
        w.copy(start, 0, 16);
        w.copy(body, 0, h.reserved.0);
        w.copy(&[0], 0, extra);
        w.copy(body, h.reserved.1, h.sets.0);
        w.copy(&sets, 0, length);
        w.copy(body, h.sets.1, h.sets.1.next_multiple_of(8));
        let mut bytes = w.bytes();
        bytes.extend_from_slice(&body[h.sets.1.div_ceil(8)..]);
        written.push(bytes);
    }
    let (set, extra) = common.ok_or_else(|| AvError("a picture without slices".to_owned()))?;
    Ok(Written {
        slices: written,
        set,
        extra_bits: u32::try_from(extra).unwrap_or(0),
    })
}
