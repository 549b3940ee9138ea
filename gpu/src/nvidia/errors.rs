//! What NVIDIA's libraries say when they fail at work, sorted by what helps. Not why they cannot be used at all (`super::why`), or what is
//! then done (whoever runs the lane decides).

use newsreel_media::ffi::AvError;
use newsreel_media::hardware::{Fault, Stage};
use newsreel_model::{Code, Error};

/// CUDA errors after which the context, and so the process, answers nothing else; or the device itself is gone.
/// Names and numbers from cuda.h, where each is said to be unrecoverable or to mean the device.
const STICKY: [(u32, &str); 16] = [
    (700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
    (719, "CUDA_ERROR_LAUNCH_FAILED"),
    (702, "CUDA_ERROR_LAUNCH_TIMEOUT"),
    (214, "CUDA_ERROR_ECC_UNCORRECTABLE"),
    (220, "CUDA_ERROR_NVLINK_UNCORRECTABLE"),
    (714, "CUDA_ERROR_HARDWARE_STACK_ERROR"),
    (715, "CUDA_ERROR_ILLEGAL_INSTRUCTION"),
    (716, "CUDA_ERROR_MISALIGNED_ADDRESS"),
    (717, "CUDA_ERROR_INVALID_ADDRESS_SPACE"),
    (718, "CUDA_ERROR_INVALID_PC"),
    (710, "CUDA_ERROR_ASSERT"),
    (4, "CUDA_ERROR_DEINITIALIZED"),
    (709, "CUDA_ERROR_CONTEXT_IS_DESTROYED"),
    (46, "CUDA_ERROR_DEVICE_UNAVAILABLE"),
    (100, "CUDA_ERROR_NO_DEVICE"),
    (999, "CUDA_ERROR_UNKNOWN"),
];

/// What NVENC says of such a device.
const GONE: &str = "device does not exist";

/// What users are told of them.
pub const LOST: &str = "the GPU or its driver failed and needs a new process";
/// And of a device without room.
pub const FULL: &str = "the GPU's memory is full for now";

/// Whether a `CUresult` is one of those that stay.
pub fn is_sticky(status: u32) -> bool {
    STICKY.iter().any(|(number, _)| *number == status)
}

/// What NVENC says when this device, or this driver, will never open such a session (libavcodec/nvenc.c).
const NO_ENCODER: &[&str] = &[
    "no encode device",
    "unsupported device",
    "unsupported param",
    "No capable devices found",
    "Codec not supported",
    // After a session was opened: it is these parameters that the driver does not take.
    "InitializeEncoder failed",
    "exceeds",
    "exceed",
    "not supported",
    "doesn't support required NVENC features",
    "required nvenc API version",
    "libnvidia-encode",
];

/// The error for a fault.
pub fn explain(fault: &Fault) -> Error {
    let said = |what: &[&str]| {
        fault
            .log
            .iter()
            .any(|line| what.iter().any(|w| line.contains(w)))
    };
    let out_of_memory = fault.error == AvError::NO_MEMORY
        || said(&["CUDA_ERROR_OUT_OF_MEMORY", "out of memory (10)"]);
    let (code, message) = if fault.stage == Stage::Device {
        (
            Code::EngineUnavailable,
            "there is no NVIDIA GPU that can be used here: no driver, no device or no permission",
        )
    } else if said(&STICKY.map(|(_, name)| name)) || said(&[GONE]) {
        (Code::DeviceLost, LOST)
    } else if fault.stage == Stage::OpenEncoder
        && said(&["OpenEncodeSessionEx failed"])
        && out_of_memory
    {
        // The driver has one number for both; free memory tells them apart, for whoever looks.
        (
            Code::EncoderSessionsExhausted,
            "the GPU opens no more encoder sessions for now: the driver's limit, or its memory",
        )
    } else if out_of_memory {
        (Code::DeviceOutOfMemory, FULL)
    } else if fault.stage == Stage::OpenEncoder
        && (said(NO_ENCODER) || fault.error == AvError::NOT_IMPLEMENTED)
    {
        (
            Code::EncodeUnsupported,
            "the GPU does not encode this codec or size",
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
        let log = vec![line.to_owned(), "the last line says nothing".to_owned()];
        explain(&Fault { stage, error, log }).code()
    }

    #[test]
    fn a_full_session_table_is_no_failure_of_the_device() {
        let line =
            "[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: out of memory (10): (no details)";
        let code = code(Stage::OpenEncoder, AvError::NO_MEMORY, line);
        assert_eq!(code, Code::EncoderSessionsExhausted);
        assert_eq!(code.class(), Class::Retry);
    }

    #[test]
    fn what_needs_a_new_process_is_told_from_what_does_not() {
        let lost = "cu->cuCtxPushCurrent(x) failed -> CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access";
        assert_eq!(
            code(Stage::Decode, AvError::EXTERNAL, lost),
            Code::DeviceLost
        );
        let full = "cu->cuMemAlloc(x) failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory";
        assert_eq!(
            code(Stage::Scale, AvError::EXTERNAL, full),
            Code::DeviceOutOfMemory
        );
        assert_eq!(
            code(Stage::Encode, AvError::UNKNOWN, "EncodePicture failed!"),
            Code::EngineFailed
        );
    }

    #[test]
    fn a_device_without_an_encoder_is_seen_behind_every_wording() {
        for line in [
            "OpenEncodeSessionEx failed: no encode device (1): (no details)",
            "OpenEncodeSessionEx failed: unsupported device (2): (no details)",
            "Codec not supported",
            "Max B-frames 2 exceed 0",
            "InitializeEncoder failed: invalid param (8): Frame size too small",
            "Cannot load libnvidia-encode.so.1",
        ] {
            let code = code(Stage::OpenEncoder, AvError::EXTERNAL, line);
            assert_eq!(code, Code::EncodeUnsupported, "{line}");
        }
    }
}
