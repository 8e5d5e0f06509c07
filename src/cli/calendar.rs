//! `forewarn calendar`: what ends when.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::engine::calendar::{Deprecation, Window, upcoming};
use crate::provider::file::Span;
use crate::store::SourceHealth;
use jiff::tz::TimeZone;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn calendar --within 90d\n  forewarn calendar --owner search --format json\n  forewarn calendar --used --fail-within 30d   # exit 3 in CI when something of yours ends soon"
)]
pub(super) struct Args {
    /// How far ahead to look
    #[arg(long, value_name = "SPAN", default_value = "90d")]
    within: String,
    /// How far back to look
    #[arg(long, value_name = "SPAN", default_value = "0d")]
    past: String,
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only of this owner
    #[arg(long)]
    owner: Option<String>,
    /// Only what a service of yours uses (the table does so once a service says what it uses)
    #[arg(long, conflicts_with = "all")]
    used: bool,
    /// Everything (JSON and CSV do so unless --used)
    #[arg(long)]
    all: bool,
    /// table, json or csv
    #[arg(long, default_value = "table")]
    format: String,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    /// Exit 3 if something listed ends within so long
    #[arg(long, value_name = "SPAN")]
    fail_within: Option<String>,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let days = |s: &str| {
        Span::parse(s)
            .map(|s| i32::try_from(s.0 / 86_400).unwrap_or(i32::MAX))
            .ok_or_else(|| Failure::Usage(format!("{s:?} is no length of time: write 90d")))
    };
    let format = if args.json { "json" } else { args.format.as_str() };
    if !["table", "json", "csv"].contains(&format) {
        return Err(Failure::Usage(format!("unknown format {format:?}: allowed are table, json, csv")));
    }
    let window = Window {
        within_days: days(&args.within)?,
        past_days: days(&args.past)?,
        provider: args.provider.clone(),
        owner: args.owner.clone(),
        used_only: args.used || (format == "table" && !args.all),
    };
    let fail_within = args.fail_within.as_deref().map(days).transpose()?;
    let app = place.look()?;
    let today = SystemClock.now().to_zoned_datetime(TimeZone::UTC).date();
    let (rows, hidden) = upcoming(&app.cx, &window, today).await?;
    match format {
        "json" => out::list(&rows, None)?,
        "csv" => csv(&rows)?,
        _ => table(&app, &rows, hidden, &window).await?,
    }
    if fail_within.is_some_and(|n| {
        rows.iter().any(|r| r.soonest().is_some_and(|d| today.until(d).is_ok_and(|s| s.get_days() <= n)))
    }) {
        Err(Failure::Found)
    } else {
        Ok(())
    }
}

async fn table(app: &crate::app::App, rows: &[Deprecation], hidden: usize, w: &Window) -> Done {
    let known = app.cx.directory.usage_known();
    if rows.is_empty() {
        out::say(&format!(
            "Nothing {}ends within {} days, as far as the sources say.",
            if w.used_only && known { "of ours " } else { "" },
            w.within_days
        ))?;
    } else {
        let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
        out::table(&["ENDS", "LEFT", "WHAT", "USED BY", "OWNER", "STATE"], &lines)?;
    }
    let (used, unowned) = (
        rows.iter().filter(|r| r.used == Some(true)).count(),
        rows.iter().filter(|r| r.used == Some(true) && r.owners.is_empty()).count(),
    );
    let mut foot = if known {
        format!("\n{used} used by us, {unowned} unowned")
    } else {
        "\nNo service says what it uses: [services.NAME] uses = […]".to_owned()
    };
    if hidden > 0 {
        foot.push_str(&format!("; {hidden} others: --all"));
    }
    let sources = app.cx.store.sources().await?;
    let read = sources.iter().filter(|s| s.health == SourceHealth::Fresh).count();
    foot.push_str(&format!(". {read} of {} sources read.", app.targets.len()));
    out::say(&foot)?;
    let bad: Vec<String> = sources
        .iter()
        .filter(|s| s.health != SourceHealth::Fresh)
        .map(|s| format!("{} ({})", s.id, s.health))
        .collect();
    if !bad.is_empty() {
        out::say(&format!("UNREADABLE: {} (their rows may be incomplete).", bad.join(", ")))?;
    }
    out::say("Next: forewarn alerts")
}

fn line(d: &Deprecation) -> Vec<String> {
    let ends = d.deadline.as_ref().map_or_else(
        || "?".into(),
        |x| match x.precision {
            crate::model::Precision::Day | crate::model::Precision::Instant
                if x.firmness == crate::model::Firmness::Firm =>
            {
                out::day(x.date)
            }
            _ => x.in_words(),
        },
    );
    let exact = d.shutdown_on.is_some()
        && matches!(d.precision, Some(crate::model::Precision::Day | crate::model::Precision::Instant));
    let left = if exact { d.days_left.map_or_else(String::new, |n| format!("{n}d")) } else { "?".into() };
    let used_by = match d.services.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    };
    let owner = match (d.owners.as_slice(), d.used) {
        ([], None) => "?".into(),
        ([], _) => "nobody".into(),
        (many, _) => many.join(", "),
    };
    vec![ends, left, d.id.clone(), used_by, owner, d.state.clone()]
}

/// A field that a spreadsheet would take for a formula is prefixed.
fn csv(rows: &[Deprecation]) -> Done {
    let quote = |s: &str| {
        let s = if s.starts_with(['=', '+', '-', '@', '\t']) { format!("'{s}") } else { s.to_owned() };
        format!("\"{}\"", s.replace('"', "\"\""))
    };
    let date = |d: Option<jiff::civil::Date>| d.map_or_else(String::new, |d| d.to_string());
    let mut text =
        String::from("id,provider,shutdown_on,earliest_shutdown_on,days_left,replacements,services,owners,state");
    for r in rows {
        let cells = [
            quote(&r.id),
            quote(&r.provider),
            date(r.shutdown_on),
            date(r.earliest_shutdown_on),
            r.days_left.map_or_else(String::new, |n| n.to_string()),
            quote(&r.replacements.join(" ")),
            quote(&r.services.join(" ")),
            quote(&r.owners.join(" ")),
            quote(&r.state),
        ];
        text.push('\n');
        text.push_str(&cells.join(","));
    }
    out::say(&text)
}
