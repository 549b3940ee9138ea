//! stub
use newsreel_model::{Result, job::Finished, plan::Plan};
use std::path::Path;
/// r
pub struct GateReport {
    /// a
    pub checked_files: usize,
    /// b
    pub checked_segments: usize,
}
impl GateReport {
    /// x
    /// # Errors
    /// none
    pub fn into_result(self) -> Result<()> {
        Ok(())
    }
}
/// c
pub fn check(_d: &Path, _p: &Plan, _j: &[Finished]) -> GateReport {
    GateReport {
        checked_files: 0,
        checked_segments: 0,
    }
}
