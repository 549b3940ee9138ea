//! Finds out who asks, and refuses what they may not. The one place where a request gets what its handler sees with.
//!
//! Not here: what each route asks for (`rules`), or whether a key is good (the port [`newsreel_model::access::Gate`]).

use axum::extract::{FromRequestParts, MatchedPath, Path, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, request::Parts};
use axum::middleware::Next;
use axum::response::Response;
use newsreel_model::access::{Credential, Scope};
use newsreel_model::{Code, Error};

use super::rules::{Need, need};
use super::{origin, rate};
use crate::media::Named;
use crate::problem::{Problem, Reason};
use crate::seen::Seen;
use crate::state::Api;

/// The cookie that stands for a key.
pub(crate) const COOKIE_NAME: &str = "newsreel";

/// Why a caller who is known may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The scope is not theirs.
    Scope(Scope),
    /// They see one tenant alone.
    Whole,
    /// They have not shown a key.
    NoKey,
}

/// 401 for a request that does not say who sends it, 403 for one whose sender may not, 429 for one too many.
pub(crate) async fn check(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    // What leads nowhere is answered alike, whoever asks.
    let Some(path) = parts.extensions.get::<MatchedPath>().cloned() else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let need = need(&parts.method, path.as_str());
    let seen = match need {
        Need::Anyone => None,
        Need::Media => Some(media(&api, &mut parts).await?),
        _ => Some(admitted(&api, &parts, need).await?),
    };
    if let Some(seen) = seen {
        parts.extensions.insert(seen);
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

async fn media(api: &Api, parts: &mut Parts) -> Result<Seen, Problem> {
    let path = Path::<(String, String)>::from_request_parts(parts, api).await;
    let named = path.ok().map(|Path((first, rest))| Named::new(first, rest));
    match named.and_then(|named| Some((named.token?, named.job))) {
        Some((token, job)) => {
            let job = job.parse().ok().filter(|job| api.gate.opens(&token, *job));
            job.map(|job| Seen::through_link(api, job)).ok_or_else(|| {
                let words = "the link is not good for this, or no more; ask for another";
                Problem::from(Error::new(Code::Unauthenticated, words))
            })
        }
        None => admitted(api, parts, Need::Media).await,
    }
}

async fn admitted(api: &Api, parts: &Parts, need: Need) -> Result<Seen, Problem> {
    let credential = credential(&parts.headers)?;
    let who = api.gate.identify(credential.clone()).await?;
    // A browser shows these for whatever page it is on.
    if who.is_ambient() && !origin::is_own(parts)? {
        return Err(Problem::new(
            Reason::OriginForbidden,
            "a page of another origin may not see anything here, save through a media link or with a token",
        ));
    }
    need.admits(&who).map_err(refused)?;
    rate::check(api, &who)?;
    Ok(Seen::by(api, who, credential))
}

fn refused(why: Refusal) -> Problem {
    let (code, words) = match why {
        Refusal::Scope(scope) => (
            Code::AccessForbidden,
            format!(
                "this needs the scope `{}`, which the key does not have",
                scope.name()
            ),
        ),
        Refusal::Whole => (
            Code::AccessForbidden,
            "this shows all tenants, and the key is one tenant's".to_owned(),
        ),
        Refusal::NoKey => (
            Code::Unauthenticated,
            "this is given for a key alone: send it as `Authorization: Bearer nr_…`".to_owned(),
        ),
    };
    Error::new(code, words).into()
}

/// What a request carries; a header that was set on purpose goes before a cookie.
fn credential(headers: &HeaderMap) -> Result<Credential, Problem> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let wrong = || {
        let words = "`Authorization` must be sent once, as `Bearer` and a key or token";
        Problem::from(Error::new(Code::Unauthenticated, words))
    };
    match (all.next(), all.next()) {
        (None, _) => Ok(cookie(headers).map_or(Credential::None, Credential::Cookie)),
        (Some(only), None) => {
            let text = only.to_str().map_err(|_| wrong())?;
            let (scheme, rest) = text.split_once(' ').ok_or_else(wrong)?;
            let token = rest.trim();
            let bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
            bearer
                .then(|| Credential::Bearer(token.to_owned()))
                .ok_or_else(wrong)
        }
        (Some(_), Some(_)) => Err(wrong()),
    }
}

/// The value of our cookie, if there is one.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(COOKIE).iter();
    let mut pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value.to_owned())
}
