//! The public side as the outside meets it: the table of answers, in process and over real sockets.

use crate::harness::*;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Response};
use bytes::Bytes;
use hyper::body::Frame;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const HOOK: &str = "/hooks/generic-hmac/shop";

/// A body of pieces whose length nobody was told; `ends` says whether it ever does.
struct Pieces {
    left: Vec<Bytes>,
    ends: bool,
}
impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.left.pop() {
            Some(b) => Poll::Ready(Some(Ok(Frame::data(b)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

fn signed(w: &World, body: &str) -> axum::http::request::Builder {
    let (name, value) = w.proof("generic-hmac/shop", PLAIN, "e1", body).remove(0);
    Request::post(HOOK).header(name, value)
}

async fn answer(w: &World, request: Request<Body>) -> (u16, String) {
    let r: Response<Body> = w.send(request).await;
    let status = r.status();
    assert!(!status.is_redirection() && !r.headers().contains_key("location"));
    let body = axum::body::to_bytes(r.into_body(), 1 << 16).await.unwrap();
    (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

async fn status(w: &World, request: axum::http::request::Builder, body: impl Into<Body>) -> u16 {
    answer(w, request.body(body.into()).unwrap()).await.0
}

#[tokio::test]
async fn what_is_stored_and_its_repeat_are_200() {
    let w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    for _ in 0..2 {
        assert_eq!(answer(&w, signed(&w, &body).body(Body::from(body.clone())).unwrap()).await, (200, "ok\n".into()));
    }
    assert_eq!((w.ledger("payloads", "pending").await, w.ledger("payloads", "repeated").await), (1, 1));
    // In pieces it is the same message.
    let half = body.len() / 2;
    let left = vec![Bytes::from(body[half..].to_owned()), Bytes::from(body[..half].to_owned())];
    assert_eq!(status(&w, signed(&w, &body), Body::new(Pieces { left, ends: true })).await, 200);
    assert_eq!(w.ledger("payloads", "repeated").await, 2);
}

#[tokio::test]
async fn what_is_not_proven_is_401_without_a_reason() {
    let w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    let good = signed(&w, &body).body(Body::empty()).unwrap().headers()["x-signature"].clone();
    let mut said = Vec::new();
    for signature in [None, Some(""), Some("zz"), Some("00"), Some(&"0".repeat(64)[..]), Some(&"é".repeat(9)[..])] {
        let mut r = Request::post(HOOK);
        if let Some(s) = signature {
            r = r.header("x-signature", s.as_bytes());
        }
        said.push(answer(&w, r.body(Body::from(body.clone())).unwrap()).await);
    }
    said.push(answer(&w, Request::post(HOOK).header("x-signature", good).body(Body::from(body + " ")).unwrap()).await);
    assert!(said.iter().all(|s| *s == (401, "unauthorized\n".into())), "{said:?}");
}

#[tokio::test]
async fn two_signature_headers_are_400() {
    let w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    assert_eq!(status(&w, signed(&w, &body).header("x-signature", "00"), body).await, 400);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_never_a_redirect() {
    let w = World::new().await;
    for path in [
        "/",
        "/hooks",
        "/hooks/",
        "/hooks/nobody",
        "/hooks/nobody/main",
        "/hooks/openai/",
        "/hooks/openai/other",
        "/hooks/openai/main/",
        "/hooks/openai/main/x/y",
        "/hooks//main",
        "//hooks/openai",
        "/hooks/OPENAI",
        "/hooks/openai/main/a-token-of-22-characters",
        "/hooks/openai%2Fmain",
        "/hooks/..%2f..%2fetc",
        "/hooks/anthropic",
        "/hooks/statuspage/acme",
        "/hooks/statuspage/acme/",
        "/hooks/statuspage/acme/wrong-token-0123456789",
        "/api/v1/status",
        "/readyz",
        "/metrics",
        "/healthz/",
    ] {
        assert_eq!(status(&w, Request::post(path), "{}").await, 404, "{path}");
    }
}

#[tokio::test]
async fn another_method_is_405_and_says_which_is_allowed() {
    let w = World::new().await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let r = w.send(Request::builder().method(method).uri("/hooks/openai").body(Body::empty()).unwrap()).await;
        assert_eq!((r.status().as_u16(), &r.headers()["allow"]), (405, &"POST".parse().unwrap()), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_body_is_408() {
    let w = World::new().await;
    let body = Body::new(Pieces { left: vec![Bytes::from_static(b"{\"id\":")], ends: false });
    assert_eq!(status(&w, Request::post(HOOK), body).await, 408);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_declared_or_not() {
    let w = World::new().await;
    let limit = w.receiver.endpoint("generic-hmac", "shop", false).unwrap().max_body;
    assert_eq!(status(&w, Request::post(HOOK), vec![b'x'; limit]).await, 401, "the limit itself is allowed");
    assert_eq!(status(&w, Request::post(HOOK), vec![b'x'; limit + 1]).await, 413);
    let piece = Bytes::from(vec![b'x'; 8_192]);
    let left = vec![piece; limit / 8_192 + 1];
    assert_eq!(status(&w, Request::post(HOOK), Body::new(Pieces { left, ends: true })).await, 413);
    let tiny = vec![Bytes::from_static(b"x"); limit + 1];
    assert_eq!(status(&w, Request::post(HOOK), Body::new(Pieces { left: tiny, ends: true })).await, 413);
}

#[tokio::test]
async fn a_content_encoding_is_415() {
    let w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    assert_eq!(status(&w, signed(&w, &body).header("content-encoding", "gzip"), body).await, 415);
}

#[tokio::test]
async fn a_full_disk_is_503_with_a_time_to_come_back() {
    let w = World::new().await;
    w.receiver.set_low_disk(true);
    let body = w.shop("e1", "incident.opened", "db-1");
    let r = w.send(signed(&w, &body).body(Body::from(body.clone())).unwrap()).await;
    assert_eq!((r.status().as_u16(), &r.headers()["retry-after"]), (503, &"10".parse().unwrap()));
    assert_eq!(status(&w, Request::get("/healthz"), "").await, 503);
    assert_eq!(status(&w, Request::post(HOOK), body.clone()).await, 401, "a stranger learns nothing of our disk");
    w.receiver.set_low_disk(false);
    assert_eq!(status(&w, signed(&w, &body), body).await, 200);
    assert_eq!(status(&w, Request::get("/healthz"), "").await, 200);
}

/// The real listener on a port of its own, until it is dropped.
struct Served {
    at: SocketAddr,
    stop: CancellationToken,
    task: JoinSet<()>,
}

async fn serve(w: &World) -> Served {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let mut task = JoinSet::new();
    let public = forewarn::web::listener::Live::new(w.public());
    task.spawn(forewarn::web::listener::serve_live(listener, public, stop.clone()));
    Served { at, stop, task }
}

/// Sends bytes and hears everything until the other side hangs up.
async fn raw(at: SocketAddr, bytes: &[u8]) -> String {
    let mut s = TcpStream::connect(at).await.unwrap();
    // The other side may hang up while we still send; what it said counts.
    let _ = s.write_all(bytes).await;
    let (mut heard, mut piece) = (Vec::new(), [0; 4_096]);
    while let Ok(n @ 1..) = s.read(&mut piece).await {
        heard.extend_from_slice(&piece[..n]);
    }
    String::from_utf8(heard).unwrap()
}

fn statuses(heard: &str) -> Vec<&str> {
    heard.split("HTTP/1.1 ").skip(1).map(|r| &r[..3]).collect()
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_431() {
    let w = World::new().await;
    let s = serve(&w).await;
    let many: String = (0..101).map(|i| format!("x-{i}: y\r\n")).collect();
    let heard = raw(s.at, format!("POST {HOOK} HTTP/1.1\r\nhost: x\r\n{many}\r\n").as_bytes()).await;
    assert_eq!(statuses(&heard), ["431"]);
    let large = "y".repeat(200 * 1024);
    let heard = raw(s.at, format!("POST {HOOK} HTTP/1.1\r\nhost: x\r\nx-large: {large}\r\n\r\n").as_bytes()).await;
    assert_eq!(statuses(&heard), ["431"]);
}

#[tokio::test]
async fn malformed_http_is_400() {
    let w = World::new().await;
    let s = serve(&w).await;
    for bytes in
        ["hello\r\n\r\n", "POST / HTTP/1.1\r\nbad header\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"]
    {
        assert_eq!(statuses(&raw(s.at, bytes.as_bytes()).await), ["400"], "{bytes:?}");
    }
}

#[tokio::test]
async fn content_length_beside_chunks_is_one_answer_and_the_end_of_the_connection() {
    let w = World::new().await;
    let s = serve(&w).await;
    let second = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for heads in ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        let bytes = format!("POST {HOOK} HTTP/1.1\r\nhost: x\r\n{heads}\r\n\r\n0\r\n\r\n{second}");
        let heard = raw(s.at, bytes.as_bytes()).await;
        let all = statuses(&heard);
        assert!(all == ["400"] || all == ["401"], "{heads}: {heard}");
    }
    let both = Request::post(HOOK).header("content-length", "2").header("transfer-encoding", "chunked");
    assert_eq!(status(&w, both, "{}").await, 400);
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_before_the_connection_ends() {
    let w = World::new().await;
    let s = serve(&w).await;
    let n = 2 * w.receiver.endpoint("generic-hmac", "shop", false).unwrap().max_body;
    let body = "x".repeat(n);
    let declared = format!("POST {HOOK} HTTP/1.1\r\nhost: x\r\ncontent-length: {n}\r\n\r\n{body}");
    assert_eq!(statuses(&raw(s.at, declared.as_bytes()).await), ["413"]);
    let chunked =
        format!("POST {HOOK} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{n:x}\r\n{body}\r\n0\r\n\r\n");
    assert_eq!(statuses(&raw(s.at, chunked.as_bytes()).await), ["413"]);
}

#[tokio::test]
async fn a_hundred_same_deliveries_at_once_are_stored_once() {
    let w = World::new().await;
    let s = serve(&w).await;
    let body = w.shop("e1", "incident.opened", "db-1");
    let (name, value) = w.proof("generic-hmac/shop", PLAIN, "e1", &body).remove(0);
    let n = body.len();
    let request = format!(
        "POST {HOOK} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{name}: {value}\r\ncontent-length: {n}\r\n\r\n{body}"
    );
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let (at, request) = (s.at, request.clone());
        all.spawn(async move { raw(at, request.as_bytes()).await });
    }
    let heard = all.join_all().await;
    assert!(heard.iter().all(|h| statuses(h) == ["200"]), "{heard:?}");
    assert_eq!((w.ledger("payloads", "pending").await, w.ledger("payloads", "repeated").await), (1, 99));
}

#[tokio::test]
async fn a_stop_lets_a_running_request_end_and_takes_no_new_one() {
    let w = World::new().await;
    let mut s = serve(&w).await;
    let body = w.shop("e1", "incident.opened", "db-1");
    let (name, value) = w.proof("generic-hmac/shop", PLAIN, "e1", &body).remove(0);
    let mut c = TcpStream::connect(s.at).await.unwrap();
    let head = format!(
        "POST {HOOK} HTTP/1.1\r\nhost: x\r\n{name}: {value}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    c.write_all(head.as_bytes()).await.unwrap();
    // "100 Continue" says that the request is running: its body is being waited for.
    let mut go = [0; 25];
    c.read_exact(&mut go).await.unwrap();
    assert!(go.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&go));
    s.stop.cancel();
    c.write_all(body.as_bytes()).await.unwrap();
    let mut heard = String::new();
    c.read_to_string(&mut heard).await.unwrap();
    assert_eq!(statuses(&heard), ["200"], "{heard}");
    s.task.join_next().await.unwrap().unwrap();
    assert!(TcpStream::connect(s.at).await.is_err());
    assert_eq!(w.ledger("payloads", "pending").await, 1);
}
