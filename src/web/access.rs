//! Who asks the private side: loopback, a token, the session of a browser, or a proxy that signs people in.
//!
//! In: every request of the private listener. Out: the same request with its [`Who`], or 401, 403, 421, 429. Invariant: without
//! a `Who` only health and the sign-in are answered; what changes something comes from a page of ours or is no browser's
//! doing; every answer carries strict headers. Refuses to say why a token is wrong.

mod limit;
mod sign_in;
mod who;

pub use who::{Form, How, Who};

use super::answer::Problem;
use super::listener::Peer;
use crate::crypto::{HmacKey, equal, sha256};
use crate::engine::Context;
use crate::engine::access::{Access, Proxy, is_loopback_name};
use crate::engine::tokens;
use crate::model::Role;
use crate::model::text::one_line;
use crate::store::TokenRow;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use limit::Limit;
use secrecy::ExposeSecret;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Where people sign in.
pub const SIGN_IN: &str = "/sign-in";
/// Where they sign out.
pub const SIGN_OUT: &str = "/sign-out";
/// What is answered to everybody.
const OPEN: [&str; 4] = ["/healthz", "/readyz", SIGN_IN, "/style.css"];
/// The cookie of a session; over https its name keeps other hosts of the domain from setting it.
const COOKIE: &str = "forewarn_session";
const SECURE_COOKIE: &str = "__Host-forewarn_session";
/// Where a proxy proves itself.
const PROXY_SECRET: &str = "x-forewarn-proxy";
/// What a proxy adds: the one who asks is then not on this machine.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Set on every answer that does not set them itself (<https://owasp.org/www-project-secure-headers>). Not `no-referrer`: with it
/// browsers send `Origin: null` with our own forms.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), browsing-topics=()"),
    ("cache-control", "no-store"),
];

/// The door of the private side.
pub struct Door {
    cx: Context,
    access: Access,
    key: HmacKey,
    limit: Limit,
}

impl Door {
    /// `key` is the secret of this instance.
    pub fn new(cx: Context, access: Access, key: &[u8]) -> Arc<Self> {
        Arc::new(Self { cx, access, key: HmacKey::new(key), limit: Limit::default() })
    }

    /// Puts the door before everything a router answers, and adds the sign-in.
    pub fn guard(self: &Arc<Self>, inside: Router) -> Router {
        let own = Router::new()
            .route(SIGN_IN, get(sign_in::page).post(sign_in::enter))
            .route(SIGN_OUT, axum::routing::post(sign_in::leave))
            .with_state(self.clone());
        inside.merge(own).layer(from_fn_with_state(self.clone(), pass))
    }

    /// What a form of this holder must send back as `csrf`.
    fn csrf(&self, holder: &str) -> String {
        hex::encode(&self.key.tag(&[b"csrf\0", holder.as_bytes()])[..16])
    }

    fn secure(&self) -> bool {
        self.access.url.as_ref().is_some_and(|u| u.scheme() == "https")
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure() { SECURE_COOKIE } else { COOKIE }
    }

    fn cookie<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let all = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
        let named = |part: &'h str| part.trim().split_once('=').filter(|(n, _)| *n == self.cookie_name());
        all.flat_map(|v| v.split(';')).find_map(named).map(|(_, v)| v)
    }

    /// Whether the name somebody asked for is one of ours: a page of a stranger whose name was made to point here (DNS
    /// rebinding) asks for the stranger's.
    fn is_our_name(&self, headers: &HeaderMap) -> bool {
        let Some(ours) = &self.access.hosts else { return true };
        let Some(host) = headers.get(header::HOST).and_then(|v| v.to_str().ok()) else { return false };
        let name = without_port(host).to_lowercase();
        is_loopback_name(&name) || ours.contains(&name)
    }

    /// Whether what would change something comes from a page of ours, or from no page at all.
    fn is_our_page(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        if headers.get("sec-fetch-site").is_some() && !matches!(text("sec-fetch-site"), Some("same-origin" | "none")) {
            return false;
        }
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let by_host = origin.split_once("://").is_some_and(|(_, host)| text("host") == Some(host));
        let by_url = self.access.url.as_ref().is_some_and(|u| u.origin().ascii_serialization() == origin);
        by_host || by_url
    }

    /// Who asks; nobody when nothing was shown, a problem when what was shown is wrong.
    async fn who(&self, headers: &HeaderMap, peer: IpAddr) -> Result<Option<Who>, Problem> {
        let now = self.cx.clock.now();
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let text = given.to_str().unwrap_or_default();
            let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let row = self.try_token(token.map_or("", |(_, t)| t.trim()), peer).await?;
            return Ok(Some(self.holder(&row, How::Token)));
        }
        if let Some(cookie) = self.cookie(headers)
            && let Some(row) = tokens::session(&self.cx, cookie, now).await?
        {
            return Ok(Some(self.holder(&row, How::Session)));
        }
        if let Some(p) = self.access.proxy.as_ref().filter(|p| proves_itself(p, headers, peer)) {
            return Ok(self.sent_by(p, headers));
        }
        let outside = FORWARDED.iter().any(|h| headers.contains_key(*h));
        if self.access.sign_in || outside || !peer.to_canonical().is_loopback() {
            return Ok(None);
        }
        let name = "local".to_owned();
        Ok(Some(Who { role: Role::Admin, csrf: self.csrf("local\0"), name, how: How::Local }))
    }

    /// The holder of a token, or 401, or 429 after too many wrong ones.
    async fn try_token(&self, token: &str, peer: IpAddr) -> Result<TokenRow, Problem> {
        let now = self.cx.clock.now();
        let hash = sha256(&[token.as_bytes()]);
        if !self.limit.may_try(peer, &hash, now) {
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens: wait a minute"));
        }
        match tokens::holder(&self.cx, token, now).await? {
            Some(row) => {
                self.limit.right(hash);
                Ok(row)
            }
            None => {
                if self.limit.wrong(peer, now) {
                    tracing::warn!(peer = %peer, "many wrong tokens from one address: it has to wait");
                }
                Err(Problem::new(StatusCode::UNAUTHORIZED, "this token opens nothing here"))
            }
        }
    }

    fn holder(&self, row: &TokenRow, how: How) -> Who {
        Who { role: row.role, name: row.name.clone(), how, csrf: self.csrf(&format!("token\0{}", row.id)) }
    }

    fn sent_by(&self, p: &Proxy, headers: &HeaderMap) -> Option<Who> {
        let one = |name: &str| {
            let mut all = headers.get_all(name).into_iter();
            let first = all.next().and_then(|v| v.to_str().ok()).filter(|v| !v.trim().is_empty());
            if all.next().is_some() { None } else { first }
        };
        let name = one_line(one(&p.user_header)?, 80);
        let role = p.role_of(&name, one(&p.groups_header).unwrap_or_default());
        Some(Who { role, csrf: self.csrf(&format!("proxy\0{name}")), name, how: How::Proxy })
    }
}

/// The address and, where it has one, the secret.
fn proves_itself(p: &Proxy, headers: &HeaderMap, peer: IpAddr) -> bool {
    let shown = headers.get(PROXY_SECRET).map_or(&b""[..], HeaderValue::as_bytes);
    p.is_at(peer) && p.secret.as_ref().is_none_or(|s| equal(s.expose_secret().as_bytes(), shown))
}

fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(at) if !host.ends_with(']') => &host[..at],
        _ => host,
    }
}

async fn pass(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    // Without a peer (tests in process) nobody is on this machine's outside.
    let peer = request.extensions().get::<Peer>().map_or(Ipv4Addr::LOCALHOST.into(), |p| p.0.ip());
    let browser = wants_page(&request);
    let mut answer = match admit(&door, &mut request, peer).await {
        Ok(()) => next.run(request).await,
        Err(p) if browser && p.status() == StatusCode::UNAUTHORIZED => {
            let back = request.uri().path_and_query().map_or("/", |p| p.as_str());
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
            Redirect::to(&format!("{SIGN_IN}?{query}")).into_response()
        }
        Err(p) => p.into_response(),
    };
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"forewarn\""));
    }
    for (name, value) in HEADERS {
        answer.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    answer
}

async fn admit(door: &Door, request: &mut Request, peer: IpAddr) -> Result<(), Problem> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !door.is_our_name(request.headers()) {
        let told = "this is not known by that name: set private_url, or add it to [access] hosts";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, told));
    }
    if changes && !door.is_our_page(request.headers()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this came from another site's page: nothing was changed"));
    }
    let open = OPEN.contains(&request.uri().path());
    let who = match door.who(request.headers(), peer).await {
        Ok(who) => who,
        Err(_) if open => None,
        Err(p) => return Err(p),
    };
    match who {
        Some(who) => {
            if changes && request.uri().path() != SIGN_OUT && !open {
                who.may(Role::Act)?;
            }
            request.extensions_mut().insert(who);
            Ok(())
        }
        None if open => Ok(()),
        None => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "send Authorization: Bearer with a token of `forewarn token add`, or sign in",
        )),
    }
}

/// Whether a person in a browser asks for a page.
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    request.method() == Method::GET && accept.contains("text/html") && !request.uri().path().starts_with("/api/")
}

#[cfg(test)]
mod tests;
