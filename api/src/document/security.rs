//! Who may what, in the words of the document: taken from the one table that is held to (`guard::rules`).

use axum::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use super::responses::{ASKED, problem};
use crate::guard::access::COOKIE_NAME;
use crate::guard::rules::{Need, need};

const BEARER: &str = "bearer";
const COOKIE: &str = "cookie";

/// The ways to say who sends a request.
pub(super) fn schemes() -> Vec<(&'static str, SecurityScheme)> {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key (`nr_…`), an access token (`nra_…`), or a token of the site's identity provider.",
        ))
        .build();
    let about = "For browsers, see `POST /v1/auth/cookie`.";
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(COOKIE_NAME, about));
    vec![
        (BEARER, SecurityScheme::Http(bearer)),
        (COOKIE, SecurityScheme::ApiKey(cookie)),
    ]
}

/// Writes what a route asks for, and what it answers to who does not have it.
pub(super) fn apply(method: &Method, path: &str, operation: &mut Operation) {
    let scope = match need(method, path) {
        Need::Anyone => {
            operation.security = Some(Vec::new());
            return;
        }
        Need::Key => None,
        Need::Media => Some("read"),
        Need::Scope(scope) | Need::Whole(scope) => Some(scope.name()),
    };
    let scopes = || scope.into_iter();
    let mut ways = vec![SecurityRequirement::new(BEARER, scopes())];
    if scope.is_some() {
        ways.push(SecurityRequirement::new(COOKIE, scopes()));
    }
    operation.security = Some(ways);
    for (status, about) in ASKED {
        let found = operation.responses.responses.entry((*status).to_owned());
        found.or_insert_with(|| problem(about).into());
    }
}
