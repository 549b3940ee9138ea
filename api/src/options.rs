//! What may be chosen about the interface. Not here: where it listens, or the TOML these values come from.

use std::time::Duration;

/// Limits and names. Every limit holds per router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Largest request body in bytes; what is larger gets 413, whether its length was declared or not. 1 MiB by default.
    pub max_body_bytes: usize,
    /// Longest path with query in bytes; what is longer gets 414. 8 KiB by default.
    pub max_uri_bytes: usize,
    /// Most bytes of all header names and values together; more get 431. 16 KiB by default.
    pub max_header_bytes: usize,
    /// How long a body may take to arrive before it gets 408. 10 s by default.
    pub body_timeout: Duration,
    /// How long an answer's head may take before it becomes 503; longer than `body_timeout`. 30 s by default.
    pub request_timeout: Duration,
    /// Most requests at a time before more get 503. 256 by default.
    pub max_requests: usize,
    /// Most pieces of uploads being taken at a time before more get 503. 128 by default.
    pub max_uploads: usize,
    /// How long a piece of an upload may bring nothing before it gets 408; what came is kept. 30 s by default.
    pub upload_idle: Duration,
    /// Most files being sent at a time before more get 503. 256 by default.
    pub max_streams: usize,
    /// Most clients that listen for events at a time before more get 503. 2048 by default.
    pub max_listeners: usize,
    /// How often it is looked whether who listens for events may still do so, more than 0. 30 s by default.
    pub listener_check: Duration,
    /// Requests a second of one key over time, 1 or more; more get 429. 50 by default.
    pub requests_per_s: u32,
    /// The most requests of one key at once after it was silent, 1 or more. 200 by default.
    pub burst: u32,
    /// What `Host` may say, as `name` (any port) or `name:port`; IPv6 in brackets; `*` is everything. Other hosts get 421,
    /// so that a name of someone else's that resolves to this machine reaches nothing. The loopback names by default.
    pub allowed_hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            max_uri_bytes: 8 * 1024,
            max_header_bytes: 16 * 1024,
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            max_requests: 256,
            max_uploads: 128,
            upload_idle: Duration::from_secs(30),
            max_streams: 256,
            max_listeners: 2048,
            listener_check: Duration::from_secs(30),
            requests_per_s: 50,
            burst: 200,
            allowed_hosts: ["localhost", "127.0.0.1", "[::1]"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}
