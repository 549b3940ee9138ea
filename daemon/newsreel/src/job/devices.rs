//! The devices that a job in this process may use, in order, and how the rest of a run moves from one to the next.
//!
//! Not here: what a device's lanes are made of (the engines), or many jobs sharing devices (the daemon's scheduler).

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use newsreel_cpu::CpuEngine;
use newsreel_gpu::nvidia::{Nvidia, Scaling};
use newsreel_gpu::vaapi::Vaapi;
use newsreel_gpu::{GpuEngine, Refuge, Vendor};
use newsreel_media::engine::Engine;
use newsreel_media::ffi::HwDeviceId;
use newsreel_media::pipeline::{RunControl, SegmentOutput, SegmentSink};
use newsreel_media::prepare::Prepared;
use newsreel_model::grid::Run;
use newsreel_model::report::FallbackReport;
use newsreel_model::spec::Fallback;
use newsreel_model::{Class, Code, Error, Result};
use parking_lot::Mutex;

/// A device by the name a user gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// The first NVIDIA GPU that can be used, else the cores.
    Auto,
    /// The machine's cores.
    Cpu,
    /// A GPU.
    Gpu(HwDeviceId),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let cuda = |n: &str| n.parse().ok().map(HwDeviceId::Cuda);
        let known = match name.split_once(':') {
            None if name == "auto" => Some(Self::Auto),
            None if name == "cpu" => Some(Self::Cpu),
            Some(("cuda", ordinal)) => cuda(ordinal).map(Self::Gpu),
            Some(("vaapi", node)) if node.starts_with('/') => {
                Some(Self::Gpu(HwDeviceId::Vaapi(node.to_owned())))
            }
            _ => None,
        };
        known.ok_or_else(|| "expected auto, cpu, cuda:N or vaapi:/dev/dri/renderDN".to_owned())
    }
}

/// What a job is asked to use.
#[derive(Clone, Debug)]
pub struct DeviceRequest {
    /// Where to begin.
    pub device: Device,
    /// Where to go on when that fails.
    pub fallback: Fallback,
    /// Cores this job may use.
    pub cores: usize,
    /// Threads of each encoder on the cores; 0 lets the engine choose.
    pub threads_per_encoder: u32,
    /// What scales on NVIDIA's GPUs.
    pub scaling: Scaling,
}

/// NVIDIA GPUs that are looked for when another failed: the most that one machine is likely to have.
const MOST_GPUS: u32 = 8;

/// One device with its lanes, the best first. It is opened when it is first needed: a context on a GPU costs hundreds of MiB.
struct Station {
    place: Place,
    lanes: OnceLock<Result<Vec<Box<dyn Engine>>>>,
}

enum Place {
    Cpu,
    Gpu(HwDeviceId),
    /// Opened by whoever gave the work, which knows its name: nothing follows it here.
    Assigned(String),
}

impl Place {
    /// What reports call it.
    fn name(&self) -> String {
        match self {
            Self::Cpu => "cpu".to_owned(),
            Self::Gpu(id) => id.to_string(),
            Self::Assigned(name) => name.clone(),
        }
    }
}

/// Where a run is: a station and one of its lanes.
#[derive(Clone, Copy)]
struct At {
    station: usize,
    lane: usize,
}

/// The devices of a job.
pub struct Devices {
    stations: Vec<Station>,
    cpu: Arc<CpuEngine>,
    refuge: Refuge,
    scaling: Scaling,
    /// Whether the cores may go on where a GPU failed, rather than only begin where there is none.
    cores_follow: bool,
    /// The first is there only if it can be used, and nobody is told if not.
    tentative: bool,
    /// Stations before this one have failed; later runs begin here.
    first: AtomicUsize,
}

impl Devices {
    /// Decides the order; opens nothing yet.
    pub fn new(request: &DeviceRequest) -> Self {
        let (first, tentative) = match &request.device {
            Device::Auto => (Some(HwDeviceId::Cuda(0)), true),
            Device::Cpu => (None, false),
            Device::Gpu(id) => (Some(id.clone()), false),
        };
        let others = (0..MOST_GPUS).map(HwDeviceId::Cuda);
        let mut places: Vec<Place> = Vec::new();
        if let Some(first) = first {
            if request.fallback == Fallback::Never {
                places.push(Place::Gpu(first));
            } else {
                let others = others.filter(|id| *id != first);
                places.extend(std::iter::once(first.clone()).chain(others).map(Place::Gpu));
            }
        }
        let begins_on_cores = places.is_empty() || tentative;
        if begins_on_cores || request.fallback == Fallback::Any {
            places.push(Place::Cpu);
        }
        let station = |place| Station {
            place,
            lanes: OnceLock::new(),
        };
        Self {
            stations: places.into_iter().map(station).collect(),
            cpu: Arc::new(CpuEngine::new(request.cores, request.threads_per_encoder)),
            refuge: match request.fallback {
                Fallback::Any => Refuge::Host,
                Fallback::Gpu | Fallback::Never => Refuge::None,
            },
            scaling: request.scaling,
            cores_follow: request.fallback == Fallback::Any,
            tentative,
            first: AtomicUsize::new(0),
        }
    }

    /// The one device that the work was given to, already open. When it fails, whoever gave the work looks for another.
    pub fn assigned(name: &str, lanes: Vec<Box<dyn Engine>>) -> Self {
        let station = Station {
            place: Place::Assigned(name.to_owned()),
            lanes: OnceLock::from(Ok(lanes)),
        };
        Self {
            stations: vec![station],
            cpu: Arc::new(CpuEngine::new(1, 1)),
            refuge: Refuge::None,
            scaling: Scaling::default(),
            cores_follow: false,
            tentative: false,
            first: AtomicUsize::new(0),
        }
    }

    /// How many runs the device in use executes at once without their slowing each other down.
    pub fn parallel_runs(&self) -> usize {
        (self.first.load(Ordering::Relaxed)..self.stations.len())
            .find_map(|station| self.engine(At { station, lane: 0 }).ok())
            .map_or(1, |engine| engine.capabilities().parallel_runs)
    }

    /// Executes a run. When its device fails, what is left of it goes on at a grid line with the next one; what was handed
    /// over stays.
    ///
    /// # Errors
    /// The source's own error, or the last device's.
    pub fn execute(
        &self,
        prepared: &Prepared,
        run: &Run,
        sink: &dyn SegmentSink,
        control: &RunControl,
        told: &(dyn Fn(FallbackReport) + Sync),
    ) -> Result<()> {
        let made = Made {
            sink,
            told,
            segments: Mutex::default(),
        };
        let mut rest = run.clone();
        let mut at = At {
            station: self.first.load(Ordering::Relaxed),
            lane: 0,
        };
        loop {
            let done = self
                .engine(at)
                .and_then(|engine| engine.open(prepared, &rest)?.execute(&made, control));
            let Err(error) = done else { return Ok(()) };
            control.cancel.check()?;
            let Some(next) = self.after(at, &error) else {
                return Err(error);
            };
            rest = made.rest(&rest);
            let expected = self.tentative && error.code() == Code::EngineUnavailable;
            if !expected {
                told(self.report(at, next, &rest, &error));
            }
            at = next;
        }
    }

    fn engine(&self, at: At) -> Result<&dyn Engine> {
        let station = &self.stations[at.station];
        let lanes = station
            .lanes
            .get_or_init(|| self.open(&station.place))
            .as_ref()
            .map_err(Clone::clone)?;
        lanes.get(at.lane).map(AsRef::as_ref).ok_or_else(|| {
            Error::new(
                Code::EngineUnavailable,
                "the device has no lane left for this work",
            )
        })
    }

    fn open(&self, place: &Place) -> Result<Vec<Box<dyn Engine>>> {
        match place {
            Place::Assigned(_) => Err(Error::bug("a device that was given open is not")),
            Place::Cpu => Ok(vec![Box::new(Arc::clone(&self.cpu))]),
            Place::Gpu(id @ HwDeviceId::Cuda(_)) => {
                let scaling = self.scaling;
                self.gpu(id, Nvidia { scaling })
            }
            Place::Gpu(id @ HwDeviceId::Vaapi(_)) => self.gpu(id, Vaapi),
        }
    }

    fn gpu<V: Vendor>(&self, id: &HwDeviceId, vendor: V) -> Result<Vec<Box<dyn Engine>>> {
        let engine = GpuEngine::open(id, vendor, self.cpu.clone(), self.refuge)?;
        let mut lanes: Vec<Box<dyn Engine>> = Vec::new();
        if engine.has_encoder() {
            lanes.push(Box::new(engine.decoding_on_host()));
        }
        lanes.insert(0, Box::new(engine));
        Ok(lanes)
    }

    /// Where the work goes after `error`: to the lane that decodes on the cores if that is what was wrong, else to the next
    /// device. `None` for what no other device would do better.
    fn after(&self, at: At, error: &Error) -> Option<At> {
        let refused_for_now = matches!(
            error.code(),
            Code::EncoderSessionsExhausted | Code::DeviceOutOfMemory
        );
        if error.class() != Class::FallBack && !refused_for_now {
            return None;
        }
        let lane = At {
            station: at.station,
            lane: at.lane + 1,
        };
        if error.code() == Code::DecodeUnsupported && self.engine(lane).is_ok() {
            return Some(lane);
        }
        if matches!(error.code(), Code::DeviceLost | Code::EngineUnavailable) {
            self.first.fetch_max(at.station + 1, Ordering::Relaxed);
        }
        let begins = |station| At { station, lane: 0 };
        let allowed = |at: &At| match self.stations[at.station].place {
            Place::Cpu => self.cores_follow || error.code() == Code::EngineUnavailable,
            Place::Gpu(_) | Place::Assigned(_) => true,
        };
        (at.station + 1..self.stations.len())
            .map(begins)
            .filter(allowed)
            .find(|at| self.engine(*at).is_ok())
    }

    fn report(&self, from: At, to: At, rest: &Run, error: &Error) -> FallbackReport {
        let name = |at: At| self.stations[at.station].place.name();
        fallback(&name(from), &name(to), rest.segments.start, error)
    }
}

fn fallback(from: &str, to: &str, segment: usize, error: &Error) -> FallbackReport {
    tracing::warn!(from, to, segment, code = error.code().name(), detail = error.detail(), %error, "falling back");
    FallbackReport {
        from: from.to_owned(),
        to: to.to_owned(),
        segment: segment + 1,
        code: error.code().name().to_owned(),
        reason: error.message().to_owned(),
    }
}

/// Remembers what went through to the sink, so that nothing is made twice, and tells of rungs that move by themselves.
struct Made<'a> {
    sink: &'a dyn SegmentSink,
    told: &'a (dyn Fn(FallbackReport) + Sync),
    segments: Mutex<HashSet<(usize, usize)>>,
}

impl Made<'_> {
    /// What of `run` has not gone through.
    fn rest(&self, run: &Run) -> Run {
        let made = self.segments.lock();
        let mut rest = run.clone();
        for work in &mut rest.work {
            work.segments.retain(|s| !made.contains(&(work.rung, *s)));
        }
        rest.work.retain(|work| !work.segments.is_empty());
        let first = rest
            .work
            .iter()
            .filter_map(|work| work.segments.first())
            .min();
        rest.segments.start = first.copied().unwrap_or(rest.segments.end);
        rest
    }
}

impl SegmentSink for Made<'_> {
    fn init(&self, rung: usize, bytes: Vec<u8>) -> Result<()> {
        self.sink.init(rung, bytes)
    }

    fn segment(&self, segment: SegmentOutput) -> Result<()> {
        let piece = (segment.rung, segment.segment);
        self.sink.segment(segment)?;
        self.segments.lock().insert(piece);
        Ok(())
    }

    fn moved(&self, rung: usize, segment: usize, made_by: &str, reason: &Error) {
        self.sink.moved(rung, segment, made_by, reason);
        let (to, _) = made_by.split_once('/').unwrap_or((made_by, ""));
        let (from, _) = to.split_once('+').unwrap_or((to, ""));
        (self.told)(fallback(from, to, segment, reason));
    }

    fn frames(&self, count: u64) {
        self.sink.frames(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_the_report_names_them() {
        let gpu = |id: HwDeviceId| (id.to_string().parse(), Ok(Device::Gpu(id)));
        for (read, meant) in [
            ("auto".parse(), Ok(Device::Auto)),
            ("cpu".parse(), Ok(Device::Cpu)),
            gpu(HwDeviceId::Cuda(1)),
            gpu(HwDeviceId::Vaapi("/dev/dri/renderD128".to_owned())),
        ] {
            assert_eq!(read, meant);
        }
        for name in [
            "", "gpu", "cuda", "cuda:", "cuda:-1", "cuda:x", "vaapi:", "vaapi:0",
        ] {
            assert!(name.parse::<Device>().is_err(), "{name}");
        }
    }
}
