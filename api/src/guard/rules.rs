//! Who may what: one line for each route. What has no line here is for `admin` alone, and a test misses it.
//!
//! Not here: finding out who asks (`access`), or which tenant's jobs they see (`crate::seen`).

use axum::http::Method;
use newsreel_model::access::{Principal, Scope, Via};

use super::access::Refusal;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: it reveals nothing, or what it is sent says enough.
    Anyone,
    /// A scope; of what belongs to tenants only the caller's own is shown.
    Scope(Scope),
    /// A scope for all tenants: it shows what is of several and cannot be told apart.
    Whole(Scope),
    /// A key itself, not what it was swapped for.
    Key,
    /// The scope `read`, or a path that is signed.
    Media,
}

const READ: Need = Need::Scope(Scope::Read);
const SUBMIT: Need = Need::Scope(Scope::Submit);
const ADMIN: Need = Need::Scope(Scope::Admin);

/// Method, path as in the document, need.
pub(crate) const RULES: &[(&str, &str, Need)] = &[
    ("POST", "/v1/jobs", SUBMIT),
    ("GET", "/v1/jobs", READ),
    ("GET", "/v1/jobs/{id}", READ),
    ("PATCH", "/v1/jobs/{id}", SUBMIT),
    ("DELETE", "/v1/jobs/{id}", SUBMIT),
    ("GET", "/v1/jobs/{id}/outputs", READ),
    ("GET", "/v1/jobs/{id}/pictures", READ),
    ("POST", "/v1/jobs/{id}/cancel", SUBMIT),
    ("POST", "/v1/jobs/{id}/retry", SUBMIT),
    ("POST", "/v1/jobs/{id}/poster", SUBMIT),
    ("POST", "/v1/jobs/{id}/media-link", READ),
    ("GET", "/v1/jobs/{id}/events", READ),
    ("GET", "/v1/search", READ),
    ("OPTIONS", "/v1/uploads", Need::Anyone),
    ("POST", "/v1/uploads", SUBMIT),
    ("HEAD", "/v1/uploads/{id}", SUBMIT),
    ("PATCH", "/v1/uploads/{id}", SUBMIT),
    ("DELETE", "/v1/uploads/{id}", SUBMIT),
    ("GET", "/v1/events", READ),
    ("GET", "/v1/ws", READ),
    ("GET", "/v1/devices", READ),
    ("GET", "/v1/profiles", READ),
    ("GET", "/v1/queue", READ),
    ("GET", "/v1/config", Need::Whole(Scope::Admin)),
    ("GET", "/v1/webhooks", ADMIN),
    ("POST", "/v1/webhooks/replay", ADMIN),
    ("POST", "/v1/auth/token", Need::Key),
    ("POST", "/v1/auth/refresh", Need::Anyone),
    ("POST", "/v1/auth/revoke", Need::Anyone),
    ("POST", "/v1/auth/cookie", Need::Key),
    ("DELETE", "/v1/auth/cookie", Need::Anyone),
    ("GET", "/media/{job}/{path}", Need::Media),
    ("HEAD", "/media/{job}/{path}", Need::Media),
    ("OPTIONS", "/media/{job}/{path}", Need::Anyone),
    ("GET", "/metrics", Need::Whole(Scope::Read)),
    ("GET", "/healthz", Need::Anyone),
    ("GET", "/readyz", Need::Anyone),
    ("GET", "/openapi.json", Need::Anyone),
    // The console is the same for everyone; what it shows is asked for with their own key.
    ("GET", "/", Need::Anyone),
    ("GET", "/assets/{file}", Need::Anyone),
];

/// What a method of a path asks for; the path is as the document or the router writes it.
pub(crate) fn need(method: &Method, path: &str) -> Need {
    let path = path.replace("{*", "{");
    let find = |method: &str| {
        let mut all = RULES.iter();
        all.find(|(known, at, _)| *known == method && *at == path)
    };
    let found = find(method.as_str()).or_else(|| match *method {
        // The router answers it as a GET without its body.
        Method::HEAD => find("GET"),
        _ => None,
    });
    found.map_or(ADMIN, |(_, _, need)| *need)
}

impl Need {
    /// Whether a caller may.
    pub(crate) fn admits(self, who: &Principal) -> Result<(), Refusal> {
        let holds = |scope: Scope| match who.grant.allows(scope) {
            true => Ok(()),
            false => Err(Refusal::Scope(scope)),
        };
        match self {
            Self::Anyone => Ok(()),
            Self::Scope(scope) => holds(scope),
            Self::Media => holds(Scope::Read),
            Self::Whole(scope) => match who.grant.tenant {
                Some(_) => Err(Refusal::Whole),
                None => holds(scope),
            },
            Self::Key if who.via == Via::Key => Ok(()),
            Self::Key => Err(Refusal::NoKey),
        }
    }
}
