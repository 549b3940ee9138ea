//! Standard output and error, whose readers may go away at any time (`newsreel jobs | head`, a log collector that
//! restarts): that is no error, and never ends a daemon. `println!` and `eprintln!` panic then, so a lint bans them.

use std::io::Write;

/// Prints a line of a command's result.
pub fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
}

/// Prints a line about what goes on, to standard error.
pub fn note(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
}
