//! What follows from what a device refused or failed: limits learned, work that goes on elsewhere, tests. Not the decision to
//! go elsewhere (the scheduler), or what devices there are (`devices`).

use newsreel_model::device::Inventory;
use newsreel_model::event::Event;
use newsreel_model::report::FallbackReport;
use newsreel_model::store::Calibration;
use newsreel_model::{Class, Code, Error, JobId};
use newsreel_scheduler::{DeviceId, Epoch, Input, Start, Task, WorkerSlot};

use super::core::{Core, Session};
use super::demand;
use super::message::Message;
use super::watch::Pulse;
use crate::telemetry::FellBack;
use crate::{inventory, threads};

impl Core {
    pub(super) fn take_inventory(&mut self, inventory: Inventory) {
        let measured = self.measured();
        let settings = &self.config.devices;
        let devices = self.devices.add(inventory, &measured, settings, self.cores);
        for device in devices {
            self.inputs.push_back(Input::DeviceAdded(device));
        }
        self.settle();
    }

    /// A job leaves a device. Where it goes is told when it is known.
    pub(super) fn left(&mut self, job: JobId, from: DeviceId, code: Code) {
        FellBack {
            job,
            from: from.as_ref(),
            code,
        }
        .emit();
        if let Some(entry) = self.jobs.get_mut(&job) {
            let said = entry.error.clone().filter(|e| e.code() == code);
            let error = said.unwrap_or_else(|| Error::new(code, "the device failed"));
            entry.fell_back = Some((from, error));
        }
    }

    /// A session begins: if its job left another device, that is where it went.
    pub(super) fn arrived(&mut self, start: &Start) {
        let Some(entry) = self.jobs.get_mut(&start.job) else {
            return;
        };
        let Some((from, error)) = entry.fell_back.take() else {
            return;
        };
        let segment = match &start.task {
            Task::Encode { segments } => segments.start + 1,
            Task::Prepare => 1,
            Task::Finish => return,
        };
        let fallback = FallbackReport {
            from: from.to_string(),
            to: start.device.to_string(),
            segment,
            code: error.code().name().to_owned(),
            reason: error.message().to_owned(),
        };
        match &entry.live {
            // It passes the event on to be logged.
            Some(live) => live.fell_back(&fallback),
            None => self.log(start.job, Event::FellBack { fallback }),
        }
    }

    /// A part of a session went on elsewhere in its worker.
    pub(super) fn spilled(&mut self, epoch: Epoch, fallback: FallbackReport) {
        if fallback.code == Code::EncoderSessionsExhausted.name() {
            self.refused_a_session(epoch);
        }
    }

    /// What becomes of a session's error; what can be learned from it is learned.
    pub(super) fn weigh(&mut self, epoch: Epoch, session: &Session, error: &Error) -> Class {
        match error.code() {
            Code::EncoderSessionsExhausted => {
                let open = self.sessions_open(session, epoch, session.refused + 1);
                self.correct(&session.device, |known| known.refused_sessions(open));
                Class::Retry
            }
            Code::DeviceOutOfMemory => {
                let used_mib = self.beside(session, epoch, |s| s.demand.vram_mib);
                if used_mib == 0 {
                    // It does not even fit alone.
                    return Class::FallBack;
                }
                self.correct(&session.device, |known| known.refused_memory(used_mib));
                Class::Retry
            }
            // Somebody else began the rung meanwhile; whoever tries again knows how.
            Code::ParameterSetsDiffer if self.inits(session.job) > session.inits => Class::Retry,
            code => code.class(),
        }
    }

    /// How many init segments of a job are public.
    pub(super) fn inits(&self, job: JobId) -> usize {
        let live = self.jobs.get(&job).and_then(|entry| entry.live.as_ref());
        live.map_or(0, |live| live.inits_public())
    }

    /// Takes notice of the encoder sessions that runs on a worker's device hold at this moment.
    pub(super) fn see_sessions_held(&mut self, slot: WorkerSlot) {
        let device = self.sessions.values().find(|s| s.slot == slot);
        let Some(device) = device.map(|s| s.device.clone()) else {
            return;
        };
        let open = |s: &&Session| {
            let encodes = s.pulse.as_ref().is_some_and(Pulse::encodes);
            s.device == device && encodes && matches!(s.task, Task::Encode { .. })
        };
        let runs = self.sessions.values().filter(open);
        let held = runs.map(|s| s.demand.encoder_sessions.saturating_sub(s.refused));
        let held = held.sum();
        let Some(known) = self.devices.get_mut(&device) else {
            return;
        };
        if known.held_sessions(held) {
            let device = known.device();
            self.inputs.push_back(Input::DeviceAdded(device));
        }
    }

    /// Takes up limits and measurements as they are now.
    pub(super) fn assess_devices(&mut self) {
        let measured = self.measured();
        let changed = self.devices.assess(&measured, &self.config.devices);
        for device in changed {
            self.inputs.push_back(Input::DeviceAdded(device));
        }
    }

    fn measured(&self) -> Vec<Calibration> {
        self.store.calibrations().unwrap_or_else(|error| {
            tracing::warn!(detail = error.detail(), "{error}");
            Vec::new()
        })
    }

    fn refused_a_session(&mut self, epoch: Epoch) {
        if let Some(session) = self.sessions.get_mut(&epoch) {
            session.refused += 1;
            let (device, refused) = (session.device.clone(), session.refused);
            let open = self.sessions_open(&self.sessions[&epoch], epoch, refused);
            self.correct(&device, |known| known.refused_sessions(open));
        }
    }

    /// Encoder sessions that are open on a session's device, which refused it so many: the rest of its own, and its neighbours'.
    fn sessions_open(&self, session: &Session, epoch: Epoch, refused: u64) -> u64 {
        let live = self.jobs.get(&session.job).and_then(|e| e.live.as_ref());
        let settled = live.and_then(|live| live.settled());
        let wanted = match (&session.task, settled) {
            (Task::Encode { .. }, Some((planned, _))) => demand::encoder_sessions(&planned.plan),
            _ => 1,
        };
        let others = self.beside(session, epoch, |s| s.demand.encoder_sessions);
        others + wanted.saturating_sub(refused)
    }

    /// What the other sessions on a session's device were promised.
    fn beside(&self, session: &Session, epoch: Epoch, what: fn(&Session) -> u64) -> u64 {
        let others = self.sessions.iter().filter(|(e, _)| **e != epoch);
        let others = others.filter(|(_, s)| s.device == session.device);
        others.map(|(_, s)| what(s)).sum()
    }

    fn correct(&mut self, device: &str, change: impl FnOnce(&mut super::devices::Known)) {
        if let Some(known) = self.devices.get_mut(device) {
            change(known);
            let device = known.device();
            let capacity = device.capacity;
            tracing::info!(
                device = device.id.as_ref(),
                encoder_sessions = capacity.encoder_sessions,
                vram_mib = capacity.vram_mib,
                "less than was thought"
            );
            self.inputs.push_back(Input::DeviceAdded(device));
        }
    }

    /// Tries limits that were learned again, a little above.
    pub(super) fn relax_limits(&mut self) {
        let relaxed = self.devices.relax();
        self.inputs
            .extend(relaxed.into_iter().map(Input::DeviceAdded));
    }

    /// Asks a device that was out of use whether it works, in a process of its own: it may hang.
    pub(super) fn test(&mut self, device: DeviceId) {
        // The cores have no driver that could be wedged: what failed were the jobs.
        let gpu = self.devices.get(&device).and_then(|k| k.report.clone());
        let tell = self.tell.clone();
        let tested = device.clone();
        let begun = gpu.map(|gpu| {
            threads::start("self-test", move || {
                let found = inventory::take_one(&gpu);
                let failure = match &found {
                    Ok(found) => found.failure(),
                    Err(why) => Some(why.as_str()),
                };
                let (device, passed) = (tested, failure.is_none());
                tracing::info!(device = device.as_ref(), passed, failure, "self-test");
                let _ = tell.send(Message::Tested { device, passed });
            })
        });
        match begun {
            Some(Ok(())) => {}
            Some(Err(_)) => self.inputs.push_back(Input::SelfTested {
                device,
                passed: false,
            }),
            None => self.inputs.push_back(Input::SelfTested {
                device,
                passed: true,
            }),
        }
    }

    /// Logs what concerns no job.
    pub(super) fn log_of_none(&self, event: Event) {
        if let Err(error) = self.store.log(vec![event]) {
            tracing::warn!(detail = error.detail(), "{error}");
        }
    }
}
