//! Whether the daemon lives and takes work, and the document that describes the interface. Metrics too; not here: counting.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::document::NotReady;
use crate::problem::{Problem, Reason};
use crate::read::NoQuery;
use crate::state::Api;

/// That all is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    #[schema(pattern = "^ok$", example = "ok")]
    status: &'static str,
}

/// Whether the daemon answers
///
/// Asked under any host name and at any load. Query parameters are ignored.
#[utoipa::path(
    get, path = "/healthz", operation_id = "isAlive", tag = "probes",
    responses((status = 200, description = "It does.", body = Health))
)]
pub(super) async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the daemon takes new work
///
/// Asked under any host name and at any load. Query parameters are ignored.
#[utoipa::path(
    get, path = "/readyz", operation_id = "isReady", tag = "probes",
    responses((status = 200, description = "It does.", body = Health), NotReady)
)]
pub(super) async fn ready(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    match api.control.ready() {
        true => Ok(Json(Health { status: "ok" })),
        false => Err(Problem::new(
            Reason::NotReady,
            "no new work is taken at the moment",
        )),
    }
}

/// What was counted, for Prometheus
///
/// Of all tenants: for a key that is no single one's. Query parameters are ignored.
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "daemon",
    responses((status = 200, description = "Prometheus' text format, version 0.0.4.", body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(api): State<Api>) -> Result<impl IntoResponse, Problem> {
    let text = api.control.metrics().await?;
    Ok((
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    ))
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getOpenApi", tag = "daemon",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = Object, content_type = "application/json"))
)]
pub(super) async fn openapi(State(api): State<Api>, _: NoQuery) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], api.document)
}
