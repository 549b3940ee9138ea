//! The decoder: pictures by surface, mapped and unmapped. Not the parsing: a picture comes from the parser, or is written back into a
//! stream by [`super::h264`] and [`super::hevc`].

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{c_int, c_uint};
use std::sync::Arc;

use newsreel_stand_in_kit::{Codec, Stage};
use parking_lot::Mutex;

use super::abi::{CreateInfo, DecodeStatus, PicParams, ProcParams};
use super::surface::Layout;
use super::{caps, codec, h264, hevc};
use crate::abi::{Answer, CuError, DevicePtr, Handle, HostPtr, In, InOut, Out, int, size};
use crate::av::{self, AvError, Picture};
use crate::cuda::context::{current, current_is};
use crate::cuda::export;
use crate::driver::{Taken, driver};
use crate::handles::Handles;
use crate::memory::{self, Block};
use crate::{fault, report};

static DECODERS: Handles<Decoder> = Handles::new("decoder");
static LOCKS: Handles<()> = Handles::new("context lock");

/// `cuvidDecodeStatus`.
const STATUS_INVALID: c_int = 0;
const STATUS_SUCCESS: c_int = 2;
const STATUS_CONCEALED: c_int = 9;

thread_local! {
    /// The picture that the parser is handing to its client in this thread: the client passes it on unread.
    static OFFERED: RefCell<Option<Arc<Picture>>> = const { RefCell::new(None) };
}

/// Runs `body` while a decode call in this thread means `picture`.
pub fn offering<T>(picture: Arc<Picture>, body: impl FnOnce() -> T) -> T {
    OFFERED.set(Some(picture));
    let result = body();
    OFFERED.set(None);
    result
}

struct Decoder {
    context: Handle,
    device: usize,
    codec: Codec,
    layout: Layout,
    state: Mutex<State>,
    _surfaces: Taken,
}

struct State {
    engine: av::Decoder,
    /// What was decoded into each surface, and how it went.
    surfaces: Vec<(Option<Arc<Picture>>, c_int)>,
    /// Output surfaces that are free, and those that are mapped. The one freed longest ago is mapped next, so that using one after
    /// it was unmapped is noticed for as long as possible.
    free: VecDeque<Arc<Block>>,
    mapped: Vec<Arc<Block>>,
    /// Whether frames of the sequence are field-adaptive.
    adaptive: bool,
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        for block in state.free.iter().chain(&state.mapped) {
            memory::release(block);
        }
    }
}

fn layout(info: &CreateInfo) -> Answer<Layout> {
    let (width, height) = (size(info.target_width)?, size(info.target_height)?);
    let [left, top, right, bottom] = info.display;
    let (mut origin, mut shown) = ((0, 0), (size(info.width)?, size(info.height)?));
    if right > left && bottom > top {
        origin = (size(left)?, size(top)?);
        shown = (size(right - left)?, size(bottom - top)?);
    }
    // A device scales here; the stand-in only rounds up to even sizes, as clients have it do.
    let even = |n: usize| n.next_multiple_of(2);
    if (even(shown.0), even(shown.1)) != (even(width), even(height)) {
        report::violation("decoders of the stand-in do not scale".to_owned());
        return Err(CuError::NOT_SUPPORTED);
    }
    Ok(Layout {
        width,
        height,
        bits: int(info.depth_minus8 + 8),
        origin,
    })
}

fn create(info: &CreateInfo) -> Answer<Handle> {
    let (context, owner) = current()?;
    fault::reach(owner.device, Stage::Decoder)?;
    caps::allow(owner.device, info)?;
    let layout = layout(info)?;
    if info.deinterlace != 0 {
        report::violation("decoders of the stand-in do not deinterlace".to_owned());
        return Err(CuError::NOT_SUPPORTED);
    }
    let codec = codec(info.codec).ok_or(CuError::NOT_SUPPORTED)?;
    let surfaces = size(info.surfaces)?;
    if !(1..=64).contains(&surfaces) || !(1..=64).contains(&info.output_surfaces) {
        return Err(CuError::INVALID_VALUE);
    }
    let own = int::<u64>(layout.bytes()).saturating_mul(int(surfaces));
    let taken = driver().take(owner.device, own)?;
    let mut free = VecDeque::new();
    for _ in 0..info.output_surfaces {
        match memory::allocate(owner.device, context, layout.bytes(), false) {
            Ok(block) => {
                block.set_open(false);
                free.push_back(block);
            }
            Err(error) => {
                free.iter().for_each(|block| memory::release(block));
                return Err(error);
            }
        }
    }
    let engine = av::Decoder::open(codec).map_err(|error| refuse(&error))?;
    report::count(|c| c.decoders += 1);
    Ok(DECODERS.insert(Decoder {
        context,
        device: owner.device,
        codec,
        layout,
        state: Mutex::new(State {
            engine,
            surfaces: vec![(None, STATUS_INVALID); surfaces],
            free,
            mapped: Vec::new(),
            adaptive: false,
        }),
        _surfaces: taken,
    }))
}

/// What the stand-in cannot do is not the client's fault, but must not go unnoticed.
fn refuse(error: &AvError) -> CuError {
    report::violation(format!("the stand-in cannot decode this: {}", error.0));
    CuError::NOT_SUPPORTED
}

/// The slices of a picture, without start codes.
fn slices<'a>(params: &PicParams) -> Answer<Vec<&'a [u8]>> {
    let data = HostPtr::of(params.data).read(0, size(params.length)?)?;
    let offsets = HostPtr::of(params.offsets);
    let count = size(params.slices)?;
    let bytes = offsets.read(0, count * 4)?;
    let mut starts = Vec::with_capacity(count + 1);
    for word in bytes.chunks_exact(4) {
        starts.push(size(c_uint::from_ne_bytes([
            word[0], word[1], word[2], word[3],
        ]))?);
    }
    starts.push(data.len());
    let slice = |pair: &[usize]| {
        let bytes = data.get(pair[0]..pair[1])?;
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        (zeros >= 2 && bytes.get(zeros) == Some(&1)).then(|| &bytes[zeros + 1..])
    };
    let all: Option<Vec<_>> = starts.windows(2).map(slice).collect();
    all.ok_or_else(|| {
        report::violation("a slice does not begin with a start code".to_owned());
        CuError::INVALID_VALUE
    })
}

/// Decodes what a client parsed itself.
fn decode(codec: Codec, state: &mut State, params: &PicParams) -> Answer<(Arc<Picture>, c_int)> {
    let slices = slices(params)?;
    let (unit, fresh) = match codec {
        Codec::H264 => {
            // SAFETY: a decoder of H.264 gets these parameters, and any bits are a value of them.
            let p = unsafe { &params.params.h264 };
            if params.field == 0 {
                state.adaptive = p.mbaff_frame != 0;
            }
            let fresh = p.dpb.iter().all(|r| r.picture < 0) && params.second == 0;
            (h264::unit(params, p, &slices, state.adaptive), fresh)
        }
        Codec::Hevc => {
            // SAFETY: a decoder of HEVC gets these parameters, and any bits are a value of them.
            let p = unsafe { &params.params.hevc };
            let fresh = p.reference.iter().all(|r| *r < 0 || *r == params.picture);
            (hevc::unit(p, &slices), fresh)
        }
    };
    if fresh && params.intra != 0 {
        // Nothing before this is referred to any more: a client may have gone somewhere else in its stream.
        state.engine.flush();
    }
    let unit = unit.map_err(|error| refuse(&error))?;
    let sent = state.engine.send(&unit, None);
    state.engine.discard();
    match state.engine.made() {
        Some(Ok(picture)) => {
            let status = if sent.is_ok() {
                STATUS_SUCCESS
            } else {
                STATUS_CONCEALED
            };
            Ok((Arc::new(picture), status))
        }
        Some(Err(error)) => Err(refuse(&error)),
        None => Err(refuse(&AvError(format!("no picture was made: {sent:?}")))),
    }
}

fn decode_picture(handle: Handle, params: &PicParams) -> Answer {
    let decoder = DECODERS.get(handle)?;
    current_is(decoder.context, "decoder")?;
    fault::reach(decoder.device, Stage::Decode)?;
    let index = size(params.picture)?;
    let mut state = decoder.state.lock();
    if index >= state.surfaces.len() {
        report::violation(format!(
            "a picture is decoded into surface {index}, which is none"
        ));
        return Err(CuError::INVALID_VALUE);
    }
    let decoded = match OFFERED.take() {
        Some(picture) => (picture, STATUS_SUCCESS),
        None => decode(decoder.codec, &mut state, params)?,
    };
    report::count(|c| c.decoded += 1);
    state.surfaces[index] = (Some(decoded.0), decoded.1);
    Ok(())
}

fn map(handle: Handle, index: c_int) -> Answer<(DevicePtr, c_uint)> {
    let decoder = DECODERS.get(handle)?;
    current_is(decoder.context, "decoder")?;
    fault::reach(decoder.device, Stage::Map)?;
    let mut state = decoder.state.lock();
    let surface = state.surfaces.get(size(index)?).and_then(|s| s.0.clone());
    let Some(picture) = surface else {
        report::violation(format!(
            "surface {index} is mapped, into which nothing was decoded"
        ));
        return Err(CuError::INVALID_VALUE);
    };
    let block = state.free.pop_front().ok_or(CuError::MAP_FAILED)?;
    let mut drawn = Ok(());
    block.fill(|bytes| drawn = decoder.layout.draw(&picture, bytes));
    block.set_open(true);
    let address = block.address();
    state.mapped.push(block);
    drawn?;
    report::count(|c| c.mapped += 1);
    Ok((address, int(decoder.layout.pitch())))
}

fn unmap(handle: Handle, address: DevicePtr) -> Answer {
    let decoder = DECODERS.get(handle)?;
    current_is(decoder.context, "decoder")?;
    let mut state = decoder.state.lock();
    let Some(at) = state.mapped.iter().position(|b| b.address() == address) else {
        report::violation(format!(
            "a picture at {address:#x} is unmapped that is not mapped"
        ));
        return Err(CuError::INVALID_VALUE);
    };
    let block = state.mapped.swap_remove(at);
    block.set_open(false);
    state.free.push_back(block);
    Ok(())
}

fn destroy(handle: Handle) -> Answer {
    let decoder = DECODERS.remove(handle)?;
    let lost = driver().state(decoder.device)?.is_lost();
    let mapped = decoder.state.lock().mapped.len();
    if mapped > 0 && !lost {
        report::violation(format!(
            "a decoder is destroyed with {mapped} pictures mapped"
        ));
    }
    report::flush();
    Ok(())
}

/// Ends those of a context; how many there were, and what they are.
pub fn end_of(context: Handle) -> (usize, &'static str) {
    (
        DECODERS.remove_all(|d| d.context == context).len(),
        DECODERS.kind(),
    )
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    let lost = |d: &Decoder| driver().state(d.device).is_ok_and(|s| !s.is_lost());
    match DECODERS.remove_all(lost).len() {
        0 => Vec::new(),
        count => vec![format!("{count} × {}", DECODERS.kind())],
    }
}

export! {
    fn cuvidCreateDecoder(decoder: Out<Handle>, info: In<CreateInfo>) { decoder.put(create(info.get()?)?) }

    fn cuvidDestroyDecoder(decoder: Handle) { destroy(decoder) }

    fn cuvidDecodePicture(decoder: Handle, params: In<PicParams>) { decode_picture(decoder, params.get()?) }

    fn cuvidGetDecodeStatus(decoder: Handle, index: c_int, status: InOut<DecodeStatus>) {
        let decoder = DECODERS.get(decoder)?;
        let known = decoder.state.lock().surfaces.get(size(index)?).map(|s| s.1);
        let mut status = status;
        status.get()?.status = known.ok_or(CuError::INVALID_VALUE)?;
        Ok(())
    }

    fn cuvidReconfigureDecoder() { Err(CuError::NOT_SUPPORTED) }

    fn cuvidMapVideoFrame64(
        decoder: Handle,
        index: c_int,
        address: Out<DevicePtr>,
        pitch: Out<c_uint>,
        _how: In<ProcParams>,
    ) {
        let (at, row) = map(decoder, index)?;
        address.put(at)?;
        pitch.put(row)
    }

    fn cuvidUnmapVideoFrame64(decoder: Handle, address: DevicePtr) { unmap(decoder, address) }

    fn cuvidCtxLockCreate(lock: Out<Handle>, _context: Handle) { lock.put(LOCKS.insert(())) }

    fn cuvidCtxLockDestroy(lock: Handle) { LOCKS.remove(lock).map(|_| ()) }

    fn cuvidCtxLock(lock: Handle, _flags: c_uint) { LOCKS.get(lock).map(|_| ()) }

    fn cuvidCtxUnlock(lock: Handle, _flags: c_uint) { LOCKS.get(lock).map(|_| ()) }
}
