//! What libav has to say beside its return values. Never written out: kept for whoever listens in the same thread.
//!
//! Drivers' refusals all come back as the same few numbers; the line before the last one says which it was.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};

use ffmpeg_sys_next as sys;

use super::text;

/// Lines that are kept while someone listens: the last ones tell.
const KEPT: usize = 8;

thread_local! {
    static HEARD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Keeps libav from writing to standard error; what matters comes back as error values, or is heard by [`listen`].
pub fn quiet() {
    // SAFETY: replaces one atomic pointer inside libav by a function that lives as long as the process.
    unsafe { sys::av_log_set_callback(Some(hear)) };
}

/// Does `work` and gives the warnings and errors that libav uttered in this thread meanwhile.
pub fn listen<R>(work: impl FnOnce() -> R) -> (R, Vec<String>) {
    HEARD.with_borrow_mut(|heard| *heard = Some(Vec::new()));
    let result = work();
    let heard = HEARD.with_borrow_mut(Option::take);
    (result, heard.unwrap_or_default())
}

/// # Safety
/// Called by libav with a format and its arguments.
unsafe extern "C" fn hear(
    class: *mut c_void,
    level: c_int,
    format: *const c_char,
    arguments: *mut sys::__va_list_tag,
) {
    if level > sys::AV_LOG_WARNING {
        return;
    }
    // A line that comes while the list is in use, or while the thread ends, is not worth a panic.
    let _ = HEARD.try_with(|heard| {
        let Ok(mut heard) = heard.try_borrow_mut() else {
            return;
        };
        let Some(lines) = heard.as_mut() else { return };
        let mut line: [c_char; 512] = [0; 512];
        let mut prefix = 1;
        // SAFETY: the buffer is ours and its true size is passed; libav always terminates what it writes. Format and
        // arguments are used once, as they came.
        let line = unsafe {
            sys::av_log_format_line2(
                class,
                level,
                format,
                arguments,
                line.as_mut_ptr(),
                512,
                &raw mut prefix,
            );
            text(line.as_ptr())
        };
        if lines.len() >= KEPT {
            lines.remove(0);
        }
        lines.push(line.trim_end().to_owned());
    });
}
