//! Why an object store did not do what it was asked for, and whether asking again may help. Not here: asking again.

use std::error::Error as _;

use object_store::client::HttpError;

use crate::outgoing::REFUSED;

/// The most characters of a server's own words that are passed on.
const MAX_WORDS: usize = 300;

/// What came of a request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It may pass by itself.
    Passing(String),
    /// There is no such object.
    Missing,
    /// Something other than expected is there: it was written meanwhile.
    Changed,
    /// Only a person can help; what is wrong and what to do.
    Lasting(String),
}

/// Codes of stores that have no room, by whoever sells them.
const FULL: [&str; 6] = [
    "QuotaExceeded",
    "XMinioStorageFull",
    "XMinioAdminBucketQuotaExceeded",
    "InsufficientStorage",
    "StorageFull",
    "AccountStorageQuotaExceeded",
];

/// Codes of a key that the store does not know, or that does not fit its secret.
const UNKNOWN_KEY: [&str; 4] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
];

impl Fault {
    /// What an error of the store in section `name` means.
    pub fn of(error: &object_store::Error, name: &str) -> Self {
        let text = error.to_string();
        let section = format!("[storage.s3.{name}]");
        if text.contains(REFUSED) {
            return Self::Lasting(format!(
                "the address of its endpoint is loopback, private, link-local or otherwise not public; name its network in `allowed_networks` of {section}"
            ));
        }
        if is_of_wire(error) {
            return Self::Passing(format!("it cannot be reached: {}", innermost(error)));
        }
        let (status, code) = (status(&text), code(&text));
        let said = said(&text, &code);
        if FULL.contains(&&*code) || status == 507 {
            return Self::Lasting(format!(
                "it has no room left ({said}); make room there or raise its quota"
            ));
        }
        match (status, &*code) {
            (_, code) if UNKNOWN_KEY.contains(&code) => Self::Lasting(format!(
                "it does not take the key ({said}); put `key` and `secret` right in {section}"
            )),
            (_, "RequestTimeTooSkewed") => {
                Self::Lasting("it says that this machine's clock is wrong; set it".to_owned())
            }
            (_, "NoSuchBucket") => Self::Lasting(
                "there is no such bucket; make it, or put the address right".to_owned(),
            ),
            (404, _) => Self::Missing,
            (409, "OperationAborted" | "ConditionalRequestConflict") => Self::Passing(said),
            (409 | 412, _) => Self::Changed,
            (401 | 403, _) => Self::Lasting(format!(
                "it does not let the key of {section} do this ({said}); give the key the right to list, read and write there"
            )),
            (408 | 425 | 429 | 500.., _) | (_, "SlowDown" | "RequestTimeout" | "InternalError") => {
                Self::Passing(format!("it answered {said}"))
            }
            _ => match error {
                object_store::Error::NotFound { .. } => Self::Missing,
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. } => Self::Changed,
                _ => Self::Lasting(format!("it answered {said}")),
            },
        }
    }
}

/// Whether there was no answer at all.
fn is_of_wire(error: &object_store::Error) -> bool {
    let mut next = error.source();
    while let Some(inner) = next {
        if inner.is::<HttpError>() {
            return true;
        }
        next = inner.source();
    }
    false
}

fn innermost(error: &object_store::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        words = inner.to_string();
        next = inner.source();
    }
    shortened(&words)
}

/// The status in the words of an error that came of an answer; 0 without one.
fn status(text: &str) -> u16 {
    let rest = text.split("status code: ").nth(1).unwrap_or_default();
    rest.get(..3).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// The store's own code in them.
fn code(text: &str) -> String {
    let rest = text.split("<Code>").nth(1).unwrap_or_default();
    let code = rest.split('<').next().unwrap_or_default();
    code.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// What a person should see of them: the store's code and message, or what there is.
fn said(text: &str, code: &str) -> String {
    let message = text.split("<Message>").nth(1).unwrap_or_default();
    let message = message.split('<').next().unwrap_or_default();
    match (code, message, text.split("status code: ").nth(1)) {
        ("", _, Some(status)) => shortened(status.trim_end_matches([':', ' '])),
        ("", _, None) => shortened(text),
        (code, "", _) => shortened(code),
        (code, message, _) => shortened(&format!("{code}: {message}")),
    }
}

fn shortened(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: &str, code: &str) -> Fault {
        let source = format!(
            "Error performing PUT http://s3/b/k in 1ms - Server returned non-2xx status code: {status}: <Error><Code>{code}</Code><Message>words</Message></Error>"
        );
        let error = object_store::Error::Generic {
            store: "S3",
            source: source.into(),
        };
        Fault::of(&error, "archive")
    }

    #[test]
    fn what_passes_is_told_from_what_does_not_and_says_what_to_do() {
        for (status, code) in [
            ("503 Service Unavailable", "SlowDown"),
            ("500 Internal Server Error", "InternalError"),
            ("429 Too Many Requests", ""),
        ] {
            assert!(
                matches!(answered(status, code), Fault::Passing(_)),
                "{status}"
            );
        }
        for (status, code, named) in [
            ("403 Forbidden", "SignatureDoesNotMatch", "`secret`"),
            (
                "403 Forbidden",
                "InvalidAccessKeyId",
                "[storage.s3.archive]",
            ),
            ("403 Forbidden", "AccessDenied", "the right to"),
            ("403 Forbidden", "QuotaExceeded", "quota"),
            ("507 Insufficient Storage", "XMinioStorageFull", "no room"),
            ("404 Not Found", "NoSuchBucket", "no such bucket"),
            ("403 Forbidden", "RequestTimeTooSkewed", "clock"),
            ("400 Bad Request", "InvalidArgument", "words"),
        ] {
            match answered(status, code) {
                Fault::Lasting(words) => assert!(words.contains(named), "{words}"),
                other => panic!("{code}: {other:?}"),
            }
        }
        assert_eq!(answered("404 Not Found", "NoSuchKey"), Fault::Missing);
        assert_eq!(
            answered("412 Precondition Failed", "PreconditionFailed"),
            Fault::Changed
        );
    }
}
