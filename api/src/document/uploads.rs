//! Uploads in the words of the document: the headers of the protocol, both ways. Not here: reading or sending them (`crate::tus`).

use std::collections::BTreeMap;

use newsreel_model::uploads::MAX_METADATA_BYTES;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Parameter, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, IntoResponses};

use super::parameters::{parameter, text, uuid};
use super::responses::problem;

type Answers = BTreeMap<String, RefOr<Response>>;

const GONE: &[(&str, &str)] = &[
    ("404", "`upload_unknown`."),
    ("410", "`upload_expired`: it is kept no longer."),
    ("412", "`tus_version`: `Tus-Version` has what is spoken."),
];

const BROUGHT: &[(&str, &str)] = &[
    (
        "408",
        "`body_timed_out`: nothing came for too long. What came is kept.",
    ),
    (
        "409",
        "`upload_conflict`: it is at another byte, or another request goes on with it.",
    ),
    (
        "413",
        "`request_too_large`: it is longer than allowed or announced. `upload_quota`: the tenant has no room for it.",
    ),
    (
        "415",
        "`media_type_unsupported`: a piece is `application/offset+octet-stream`.",
    ),
    ("507", "`disk_full`."),
];

fn number() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0u32))
}

fn said(about: &str, schema: ObjectBuilder) -> Header {
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(about))
        .build()
}

fn words(about: &str) -> Header {
    said(about, ObjectBuilder::new().schema_type(Type::String))
}

fn offset() -> Header {
    said("Bytes that have arrived.", number())
}

fn expires() -> Header {
    words("Until when it is kept, as an HTTP date; longer while a job needs it.")
}

fn answer(about: &str) -> ResponseBuilder {
    let version = words("`1.0.0`.");
    ResponseBuilder::new()
        .description(about)
        .header("Tus-Resumable", version)
}

fn problems<'a>(list: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Answers {
    let named = |(status, about): &(&str, &str)| ((*status).to_owned(), problem(about).into());
    list.into_iter().map(named).collect()
}

fn with(mut all: Answers, status: &str, response: ResponseBuilder) -> Answers {
    all.insert(status.to_owned(), response.into());
    all
}

fn header(name: &str, about: &str, schema: ObjectBuilder, required: Required) -> Parameter {
    parameter(ParameterIn::Header, name, about, schema)
        .required(required)
        .build()
}

fn version() -> Parameter {
    let schema = text(5, 5, r"^1\.0\.0$");
    header(
        "Tus-Resumable",
        "The protocol's version.",
        schema,
        Required::True,
    )
}

/// The id of an upload in the path, and the version.
pub(crate) struct UploadPath;

impl IntoParams for UploadPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id = parameter(ParameterIn::Path, "id", "The upload's id.", uuid());
        vec![id.build(), version()]
    }
}

/// What an upload begins with.
pub(crate) struct StartHeaders;

impl IntoParams for StartHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let metadata = text(0, MAX_METADATA_BYTES, r"^[\x20-\x7E]*$");
        let about = "Keys, each with a space and its value in base64 or alone, with commas between them. It is given back as it is.";
        vec![
            version(),
            header(
                "Upload-Length",
                "Bytes it will have.",
                number(),
                Required::True,
            ),
            header("Upload-Metadata", about, metadata, Required::False),
        ]
    }
}

/// Where a piece belongs.
pub(crate) struct UploadHeaders;

impl IntoParams for UploadHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "Bytes that have arrived, as HEAD has them.";
        vec![header("Upload-Offset", about, number(), Required::True)]
    }
}

/// Of asking what is possible.
pub(crate) struct OffersUploads;

impl IntoResponses for OffersUploads {
    fn responses() -> Answers {
        let offers = answer("What is possible.")
            .header("Tus-Version", words("`1.0.0`."))
            .header("Tus-Extension", words("What there is beyond the core."))
            .header("Tus-Max-Size", said("The most bytes of one.", number()));
        with(Answers::new(), "204", offers)
    }
}

/// Of beginning one.
pub(crate) struct Begins;

impl IntoResponses for Begins {
    fn responses() -> Answers {
        let place = text(48, 48, "^/v1/uploads/[0-9a-f-]{36}$");
        let begun = answer("It has begun.")
            .header("Location", said("Where it is.", place))
            .header("Upload-Offset", offset())
            .header("Upload-Expires", expires());
        let broken = GONE.iter().filter(|(status, _)| *status == "412");
        with(problems(BROUGHT.iter().chain(broken)), "201", begun)
    }
}

/// Of asking how far one is.
pub(crate) struct Shows;

impl IntoResponses for Shows {
    fn responses() -> Answers {
        let shown = answer("How far it is.")
            .header("Upload-Offset", offset())
            .header("Upload-Length", said("Bytes it will have.", number()))
            .header("Upload-Metadata", words("As it was sent, if it was."))
            .header("Upload-Expires", expires());
        with(problems(GONE), "200", shown)
    }
}

/// Of going on.
pub(crate) struct Appends;

impl IntoResponses for Appends {
    fn responses() -> Answers {
        let went_on = answer("All of the piece is kept.")
            .header("Upload-Offset", offset())
            .header("Upload-Expires", expires());
        with(problems(BROUGHT.iter().chain(GONE)), "204", went_on)
    }
}

/// Of removing one.
pub(crate) struct Terminates;

impl IntoResponses for Terminates {
    fn responses() -> Answers {
        let needed = (
            "409",
            "`upload_conflict`: a job that has not ended reads it.",
        );
        let all = problems(GONE.iter().chain(&[needed]));
        with(all, "204", answer("It is removed."))
    }
}

/// Adds the bodies of pieces, which have bytes of any kind.
pub(super) fn add_bodies(paths: &mut Paths) {
    let piece = |required| {
        let content = ContentBuilder::new().build();
        RequestBodyBuilder::new()
            .content("application/offset+octet-stream", content)
            .description(Some("The next bytes of the file."))
            .required(Some(required))
            .build()
    };
    for (path, item) in &mut paths.paths {
        if crate::tus::is_ours(path) {
            let (post, patch) = (item.post.as_mut(), item.patch.as_mut());
            if let Some(begin) = post {
                begin.request_body = Some(piece(Required::False).into());
            }
            if let Some(go_on) = patch {
                go_on.request_body = Some(piece(Required::True).into());
            }
        }
    }
}
