//! Devices tried with a built-in pattern: whether they do it as they should, how fast, and what sessions take of their memory.
//!
//! Not here: what follows from the figures ([`crate::calibration`]). It may hang or crash where a driver does: call it in a
//! process of its own.

mod check;
mod decode;
mod encode;
mod memory;
mod pattern;
mod scale;
mod together;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use newsreel_media::ffi::{HwDevice, HwDeviceId};
use newsreel_media::hardware::{Stage, ask};
use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{Chroma, Codec, Format, GpuReport, SelfTest, Side};
use newsreel_model::{Code, Error, Result};

use crate::calibration::Measurement;
use crate::child;
use crate::engine::Vendor;
use crate::nvidia::{self, Monitor, Nvidia};
use crate::probe::Word;
use crate::vaapi::Vaapi;

use memory::Memory;
use pattern::Pattern;

/// How much trouble is taken.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// For which each rate is measured, each time.
    pub time: Duration,
    /// How often.
    pub runs: usize,
}

impl Effort {
    /// When a device that has not answered by then has hung: more than ten times what all of it should take, and a minute
    /// for what is made on the cores.
    #[must_use]
    pub fn limit(&self) -> Duration {
        let runs = u32::try_from(self.runs).unwrap_or(u32::MAX);
        let rates = self.time.saturating_mul(runs).saturating_mul(100);
        rates.saturating_add(Duration::from_secs(60))
    }
}

/// Hears the process that calls [`calibrate`] and prints each word as a line of JSON.
///
/// # Errors
/// The device's own; [`Code::DeviceLost`] where the process hung or crashed.
pub fn listen(process: Command, limit: Duration) -> Result<Measurement> {
    let mut answer = None;
    let heard = child::hear(process, limit, &mut |word| match word {
        Word::Measured(measured) => answer = Some(Ok(*measured)),
        Word::Failed {
            code,
            message,
            detail,
        } => {
            let error = Error::new(code, message);
            answer = Some(Err(error.with_detail(detail.unwrap_or_default())));
        }
        _ => {}
    });
    let silent = || Error::bug("a device was measured without a result");
    match answer {
        Some(answer) => answer,
        None => Err(heard.map_or_else(|why| Error::new(Code::DeviceLost, why), |()| silent())),
    }
}

/// Measures one device, and tells what it is doing and the result as [`Word`]s.
pub fn calibrate(gpu: &GpuReport, effort: Effort, tell: &mut dyn FnMut(Word)) {
    let measured = match gpu.kind {
        DeviceKind::Cpu => Err(Error::new(
            Code::Usage,
            "the cores are counted, not measured",
        )),
        DeviceKind::Nvidia => nvidia(gpu, effort, tell),
        DeviceKind::Vaapi => vaapi(gpu, effort, tell),
    };
    tell(match measured {
        Ok(measured) => Word::Measured(Box::new(measured)),
        Err(error) => Word::from(&error),
    });
    tell(Word::Done);
}

fn nvidia(gpu: &GpuReport, effort: Effort, tell: &mut dyn FnMut(Word)) -> Result<Measurement> {
    tell(Word::Doing("starting the CUDA driver".to_owned()));
    let uuid = nvidia::uuid(&gpu.id)?;
    let id = HwDeviceId::Cuda(nvidia::ordinal(uuid)?);
    let monitor = Monitor::open().ok();
    let used = || Some(monitor.as_ref()?.live(uuid)?.vram_used_mib);
    Trial::new(gpu, id, Nvidia::default(), &used)?.measure(effort, tell)
}

fn vaapi(gpu: &GpuReport, effort: Effort, tell: &mut dyn FnMut(Word)) -> Result<Measurement> {
    let node = gpu.node.clone();
    let node = node.ok_or_else(|| Error::bug("a VAAPI device without a render node"))?;
    tell(Word::Doing(format!("opening {node}")));
    // Its memory is the machine's, or nobody says how much of it is in use.
    Trial::new(gpu, HwDeviceId::Vaapi(node), Vaapi, &|| None)?.measure(effort, tell)
}

/// Tries a device of which `gpu` says what it can do: how it decodes, and how it encodes.
pub(crate) fn check<V: Vendor>(
    gpu: &GpuReport,
    device: Arc<HwDevice>,
    vendor: V,
) -> (Option<SelfTest>, Option<SelfTest>) {
    let memory = Memory::before_anything(&|| None);
    let trial = Trial {
        gpu,
        vendor,
        device,
        memory,
    };
    trial.check()
}

/// One device that is being tried.
struct Trial<'a, V> {
    gpu: &'a GpuReport,
    vendor: V,
    device: Arc<HwDevice>,
    memory: Memory<'a>,
}

impl<'a, V: Vendor> Trial<'a, V> {
    fn new(
        gpu: &'a GpuReport,
        id: HwDeviceId,
        vendor: V,
        used: &'a dyn Fn() -> Option<u64>,
    ) -> Result<Self> {
        let memory = Memory::before_anything(used);
        let device = ask(V::EXPLAIN, Stage::Device, || HwDevice::open(&id))?;
        Ok(Self {
            gpu,
            vendor,
            device: Arc::new(device),
            memory,
        })
    }

    fn measure(&self, effort: Effort, tell: &mut dyn FnMut(Word)) -> Result<Measurement> {
        let mut doing = |what: String| tell(Word::Doing(format!("{what} on {}", self.gpu.name)));
        doing("drawing pictures to try it with".to_owned());
        let pattern = Pattern::full_hd()?;
        let mut rates = self.decode_rates(&pattern, effort, &mut doing)?;
        rates.push(self.scale_rate(&pattern, effort, &mut doing)?);
        rates.extend(self.encode_rates(&pattern, effort, &mut doing)?);
        let vram = self.memory_of_sessions(&pattern, &mut doing)?;
        let refused_at = self.session_cap(&mut doing)?;
        Ok(Measurement {
            rates,
            vram_mib: self.gpu.vram_mib.unwrap_or(0),
            vram_taken_mib: self.memory.taken_mib(),
            vram,
            refused_at,
        })
    }

    /// The codecs of a side, in pictures that the pattern's are.
    fn codecs(side: &Side) -> Vec<Codec> {
        let eight =
            |f: &&Format| (f.chroma, f.bit_depth) == (Chroma::C420, 8) && f.takes(pattern::FULL_HD);
        side.formats.iter().filter(eight).map(|f| f.codec).collect()
    }
}

/// Sessions that keep so many engines busy: while one waits for the host, another works.
fn sessions(engines: Option<u32>) -> u32 {
    engines.unwrap_or(1).clamp(1, 16) * 2
}
