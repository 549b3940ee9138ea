//! Submitting, listing and steering jobs. Not here: reading the requests (`read`), or doing any of it.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use newsreel_model::control::{JobPage, JobView};
use newsreel_model::output::OutputView;
use newsreel_model::pictures::PictureSet;
use newsreel_model::spec::JobSpec;
use newsreel_model::steer::{JobPatch, PosterChoice};

use crate::document::{Deletes, IdempotencyHeader, JobPath, ListQuery, OneJob, Steers, Submits};
use crate::problem::Problem;
use crate::read::{IdempotencyKey, Job, Json as Body, List, NoQuery, Nothing};
use crate::seen::Seen;

/// Submit a job
///
/// The job is durable when the answer comes. A field that is left out or null has its default.
/// With an `Idempotency-Key`, the same request may be sent again: the answer is 200 with the job the first one made.
#[utoipa::path(
    post, path = "/v1/jobs", operation_id = "submitJob", tag = "jobs",
    params(IdempotencyHeader),
    request_body(
        content = JobSpec, content_type = "application/json", description = "What to make of which clip.",
        examples(
            ("least" = (summary = "A clip with every default", value = json!({"input": {"url": "file:///in/story.mxf"}}))),
            ("breaking" = (summary = "Breaking news", value = json!({
                "input": {"url": "file:///in/breaking.mxf"}, "profile": "web", "priority": 95, "fallback": "any",
                "title": "Storm reaches the coast", "external_id": "story-4711", "tenant": "news",
                "metadata": {"desk": "national"}, "deadline": "2030-01-01T12:00:00Z"
            })))
        )
    ),
    responses(Submits)
)]
pub(super) async fn submit(
    seen: Seen,
    _: NoQuery,
    IdempotencyKey(key): IdempotencyKey,
    Body(spec): Body<JobSpec>,
) -> Result<Response, Problem> {
    spec.check()?;
    let submitted = seen.submit(spec, key).await?;
    let status = match submitted.repeated {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let location = format!("/v1/jobs/{}", submitted.job.id);
    Ok((status, [(LOCATION, location)], Json(submitted.job)).into_response())
}

/// List jobs
///
/// Newest first. When there are more, `next_cursor` of a page is the `cursor` of the next.
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "listJobs", tag = "jobs",
    params(ListQuery),
    responses((status = 200, description = "A page of jobs.", body = JobPage))
)]
pub(super) async fn list(seen: Seen, List(query): List) -> Result<Json<JobPage>, Problem> {
    Ok(Json(seen.jobs(query).await?))
}

/// Show a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}", operation_id = "getJob", tag = "jobs",
    params(JobPath),
    responses((status = 200, description = "The job.", body = JobView), OneJob)
)]
pub(super) async fn one(seen: Seen, Job(id): Job, _: NoQuery) -> Result<Json<JobView>, Problem> {
    Ok(Json(seen.job(id).await?))
}

/// Show what a job has made so far
///
/// Its rungs, largest first, each with what is published of it and what made it; none before the plan is known.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/outputs", operation_id = "listOutputs", tag = "jobs",
    params(JobPath),
    responses((status = 200, description = "The rungs.", body = Vec<OutputView>), OneJob)
)]
pub(super) async fn outputs(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
) -> Result<Json<Vec<OutputView>>, Problem> {
    Ok(Json(seen.outputs(id).await?))
}

/// Show a job's pictures
///
/// Poster and thumbnails that are there, by size, the usual one first; none before the plan is known.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/pictures", operation_id = "listPictures", tag = "jobs",
    params(JobPath),
    responses((status = 200, description = "The sizes.", body = Vec<PictureSet>), OneJob)
)]
pub(super) async fn pictures(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
) -> Result<Json<Vec<PictureSet>>, Problem> {
    Ok(Json(seen.pictures(id).await?))
}

/// Choose a job's poster
///
/// Of a completed job, among its thumbnails. `poster.jpg` is replaced by a copy of it, in every size; nothing else changes.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/poster", operation_id = "choosePoster", tag = "jobs",
    params(JobPath),
    request_body(content = PosterChoice, content_type = "application/json"),
    responses(Steers)
)]
pub(super) async fn poster(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
    Body(choice): Body<PosterChoice>,
) -> Result<Json<JobView>, Problem> {
    choice.path()?;
    Ok(Json(seen.poster(id, choice).await?))
}

/// Change a job's priority
///
/// Of a job that waits or runs. It finds its place among the others anew; nothing that was made is lost.
#[utoipa::path(
    patch, path = "/v1/jobs/{id}", operation_id = "prioritiseJob", tag = "jobs",
    params(JobPath),
    request_body(content = JobPatch, content_type = "application/json"),
    responses(Steers)
)]
pub(super) async fn prioritise(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
    Body(patch): Body<JobPatch>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(seen.prioritise(id, patch.priority).await?))
}

/// Forget an ended job
///
/// Its output is removed when it lies under the daemon's own output root. A job that waits or runs must be cancelled first.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    operation_id = "deleteJob",
    tag = "jobs",
    params(JobPath),
    responses(Deletes)
)]
pub(super) async fn delete(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    seen.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Cancel a job
///
/// What it published stays. Cancelling a job that is cancelled already changes nothing.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/cancel",
    operation_id = "cancelJob",
    tag = "jobs",
    params(JobPath),
    responses(Steers)
)]
pub(super) async fn cancel(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
    _: Nothing,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(seen.cancel(id).await?))
}

/// Retry a failed or cancelled job
///
/// It waits in the queue again; finished segments are kept.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/retry",
    operation_id = "retryJob",
    tag = "jobs",
    params(JobPath),
    responses(Steers)
)]
pub(super) async fn retry(
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
    _: Nothing,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(seen.retry(id).await?))
}
