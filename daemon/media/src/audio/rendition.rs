//! One rendition on its way: samples from its mixer, levelled, encoded, cut into segments. Not its neighbours.

use newsreel_model::Result;
use newsreel_model::plan::AudioPlan;

use crate::boxes;
use crate::errors;
use crate::ffi::{AudioSettings, Encoder, Frame, init_segment};

use super::cut::Cutter;
use super::language;
use super::level::Leveller;
use super::mix::Mixer;
use super::{AudioSink, AudioTask, End, Wanted};

/// A rendition that is being made.
pub struct Rendition {
    pub mixer: Mixer,
    pub finished: bool,
    leveller: Option<Leveller>,
    encoder: Encoder,
    cutter: Cutter,
    /// Samples that wait to be a block, by channel.
    ready: Vec<Vec<f32>>,
    /// Sample number of the next block.
    next: i64,
}

impl Rendition {
    /// Opens an encoder and hands its init segment over. `number` is the rendition's place in the plan.
    pub fn begin(
        task: &AudioTask,
        number: usize,
        plan: &AudioPlan,
        sink: &mut dyn AudioSink,
    ) -> Result<Self> {
        let failed = errors::engine("encoding the sound");
        let encoder = Encoder::audio(&AudioSettings {
            encoder: "aac".to_owned(),
            sample_rate: plan.sample_rate,
            channels: plan.channels,
            bit_rate: plan.bitrate_bps,
        })
        .map_err(&failed)?;
        let priming = encoder.priming_samples();
        let params = encoder.params().map_err(&failed)?;
        let language = language::three_letters(&plan.language);
        let init = init_segment(&params, plan.sample_rate, Some(language)).map_err(&failed)?;
        let init = boxes::with_edit_list(&init, i64::from(priming)).map_err(|e| {
            newsreel_model::Error::bug(format!("our own init segment cannot be read: {e}"))
        })?;
        sink.init(number, init)?;
        let unit = encoder.block_samples();
        Ok(Self {
            mixer: Mixer::new(plan, task.origin, task.max_gap_s),
            finished: false,
            leveller: Leveller::of(plan),
            cutter: Cutter::new(number, task.lines, plan.sample_rate, priming, unit),
            encoder,
            ready: vec![Vec::new(); plan.channels as usize],
            next: 0,
        })
    }

    /// Encodes what is there; everything up to `end`, the rest of it silence, with `last`.
    pub fn encode(
        &mut self,
        end: Option<End>,
        last: bool,
        wanted: &Wanted<'_>,
        sink: &mut dyn AudioSink,
    ) -> Result<()> {
        if let Some(end) = end {
            if last {
                self.mixer.fill_until(end.at);
            }
            self.mixer.cut_at(end.at);
        }
        match &mut self.leveller {
            None => self.mixer.take(&mut self.ready),
            Some(leveller) => {
                let mut fresh = vec![Vec::new(); self.ready.len()];
                self.mixer.take(&mut fresh);
                leveller.level(&fresh, last, &mut self.ready);
            }
        }
        self.send_blocks(end, last, wanted, sink)?;
        if last {
            let failed = errors::engine("encoding the sound");
            self.encoder.send(None).map_err(&failed)?;
            self.cutter.drain(&mut self.encoder, end, wanted, sink)?;
            self.cutter.finish(wanted, sink)?;
            self.finished = true;
        }
        Ok(())
    }

    fn send_blocks(
        &mut self,
        end: Option<End>,
        last: bool,
        wanted: &Wanted<'_>,
        sink: &mut dyn AudioSink,
    ) -> Result<()> {
        let failed = errors::engine("encoding the sound");
        let unit = self.encoder.block_samples();
        let queued = self.ready.first().map_or(0, Vec::len);
        let mut taken = 0;
        while queued - taken >= unit || (last && queued > taken) {
            let until = (taken + unit).min(queued);
            let planes: Vec<&[f32]> = self.ready.iter().map(|c| &c[taken..until]).collect();
            let mut block =
                Frame::from_planar_f32(&planes, self.mixer.sample_rate()).map_err(&failed)?;
            block.set_pts(self.next);
            self.encoder.send(Some(&block)).map_err(&failed)?;
            self.cutter.drain(&mut self.encoder, end, wanted, sink)?;
            self.next += i64::try_from(until - taken).unwrap_or(0);
            taken = until;
        }
        for channel in &mut self.ready {
            channel.drain(..taken);
        }
        Ok(())
    }
}
