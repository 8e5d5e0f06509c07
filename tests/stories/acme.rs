//! A provider with a status page and a changelog, played over real HTTP; it says what the test tells it to say.

use crate::harness::*;
use forewarn::model::{Change, Kind, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};

/// An incident, or maintenance, as the page tells it.
#[derive(Clone)]
pub struct Incident {
    pub id: &'static str,
    pub name: String,
    pub impact: &'static str,
    pub components: Vec<&'static str>,
    /// Status, words and time; the newest last.
    pub updates: Vec<(&'static str, String, Timestamp)>,
    pub maintenance: bool,
}

impl Incident {
    pub fn new(id: &'static str, impact: &'static str, at: Timestamp) -> Self {
        let first = ("investigating", "We see errors.".to_owned(), at);
        let name = format!("Errors {id}");
        Self { id, name, impact, components: vec!["api"], updates: vec![first], maintenance: false }
    }
    pub fn work(id: &'static str, at: Timestamp) -> Self {
        let first = ("scheduled", "We will move machines.".to_owned(), at);
        Self { name: format!("Work {id}"), updates: vec![first], maintenance: true, ..Self::new(id, "maintenance", at) }
    }
    pub fn say(&mut self, status: &'static str, words: &str, at: Timestamp) {
        self.updates.push((status, words.to_owned(), at));
    }
    fn is_over(&self) -> bool {
        self.updates.last().is_some_and(|u| matches!(u.0, "resolved" | "postmortem" | "completed"))
    }
    fn json(&self) -> Value {
        let n = self.updates.len();
        let update = |i: usize| {
            let (status, body, at) = &self.updates[i];
            json!({"id": format!("{}u{i}", self.id), "status": status, "body": body, "created_at": at, "display_at": at, "updated_at": at})
        };
        let components: Vec<Value> = self
            .components
            .iter()
            .map(|c| json!({"id": c, "name": c.to_uppercase(), "status": "operational"}))
            .collect();
        let (last, first) = (&self.updates[n - 1], &self.updates[0]);
        let mut out = json!({"id": self.id, "name": self.name, "status": last.0, "impact": self.impact, "created_at": first.2,
            "updated_at": last.2, "shortlink": "https://stspg.example/x", "components": components,
            "incident_updates": (0..n).rev().map(update).collect::<Vec<_>>()});
        if self.maintenance {
            out["scheduled_for"] = json!(first.2 + minutes(600));
            out["scheduled_until"] = json!(first.2 + minutes(660));
        }
        out
    }
}

/// A world in which `search` uses Acme, and Acme's pages.
pub struct Acme {
    pub w: World,
    pub components: Vec<(&'static str, &'static str)>,
    pub incidents: Vec<Incident>,
}

pub const STATUS: &str = "summary.json";
pub const HISTORY: &str = "incidents.json";
pub const FEED: &str = "feed.xml";

impl Acme {
    pub async fn new() -> Self {
        Self::using("uses = [\"acme\"]").await
    }

    /// A service with this `uses` and `tier`.
    pub async fn using(service: &str) -> Self {
        let mut w = World::new().await;
        let outside = w.config.split("api_url = \"").nth(1).unwrap().split("/slack").next().unwrap().to_owned();
        let folder = w.dir.path().join("providers");
        std::fs::create_dir_all(&folder).unwrap();
        let file = format!(
            "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n\
            [sources.status]\nkind = \"status\"\nevidence = \"V\"\ndialect = \"statuspage\"\nurl = \"{outside}/pages/{STATUS}\"\nevery = \"60s\"\nguards = {{ page = \"Acme\" }}\n\
            [sources.changelog]\nkind = \"changelog\"\nevidence = \"V\"\nform = \"feed\"\nurl = \"{outside}/pages/{FEED}\"\nevery = \"10m\"\nguards = {{ must_contain = [\"Acme\"] }}\n"
        );
        std::fs::write(folder.join("acme.toml"), file).unwrap();
        let config = format!(
            "watch = []\ndigest = \"off\"\nlow_water_mb = 0\nproviders_dir = \"{}\"\n[slack]\nbot_token = \"env:SLACK\"\napi_url = \"{outside}/slack\"\n\
            [webhooks.ops]\nurl = \"{outside}/sink/ops\"\nsecret = \"env:WHSEC\"\n\
            [owners.search]\nslack = \"#search\"\n[owners.operators]\nwebhook = \"ops\"\n\
            [services.chat]\nowner = \"search\"\n{service}\n[connections.\"statuspage/acme\"]\nwebhook_secret = \"env:TOKEN\"\n",
            folder.display()
        );
        w.restart_with(&config);
        let mut a = Self { w, components: vec![("api", "operational"), ("web", "operational")], incidents: vec![] };
        a.feed(&[entry("hello", "Hello", a.w.now())]);
        a.serve();
        a
    }

    /// As [`Acme::new`], after a first read of a page on which all is well.
    pub async fn known() -> Self {
        let mut a = Self::new().await;
        a.poll().await;
        a.w.expect_silence();
        a
    }

    /// With an open incident that was told.
    pub async fn broken() -> Self {
        let mut a = Self::known().await;
        a.incidents.push(Incident::new("inc1", "major", a.w.now()));
        a.serve();
        a.poll().await;
        a.w.expect("search/slack", &["Errors inc1"]);
        a
    }

    pub fn summary(&self) -> String {
        let components: Vec<Value> =
            self.components.iter().map(|(id, s)| json!({"id": id, "name": id.to_uppercase(), "status": s})).collect();
        let open = |maintenance: bool| {
            let all = self.incidents.iter().filter(|i| i.maintenance == maintenance && !i.is_over());
            all.map(Incident::json).collect::<Vec<_>>()
        };
        json!({"page": {"id": "acme1", "name": "Acme"}, "status": {"indicator": "none"}, "components": components,
            "incidents": open(false), "scheduled_maintenances": open(true)})
        .to_string()
    }

    pub fn history(&self) -> String {
        let all: Vec<Value> = self.incidents.iter().filter(|i| !i.maintenance).map(Incident::json).collect();
        json!({"page": {"id": "acme1", "name": "Acme"}, "incidents": all}).to_string()
    }

    /// The pages say what the fields say.
    pub fn serve(&mut self) {
        self.answer(STATUS, 200, &self.summary());
        self.answer(HISTORY, 200, &self.history());
    }

    pub fn answer(&mut self, path: &str, status: u16, body: &str) {
        self.w.script(path, Script { status, body: body.into(), ..Script::default() });
    }

    pub fn feed(&mut self, entries: &[String]) {
        let body = format!(
            "<rss version=\"2.0\"><channel><title>Acme</title><link>https://acme.example/news</link>{}</channel></rss>",
            entries.concat()
        );
        self.answer(FEED, 200, &body);
    }

    /// Long enough for the status page to be due, then every job.
    pub async fn poll(&mut self) {
        self.w.advance(minutes(2)).await;
    }

    pub async fn polls(&mut self, n: usize) {
        for _ in 0..n {
            self.poll().await;
        }
    }

    /// Time in which the changelog is due, and the status page often.
    pub async fn read_feed(&mut self) {
        self.w.advance(minutes(12)).await;
    }

    /// The changes told of incidents and maintenance, oldest first.
    pub async fn changes(&self, kind: Kind) -> Vec<Change> {
        let all = self.w.events().await;
        all.into_iter().filter(|(e, _)| e.event.kind == kind).filter_map(|(e, _)| e.event.change).collect()
    }

    /// Stage of a matter, as its alert sees it.
    pub async fn stage(&self, id: &str) -> Stage {
        let id = forewarn::model::MatterId::new(id.to_owned()).unwrap();
        self.w.cx.store.matters(vec![id]).await.unwrap().remove(0).stage
    }

    /// Entries of the changelog that are stored, with how each was routed.
    pub async fn entries(&self) -> Vec<(String, String)> {
        let all = self.w.events().await;
        let changes = all.into_iter().filter(|(e, _)| e.event.kind == Kind::Change);
        changes.map(|(e, routing)| (e.event.title, routing)).collect()
    }
}

/// An entry of the feed.
pub fn entry(id: &str, title: &str, at: Timestamp) -> String {
    item(&format!("<guid>{id}</guid><link>https://acme.example/news/{id}</link>"), title, at)
}

/// An entry with whatever identity.
pub fn item(identity: &str, title: &str, at: Timestamp) -> String {
    let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!("<item>{identity}<title>{title}</title><pubDate>{date}</pubDate></item>")
}
