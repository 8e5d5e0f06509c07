//! Buttons where no public address exists: Slack's Socket Mode, against a strict other side written from its documentation.
//! <https://docs.slack.dev/apis/events-api/using-socket-mode>

use crate::harness::*;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use forewarn::engine::press::Presser;
use forewarn::engine::socket::Ear;
use forewarn::model::AlertState;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// Slack's other side.
#[derive(Default)]
struct Inner {
    /// Addresses that were given out and not used: each opens once.
    tickets: BTreeSet<String>,
    given: usize,
    /// What `apps.connections.open` answers instead.
    refuse: Option<&'static str>,
    /// The newest connection: what goes to forewarn.
    to: Option<UnboundedSender<Message>>,
    views: Vec<Value>,
    /// Of each call.
    tokens: Vec<String>,
    posted: Vec<Value>,
}

type Shared = Arc<Mutex<Inner>>;

struct Slack {
    inner: Shared,
    said: UnboundedReceiver<Value>,
    api: SocketAddr,
    _tasks: JoinSet<()>,
}

async fn open(State((inner, ws)): State<(Shared, SocketAddr)>, headers: HeaderMap) -> String {
    let mut s = inner.lock().unwrap();
    let header = |n: &str| headers.get(n).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if let Some(error) = s.refuse {
        return json!({"ok": false, "error": error}).to_string();
    }
    if !["Bearer xapp-of-a-test", "Bearer xapp-acquired"].contains(&header("authorization")) {
        return json!({"ok": false, "error": "invalid_auth"}).to_string();
    }
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    s.given += 1;
    let ticket = format!("/link/?ticket={}&app_id=A1", s.given);
    s.tickets.insert(ticket.clone());
    json!({"ok": true, "url": format!("ws://{ws}{ticket}")}).to_string()
}

async fn call(State((inner, _)): State<(Shared, SocketAddr)>, headers: HeaderMap, body: String) -> String {
    let body: Value = serde_json::from_str(&body).unwrap();
    let token = headers["authorization"].to_str().unwrap().to_owned();
    assert!(token.starts_with("Bearer xoxb-"), "the bot's token, not the app's");
    let mut s = inner.lock().unwrap();
    s.tokens.push(token);
    if body.get("trigger_id").is_some() {
        s.views.push(body);
        return json!({"ok": true, "view": {"id": "V1"}}).to_string();
    }
    s.posted.push(body);
    json!({"ok": true, "channel": "C1", "ts": format!("1790000000.{:06}", s.posted.len())}).to_string()
}

#[expect(clippy::result_large_err, reason = "the library's own type for a refusal")]
async fn connection(stream: TcpStream, inner: Shared, heard: UnboundedSender<Value>) {
    let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let path = request.uri().path_and_query().unwrap().as_str();
        if inner.lock().unwrap().tickets.remove(path) { Ok(response) } else { Err(ErrorResponse::new(None)) }
    };
    let Ok(mut ws) = tokio_tungstenite::accept_hdr_async(stream, check).await else { return };
    let (to, mut from_test) = unbounded_channel();
    let hello = json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}});
    ws.send(Message::text(hello.to_string())).await.unwrap();
    inner.lock().unwrap().to = Some(to);
    loop {
        tokio::select! {
            out = from_test.recv() => match out {
                Some(message) => if ws.send(message).await.is_err() { return },
                None => return,
            },
            got = ws.next() => match got {
                Some(Ok(Message::Text(text))) => drop(heard.send(serde_json::from_str(text.as_str()).unwrap())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return,
            },
        }
    }
}

impl Slack {
    async fn new() -> Self {
        let inner: Shared = Arc::default();
        let (heard, said) = unbounded_channel();
        let ws = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let api = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (ws_at, api_at) = (ws.local_addr().unwrap(), api.local_addr().unwrap());
        let router = Router::new()
            .route("/apps.connections.open", post(open))
            .route("/views.open", post(call))
            .route("/chat.postMessage", post(call))
            .route("/chat.update", post(call))
            .with_state((inner.clone(), ws_at));
        let mut tasks = JoinSet::new();
        tasks.spawn(forewarn::web::listener::serve(api, router, Default::default()));
        let shared = inner.clone();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = ws.accept().await {
                open.spawn(connection(stream, shared.clone(), heard.clone()));
            }
        });
        Self { inner, said, api: api_at, _tasks: tasks }
    }

    fn send(&self, envelope: &Value) {
        self.inner.lock().unwrap().to.as_ref().unwrap().send(Message::text(envelope.to_string())).unwrap();
    }

    /// What forewarn said over the connection.
    async fn heard(&mut self) -> Value {
        tokio::time::timeout(std::time::Duration::from_secs(20), self.said.recv()).await.unwrap().unwrap()
    }

    /// The value of the first button of the newest message.
    fn button(&self) -> String {
        let s = self.inner.lock().unwrap();
        let blocks = s.posted.last().unwrap()["blocks"].as_array().unwrap().clone();
        let actions = blocks.iter().find(|b| b["type"] == "actions").expect("buttons without a public address");
        actions["elements"][0]["value"].as_str().unwrap().to_owned()
    }
}

/// A world whose Slack is this one, `gpt-x` told to search, and the ear of its workspace.
async fn world(slack: &Slack) -> (World, Ear) {
    let mut w = World::new().await;
    let lines: Vec<String> = w
        .config
        .lines()
        .map(|l| {
            if l.starts_with("api_url") {
                format!("api_url = \"http://{}\"\napp_token = \"env:APP\"", slack.api)
            } else {
                l.to_owned()
            }
        })
        .collect();
    w.restart_with(&lines.join("\n"));
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    let presser = Presser { cx: w.cx.clone(), channels: w.channels() };
    (w, Ear::new(presser, "slack".into()))
}

/// Ticks until forewarn has said something.
async fn answer(slack: &mut Slack, ear: &Ear, w: &World) -> Value {
    for _ in 0..20 {
        ear.tick(w.now()).await.unwrap();
        if let Ok(said) = slack.said.try_recv() {
            return said;
        }
        if !slack.said.is_empty() {
            break;
        }
    }
    slack.heard().await
}

fn press(value: &str) -> Value {
    json!({"envelope_id": "e-press", "type": "interactive", "accepts_response_payload": false, "payload":
        {"type": "block_actions", "trigger_id": "13.37.x", "user": {"id": "U1", "name": "mei"}, "actions": [{"value": value}]}})
}

fn submit(metadata: &Value, day: &str) -> Value {
    json!({"envelope_id": "e-save", "type": "interactive", "accepts_response_payload": true, "payload":
        {"type": "view_submission", "user": {"id": "U1", "name": "mei"}, "view": {"callback_id": "forewarn",
            "private_metadata": metadata, "state": {"values": {"plan_on": {"plan_on": {"selected_date": day}}}}}}})
}

#[tokio::test]
async fn a_button_is_heard_over_a_connection_of_ours_and_acknowledged_when_it_is_on_disk() {
    let mut slack = Slack::new().await;
    let (mut w, ear) = world(&slack).await;
    assert!(ear.tick(w.now()).await.unwrap().more, "it listens on");
    slack.send(&press(&slack.button()));
    assert_eq!(answer(&mut slack, &ear, &w).await, json!({"envelope_id": "e-press"}));
    let view = slack.inner.lock().unwrap().views[0].clone();
    assert_eq!((&view["trigger_id"], &view["view"]["callback_id"]), (&json!("13.37.x"), &json!("forewarn")));

    slack.send(&submit(&view["view"]["private_metadata"], "2027-02-30"));
    let said = answer(&mut slack, &ear, &w).await;
    assert_eq!(said["payload"]["errors"]["plan_on"], "This is no day.", "{said}");
    assert_eq!(w.alerts().await[0].0.state, AlertState::Open);
    slack.send(&submit(&view["view"]["private_metadata"], "2027-01-10"));
    assert_eq!(answer(&mut slack, &ear, &w).await, json!({"envelope_id": "e-save"}));
    let (alert, _) = w.alerts().await.remove(0);
    assert_eq!(alert.state, AlertState::Acknowledged);
    assert_eq!(alert.ack.unwrap().by, "mei");
    w.advance(minutes(1)).await;
    let words = slack.inner.lock().unwrap().posted.last().unwrap().to_string();
    assert!(words.contains("mei (slack) acknowledged, plan Sun 10 Jan 2027"), "{words}");

    // What is nothing of ours is acknowledged too, or Slack would send it again and again.
    slack.send(&json!({"envelope_id": "e-other", "type": "slash_commands", "payload": {"command": "/x"}, "accepts_response_payload": true}));
    assert_eq!(answer(&mut slack, &ear, &w).await, json!({"envelope_id": "e-other"}));
}

#[tokio::test]
async fn slack_announces_that_it_closes_and_a_new_connection_stands_at_once() {
    let mut slack = Slack::new().await;
    let (w, ear) = world(&slack).await;
    ear.tick(w.now()).await.unwrap();
    slack.send(&json!({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "x"}}));
    while slack.inner.lock().unwrap().given < 2 {
        assert!(ear.tick(w.now()).await.unwrap().more);
    }
    ear.tick(w.now()).await.unwrap();
    slack.send(&press(&slack.button()));
    assert_eq!(answer(&mut slack, &ear, &w).await, json!({"envelope_id": "e-press"}));
}

#[tokio::test]
async fn a_broken_connection_is_opened_anew_and_a_wrong_token_is_told_to_the_operators() {
    let mut slack = Slack::new().await;
    let (mut w, ear) = world(&slack).await;
    ear.tick(w.now()).await.unwrap();
    slack.inner.lock().unwrap().to = None; // hangs up
    let mut broken = ear.tick(w.now()).await.unwrap();
    while broken.pause.is_none() {
        broken = ear.tick(w.now()).await.unwrap();
    }
    assert!(broken.pause.unwrap().as_secs_f32() < 1.2, "{broken:?}");
    ear.tick(w.now()).await.unwrap();
    slack.send(&press(&slack.button()));
    assert_eq!(answer(&mut slack, &ear, &w).await["envelope_id"], "e-press");

    slack.inner.lock().unwrap().refuse = Some("invalid_auth");
    slack.inner.lock().unwrap().to = None;
    let mut refused = ear.tick(w.now()).await.unwrap();
    while !refused.summary.contains("invalid_auth") {
        refused = ear.tick(w.now()).await.unwrap();
    }
    assert!(refused.pause.unwrap().as_secs() >= 300, "{refused:?}");
    for _ in 0..3 {
        ear.tick(w.now()).await.unwrap();
    }
    w.tick().await;
    let told =
        w.expect("operators/webhook", &["buttons of slack are not heard", "app-level token with connections:write"]);
    assert!(!told.text.contains("xapp-"), "{told:?}");
    slack.inner.lock().unwrap().refuse = None;
    ear.tick(w.now()).await.unwrap();
    w.advance(minutes(11)).await;
    w.expect("operators/webhook", &["are heard again"]);
}

/// `gpt-x` is told to search in the first workspace, `gpt-b` to ml in `[slack.acquired]`; each value is a press on the first
/// button there.
async fn two(slack: &Slack, app: &str) -> (World, String, String) {
    let (mut w, _) = world(slack).await;
    let of_search = slack.button();
    let config = w.config.replace(
        "[webhooks.ops]",
        &format!("[slack.acquired]\nbot_token = \"env:SLACK_ACQUIRED\"\napp_token = \"env:{app}\"\n[webhooks.ops]"),
    );
    let ml = "[owners.ml]\nslack = \"acquired:#ml\"\n[services.invoices]\nowner = \"ml\"";
    w.restart_with(&config.replace("[services.invoices]\nowner = \"billing\"", ml));
    w.page(&[("gpt-x", day(60)), ("gpt-b", day(60)), ("gpt-far", day(700))]);
    w.advance(minutes(5)).await;
    w.advance(days(1)).await;
    let last = slack.inner.lock().unwrap().tokens.last().cloned();
    assert_eq!(last.as_deref(), Some("Bearer xoxb-acquired"), "ml hears in its own workspace");
    (w, of_search, slack.button())
}

fn ear(w: &World, channel: &str) -> Ear {
    Ear::new(Presser { cx: w.cx.clone(), channels: w.channels() }, channel.into())
}

#[tokio::test]
async fn over_a_connection_of_one_workspace_nothing_is_done_to_an_alert_of_another() {
    let mut slack = Slack::new().await;
    let (w, of_search, of_ml) = two(&slack, "APP_ACQUIRED").await;
    let ear = ear(&w, "slack.acquired");
    ear.tick(w.now()).await.unwrap();
    slack.send(&submit(&json!(of_search), "2027-01-10"));
    let said = answer(&mut slack, &ear, &w).await;
    assert!(
        said["payload"]["errors"]["plan_on"].as_str().unwrap().contains("was not told in this workspace"),
        "{said}"
    );
    assert!(w.alerts().await.iter().all(|(a, _)| a.state == AlertState::Open));
    slack.send(&submit(&json!(of_ml), "2027-01-10"));
    assert_eq!(answer(&mut slack, &ear, &w).await, json!({"envelope_id": "e-save"}));
    let done: Vec<_> = w.alerts().await.into_iter().map(|(a, _)| (a.owner, a.state)).collect();
    assert_eq!(done, [("search".into(), AlertState::Open), ("ml".into(), AlertState::Acknowledged)]);
}

/// Slack gives what is pressed to any connection of an app, whichever workspace it was pressed in.
#[tokio::test]
async fn one_app_in_two_workspaces_answers_in_the_one_that_was_told() {
    let mut slack = Slack::new().await;
    let (w, of_search, of_ml) = two(&slack, "APP").await;
    let ear = ear(&w, "slack.acquired");
    ear.tick(w.now()).await.unwrap();
    for (value, token) in [(of_search, "Bearer xoxb-of-a-test"), (of_ml, "Bearer xoxb-acquired")] {
        slack.send(&press(&value));
        assert_eq!(answer(&mut slack, &ear, &w).await, json!({"envelope_id": "e-press"}));
        let inner = slack.inner.lock().unwrap();
        assert_eq!(inner.tokens.last().unwrap(), token, "the modal opens where somebody pressed");
        assert_eq!(inner.views.last().unwrap()["view"]["private_metadata"], value);
    }
}
