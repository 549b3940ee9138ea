//! Which path leads to which handler. Not here: what every request must pass first (`guard`).

mod auth;
mod health;
mod jobs;
mod search;
mod uploads;
mod views;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::console;
use crate::media;
use crate::push;
use crate::state::Api;

/// Every route, and its description.
pub(crate) fn all() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(jobs::submit, jobs::list))
        .routes(routes!(search::search))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::retry))
        .routes(routes!(uploads::begin, uploads::options))
        .routes(routes!(uploads::show, uploads::append, uploads::remove))
        .routes(routes!(jobs::one, jobs::prioritise, jobs::delete))
        .routes(routes!(jobs::outputs))
        .routes(routes!(jobs::pictures))
        .routes(routes!(jobs::poster))
        .routes(routes!(auth::link))
        .routes(routes!(auth::token))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::revoke))
        .routes(routes!(auth::begin, auth::end))
        .routes(routes!(push::of_job))
        .routes(routes!(push::every))
        .routes(routes!(push::socket))
        .routes(routes!(views::devices))
        .routes(routes!(views::profiles))
        .routes(routes!(views::queue))
        .routes(routes!(views::config))
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::replay))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
        .merge(OpenApiRouter::from(media::routes()))
        .merge(OpenApiRouter::from(console::routes()))
}
