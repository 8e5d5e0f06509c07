//! Events as they are recorded, as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! In: a filter, the number of the last event a client has. Out: an endless body. Invariant: events come from the store by
//! their number, so none is missed or sent twice whatever breaks between; a reader that takes nothing for 30 s is cut off,
//! and so is one whose token was revoked. Refuses more than 32 readers at a time.

use crate::engine::{Context, listing};
use crate::store::{EventFilter, StoreError};
use crate::web::access::{How, Who};
use crate::web::answer::{Answered, Problem, digits};
use crate::web::listener::Line;
use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Readers at a time.
const READERS: usize = 32;
/// Events read from the store at once.
const PIECE: usize = 50;
/// How soon a new event is seen.
const LOOK: Duration = Duration::from_millis(300);
/// After so many looks (15 s) a reader hears that we are here, and is asked whether it still may.
const BEAT: u32 = 50;
/// Longest a reader may take for a piece.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so many looks (an hour) a stream ends and its client begins anew where it was.
const LONGEST: u32 = 12_000;

/// Places for readers.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Semaphore>);

/// Gives the route its places.
pub(super) fn places() -> Extension<Places> {
    Extension(Places(Arc::new(Semaphore::new(READERS))))
}

/// Whether a stream is asked for: a browser's `EventSource` and every client of such streams say so.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).into_iter().filter_map(|v| v.to_str().ok());
    accept.flat_map(|v| v.split(',')).any(|v| v.split(';').next().unwrap_or_default().trim() == "text/event-stream")
}

/// What a stream needs of its request.
pub(super) struct Follow {
    places: Option<Places>,
    line: Line,
    who: Option<Who>,
}

impl<S: Sync> FromRequestParts<S> for Follow {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let of = &parts.extensions;
        Ok(Self { places: of.get().cloned(), line: of.get().cloned().unwrap_or_default(), who: of.get().cloned() })
    }
}

impl Follow {
    /// Begins a stream: behind `Last-Event-ID`, else with what `since` asks for, else with what comes from now on.
    #[expect(clippy::disallowed_methods, reason = "a reader that takes nothing must be cut off by somebody else")]
    pub(super) async fn begin(self, cx: &Context, filter: EventFilter, headers: &HeaderMap) -> Answered {
        let last = match headers.get("last-event-id") {
            None if filter.since.is_some() => 0,
            None => newest(cx).await?,
            Some(id) => id.to_str().ok().and_then(digits).ok_or_else(|| Problem::bad("Last-Event-ID: a number"))?,
        };
        let place = self.places.and_then(|p| p.0.try_acquire_owned().ok());
        let place = place.ok_or_else(|| {
            let told = format!("{READERS} readers follow already: try again later, or ask for pages");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, told)
        })?;
        // One piece at a time: what a slow reader has not taken stays in the store.
        let (pieces, out) = mpsc::channel(1);
        let source = Source { cx: cx.clone(), filter, last, pieces, line: self.line, who: self.who };
        tokio::spawn(source.run());
        let mut r = Response::new(Body::new(Stream { out, _place: place }));
        let headers = r.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx would keep events back until its buffer is full.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        Ok(r)
    }
}

/// The number of the newest event.
async fn newest(cx: &Context) -> Result<i64, StoreError> {
    let found = cx.store.events(EventFilter { limit: 1, ..EventFilter::default() }).await?;
    Ok(found.first().map_or(0, |(e, _)| e.id.0))
}

struct Stream {
    out: mpsc::Receiver<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.out.poll_recv(cx).map(|piece| piece.map(|p| Ok(Frame::data(p))))
    }
}

/// Why a stream ends.
enum End {
    /// The reader is gone, may not any more, or shall begin anew.
    Over,
    /// The reader takes nothing: its connection is closed, or it would be kept for ever.
    Slow,
}

/// What fills one stream.
struct Source {
    cx: Context,
    filter: EventFilter,
    last: i64,
    pieces: mpsc::Sender<Bytes>,
    line: Line,
    who: Option<Who>,
}

impl Source {
    async fn run(mut self) {
        if let Err(End::Slow) = self.go_on().await {
            tracing::info!(
                "a reader of the stream of events took nothing for {} s and was cut off",
                PATIENCE.as_secs()
            );
            self.line.cut.cancel();
        }
    }

    async fn go_on(&mut self) -> Result<(), End> {
        self.send("retry: 2000\n\n".into()).await?;
        let mut seen = None;
        for n in 1..=LONGEST {
            let changes = self.cx.store.changes();
            if seen.replace(changes) != Some(changes) {
                self.catch_up().await?;
            }
            if n % BEAT == 0 {
                self.still_may().await?;
                self.send(": still here\n\n".into()).await?;
            }
            self.rest().await?;
        }
        Ok(())
    }

    /// Everything recorded behind the last event.
    async fn catch_up(&mut self) -> Result<(), End> {
        let over = |e: StoreError| {
            tracing::warn!("a stream of events ends, its reader may begin anew: {e}");
            End::Over
        };
        // Asked first: behind this number nothing that fits the filter can be missed.
        let newest = newest(&self.cx).await.map_err(over)?;
        loop {
            let behind = EventFilter { after: Some(self.last), limit: PIECE, ..self.filter.clone() };
            let found = self.cx.store.events(behind).await.map_err(over)?;
            let Some((last, _)) = found.last() else { break };
            self.last = last.id.0;
            let shown = listing::events(&self.cx, &found).await.map_err(over)?;
            let piece = found.iter().zip(shown).map(|((e, _), v)| format!("id: {}\ndata: {v}\n\n", e.id)).collect();
            self.send(piece).await?;
        }
        self.last = self.last.max(newest);
        Ok(())
    }

    /// A token may have been revoked meanwhile.
    async fn still_may(&self) -> Result<(), End> {
        let Some(who) = &self.who else { return Ok(()) };
        match who.how {
            How::Local | How::Proxy => Ok(()),
            How::Token | How::Session => {
                let (now, all) = (self.cx.clock.now(), self.cx.store.tokens().await.map_err(|_| End::Over)?);
                if all.iter().any(|t| t.name == who.name && t.lives(now)) { Ok(()) } else { Err(End::Over) }
            }
        }
    }

    async fn send(&self, piece: String) -> Result<(), End> {
        match tokio::time::timeout(PATIENCE, self.pieces.send(piece.into())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Over),
            Err(_) => Err(End::Slow),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "what is recorded wakes nobody: a number is looked at")]
    async fn rest(&self) -> Result<(), End> {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => Ok(()),
            () = self.line.stopping.cancelled() => Err(End::Over),
            () = self.pieces.closed() => Err(End::Over),
        }
    }
}
