//! What VAAPI's drivers say when they fail, sorted by what helps. Not yet seen on hardware: words from libavutil's
//! hwcontext_vaapi.c and libavcodec's vaapi_encode.c, names from va.h.

use newsreel_media::ffi::AvError;
use newsreel_media::hardware::{Fault, Stage};
use newsreel_model::{Code, Error};

/// The error for a fault.
pub fn explain(fault: &Fault) -> Error {
    let said = |what: &[&str]| {
        fault
            .log
            .iter()
            .any(|line| what.iter().any(|w| line.contains(w)))
    };
    let (code, message) = if fault.stage == Stage::Device {
        (
            Code::EngineUnavailable,
            "there is no VAAPI device that can be used here: no driver, no render node or no permission",
        )
    } else if said(&["hung", "device lost", "HW timed out", "(hw busy)"]) {
        (
            Code::DeviceLost,
            "the GPU or its driver failed and needs a new process",
        )
    } else if fault.error == AvError::NO_MEMORY || said(&["resource allocation failed"]) {
        (Code::DeviceOutOfMemory, "the GPU's memory is full for now")
    } else if fault.stage == Stage::OpenEncoder {
        // Whatever it is that a driver will not open, another encoder may.
        (
            Code::EncodeUnsupported,
            "the GPU does not encode this codec, size or rate control",
        )
    } else {
        (Code::EngineFailed, "the GPU failed")
    };
    Error::new(code, message).with_detail(format!(
        "{:?}: {} ({})",
        fault.stage,
        fault.error,
        fault.log.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use newsreel_model::Class;

    fn code(stage: Stage, error: AvError, line: &str) -> Code {
        let log = vec![line.to_owned()];
        explain(&Fault { stage, error, log }).code()
    }

    #[test]
    fn what_a_driver_does_not_open_another_encoder_may() {
        let line = "No usable encoding entrypoint found for profile VAProfileH264High (7).";
        let refused = code(Stage::OpenEncoder, AvError::NOT_IMPLEMENTED, line);
        assert_eq!(refused, Code::EncodeUnsupported);
        assert_eq!(refused.class(), Class::FallBack);
    }

    #[test]
    fn a_hung_gpu_and_a_full_one_are_told_apart() {
        let hung = "Failed to sync to picture completion: 24 (the GPU hung).";
        assert_eq!(
            code(Stage::Encode, AvError::EXTERNAL, hung),
            Code::DeviceLost
        );
        let full = "Failed to create surface from pool: 2 (resource allocation failed).";
        assert_eq!(
            code(Stage::Scale, AvError::EXTERNAL, full),
            Code::DeviceOutOfMemory
        );
        assert_eq!(
            code(Stage::Scale, AvError::EXTERNAL, "Failed to render"),
            Code::EngineFailed
        );
    }
}
