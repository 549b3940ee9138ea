//! Contexts: made, retained, current in a thread, destroyed with what is left in them. Not what is made in them.

use std::cell::RefCell;
use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use newsreel_stand_in_kit::Stage;
use parking_lot::Mutex;

use super::{export, module, stream, texture};
use crate::abi::{Answer, CuError, Handle, Out};
use crate::driver::{Taken, driver};
use crate::{cuvid, fault, memory, nvenc, report};

/// All living contexts.
pub static CONTEXTS: Handles = Handles::new("context");
type Handles = crate::handles::Handles<Context>;

/// The primary context of each device: its flags, and once it is retained its handle and how often.
static PRIMARY: Mutex<Vec<Primary>> = Mutex::new(Vec::new());

thread_local! {
    /// The contexts current in this thread, the last on top.
    static STACK: RefCell<Vec<Handle>> = const { RefCell::new(Vec::new()) };
}

/// Whether `cuInit` succeeded.
static READY: AtomicBool = AtomicBool::new(false);

/// One context.
pub struct Context {
    /// The device it is on.
    pub device: usize,
    primary: bool,
    _taken: Taken,
}

#[derive(Clone, Copy, Default)]
struct Primary {
    flags: c_uint,
    retained: Option<(Handle, usize)>,
}

/// Whether the driver was initialised.
pub fn ready() -> Answer {
    if READY.load(Ordering::Relaxed) {
        Ok(())
    } else {
        Err(CuError::NOT_INITIALIZED)
    }
}

/// The context current in this thread, on a device that is still there.
///
/// # Errors
/// There is none, which is a violation; or the device is lost.
pub fn current() -> Answer<(Handle, Arc<Context>)> {
    let top = STACK.with_borrow(|stack| stack.last().copied().unwrap_or(0));
    if top == 0 {
        report::violation("no context is current in this thread".to_owned());
        return Err(CuError::INVALID_CONTEXT);
    }
    let context = CONTEXTS.get(top).map_err(|_| CuError::INVALID_CONTEXT)?;
    driver().state(context.device)?.alive()?;
    Ok((top, context))
}

/// Whether work on something made in `owner` may be done now.
///
/// # Errors
/// As [`current`], or another context is current, which is a violation.
pub fn current_is(owner: Handle, kind: &str) -> Answer<Arc<Context>> {
    let (handle, context) = current()?;
    if handle != owner {
        report::violation(format!("the {kind} belongs to another context"));
        return Err(CuError::INVALID_CONTEXT);
    }
    Ok(context)
}

fn make(device: usize, primary: bool) -> Answer<Handle> {
    fault::reach(device, Stage::Context)?;
    let taken = driver().take_mib(device, driver().device(device)?.context_mib)?;
    report::count(|c| c.contexts += 1);
    Ok(CONTEXTS.insert(Context {
        device,
        primary,
        _taken: taken,
    }))
}

/// Ends a context. What is left in it goes with it, which is a violation unless its device is lost.
fn end(handle: Handle) -> Answer {
    let context = CONTEXTS.remove(handle)?;
    let mut left = Vec::new();
    let (blocks, bytes) = memory::free_all(|b| b.context == handle);
    if blocks > 0 {
        left.push(format!("{blocks} allocations of {bytes} bytes"));
    }
    for (count, kind) in [
        stream::end_of(handle),
        module::end_of(handle),
        texture::end_of(handle),
        cuvid::end_of(handle),
        nvenc::end_of(handle),
    ] {
        if count > 0 {
            left.push(format!("{count} × {kind}"));
        }
    }
    if !left.is_empty() && !driver().state(context.device)?.is_lost() {
        report::violation(format!("a context ends with {}", left.join(", ")));
    }
    STACK.with_borrow_mut(|stack| stack.retain(|h| *h != handle));
    report::flush();
    Ok(())
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    let left = CONTEXTS.remove_all(|c| driver().state(c.device).is_ok_and(|s| !s.is_lost()));
    let (primary, own): (Vec<_>, Vec<_>) = left.iter().partition(|c| c.primary);
    let mut leaks = Vec::new();
    if !own.is_empty() {
        leaks.push(format!("{} × context", own.len()));
    }
    if !primary.is_empty() {
        leaks.push(format!("{} × primary context", primary.len()));
    }
    leaks
}

fn primaries<T>(device: usize, body: impl FnOnce(&mut Primary) -> T) -> T {
    let mut all = PRIMARY.lock();
    let length = all.len().max(device + 1);
    all.resize(length, Primary::default());
    body(&mut all[device])
}

fn release(device: c_int) -> Answer {
    let device = driver().ordinal(device)?;
    let last = primaries(device, |primary| match &mut primary.retained {
        None => Err(CuError::INVALID_CONTEXT),
        Some((_, times)) if *times > 1 => {
            *times -= 1;
            Ok(None)
        }
        Some((handle, _)) => {
            let handle = *handle;
            primary.retained = None;
            Ok(Some(handle))
        }
    });
    match last {
        Ok(Some(handle)) => end(handle),
        Ok(None) => Ok(()),
        Err(error) => {
            report::violation("a primary context is released that is not retained".to_owned());
            Err(error)
        }
    }
}

export! {
    fn cuInit(_flags: c_uint) {
        match driver().config().init_error {
            0 if driver().count() == 0 => Err(CuError::NO_DEVICE),
            0 => {
                READY.store(true, Ordering::Relaxed);
                Ok(())
            }
            code => Err(CuError(code)),
        }
    }

    fn cuCtxCreate_v2(context: Out<Handle>, _flags: c_uint, device: c_int) {
        ready()?;
        let handle = make(driver().ordinal(device)?, false)?;
        STACK.with_borrow_mut(|stack| stack.push(handle));
        context.put(handle)
    }

    fn cuCtxCreate_v3(context: Out<Handle>, _affinity: *mut c_void, _count: c_int, flags: c_uint, device: c_int) {
        let made = cuCtxCreate_v2(context, flags, device);
        if made == 0 { Ok(()) } else { Err(CuError(made)) }
    }

    fn cuCtxCreate_v4(context: Out<Handle>, _parameters: *mut c_void, flags: c_uint, device: c_int) {
        let made = cuCtxCreate_v2(context, flags, device);
        if made == 0 { Ok(()) } else { Err(CuError(made)) }
    }

    fn cuCtxDestroy_v2(context: Handle) {
        if CONTEXTS.peek(context).is_some_and(|c| c.primary) {
            report::violation("a primary context is destroyed, not released".to_owned());
            return Err(CuError::INVALID_CONTEXT);
        }
        end(context)
    }

    fn cuCtxPushCurrent_v2(context: Handle) {
        let found = CONTEXTS.get(context).map_err(|_| CuError::INVALID_CONTEXT)?;
        STACK.with_borrow_mut(|stack| stack.push(context));
        // Pushing works on a lost device: the client finds out with the first call that does something.
        let _ = found;
        Ok(())
    }

    fn cuCtxPopCurrent_v2(context: Out<Handle>) {
        let Some(top) = STACK.with_borrow_mut(Vec::pop) else {
            report::violation("a context is popped, but none was pushed".to_owned());
            return Err(CuError::INVALID_CONTEXT);
        };
        context.offer(top);
        Ok(())
    }

    fn cuCtxSetCurrent(context: Handle) {
        if context != 0 {
            CONTEXTS.get(context).map_err(|_| CuError::INVALID_CONTEXT)?;
        }
        STACK.with_borrow_mut(|stack| {
            stack.pop();
            if context != 0 {
                stack.push(context);
            }
        });
        Ok(())
    }

    fn cuCtxGetCurrent(context: Out<Handle>) {
        ready()?;
        context.put(STACK.with_borrow(|stack| stack.last().copied().unwrap_or(0)))
    }

    fn cuCtxGetDevice(device: Out<c_int>) {
        let (_, context) = current()?;
        device.put(c_int::try_from(context.device).map_err(|_| CuError::INVALID_DEVICE)?)
    }

    fn cuCtxSynchronize() {
        let (_, context) = current()?;
        fault::reach(context.device, Stage::Synchronise)
    }

    fn cuCtxSetLimit(_limit: c_int, _value: usize) { current().map(|_| ()) }

    fn cuCtxGetLimit(value: Out<usize>, _limit: c_int) { current()?; value.put(0) }

    fn cuCtxSetFlags(_flags: c_uint) { current().map(|_| ()) }

    fn cuCtxSetCacheConfig(_config: c_int) { current().map(|_| ()) }

    fn cuCtxGetStreamPriorityRange(least: Out<c_int>, greatest: Out<c_int>) {
        current()?;
        least.offer(0);
        greatest.offer(-5);
        Ok(())
    }

    fn cuDevicePrimaryCtxRetain(context: Out<Handle>, device: c_int) {
        ready()?;
        let device = driver().ordinal(device)?;
        driver().state(device)?.alive()?;
        let retained = primaries(device, |primary| {
            let (handle, times) = match primary.retained {
                Some((handle, times)) => (handle, times),
                None => (make(device, true)?, 0),
            };
            primary.retained = Some((handle, times + 1));
            Ok(handle)
        })?;
        context.put(retained)
    }

    fn cuDevicePrimaryCtxRelease(device: c_int) { release(device) }

    fn cuDevicePrimaryCtxRelease_v2(device: c_int) { release(device) }

    fn cuDevicePrimaryCtxSetFlags(device: c_int, flags: c_uint) {
        ready()?;
        primaries(driver().ordinal(device)?, |primary| primary.flags = flags);
        Ok(())
    }

    fn cuDevicePrimaryCtxSetFlags_v2(device: c_int, flags: c_uint) {
        ready()?;
        primaries(driver().ordinal(device)?, |primary| primary.flags = flags);
        Ok(())
    }

    fn cuDevicePrimaryCtxGetState(device: c_int, flags: Out<c_uint>, active: Out<c_int>) {
        ready()?;
        let primary = primaries(driver().ordinal(device)?, |primary| *primary);
        flags.offer(primary.flags);
        active.offer(c_int::from(primary.retained.is_some()));
        Ok(())
    }

    fn cuDevicePrimaryCtxReset(_device: c_int) { Err(CuError::NOT_SUPPORTED) }
}
