//! H.264 parameter sets, written back from what a client of NVDEC hands over with each picture. Not the slices, which pass as they are.
//!
//! What a client does not hand over is either irrelevant to the samples (level, VUI, cropping) or refused: picture order of type 1
//! (its offsets are missing), flexible macroblock order, and slices of one picture with different picture parameter sets.

use super::abi::{H264, PicParams};
use super::bits::{Reader, Writer, append, unescape};
use crate::av::AvError;

/// Zigzag scan of an n × n block: the raster position of each coded coefficient.
fn zigzag(n: usize) -> Vec<usize> {
    let mut order: Vec<(usize, usize)> = (0..n * n).map(|i| (i / n, i % n)).collect();
    // Along the diagonals, odd ones downwards.
    order.sort_by_key(|&(row, column)| {
        let diagonal = row + column;
        (diagonal, if diagonal % 2 == 1 { row } else { column })
    });
    order
        .into_iter()
        .map(|(row, column)| row * n + column)
        .collect()
}

/// A list of factors; 16 is the default of a decoder that is told nothing, but all are written.
fn list(w: &mut Writer, factors: &[u8], n: usize) {
    w.bit(true);
    let mut last = 8;
    for at in zigzag(n) {
        let factor = i32::from(factors[at]);
        // delta_scale is modulo 256, and a factor of 0 would end the list.
        let delta = (factor - last + 128).rem_euclid(256) - 128;
        w.se(delta);
        last = factor;
    }
}

fn sequence(picture: &PicParams, p: &H264, adaptive: bool) -> Result<Vec<u8>, AvError> {
    let number = |n: i32| u32::try_from(n).map_err(|_| AvError(format!("{n} in an SPS")));
    let mut w = Writer::default();
    w.bits(0x67, 8);
    // High or High 10, no constraints, level 6.2: decoders go by what follows.
    w.bits(
        if p.bit_depth_luma_minus8 > 0 {
            110
        } else {
            100
        },
        8,
    );
    w.bits(0, 8);
    w.bits(62, 8);
    w.ue(0);
    w.ue(1);
    w.ue(p.bit_depth_luma_minus8.into());
    w.ue(p.bit_depth_chroma_minus8.into());
    w.flag(p.qpprime_y_zero_transform_bypass);
    w.bit(false);
    w.ue(number(p.log2_max_frame_num_minus4)?);
    w.ue(number(p.pic_order_cnt_type)?);
    if p.pic_order_cnt_type == 0 {
        w.ue(number(p.log2_max_pic_order_cnt_lsb_minus4)?);
    }
    w.ue(number(p.num_ref_frames)?);
    // Gaps are not announced: a client fills them itself and does not hand them over.
    w.bit(false);
    let units = if p.frame_mbs_only != 0 { 1 } else { 2 };
    w.ue(number(picture.width_in_mbs - 1)?);
    w.ue(number(picture.height_in_mbs / units - 1)?);
    w.flag(p.frame_mbs_only);
    if p.frame_mbs_only == 0 {
        w.bit(adaptive);
    }
    w.flag(p.direct_8x8_inference);
    w.bit(false);
    w.bit(false);
    Ok(w.end())
}

fn picture_set(p: &H264, id: u32) -> Result<Vec<u8>, AvError> {
    let number = |n: i32| u32::try_from(n).map_err(|_| AvError(format!("{n} in a PPS")));
    let mut w = Writer::default();
    w.bits(0x68, 8);
    w.ue(id);
    w.ue(0);
    w.flag(p.entropy_coding_mode);
    w.flag(p.pic_order_present);
    w.ue(0);
    w.ue(number(p.num_ref_idx_l0_active_minus1)?);
    w.ue(number(p.num_ref_idx_l1_active_minus1)?);
    w.flag(p.weighted_pred);
    w.bits(number(p.weighted_bipred_idc)?, 2);
    w.se(p.pic_init_qp_minus26);
    w.se(0);
    w.se(p.chroma_qp_index_offset);
    w.flag(p.deblocking_filter_control_present);
    w.flag(p.constrained_intra_pred);
    w.flag(p.redundant_pic_cnt_present);
    w.flag(p.transform_8x8_mode);
    let flat = p.scale_4x4.iter().flatten().all(|f| *f == 16)
        && p.scale_8x8.iter().flatten().all(|f| *f == 16);
    w.bit(!flat);
    if !flat {
        for factors in &p.scale_4x4 {
            list(&mut w, factors, 4);
        }
        if p.transform_8x8_mode != 0 {
            for factors in &p.scale_8x8 {
                list(&mut w, factors, 8);
            }
        }
    }
    w.se(p.second_chroma_qp_index_offset);
    Ok(w.end())
}

/// The picture parameter set a slice refers to.
fn set_of(slice: &[u8]) -> Result<u32, AvError> {
    let start = &slice[..slice.len().min(32)];
    let plain = unescape(start.get(1..).unwrap_or_default());
    let mut reader = Reader::new(&plain);
    reader.ue()?;
    reader.ue()?;
    reader.ue()
}

/// An access unit that decodes to the picture. `adaptive` says whether frames of the sequence are field-adaptive, which frames tell
/// and fields do not.
///
/// # Errors
/// It cannot be written from what was handed over.
pub fn unit(
    picture: &PicParams,
    p: &H264,
    slices: &[&[u8]],
    adaptive: bool,
) -> Result<Vec<u8>, AvError> {
    if p.pic_order_cnt_type == 1 {
        return Err(AvError(
            "picture order of type 1: its offsets are not handed over".to_owned(),
        ));
    }
    if p.num_slice_groups_minus1 > 0 {
        return Err(AvError("flexible macroblock order".to_owned()));
    }
    let ids = slices
        .iter()
        .map(|s| set_of(s))
        .collect::<Result<Vec<_>, _>>()?;
    let id = *ids
        .first()
        .ok_or_else(|| AvError("a picture without slices".to_owned()))?;
    if ids.iter().any(|other| *other != id) {
        return Err(AvError(
            "slices with different picture parameter sets".to_owned(),
        ));
    }
    let mut stream = Vec::new();
    append(&mut stream, &sequence(picture, p, adaptive)?);
    append(&mut stream, &picture_set(p, id)?);
    for slice in slices {
        stream.extend_from_slice(&[0, 0, 1]);
        stream.extend_from_slice(slice);
    }
    Ok(stream)
}
