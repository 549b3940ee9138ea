//! The structures of libnvcuvid, as cuviddec.h and nvcuvid.h of the Video Codec SDK 11.1 lay them out. Not their meaning.

use std::ffi::{c_int, c_long, c_uint, c_ulong, c_ulonglong, c_void};

use crate::abi::{Handle, InOut};

/// `cudaVideoCodec`.
pub const CODEC_H264: c_int = 4;
/// `cudaVideoCodec`.
pub const CODEC_HEVC: c_int = 8;
/// `cudaVideoChromaFormat`.
pub const CHROMA_420: c_int = 1;
/// `cudaVideoSurfaceFormat`.
pub const NV12: c_int = 0;
/// `cudaVideoSurfaceFormat`.
pub const P016: c_int = 1;
/// `CUvideopacketflags`.
pub const END_OF_STREAM: c_ulong = 1;
/// `CUvideopacketflags`.
pub const TIMESTAMP: c_ulong = 2;

/// `CUVIDDECODECAPS`.
#[repr(C)]
pub struct DecodeCaps {
    pub codec: c_int,
    pub chroma: c_int,
    pub depth_minus8: c_uint,
    reserved1: [c_uint; 3],
    pub supported: u8,
    pub engines: u8,
    pub formats: u16,
    pub max_width: c_uint,
    pub max_height: c_uint,
    pub max_macroblocks: c_uint,
    pub min_width: u16,
    pub min_height: u16,
    pub histogram: u8,
    pub counter_depth: u8,
    pub histogram_bins: u16,
    reserved3: [c_uint; 10],
}

/// A rectangle: left, top, right, bottom.
pub type Area<T> = [T; 4];

/// `CUVIDDECODECREATEINFO`.
#[repr(C)]
#[derive(Clone)]
pub struct CreateInfo {
    pub width: c_ulong,
    pub height: c_ulong,
    pub surfaces: c_ulong,
    pub codec: c_int,
    pub chroma: c_int,
    pub flags: c_ulong,
    pub depth_minus8: c_ulong,
    pub intra_only: c_ulong,
    pub max_width: c_ulong,
    pub max_height: c_ulong,
    reserved1: c_ulong,
    pub display: Area<i16>,
    pub format: c_int,
    pub deinterlace: c_int,
    pub target_width: c_ulong,
    pub target_height: c_ulong,
    pub output_surfaces: c_ulong,
    pub lock: Handle,
    pub target: Area<i16>,
    pub histogram: c_ulong,
    reserved2: [c_ulong; 4],
}

/// `CUVIDH264DPBENTRY`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct H264Reference {
    pub picture: c_int,
    pub frame: c_int,
    pub long_term: c_int,
    pub not_existing: c_int,
    pub used: c_int,
    pub order: [c_int; 2],
}

/// `CUVIDH264PICPARAMS`, up to what belongs to other extensions.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct H264 {
    pub log2_max_frame_num_minus4: c_int,
    pub pic_order_cnt_type: c_int,
    pub log2_max_pic_order_cnt_lsb_minus4: c_int,
    pub delta_pic_order_always_zero: c_int,
    pub frame_mbs_only: c_int,
    pub direct_8x8_inference: c_int,
    pub num_ref_frames: c_int,
    pub residual_colour_transform: u8,
    pub bit_depth_luma_minus8: u8,
    pub bit_depth_chroma_minus8: u8,
    pub qpprime_y_zero_transform_bypass: u8,
    pub entropy_coding_mode: c_int,
    pub pic_order_present: c_int,
    pub num_ref_idx_l0_active_minus1: c_int,
    pub num_ref_idx_l1_active_minus1: c_int,
    pub weighted_pred: c_int,
    pub weighted_bipred_idc: c_int,
    pub pic_init_qp_minus26: c_int,
    pub deblocking_filter_control_present: c_int,
    pub redundant_pic_cnt_present: c_int,
    pub transform_8x8_mode: c_int,
    pub mbaff_frame: c_int,
    pub constrained_intra_pred: c_int,
    pub chroma_qp_index_offset: c_int,
    pub second_chroma_qp_index_offset: c_int,
    pub ref_pic: c_int,
    pub frame_num: c_int,
    pub order: [c_int; 2],
    pub dpb: [H264Reference; 16],
    /// In raster order.
    pub scale_4x4: [[u8; 16]; 6],
    /// In raster order.
    pub scale_8x8: [[u8; 64]; 2],
    pub fmo_aso_enable: u8,
    pub num_slice_groups_minus1: u8,
    slice_group_map_type: u8,
    pic_init_qs_minus26: i8,
}

/// `CUVIDHEVCPICPARAMS`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Hevc {
    pub width: c_int,
    pub height: c_int,
    pub log2_min_luma_coding_block_size_minus3: u8,
    pub log2_diff_max_min_luma_coding_block_size: u8,
    pub log2_min_transform_block_size_minus2: u8,
    pub log2_diff_max_min_transform_block_size: u8,
    pub pcm_enabled: u8,
    pub log2_min_pcm_luma_coding_block_size_minus3: u8,
    pub log2_diff_max_min_pcm_luma_coding_block_size: u8,
    pub pcm_sample_bit_depth_luma_minus1: u8,
    pub pcm_sample_bit_depth_chroma_minus1: u8,
    pub pcm_loop_filter_disabled: u8,
    pub strong_intra_smoothing_enabled: u8,
    pub max_transform_hierarchy_depth_intra: u8,
    pub max_transform_hierarchy_depth_inter: u8,
    pub amp_enabled: u8,
    pub separate_colour_plane: u8,
    pub log2_max_pic_order_cnt_lsb_minus4: u8,
    pub num_short_term_ref_pic_sets: u8,
    pub long_term_ref_pics_present: u8,
    pub num_long_term_ref_pics_sps: u8,
    pub sps_temporal_mvp_enabled: u8,
    pub sample_adaptive_offset_enabled: u8,
    pub scaling_list_enable: u8,
    pub irap: u8,
    pub idr: u8,
    pub bit_depth_luma_minus8: u8,
    pub bit_depth_chroma_minus8: u8,
    pub log2_max_transform_skip_block_size_minus2: u8,
    pub log2_sao_offset_scale_luma: u8,
    pub log2_sao_offset_scale_chroma: u8,
    pub high_precision_offsets_enabled: u8,
    reserved1: [u8; 10],
    pub dependent_slice_segments_enabled: u8,
    pub slice_segment_header_extension_present: u8,
    pub sign_data_hiding_enabled: u8,
    pub cu_qp_delta_enabled: u8,
    pub diff_cu_qp_delta_depth: u8,
    pub init_qp_minus26: i8,
    pub cb_qp_offset: i8,
    pub cr_qp_offset: i8,
    pub constrained_intra_pred: u8,
    pub weighted_pred: u8,
    pub weighted_bipred: u8,
    pub transform_skip_enabled: u8,
    pub transquant_bypass_enabled: u8,
    pub entropy_coding_sync_enabled: u8,
    pub log2_parallel_merge_level_minus2: u8,
    pub num_extra_slice_header_bits: u8,
    pub loop_filter_across_tiles_enabled: u8,
    pub loop_filter_across_slices_enabled: u8,
    pub output_flag_present: u8,
    pub num_ref_idx_l0_default_active_minus1: u8,
    pub num_ref_idx_l1_default_active_minus1: u8,
    pub lists_modification_present: u8,
    pub cabac_init_present: u8,
    pub slice_chroma_qp_offsets_present: u8,
    pub deblocking_filter_override_enabled: u8,
    pub deblocking_filter_disabled: u8,
    pub beta_offset_div2: i8,
    pub tc_offset_div2: i8,
    pub tiles_enabled: u8,
    pub uniform_spacing: u8,
    pub num_tile_columns_minus1: u8,
    pub num_tile_rows_minus1: u8,
    pub column_width_minus1: [u16; 21],
    pub row_height_minus1: [u16; 21],
    pub sps_range_extension: u8,
    sps_range: [u8; 8],
    pub pps_range_extension: u8,
    pps_range: [u8; 18],
    reserved3: [c_uint; 8],
    pub short_term_set_bits: c_int,
    pub num_delta_pocs_of_ref_rps: c_int,
    pub total_current: c_int,
    pub short_before_count: c_int,
    pub short_after_count: c_int,
    pub long_count: c_int,
    pub order: c_int,
    pub reference: [c_int; 16],
    pub reference_order: [c_int; 16],
    pub reference_is_long: [u8; 16],
    pub short_before: [u8; 8],
    pub short_after: [u8; 8],
    pub long: [u8; 8],
    inter_layer: [u8; 16],
    reserved4: [c_uint; 12],
    /// In the order of coding.
    pub scale_4x4: [[u8; 16]; 6],
    pub scale_8x8: [[u8; 64]; 6],
    pub scale_16x16: [[u8; 64]; 6],
    pub scale_32x32: [[u8; 64]; 2],
    pub scale_dc_16x16: [u8; 6],
    pub scale_dc_32x32: [u8; 2],
}

/// The part of `CUVIDPICPARAMS` that depends on the codec.
#[repr(C)]
#[derive(Clone, Copy)]
pub union CodecParams {
    pub h264: H264,
    pub hevc: Hevc,
    all: [c_uint; 1024],
}

/// `CUVIDPICPARAMS`.
#[repr(C)]
pub struct PicParams {
    pub width_in_mbs: c_int,
    pub height_in_mbs: c_int,
    pub picture: c_int,
    pub field: c_int,
    pub bottom: c_int,
    pub second: c_int,
    pub length: c_uint,
    pub data: *const u8,
    pub slices: c_uint,
    pub offsets: *const c_uint,
    pub reference: c_int,
    pub intra: c_int,
    reserved: [c_uint; 30],
    pub params: CodecParams,
}

impl PicParams {
    /// One that says nothing.
    pub fn empty() -> Self {
        // SAFETY: all of it is numbers and pointers, for which zero is a value.
        unsafe { std::mem::zeroed() }
    }
}

/// `CUVIDPROCPARAMS`, up to what is read.
#[repr(C)]
pub struct ProcParams {
    pub progressive: c_int,
    pub second_field: c_int,
    pub top_first: c_int,
    pub unpaired: c_int,
}

/// `CUVIDEOFORMAT`.
#[repr(C)]
#[derive(Clone, Default, PartialEq)]
pub struct Format {
    pub codec: c_int,
    pub rate: [c_uint; 2],
    pub progressive: u8,
    pub luma_minus8: u8,
    pub chroma_minus8: u8,
    pub min_surfaces: u8,
    pub width: c_uint,
    pub height: c_uint,
    pub display: Area<c_int>,
    pub chroma: c_int,
    pub bitrate: c_uint,
    pub aspect: [c_int; 2],
    /// The video format in the lowest three bits, then the full-range flag.
    pub signal: u8,
    pub colour: [u8; 3],
    pub header_length: c_uint,
}

/// `CUVIDPARSERDISPINFO`.
#[repr(C)]
pub struct DisplayInfo {
    pub picture: c_int,
    pub progressive: c_int,
    pub top_first: c_int,
    pub repeat_first: c_int,
    pub timestamp: i64,
}

/// `CUVIDPARSERPARAMS`.
#[repr(C)]
pub struct ParserParams {
    pub codec: c_int,
    pub surfaces: c_uint,
    pub clock: c_uint,
    pub error_threshold: c_uint,
    pub display_delay: c_uint,
    pub bit_field: c_uint,
    reserved1: [c_uint; 4],
    pub user: *mut c_void,
    pub on_sequence: Option<extern "C" fn(*mut c_void, InOut<Format>) -> c_int>,
    pub on_decode: Option<extern "C" fn(*mut c_void, InOut<PicParams>) -> c_int>,
    pub on_display: Option<extern "C" fn(*mut c_void, InOut<DisplayInfo>) -> c_int>,
    on_operating_point: *mut c_void,
    reserved2: [*mut c_void; 6],
    pub extended: *mut c_void,
}

/// `CUVIDSOURCEDATAPACKET`.
#[repr(C)]
pub struct SourcePacket {
    pub flags: c_ulong,
    pub length: c_ulong,
    pub payload: *const u8,
    pub timestamp: i64,
}

/// `CUVIDGETDECODESTATUS`, up to what is written.
#[repr(C)]
pub struct DecodeStatus {
    pub status: c_int,
}

// As the C compiler lays them out on a 64-bit Linux.
const _: () = {
    assert!(size_of::<c_long>() == 8 && size_of::<c_ulonglong>() == 8);
    assert!(size_of::<DecodeCaps>() == 88);
    assert!(size_of::<CreateInfo>() == 176);
    assert!(std::mem::offset_of!(CreateInfo, format) == 88);
    assert!(std::mem::offset_of!(CreateInfo, lock) == 120);
    assert!(std::mem::offset_of!(H264, dpb) == 104);
    assert!(std::mem::offset_of!(H264, scale_4x4) == 552);
    assert!(std::mem::offset_of!(H264, fmo_aso_enable) == 776);
    assert!(size_of::<Hevc>() == 1484);
    assert!(std::mem::offset_of!(Hevc, column_width_minus1) == 80);
    assert!(std::mem::offset_of!(Hevc, short_term_set_bits) == 224);
    assert!(std::mem::offset_of!(Hevc, reference) == 252);
    assert!(std::mem::offset_of!(Hevc, short_before) == 396);
    assert!(std::mem::offset_of!(Hevc, scale_4x4) == 484);
    assert!(size_of::<PicParams>() == 4280);
    assert!(std::mem::offset_of!(PicParams, data) == 32);
    assert!(std::mem::offset_of!(PicParams, params) == 184);
    assert!(size_of::<Format>() == 64);
    assert!(size_of::<DisplayInfo>() == 24);
    assert!(size_of::<ParserParams>() == 136);
    assert!(std::mem::offset_of!(ParserParams, user) == 40);
    assert!(size_of::<SourcePacket>() == 32);
};
