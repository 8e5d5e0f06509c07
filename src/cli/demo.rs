//! `forewarn demo`: the whole way in half a minute, without any key.
//!
//! A fake provider page and signed webhooks on loopback, a real daemon on a temporary folder. Only the page is ours;
//! everything else is what `serve` runs.

use super::{Done, Failure, out};
use crate::app::{Addresses, App, Reloading};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Text};
use crate::engine::calendar::{Window, upcoming};
use crate::engine::simulate::{Sample, Wanted, sample};
use crate::store::folder::DataFolder;
use crate::store::{AlertFilter, Store};
use axum::{Router, routing::get};
use jiff::{Span, civil::Date, tz::TimeZone};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn demo")]
pub(super) struct Args {}

const SECRET: &str = "whsec_Zm9yZXdhcm4tZGVtby1zZWNyZXQtMzItYnl0ZXMhIQ==";
const TOKEN: &str = "forewarn-demo-secret-0123456789";

pub(super) async fn run(_: Args) -> Done {
    let today = SystemClock.now().to_zoned_datetime(TimeZone::UTC).date();
    let stop = CancellationToken::new();
    let page = page_server(page(today), &stop).await?;
    let folder = temporary()?;
    let held = DataFolder::hold(&folder)?;
    let env = |name: &str| match name {
        "DEMO_WHSEC" => Some(SECRET.to_owned()),
        "DEMO_TOKEN" => Some(TOKEN.to_owned()),
        _ => None,
    };
    let config = config::parse(Text::embedded("demo", &config_text(page)), &env)?;
    let samples = Samples::make(&config)?;
    let app = App::open(config, &held)?;
    let (cx, store) = (app.cx.clone(), app.cx.store.clone());

    out::say(
        "1. A daemon starts: two owners, three services, one page to poll, two webhooks.\n   (What follows in blocks is what people would get on Slack or by mail.)\n",
    )?;
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let (tell, told) = tokio::sync::oneshot::channel();
    let daemon = serve(app, Addresses { intake: any, listen: any }, stop.clone(), tell);
    let at = told.await.map_err(|_| Failure::Fault("the daemon did not start".into()))?;
    wait_for(&store, 2).await?;
    out::say(
        "\n2. The provider's page was read. What your services use reached its owner; the rest is in the calendar.\n",
    )?;
    step(&samples.safety, at.intake, "3. The provider warns about your account, by a signed webhook").await?;
    wait_for(&store, 3).await?;
    step(&samples.safety, at.intake, "4. The same webhook again: a repeat, nobody is told twice").await?;
    let mut forged = samples.safety.clone();
    forged.body = forged.body.replace("safety", "Safety");
    step(&forged, at.intake, "5. The same webhook with one byte changed").await?;
    step(&samples.incident, at.intake, "6. An incident of another system of yours").await?;
    wait_for(&store, 4).await?;
    out::say("\n7. What ends when? (forewarn calendar)\n")?;
    let window = Window { within_days: 365, past_days: 0, provider: None, owner: None, used_only: false };
    let (rows, _) = upcoming(&cx, &window, today).await?;
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|d| {
            vec![
                d.shutdown_on.map_or_else(|| "?".into(), out::day),
                d.days_left.map_or_else(String::new, |n| format!("{n}d")),
                d.id.clone(),
                d.services.join(", "),
                d.owners.join(", "),
                d.state.clone(),
            ]
        })
        .collect();
    out::table(&["ENDS", "LEFT", "WHAT", "USED BY", "OWNER", "STATE"], &lines)?;
    stop.cancel();
    daemon.await.map_err(|e| Failure::Fault(e.to_string()))??;
    drop(held);
    let _ = std::fs::remove_dir_all(&folder);
    out::say(
        "\nThat was a real daemon on a temporary folder, gone now. Yours:\n  forewarn init && forewarn check && forewarn serve",
    )
}

#[expect(clippy::disallowed_methods, reason = "the daemon of the demo runs beside its script")]
fn serve(
    app: App,
    at: Addresses,
    stop: CancellationToken,
    tell: tokio::sync::oneshot::Sender<Addresses>,
) -> tokio::task::JoinHandle<Result<(), crate::app::AppError>> {
    tokio::spawn(app.serve(at, stop, Reloading::never(), move |real| {
        let _ = tell.send(real);
    }))
}

#[expect(clippy::disallowed_methods, reason = "the fake provider runs beside the script")]
async fn page_server(text: String, stop: &CancellationToken) -> Result<SocketAddr, Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let at = listener.local_addr()?;
    let router = Router::new().route("/deprecations.md", get(move || async move { text }));
    tokio::spawn(crate::web::listener::serve(listener, router, stop.clone()));
    Ok(at)
}

fn temporary() -> Result<std::path::PathBuf, Failure> {
    let name = format!("forewarn-demo-{}-{}", std::process::id(), SystemClock.now().as_millisecond());
    Ok(std::env::temp_dir().join(name))
}

fn page(today: Date) -> String {
    let on = |days: i64| today.saturating_add(Span::new().days(days)).to_string();
    format!(
        "# Deprecations\n\n## Upcoming\n\n### {}: Older demo models\n\n| Shutdown date | Model | Recommended replacement |\n| --- | --- | --- |\n| {} | `gpt-demo-2025-08-07` | `gpt-demo-2` |\n| {} | `gpt-demo-mini` | `gpt-demo-2-mini` |\n| {} | `demo-embed-1` | `demo-embed-2` |\n",
        on(-3),
        on(60),
        on(7),
        on(200)
    )
}

fn config_text(page: SocketAddr) -> String {
    format!(
        r#"
catch_all = "platform"
watch = ["openai"]
snapshot = false
low_water_mb = 0
[connections."openai/main"]
webhook_secret = "env:DEMO_WHSEC"
[connections."generic-hmac/shop"]
webhook_secret = "env:DEMO_TOKEN"
[owners.platform]
console = true
[owners.search]
console = true
zone = "America/New_York"
[services.support-bot]
owner = "search"
uses = ["openai:gpt-demo-2025-08-07", "openai:gpt-demo-mini"]
[services.rerank-batch]
owner = "search"
env = "staging"
uses = ["openai:gpt-demo-2025-08-07"]
[services.checkout]
owner = "platform"
uses = ["generic-hmac"]
[provider.openai.sources.deprecations]
url = "http://{page}/deprecations.md"
page = "https://provider.example/deprecations"
guards = {{ must_contain = ["Deprecations"], min_rows = 1 }}
# The demo asks nobody outside: what it does not serve itself is off.
[provider.openai.sources]
status = {{ evidence = "U" }}
changelog = {{ evidence = "U" }}
"changelog.blog" = {{ evidence = "U" }}
"changelog.codex" = {{ evidence = "U" }}
"changelog.news" = {{ evidence = "U" }}
"changelog.python" = {{ evidence = "U" }}
"#
    )
}

struct Samples {
    safety: Sample,
    incident: Sample,
}

impl Samples {
    fn make(config: &config::Config) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let make = |id: &str, account: &str, kind: &str, secret: &str| {
            let provider = config.catalog.get(id).ok_or_else(|| Failure::Fault(format!("no provider {id}")))?;
            sample(provider, Wanted { account, kind, secret: Some(secret), number: 7, at: now, ..Wanted::default() })
                .map_err(Failure::Fault)
        };
        Ok(Self {
            safety: make("openai", "main", "safety.alert.created", SECRET)?,
            incident: make("generic-hmac", "shop", "incident.opened", TOKEN)?,
        })
    }
}

async fn step(s: &Sample, to: SocketAddr, what: &str) -> Done {
    let client = crate::notify::http::http_client().map_err(|e| Failure::Fault(e.to_string()))?;
    let mut request = client.post(format!("http://{to}{}", s.path)).body(s.body.clone());
    for (k, v) in &s.headers {
        request = request.header(k, v);
    }
    let status = request.send().await.map_err(|e| Failure::Fault(e.to_string()))?.status().as_u16();
    let verdict = match status {
        200 => "200, on disk",
        401 => "401, refused without a reason",
        _ => "not taken",
    };
    out::say(&format!("\n{what}: {verdict}\n"))
}

/// Waits until so many alerts are there and everything planned for them is sent, at most ten seconds.
#[expect(clippy::disallowed_methods, reason = "a script for people: it waits for what they are to see")]
async fn wait_for(store: &Arc<dyn Store>, alerts: usize) -> Result<(), Failure> {
    for _ in 0..100 {
        let found = store.alerts(AlertFilter { limit: 100, ..AlertFilter::default() }).await?;
        let waiting = found.iter().any(|(a, _)| a.told_revision == 0);
        let ledger = store.ledger().await?;
        let unsent = ledger
            .lines
            .iter()
            .any(|l| l.what == "obligations" && l.parts.iter().any(|(k, n)| k == "pending" && *n > 0));
        if found.len() >= alerts && !waiting && !unsent {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Failure::Fault("the demo waited in vain for its next message".into()))
}
