//! `forewarn between`: what moved in a window.

use super::{Done, Failure, Place, now, out};
use crate::clock::{Clock, SystemClock};
use crate::engine::between::{Asked, Between, Suffered, between, markdown};
use crate::model::Stretch;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn between \"2h ago\" now\n  forewarn between 2026-11-20 2026-11-22            both days, whole\n  forewarn between \"2026-11-22 01:00 Europe/Berlin\" \"2026-11-22 03:00 Europe/Berlin\" --provider openai\n  forewarn between yesterday now --format markdown >> postmortem.md\n\nT1 and T2 may be 2026-11-23, \"2026-11-23 08:00\", 2026-11-23T08:00:00Z, 08:00 (today), 24h, \"2h ago\", now,\ntoday, yesterday; a zone may follow (UTC, +02:00, Europe/Berlin), else it is UTC. A day as T2 counts whole."
)]
pub(super) struct Args {
    /// The beginning
    t1: String,
    /// The end
    t2: String,
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// table, json or markdown
    #[arg(long, default_value = "table")]
    format: String,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let format = if args.json { "json" } else { args.format.as_str() };
    if !["table", "json", "markdown"].contains(&format) {
        return Err(Failure::Usage(format!("unknown format {format:?}: allowed are table, json, markdown")));
    }
    let clock = SystemClock.now();
    let read = |t: &str| Stretch::parse(t, clock).map_err(Failure::Usage);
    let (a, b) = (read(&args.t1)?, read(&args.t2)?);
    let (from, to) = if a.from <= b.from { (a.from, b.until) } else { (b.from, a.until) };
    let app = place.look()?;
    if let Some(p) = args.provider.as_ref().filter(|p| app.cx.catalog.get(p).is_none()) {
        return Err(Failure::Usage(format!("there is no provider {p:?}: see forewarn providers")));
    }
    let b = between(&app.cx, Asked { from, to, provider: args.provider }).await?;
    match format {
        "json" => out::json(&b),
        "markdown" => out::verbatim(&markdown(&b)),
        _ => table(&b),
    }
}

fn table(b: &Between) -> Done {
    out::say(&format!("{} to {} UTC", out::moment(b.from), out::moment(b.to)))?;
    suffered("INCIDENTS", &b.incidents)?;
    suffered("MAINTENANCE", &b.maintenance)?;
    if !b.ended.is_empty() {
        out::say("\nENDED")?;
        let line = |d: &crate::engine::calendar::Deprecation| {
            vec![
                d.shutdown_on.map_or_else(String::new, out::day),
                d.id.clone(),
                d.services.join(", "),
                d.url.clone().unwrap_or_default(),
            ]
        };
        out::rows(&b.ended.iter().map(line).collect::<Vec<_>>())?;
    }
    for (head, list) in [("CHANGES", &b.moved), ("WHAT WE COULD NOT READ", &b.blind)] {
        if list.is_empty() {
            continue;
        }
        out::say(&format!("\n{head}"))?;
        let line = |h: &crate::engine::heard::Heard| {
            let e = &h.event.event;
            let change = e.change.map_or(String::new(), |c| c.to_string());
            vec![
                out::moment(e.received_at),
                change,
                e.title.clone(),
                h.quote.clone(),
                e.url.clone().unwrap_or_default(),
            ]
        };
        out::rows(&list.iter().map(line).collect::<Vec<_>>())?;
    }
    if b.incidents.is_empty() && b.maintenance.is_empty() && b.moved.is_empty() && b.ended.is_empty() {
        let sure = if b.blind.is_empty() {
            "Sources that were read well said nothing; which these are: forewarn status"
        } else {
            "But not everything could be read (above)."
        };
        out::say(&format!("\nNothing was heard. {sure}"))?;
    }
    if b.first_reads > 0 {
        out::say(&format!(
            "\n{} more were read for the first time in this window: where we begin, no news.",
            b.first_reads
        ))?;
    }
    if b.more {
        out::say("\nThere is more than fits here: choose a shorter window.")?;
    }
    Ok(())
}

fn suffered(head: &str, all: &[Suffered]) -> Done {
    if all.is_empty() {
        return Ok(());
    }
    out::say(&format!("\n{head}"))?;
    let line = |s: &Suffered| {
        let e = &s.episode;
        let how = if s.ended_at.is_some() { now::took(s.minutes) } else { format!("{} so far", now::took(s.minutes)) };
        let began = e.window.map_or(e.opened_at, |w| w.from);
        vec![
            out::moment(began),
            how,
            e.severity.to_string(),
            e.provider.clone(),
            e.title.clone(),
            e.services.join(", "),
            e.url.clone().unwrap_or_default(),
        ]
    };
    out::rows(&all.iter().map(line).collect::<Vec<_>>())
}
