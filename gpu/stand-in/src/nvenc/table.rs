//! How NVENC is found: two functions that are exported, and the table of the others. Not what they do.

use std::ffi::c_void;

use super::abi::{FunctionList, Kind};
use super::{answer, calls, queries};
use crate::abi::{InOut, Out};

/// Exported: the newest interface, major above minor.
// SAFETY: the name is the interface's own, and nothing else in this image has it.
#[unsafe(no_mangle)]
pub extern "C" fn NvEncodeAPIGetMaxSupportedVersion(version: Out<u32>) -> i32 {
    let (major, minor) = crate::driver::driver().config().nvenc_api;
    answer("NvEncodeAPIGetMaxSupportedVersion", || {
        Ok(version.put(major << 4 | minor)?)
    })
}

/// Exported: the table.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn NvEncodeAPICreateInstance(list: InOut<FunctionList>) -> i32 {
    let mut list = list;
    answer("NvEncodeAPICreateInstance", || {
        let list = list.get()?;
        Kind::FunctionList.known(list.version)?;
        list.functions = functions();
        Ok(())
    })
}

/// The functions in the table's order.
fn functions() -> [*const c_void; 41] {
    let none = queries::unimplemented as *const c_void;
    let mut all = [none; 41];
    let known: [(usize, *const c_void); 31] = [
        (1, queries::codec_count as _),
        (2, queries::profile_count as _),
        (3, queries::profile_list as _),
        (4, queries::codecs as _),
        (5, queries::format_count as _),
        (6, queries::format_list as _),
        (7, queries::capability as _),
        (8, queries::preset_count as _),
        (9, queries::preset_list as _),
        (10, queries::preset_config as _),
        (11, calls::initialize as _),
        (12, calls::create_input as _),
        (13, calls::destroy_input as _),
        (14, calls::create_output as _),
        (15, calls::destroy_output as _),
        (16, calls::encode_picture as _),
        (17, calls::lock_output as _),
        (18, calls::unlock_output as _),
        (19, calls::lock_input as _),
        (20, calls::unlock_input as _),
        (22, calls::sequence as _),
        (25, calls::map_resource as _),
        (26, calls::unmap_resource as _),
        (27, queries::destroy_encoder as _),
        (29, queries::open_session as _),
        (30, calls::register_resource as _),
        (31, calls::unregister_resource as _),
        (37, queries::last_error as _),
        (38, queries::set_streams as _),
        (39, queries::preset_config_ex as _),
        // The last reserved entry of this interface stays unimplemented.
        (40, none),
    ];
    for (at, function) in known {
        all[at] = function;
    }
    all
}
