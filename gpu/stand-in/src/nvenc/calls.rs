//! The calls of an encode session: its buffers, pictures in, bytes out. Not the encoder behind them.

use newsreel_stand_in_kit::Stage;

use super::abi::{
    BitstreamBuffer, Initialize, InputBuffer, Kind, LockBitstream, LockInput, Map, Picture,
    Register, Sequence,
};
use super::encode::{END, Running, deliver};
use super::session::{self, Input, Output, Registered, Session, Shape};
use super::{Answer, Status, functions};
use crate::abi::{Handle, HostPtr, In, InOut, int, size};
use crate::handles::fresh;
use crate::{memory, report};

/// Makes a violation of what was not there.
fn unknown<T>(found: Option<T>, what: &str, status: Status) -> Answer<T> {
    found.ok_or_else(|| {
        report::violation(format!("{what} is used that was never made, or is gone"));
        status
    })
}

fn fail(session: &Session, (status, why): (Status, String)) -> Status {
    *session.details.lock() = std::ffi::CString::new(why).unwrap_or_default();
    status
}

/// Takes a picture in, and its output buffer.
fn encode(session: &Session, params: &Picture) -> Answer {
    let mut state = session.state.lock();
    let state = &mut *state;
    let running = state.running.as_mut().ok_or(Status::NOT_INITIALIZED)?;
    if params.flags & END != 0 {
        running.end();
        deliver(state);
        return Ok(());
    }
    session::reach(session.device, Stage::Encode)?;
    let picture = if let Some(input) = state.inputs.get(&params.input) {
        if input.locked {
            report::violation("an input buffer is encoded while it is locked".to_owned());
        }
        report::count(|c| c.uploads_to_encoder += 1);
        running.picture(&input.bytes, input.shape)?
    } else {
        let resource = state.mapped.get(&params.input);
        let resource = unknown(resource, "an input", Status::NOT_MAPPED)?;
        let known = state.registered.get(resource);
        let known = unknown(known, "a registered resource", Status::NOT_REGISTERED)?;
        // Luma, and chroma of half its height behind it.
        let rows = known.shape.height + known.shape.height.div_ceil(2);
        memory::with(known.address, rows * known.shape.pitch, |bytes| {
            running.picture(bytes, known.shape)
        })??
    };
    let output = state.outputs.get(&params.output);
    let output = unknown(output, "an output buffer", Status::INVALID_PARAM)?;
    if output.done.is_some() || state.waiting.iter().any(|(o, _)| *o == params.output) {
        report::violation("an output buffer is given for two pictures".to_owned());
        return Err(Status::INVALID_PARAM);
    }
    running.encode(&picture, params.time, params.flags)?;
    report::count(|c| c.encoded += 1);
    state.waiting.push_back((params.output, params.input));
    if deliver(state) {
        Ok(())
    } else {
        Err(Status::NEED_MORE_INPUT)
    }
}

fn lock(session: &Session, params: &mut LockBitstream) -> Answer {
    Kind::LockBitstream.readable(params.version)?;
    session::reach(session.device, Stage::Lock)?;
    let mut state = session.state.lock();
    let output = state.outputs.get_mut(&params.buffer);
    let output = unknown(output, "an output buffer", Status::INVALID_PARAM)?;
    if output.locked {
        report::violation("an output buffer is locked twice".to_owned());
        return Err(Status::LOCK_BUSY);
    }
    let Some(done) = &output.done else {
        if params.flags & 1 == 0 {
            report::violation(
                "an output buffer is waited for that nothing will be put into".to_owned(),
            );
        }
        return Err(Status::LOCK_BUSY);
    };
    params.data = done.bytes.as_ptr().cast();
    params.length = int(done.bytes.len());
    params.time = done.time;
    params.kind = done.kind;
    params.frame = done.number;
    // Frames are 1. The quantiser is a guess that clients only print.
    params.structure = 1;
    params.quantiser = 25;
    output.locked = true;
    Ok(())
}

fn register(session: &Session, params: &mut Register) -> Answer {
    Kind::Register.readable(params.version)?;
    // Resource type 1 is device memory.
    if params.kind != 1 {
        return Err(Status::UNSUPPORTED_PARAM);
    }
    let (device, _) = memory::home(params.address)?;
    if device != session.device {
        report::violation("memory of another device is registered".to_owned());
        return Err(Status::INVALID_PARAM);
    }
    let handle = fresh();
    let shape = Shape {
        height: size(params.height)?,
        pitch: size(params.pitch)?,
        format: params.format,
    };
    let known = Registered {
        address: params.address,
        shape,
    };
    session.state.lock().registered.insert(handle, known);
    params.resource = handle;
    Ok(())
}

functions! {
    fn initialize(session: Handle, params: In<Initialize>) {
        let session = session::get(session)?;
        let params = params.get()?;
        Kind::Initialize.readable(params.version)?;
        if session.state.lock().running.is_some() {
            report::violation("an encoder is initialised twice".to_owned());
            return Err(Status::INVALID_PARAM);
        }
        // SAFETY: the client points at a configuration, or at nothing.
        let config = unsafe { params.config.as_ref() }.ok_or(Status::UNSUPPORTED_PARAM)?;
        Kind::Config.readable(config.version)?;
        let running = Running::start(session.device, params, config).map_err(|error| fail(&session, error))?;
        session.state.lock().running = Some(running);
        Ok(())
    }

    fn create_input(session: Handle, params: InOut<InputBuffer>) {
        let mut params = params;
        let params = params.get()?;
        Kind::InputBuffer.readable(params.version)?;
        let sample = if params.format == 0x1_0000 { 2 } else { 1 };
        let pitch = (size(params.width)? * sample).next_multiple_of(64);
        let height = size(params.height)?;
        let shape = Shape { height, pitch, format: params.format };
        let bytes = vec![0; pitch * (height + height.div_ceil(2))].into();
        params.buffer = fresh();
        let input = Input { shape, bytes, locked: false };
        session::get(session)?.state.lock().inputs.insert(params.buffer, input);
        Ok(())
    }

    fn destroy_input(session: Handle, buffer: Handle) {
        let gone = session::get(session)?.state.lock().inputs.remove(&buffer);
        unknown(gone, "an input buffer", Status::INVALID_PARAM).map(|_| ())
    }

    fn lock_input(session: Handle, params: InOut<LockInput>) {
        let mut params = params;
        let params = params.get()?;
        Kind::LockInput.readable(params.version)?;
        let session = session::get(session)?;
        let mut state = session.state.lock();
        let input = unknown(state.inputs.get_mut(&params.buffer), "an input buffer", Status::INVALID_PARAM)?;
        input.locked = true;
        params.data = input.bytes.as_mut_ptr().cast();
        params.pitch = int(input.shape.pitch);
        Ok(())
    }

    fn unlock_input(session: Handle, buffer: Handle) {
        let session = session::get(session)?;
        let mut state = session.state.lock();
        let input = unknown(state.inputs.get_mut(&buffer), "an input buffer", Status::INVALID_PARAM)?;
        if !std::mem::take(&mut input.locked) {
            report::violation("an input buffer is unlocked that is not locked".to_owned());
        }
        Ok(())
    }

    fn create_output(session: Handle, params: InOut<BitstreamBuffer>) {
        let mut params = params;
        let params = params.get()?;
        Kind::BitstreamBuffer.readable(params.version)?;
        params.buffer = fresh();
        session::get(session)?.state.lock().outputs.insert(params.buffer, Output::default());
        Ok(())
    }

    fn destroy_output(session: Handle, buffer: Handle) {
        let gone = session::get(session)?.state.lock().outputs.remove(&buffer);
        let gone = unknown(gone, "an output buffer", Status::INVALID_PARAM)?;
        if gone.locked {
            report::violation("an output buffer is destroyed while it is locked".to_owned());
        }
        Ok(())
    }

    fn encode_picture(session: Handle, params: In<Picture>) {
        let params = params.get()?;
        Kind::Picture.readable(params.version)?;
        encode(&*session::get(session)?, params)
    }

    fn lock_output(session: Handle, params: InOut<LockBitstream>) {
        let mut params = params;
        lock(&*session::get(session)?, params.get()?)
    }

    fn unlock_output(session: Handle, buffer: Handle) {
        let session = session::get(session)?;
        let mut state = session.state.lock();
        let output = unknown(state.outputs.get_mut(&buffer), "an output buffer", Status::INVALID_PARAM)?;
        if !output.locked {
            report::violation("an output buffer is unlocked that is not locked".to_owned());
            return Err(Status::INVALID_PARAM);
        }
        *output = Output::default();
        Ok(())
    }

    fn sequence(session: Handle, params: In<Sequence>) {
        let params = params.get()?;
        Kind::Sequence.readable(params.version)?;
        let session = session::get(session)?;
        let state = session.state.lock();
        let running = state.running.as_ref().ok_or(Status::NOT_INITIALIZED)?;
        if running.sets.len() > size(params.room)? {
            return Err(Status::NOT_ENOUGH_BUFFER);
        }
        HostPtr::of(params.data).write(0, &running.sets)?;
        let length: u32 = int(running.sets.len());
        Ok(HostPtr::of(params.length).write(0, &length.to_ne_bytes())?)
    }

    fn register_resource(session: Handle, params: InOut<Register>) {
        let mut params = params;
        register(&*session::get(session)?, params.get()?)
    }

    fn unregister_resource(session: Handle, resource: Handle) {
        let session = session::get(session)?;
        let mut state = session.state.lock();
        if state.mapped.values().any(|of| *of == resource) {
            report::violation("a resource is unregistered while it is mapped".to_owned());
        }
        let gone = state.registered.remove(&resource);
        unknown(gone, "a registered resource", Status::NOT_REGISTERED).map(|_| ())
    }

    fn map_resource(session: Handle, params: InOut<Map>) {
        let mut params = params;
        let params = params.get()?;
        Kind::Map.readable(params.version)?;
        let session = session::get(session)?;
        let mut state = session.state.lock();
        let known = state.registered.get(&params.resource);
        let known = unknown(known, "a registered resource", Status::NOT_REGISTERED)?;
        params.format = known.shape.format;
        if state.mapped.values().any(|of| *of == params.resource) {
            report::violation("a resource is mapped twice".to_owned());
            return Err(Status::MAP_FAILED);
        }
        params.mapped = fresh();
        state.mapped.insert(params.mapped, params.resource);
        Ok(())
    }

    fn unmap_resource(session: Handle, mapped: Handle) {
        let session = session::get(session)?;
        let mut state = session.state.lock();
        if state.waiting.iter().any(|(_, input)| *input == mapped) {
            report::violation("a picture is unmapped before it is encoded".to_owned());
        }
        unknown(state.mapped.remove(&mapped), "a mapped resource", Status::NOT_MAPPED).map(|_| ())
    }
}
