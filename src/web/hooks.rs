//! The public listener: hooks and health.
//!
//! In: requests. Out: the answers of the table in `docs/`: 200, 400, 401, 404, 405, 408, 413, 415, 503. Invariant: the
//! body is read under a cap and a deadline, and handed on byte for byte. Refuses redirects and reasons.
//!
//! A plain path of a hook is answered before the router, which would box the handler and copy the parts of the path for every
//! delivery; the router has the same routes, for paths that must be decoded first.

use super::bodies::Bodies;
use super::listener::Answers;
use crate::engine::Context;
use crate::engine::receive::{Answer, Endpoint, PATH, Receiver, Reply};
use crate::model::Payload;
use crate::provider::verify::Refusal;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::{any, get};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::time::Duration;

/// Longest a body may take.
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// After a refusal: how much more is read, so that the sender sees the answer, and for how long.
const DRAIN: usize = 8 << 20;
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// What the hooks hold.
pub struct Hooks {
    /// The hooks.
    pub receiver: Arc<Receiver>,
    /// What the engine needs.
    pub cx: Context,
}

/// The public side: hooks, and whatever else is given.
#[derive(Clone)]
pub struct Public {
    front: Arc<Front>,
    rest: Router,
}

struct Front {
    hooks: Hooks,
    bodies: Bodies,
}

impl Public {
    /// Hooks and health before `rest`; nothing else exists there.
    pub fn new(hooks: Hooks, rest: Router) -> Self {
        let front = Arc::new(Front { hooks, bodies: Bodies::default() });
        let routes = Router::new()
            .route("/hooks/{provider}", any(main_account))
            .route("/hooks/{provider}/{account}", any(account))
            .route("/hooks/{provider}/{account}/{token}", any(with_token))
            .route("/healthz", get(healthz))
            .with_state(front.clone());
        Self { front, rest: routes.merge(rest) }
    }
}

impl Answers for Public {
    async fn answer(self, r: Request) -> Response {
        let uri = r.uri().clone();
        match steps(uri.path()) {
            Some((provider, account, token)) => hook(&self.front, provider, account.unwrap_or("main"), token, r).await,
            None => self.rest.answer(r).await,
        }
    }
}

/// Provider, account and token of the path of a hook, where they stand in it as they are.
fn steps(path: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
    let mut steps = path.strip_prefix("/hooks/").filter(|p| !p.contains('%'))?.split('/');
    let found = (steps.next()?, steps.next(), steps.next());
    let whole = !found.0.is_empty() && found.1 != Some("") && found.2 != Some("");
    (whole && steps.next().is_none()).then_some(found)
}

async fn healthz(State(f): State<Arc<Front>>) -> Response {
    if f.hooks.receiver.low_disk() { later("the disk is nearly full") } else { plain(StatusCode::OK, "ok\n") }
}

async fn main_account(State(f): State<Arc<Front>>, Path(provider): Path<String>, r: Request) -> Response {
    hook(&f, &provider, "main", None, r).await
}

async fn account(
    State(f): State<Arc<Front>>,
    Path((provider, account)): Path<(String, String)>,
    r: Request,
) -> Response {
    hook(&f, &provider, &account, None, r).await
}

async fn with_token(
    State(f): State<Arc<Front>>,
    Path((provider, account, token)): Path<(String, String, String)>,
    r: Request,
) -> Response {
    hook(&f, &provider, &account, Some(&token), r).await
}

async fn hook(f: &Front, provider: &str, account: &str, token: Option<&str>, r: Request) -> Response {
    let h = &f.hooks;
    let Some(endpoint) = h.receiver.endpoint(provider, account, token.is_some()) else {
        return refuse(r.into_body(), plain(StatusCode::NOT_FOUND, "not found\n")).await;
    };
    let method = r.method().as_str();
    if endpoint.greets()
        && let Some(reply) = endpoint.greeting(method, &wanted(endpoint, r.headers(), r.uri()))
    {
        return refuse(r.into_body(), reply_of(reply)).await;
    }
    if !endpoint.methods.iter().any(|m| m == method) {
        let mut no = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
        let all: Vec<&str> = endpoint.methods.iter().chain(&endpoint.asking).map(String::as_str).collect();
        if let Ok(allowed) = HeaderValue::from_str(&all.join(", ")) {
            no.headers_mut().insert(header::ALLOW, allowed);
        }
        return refuse(r.into_body(), no).await;
    }
    let (head, body) = r.into_parts();
    let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
    if chunked && head.headers.contains_key(header::CONTENT_LENGTH) {
        return closing(plain(StatusCode::BAD_REQUEST, "content-length beside transfer-encoding\n"));
    }
    if head.headers.contains_key(header::CONTENT_ENCODING) {
        return refuse(body, plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body without a content-encoding\n"))
            .await;
    }
    let bytes = match read(&f.bodies, body, endpoint.max_body).await {
        Ok(b) => b,
        Err(no) => return closing(no),
    };
    let payload = Payload::new(wanted(endpoint, &head.headers, &head.uri), bytes);
    let answer = match h.receiver.receive(endpoint, payload, token, &h.cx).await {
        Answer::Stored(status) => plain(StatusCode::from_u16(status).unwrap_or(StatusCode::OK), "ok\n"),
        Answer::Asked(reply) => reply_of(reply),
        Answer::Refused(Refusal::Doubled) => plain(StatusCode::BAD_REQUEST, "a header came twice\n"),
        // A wrong secret path is no hook at all.
        Answer::Refused(_) if token.is_some() => plain(StatusCode::NOT_FOUND, "not found\n"),
        Answer::Refused(_) => unauthorized(endpoint),
        Answer::Unavailable(why) => {
            tracing::warn!(connection = %endpoint.connection, "a delivery could not be stored: {why}");
            later("cannot store now")
        }
    };
    // hyper drops a Content-Length that follows Transfer-Encoding, so both together cannot always be seen: a connection
    // that sends chunks is never used again, and nothing can be smuggled behind its body.
    if chunked { closing(answer) } else { answer }
}

/// The headers that matter, as often as they came; one that is not text counts as missing.
fn wanted(e: &Endpoint, headers: &HeaderMap, uri: &Uri) -> Vec<(String, String)> {
    let mut out = Vec::with_capacity(e.wanted.len());
    for name in &e.wanted {
        if name == PATH {
            out.extend(uri.path_and_query().map(|p| (name.clone(), p.as_str().to_owned())));
            continue;
        }
        out.extend(
            headers.get_all(name.as_str()).iter().filter_map(|v| v.to_str().ok()).map(|v| (name.clone(), v.to_owned())),
        );
    }
    out
}

async fn read(bodies: &Bodies, body: Body, cap: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(BODY_DEADLINE, collect(bodies, body, cap)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Some(rest))) => Err(refuse(rest, plain(StatusCode::PAYLOAD_TOO_LARGE, "body too large\n")).await),
        Ok(Err(None)) => Err(plain(StatusCode::BAD_REQUEST, "the body ended early\n")),
        Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, "the body took too long\n")),
    }
}

/// The whole body, or what is left of it where it passes the cap. It is copied out of hyper's buffer: held, that buffer
/// could not be used for the next request.
async fn collect(bodies: &Bodies, mut body: Body, cap: usize) -> Result<Bytes, Option<Body>> {
    use axum::body::HttpBody;
    let expected = body.size_hint().lower();
    if expected > cap as u64 {
        return Err(Some(body));
    }
    let mut all = bodies.room(usize::try_from(expected).unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(None) };
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > cap {
            return Err(Some(body));
        }
        all.extend_from_slice(&data);
    }
    Ok(bodies.filled(all))
}

/// Reads a bounded rest, so that the answer is not lost in a broken pipe, then closes.
async fn refuse(mut rest: Body, answer: Response) -> Response {
    let drain = async {
        let mut left = DRAIN;
        while let Some(Ok(frame)) = rest.frame().await {
            left = left.saturating_sub(frame.into_data().map_or(0, |d| d.len()));
            if left == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_DEADLINE, drain).await;
    closing(answer)
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut r = Response::new(Body::from(text));
    *r.status_mut() = status;
    r
}

/// Some senders give user and password only after they were asked (RFC 7617).
fn unauthorized(e: &Endpoint) -> Response {
    let mut r = plain(StatusCode::UNAUTHORIZED, "unauthorized\n");
    if e.asks_for_password() {
        r.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"forewarn\""));
    }
    r
}

/// The answer to a question; what a provider file says cannot break it.
fn reply_of(reply: Reply) -> Response {
    let mut r = Response::new(Body::from(reply.body));
    *r.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            r.headers_mut().insert(name, value);
        }
    }
    r
}

fn later(text: &'static str) -> Response {
    let mut r = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    r.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    r
}

fn closing(mut r: Response) -> Response {
    r.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    r
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn a_plain_path_of_a_hook_is_taken_apart_and_every_other_is_left_to_the_router() {
        assert_eq!(steps("/hooks/openai"), Some(("openai", None, None)));
        assert_eq!(steps("/hooks/openai/support"), Some(("openai", Some("support"), None)));
        assert_eq!(steps("/hooks/openai/support/t0ken"), Some(("openai", Some("support"), Some("t0ken"))));
        for other in
            ["/", "/hooks", "/hooks/", "/hooks//a", "/hooks/a/", "/hooks/a//t", "/hooks/a/b/c/", "/hooks/a/b/c/d"]
        {
            assert_eq!(steps(other), None, "{other}");
        }
        assert_eq!(steps("/hooks/open%61i"), None, "a path that must be decoded");
        assert_eq!(steps("/healthz"), None);
    }
}
