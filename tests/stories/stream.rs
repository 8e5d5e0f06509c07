//! Events as a stream: nothing is missed, nothing comes twice, a reader that does not read goes.

use crate::harness::*;
use axum::Router;
use forewarn::store::EventFilter;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

struct Served {
    at: SocketAddr,
    stop: CancellationToken,
    all: JoinSet<()>,
}

async fn serve(inside: Router) -> Served {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (at, stop, mut all) = (listener.local_addr().unwrap(), CancellationToken::new(), JoinSet::new());
    all.spawn(forewarn::web::listener::serve(listener, inside, stop.clone()));
    Served { at, stop, all }
}

/// A reader of the stream, as any client of server-sent events is one.
struct Reader {
    line: TcpStream,
    text: String,
}

impl Reader {
    async fn begin(at: SocketAddr, query: &str, last: Option<i64>) -> Self {
        let mut line = TcpStream::connect(at).await.unwrap();
        let last = last.map_or_else(String::new, |n| format!("Last-Event-ID: {n}\r\n"));
        let head =
            format!("GET /api/v1/events{query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{last}\r\n");
        line.write_all(head.as_bytes()).await.unwrap();
        let mut reader = Self { line, text: String::new() };
        reader.until("retry: 2000").await;
        assert!(
            reader.text.contains("200 OK") && reader.text.contains("content-type: text/event-stream"),
            "{}",
            reader.text
        );
        reader
    }

    async fn until(&mut self, word: &str) {
        let mut piece = [0; 4096];
        while !self.text.contains(word) {
            let n = self.line.read(&mut piece).await.unwrap();
            assert!(n > 0, "the stream ended without {word:?}: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&piece[..n]));
        }
    }

    /// The numbers of what came, each beside the id of its event.
    fn ids(&self) -> Vec<i64> {
        let ids = self.text.lines().filter_map(|l| l.strip_prefix("id: ")).map(|l| l.trim().parse().unwrap());
        let events = self
            .text
            .lines()
            .filter_map(|l| l.strip_prefix("data: "))
            .map(|l| serde_json::from_str::<Value>(l).unwrap());
        ids.zip(events).map(|(id, e)| if e["id"] == id { id } else { panic!("{id} holds {e}") }).collect()
    }
}

async fn heard(w: &mut World, n: i64) -> i64 {
    let body = w.shop(&format!("e{n}"), "incident.opened", &format!("db-{n}"));
    assert_eq!(w.deliver("generic-hmac/shop", &format!("e{n}"), &body).await, 200);
    w.normalize().await;
    let newest = w.cx.store.events(EventFilter { limit: 1, ..EventFilter::default() }).await.unwrap();
    newest[0].0.id.0
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let mut w = World::new().await;
    let before = heard(&mut w, 1).await;
    let mut served = serve(w.inside()).await;
    let mut reader = Reader::begin(served.at, "", None).await;
    let first = heard(&mut w, 2).await;
    reader.until(&format!("id: {first}\n")).await;
    reader.until("\n\n").await;
    let seen = reader.ids();
    assert!(seen.first().is_some_and(|id| *id > before), "what was there before is not new: {seen:?}");
    drop(reader);
    let mut all = Vec::new();
    for n in 3..6 {
        all.push(heard(&mut w, n).await);
    }
    let mut reader = Reader::begin(served.at, "", Some(first)).await;
    all.push(heard(&mut w, 6).await);
    reader.until(&format!("id: {}\n", all[3])).await;
    let ids = reader.ids();
    assert!(ids.windows(2).all(|w| w[0] < w[1]) && ids.first() > Some(&first), "{ids:?}");
    let stored =
        w.cx.store.events(EventFilter { after: Some(first), limit: 100, ..EventFilter::default() }).await.unwrap();
    let stored: Vec<i64> = stored.iter().map(|(e, _)| e.id.0).take(ids.len()).collect();
    assert_eq!(ids, stored);
    // A stop ends it at once, instead of waiting for a reader that stays.
    served.stop.cancel();
    served.all.join_next().await.unwrap().unwrap();
    let mut rest = Vec::new();
    reader.line.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn a_filter_chooses_and_a_past_moment_begins_earlier() {
    let mut w = World::new().await;
    w.tick().await;
    heard(&mut w, 1).await;
    let served = serve(w.inside()).await;
    let mut incidents = Reader::begin(served.at, "?since=2026-11-01&kind=incident", None).await;
    let newest = heard(&mut w, 2).await;
    incidents.until(&format!("id: {newest}\n")).await;
    incidents.until("db-2").await;
    assert!(
        incidents.text.contains("db-1") && !incidents.text.contains("\"kind\":\"deprecation\""),
        "{}",
        incidents.text
    );
    let kinds = w.cx.store.events(EventFilter { limit: 100, ..EventFilter::default() }).await.unwrap();
    assert!(
        kinds.iter().any(|(e, _)| e.event.kind == forewarn::model::Kind::Deprecation),
        "there was something to leave out"
    );
}

#[tokio::test]
async fn there_is_room_for_so_many_readers_and_a_wrong_number_is_refused() {
    let w = World::new().await;
    let served = serve(w.inside()).await;
    let mut readers = Vec::new();
    for _ in 0..32 {
        readers.push(Reader::begin(served.at, "", None).await);
    }
    let ask = |head: &'static str| async move {
        let mut line = TcpStream::connect(served.at).await.unwrap();
        let text = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nConnection: close\r\n{head}\r\n"
        );
        line.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert!(ask("").await.starts_with("HTTP/1.1 503"));
    assert!(ask("Last-Event-ID: x\r\n").await.starts_with("HTTP/1.1 400"));
    readers.clear();
    // The place is free as soon as somebody has gone.
    while !ask_once(served.at).await {
        tokio::task::yield_now().await;
    }
}

/// Whether a reader is let in.
async fn ask_once(at: SocketAddr) -> bool {
    let mut line = TcpStream::connect(at).await.unwrap();
    line.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        .await
        .unwrap();
    let mut piece = [0; 12];
    line.read_exact(&mut piece).await.unwrap();
    piece.ends_with(b"200")
}
