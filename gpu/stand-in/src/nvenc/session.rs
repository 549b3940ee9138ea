//! Encode sessions: opened within the device's cap, the buffers in them, closed with nothing left. Not the encoding.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::CString;
use std::sync::Arc;

use newsreel_stand_in_kit::Stage;
use parking_lot::Mutex;

use super::abi::{Kind, OpenSession};
use super::encode::Running;
use super::{Answer, Status};
use crate::abi::{DevicePtr, Handle};
use crate::cuda::context::CONTEXTS;
use crate::driver::{Taken, driver};
use crate::handles::Handles;
use crate::shared::{What, shared};
use crate::{fault, report};

static SESSIONS: Handles<Session> = Handles::new("encode session");

/// One session.
pub struct Session {
    context: Handle,
    /// The device it is on.
    pub device: usize,
    /// What is in it.
    pub state: Mutex<State>,
    /// What the last error was, in words.
    pub details: Mutex<CString>,
    _taken: [Taken; 2],
}

/// What is in a session.
#[derive(Default)]
pub struct State {
    /// The encoder, once it is initialised.
    pub running: Option<Running>,
    /// Input buffers in host memory.
    pub inputs: BTreeMap<Handle, Input>,
    /// Output buffers.
    pub outputs: BTreeMap<Handle, Output>,
    /// Device memory made known to the encoder.
    pub registered: BTreeMap<Handle, Registered>,
    /// Which of it is mapped, by the handle of the mapping.
    pub mapped: BTreeMap<Handle, Handle>,
    /// Output buffers given with pictures that are not done, in that order, each with its picture's input.
    pub waiting: VecDeque<(Handle, Handle)>,
}

/// How a picture lies in memory.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Rows of luma.
    pub height: usize,
    /// Bytes from one row to the next.
    pub pitch: usize,
    /// An `NV_ENC_BUFFER_FORMAT`.
    pub format: u32,
}

/// An input buffer.
pub struct Input {
    /// How its picture lies.
    pub shape: Shape,
    /// Its bytes; boxed, since the client is given their address.
    pub bytes: Box<[u8]>,
    /// Whether the client has it.
    pub locked: bool,
}

/// An output buffer.
#[derive(Default)]
pub struct Output {
    /// An encoded picture, once it is done.
    pub done: Option<Done>,
    /// Whether the client has it.
    pub locked: bool,
}

/// An encoded picture, as a client gets it.
pub struct Done {
    /// Its bytes; boxed, since the client is given their address.
    pub bytes: Box<[u8]>,
    /// The time the client gave.
    pub time: u64,
    /// An `NV_ENC_PIC_TYPE`.
    pub kind: u32,
    /// Which picture of the session it is.
    pub number: u32,
}

/// Device memory that is known.
pub struct Registered {
    /// Where it is.
    pub address: DevicePtr,
    /// How the picture lies.
    pub shape: Shape,
}

/// Whether a call may go on: the device is there and nothing was to go wrong.
///
/// # Errors
/// A fault's code; for a device that is lost, the general error.
pub fn reach(device: usize, stage: Stage) -> Answer {
    fault::reach(device, stage).map_err(|error| {
        let lost = driver().state(device).is_ok_and(|s| s.is_lost());
        if lost {
            Status::GENERIC
        } else {
            Status(error.0)
        }
    })
}

/// Opens a session.
///
/// # Errors
/// The device has no encoder, no session left, or is lost.
pub fn open(params: &OpenSession) -> Answer<Handle> {
    Kind::OpenSession.known(params.version)?;
    let newest = driver().config().nvenc_api;
    if (params.api & 0xff, params.api >> 24 & 0xff) > newest {
        return Err(Status::INVALID_VERSION);
    }
    // Device type 1 is CUDA.
    if params.device_type != 1 {
        return Err(Status::UNSUPPORTED_DEVICE);
    }
    let context = CONTEXTS
        .get(params.device)
        .map_err(|_| Status::INVALID_DEVICE)?;
    let device = context.device;
    reach(device, Stage::Session)?;
    let about = driver().device(device)?;
    if about.nvenc == 0 {
        return Err(Status::UNSUPPORTED_DEVICE);
    }
    let taken = driver().take_mib(device, about.session_mib)?;
    let most = about.sessions_max.into();
    let place = Taken::of(device, What::Sessions, 1, most).ok_or(Status::OUT_OF_MEMORY)?;
    let open = shared().here(What::Sessions);
    report::count(|c| {
        c.sessions += 1;
        c.sessions_peak = c.sessions_peak.max(open);
    });
    Ok(SESSIONS.insert(Session {
        context: params.device,
        device,
        state: Mutex::default(),
        details: Mutex::default(),
        _taken: [taken, place],
    }))
}

/// The session a client means.
///
/// # Errors
/// There is none.
pub fn get(handle: Handle) -> Answer<Arc<Session>> {
    Ok(SESSIONS.get(handle)?)
}

/// Closes a session.
///
/// # Errors
/// There is none.
pub fn close(handle: Handle) -> Answer {
    let session = SESSIONS.remove(handle)?;
    let state = session.state.lock();
    let left = [
        (state.inputs.len(), "input buffer"),
        (state.outputs.len(), "output buffer"),
        (state.registered.len(), "registered resource"),
        (state.mapped.len(), "mapped resource"),
    ];
    let left: Vec<_> = left
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} × {kind}"))
        .collect();
    if !left.is_empty() && !driver().state(session.device)?.is_lost() {
        report::violation(format!(
            "an encode session is closed with {}",
            left.join(", ")
        ));
    }
    drop(state);
    report::flush();
    Ok(())
}

/// Ends those of a context; how many there were, and what they are.
pub fn end_of(context: Handle) -> (usize, &'static str) {
    (
        SESSIONS.remove_all(|s| s.context == context).len(),
        SESSIONS.kind(),
    )
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    let here = |s: &Session| driver().state(s.device).is_ok_and(|s| !s.is_lost());
    match SESSIONS.remove_all(here).len() {
        0 => Vec::new(),
        count => vec![format!("{count} × {}", SESSIONS.kind())],
    }
}
