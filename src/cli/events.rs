//! `forewarn events`: what was heard.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::engine::listing;
use crate::engine::same::Likeness;
use crate::model::{Event, Kind};
use crate::store::EventFilter;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn events --kind deprecation --since 7d\n  forewarn events --json --limit 500 | jq '.items[].title'\n  forewarn events --follow"
)]
pub(super) struct Args {
    /// Only this kind: deprecation, incident, maintenance, billing, account, change, job, source, unrecognized
    #[arg(long)]
    kind: Option<String>,
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only what came since: 2026-11-23, 2026-11-23T08:00:00Z, 24h, 7d
    #[arg(long)]
    since: Option<String>,
    /// Only events with a number below this one: the `next` of the page before
    #[arg(long)]
    before: Option<i64>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Go on and print new ones as they come
    #[arg(long)]
    follow: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let kind = match &args.kind {
        None => None,
        Some(k) => Some(Kind::parse(k).ok_or_else(|| {
            Failure::Usage(format!(
                "unknown kind {k:?}: allowed are {}",
                Kind::ALL.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ")
            ))
        })?),
    };
    let now = SystemClock.now();
    let since = args.since.as_deref().map(|s| setup::moment(s, now)).transpose().map_err(Failure::Usage)?;
    let app = place.look()?;
    let filter = EventFilter {
        kind,
        provider: args.provider.clone(),
        since,
        before: args.before,
        limit: args.limit.clamp(1, 10_000),
        ..EventFilter::default()
    };
    let mut found = app.cx.store.events(filter.clone()).await?;
    let next = if found.len() == filter.limit { found.last().map(|(e, _)| e.id.0) } else { None };
    if args.follow {
        found.reverse();
        return follow(&app, filter, found, args.json).await;
    }
    if args.json {
        return out::list(&listing::events(&app.cx, &found).await?, next);
    }
    if found.is_empty() {
        return out::say("No events yet. Next: forewarn status");
    }
    let same = Likeness::load(&app.cx).await?;
    let rows: Vec<Vec<String>> = found.iter().map(|(e, r)| row(e, r, &same)).collect();
    out::table(&["#", "HEARD (UTC)", "KIND", "CHANGE", "WHAT", "FROM", "TOLD"], &rows)
}

#[expect(clippy::disallowed_methods, reason = "a person watches; there is nothing to be woken by across processes")]
async fn follow(app: &crate::app::App, filter: EventFilter, mut found: Vec<(Event, String)>, as_json: bool) -> Done {
    let mut last = 0;
    loop {
        last = found.iter().map(|(e, _)| e.id.0).fold(last, i64::max);
        if as_json {
            for e in listing::events(&app.cx, &found).await? {
                out::say(&e.to_string())?;
            }
        } else if !found.is_empty() {
            let same = Likeness::load(&app.cx).await?;
            for (e, r) in &found {
                out::say(&row(e, r, &same).join("  "))?;
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        found = app
            .cx
            .store
            .events(EventFilter { after: Some(last), before: None, limit: 1_000, ..filter.clone() })
            .await?;
    }
}

fn row(e: &Event, routing: &str, same: &Likeness) -> Vec<String> {
    let told = if routing == "routed" { "yes".to_owned() } else { format!("no: {routing}") };
    let x = &e.event;
    let from = x.connection.as_ref().map_or_else(|| x.source.to_string(), |c| format!("{c} webhook"));
    let alike = x.matter.as_ref().and_then(|m| same.of(m).first());
    let alike = alike.map_or_else(String::new, |m| format!(" (possibly the same as {m})"));
    vec![
        e.id.to_string(),
        out::moment(x.received_at),
        x.kind.to_string(),
        x.change.map_or(String::new(), |c| c.to_string()),
        format!("{}{alike}", x.title),
        from,
        told,
    ]
}
