//! HEVC parameter sets, written back from what a client of NVDEC hands over with each picture. The slices are [`super::hevc_slice`]'s.
//!
//! What a client does not hand over is irrelevant to the samples (levels, VUI, cropping, reordering) or is got around: the reference
//! picture sets of the SPS are missing, but those in force for each picture are there, and go into its slices. The range extensions are
//! refused, as are pictures that are not 4:2:0.

use super::abi::Hevc;
use super::bits::{Writer, append};
use super::hevc_slice::{self, References};
use crate::av::AvError;

/// Sequence and picture parameter sets have this number in what is written; a slice keeps its own picture parameter set's.
const ID: u32 = 0;

/// NAL unit types.
const VPS: u32 = 32;
const SPS: u32 = 33;
const PPS: u32 = 34;

fn unit_of(kind: u32) -> Writer {
    let mut w = Writer::default();
    w.bits(kind << 1, 8);
    w.bits(1, 8);
    w
}

/// Profile, tier and level: whatever allows everything; decoders go by the syntax elements.
fn profile(w: &mut Writer, ten_bit: bool) {
    w.bits(if ten_bit { 2 } else { 1 }, 8);
    w.bits(if ten_bit { 0x2000_0000 } else { 0x6000_0000 }, 32);
    w.bits(0x9000_0000, 32);
    w.bits(0, 16);
    w.bits(186, 8);
}

fn video() -> Vec<u8> {
    let mut w = unit_of(VPS);
    w.bits(ID, 4);
    w.bits(3, 2);
    w.bits(0, 6);
    w.bits(0, 3);
    w.bit(true);
    w.bits(0xffff, 16);
    profile(&mut w, true);
    w.bit(true);
    w.ue(15);
    w.ue(0);
    w.ue(0);
    w.bits(0, 6);
    w.ue(0);
    w.bit(false);
    w.bit(false);
    w.end()
}

fn sequence(p: &Hevc) -> Result<Vec<u8>, AvError> {
    let number = |n: i32| u32::try_from(n).map_err(|_| AvError(format!("{n} in an SPS")));
    let mut w = unit_of(SPS);
    w.bits(ID, 4);
    w.bits(0, 3);
    w.bit(true);
    profile(&mut w, p.bit_depth_luma_minus8 > 0);
    w.ue(ID);
    w.ue(1);
    w.ue(number(p.width)?);
    w.ue(number(p.height)?);
    w.bit(false);
    w.ue(p.bit_depth_luma_minus8.into());
    w.ue(p.bit_depth_chroma_minus8.into());
    w.ue(p.log2_max_pic_order_cnt_lsb_minus4.into());
    // One layer: room for 16 pictures, all of them shown at once.
    w.bit(true);
    w.ue(15);
    w.ue(0);
    w.ue(0);
    w.ue(p.log2_min_luma_coding_block_size_minus3.into());
    w.ue(p.log2_diff_max_min_luma_coding_block_size.into());
    w.ue(p.log2_min_transform_block_size_minus2.into());
    w.ue(p.log2_diff_max_min_transform_block_size.into());
    w.ue(p.max_transform_hierarchy_depth_inter.into());
    w.ue(p.max_transform_hierarchy_depth_intra.into());
    // The scaling lists themselves are in the picture parameter set.
    w.flag(p.scaling_list_enable);
    if p.scaling_list_enable != 0 {
        w.bit(false);
    }
    w.flag(p.amp_enabled);
    w.flag(p.sample_adaptive_offset_enabled);
    w.flag(p.pcm_enabled);
    if p.pcm_enabled != 0 {
        w.bits(p.pcm_sample_bit_depth_luma_minus1.into(), 4);
        w.bits(p.pcm_sample_bit_depth_chroma_minus1.into(), 4);
        w.ue(p.log2_min_pcm_luma_coding_block_size_minus3.into());
        w.ue(p.log2_diff_max_min_pcm_luma_coding_block_size.into());
        w.flag(p.pcm_loop_filter_disabled);
    }
    // No reference picture sets: each slice brings its own.
    w.ue(0);
    w.flag(p.long_term_ref_pics_present);
    if p.long_term_ref_pics_present != 0 {
        w.ue(0);
    }
    w.flag(p.sps_temporal_mvp_enabled);
    w.flag(p.strong_intra_smoothing_enabled);
    w.bit(false);
    w.bit(false);
    Ok(w.end())
}

/// Lists of one size; `dc` where there is one.
fn lists<const N: usize>(w: &mut Writer, factors: &[[u8; N]], dc: Option<&[u8]>) {
    for (i, list) in factors.iter().enumerate() {
        w.bit(true);
        let mut last = 8;
        if let Some(dc) = dc.and_then(|dc| dc.get(i)) {
            last = i32::from(*dc);
            w.se(last - 8);
        }
        for factor in list {
            let factor = i32::from(*factor);
            w.se((factor - last + 128).rem_euclid(256) - 128);
            last = factor;
        }
    }
}

fn picture_set(p: &Hevc, id: u32, extra_bits: u32) -> Vec<u8> {
    let mut w = unit_of(PPS);
    w.ue(id);
    w.ue(ID);
    w.flag(p.dependent_slice_segments_enabled);
    w.flag(p.output_flag_present);
    w.bits(extra_bits, 3);
    w.flag(p.sign_data_hiding_enabled);
    w.flag(p.cabac_init_present);
    w.ue(p.num_ref_idx_l0_default_active_minus1.into());
    w.ue(p.num_ref_idx_l1_default_active_minus1.into());
    w.se(p.init_qp_minus26.into());
    w.flag(p.constrained_intra_pred);
    w.flag(p.transform_skip_enabled);
    w.flag(p.cu_qp_delta_enabled);
    if p.cu_qp_delta_enabled != 0 {
        w.ue(p.diff_cu_qp_delta_depth.into());
    }
    w.se(p.cb_qp_offset.into());
    w.se(p.cr_qp_offset.into());
    w.flag(p.slice_chroma_qp_offsets_present);
    w.flag(p.weighted_pred);
    w.flag(p.weighted_bipred);
    w.flag(p.transquant_bypass_enabled);
    w.flag(p.tiles_enabled);
    w.flag(p.entropy_coding_sync_enabled);
    if p.tiles_enabled != 0 {
        tiles(&mut w, p);
    }
    w.flag(p.loop_filter_across_slices_enabled);
    w.bit(true);
    w.flag(p.deblocking_filter_override_enabled);
    w.flag(p.deblocking_filter_disabled);
    if p.deblocking_filter_disabled == 0 {
        w.se(p.beta_offset_div2.into());
        w.se(p.tc_offset_div2.into());
    }
    w.flag(p.scaling_list_enable);
    if p.scaling_list_enable != 0 {
        lists(&mut w, &p.scale_4x4, None);
        lists(&mut w, &p.scale_8x8, None);
        lists(&mut w, &p.scale_16x16, Some(&p.scale_dc_16x16));
        lists(&mut w, &p.scale_32x32, Some(&p.scale_dc_32x32));
    }
    w.flag(p.lists_modification_present);
    w.ue(p.log2_parallel_merge_level_minus2.into());
    w.flag(p.slice_segment_header_extension_present);
    w.bit(false);
    w.end()
}

fn tiles(w: &mut Writer, p: &Hevc) {
    let columns = usize::from(p.num_tile_columns_minus1);
    let rows = usize::from(p.num_tile_rows_minus1);
    w.ue(p.num_tile_columns_minus1.into());
    w.ue(p.num_tile_rows_minus1.into());
    w.flag(p.uniform_spacing);
    if p.uniform_spacing == 0 {
        let sizes = p.column_width_minus1.iter().take(columns);
        for size in sizes.chain(p.row_height_minus1.iter().take(rows)) {
            w.ue((*size).into());
        }
    }
    w.flag(p.loop_filter_across_tiles_enabled);
}

/// An access unit that decodes to the picture.
///
/// # Errors
/// It cannot be written from what was handed over.
pub fn unit(p: &Hevc, slices: &[&[u8]]) -> Result<Vec<u8>, AvError> {
    if p.sps_range_extension != 0 || p.pps_range_extension != 0 {
        return Err(AvError("the range extensions of HEVC".to_owned()));
    }
    if p.separate_colour_plane != 0 || p.num_tile_columns_minus1 > 20 || p.num_tile_rows_minus1 > 20
    {
        return Err(AvError(
            "separate planes, or more tiles than are handed over".to_owned(),
        ));
    }
    let references = References::of(p)?;
    let written = hevc_slice::rewrite(p, slices, &references)?;
    let mut stream = Vec::new();
    append(&mut stream, &video());
    append(&mut stream, &sequence(p)?);
    append(
        &mut stream,
        &picture_set(p, written.set, written.extra_bits),
    );
    for slice in &written.slices {
        append(&mut stream, slice);
    }
    Ok(stream)
}
