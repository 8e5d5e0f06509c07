//! `forewarn scan`: the ids that end, in code and settings.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::engine::known;
use crate::engine::scan::{self, Known, Options, Scan, sarif::sarif};
use crate::provider::file::Span;
use jiff::tz::TimeZone;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn scan .\n  forewarn scan . --fail-within 30d          # exit 3 in CI when code or settings use what ends soon\n  forewarn scan . --format sarif > forewarn.sarif\n  forewarn scan . --format json | forewarn usage import - --service support-bot\n\nIds are exact: claude-opus-4 is not found in claude-opus-4-8. What .gitignore names is left out, hidden files\nare not. Tests and documents are listed and never fail a check. Works without config, data and network."
)]
pub(super) struct Args {
    /// A folder or a file
    path: PathBuf,
    /// table, json or sarif
    #[arg(long, default_value = "table")]
    format: String,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    /// Exit 3 if code or settings name something that ended, or ends within so long
    #[arg(long, value_name = "SPAN")]
    fail_within: Option<String>,
    /// List known models without an end too
    #[arg(long)]
    all: bool,
    /// Look into what .gitignore leaves out as well
    #[arg(long)]
    no_ignore: bool,
}

pub(super) async fn run(args: &Args, place: &Place) -> Done {
    let format = if args.json { "json" } else { args.format.as_str() };
    if !["table", "json", "sarif"].contains(&format) {
        return Err(Failure::Usage(format!("unknown format {format:?}: allowed are table, json, sarif")));
    }
    let fail_within = match &args.fail_within {
        None => None,
        Some(s) => {
            let span =
                Span::parse(s).ok_or_else(|| Failure::Usage(format!("{s:?} is no length of time: write 30d")))?;
            Some(i32::try_from(span.seconds() / 86_400).unwrap_or(i32::MAX))
        }
    };
    let app = place.look_or_empty()?;
    let today = SystemClock.now().to_zoned_datetime(TimeZone::UTC).date();
    let endings = known::deprecations(&app.cx).await?;
    let options = Options { all: args.all, no_ignore: args.no_ignore };
    let known = Known { endings: &endings, models: &app.cx.known.models };
    let found = scan::scan(&args.path, known, options, today).map_err(Failure::Usage)?;
    match format {
        "json" => out::json(&with_next(&found))?,
        "sarif" => out::json(&sarif(&found))?,
        _ => table(&found)?,
    }
    let fails = |days: i32| {
        let used = found.items.iter().filter(|p| !p.role.only_mentions());
        used.filter_map(|p| p.days_left).any(|left| left <= days)
    };
    if fail_within.is_some_and(fails) { Err(Failure::Found) } else { Ok(()) }
}

fn with_next(found: &Scan) -> serde_json::Value {
    let mut v = serde_json::to_value(found).unwrap_or_default();
    v["next"] = serde_json::Value::Null;
    v
}

fn table(s: &Scan) -> Done {
    let rows: Vec<Vec<String>> = s
        .items
        .iter()
        .map(|p| {
            let (ends, left) = match (p.shutdown_on, p.earliest_shutdown_on, p.days_left) {
                (Some(d), _, left) => (out::day(d), left.map_or_else(String::new, |n| format!("{n}d"))),
                (None, Some(d), _) => (format!("from {}", out::day(d)), "?".into()),
                (None, None, _) if p.stage.is_some() => ("announced".into(), "?".into()),
                (None, None, _) => (String::new(), String::new()),
            };
            let place = format!("{}:{}", p.path, p.line);
            vec![ends, left, p.id.clone(), place, p.role.to_string(), p.replacements.join(", ")]
        })
        .collect();
    if rows.is_empty() {
        out::say("No id that ends stands there, as far as the sources say.")?;
    } else {
        out::table(&["ENDS", "LEFT", "WHAT", "WHERE", "IN", "INSTEAD"], &rows)?;
    }
    let used = s.items.iter().filter(|p| !p.role.only_mentions()).count();
    out::say(&format!(
        "\n{} in code and settings, {} in tests and documents; {} read for {} ids.",
        out::counted(used, "place"),
        s.items.len() - used,
        out::counted(s.files, "file"),
        s.ids
    ))?;
    if s.unread > 0 {
        out::say(&format!("NOT READ: {} files: {}", s.unread, s.unread_files.join("; ")))?;
    }
    Ok(())
}
