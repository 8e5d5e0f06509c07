//! `forewarn doctor`: check, and look outside.
//!
//! In: the config, the data, the network. Out: a line for each thing looked at; behind FIX what to do. Invariant: it sends
//! nothing to anybody and changes nothing. Refuses to call well what it could not look at.

use super::{Done, Failure, Place, out};
use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::engine::poll::{Target, Wanted, targets};
use crate::engine::skew::NEAR;
use crate::engine::status::HELD;
use crate::fetch::Client;
use crate::notify::http::http_client;
use crate::store::folder::{database, free_bytes};
use crate::store::sqlite::check_header;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Sources asked at a time.
const AT_ONCE: usize = 8;
/// Servers whose clock is asked for, until one says.
const CLOCKS: usize = 3;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn doctor; echo $?   # 3 when something was found")]
pub(super) struct Args {}

/// What was found so far.
#[derive(Default)]
struct Found {
    bad: bool,
}

impl Found {
    fn well(&self, what: &str) -> Done {
        out::say(&format!("ok   {what}"))
    }
    /// Worth knowing; nothing is broken by it.
    fn note(&self, what: &str) -> Done {
        out::say(&format!("note {what}"))
    }
    fn fix(&mut self, what: &str, todo: &str) -> Done {
        self.bad = true;
        out::say(&format!("FIX  {what}\n      {todo}"))
    }
    fn line(&mut self, good: bool, what: &str, todo: &str) -> Done {
        if good { self.well(what) } else { self.fix(what, todo) }
    }
}

pub(super) async fn run(_: Args, place: Place) -> Done {
    let config = place.config()?;
    let mut f = Found::default();
    settings(&config, &mut f)?;
    data(&place, &config, &mut f).await?;
    if let Some(url) = &config.public_url {
        public_side(url, &mut f).await?;
    }
    let wanted =
        Wanted { connections: &config.connections, watch: config.watch.as_deref(), allow: &config.fetch.allow };
    let all = targets(&config.catalog, &config.directory, wanted).0;
    let client = Arc::new(Client::new(config.fetch.clone()));
    clock(&client, &all, &mut f).await?;
    sources(&client, all, &mut f).await?;
    let next = if f.bad {
        "\nNext: what stands behind FIX, then forewarn doctor again"
    } else {
        "\nAll is well. Next: forewarn calendar, or forewarn rehearse to see who would have been told"
    };
    out::say(next)?;
    if f.bad { Err(Failure::Found) } else { Ok(()) }
}

/// What the config lacks.
fn settings(config: &Config, f: &mut Found) -> Done {
    f.well(&format!("config {}", config.origin))?;
    for n in &config.notes {
        f.note(n)?;
    }
    // One that is set is asked below.
    if config.public_url.is_none() {
        f.fix("public_url", "set public_url: providers must reach the intake, through a proxy with TLS")?;
    }
    f.line(!config.connections.is_empty(), "connections", "no webhooks yet: forewarn providers subscribe openai")?;
    let used = config.directory.usage_known();
    f.line(
        used,
        "services",
        "no service says what it uses: everything goes to the catch-all; forewarn init --scan PATH",
    )?;
    if config.heartbeat.is_none() {
        f.note("no heartbeat_url: nobody outside would notice that this machine is gone")?;
    }
    Ok(())
}

/// The disk, the data, and what the data tells of contacts and webhooks.
async fn data(place: &Place, config: &Config, f: &mut Found) -> Done {
    let folder = place.folder(config);
    if !folder.exists() {
        return f.well(&format!("data folder {} is not there yet: serve makes it", folder.display()));
    }
    let free = free_bytes(&folder).map_err(|e| Failure::Fault(e.to_string()))?;
    let what = format!("{} MiB free in {}", free >> 20, folder.display());
    f.line(free >= config.low_water, &what, "nothing is accepted below low_water_mb: make room, or lower it")?;
    let header = check_header(&database(&folder));
    f.line(header.is_ok(), "database", &header.err().map_or_else(String::new, |e| e.to_string()))?;
    let app = App::look(place.config()?, &folder)?;
    if app.cx.store.held().await?.is_some() {
        f.fix(HELD, "forewarn resume lists what would go, and asks")?;
    }
    if app.cx.doubts(SystemClock.now()).is_some() {
        let what = "clock: by what is stored it cannot be right, and nothing is sent";
        f.fix(what, "set it right; if it is, start forewarn once with serve --trust-clock")?;
    }
    if app.cx.store.last_copied().await?.is_none() {
        f.note("no backup was ever made: forewarn backup DEST, every night")?;
    }
    let now = SystemClock.now();
    let rows = app.cx.store.connections().await?;
    for s in crate::engine::silence::findings(&app.cx, &rows, &app.configured(), now) {
        f.fix(&s.title, &s.advice)?;
    }
    contacts(&app, f).await
}

/// Whether people were reached: no message is sent to find out.
async fn contacts(app: &App, f: &mut Found) -> Done {
    let rows = app.cx.store.contacts().await?;
    for o in app.cx.directory.owners() {
        for c in &o.contacts {
            let row = rows.iter().find(|r| r.contact == c.id);
            let last = row.and_then(|r| r.delivered_at);
            match (row.and_then(|r| r.refused()), last) {
                (Some(why), _) => {
                    f.fix(&format!("contact {}: {why}", c.id), &format!("mend it, then forewarn send-test {}", c.id))?;
                }
                (None, Some(at)) => f.well(&format!("contact {}: reached {} UTC", c.id, out::moment(at)))?,
                (None, None) => f.note(&format!("contact {} was never reached: forewarn send-test {}", c.id, c.id))?,
            }
        }
    }
    Ok(())
}

/// What somebody outside meets. Asked from here, which may be the wrong side of the proxy: the advice says so.
async fn public_side(url: &str, f: &mut Found) -> Done {
    let client = http_client().map_err(|e| Failure::Fault(e.to_string()))?;
    let ask = async |path: &str| {
        let answer = client.get(format!("{url}{path}")).send().await.map_err(|e| e.without_url().to_string())?;
        let status = answer.status().as_u16();
        Ok::<_, String>((status, answer.text().await.unwrap_or_default()))
    };
    let what = format!("public_url {url}");
    match ask("/hooks/doctor/asks").await {
        Ok((404, body)) if body == "not found\n" => f.well(&format!("{what} reaches the intake"))?,
        Ok((300..=399, _)) => {
            f.fix(
                &format!("{what} redirects"),
                "senders count that as a failure: write the final address, no redirect",
            )?;
        }
        Ok((502..=504, _)) => {
            f.fix(
                &format!("{what}: the proxy gets no answer"),
                "is forewarn serve running, and does the proxy ask its intake?",
            )?;
        }
        Ok((status, _)) => f.fix(
            &format!("{what}: somebody else answers /hooks/ ({status})"),
            "the proxy must pass /hooks/ on to the intake, as it came: docs/operating.md",
        )?,
        Err(why) => f.fix(
            &format!("{what} does not answer: {why}"),
            "if its name is only known outside, try it there: curl -i PUBLIC_URL/hooks/doctor/asks says \"not found\"",
        )?,
    }
    if let Ok((200 | 401, body)) = ask("/api/v1/status").await
        && (body.contains("\"healthy\"") || body.contains("forewarn token add"))
    {
        f.fix(&format!("{what} shows the private side"), "pass on /hooks/, /ack/, /slack/ and /calendar/ only")?;
    }
    Ok(())
}

async fn clock(client: &Client, all: &[Target], f: &mut Found) -> Done {
    let now = SystemClock.now();
    for target in all.iter().take(CLOCKS) {
        let url = target.request(now).url;
        let Ok(theirs) = client.date(&url).await else { continue };
        let off = SystemClock.now().duration_since(theirs);
        let side = if off.is_negative() { "behind" } else { "ahead of" };
        let what = format!("clock: {} s {side} that of {}", off.abs().as_secs(), target.id);
        return f.line(off.abs() <= NEAR, &what, "set it right, or webhooks are refused: timedatectl set-ntp true");
    }
    f.note("clock: nobody was there to compare it with")
}

/// Whether each source answers; what it says is judged when it is polled.
async fn sources(client: &Arc<Client>, all: Vec<Target>, f: &mut Found) -> Done {
    let bar = super::progress::bar("sources");
    let (count, mut done, mut failed) = (all.len(), 0, Vec::new());
    let mut left = all.into_iter();
    let mut running = JoinSet::new();
    loop {
        for target in left.by_ref().take(AT_ONCE - running.len()) {
            let client = client.clone();
            running.spawn(async move {
                let answer = client.get(&target.request(SystemClock.now())).await;
                (target.id, answer.map(drop))
            });
        }
        let Some(ended) = running.join_next().await else { break };
        let (id, answer) = ended.map_err(|e| Failure::Fault(e.to_string()))?;
        done += 1;
        bar.on(done, count, id.as_str());
        if let Err(e) = answer {
            failed.push((id, e.to_string()));
        }
    }
    bar.done();
    failed.sort();
    match failed.as_slice() {
        // One that does not answer may be theirs; all of several at once is the way out of this machine.
        [(id, why), _, _, ..] if failed.len() == count => {
            let what = format!("none of {count} sources answers; {id}: {why}");
            return f.fix(&what, "is the way out of this machine open? A proxy or a CA of your own stands in [fetch]");
        }
        some => {
            f.well(&format!("{} of {count} sources answer", count - some.len()))?;
            for (id, why) in some {
                f.fix(&format!("source {id}: {why}"), "is it they, or the way out? forewarn status says since when")?;
            }
        }
    }
    Ok(())
}
