//! Answers in the words of the document: which statuses a route can give, and with which codes. Not here: the table that gives a
//! code its status (`problem::reason`).

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::RefOr;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Type};

use super::parameters::text;
use crate::problem::PROBLEM_JSON;

/// Status, codes, and whether probes can give it too.
pub(super) const ALWAYS: &[(&str, &str, bool)] = &[
    (
        "400",
        "`request_invalid`: it cannot be read, or has an unknown parameter.",
        false,
    ),
    ("414", "`uri_too_long`.", true),
    (
        "421",
        "`host_forbidden`: this host name is not served.",
        false,
    ),
    ("431", "`headers_too_large`.", true),
    (
        "500",
        "`internal`: a fault of the daemon's; its log has it under the `X-Request-Id`.",
        true,
    ),
    (
        "503",
        "`shutting_down`, `store_failed`, `overloaded` or `timed_out`; it may be tried again.",
        false,
    ),
];

/// What every route that asks who sends a request may answer.
pub(super) const ASKED: &[(&str, &str)] = &[
    (
        "401",
        "`unauthenticated`: no key, or one that is not good; the detail says how to send one.",
    ),
    (
        "403",
        "`access_forbidden`: the key does not allow this. `origin_forbidden`: a page of another site sent this.",
    ),
    ("429", "`rate_limited`: too many requests with this key."),
];

/// What every write may meet.
const WRITES: &[(&str, &str)] = &[
    (
        "403",
        "`origin_forbidden`: a page of another site sent this. `access_forbidden`: the key does not allow this. `path_forbidden`: a path \
         lies outside the roots of the daemon or the key.",
    ),
    ("408", "`body_timed_out`."),
    ("413", "`request_too_large`."),
    (
        "415",
        "`media_type_unsupported`: a body must be `application/json`.",
    ),
    (
        "422",
        "`request_invalid` and others: a value is not allowed; `errors` names the field.",
    ),
    ("507", "`disk_full`."),
];

const NO_JOB: (&str, &str) = ("404", "`job_unknown`.");
const WRONG_STATE: (&str, &str) = ("409", "`job_state`: not in the state the job is in.");

type Answers = BTreeMap<String, RefOr<Response>>;

/// A failure.
pub(super) fn problem(about: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let mut response = ResponseBuilder::new()
        .description(about)
        .content(PROBLEM_JSON, content.build());
    // The descriptions of what passes by itself are the ones that name such a code.
    if ["shutting_down", "queue_full", "not_ready", "rate_limited"]
        .iter()
        .any(|code| about.contains(code))
    {
        let seconds = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1u32));
        let header = HeaderBuilder::new()
            .schema(Some(seconds))
            .description(Some("Seconds after which to try again."));
        response = response.header("Retry-After", header.build());
    }
    response.build()
}

fn problems<'a>(list: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Answers {
    let named = |(status, about): &(&str, &str)| ((*status).to_owned(), problem(about).into());
    list.into_iter().map(named).collect()
}

fn job(about: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("JobView")));
    ResponseBuilder::new()
        .description(about)
        .content("application/json", content.build())
}

/// Of a submit.
pub(crate) struct Submits;

impl IntoResponses for Submits {
    fn responses() -> Answers {
        let location = HeaderBuilder::new()
            .schema(Some(text(45, 45, "^/v1/jobs/[0-9a-f-]{36}$")))
            .description(Some("Where the job is."))
            .build();
        let with = |about| job(about).header("Location", location.clone()).build();
        let mut all = problems(WRITES);
        all.extend(problems(&[
            ("409", "`output_busy`: a job that has not ended writes to the same destination."),
            (
                "422",
                "`request_invalid`: a value is not allowed; `errors` names the field. `idempotency_conflict`, `profile_unknown`, \
                 `input_not_found`, `input_scheme_unsupported` and others: what it names cannot be used.",
            ),
            ("429", "`queue_full`, or `rate_limited`: too many requests with this key."),
        ]));
        all.insert("201".to_owned(), with("The job was accepted.").into());
        let repeated = "An earlier request with the same `Idempotency-Key` had made this job.";
        all.insert("200".to_owned(), with(repeated).into());
        all
    }
}

/// Of a request that reads one job.
pub(crate) struct OneJob;

impl IntoResponses for OneJob {
    fn responses() -> Answers {
        problems(&[NO_JOB])
    }
}

/// Of cancel and retry.
pub(crate) struct Steers;

impl IntoResponses for Steers {
    fn responses() -> Answers {
        let mut all = problems(WRITES.iter().chain(&[NO_JOB, WRONG_STATE]));
        all.insert("200".to_owned(), job("The job as it is now.").into());
        all
    }
}

/// Of a delete.
pub(crate) struct Deletes;

impl IntoResponses for Deletes {
    fn responses() -> Answers {
        let mut all = problems(WRITES.iter().chain(&[NO_JOB, WRONG_STATE]));
        let gone = ResponseBuilder::new().description("It is forgotten.");
        all.insert("204".to_owned(), gone.into());
        all
    }
}

/// Of a write that gives something of its own.
pub(crate) struct Writes;

impl IntoResponses for Writes {
    fn responses() -> Answers {
        problems(WRITES)
    }
}

/// Of what is given for a key or a token.
pub(crate) struct Swaps;

impl IntoResponses for Swaps {
    fn responses() -> Answers {
        problems(WRITES.iter().chain(&[(
            "401",
            "`unauthenticated`: no key or token that is good for this.",
        )]))
    }
}

/// Of what ends a session or begins one, and has nothing to say.
pub(crate) struct Ends;

impl IntoResponses for Ends {
    fn responses() -> Answers {
        let mut all = problems(WRITES);
        let done = ResponseBuilder::new().description("It is done.");
        all.insert("204".to_owned(), done.into());
        all
    }
}

/// Of a replay.
pub(crate) struct Replays;

impl IntoResponses for Replays {
    fn responses() -> Answers {
        problems(WRITES)
    }
}

/// Of a WebSocket.
pub(crate) struct Upgrades;

impl IntoResponses for Upgrades {
    fn responses() -> Answers {
        let mut all = problems(&[
            NO_JOB,
            ("426", "`upgrade_required`: this is for WebSocket clients."),
        ]);
        let begun = ResponseBuilder::new()
            .description("Events follow, each an envelope in a text message.");
        all.insert("101".to_owned(), begun.into());
        all
    }
}

/// Of a readiness probe.
pub(crate) struct NotReady;

impl IntoResponses for NotReady {
    fn responses() -> Answers {
        problems(&[("503", "`not_ready`: no new work is taken.")])
    }
}
