//! Devices, profiles, the queue and the configuration, as they are. Not here: changing any of them.

use axum::Json;
use axum::extract::State;
use newsreel_model::control::{ConfigView, DeviceView, ProfileView, QueueView};

use crate::problem::Problem;
use crate::read::NoQuery;
use crate::seen::Seen;
use crate::state::Api;

/// List devices
///
/// With what each can do and what of it is in use.
#[utoipa::path(
    get, path = "/v1/devices", operation_id = "listDevices", tag = "daemon",
    responses((status = 200, description = "The devices.", body = Vec<DeviceView>))
)]
pub(super) async fn devices(
    State(api): State<Api>,
    _: NoQuery,
) -> Result<Json<Vec<DeviceView>>, Problem> {
    Ok(Json(api.control.devices().await?))
}

/// List profiles
///
/// By name. A job keeps the profile as it was when the job was submitted.
#[utoipa::path(
    get, path = "/v1/profiles", operation_id = "listProfiles", tag = "daemon",
    responses((status = 200, description = "The profiles.", body = Vec<ProfileView>))
)]
pub(super) async fn profiles(
    State(api): State<Api>,
    _: NoQuery,
) -> Result<Json<Vec<ProfileView>>, Problem> {
    Ok(Json(api.control.profiles().await?))
}

/// Show the queue
///
/// With a tenant's key, as far as it is that tenant's; `next` then has those of them that are among the first 100 of all.
#[utoipa::path(
    get, path = "/v1/queue", operation_id = "getQueue", tag = "daemon",
    responses((status = 200, description = "The queue.", body = QueueView))
)]
pub(super) async fn queue(seen: Seen, _: NoQuery) -> Result<Json<QueueView>, Problem> {
    Ok(Json(seen.queue().await?))
}

/// Show the configuration in force
///
/// Defaults included, secrets hidden; and what of the file counts only after a restart, or was refused.
#[utoipa::path(
    get, path = "/v1/config", operation_id = "getConfig", tag = "daemon",
    responses((status = 200, description = "The configuration.", body = ConfigView))
)]
pub(super) async fn config(
    State(api): State<Api>,
    _: NoQuery,
) -> Result<Json<ConfigView>, Problem> {
    Ok(Json(api.control.config().await?))
}
