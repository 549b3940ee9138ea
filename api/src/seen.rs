//! The daemon as one caller sees it: of what belongs to tenants, only their own. What is another's is not there at all.
//!
//! Not here: whether the caller may use a route (`guard::access`).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use newsreel_model::access::{Credential, Gate, Principal, Scope};
use newsreel_model::control::{
    Control, JobPage, JobQuery, JobView, MediaFile, QueueView, Submitted,
};
use newsreel_model::output::OutputView;
use newsreel_model::pictures::PictureSet;
use newsreel_model::search::{SearchHit, SearchQuery};
use newsreel_model::spec::JobSpec;
use newsreel_model::steer::PosterChoice;
use newsreel_model::uploads::{self, Arriving, NewUpload, UploadView};
use newsreel_model::webhook::EndpointView;
use newsreel_model::{Code, Error, JobId, Result, UploadId};

use crate::problem::Problem;
use crate::state::Api;

/// What a job's tenant is when a request names none.
const UNNAMED: &str = "default";

/// What a handler asks the daemon through. Only the guard makes it.
#[derive(Clone)]
pub(crate) struct Seen {
    control: Arc<dyn Control>,
    gate: Arc<dyn Gate>,
    /// What the caller was known by.
    credential: Credential,
    who: Option<Arc<Principal>>,
    /// The one job that a link shows.
    only: Option<JobId>,
}

impl FromRequestParts<Api> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> std::result::Result<Self, Problem> {
        let seen = parts.extensions.get::<Self>().cloned();
        // Its route would have to be one that asks for nothing.
        seen.ok_or_else(|| Error::bug("a route that shows something asks for nothing").into())
    }
}

impl Seen {
    pub(crate) fn by(api: &Api, who: Principal, credential: Credential) -> Self {
        Self {
            control: Arc::clone(&api.control),
            gate: Arc::clone(&api.gate),
            credential,
            who: Some(Arc::new(who)),
            only: None,
        }
    }

    pub(crate) fn through_link(api: &Api, job: JobId) -> Self {
        Self {
            control: Arc::clone(&api.control),
            gate: Arc::clone(&api.gate),
            credential: Credential::None,
            who: None,
            only: Some(job),
        }
    }

    /// Who asks.
    pub(crate) fn who(&self) -> Result<&Arc<Principal>> {
        let nobody = || Error::bug("a link was taken for a key");
        self.who.as_ref().ok_or_else(nobody)
    }

    /// The tenant whose jobs are seen; all are, when there is none.
    pub(crate) fn tenant(&self) -> Option<String> {
        self.who.as_ref().and_then(|who| who.grant.tenant.clone())
    }

    /// Whether the caller may still listen: keys are revoked and tokens expire while they do. While that cannot be found out,
    /// they may.
    pub(crate) async fn lasts(&self) -> bool {
        match self.gate.identify(self.credential.clone()).await {
            Ok(who) => who.grant.allows(Scope::Read) && who.grant.tenant == self.tenant(),
            Err(error) => error.code() != Code::Unauthenticated,
        }
    }

    /// Fails, as for a job that is not there, when a job is another tenant's. A job never changes its tenant.
    async fn own(&self, id: JobId) -> Result<()> {
        match self.tenant() {
            Some(_) => self.job(id).await.map(|_| ()),
            None => Ok(()),
        }
    }

    pub(crate) async fn submit(&self, mut spec: JobSpec, key: Option<String>) -> Result<Submitted> {
        let who = self.who()?;
        if let Some(own) = &who.grant.tenant {
            if spec.tenant != UNNAMED && spec.tenant != *own {
                let words = format!("`tenant` must be `{own}`, whose key this is, or be left out");
                return Err(Error::new(Code::AccessForbidden, words).in_field("tenant"));
            }
            spec.tenant.clone_from(own);
        }
        let submitted = self.control.submit(spec, key, who).await;
        submitted.map_err(|error| match (error.code(), &who.grant.tenant) {
            // Whose job it is, and its id, are not this tenant's to know.
            (Code::OutputBusy, Some(_)) => Error::new(
                Code::OutputBusy,
                "a job that has not ended writes to this destination; wait until it has, or name another",
            ),
            _ => error,
        })
    }

    pub(crate) async fn jobs(&self, mut query: JobQuery) -> Result<JobPage> {
        if let Some(own) = self.tenant() {
            if query.tenant.as_ref().is_some_and(|asked| *asked != own) {
                return Ok(JobPage {
                    jobs: Vec::new(),
                    next_cursor: None,
                });
            }
            query.tenant = Some(own);
        }
        self.control.jobs(query).await
    }

    pub(crate) async fn search(&self, mut query: SearchQuery) -> Result<Vec<SearchHit>> {
        if let Some(own) = self.tenant() {
            if query.tenant.as_ref().is_some_and(|asked| *asked != own) {
                return Ok(Vec::new());
            }
            query.tenant = Some(own);
        }
        self.control.search(query).await
    }

    pub(crate) async fn job(&self, id: JobId) -> Result<JobView> {
        let job = self.control.job(id).await?;
        match self.tenant().is_none_or(|own| own == job.spec.tenant) {
            true => Ok(job),
            // The same words as for one that is not there.
            false => Err(Error::new(
                Code::JobUnknown,
                "there is no job of that id; it may have been deleted",
            )),
        }
    }

    pub(crate) async fn cancel(&self, id: JobId) -> Result<JobView> {
        self.own(id).await?;
        self.control.cancel(id).await
    }

    pub(crate) async fn retry(&self, id: JobId) -> Result<JobView> {
        self.own(id).await?;
        self.control.retry(id).await
    }

    pub(crate) async fn prioritise(&self, id: JobId, priority: u8) -> Result<JobView> {
        self.own(id).await?;
        self.control.prioritise(id, priority).await
    }

    pub(crate) async fn poster(&self, id: JobId, choice: PosterChoice) -> Result<JobView> {
        self.own(id).await?;
        self.control.poster(id, choice).await
    }

    pub(crate) async fn outputs(&self, id: JobId) -> Result<Vec<OutputView>> {
        self.own(id).await?;
        self.control.outputs(id).await
    }

    pub(crate) async fn pictures(&self, id: JobId) -> Result<Vec<PictureSet>> {
        self.own(id).await?;
        self.control.pictures(id).await
    }

    pub(crate) async fn delete(&self, id: JobId) -> Result<()> {
        self.own(id).await?;
        self.control.delete(id).await
    }

    pub(crate) async fn media(&self, id: JobId, path: String) -> Result<MediaFile> {
        if self.only.is_some_and(|only| only != id) {
            return Err(Error::bug("a link was taken for another job's"));
        }
        // Another tenant's file is as absent as any other.
        let hidden = |error: Error| match error.code() {
            Code::JobUnknown => Error::new(Code::InputNotFound, "there is no such file"),
            _ => error,
        };
        self.own(id).await.map_err(hidden)?;
        self.control.media(id, path).await
    }

    pub(crate) async fn begin_upload(&self, length: u64, metadata: String) -> Result<UploadView> {
        let tenant = self.tenant().unwrap_or_else(|| UNNAMED.to_owned());
        let new = NewUpload {
            tenant,
            length,
            metadata,
        };
        self.control.uploads().create(new).await
    }

    /// An upload; another tenant's is not there.
    pub(crate) async fn upload(&self, id: UploadId) -> Result<UploadView> {
        let found = self.control.uploads().upload(id).await?;
        match self.tenant().is_none_or(|own| own == found.tenant) {
            true => Ok(found),
            false => Err(uploads::unknown()),
        }
    }

    pub(crate) async fn go_on(&self, id: UploadId, offset: u64) -> Result<Box<dyn Arriving>> {
        self.upload(id).await?;
        self.control.uploads().resume(id, offset).await
    }

    pub(crate) async fn remove_upload(&self, id: UploadId) -> Result<()> {
        self.upload(id).await?;
        self.control.uploads().remove(id).await
    }

    pub(crate) async fn queue(&self) -> Result<QueueView> {
        self.control.queue(self.tenant()).await
    }

    pub(crate) async fn endpoints(&self) -> Result<Vec<EndpointView>> {
        self.control.endpoints(self.tenant()).await
    }

    pub(crate) async fn replay(&self, endpoint: String) -> Result<u64> {
        self.control.replay(endpoint, self.tenant()).await
    }
}
