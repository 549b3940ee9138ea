//! Standard output, whose reader may go away at any time (`newsreel jobs | head`): that is no error.

use std::io::Write;

/// Prints a line.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
