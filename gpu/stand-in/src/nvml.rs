//! NVML: what monitoring asks of devices. Not the devices: figures in percent are the configuration's, memory and sessions those of all
//! processes on the machine.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use newsreel_stand_in_kit::Device;
use parking_lot::Mutex;

use crate::abi::{Answer, CuError, Handle, In, InOut, Out, int, size};
use crate::driver::driver;
use crate::handles::Handles;
use crate::report;
use crate::shared::{What, shared};

/// `nvmlReturn_t`, from nvml.h.
const UNINITIALIZED: CuError = CuError(1);
const INVALID_ARGUMENT: CuError = CuError(2);
const NOT_SUPPORTED: CuError = CuError(3);
const NOT_FOUND: CuError = CuError(6);
const INSUFFICIENT_SIZE: CuError = CuError(7);
const TIMEOUT: CuError = CuError(10);
const GPU_IS_LOST: CuError = CuError(15);

/// `nvmlEventTypeXidCriticalError`.
const XID: c_ulonglong = 8;

/// How often a wait looks for an event.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A device is its ordinal with this added, so that it is not null.
const DEVICES: Handle = 0x00ee_0000_0000_0000;

static SETS: Handles<EventSet> = Handles::new("event set");
static USERS: AtomicUsize = AtomicUsize::new(0);

/// Events waited for.
struct EventSet {
    devices: Mutex<Vec<usize>>,
    /// How much of the log was looked at.
    seen: Mutex<usize>,
}

/// `nvmlPciInfo_t`.
#[repr(C)]
pub struct Pci {
    legacy: [u8; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem_id: c_uint,
    id: [u8; 32],
}

/// `nvmlMemory_t`.
#[repr(C)]
pub struct Memory {
    total: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlMemory_v2_t`.
#[repr(C)]
pub struct Memory2 {
    version: c_uint,
    total: c_ulonglong,
    reserved: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlEventData_t`.
#[repr(C)]
pub struct Event {
    device: Handle,
    kind: c_ulonglong,
    data: c_ulonglong,
    instance: [c_uint; 2],
}

fn answer(call: &'static str, body: impl FnOnce() -> Answer) -> c_int {
    report::during(call, || match body() {
        Ok(()) => 0,
        Err(CuError::INVALID_VALUE | CuError::INVALID_DEVICE) => INVALID_ARGUMENT.0,
        Err(CuError::INVALID_HANDLE) => INVALID_ARGUMENT.0,
        Err(error) => error.0,
    })
}

/// Exports functions that answer with an `nvmlReturn_t`.
macro_rules! export {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => { $(
        // SAFETY: the name is the interface's own, and nothing else in this image has it.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($arg: $type),*) -> c_int {
            answer(stringify!($name), || $body)
        }
    )* };
}

fn init() -> Answer {
    match driver().config().nvml_error {
        0 => {
            USERS.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        code => Err(CuError(code)),
    }
}

fn ready() -> Answer {
    if USERS.load(Ordering::Relaxed) > 0 {
        Ok(())
    } else {
        Err(UNINITIALIZED)
    }
}

fn handle(ordinal: usize) -> Answer<Handle> {
    driver().state(ordinal)?;
    Ok(DEVICES + 1 + int::<u64>(ordinal))
}

fn ordinal(handle: Handle) -> Answer<usize> {
    ready()?;
    let ordinal = handle.checked_sub(DEVICES + 1).ok_or(INVALID_ARGUMENT)?;
    let ordinal = size(ordinal)?;
    driver().state(ordinal).map(|_| ordinal)
}

fn device(handle: Handle) -> Answer<Device> {
    driver().device(ordinal(handle)?)
}

fn find(wanted: impl Fn(&Device) -> bool) -> Answer<Handle> {
    ready()?;
    let config = driver().config();
    let found = config.devices.iter().position(wanted);
    handle(found.ok_or(NOT_FOUND)?)
}

/// As NVML writes it: `GPU-` and five groups.
fn uuid(device: &Device) -> Answer<String> {
    let bytes = crate::cuda::uuid(&device.uuid)?;
    let mut text = "GPU".to_owned();
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 0 | 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text += &format!("{byte:02x}");
    }
    Ok(text)
}

fn text_of<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(text.bytes().take(N - 1)) {
        *to = from;
    }
    bytes
}

fn bus_id(device: &Device, domain: usize) -> String {
    format!("{:0domain$x}:{:02X}:00.0", 0, device.pci_bus)
}

fn wait(set: &EventSet, out: &Out<Event>, milliseconds: c_uint) -> Answer {
    let end = Instant::now() + Duration::from_millis(milliseconds.into());
    loop {
        let mut seen = set.seen.lock();
        while *seen < shared().logged() {
            let (ordinal, number) = shared().error(*seen);
            *seen += 1;
            if set.devices.lock().contains(&ordinal) {
                return out.put(Event {
                    device: handle(ordinal)?,
                    kind: XID,
                    data: number,
                    instance: [c_uint::MAX; 2],
                });
            }
        }
        drop(seen);
        if Instant::now() >= end {
            return Err(TIMEOUT);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

export! {
    fn nvmlInit_v2() { init() }
    fn nvmlInitWithFlags(_flags: c_uint) { init() }

    fn nvmlShutdown() {
        ready()?;
        USERS.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    fn nvmlSystemGetDriverVersion(out: Out<c_char>, length: c_uint) {
        ready()?;
        out.put_text(&driver().config().driver_version, size(length)?)
    }

    fn nvmlSystemGetNVMLVersion(out: Out<c_char>, length: c_uint) {
        ready()?;
        out.put_text(&format!("12.{}", driver().config().driver_version), size(length)?)
    }

    fn nvmlSystemGetCudaDriverVersion_v2(out: Out<c_int>) { ready()?; out.put(driver().config().cuda_version) }
    fn nvmlDeviceGetCount_v2(count: Out<c_uint>) { ready()?; count.put(int(driver().count())) }
    fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, out: Out<Handle>) { ready()?; out.put(handle(size(index)?)?) }

    fn nvmlDeviceGetHandleByUUID(wanted: In<c_char>, out: Out<Handle>) {
        let wanted = wanted.text()?;
        out.put(find(|d| uuid(d).is_ok_and(|u| u == wanted))?)
    }

    fn nvmlDeviceGetHandleByPciBusId_v2(wanted: In<c_char>, out: Out<Handle>) {
        let wanted = wanted.text()?;
        let is = |d: &Device| [4, 8].iter().any(|n| bus_id(d, *n).eq_ignore_ascii_case(&wanted));
        out.put(find(is)?)
    }

    fn nvmlDeviceGetIndex(device: Handle, out: Out<c_uint>) { out.put(int(ordinal(device)?)) }

    fn nvmlDeviceGetName(of: Handle, out: Out<c_char>, length: c_uint) {
        out.put_text(&device(of)?.name, size(length)?)
    }

    fn nvmlDeviceGetUUID(of: Handle, out: Out<c_char>, length: c_uint) {
        out.put_text(&uuid(&device(of)?)?, size(length)?)
    }

    fn nvmlDeviceGetCudaComputeCapability(of: Handle, major: Out<c_int>, minor: Out<c_int>) {
        let device = device(of)?;
        major.put(device.compute_capability.0)?;
        minor.put(device.compute_capability.1)
    }

    fn nvmlDeviceGetPciInfo_v3(of: Handle, out: Out<Pci>) {
        let device = device(of)?;
        out.put(Pci {
            legacy: text_of(&bus_id(&device, 4)),
            domain: 0,
            bus: device.pci_bus.into(),
            device: 0,
            // NVIDIA's vendor in the lower half.
            device_id: 0x10de,
            subsystem_id: 0,
            id: text_of(&bus_id(&device, 8)),
        })
    }

    fn nvmlDeviceGetMemoryInfo(of: Handle, out: Out<Memory>) {
        let (free, total) = driver().memory(ordinal(of)?)?;
        out.put(Memory { total, free, used: total - free })
    }

    fn nvmlDeviceGetMemoryInfo_v2(of: Handle, out: InOut<Memory2>) {
        let mut out = out;
        let (free, total) = driver().memory(ordinal(of)?)?;
        let out = out.get()?;
        (out.total, out.reserved, out.free, out.used) = (total, 0, free, total - free);
        Ok(())
    }

    fn nvmlDeviceGetUtilizationRates(of: Handle, out: Out<[c_uint; 2]>) {
        let all = device(of)?.utilisation;
        out.put([all.0, all.1])
    }

    fn nvmlDeviceGetDecoderUtilization(of: Handle, percent: Out<c_uint>, period: Out<c_uint>) {
        percent.put(device(of)?.utilisation.2)?;
        period.put(166_667)
    }

    fn nvmlDeviceGetEncoderUtilization(of: Handle, percent: Out<c_uint>, period: Out<c_uint>) {
        percent.put(device(of)?.utilisation.3)?;
        period.put(166_667)
    }

    fn nvmlDeviceGetEncoderCapacity(of: Handle, _codec: c_int, percent: Out<c_uint>) {
        if device(of)?.nvenc == 0 {
            return Err(NOT_SUPPORTED);
        }
        percent.put(100)
    }

    fn nvmlDeviceGetEncoderStats(of: Handle, sessions: Out<c_uint>, rate: Out<c_uint>, latency: Out<c_uint>) {
        sessions.put(int(shared().all(ordinal(of)?, What::Sessions)))?;
        rate.put(0)?;
        latency.put(0)
    }

    fn nvmlDeviceGetEncoderSessions(of: Handle, count: InOut<c_uint>, out: Out<[c_uint; 8]>) {
        let mut count = count;
        let count = count.get()?;
        let room = size(*count)?;
        let open = size(shared().all(ordinal(of)?, What::Sessions))?;
        *count = int(open);
        if room < open {
            return Err(INSUFFICIENT_SIZE);
        }
        // Number, process, instance, codec, width, height, rate, latency: only the first is known here.
        let all: Vec<_> = (1..=open).map(|n| [int(n), 0, 0, 0, 0, 0, 0, 0]).collect();
        out.put_all(&all, room).map(|_| ())
    }

    fn nvmlDeviceGetSupportedEventTypes(of: Handle, out: Out<c_ulonglong>) { ordinal(of)?; out.put(XID) }

    fn nvmlEventSetCreate(out: Out<Handle>) {
        ready()?;
        out.put(SETS.insert(EventSet {
            devices: Mutex::default(),
            seen: Mutex::new(shared().logged()),
        }))
    }

    fn nvmlDeviceRegisterEvents(of: Handle, kinds: c_ulonglong, set: Handle) {
        let ordinal = ordinal(of)?;
        if driver().state(ordinal)?.is_lost() {
            return Err(GPU_IS_LOST);
        }
        if kinds & !XID != 0 {
            return Err(NOT_SUPPORTED);
        }
        SETS.get(set)?.devices.lock().push(ordinal);
        Ok(())
    }

    fn nvmlEventSetWait_v2(set: Handle, out: Out<Event>, milliseconds: c_uint) {
        wait(&*SETS.get(set)?, &out, milliseconds)
    }

    fn nvmlEventSetFree(set: Handle) { SETS.remove(set).map(|_| ()) }
}

/// The words for an `nvmlReturn_t`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlErrorString(code: c_int) -> *const c_char {
    let text = match code {
        0 => c"Success",
        1 => c"Uninitialized",
        2 => c"Invalid Argument",
        3 => c"Not Supported",
        4 => c"Insufficient Permissions",
        6 => c"Not Found",
        7 => c"Insufficient Size",
        9 => c"Driver Not Loaded",
        10 => c"Timeout",
        15 => c"GPU is lost",
        _ => c"Unknown Error",
    };
    text.as_ptr()
}
