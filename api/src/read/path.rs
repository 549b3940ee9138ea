//! Reads a job's or an upload's id from the path. Not here: whether there is such a one.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use newsreel_model::{Code, Error, JobId, UploadId};

use crate::problem::Problem;
use crate::state::Api;

/// The only parameter of the path, a job's id.
pub(crate) struct Job(pub(crate) JobId);

impl FromRequestParts<Api> for Job {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        // What is no UTF-8 when decoded names no job either.
        let text = Path::<String>::from_request_parts(parts, api).await;
        job_id(&text.map(|Path(text)| text).unwrap_or_default()).map(Self)
    }
}

/// The id written there; something else names no job, so it is 404 as an unknown id is.
pub(crate) fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse()
        .map_err(|error: Error| Error::new(Code::JobUnknown, error.message()).into())
}

/// The only parameter of the path, an upload's id.
pub(crate) struct Upload(pub(crate) UploadId);

impl FromRequestParts<Api> for Upload {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, api).await;
        let text = text.map(|Path(text)| text).unwrap_or_default();
        Ok(Self(text.parse()?))
    }
}
