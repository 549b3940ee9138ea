//! What a route asks of a request: its body, its parameters, its headers. Everything unknown is refused by name.
//!
//! Not here: whether a job's values make sense (`newsreel_model::spec`).

mod body;
mod key;
mod path;
mod query;
mod shape;
mod since;
mod strict;
mod words;

pub(crate) use body::{Json, Nothing};
pub(crate) use key::{IdempotencyKey, MAX_CHARS as MAX_KEY_CHARS};
pub(crate) use path::{Job, Upload, job_id};
pub(crate) use query::{
    DEFAULT_LIMIT, List, MAX_EXTERNAL_ID_CHARS, MAX_LIMIT, MAX_TENANT_CHARS, NoQuery, Words,
};
pub(crate) use since::{EndpointName, LastSeen, MAX_ENDPOINT_CHARS, Wanted};
