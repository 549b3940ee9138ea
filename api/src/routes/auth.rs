//! What stands for a key: tokens, a cookie, paths to media. Not here: who may have them (`guard::rules`), or making them.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use newsreel_model::access::{MediaLink, Tokens};
use newsreel_model::{Code, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::document::{Ends, JobPath, OneJob, Swaps, Writes};
use crate::guard::access::{COOKIE_NAME, cookie};
use crate::problem::Problem;
use crate::read::{Job, Json as Body, NoQuery, Nothing};
use crate::seen::Seen;
use crate::state::Api;

/// How long a media link is good when nothing is asked for, in seconds.
const LINK_S: u32 = 21_600;

/// Longest token that is looked at.
const MAX_TOKEN_CHARS: usize = 1024;

/// A refresh token to be swapped.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// As it was given.
    #[schema(max_length = 1024)]
    refresh_token: String,
}

/// A token to be worth nothing any more.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoke {
    /// A refresh token or an access token: with either, both end.
    #[schema(max_length = 1024)]
    token: String,
}

/// How long a link is to be good.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSpec {
    /// Seconds, 1–604,800.
    #[serde(default = "link_s")]
    #[schema(minimum = 1, maximum = 604_800, default = 21_600)]
    expires_in: u32,
}

fn link_s() -> u32 {
    LINK_S
}

fn short(token: String) -> Result<String, Problem> {
    match token.chars().count() <= MAX_TOKEN_CHARS {
        true => Ok(token),
        false => Err(Error::new(Code::Unauthenticated, "that is no token of this daemon").into()),
    }
}

/// Swap a key for tokens
///
/// The access token is short-lived and goes where a key goes. The refresh token gets the next ones. Both end when the key is
/// revoked.
#[utoipa::path(
    post, path = "/v1/auth/token", operation_id = "swapKeyForTokens", tag = "access",
    responses((status = 200, description = "The tokens.", body = Tokens), Swaps)
)]
pub(super) async fn token(
    State(api): State<Api>,
    seen: Seen,
    _: NoQuery,
    _: Nothing,
) -> Result<Json<Tokens>, Problem> {
    Ok(Json(api.gate.tokens(seen.who()?).await?))
}

/// Swap a refresh token for new tokens
///
/// The one that was sent is worth nothing afterwards.
#[utoipa::path(
    post, path = "/v1/auth/refresh", operation_id = "refreshTokens", tag = "access",
    request_body(content = Refresh, content_type = "application/json"),
    responses((status = 200, description = "The tokens.", body = Tokens), Swaps)
)]
pub(super) async fn refresh(
    State(api): State<Api>,
    _: NoQuery,
    Body(given): Body<Refresh>,
) -> Result<Json<Tokens>, Problem> {
    let token = short(given.refresh_token)?;
    Ok(Json(api.gate.refresh(token).await?))
}

/// Revoke tokens
///
/// What is unknown or over is answered in the same way.
#[utoipa::path(
    post, path = "/v1/auth/revoke", operation_id = "revokeTokens", tag = "access",
    request_body(content = Revoke, content_type = "application/json"),
    responses(Ends)
)]
pub(super) async fn revoke(
    State(api): State<Api>,
    _: NoQuery,
    Body(given): Body<Revoke>,
) -> Result<StatusCode, Problem> {
    if given.token.chars().count() > MAX_TOKEN_CHARS {
        let message = "token has more than 1,024 characters, which no token of this daemon has";
        return Err(Error::new(Code::RequestInvalid, message)
            .in_field("token")
            .into());
    }
    api.gate.end(given.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Swap a key for a cookie
///
/// For browsers: the cookie is sent with requests of this origin alone, and no script can read it.
#[utoipa::path(
    post,
    path = "/v1/auth/cookie",
    operation_id = "swapKeyForCookie",
    tag = "access",
    responses(Ends, Swaps)
)]
pub(super) async fn begin(
    State(api): State<Api>,
    seen: Seen,
    headers: HeaderMap,
    _: NoQuery,
    _: Nothing,
) -> Result<Response, Problem> {
    let made = api.gate.cookie(seen.who()?).await?;
    set(&headers, &made.value, made.expires_in)
}

/// Give a cookie back
///
/// Its session ends, wherever else the cookie may be.
#[utoipa::path(
    delete,
    path = "/v1/auth/cookie",
    operation_id = "endCookie",
    tag = "access",
    responses(Ends)
)]
pub(super) async fn end(
    State(api): State<Api>,
    headers: HeaderMap,
    _: NoQuery,
    _: Nothing,
) -> Result<Response, Problem> {
    if let Some(value) = cookie(&headers) {
        api.gate.end(value).await?;
    }
    set(&headers, "", 0)
}

fn set(headers: &HeaderMap, value: &str, seconds: u32) -> Result<Response, Problem> {
    // The guard has seen that the page is our own: its scheme is the one we are reached by, also behind a proxy.
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    let secure = match origin.is_some_and(|origin| origin.starts_with(b"https://")) {
        true => "; Secure",
        false => "",
    };
    let cookie = format!(
        "{COOKIE_NAME}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    let cookie = HeaderValue::try_from(cookie)
        .map_err(|_| Error::bug("a cookie cannot be written as a header"))?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Make a path to a job's media
///
/// All files of the job lie below `base`, so that a player that knows the playlist finds the rest. Whoever has the path needs
/// nothing else, from any page, until it expires; it cannot be revoked.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/media-link", operation_id = "linkMedia", tag = "access",
    params(JobPath),
    request_body(content = LinkSpec, content_type = "application/json"),
    responses((status = 200, description = "The path.", body = MediaLink), OneJob, Writes)
)]
pub(super) async fn link(
    State(api): State<Api>,
    seen: Seen,
    Job(id): Job,
    _: NoQuery,
    Body(spec): Body<LinkSpec>,
) -> Result<Json<MediaLink>, Problem> {
    seen.job(id).await?;
    Ok(Json(api.gate.link(id, spec.expires_in)?))
}
