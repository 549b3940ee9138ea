//! Receivers of webhooks: how it stands with them, and trying again what they refused. Not here: telling them anything.

use axum::Json;
use newsreel_model::webhook::EndpointView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::document::{EndpointQuery, Replays};
use crate::problem::Problem;
use crate::read::{EndpointName, NoQuery, Nothing};
use crate::seen::Seen;

/// List receivers
///
/// Those that something is on its way to, or was given up for.
#[utoipa::path(
    get, path = "/v1/webhooks", operation_id = "listReceivers", tag = "events",
    responses((status = 200, description = "The receivers.", body = Vec<EndpointView>))
)]
pub(super) async fn list(seen: Seen, _: NoQuery) -> Result<Json<Vec<EndpointView>>, Problem> {
    Ok(Json(seen.endpoints().await?))
}

/// How many deliveries are tried again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// So many.
    replayed: u64,
}

/// Try again what was given up for a receiver
///
/// Each goes out again as it was, under the same `webhook-id`.
#[utoipa::path(
    post, path = "/v1/webhooks/replay", operation_id = "replayDeliveries", tag = "events",
    params(EndpointQuery), responses((status = 200, description = "They go out again.", body = Replayed), Replays)
)]
pub(super) async fn replay(
    seen: Seen,
    EndpointName(endpoint): EndpointName,
    _: Nothing,
) -> Result<Json<Replayed>, Problem> {
    let replayed = seen.replay(endpoint).await?;
    Ok(Json(Replayed { replayed }))
}
