//! A whole forewarn on a fake clock: real engine, real SQLite, real channels; only the world outside is made up.
//!
//! The world is one server on loopback: the provider's page, Slack's `chat.postMessage`, and sinks for our own webhooks.
//! `tick` runs every job once, as the supervisor would. With `restarting`, the store is dropped and opened anew between
//! any two jobs, as if the process had been killed there.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Method, Request, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use forewarn::app::App;
use forewarn::clock::Clock;
use forewarn::config::{Text, parse};
use forewarn::engine::access::Access;
use forewarn::engine::act::{ActError, Acted, Reopener, act};
use forewarn::engine::calendar::{Deprecation, Window, upcoming};
use forewarn::engine::catchup::CatchUp;
use forewarn::engine::clockwatch::{ClockBase, ClockWatch, Past, servers};
use forewarn::engine::confirm::Confirmer;
use forewarn::engine::connections::Connection;
use forewarn::engine::deliver::{Channels, DeadLetters, Deliverer};
use forewarn::engine::digest::Digester;
use forewarn::engine::follow::Follower;
use forewarn::engine::links::Links;
use forewarn::engine::normalize::Normalizer;
use forewarn::engine::pin::{Pin, PinError, Truth, pin};
use forewarn::engine::poll::{Off, Poller, Target};
use forewarn::engine::private::PrivateDeadlines;
use forewarn::engine::receive::Receiver;
use forewarn::engine::reckon::Reckoner;
use forewarn::engine::remind::Reminder;
use forewarn::engine::show::{Shown, show};
use forewarn::engine::silence::Watcher;
use forewarn::engine::silences::SilenceKeeper;
use forewarn::engine::status::{Parts, Status, status};
use forewarn::engine::{Context, Nudges};
use forewarn::fetch::Client;
use forewarn::model::{Act, Action, Alert, AlertId, By, ConnectionId, Event, MatterId, MatterState, Via};
use forewarn::provider::file::Source;
use forewarn::provider::sign::{self, Unsigned};
use forewarn::store::{AlertFilter, EventFilter, LedgerLine, sqlite::Sqlite};
use forewarn::web::access::Door;
use forewarn::web::actions::Actions;
use forewarn::web::calendar::Calendars;
use forewarn::web::hooks::{Hooks, Public};
use forewarn::web::listener::Answers;
use forewarn::web::pages::{Given, Site};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use tower::ServiceExt;

pub const WHSEC: &str = "whsec_Zm9yZXdhcm4tc3Rvcmllcy1zZWNyZXQtMzItYnl0ZXM=";
pub const PLAIN: &str = "a-plain-secret-of-a-test";
pub const TOKEN: &str = "url-token-of-a-test-0123456789";

/// Monday 23 November 2026, 10:00 in New York: the morning's reminders of that day are due.
pub fn start() -> Timestamp {
    "2026-11-23T15:00:00Z".parse().unwrap()
}
/// So many days after the first.
pub fn day(n: i64) -> Date {
    start().to_zoned_datetime(TimeZone::UTC).date().saturating_add(jiff::Span::new().days(n))
}
pub fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}
pub fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// A wall clock, and by how much it jumped against the boot clock.
pub struct FakeClock(Mutex<(Timestamp, SignedDuration)>);
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }
    fn since_boot(&self) -> SignedDuration {
        let (now, jumped) = *self.0.lock().unwrap();
        now.duration_since(Timestamp::UNIX_EPOCH) - jumped
    }
}

/// What arrived at a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// `search/slack`, `operators/webhook`.
    pub contact: String,
    /// Every word of it.
    pub text: String,
    /// Slack: the message it answers.
    pub thread: Option<String>,
    /// Slack: its own id. Webhooks: the idempotency key.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

/// How the other side behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mood {
    Well,
    Broken,
    Refusing,
    Unauthorized,
    /// Takes the message and hangs up before it answers.
    Forgetful,
    /// Takes the message and never answers.
    Silent,
}

/// What time the others say it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Others {
    /// That of the boot clock: their clock did not jump.
    Right,
    /// What our wall clock says: it is the boot clock that stood still.
    LikeOurs,
    Silent,
}

/// What a path of the world answers.
#[derive(Clone, Default)]
pub struct Script {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The connection breaks in the middle of the body.
    pub cut: bool,
    /// Answers 304 to whoever sends a validator, whatever there is.
    pub always_unchanged: bool,
    /// Takes the request and never answers.
    pub hang: bool,
}

/// A body that breaks off after its first piece.
struct Cut(Option<axum::body::Bytes>);
impl axum::body::HttpBody for Cut {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let next = self.0.take().map(hyper::body::Frame::data).ok_or(std::io::ErrorKind::ConnectionReset.into());
        std::task::Poll::Ready(Some(next))
    }
}

struct Outside {
    page: (u16, String),
    scripts: HashMap<String, Script>,
    /// Paths asked for, with the validator sent.
    hits: Vec<(String, Option<String>)>,
    /// A provider's API: what is answered to a path with its query, with the next page.
    api: HashMap<String, (Value, Option<String>)>,
    asked: Vec<String>,
    fetched: usize,
    moods: HashMap<String, Mood>,
    arrived: Vec<Arrived>,
    others: Others,
    /// Modals that were opened: by which token, and what they say.
    views: Vec<(String, Value)>,
    attempts: Vec<String>,
    clock: Arc<FakeClock>,
}
type Shared = Arc<Mutex<Outside>>;

async fn page(State(w): State<Shared>, method: Method) -> Response {
    let mut w = w.lock().unwrap();
    w.fetched += usize::from(method == Method::GET);
    let mut r = (StatusCode::from_u16(w.page.0).unwrap(), w.page.1.clone()).into_response();
    let date = match w.others {
        Others::Right => Some(Timestamp::UNIX_EPOCH + w.clock.since_boot()),
        Others::LikeOurs => Some(w.clock.now()),
        Others::Silent => None,
    };
    let date = date.map_or("at some time".into(), |d| d.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    r.headers_mut().insert("date", date.parse().unwrap());
    r
}

async fn scripted(State(w): State<Shared>, request: Request<Body>) -> Response {
    let response = answer_of(&w, &request);
    match response {
        Some(r) => r,
        None => std::future::pending().await,
    }
}

fn answer_of(w: &Shared, request: &Request<Body>) -> Option<Response> {
    let mut w = w.lock().unwrap();
    let path = request.uri().path().to_owned();
    let etag = request.headers().get("if-none-match").and_then(|v| v.to_str().ok()).map(str::to_owned);
    w.hits.push((path.clone(), etag.clone()));
    let Some(s) = w.scripts.get(&path).cloned() else { return Some(StatusCode::NOT_FOUND.into_response()) };
    if s.hang {
        return None;
    }
    if s.always_unchanged && etag.is_some() {
        return Some(StatusCode::NOT_MODIFIED.into_response());
    }
    let body = if s.cut { Body::new(Cut(Some(s.body.into()))) } else { Body::from(s.body) };
    let mut r = (StatusCode::from_u16(s.status).unwrap(), body).into_response();
    for (k, v) in s.headers {
        r.headers_mut().insert(k, v.parse().unwrap());
    }
    Some(r)
}

async fn api(State(w): State<Shared>, request: Request<Body>) -> Response {
    let mut w = w.lock().unwrap();
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let named = || header("x-api-key").zip(header("anthropic-version")).map(|(k, v)| format!("{k} of {v}"));
    let key = header("authorization").or_else(named).unwrap_or("no key".into());
    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
    w.asked.push(format!("{key} {path}"));
    let Some((body, next)) = w.api.get(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let mut r = body.to_string().into_response();
    if let Some(next) = next {
        r.headers_mut().insert("link", format!("<{next}>; rel=\"next\"").parse().unwrap());
    }
    r
}

/// An identity provider: a client's secret buys a token.
async fn token(State(w): State<Shared>, Path(tenant): Path<String>, form: String) -> Response {
    w.lock().unwrap().asked.push(format!("{tenant} {form}"));
    json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "bought"}).to_string().into_response()
}

async fn slack(State(w): State<Shared>, body: String) -> Response {
    let v: Value = serde_json::from_str(&body).unwrap();
    let mut w = w.lock().unwrap();
    let contact = format!("{}/slack", v["channel"].as_str().unwrap().trim_start_matches('#'));
    w.attempts.push(contact.clone());
    let mood = w.moods.get("slack").copied().unwrap_or(Mood::Well);
    let ts = format!("1790000000.{:06}", w.attempts.len());
    let thread = v["thread_ts"].as_str().map(str::to_owned);
    if matches!(mood, Mood::Well | Mood::Forgetful | Mood::Silent) {
        let text = format!("{} {}", v["text"].as_str().unwrap(), v["blocks"]);
        let at = w.clock.now();
        w.arrived.push(Arrived { contact, text, thread: thread.clone(), id: ts.clone(), at });
    }
    let answer = |v: Value| (StatusCode::OK, v.to_string()).into_response();
    match mood {
        Mood::Well => answer(json!({"ok": true, "ts": ts, "message": {"thread_ts": thread}})),
        Mood::Broken | Mood::Forgetful | Mood::Silent => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Refusing => answer(json!({"ok": false, "error": "is_archived"})),
        Mood::Unauthorized => answer(json!({"ok": false, "error": "invalid_auth"})),
    }
}

async fn views(State(w): State<Shared>, headers: HeaderMap, body: String) -> String {
    let v: Value = serde_json::from_str(&body).unwrap();
    let token = headers["authorization"].to_str().unwrap().to_owned();
    w.lock().unwrap().views.push((token, v["view"].clone()));
    json!({"ok": true, "view": {"id": "V1"}}).to_string()
}

async fn sink(State(w): State<Shared>, Path(name): Path<String>, headers: HeaderMap, body: String) -> StatusCode {
    let v: Value = serde_json::from_str(&body).unwrap();
    let mood = sunk(&mut w.lock().unwrap(), &name, &headers, &v);
    match mood {
        Mood::Silent => std::future::pending().await,
        Mood::Well => StatusCode::OK,
        Mood::Broken | Mood::Forgetful => StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Refusing => StatusCode::GONE,
        Mood::Unauthorized => StatusCode::UNAUTHORIZED,
    }
}

fn sunk(w: &mut Outside, name: &str, headers: &HeaderMap, v: &Value) -> Mood {
    let contact = v["data"]["contact"].as_str().unwrap().to_owned();
    w.attempts.push(contact.clone());
    let mood = w.moods.get(name).copied().unwrap_or(Mood::Well);
    if matches!(mood, Mood::Well | Mood::Forgetful | Mood::Silent) {
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let at = w.clock.now();
        w.arrived.push(Arrived { contact, text: v["data"].to_string(), thread: None, id, at });
    }
    mood
}

/// A forewarn with its world.
pub struct World {
    pub cx: Context,
    pub receiver: Arc<Receiver>,
    pub dir: tempfile::TempDir,
    pub config: String,
    clock: Arc<FakeClock>,
    outside: Shared,
    channels: Arc<Channels>,
    targets: Vec<Target>,
    connections: Arc<BTreeMap<ConnectionId, Connection>>,
    client: Arc<Client>,
    restarting: bool,
    _server: tokio::task::JoinSet<()>,
}

pub fn env(name: &str) -> Option<String> {
    match name {
        "WHSEC" => Some(WHSEC.into()),
        "PLAIN" => Some(PLAIN.into()),
        "API_KEY" => Some("key-of-a-test".into()),
        "KEY_ID" => Some("id-of-a-test".into()),
        "TOKEN" => Some(TOKEN.into()),
        "SLACK" => Some("xoxb-of-a-test".into()),
        "APP" => Some("xapp-of-a-test".into()),
        "SLACK_ACQUIRED" => Some("xoxb-acquired".into()),
        "APP_ACQUIRED" => Some("xapp-acquired".into()),
        "SIGNS" => Some("signs-of-a-test".into()),
        "SIGNS_ACQUIRED" => Some("signs-acquired".into()),
        _ => None,
    }
}

fn config(outside: SocketAddr) -> String {
    format!(
        r##"
watch = ["openai"]
snapshot = false
digest = "off"
low_water_mb = 0
[slack]
bot_token = "env:SLACK"
api_url = "http://{outside}/slack"
[webhooks.ops]
url = "http://{outside}/sink/ops"
secret = "env:WHSEC"
[webhooks.billing]
url = "http://{outside}/sink/billing"
secret = "env:WHSEC"
[owners.search]
slack = "#search"
zone = "America/New_York"
[owners.billing]
webhook = "billing"
[owners.operators]
webhook = "ops"
[services.support-bot]
owner = "search"
uses = ["openai:gpt-x", "openai:gpt-y"]
[services.rerank-batch]
owner = "search"
uses = ["openai:gpt-x"]
[services.invoices]
owner = "billing"
uses = ["openai:gpt-b"]
[connections."openai/main"]
webhook_secret = "env:WHSEC"
[connections."generic-hmac/shop"]
webhook_secret = "env:PLAIN"
owner = "search"
[connections."statuspage/acme"]
webhook_secret = "env:TOKEN"
owner = "search"
[provider.openai.sources.deprecations]
url = "http://{outside}/page"
guards = {{ must_contain = ["Deprecations"], min_rows = 1 }}
# What these stories do not serve is switched off: no test may ask the real world.
[provider.openai.sources]
status = {{ evidence = "U" }}
changelog = {{ evidence = "U" }}
"changelog.blog" = {{ evidence = "U" }}
"changelog.codex" = {{ evidence = "U" }}
"changelog.news" = {{ evidence = "U" }}
"changelog.python" = {{ evidence = "U" }}
"##
    )
}

impl World {
    pub async fn new() -> Self {
        forewarn::app::install_tls();
        let clock = Arc::new(FakeClock(Mutex::new((start(), SignedDuration::ZERO))));
        let outside = Arc::new(Mutex::new(Outside {
            page: (200, markdown("Upcoming", &[("gpt-far", day(700))])),
            scripts: HashMap::new(),
            hits: vec![],
            fetched: 0,
            api: HashMap::new(),
            asked: vec![],
            moods: HashMap::new(),
            arrived: vec![],
            others: Others::Right,
            views: vec![],
            attempts: vec![],
            clock: clock.clone(),
        }));
        let router = Router::new()
            .route("/page", get(page))
            .route("/api/{*path}", get(api))
            .route("/token/{tenant}", post(token))
            .route("/robots.txt", get(scripted))
            .route("/pages/{*path}", get(scripted))
            .route("/slack/chat.postMessage", post(slack))
            .route("/slack/views.open", post(views))
            .route("/sink/{name}", post(sink))
            .with_state(outside.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let config = config(listener.local_addr().unwrap());
        let mut server = tokio::task::JoinSet::new();
        server.spawn(forewarn::web::listener::serve(listener, router, Default::default()));
        let dir = tempfile::tempdir().unwrap();
        let app = wire(&config, &dir, clock.clone());
        let receiver = app.receiver().unwrap();
        Self {
            receiver,
            dir,
            config,
            clock,
            outside,
            cx: app.cx,
            channels: app.channels,
            targets: app.targets,
            connections: app.connections,
            client: client(),
            restarting: false,
            _server: server,
        }
    }

    /// As [`World::new`]; the process is killed after every job from now on.
    pub async fn restarting() -> Self {
        Self { restarting: true, ..Self::new().await }
    }

    /// A new process on the same data: nothing of the old one's memory is left.
    pub fn restart(&mut self) {
        let sqlite = Sqlite::open(&self.dir.path().join("forewarn.db")).unwrap();
        let past = Past { newest: sqlite.newest().unwrap(), made: None };
        self.cx.believed = ClockBase::at_start(&*self.clock, past);
        self.cx.store = Arc::new(sqlite);
        self.cx.nudges = Arc::new(Nudges::default());
        self.receiver = Arc::new(Receiver::new(&self.cx, &self.connections).unwrap());
    }

    /// A new process with another config.
    pub fn restart_with(&mut self, config: &str) {
        let app = wire(config, &self.dir, self.clock.clone());
        self.receiver = app.receiver().unwrap();
        (self.cx, self.channels, self.targets, self.connections) = (app.cx, app.channels, app.targets, app.connections);
        self.config = config.to_owned();
    }

    /// Its channels.
    pub fn channels(&self) -> Arc<Channels> {
        self.channels.clone()
    }

    /// Its connections.
    pub fn configuration(&self) -> BTreeMap<ConnectionId, Connection> {
        (*self.connections).clone()
    }

    fn after_job(&mut self) {
        if self.restarting {
            self.restart();
        }
    }

    /// Sources that are polled.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes while the process is down, or busy.
    pub fn pass(&mut self, d: SignedDuration) {
        self.clock.0.lock().unwrap().0 += d;
    }

    /// The wall clock is set forward or back; no time passes.
    pub fn jump(&mut self, d: SignedDuration) {
        let mut clock = self.clock.0.lock().unwrap();
        (clock.0, clock.1) = (clock.0 + d, clock.1 + d);
    }

    /// Time passes, then every job runs.
    pub async fn advance(&mut self, d: SignedDuration) {
        self.pass(d);
        self.tick().await;
    }

    /// So much time passes in steps, every job after each.
    pub async fn live(&mut self, d: SignedDuration, step: SignedDuration) {
        let end = self.now() + d;
        while self.now() < end {
            self.advance(step.min(end.duration_since(self.now()))).await;
        }
    }

    pub fn configured(&self) -> Vec<ConnectionId> {
        self.connections.values().filter(|c| !c.webhook_secrets.is_empty()).map(|c| c.id.clone()).collect()
    }

    /// The hourly look for connections that are silent.
    pub async fn listen(&mut self) {
        Watcher { cx: self.cx.clone(), configured: self.configured() }.tick(self.now()).await.unwrap();
        self.after_job();
        self.tick().await;
    }

    /// The minute's look for what was missed, of a process that began just now.
    pub fn catcher(&self) -> CatchUp {
        CatchUp::new(self.cx.clone(), self.client.clone(), self.receiver.clone(), &self.connections)
    }

    /// A poller that lives as long as the test wants.
    pub fn poller(&self) -> Poller {
        Poller::new(self.cx.clone(), self.client.clone(), self.targets.clone())
    }

    /// The look at the clock, which may ask others what time it is.
    pub async fn watch_clock(&mut self) {
        let asked = servers(&self.targets, &self.cx.catalog, &self.connections, self.now());
        // The homes of providers are in the real world.
        let asked = asked.into_iter().filter(|a| a.starts_with("http://127.0.0.1")).collect();
        ClockWatch::new(self.cx.clone(), self.client.clone(), asked).tick(self.now()).await.unwrap();
    }

    /// Every job, until nothing is left to do at this moment; while the clock is doubted, those that do not rest then.
    pub async fn tick(&mut self) {
        self.watch_clock().await;
        if self.cx.doubts(self.now()).is_some() {
            return self.speak().await;
        }
        let poller = self.poller();
        while poller.tick(self.now()).await.unwrap().more {}
        drop(poller);
        self.after_job();
        self.normalize().await;
        Confirmer { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
        PrivateDeadlines { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
        Reopener { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
        Reckoner { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
        SilenceKeeper { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
        Digester { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
        for _ in 0..2 {
            self.speak().await;
            DeadLetters { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
            self.after_job();
        }
        let follower = Follower { deliverer: self.deliverer("") };
        follower.tick(self.now()).await.unwrap();
        drop(follower);
        self.after_job();
    }

    /// Who is to be told is planned.
    pub async fn plan(&mut self) {
        Reminder { cx: self.cx.clone() }.tick(self.now()).await.unwrap();
        self.after_job();
    }

    /// Who is to be told is planned, and what is planned is sent.
    pub async fn speak(&mut self) {
        self.plan().await;
        for channel in self.channels.clone().keys() {
            self.deliverer(channel).tick(self.now()).await.unwrap();
            self.after_job();
        }
    }

    fn deliverer(&self, channel: &str) -> Deliverer {
        let (cx, channels, links) = (self.cx.clone(), self.channels.clone(), Some(self.links()));
        let targets = Arc::new(self.targets.clone());
        Deliverer { cx, channels, channel: channel.to_owned(), links, templates: None, targets }
    }

    /// The process is killed with a message of this channel on its way: taken over there, not noted here.
    pub async fn die_sending(&mut self, channel: &str) {
        let before = self.outside.lock().unwrap().arrived.len();
        let outside = self.outside.clone();
        let taken = async move {
            while outside.lock().unwrap().arrived.len() == before {
                tokio::task::yield_now().await;
            }
        };
        let d = self.deliverer(channel);
        tokio::select! { done = d.tick(self.now()) => drop(done.unwrap()), () = taken => {} }
        drop(d);
        self.restart();
    }

    pub async fn normalize(&mut self) {
        let normalizer = Normalizer::new(self.cx.clone());
        while normalizer.tick(self.now()).await.unwrap().more {}
        drop(normalizer);
        self.after_job();
    }

    pub async fn replay(&mut self) -> (u64, u64) {
        Normalizer::new(self.cx.clone()).replay(None, None, self.now()).await.unwrap()
    }

    /// The provider's page lists these from now on.
    pub fn page(&mut self, rows: &[(&str, Date)]) {
        self.answer(200, &markdown("Upcoming", rows));
    }
    /// The provider's page answers this from now on.
    pub fn answer(&mut self, status: u16, body: &str) {
        self.outside.lock().unwrap().page = (status, body.to_owned());
    }
    /// A path under `/pages/` answers so from now on.
    pub fn script(&mut self, path: &str, script: Script) {
        self.outside.lock().unwrap().scripts.insert(format!("/pages/{path}"), script);
    }
    /// What the host of all pages says of robots; without it, nothing (404).
    pub fn robots(&mut self, script: Script) {
        self.outside.lock().unwrap().scripts.insert("/robots.txt".to_owned(), script);
    }
    /// The whole address of a path under `/pages/`.
    pub fn address(&self, path: &str) -> String {
        let at = self.config.split("http://").nth(1).unwrap().split('/').next().unwrap();
        format!("http://{at}/pages/{path}")
    }
    /// Takes what was asked for under `/pages/` since the last look, with the validators sent.
    pub fn hits(&mut self) -> Vec<(String, Option<String>)> {
        std::mem::take(&mut self.outside.lock().unwrap().hits)
    }
    /// The provider's API answers this to a path with its query.
    pub fn api(&mut self, path: &str, body: Value, next: Option<String>) {
        self.outside.lock().unwrap().api.insert(path.to_owned(), (body, next));
    }
    /// What the provider's API was asked, with the key.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.outside.lock().unwrap().asked)
    }
    pub fn fetched(&self) -> usize {
        self.outside.lock().unwrap().fetched
    }
    /// How `slack`, `ops` or `billing` behaves from now on.
    pub fn mood(&mut self, of: &str, mood: Mood) {
        self.outside.lock().unwrap().moods.insert(of.to_owned(), mood);
    }
    /// What time the others say it is from now on.
    pub fn others(&mut self, say: Others) {
        self.outside.lock().unwrap().others = say;
    }
    /// Attempts so far at this contact.
    pub fn attempts(&self, contact: &str) -> usize {
        self.outside.lock().unwrap().attempts.iter().filter(|a| *a == contact).count()
    }

    /// Takes everything that arrived since the last look.
    pub fn arrived(&mut self) -> Vec<Arrived> {
        std::mem::take(&mut self.outside.lock().unwrap().arrived)
    }

    /// Takes the modals that were opened in Slack: by which token, and the view.
    pub fn views(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.outside.lock().unwrap().views)
    }

    /// Exactly one message arrived since the last look, at this contact, with all these words.
    #[track_caller]
    pub fn expect(&mut self, contact: &str, words: &[&str]) -> Arrived {
        let mut all = self.arrived();
        assert_eq!(all.len(), 1, "{}: {all:#?}", self.now());
        let one = all.remove(0);
        assert_eq!(one.contact, contact, "{one:?}");
        for w in words {
            assert!(one.text.contains(w), "{w:?} is not in {one:#?}");
        }
        one
    }

    /// Nobody was told anything since the last look.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        let all = self.arrived();
        assert!(all.is_empty(), "{}: {all:#?}", self.now());
    }

    pub async fn alerts(&self) -> Vec<(Alert, Arc<MatterState>)> {
        let mut all = self.cx.store.alerts(AlertFilter { limit: 1_000, ..AlertFilter::default() }).await.unwrap();
        all.reverse();
        all
    }

    /// Events with their routing, oldest first.
    pub async fn events(&self) -> Vec<(Event, String)> {
        let mut all = self.cx.store.events(EventFilter { limit: 1_000, ..EventFilter::default() }).await.unwrap();
        all.reverse();
        all
    }

    pub async fn ack(&mut self, alert: AlertId, plan_on: Option<Date>) {
        self.act(alert, Action::Acknowledge { note: None, plan_on }).await.unwrap();
    }

    /// Mei does something about an alert, on the command line.
    pub async fn act(&mut self, alert: AlertId, action: Action) -> Result<Acted, ActError> {
        let by = By { who: "mei".into(), via: Via::Cli };
        let done = act(&self.cx, Act { alert, episode: None, action, by }, self.now()).await;
        self.after_job();
        done
    }

    /// A person's word on a deadline.
    pub async fn pin(&mut self, id: &str, truth: Truth) -> Result<MatterState, PinError> {
        let p = Pin { id: id.into(), truth, note: "support case 4711".into(), by: "mei".into() };
        let done = pin(&self.cx, p, self.now()).await;
        self.after_job();
        done
    }

    /// What `deprecations show` shows.
    pub async fn shown(&self, id: &str) -> Shown {
        let today = self.now().to_zoned_datetime(TimeZone::UTC).date();
        show(&self.cx, &MatterId::new(id).unwrap(), today).await.unwrap().unwrap()
    }

    /// The private side, behind its door.
    pub fn inside(&self) -> Router {
        let actions = Arc::new(Actions {
            cx: self.cx.clone(),
            channels: self.channels.clone(),
            targets: self.targets.clone(),
            off: Off::default(),
            connections: self.connections.clone(),
            configured: self.configured(),
            receiver: Some(self.receiver.clone()),
            tasks: Arc::new(Vec::new),
            reload: None,
        });
        let site = no_pages(actions.clone());
        let inside = forewarn::web::private::router(actions, Calendars::new(self.cx.clone(), b"a key", None), site);
        Door::new(self.cx.clone(), Access::default(), b"a key").guard(inside)
    }

    /// A request to the private side; status and body.
    pub async fn ask_inside(&self, mut request: Request<Body>) -> (u16, Value) {
        request.headers_mut().entry("host").or_insert("localhost".parse().unwrap());
        let answer = self.inside().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub async fn calendar(&self) -> Vec<Deprecation> {
        let all = Window { within_days: 10_000, past_days: 10_000, provider: None, owner: None, used_only: false };
        upcoming(&self.cx, &all, self.now().to_zoned_datetime(TimeZone::UTC).date()).await.unwrap().0
    }

    pub async fn status(&self) -> Status {
        let configured = self.configured();
        let parts = Parts {
            configured: &configured,
            targets: &self.targets,
            off: &Off::default(),
            hooks: vec![],
            tasks: vec![],
        };
        status(&self.cx, parts).await.unwrap()
    }

    /// A part of a line of the ledger, which must add up as a whole.
    pub async fn ledger(&self, what: &str, part: &str) -> i64 {
        let l = self.cx.store.ledger().await.unwrap();
        assert!(l.lines.iter().all(LedgerLine::adds_up), "{l:?}");
        let line = l.lines.into_iter().find(|x| x.what == what).unwrap();
        line.parts.iter().find(|(k, _)| k == part).map_or(0, |(_, n)| *n)
    }

    pub fn links(&self) -> Arc<Links> {
        Arc::new(Links::new(b"key-of-a-test", "https://forewarn.example"))
    }

    /// A request to the public page behind a link: status, headers, text. A form is posted; none is asked for.
    pub async fn link(&self, url: &str, form: Option<&str>, with: &[(&str, &str)]) -> (u16, HeaderMap, String) {
        let method = if form.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder()
            .method(with.iter().find(|(k, _)| *k == "method").map_or(method, |(_, v)| *v))
            .uri(url.trim_start_matches("https://forewarn.example"))
            .header("content-type", "application/x-www-form-urlencoded");
        for (k, v) in with.iter().filter(|(k, _)| *k != "method") {
            request = request.header(*k, *v);
        }
        let request = request.body(Body::from(form.unwrap_or_default().to_owned())).unwrap();
        let r = forewarn::web::ack::router(self.cx.clone(), self.links()).oneshot(request).await.unwrap();
        let (status, headers) = (r.status().as_u16(), r.headers().clone());
        let body = axum::body::to_bytes(r.into_body(), 1 << 20).await.unwrap();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    pub fn public(&self) -> Public {
        Public::new(Hooks { receiver: self.receiver.clone(), cx: self.cx.clone() }, Router::new())
    }

    /// A request to the public side, as it stands.
    pub async fn send(&self, request: Request<Body>) -> Response {
        self.public().answer(request).await
    }

    /// Headers of proof by `secret`, made now, the first way the provider has.
    pub fn proof(&self, connection: &str, secret: &str, id: &str, body: &str) -> Vec<(String, String)> {
        let provider = connection.split('/').next().unwrap();
        let file = &self.cx.catalog.get(provider).unwrap().file;
        let ways = file
            .sources
            .values()
            .find_map(|s| if let Source::Webhook(w) = s { Some(&w.verify) } else { None })
            .unwrap();
        sign::headers(&ways[0], secret, Unsigned { id, at: self.now(), body: body.as_bytes(), ..Unsigned::default() })
            .unwrap()
    }

    /// A signed delivery; the answer's status.
    pub async fn deliver(&mut self, connection: &str, id: &str, body: &str) -> u16 {
        let secret = if connection.starts_with("openai") { WHSEC } else { PLAIN };
        let proof = self.proof(connection, secret, id, body);
        self.deliver_with(connection, &proof, body).await
    }

    pub async fn deliver_with(&mut self, path: &str, headers: &[(String, String)], body: &str) -> u16 {
        let mut request = Request::post(format!("/hooks/{path}"));
        for (k, v) in headers {
            request = request.header(k, v);
        }
        let status = self.send(request.body(Body::from(body.to_owned())).unwrap()).await.status().as_u16();
        self.after_job();
        status
    }

    /// A message of the shop's own sender, whose clock is ours.
    pub fn shop(&self, id: &str, kind: &str, about: &str) -> String {
        json!({"id": id, "type": kind, "created_at": self.now().to_string(), "data": {"id": about, "title": format!("{kind} of {about}")}})
            .to_string()
    }
}

/// One for all worlds: it reads the platform's roots of trust, which takes longer than most stories.
fn client() -> Arc<Client> {
    static ONE: OnceLock<Arc<Client>> = OnceLock::new();
    ONE.get_or_init(Arc::default).clone()
}

fn wire(config: &str, dir: &tempfile::TempDir, clock: Arc<FakeClock>) -> App {
    let config = parse(Text::embedded("a story", config), &env).unwrap_or_else(|p| panic!("{p}"));
    let sqlite = Sqlite::open(&dir.path().join("forewarn.db")).unwrap();
    App::with(config, sqlite, dir.path(), clock).unwrap()
}

/// A page with one table under a heading.
pub fn markdown(heading: &str, rows: &[(&str, Date)]) -> String {
    let rows: String = rows.iter().map(|(id, on)| format!("| {on} | `{id}` | `{id}-next` |\n")).collect();
    format!(
        "# Deprecations\n\n## {heading}\n\n### Older models\n\n| Shutdown date | Model | Recommended replacement |\n| --- | --- | --- |\n{rows}"
    )
}

/// The pages, without a stage for rehearsals.
fn no_pages(actions: Arc<Actions>) -> Arc<Site> {
    let rehearse = Box::new(|_| -> forewarn::web::pages::Played { Box::pin(async { Err("not here".to_owned()) }) });
    Site::new(actions, Given { public_url: None, settings: vec![], rehearse })
}
