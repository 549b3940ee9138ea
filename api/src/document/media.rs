//! The route to a job's files in the words of the document. By hand: its one handler answers two methods, and its path takes slashes.
//!
//! Not here: serving them (`crate::media`).

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Paths};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::parameters::{media_any, media_conditions, media_path, media_range};
use super::responses::problem;
use crate::media::TYPES;

const PATH: &str = "/media/{job}/{path}";

/// Adds its three methods.
pub(super) fn add(paths: &mut Paths) {
    for (method, operation) in [
        (HttpMethod::Get, get()),
        (HttpMethod::Head, head()),
        (HttpMethod::Options, options()),
    ] {
        paths.add_path_operation(PATH, vec![method], operation);
    }
}

fn operation(id: &str, summary: &str, about: &str) -> OperationBuilder {
    OperationBuilder::new()
        .operation_id(Some(id))
        .tag("media")
        .summary(Some(summary))
        .description(Some(about))
}

fn one_file(operation: OperationBuilder) -> OperationBuilder {
    let missing = problem("`job_unknown`, or `input_not_found`: there is no such file.");
    operation
        .parameters(Some(media_path()))
        .parameters(Some(media_conditions()))
        .response("404", missing)
}

fn get() -> Operation {
    let about = "Playlists change while a job runs and are revalidated; everything else never changes. \
                 Also at `/media/~{token}/{job}/{path}`, as `POST /v1/jobs/{id}/media-link` gives it: that needs no key, and pages of \
                 every origin may read it. Query parameters are ignored.";
    let unsatisfiable = ResponseBuilder::from(problem(
        "`range_unsatisfiable`: the range begins beyond the end.",
    ))
    .header("Content-Range", text("`bytes */` and the file's length."));
    one_file(operation("getMedia", "Read a published file", about))
        .parameters(Some(media_range()))
        .response("200", file("The file.", true))
        .response(
            "206",
            ResponseBuilder::from(file("The range asked for.", true))
                .header("Content-Range", text("Which bytes of how many.")),
        )
        .response("304", unchanged())
        .response("416", unsatisfiable)
        .build()
}

fn head() -> Operation {
    let about = "What a GET without a range would answer, without the file.";
    one_file(operation("headMedia", "Ask about a published file", about))
        .response("200", file("About the file.", false))
        .response("304", unchanged())
        .build()
}

fn options() -> Operation {
    let about = "For browsers, before they ask for a range from another origin. Every path is answered alike.";
    let answer = ResponseBuilder::new()
        .description("What may be asked.")
        .header("Allow", text("The methods."))
        .header("Access-Control-Allow-Methods", text("The methods."))
        .header("Access-Control-Allow-Headers", text("The headers."))
        .header("Access-Control-Max-Age", text("Seconds this holds."));
    operation("optionsMedia", "Ask what may be asked", about)
        .parameters(Some(media_any()))
        .response("204", answer)
        .build()
}

fn file(about: &str, with_body: bool) -> Response {
    let mut response = described(about)
        .header("Accept-Ranges", text("`bytes`."))
        .header("Content-Length", text("Bytes that follow."));
    for (_, kind) in TYPES.iter().filter(|_| with_body) {
        response = response.content(*kind, ContentBuilder::new().build());
    }
    response.build()
}

fn unchanged() -> Response {
    described("The client's copy is good.").build()
}

fn described(about: &str) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(about)
        .header("ETag", text("Weak for a file that may be replaced."))
        .header("Last-Modified", text("As an HTTP date."))
        .header(
            "Cache-Control",
            text("`no-cache`, or a year and `immutable`."),
        )
        .header("Access-Control-Allow-Origin", text("`*`."))
}

fn text(about: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(about))
        .build()
}
