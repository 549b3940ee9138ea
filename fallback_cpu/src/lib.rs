//! The CPU engine: libx264, libx265 and SVT-AV1 behind libavcodec, with the options that make their segments exact.
//!
//! Not here: any libav type beyond `newsreel-media`'s safe stages, any scheduling, any `unsafe`.
#![forbid(unsafe_code)]

mod hdr;
mod options;
mod threads;

use newsreel_media::engine::{Capabilities, Engine, HostEncoders, Session};
use newsreel_media::ffi::{Params, PixelFormat, VideoSettings, has_encoder};
use newsreel_media::pipeline::{self, Role, RunControl, RunStats, SegmentSink, Stages};
use newsreel_media::prepare::Prepared;
use newsreel_media::software::{SoftwareDecoder, SoftwareEncoder};
use newsreel_media::software_split::{ShownScaler, SoftwareSplitter};
use newsreel_model::grid::{Run, SHORTEST_RUN};
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};

pub use threads::{Threads, decoding};

/// Cores for each of several runs encoded at once: two threads of one encoder share caches and a decode, two runs do not.
const CORES_PER_RUN: usize = 2;

/// The machine's cores as a device.
pub struct CpuEngine {
    cores: usize,
    threads_per_encoder: u32,
}

impl CpuEngine {
    /// An engine over `cores` cores; `threads_per_encoder` 0 lets the engine choose.
    #[must_use]
    pub fn new(cores: usize, threads_per_encoder: u32) -> Self {
        Self {
            cores: cores.max(1),
            threads_per_encoder,
        }
    }

    /// By the whole ladder, not by what a run makes of it.
    fn threads(&self, plan: &Plan) -> Threads {
        let rungs: Vec<_> = plan.video.rungs.iter().collect();
        Threads::choose(self.cores_per_run(plan), self.threads_per_encoder, &rungs)
    }

    /// By what the run makes: the head start waits for its decoder alone.
    fn decoder_threads(&self, plan: &Plan, run: &Run) -> u32 {
        let video = &plan.video;
        let rungs: Vec<_> = run.work.iter().map(|w| &video.rungs[w.rung]).collect();
        let pixels = u64::from(video.source_width) * u64::from(video.source_height);
        threads::decoding(self.cores_per_run(plan), pixels, &rungs)
    }

    /// The cores that are one run's when the job has as many runs as it can.
    fn cores_per_run(&self, plan: &Plan) -> usize {
        // libx265 and SVT-AV1 write into their headers what follows from their threads: there it has to be one number,
        // also for the first segment, which is made before it is known how long the programme is.
        let alike =
            |r: &RungPlan| r.codec == VideoCodec::H264 && r.rate_control.allows_independent_runs();
        if !plan.video.rungs.iter().all(alike) {
            return self.cores;
        }
        let runs = (plan.grid.len() / SHORTEST_RUN).clamp(1, self.parallel_runs());
        self.cores / runs
    }

    fn parallel_runs(&self) -> usize {
        self.cores.div_ceil(CORES_PER_RUN)
    }
}

impl HostEncoders for CpuEngine {
    fn open(&self, plan: &Plan, rung: usize, role: Role) -> Result<SoftwareEncoder> {
        let video = &plan.video;
        let rung = &video.rungs[rung];
        let name = options::encoder(rung.codec);
        if !has_encoder(name) {
            return Err(no_encoder(name));
        }
        let threads = self.threads(plan).encoder(rung);
        let mut options = match role {
            Role::Own => options::options(rung, threads),
            Role::StandIn => {
                options::stand_in(rung, threads).ok_or_else(|| begun_otherwise(rung, name))?
            }
            // That would be its own.
            Role::Beginner => return Err(begun_otherwise(rung, name)),
        };
        if video.colour.is_hdr() {
            let light = hdr::x265(video.conditioning.light.as_ref());
            let params = options.iter_mut().find(|(key, _)| key == "x265-params");
            params
                .into_iter()
                .for_each(|(_, value)| value.push_str(&light));
        }
        SoftwareEncoder::open(&VideoSettings {
            encoder: name.to_owned(),
            width: rung.width,
            height: rung.height,
            format: PixelFormat::for_rungs(video.colour.is_hdr()),
            time_base: plan.time_base(),
            frame_rate: video.frame_rate,
            colour: (
                video.colour.primaries,
                video.colour.transfer,
                video.colour.matrix,
            ),
            full_range: false,
            threads,
            options,
        })
    }

    fn session_per_segment(&self, codec: VideoCodec) -> bool {
        codec == VideoCodec::Av1
    }

    fn name(&self, codec: VideoCodec) -> &'static str {
        options::encoder(codec)
    }
}

fn begun_otherwise(rung: &RungPlan, encoder: &str) -> Error {
    let rung = &rung.name;
    Error::new(
        Code::ParameterSetsDiffer,
        format!("{rung} was begun with another encoder, and {encoder} cannot go on with it"),
    )
}

fn no_encoder(name: &str) -> Error {
    Error::new(
        Code::EngineUnavailable,
        format!("this libavcodec has no {name}; install one that has it or choose another profile"),
    )
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn capabilities(&self) -> Capabilities {
        let all = [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1];
        Capabilities {
            encode: all
                .into_iter()
                .filter(|c| has_encoder(options::encoder(*c)))
                .collect(),
            parallel_runs: self.parallel_runs(),
        }
    }

    fn open<'a>(&'a self, prepared: &'a Prepared, run: &'a Run) -> Result<Box<dyn Session + 'a>> {
        for work in &run.work {
            let name = options::encoder(prepared.plan.video.rungs[work.rung].codec);
            if !has_encoder(name) {
                return Err(no_encoder(name));
            }
        }
        Ok(Box::new(CpuSession {
            engine: self,
            prepared,
            run,
        }))
    }
}

struct CpuSession<'a> {
    engine: &'a CpuEngine,
    prepared: &'a Prepared,
    run: &'a Run,
}

impl Session for CpuSession<'_> {
    fn execute(&mut self, sink: &dyn SegmentSink, control: &RunControl) -> Result<RunStats> {
        let plan = &self.prepared.plan;
        let stages = CpuStages {
            engine: self.engine,
            plan,
            decoder_threads: self.engine.decoder_threads(plan, self.run),
        };
        pipeline::execute(&stages, self.prepared, self.run, sink, control)
    }
}

struct CpuStages<'a> {
    engine: &'a CpuEngine,
    plan: &'a Plan,
    decoder_threads: u32,
}

impl CpuStages<'_> {
    fn codec(&self, rung: usize) -> VideoCodec {
        self.plan.video.rungs[rung].codec
    }
}

impl Stages for CpuStages<'_> {
    type Decoder = SoftwareDecoder;
    type Splitter = SoftwareSplitter;
    type Scaler = ShownScaler;
    type Encoder = SoftwareEncoder;

    fn decoder(&self, params: &Params) -> Result<SoftwareDecoder> {
        SoftwareDecoder::open(params, self.decoder_threads, &self.plan.video)
    }

    fn splitter(&self, rungs: &[usize]) -> Result<SoftwareSplitter> {
        Ok(SoftwareSplitter::new(&self.plan.video, rungs))
    }

    fn scaler(&self, rung: usize) -> Result<ShownScaler> {
        ShownScaler::new(&self.plan.video, rung)
    }

    fn encoder(&self, rung: usize, role: Role) -> Result<SoftwareEncoder> {
        HostEncoders::open(self.engine, self.plan, rung, role)
    }

    fn session_per_segment(&self, rung: usize) -> bool {
        HostEncoders::session_per_segment(self.engine, self.codec(rung))
    }

    fn made_by(&self, rung: usize, _encoder: &SoftwareEncoder) -> String {
        format!("cpu/{}", options::encoder(self.codec(rung)))
    }
}
