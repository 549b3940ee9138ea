//! One error for every room: a stable code, a class that says what to do next, words for the user and a detail for the log.
//!
//! Not here: how an error is shown. The command line and the API decide that from the code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the scheduler does about an error. It never looks at anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The same work may succeed later, on the same device.
    Retry,
    /// The same work may succeed on another device.
    FallBack,
    /// The request itself cannot be served; trying again changes nothing.
    Reject,
    /// We broke a promise of our own.
    Bug,
}

/// A stable name for what went wrong, in snake_case in every output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The command line or request is not well-formed.
    Usage,
    /// There is no such input.
    InputNotFound,
    /// The input is there but cannot be opened or is no media that can be read.
    InputUnreadable,
    /// The input can be read but holds no picture that can be decoded.
    InputNothingToEncode,
    /// The input refers to another file or address, which is never followed.
    InputNestedReference,
    /// The input ended or changed while it was being read.
    InputChanged,
    /// The output directory holds something that is not a job of ours.
    OutputForeign,
    /// The output directory holds a job made from another input, profile or library.
    OutputChanged,
    /// Another process works on this output directory.
    OutputBusy,
    /// The output cannot be created or written.
    OutputUnwritable,
    /// The disk is full.
    DiskFull,
    /// The configuration is wrong.
    ConfigInvalid,
    /// There is no profile of that name.
    ProfileUnknown,
    /// No device can do what the plan asks for.
    EngineUnavailable,
    /// A decoder or encoder failed in a way that another device may not.
    EngineFailed,
    /// The device cannot decode this source; another lane or device may.
    DecodeUnsupported,
    /// The device cannot encode this rung; another lane or device may.
    EncodeUnsupported,
    /// The device gives out no more encoder sessions for now.
    EncoderSessionsExhausted,
    /// The device has no memory left for now.
    DeviceOutOfMemory,
    /// The device or its driver is gone, or answers nothing but errors until the process is replaced.
    DeviceLost,
    /// A session's parameter sets differ from those already published for the rung.
    ParameterSetsDiffer,
    /// The finished output is not what the plan promised.
    GateFailed,
    /// Stopped on request.
    Cancelled,
    /// There is no job of that id.
    JobUnknown,
    /// The job is not in a state in which this can be done.
    JobState,
    /// A request is not well-formed, or a value in it is out of range.
    RequestInvalid,
    /// A request is larger than the limit.
    RequestTooLarge,
    /// The idempotency key was used before with another request.
    IdempotencyConflict,
    /// As many jobs wait as may.
    QueueFull,
    /// There is no upload of that id.
    UploadUnknown,
    /// The upload's time ran out.
    UploadExpired,
    /// The upload is not at that offset, or something still needs it.
    UploadConflict,
    /// The tenant's uploads have no room for another.
    UploadQuota,
    /// Inputs with this URL scheme are not served.
    InputSchemeUnsupported,
    /// The path lies outside the configured roots.
    PathForbidden,
    /// The input made its worker crash or hang each time it was tried.
    InputKillsWorker,
    /// A worker died with this work in it.
    WorkerLost,
    /// A worker made no progress within the configured time.
    WorkerStalled,
    /// The store could not be read or written.
    StoreFailed,
    /// The store was written by a newer version.
    StoreNewer,
    /// The daemon is stopping and takes no new work.
    ShuttingDown,
    /// Nothing, or nothing good, says who asks.
    Unauthenticated,
    /// Who asks may not do this.
    AccessForbidden,
    /// The identity provider's keys cannot be had.
    IdentityUnavailable,
    /// An invariant of ours did not hold.
    Internal,
}

impl Code {
    /// What to do about this kind of error.
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            Self::Usage
            | Self::InputNotFound
            | Self::InputUnreadable
            | Self::InputNothingToEncode
            | Self::InputNestedReference
            | Self::OutputForeign
            | Self::OutputChanged
            | Self::OutputUnwritable
            | Self::ConfigInvalid
            | Self::ProfileUnknown
            | Self::JobUnknown
            | Self::JobState
            | Self::RequestInvalid
            | Self::RequestTooLarge
            | Self::IdempotencyConflict
            | Self::UploadUnknown
            | Self::UploadExpired
            | Self::UploadConflict
            | Self::UploadQuota
            | Self::InputSchemeUnsupported
            | Self::PathForbidden
            | Self::InputKillsWorker
            | Self::StoreNewer
            | Self::Unauthenticated
            | Self::AccessForbidden
            | Self::Cancelled => Class::Reject,
            Self::InputChanged
            | Self::OutputBusy
            | Self::DiskFull
            | Self::QueueFull
            | Self::WorkerLost
            | Self::WorkerStalled
            | Self::StoreFailed
            | Self::EncoderSessionsExhausted
            | Self::DeviceOutOfMemory
            | Self::IdentityUnavailable
            | Self::ShuttingDown => Class::Retry,
            Self::EngineUnavailable
            | Self::EngineFailed
            | Self::DecodeUnsupported
            | Self::EncodeUnsupported
            | Self::DeviceLost
            | Self::ParameterSetsDiffer => Class::FallBack,
            Self::GateFailed | Self::Internal => Class::Bug,
        }
    }

    /// Whether a device that gives this error may be ill, rather than asked for something it does not do.
    #[must_use]
    pub fn blames_device(self) -> bool {
        !matches!(
            self,
            Self::DecodeUnsupported | Self::EncodeUnsupported | Self::ParameterSetsDiffer
        )
    }

    /// Whether others were quicker (for a device's sessions or memory, for the beginning of a rung), rather than anything wrong.
    #[must_use]
    pub fn is_contention(self) -> bool {
        matches!(
            self,
            Self::EncoderSessionsExhausted | Self::DeviceOutOfMemory | Self::ParameterSetsDiffer
        )
    }

    /// The process exit status, after sysexits(3); 130 for an interrupt, as shells do.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Usage
            | Self::JobUnknown
            | Self::JobState
            | Self::RequestInvalid
            | Self::RequestTooLarge
            | Self::IdempotencyConflict
            | Self::UploadConflict
            | Self::UploadQuota
            | Self::InputSchemeUnsupported
            | Self::PathForbidden => 64,
            Self::InputUnreadable
            | Self::InputNothingToEncode
            | Self::InputNestedReference
            | Self::InputKillsWorker
            | Self::InputChanged => 65,
            Self::InputNotFound | Self::UploadUnknown | Self::UploadExpired => 66,
            Self::EngineUnavailable
            | Self::EngineFailed
            | Self::DecodeUnsupported
            | Self::EncodeUnsupported
            | Self::EncoderSessionsExhausted
            | Self::DeviceOutOfMemory
            | Self::DeviceLost
            | Self::ParameterSetsDiffer
            | Self::QueueFull
            | Self::WorkerLost
            | Self::WorkerStalled
            | Self::StoreFailed
            | Self::IdentityUnavailable
            | Self::ShuttingDown => 69,
            Self::GateFailed | Self::Internal => 70,
            Self::OutputForeign
            | Self::OutputChanged
            | Self::OutputBusy
            | Self::OutputUnwritable
            | Self::DiskFull => 73,
            Self::ConfigInvalid | Self::ProfileUnknown | Self::StoreNewer => 78,
            // EX_NOPERM
            Self::Unauthenticated | Self::AccessForbidden => 77,
            Self::Cancelled => 130,
        }
    }

    /// The name used in every output, for example `input_not_found`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::InputNotFound => "input_not_found",
            Self::InputUnreadable => "input_unreadable",
            Self::InputNothingToEncode => "input_nothing_to_encode",
            Self::InputNestedReference => "input_nested_reference",
            Self::InputChanged => "input_changed",
            Self::OutputForeign => "output_foreign",
            Self::OutputChanged => "output_changed",
            Self::OutputBusy => "output_busy",
            Self::OutputUnwritable => "output_unwritable",
            Self::DiskFull => "disk_full",
            Self::ConfigInvalid => "config_invalid",
            Self::ProfileUnknown => "profile_unknown",
            Self::EngineUnavailable => "engine_unavailable",
            Self::EngineFailed => "engine_failed",
            Self::DecodeUnsupported => "decode_unsupported",
            Self::EncodeUnsupported => "encode_unsupported",
            Self::EncoderSessionsExhausted => "encoder_sessions_exhausted",
            Self::DeviceOutOfMemory => "device_out_of_memory",
            Self::DeviceLost => "device_lost",
            Self::ParameterSetsDiffer => "parameter_sets_differ",
            Self::GateFailed => "gate_failed",
            Self::Cancelled => "cancelled",
            Self::JobUnknown => "job_unknown",
            Self::JobState => "job_state",
            Self::RequestInvalid => "request_invalid",
            Self::RequestTooLarge => "request_too_large",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::QueueFull => "queue_full",
            Self::UploadUnknown => "upload_unknown",
            Self::UploadExpired => "upload_expired",
            Self::UploadConflict => "upload_conflict",
            Self::UploadQuota => "upload_quota",
            Self::InputSchemeUnsupported => "input_scheme_unsupported",
            Self::PathForbidden => "path_forbidden",
            Self::InputKillsWorker => "input_kills_worker",
            Self::WorkerLost => "worker_lost",
            Self::WorkerStalled => "worker_stalled",
            Self::StoreFailed => "store_failed",
            Self::StoreNewer => "store_newer",
            Self::ShuttingDown => "shutting_down",
            Self::Unauthenticated => "unauthenticated",
            Self::AccessForbidden => "access_forbidden",
            Self::IdentityUnavailable => "identity_unavailable",
            Self::Internal => "internal",
        }
    }
}

/// What went wrong: `message` is for the user and says what to do; `detail` is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: Code,
    message: String,
    detail: Option<String>,
    field: Option<String>,
}

impl Error {
    /// An error with words for the user.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            field: None,
        }
    }

    /// An invariant of ours that did not hold.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Adds what only the log should show: library messages, addresses, counts.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says which field of the request is wrong, for example `input.url`.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        self.code.class()
    }

    /// The words for the user, without the detail.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What only the log should show.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The field of the request that is wrong, where it is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The error for a failed write under an output directory: a full disk is told apart, since it can be resumed from.
    #[must_use]
    pub fn writing(what: &str, err: &std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match err.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::new(
                Code::DiskFull,
                format!(
                    "the disk is full: cannot write {what}; free some space and run the same command again, finished segments are kept"
                ),
            ),
            _ => Self::new(
                Code::OutputUnwritable,
                format!("cannot write {what}: {err}"),
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
