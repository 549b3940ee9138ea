//! Parameters in the words of the document, with the ranges that `read` and `media` hold them to. Not here: reading them.

use newsreel_model::search::MAX_QUERY_CHARS;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required};

use crate::media;
use crate::read::{
    DEFAULT_LIMIT, MAX_ENDPOINT_CHARS, MAX_EXTERNAL_ID_CHARS, MAX_KEY_CHARS, MAX_LIMIT,
    MAX_TENANT_CHARS,
};

const SOME_ID: &str = "0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b";

/// A string between two lengths, of a pattern.
pub(super) fn text(least: usize, most: usize, pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(least))
        .max_length(Some(most))
        .pattern(Some(pattern))
}

pub(super) fn uuid() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
}

pub(super) fn parameter(
    place: ParameterIn,
    name: &str,
    about: &str,
    schema: impl Into<RefOr<Schema>>,
) -> ParameterBuilder {
    let required = match place {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(schema))
}

/// The header that makes a submit safe to repeat.
pub(crate) struct IdempotencyHeader;

impl IntoParams for IdempotencyHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = text(1, MAX_KEY_CHARS, r"^[\x21-\x7E]*$");
        let about = "Makes the request safe to repeat: kept 24 hours. The same key with another body is refused.";
        let key = parameter(ParameterIn::Header, "Idempotency-Key", about, schema);
        vec![key.example(Some("story-4711-v1".into())).build()]
    }
}

/// The id of a job in the path.
pub(crate) struct JobPath;

impl IntoParams for JobPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![job("id")]
    }
}

fn job(name: &str) -> Parameter {
    parameter(ParameterIn::Path, name, "The job's id.", uuid())
        .example(Some(SOME_ID.into()))
        .build()
}

/// Which words to find.
pub(crate) struct WordsQuery;

impl IntoParams for WordsQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "Words, as a person writes them.";
        let words = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_QUERY_CHARS));
        let words = parameter(ParameterIn::Query, "q", about, words).required(Required::True);
        let list = ListQuery::into_params(|| None).into_iter();
        let shared = list.filter(|one| ["tenant", "limit"].contains(&one.name.as_str()));
        std::iter::once(words.build()).chain(shared).collect()
    }
}

/// Which jobs to list.
pub(crate) struct ListQuery;

impl IntoParams for ListQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1u32))
            .maximum(Some(MAX_LIMIT))
            .default(Some(DEFAULT_LIMIT.into()));
        let tenant = text(1, MAX_TENANT_CHARS, "^[a-z0-9_-]*$");
        let external_id = text(
            1,
            MAX_EXTERNAL_ID_CHARS,
            r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$",
        );
        let query = |name, about, schema: RefOr<Schema>| {
            parameter(ParameterIn::Query, name, about, schema).build()
        };
        vec![
            query(
                "state",
                "Only jobs in this state.",
                Ref::from_schema_name("JobState").into(),
            ),
            query("tenant", "Only jobs of this tenant.", tenant.into()),
            query(
                "external_id",
                "Only jobs with this external id.",
                external_id.into(),
            ),
            query(
                "cursor",
                "`next_cursor` of the page before: only jobs older than this one.",
                uuid().into(),
            ),
            query("limit", "At most so many jobs.", limit.into()),
        ]
    }
}

/// The number of an event.
fn event_id() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(
            utoipa::openapi::KnownFormat::Int64,
        )))
        .minimum(Some(0u32))
}

const AFTER: &str = "The id of the last event seen: what was logged after it comes first.";

/// Where a listener begins.
pub(crate) struct Since;

impl IntoParams for Since {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = "As `after`, and it goes before it: browsers send it when a stream broke off.";
        vec![
            parameter(ParameterIn::Query, "after", AFTER, event_id()).build(),
            parameter(ParameterIn::Header, "Last-Event-ID", header, event_id()).build(),
        ]
    }
}

/// Which receiver is meant.
pub(crate) struct EndpointQuery;

impl IntoParams for EndpointQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let name = text(5, MAX_ENDPOINT_CHARS, "^(name|mail|message|url):[!-~]+$");
        let about = "`endpoint` of one that `GET /v1/webhooks` lists.";
        let query = parameter(ParameterIn::Query, "endpoint", about, name);
        vec![
            query
                .required(Required::True)
                .example(Some("name:cms".into()))
                .build(),
        ]
    }
}

/// What a WebSocket client asks for.
pub(crate) struct WsQuery;

impl IntoParams for WsQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            parameter(
                ParameterIn::Query,
                "job",
                "Only events of this job.",
                uuid(),
            )
            .build(),
            parameter(ParameterIn::Query, "after", AFTER, event_id()).build(),
        ]
    }
}

/// What names a file, and what a client may say of the copy it has.
pub(super) fn media_path() -> Vec<Parameter> {
    let path = text(1, media::MAX_CHARS, media::PATTERN);
    let about = "Path of the file below the job's directory. Its slashes may be sent as they are.";
    let path = parameter(ParameterIn::Path, "path", about, path)
        .allow_reserved(Some(true))
        .example(Some("master.m3u8".into()));
    vec![job("job"), path.build()]
}

/// A path that is not looked at.
pub(super) fn media_any() -> Vec<Parameter> {
    let any = |name| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        parameter(ParameterIn::Path, name, "Anything.", schema).build()
    };
    vec![any("job"), any("path")]
}

/// The conditions of a request for a file.
pub(super) fn media_conditions() -> Vec<Parameter> {
    let header = |name, about| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        parameter(ParameterIn::Header, name, about, schema).build()
    };
    vec![
        header(
            "If-None-Match",
            "`ETag`s of copies the client has; 304 when one of them is good.",
        ),
        header(
            "If-Modified-Since",
            "`Last-Modified` of the copy the client has; ignored beside `If-None-Match`.",
        ),
    ]
}

/// The conditions that only a GET has.
pub(super) fn media_range() -> Vec<Parameter> {
    let header = |name, about, example: &str| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        parameter(ParameterIn::Header, name, about, schema)
            .example(Some(example.into()))
            .build()
    };
    vec![
        header(
            "Range",
            "One range of bytes. Several, or what is no range of bytes, get the whole file.",
            "bytes=0-1023",
        ),
        header(
            "If-Range",
            "`ETag` of the copy the range is for; with another one, the whole file is sent.",
            "\"1a2b-17\"",
        ),
    ]
}
