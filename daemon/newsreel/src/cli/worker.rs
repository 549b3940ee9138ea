//! `newsreel worker --check`: whether this machine keeps workers in. Not the worker itself.

use newsreel_model::{Code, Error, Result};

use crate::printing;
use crate::sandbox::{self, check};

/// Enters the sandbox, tries what it should refuse, and prints one JSON object per attempt.
///
/// # Errors
/// Something was allowed.
pub fn check(memory_mib: u64) -> Result<()> {
    let unenforced = sandbox::enter(memory_mib, &sandbox::Gpu::None)?;
    for words in &unenforced {
        printing::note(format!("not enforced: {words}"));
    }
    let attempts = check::attempts();
    for attempt in &attempts {
        let line = serde_json::to_string(attempt).map_err(|e| Error::bug(e.to_string()))?;
        printing::line(&line);
    }
    let allowed = attempts.iter().filter(|a| !a.refused).count();
    if allowed > 0 {
        return Err(Error::new(
            Code::EngineUnavailable,
            format!("{allowed} things a worker must not do are allowed here; see above"),
        ));
    }
    Ok(())
}
