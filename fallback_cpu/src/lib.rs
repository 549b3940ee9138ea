//! The CPU engine: libx264, libx265 and SVT-AV1 behind libavcodec, with the options that make their segments exact.
//!
//! Not here: any libav type beyond `newsreel-media`'s safe stages, any scheduling, any `unsafe`.
#![forbid(unsafe_code)]

mod options;
mod threads;

use newsreel_media::engine::{Capabilities, Engine, Session};
use newsreel_media::ffi::{Params, PixelFormat, VideoSettings, has_encoder};
use newsreel_media::pipeline::{self, RunControl, RunStats, SegmentSink, Stages};
use newsreel_media::prepare::Prepared;
use newsreel_media::software::{SoftwareDecoder, SoftwareEncoder, SoftwareScaler};
use newsreel_model::grid::Run;
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};

pub use threads::Threads;

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
            parallel_runs: self.cores,
        }
    }

    fn open<'a>(&'a self, prepared: &'a Prepared, run: &'a Run) -> Result<Box<dyn Session + 'a>> {
        for work in &run.work {
            let name = options::encoder(prepared.plan.video.rungs[work.rung].codec);
            if !has_encoder(name) {
                return Err(Error::new(
                    Code::EngineUnavailable,
                    format!(
                        "this libavcodec has no {name}; install one that has it or choose another profile"
                    ),
                ));
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
        // By the whole ladder, not by what this run makes of it: some encoders write their threads into the header.
        let rungs: Vec<&RungPlan> = plan.video.rungs.iter().collect();
        let stages = CpuStages {
            plan,
            threads: Threads::choose(self.engine.cores, self.engine.threads_per_encoder, &rungs),
        };
        pipeline::execute(&stages, self.prepared, self.run, sink, control)
    }
}

struct CpuStages<'a> {
    plan: &'a Plan,
    threads: Threads,
}

impl Stages for CpuStages<'_> {
    type Decoder = SoftwareDecoder;
    type Scaler = SoftwareScaler;
    type Encoder = SoftwareEncoder;

    fn decoder(&self, params: &Params) -> Result<SoftwareDecoder> {
        SoftwareDecoder::open(params, self.threads.decoder)
    }

    fn scaler(&self, rung: &RungPlan) -> Result<SoftwareScaler> {
        SoftwareScaler::new(rung, self.plan.video.colour)
    }

    fn encoder(&self, rung: usize) -> Result<SoftwareEncoder> {
        let plan = &self.plan.video;
        let rung = &plan.rungs[rung];
        let threads = self.threads.encoder(rung);
        SoftwareEncoder::open(&VideoSettings {
            encoder: options::encoder(rung.codec).to_owned(),
            width: rung.width,
            height: rung.height,
            format: PixelFormat::YUV420P,
            time_base: self.plan.time_base(),
            frame_rate: plan.frame_rate,
            colour: (
                plan.colour.primaries,
                plan.colour.transfer,
                plan.colour.matrix,
            ),
            full_range: false,
            threads,
            options: options::options(rung, threads),
        })
    }

    fn session_per_segment(&self, rung: usize) -> bool {
        self.plan.video.rungs[rung].codec == VideoCodec::Av1
    }

    fn made_by(&self, rung: usize) -> String {
        format!(
            "cpu/{}",
            options::encoder(self.plan.video.rungs[rung].codec)
        )
    }
}
