//! `forewarn calendar`: what ends when.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::crypto::HmacKey;
use crate::engine::calendar::{self, Deprecation, Filter, Window, csv, icalendar, upcoming};
use crate::provider::file::Span;
use crate::store::SourceHealth;
use crate::store::folder::instance_key;
use jiff::civil::Date;
use jiff::tz::TimeZone;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn calendar --within 90d\n  forewarn calendar --owner search --format json\n  forewarn calendar --used --fail-within 30d   # exit 3 in CI when something of yours ends soon\n  forewarn calendar --format ics --alarm 7d > ends.ics\n  forewarn calendar --feed owner=search,alarm=7d   # a secret address to subscribe to\n\nA feed's address is all it takes to read it. Whoever has it keeps it until instance.key\nin the data folder is removed and the daemon started anew: then all addresses are void."
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
    /// table, json, ics or csv
    #[arg(long, default_value = "table")]
    format: String,
    /// In ics: only this kind, deprecation or maintenance (tables, JSON and CSV list deprecations)
    #[arg(long)]
    kind: Option<String>,
    /// In ics: an alarm so long before, 7d; may be repeated
    #[arg(long, value_name = "SPAN")]
    alarm: Vec<String>,
    /// Print the secret address of a part of the calendar: owner=search,provider=openai,kind=maintenance,used=true,alarm=7d; "" for all
    #[arg(long, value_name = "FILTER", conflicts_with_all = ["within", "past", "provider", "owner", "used", "all", "format", "json", "kind", "alarm", "fail_within"])]
    feed: Option<String>,
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
    if let Some(text) = &args.feed {
        return feed(text, &place);
    }
    let format = if args.json { "json" } else { args.format.as_str() };
    if !["table", "json", "ics", "csv"].contains(&format) {
        return Err(Failure::Usage(format!("unknown format {format:?}: allowed are table, json, ics, csv")));
    }
    let window = Window {
        within_days: days(&args.within)?,
        past_days: days(&args.past)?,
        provider: args.provider.clone(),
        owner: args.owner.clone(),
        used_only: args.used || (format == "table" && !args.all),
    };
    let fail_within = args.fail_within.as_deref().map(days).transpose()?;
    let filter = filter(&args)?;
    let app = place.look_or_empty()?;
    let today = SystemClock.now().to_zoned_datetime(TimeZone::UTC).date();
    let (rows, hidden) = upcoming(&app.cx, &window, today).await?;
    match format {
        "json" => out::list(&rows, None)?,
        "csv" => out::verbatim(&csv(&rows))?,
        "ics" => {
            let span = calendar::Span { today, within_days: window.within_days, past_days: window.past_days };
            out::verbatim(&icalendar(&app.cx, &filter, span, None).await?)?;
        }
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

/// What `--format ics` draws.
fn filter(args: &Args) -> Result<Filter, Failure> {
    let named = [("owner", &args.owner), ("provider", &args.provider), ("kind", &args.kind)];
    let used = args.used.then_some(("used", "true"));
    let pairs = named.iter().filter_map(|(name, v)| v.as_deref().map(|v| (*name, v)));
    Filter::of(pairs.chain(used).chain(args.alarm.iter().map(|a| ("alarm", a.as_str())))).map_err(Failure::Usage)
}

/// Prints the secret address of a part of the calendar.
fn feed(text: &str, place: &Place) -> Done {
    let config = place.config()?;
    let filter = Filter::parse(text).map_err(Failure::Usage)?;
    if let Some(owner) = filter.owner.as_ref().filter(|o| !config.directory.has_owner(o)) {
        return Err(Failure::Usage(format!("there is no owner {owner:?} in the config")));
    }
    if let Some(id) = filter.provider.as_ref().filter(|p| config.catalog.get(p).is_none()) {
        return Err(Failure::Usage(format!("there is no provider {id:?}: see forewarn providers")));
    }
    let folder = place.folder(&config);
    if !folder.is_dir() {
        let told = format!("{} is not there yet: start forewarn serve once, or name it with --data", folder.display());
        return Err(Failure::Usage(told));
    }
    let key = HmacKey::new(&instance_key(&folder)?);
    let base = config.public_url.as_deref().unwrap_or("https://YOUR-PUBLIC-URL");
    out::say(&format!("{base}/calendar/{}.ics", filter.token(&key)))?;
    if config.public_url.is_none() {
        out::complain("public_url is not set: put the address your proxy listens on in its place");
    }
    Ok(())
}

async fn table(app: &crate::app::App, rows: &[Deprecation], hidden: usize, w: &Window) -> Done {
    let known = rows.first().map_or_else(|| app.cx.directory.usage_known() || hidden > 0, |r| r.used.is_some());
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
        "\nNothing says what you use: [services.NAME] uses = […], or forewarn usage import".to_owned()
    };
    if hidden > 0 {
        foot.push_str(&format!("; {hidden} others: --all"));
    }
    let unread = rows.iter().filter(|r| r.review.is_some()).count();
    if unread > 0 {
        foot.push_str(&format!("; {unread} need review: forewarn deprecations show ID"));
    }
    if let Some(age) = age_of_snapshot(rows, app) {
        foot.push_str(&age);
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

/// How old what is known from the binary alone is, in words.
fn age_of_snapshot(rows: &[Deprecation], app: &crate::app::App) -> Option<String> {
    let old: Vec<Date> = rows.iter().filter_map(|r| r.snapshot_on).collect();
    let taken = app.cx.known.taken_on.filter(|_| !old.is_empty())?;
    let today = SystemClock.now().to_zoned_datetime(TimeZone::UTC).date();
    let days = taken.until(today).map_or(0, |s| s.get_days());
    Some(format!(
        ".\n{} of these are as this forewarn was built with them, read by {} ({days} days ago): forewarn serve reads the pages",
        old.len(),
        out::day(taken)
    ))
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
        // Calls of a project that no service has claimed.
        [] => d.usage.iter().find_map(|u| u.project.clone()).unwrap_or_default(),
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
