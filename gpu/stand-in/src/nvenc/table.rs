//! The functions NVENC is called by: two that are exported, and the table of the others. Not what a session is.

use std::ffi::{c_char, c_void};

use newsreel_stand_in_kit::Stage;

use super::abi::{
    BitstreamBuffer, Caps, FunctionList, Initialize, InputBuffer, Kind, LockBitstream, LockInput,
    Map, OpenSession, Picture, PresetConfig, Register, Sequence,
};
use super::encode::{END, Running, deliver};
use super::guid::{self, Guid};
use super::session::{self, Input, Output, Registered, Session, Shape};
use super::{Answer, Status, answer, caps};
use crate::abi::{Handle, HostPtr, In, InOut, Out, int, size};
use crate::handles::fresh;
use crate::{memory, report};

/// Defines functions of the table.
macro_rules! functions {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => { $(
        extern "C" fn $name($($arg: $type),*) -> i32 {
            answer(stringify!($name), || $body)
        }
    )* };
}

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

fn profiles(device: usize, codec: Guid) -> Answer<Vec<Guid>> {
    let can = caps::of(device, codec)?;
    let all: &[_] = match can.codec {
        newsreel_stand_in_kit::Codec::H264 => &guid::H264_PROFILES,
        newsreel_stand_in_kit::Codec::Hevc => &guid::HEVC_PROFILES,
    };
    let can_do = |name: &Option<&str>| *name != Some("main10") || can.ten_bit;
    Ok(all
        .iter()
        .filter(|(_, name)| can_do(name))
        .map(|(guid, _)| *guid)
        .collect())
}

fn formats(device: usize, codec: Guid) -> Answer<Vec<u32>> {
    let can = caps::of(device, codec)?;
    let mut formats = vec![0x1, 0x10, 0x100];
    if can.ten_bit {
        formats.push(0x1_0000);
    }
    Ok(formats)
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
    fn open_session(params: In<OpenSession>, session: Out<Handle>) { Ok(session.put(session::open(params.get()?)?)?) }

    fn codec_count(session: Handle, count: Out<u32>) {
        Ok(count.put(int(caps::encodes(session::get(session)?.device)?.len()))?)
    }

    fn codecs(session: Handle, out: Out<Guid>, room: u32, count: Out<u32>) {
        let encodes = caps::encodes(session::get(session)?.device)?;
        let all: Vec<_> = encodes.iter().map(|e| caps::guid_of(e.codec)).collect();
        Ok(count.put(int(out.put_all(&all, size(room)?)?))?)
    }

    fn profile_count(session: Handle, codec: Guid, count: Out<u32>) {
        Ok(count.put(int(profiles(session::get(session)?.device, codec)?.len()))?)
    }

    fn profile_list(session: Handle, codec: Guid, out: Out<Guid>, room: u32, count: Out<u32>) {
        let all = profiles(session::get(session)?.device, codec)?;
        Ok(count.put(int(out.put_all(&all, size(room)?)?))?)
    }

    fn format_count(session: Handle, codec: Guid, count: Out<u32>) {
        Ok(count.put(int(formats(session::get(session)?.device, codec)?.len()))?)
    }

    fn format_list(session: Handle, codec: Guid, out: Out<u32>, room: u32, count: Out<u32>) {
        let all = formats(session::get(session)?.device, codec)?;
        Ok(count.put(int(out.put_all(&all, size(room)?)?))?)
    }

    fn capability(session: Handle, codec: Guid, params: In<Caps>, value: Out<i32>) {
        let params = params.get()?;
        Kind::Caps.known(params.version)?;
        Ok(value.put(caps::value(session::get(session)?.device, codec, params.which)?)?)
    }

    fn preset_count(session: Handle, codec: Guid, count: Out<u32>) {
        caps::of(session::get(session)?.device, codec)?;
        Ok(count.put(int(guid::PRESETS.len()))?)
    }

    fn preset_list(session: Handle, codec: Guid, out: Out<Guid>, room: u32, count: Out<u32>) {
        caps::of(session::get(session)?.device, codec)?;
        Ok(count.put(int(out.put_all(&guid::PRESETS, size(room)?)?))?)
    }

    fn preset_config(session: Handle, codec: Guid, preset: Guid, config: InOut<PresetConfig>) {
        fill_preset(session, codec, preset, config)
    }

    fn preset_config_ex(session: Handle, codec: Guid, preset: Guid, _tuning: u32, config: InOut<PresetConfig>) {
        fill_preset(session, codec, preset, config)
    }

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

    fn destroy_encoder(session: Handle) { session::close(session) }

    fn set_streams(session: Handle, _input: *const c_void, _output: *const c_void) {
        session::get(session).map(|_| ())
    }

    fn unimplemented() { Err(Status::UNIMPLEMENTED) }
}

fn fill_preset(
    session: Handle,
    codec: Guid,
    preset: Guid,
    mut config: InOut<PresetConfig>,
) -> Answer {
    caps::of(session::get(session)?.device, codec)?;
    let preset_config = config.get()?;
    Kind::PresetConfig.known(preset_config.version)?;
    if !guid::PRESETS.contains(&preset) {
        return Err(Status::UNSUPPORTED_PARAM);
    }
    let config = &mut preset_config.config;
    config.gop = 250;
    config.interval = 1;
    // Variable rate, two megabits.
    config.rate.mode = 1;
    config.rate.average = 2_000_000;
    Ok(())
}

/// What the last error of a session was.
extern "C" fn last_error(session: Handle) -> *const c_char {
    match session::get(session) {
        Ok(session) => session.details.lock().as_ptr(),
        Err(_) => c"".as_ptr(),
    }
}

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
    let none = unimplemented as *const c_void;
    let mut all = [none; 41];
    let known: [(usize, *const c_void); 31] = [
        (1, codec_count as _),
        (2, profile_count as _),
        (3, profile_list as _),
        (4, codecs as _),
        (5, format_count as _),
        (6, format_list as _),
        (7, capability as _),
        (8, preset_count as _),
        (9, preset_list as _),
        (10, preset_config as _),
        (11, initialize as _),
        (12, create_input as _),
        (13, destroy_input as _),
        (14, create_output as _),
        (15, destroy_output as _),
        (16, encode_picture as _),
        (17, lock_output as _),
        (18, unlock_output as _),
        (19, lock_input as _),
        (20, unlock_input as _),
        (22, sequence as _),
        (25, map_resource as _),
        (26, unmap_resource as _),
        (27, destroy_encoder as _),
        (29, open_session as _),
        (30, register_resource as _),
        (31, unregister_resource as _),
        (37, last_error as _),
        (38, set_streams as _),
        (39, preset_config_ex as _),
        // The last reserved entry of this interface stays unimplemented.
        (40, none),
    ];
    for (at, function) in known {
        all[at] = function;
    }
    all
}
