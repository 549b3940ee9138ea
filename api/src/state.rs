//! What every handler and guard shares. Not here: anything about one request.

use std::sync::Arc;

use axum::body::Bytes;
use newsreel_model::access::Gate;
use newsreel_model::control::Control;
use tokio::sync::Semaphore;

use crate::Options;
use crate::guard::rate::Buckets;
use crate::push::Hub;

/// Cheap to clone: everything is behind a pointer.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) control: Arc<dyn Control>,
    pub(crate) gate: Arc<dyn Gate>,
    /// How much each caller may ask.
    pub(crate) buckets: Arc<Buckets>,
    pub(crate) options: Arc<Options>,
    /// One permit per request being answered.
    pub(crate) requests: Arc<Semaphore>,
    /// One permit per piece of an upload being taken.
    pub(crate) arriving: Arc<Semaphore>,
    /// One permit per file being sent.
    pub(crate) streams: Arc<Semaphore>,
    /// One permit per client that listens for events.
    pub(crate) listeners: Arc<Semaphore>,
    pub(crate) hub: Arc<Hub>,
    /// The OpenAPI document as it is served.
    pub(crate) document: Bytes,
}

impl Api {
    pub(crate) fn new(control: Arc<dyn Control>, gate: Arc<dyn Gate>, options: Options) -> Self {
        let permits = |wanted: usize| Arc::new(Semaphore::new(wanted.min(Semaphore::MAX_PERMITS)));
        Self {
            hub: Hub::new(Arc::clone(&control)),
            listeners: permits(options.max_listeners),
            control,
            gate,
            buckets: Arc::new(Buckets::new(&options)),
            requests: permits(options.max_requests),
            arriving: permits(options.max_uploads),
            streams: permits(options.max_streams),
            options: Arc::new(options),
            document: Bytes::from(crate::openapi()),
        }
    }
}
