//! The one table from what went wrong to its HTTP status. Not here: the words of a single failure.

use axum::http::StatusCode;
use newsreel_model::Code;

/// What went wrong: something the model has a code for, or something only HTTP knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A code of the model's.
    Known(Code),
    /// No such route.
    RouteUnknown,
    /// The route does not know the method.
    MethodNotAllowed,
    /// The body is not JSON.
    MediaTypeUnsupported,
    /// The body took too long to arrive.
    BodyTimedOut,
    /// `Host` names someone else.
    HostForbidden,
    /// A page of another site sent this.
    OriginForbidden,
    /// Too many requests at a time.
    Overloaded,
    /// The answer took too long.
    TimedOut,
    /// Too many requests of one key.
    RateLimited,
    /// No new work is taken.
    NotReady,
    /// The range lies beyond the end.
    RangeUnsatisfiable,
    /// The route is for WebSocket clients.
    UpgradeRequired,
    /// Another version of the protocol of uploads, or none.
    TusVersion,
    /// The path with its query is too long.
    UriTooLong,
    /// The headers are too large.
    HeadersTooLarge,
    /// A library said no without a reason of ours.
    Other(StatusCode),
}

impl Reason {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Known(code) => known(code),
            Self::RouteUnknown => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::HostForbidden => StatusCode::MISDIRECTED_REQUEST,
            Self::OriginForbidden => StatusCode::FORBIDDEN,
            Self::Overloaded | Self::TimedOut | Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::RangeUnsatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::TusVersion => StatusCode::PRECONDITION_FAILED,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Other(status) => status,
        }
    }

    /// The stable name.
    pub(crate) fn name(self) -> String {
        let name = match self {
            Self::Known(code) => code.name(),
            Self::RouteUnknown => "route_unknown",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::MediaTypeUnsupported => "media_type_unsupported",
            Self::BodyTimedOut => "body_timed_out",
            Self::HostForbidden => "host_forbidden",
            Self::OriginForbidden => "origin_forbidden",
            Self::Overloaded => "overloaded",
            Self::TimedOut => "timed_out",
            Self::RateLimited => "rate_limited",
            Self::NotReady => "not_ready",
            Self::RangeUnsatisfiable => "range_unsatisfiable",
            Self::UpgradeRequired => "upgrade_required",
            Self::TusVersion => "tus_version",
            Self::UriTooLong => "uri_too_long",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Other(status) => return format!("http_{}", status.as_u16()),
        };
        name.to_owned()
    }

    /// The name in words.
    pub(crate) fn title(self) -> String {
        let words = match self {
            Self::Other(status) => status.canonical_reason().unwrap_or("HTTP error").to_owned(),
            _ => self.name().replace('_', " "),
        };
        let mut letters = words.chars();
        match letters.next() {
            Some(first) => first.to_uppercase().chain(letters).collect(),
            None => words,
        }
    }

    /// When to come back, for what passes by itself.
    pub(crate) fn retry_after_s(self, status: StatusCode) -> Option<u32> {
        match (self, status) {
            (Self::Known(Code::QueueFull), _) => Some(10),
            (Self::Known(Code::ShuttingDown) | Self::NotReady, _) => Some(5),
            (Self::Overloaded, _) => Some(1),
            (_, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => Some(2),
            _ => None,
        }
    }
}

/// The status of a code, wherever it comes up; a handler may know better (a file that is not there is 404 under `/media`).
fn known(code: Code) -> StatusCode {
    match code {
        Code::Usage => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PathForbidden | Code::AccessForbidden => StatusCode::FORBIDDEN,
        Code::JobUnknown | Code::UploadUnknown => StatusCode::NOT_FOUND,
        Code::UploadExpired => StatusCode::GONE,
        Code::InputChanged
        | Code::OutputForeign
        | Code::OutputChanged
        | Code::OutputBusy
        | Code::Cancelled
        | Code::UploadConflict
        | Code::JobState => StatusCode::CONFLICT,
        Code::RequestTooLarge | Code::UploadQuota => StatusCode::PAYLOAD_TOO_LARGE,
        Code::InputNotFound
        | Code::InputUnreadable
        | Code::InputNothingToEncode
        | Code::InputNestedReference
        | Code::InputSchemeUnsupported
        | Code::InputKillsWorker
        | Code::OutputUnwritable
        | Code::ProfileUnknown
        | Code::RequestInvalid
        | Code::IdempotencyConflict => StatusCode::UNPROCESSABLE_ENTITY,
        Code::QueueFull => StatusCode::TOO_MANY_REQUESTS,
        Code::ConfigInvalid
        | Code::EngineFailed
        | Code::DecodeUnsupported
        | Code::EncodeUnsupported
        | Code::EncoderSessionsExhausted
        | Code::DeviceOutOfMemory
        | Code::DeviceLost
        | Code::ParameterSetsDiffer
        | Code::GateFailed
        | Code::StoreNewer
        | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::EngineUnavailable
        | Code::WorkerLost
        | Code::WorkerStalled
        | Code::StoreFailed
        | Code::IdentityUnavailable
        | Code::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        Code::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_the_names_in_words() {
        assert_eq!(Reason::Known(Code::JobUnknown).title(), "Job unknown");
        assert_eq!(
            Reason::Other(StatusCode::IM_A_TEAPOT).title(),
            "I'm a teapot"
        );
        assert_eq!(Reason::Other(StatusCode::IM_A_TEAPOT).name(), "http_418");
    }

    #[test]
    fn what_passes_by_itself_says_when_to_come_back() {
        for code in [Code::QueueFull, Code::StoreFailed, Code::ShuttingDown] {
            let reason = Reason::Known(code);
            assert!(reason.retry_after_s(reason.status()).is_some(), "{code:?}");
        }
        let lasting = Reason::Known(Code::JobUnknown);
        assert_eq!(lasting.retry_after_s(lasting.status()), None);
    }
}
