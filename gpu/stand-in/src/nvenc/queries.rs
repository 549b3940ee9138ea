//! What is asked of an encoder before and beside the encoding, and sessions' beginnings and ends. Not the encoding.

use std::ffi::{c_char, c_void};

use newsreel_stand_in_kit::Codec;

use super::abi::{Caps, Kind, OpenSession, PresetConfig};
use super::guid::{self, Guid};
use super::{Answer, Status, caps, functions, session};
use crate::abi::{Handle, In, InOut, Out, int, size};

fn profiles(device: usize, codec: Guid) -> Answer<Vec<Guid>> {
    let can = caps::of(device, codec)?;
    let all: &[_] = match can.codec {
        Codec::H264 => &guid::H264_PROFILES,
        Codec::Hevc => &guid::HEVC_PROFILES,
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

    fn destroy_encoder(session: Handle) { session::close(session) }

    fn set_streams(session: Handle, _input: *const c_void, _output: *const c_void) {
        session::get(session).map(|_| ())
    }

    fn unimplemented() { Err(Status::UNIMPLEMENTED) }
}

/// What the last error of a session was.
pub extern "C" fn last_error(session: Handle) -> *const c_char {
    match session::get(session) {
        Ok(session) => session.details.lock().as_ptr(),
        Err(_) => c"".as_ptr(),
    }
}
