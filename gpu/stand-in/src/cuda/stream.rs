//! Streams and events. Work is done as it is asked for, so that they are always done. Not the work.

use std::ffi::{c_int, c_uint, c_void};
use std::time::Instant;

use newsreel_stand_in_kit::Stage;
use parking_lot::Mutex;

use super::context::{current, current_is};
use super::export;
use crate::abi::{Answer, CuError, Handle, Out};
use crate::handles::Handles;
use crate::{driver, fault};

static STREAMS: Handles<Owned> = Handles::new("stream");
static EVENTS: Handles<Event> = Handles::new("event");

/// The context a stream was made in.
struct Owned(Handle);

struct Event {
    context: Handle,
    recorded: Mutex<Option<Instant>>,
}

/// Called when a stream comes to it.
type Callback = Option<extern "C" fn(Handle, c_int, *mut c_void)>;

/// The streams that exist without being made: the default one, the legacy one and the thread's.
const BUILT_IN: Handle = 2;

/// Whether work may be given to a stream.
///
/// # Errors
/// It is unknown, or of another context.
pub fn usable(stream: Handle) -> Answer<usize> {
    if stream <= BUILT_IN {
        return current().map(|(_, context)| context.device);
    }
    current_is(STREAMS.get(stream)?.0, "stream").map(|context| context.device)
}

/// Ends those of a context; how many there were, and what they are.
pub fn end_of(context: Handle) -> (usize, &'static str) {
    let events = EVENTS.remove_all(|e| e.context == context).len();
    let streams = STREAMS.remove_all(|s| s.0 == context).len();
    (events + streams, "stream or event")
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    let counts = [
        (STREAMS.count(), STREAMS.kind()),
        (EVENTS.count(), EVENTS.kind()),
    ];
    let left = counts.iter().filter(|(count, _)| *count > 0);
    left.map(|(count, kind)| format!("{count} × {kind}"))
        .collect()
}

fn wait(device: usize) -> Answer {
    fault::reach(device, Stage::Synchronise)
}

fn make() -> Answer<Handle> {
    Ok(STREAMS.insert(Owned(current()?.0)))
}

/// The device of the context current in this thread, where there is one.
fn here(context: Handle) -> Answer<usize> {
    let owner = super::context::CONTEXTS.get(context)?;
    driver::driver().state(owner.device)?.alive()?;
    Ok(owner.device)
}

fn elapsed(start: Handle, end: Handle) -> Answer<f32> {
    let times = (
        *EVENTS.get(start)?.recorded.lock(),
        *EVENTS.get(end)?.recorded.lock(),
    );
    let (Some(start), Some(end)) = times else {
        return Err(CuError::INVALID_HANDLE);
    };
    Ok(end.saturating_duration_since(start).as_secs_f32() * 1000.0)
}

export! {
    fn cuStreamCreate(stream: Out<Handle>, _flags: c_uint) { stream.put(make()?) }

    fn cuStreamCreateWithPriority(stream: Out<Handle>, _flags: c_uint, _priority: c_int) { stream.put(make()?) }

    fn cuStreamDestroy_v2(stream: Handle) {
        STREAMS.remove(stream).map(|_| ())
    }

    fn cuStreamQuery(stream: Handle) { usable(stream).map(|_| ()) }

    fn cuStreamSynchronize(stream: Handle) {
        // Waiting needs no current context, only the stream's own to be there.
        match STREAMS.peek(stream) {
            Some(owned) => wait(here(owned.0)?),
            None => wait(usable(stream)?),
        }
    }

    fn cuStreamWaitEvent(_stream: Handle, event: Handle, _flags: c_uint) { EVENTS.get(event).map(|_| ()) }

    fn cuStreamAddCallback(stream: Handle, callback: Callback, data: *mut c_void, _flags: c_uint) {
        usable(stream)?;
        callback.ok_or(CuError::INVALID_VALUE)?(stream, 0, data);
        Ok(())
    }

    fn cuLaunchHostFunc(stream: Handle, callback: Option<extern "C" fn(*mut c_void)>, data: *mut c_void) {
        usable(stream)?;
        callback.ok_or(CuError::INVALID_VALUE)?(data);
        Ok(())
    }

    fn cuStreamIsCapturing(stream: Handle, status: Out<c_int>) { usable(stream)?; status.put(0) }

    fn cuEventCreate(event: Out<Handle>, _flags: c_uint) {
        let (context, _) = current()?;
        event.put(EVENTS.insert(Event { context, recorded: Mutex::new(None) }))
    }

    fn cuEventDestroy_v2(event: Handle) {
        EVENTS.remove(event).map(|_| ())
    }

    fn cuEventRecord(event: Handle, stream: Handle) {
        usable(stream)?;
        *EVENTS.get(event)?.recorded.lock() = Some(Instant::now());
        Ok(())
    }

    fn cuEventQuery(event: Handle) { EVENTS.get(event).map(|_| ()) }

    fn cuEventSynchronize(event: Handle) { wait(here(EVENTS.get(event)?.context)?) }

    fn cuEventElapsedTime(milliseconds: Out<f32>, start: Handle, end: Handle) {
        milliseconds.put(elapsed(start, end)?)
    }

    fn cuEventElapsedTime_v2(milliseconds: Out<f32>, start: Handle, end: Handle) {
        milliseconds.put(elapsed(start, end)?)
    }
}
