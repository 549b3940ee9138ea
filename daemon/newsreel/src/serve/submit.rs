//! Accepting a job: what it asks for is looked at, made durable, and told. Not here: the rest of what is asked of the daemon (`control`).

use newsreel_model::access::Principal;
use newsreel_model::control::Submitted;
use newsreel_model::pictures;
use newsreel_model::spec::JobSpec;
use newsreel_model::store::{IdempotencyKey, NewJob};
use newsreel_model::{Code, Error, JobId, Result};

use super::control::Daemon;
use super::place;
use crate::{fetch, storage};

impl Daemon {
    pub(super) fn submit_now(
        &self,
        spec: JobSpec,
        key: Option<String>,
        by: Principal,
    ) -> Result<Submitted> {
        use newsreel_model::control::Control as _;
        if !self.ready() {
            return Err(Error::new(
                Code::ShuttingDown,
                "the daemon is stopping and takes no new jobs; try again in a moment",
            ));
        }
        spec.check()?;
        let config = self.settings.in_force();
        let mut profile = config.profile(&spec.profile)?.clone();
        pictures::take_sizes(&mut profile.thumbnails, &spec.thumbnails)?;
        let roots = self.arrivals.roots.within(&by.grant.roots);
        let allowed = |field: &str, url: &str| {
            storage::Place::check(field, url, &config, &spec.tenant, &by.grant.roots)
        };
        // Between "it is not there yet" and the job, its last byte must not come.
        let in_order = spec.input.upload.map(|_| self.arrivals.order.lock());
        match spec.input.upload {
            Some(id) => self.uploads.claim(id, &by.grant)?,
            None if storage::is_s3(&spec.input.url) => {
                allowed("input.url", &spec.input.url)?;
            }
            None if fetch::is_remote(&spec.input.url) => fetch::check(&spec.input.url)?,
            None => roots.input(&spec.input.url).map(|_| ())?,
        }
        for (number, file) in spec.subtitles.iter().enumerate() {
            roots.file(&format!("subtitles[{number}].url"), &file.url)?;
        }
        let id = JobId::new();
        let destination = match &spec.destination {
            Some(url) if storage::is_s3(url) => allowed("destination", url)?.to_string(),
            Some(url) => roots.destination(url)?.display().to_string(),
            None => {
                let own = place::default_destination(&self.data_dir, id);
                own.display().to_string()
            }
        };
        let key = key
            .map(|key| idempotency(&spec, key, &by.caller))
            .transpose()?;
        let job = NewJob {
            id,
            spec,
            profile,
            destination,
            roots: by.grant.roots,
            created_at: jiff::Timestamp::now(),
        };
        let submitted = self.store.submit(job, key, config.queue.max_queued)?;
        if !submitted.repeated {
            self.arrivals.queued(submitted.job.clone())?;
        }
        drop(in_order);
        Ok(Submitted {
            job: self.view(submitted.job),
            repeated: submitted.repeated,
        })
    }
}

fn idempotency(spec: &JobSpec, key: String, caller: &str) -> Result<IdempotencyKey> {
    let request = serde_json::to_vec(spec).map_err(|e| Error::bug(e.to_string()))?;
    Ok(IdempotencyKey {
        caller: caller.to_owned(),
        key,
        request_hash: blake3::hash(&request).to_hex().to_string(),
    })
}
