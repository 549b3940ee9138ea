//! HTTP over the port [`Control`]: routes, limits, errors as problem+json, a job's files, and the document that describes it all.
//!
//! Not here: what any of it does (the daemon answers), the socket, or anything but the model.
#![forbid(unsafe_code)]

mod console;
mod document;
mod guard;
mod media;
mod options;
mod problem;
mod push;
mod read;
mod routes;
mod seen;
mod state;
mod tus;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use newsreel_model::access::Gate;
use newsreel_model::control::Control;
use tower_http::catch_panic::CatchPanicLayer;

pub use document::openapi;
pub use options::Options;

/// Everything that is served, over `control`, to whom `gate` knows. Must be called and polled within a Tokio runtime.
///
/// Whatever goes wrong is answered as `application/problem+json`, save what the HTTP library refuses before a request is
/// one: a head beyond its own buffer (431, 414) or one it cannot parse (400) has an empty body.
pub fn router(control: Arc<dyn Control>, gate: Arc<dyn Gate>, options: Options) -> axum::Router {
    let (routes, _) = routes::all().split_for_parts();
    let api = state::Api::new(control, gate, options);
    // The last layer is the outermost: an answer gets its form and its id whoever gave it.
    routes
        .layer(from_fn_with_state(api.clone(), guard::access::check))
        .layer(from_fn(media::open))
        .layer(from_fn_with_state(api.clone(), guard::load::admit))
        .layer(from_fn(guard::origin::check))
        .layer(from_fn_with_state(api.clone(), guard::host::check))
        .layer(from_fn_with_state(api.clone(), guard::size::check))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(problem::everywhere))
        .layer(from_fn(tus::mark))
        .layer(from_fn(guard::trace::each))
        .with_state(api)
}
