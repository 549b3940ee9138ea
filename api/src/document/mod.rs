//! The OpenAPI document: what the routes say of themselves, and what is true of all of them. Not here: serving it.

mod media;
mod parameters;
mod responses;
mod security;
mod uploads;

use axum::http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, RefOr, header::HeaderBuilder,
    tag::TagBuilder,
};

pub(crate) use parameters::{
    EndpointQuery, IdempotencyHeader, JobPath, ListQuery, Since, WordsQuery, WsQuery,
};
pub(crate) use responses::{
    Deletes, Ends, NotReady, OneJob, Replays, Steers, Submits, Swaps, Upgrades, Writes,
};

pub(crate) use uploads::{
    Appends, Begins, OffersUploads, Shows, StartHeaders, Terminates, UploadHeaders, UploadPath,
};

use crate::problem;
use parameters::text;

/// The OpenAPI 3.1 document of everything that is served: JSON for people and machines, with a newline at its end, and the
/// same on every call.
#[must_use]
pub fn openapi() -> String {
    let (_, mut document) = crate::routes::all().split_for_parts();
    complete(&mut document);
    // It is made of strings and numbers only; a test reads it back.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

const ABOUT: &str = "\
Transcodes a newsroom's clips: submit a job, watch it, play what it publishes while it is still being made.

* Bodies are JSON in UTF-8; unknown fields, unknown query parameters and keys given twice are refused.
* Failures are `application/problem+json` (RFC 9457) with a stable `code`. JSON or a query that cannot be read is 400, values that \
are not allowed are 422.
* Every answer has an `X-Request-Id`; a plain one (1–64 of A–Z, a–z, 0–9, `-`, `_`, `.`) that was sent is kept.
* `Host` must be one of the allowed names (421). A write whose `Origin` is another host, or that a browser marks as coming from another site, \
is refused (403).
* Who sends a request is said by `Authorization: Bearer` and a key, an access token, or a token of the site's identity provider; in \
browsers by a cookie. Each route names the scope it asks for. A daemon on a loopback address without any key asks nobody.
* Of what belongs to tenants, a tenant's key sees its own; what is another's is answered like what is not there.
* A head too large for the HTTP library itself (over about 400 kB, 100 headers or 64 kB of address) is refused with 431 or 414 without a body.
* Under `/media` one byte range is served; several at once get the whole file. Query parameters are ignored there.";

fn complete(document: &mut OpenApi) {
    document.info = InfoBuilder::new()
        .title("Newsreel")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(
            LicenseBuilder::new()
                .name(env!("CARGO_PKG_LICENSE"))
                .identifier(Some(env!("CARGO_PKG_LICENSE")))
                .build(),
        ))
        .build();
    document.tags = Some(
        [
            ("jobs", "What to make of which clip, and how far it is."),
            (
                "uploads",
                "Files sent piece by piece, in the protocol tus 1.0.",
            ),
            ("daemon", "What there is to work with."),
            ("events", "What happens, as it happens."),
            ("media", "What jobs have published."),
            ("access", "What stands for a key."),
            ("probes", "For watchdogs and load balancers."),
        ]
        .map(|(name, about)| {
            TagBuilder::new()
                .name(name)
                .description(Some(about))
                .build()
        })
        .to_vec(),
    );
    let components = document.components.take().unwrap_or_default();
    let components = ComponentsBuilder::from(components).schemas_from_iter(problem::schema());
    let schemes = security::schemes().into_iter();
    let components = schemes.fold(components, |all, (name, way)| {
        all.security_scheme(name, way)
    });
    document.components = Some(components.build());
    media::add(&mut document.paths);
    uploads::add_bodies(&mut document.paths);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            security::apply(&method, path, operation);
            common(path, operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
        (Method::HEAD, &mut item.head),
        (Method::OPTIONS, &mut item.options),
    ];
    all.into_iter()
        .filter_map(|(method, found)| Some((method, found.as_mut()?)))
}

/// What the guards may answer on every route, and what every answer carries.
fn common(path: &str, operation: &mut Operation) {
    let probe = crate::guard::is_probe(path);
    for (status, about, everywhere) in responses::ALWAYS {
        if *everywhere || !probe {
            let found = operation.responses.responses.entry((*status).to_owned());
            found.or_insert_with(|| responses::problem(about).into());
        }
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            let id = HeaderBuilder::new()
                .schema(Some(text(1, 64, "^[A-Za-z0-9._-]{1,64}$")))
                .description(Some("The request's id, as the log has it."));
            response
                .headers
                .insert("X-Request-Id".to_owned(), id.build().into());
        }
    }
}
