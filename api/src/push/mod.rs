//! Events as they happen, to whoever listens: server-sent events and WebSocket over one hub. Not here: webhooks.

mod hub;
mod listen;
mod sse;
mod ws;

pub(crate) use hub::Hub;
pub(crate) use sse::{every, of_job};
pub(crate) use ws::socket;

#[doc(hidden)]
pub(crate) use sse::{__path_every, __path_of_job};
#[doc(hidden)]
pub(crate) use ws::__path_socket;
