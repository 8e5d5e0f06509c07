//! Serving HTTP/1 with deadlines: hyper under axum's router.
//!
//! In: a bound socket, what answers. Out: answers, until told to stop. Invariant: a client that sends its head slower than
//! 10 s is cut off, and connections are bounded. Refuses to wait for idle clients at the end.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

/// Longest a client may take for its head; also how long an idle connection is kept.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Most headers of a request.
const MOST_HEADERS: usize = 100;
/// Most bytes of a head.
const LARGEST_HEAD: usize = 64 * 1024;
/// Pause after the system refused us a connection (no file handles).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Most connections at a time on one listener.
pub const MOST_CONNECTIONS: usize = 2_048;

/// Who is at the other end of a connection, as every request carries it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The connection a request came by, for an answer that does not end by itself.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// The listener is stopping: end the answer.
    pub stopping: CancellationToken,
    /// Closes the connection at once, whatever is on its way.
    pub cut: CancellationToken,
}

/// What answers, replaced while it is asked: each request takes what stands there when it comes.
#[derive(Debug)]
pub struct Live<T>(Arc<RwLock<T>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Live<T> {
    /// Begins with one.
    pub fn new(first: T) -> Self {
        Self(Arc::new(RwLock::new(first)))
    }
    /// What stands there now.
    pub fn now(&self) -> T {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Puts another in its place.
    pub fn set(&self, next: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

/// What answers on a listener: a router, or what stands before one.
pub trait Answers: Clone + Send + Sync + 'static {
    /// Answers one request.
    fn answer(self, r: Request<Body>) -> impl Future<Output = Response> + Send;
}

impl Answers for Router {
    async fn answer(mut self, r: Request<Body>) -> Response {
        match self.call(r).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// Serves until `stop`, then lets running requests end. Returns when all have.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve_live(listener, Live::new(router), stop).await;
}

/// As [`serve`], by what may be replaced.
pub async fn serve_live<A: Answers>(listener: TcpListener, live: Live<A>, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let running = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            a = listener.accept() => a,
        };
        let Ok((stream, peer)) = accepted else {
            pause().await;
            continue;
        };
        // Full: the connection is closed at once, so the sender tries again instead of waiting.
        let Ok(permit) = room.clone().try_acquire_owned() else { continue };
        let _ = stream.set_nodelay(true);
        let live = live.clone();
        let line = Line { stopping: stop.clone(), cut: CancellationToken::new() };
        running.spawn(async move {
            let _permit = permit;
            let of_requests = line.clone();
            let service = hyper::service::service_fn(move |mut r: Request<Incoming>| {
                r.extensions_mut().insert(Peer(peer));
                r.extensions_mut().insert(of_requests.clone());
                let now = live.now();
                async move { Ok::<_, Infallible>(now.answer(r.map(Body::new)).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_DEADLINE)
                .max_headers(MOST_HEADERS)
                .max_buf_size(LARGEST_HEAD)
                .serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            tokio::select! {
                // A client that went away or broke the protocol is its own affair.
                _ = connection.as_mut() => {}
                () = line.cut.cancelled() => {}
                () = line.stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }
    drop(listener);
    running.close();
    running.wait().await;
}

#[expect(clippy::disallowed_methods, reason = "out of file handles: accepting again at once would spin")]
async fn pause() {
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
