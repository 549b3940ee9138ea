//! What every handler and guard shares. Not here: anything about one request.

use std::sync::Arc;

use axum::body::Bytes;
use newsreel_model::control::Control;
use tokio::sync::Semaphore;

use crate::Options;

/// Cheap to clone: everything is behind a pointer.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) control: Arc<dyn Control>,
    pub(crate) options: Arc<Options>,
    /// One permit per request being answered.
    pub(crate) requests: Arc<Semaphore>,
    /// One permit per file being sent.
    pub(crate) streams: Arc<Semaphore>,
    /// The OpenAPI document as it is served.
    pub(crate) document: Bytes,
}

impl Api {
    pub(crate) fn new(control: Arc<dyn Control>, options: Options) -> Self {
        let permits = |wanted: usize| Arc::new(Semaphore::new(wanted.min(Semaphore::MAX_PERMITS)));
        Self {
            control,
            requests: permits(options.max_requests),
            streams: permits(options.max_streams),
            options: Arc::new(options),
            document: Bytes::from(crate::openapi()),
        }
    }
}
