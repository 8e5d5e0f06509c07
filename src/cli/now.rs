//! `forewarn now`: is it them?

use super::{Done, Failure, Place, out};
use crate::engine::calendar::Deprecation;
use crate::engine::listing::Episode;
use crate::engine::now::{Comparable, Now, Verdict, Voice, age, now, scope};
use crate::store::SourceHealth;

/// Most sources shown.
const SOURCES: usize = 12;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn now                 everything that is read\n  forewarn now openai          a provider\n  forewarn now support-bot     what a service of yours uses\n  forewarn now openai:gpt-demo-2025-08-07\n  forewarn now --json | jq -r .verdict   they_say_so, they_say_nothing or cannot_read\n\nThe first line is the verdict. \"They say nothing\" is said only if their status page was\nread lately; what cannot be read is never all clear.\nExit 0 when they say nothing, 3 when they say so or when it cannot be read."
)]
pub(super) struct Args {
    /// A provider, a service of yours, a model or PROVIDER:MODEL; everything without it
    #[arg(value_name = "PROVIDER|MODEL|SERVICE")]
    about: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let app = place.look_or_empty()?;
    let scope = scope(&app.cx, args.about.as_deref()).await?.map_err(Failure::Usage)?;
    let n = now(&app.cx, &scope, &app.targets, &app.off).await?;
    if args.json {
        out::json(&n)?
    } else {
        say(&n)?
    }
    // A script that goes on after this must not take "unknown" for "all clear".
    match n.verdict {
        Verdict::TheySayNothing => Ok(()),
        Verdict::TheySaySo | Verdict::CannotRead => Err(Failure::Found),
    }
}

fn say(n: &Now) -> Done {
    out::say(&n.headline)?;
    block(
        "OPEN",
        n.incidents.iter().chain(&n.billing).map(|e| episode(e, n, &format!("for {}", age(e.opened_at, n.at)))),
    )?;
    block(
        "OVER LATELY",
        n.over.iter().take(5).map(|e| episode(e, n, &format!("over {} ago", age(e.latest_at, n.at)))),
    )?;
    block(
        "MAINTENANCE",
        n.maintenance.iter().take(10).map(|e| {
            let from =
                e.window.map_or_else(|| "no times given".into(), |w| format!("from {} UTC", out::moment(w.from)));
            episode(e, n, &from)
        }),
    )?;
    block(
        "CHANGED IN 72 HOURS",
        n.changes.iter().take(15).map(|h| {
            let e = &h.event.event;
            let moved = match (&e.moved_from, &e.deadline) {
                (Some(a), Some(b)) => format!("from {} to {}", a.in_words(), b.in_words()),
                (_, _) => String::new(),
            };
            let change = e.change.map_or(String::new(), |c| c.to_string());
            vec![out::moment(e.received_at), change, e.title.clone(), moved, e.url.clone().unwrap_or_default()]
        }),
    )?;
    if n.changes.len() > 15 {
        out::say(&format!("  and {} more: --json", n.changes.len() - 15))?;
    }
    block("ENDS", n.ending.iter().take(10).map(ending))?;
    let worth = |v: &&Voice| {
        if n.scope == "all" { v.tells_incidents && v.health != SourceHealth::Fresh } else { true }
    };
    let voices: Vec<&Voice> = n.voices.iter().filter(worth).collect();
    block(
        "WHO WOULD SAY SO",
        voices.iter().take(SOURCES).map(|v| {
            let read = v.read_at.map_or_else(|| "never read".into(), |t| format!("read {} ago", age(t, n.at)));
            vec![v.source.clone(), v.health.to_string(), read, v.problem.clone().unwrap_or_default()]
        }),
    )?;
    if voices.len() > SOURCES {
        out::say(&format!("  and {} more: forewarn status", voices.len() - SOURCES))?;
    }
    for u in n.unheard.iter().filter(|_| n.scope != "all") {
        out::say(&format!("  {}: nobody reads its status: {}", u.provider, u.why))?;
    }
    if let Some(last) = &n.last {
        out::say(&format!("\n{}", last_time(last)))?;
    }
    let one = if n.scope == "provider" { format!(" --provider {}", n.about) } else { String::new() };
    out::say(&format!("\nNext: forewarn between 72h now{one}"))
}

/// Lines under a head; nothing where there are none.
fn block(head: &str, rows: impl Iterator<Item = Vec<String>>) -> Done {
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    out::say(&format!("\n{head}"))?;
    out::rows(&rows)
}

fn episode(e: &Episode, n: &Now, when: &str) -> Vec<String> {
    let ours = if e.services.is_empty() { String::new() } else { format!("ours: {}", e.services.join(", ")) };
    let whose = if n.providers.len() == 1 { String::new() } else { e.provider.clone() };
    let same = e.possibly_same.first().map_or_else(String::new, |id| format!(" (possibly the same as {id})"));
    let title = format!("{}{same}", e.title);
    vec![e.severity.to_string(), when.to_owned(), whose, title, ours, e.url.clone().unwrap_or_default()]
}

fn ending(d: &Deprecation) -> Vec<String> {
    let ends = d.deadline.as_ref().map_or_else(|| "?".into(), crate::model::Deadline::in_words);
    let left = d.days_left.map_or_else(String::new, |n| format!("{n}d"));
    let instead = d.replacements.first().map_or_else(String::new, |r| format!("use {r}"));
    vec![ends, left, d.id.clone(), d.services.join(", "), instead]
}

fn last_time(c: &Comparable) -> String {
    let e = &c.incident;
    let usual =
        if c.of > 2 { format!("; they usually take {} (of {})", took(c.usual_minutes), c.of) } else { String::new() };
    format!(
        "Last time: \u{201c}{}\u{201d}, {} UTC, took {}{usual}.",
        crate::model::text::one_line(&e.title, 80),
        out::moment(e.opened_at),
        took(c.minutes)
    )
}

/// `23 min`, `3 h 10 min`.
pub(super) fn took(minutes: i64) -> String {
    if minutes < 100 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) }
}
