//! Stand-in until the interface lands.
#![allow(missing_docs, reason = "replaced")]
use std::sync::Arc;
pub struct Options {
    pub max_body_bytes: usize,
    pub allowed_hosts: Vec<String>,
}
impl Default for Options {
    fn default() -> Self {
        Self {
            max_body_bytes: 0,
            allowed_hosts: vec![],
        }
    }
}
pub fn router(_c: Arc<dyn newsreel_model::control::Control>, _o: Options) -> axum::Router {
    axum::Router::new()
}
