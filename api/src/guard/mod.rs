//! What every request must pass before its handler: its size, its host, its origin, room for one more, and who sends it.
//!
//! Not here: what a single route asks of its body or parameters (`read`).

pub(crate) mod access;
pub(crate) mod host;
pub(crate) mod load;
pub(crate) mod origin;
pub(crate) mod rate;
pub(crate) mod rules;
pub(crate) mod size;
pub(crate) mod trace;

/// Whether the path is one that watchdogs ask: it reveals nothing, and must answer under any name and load.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}
