//! `forewarn status`: how forewarn itself is.

use super::{Done, Failure, Place, out};
use crate::store::folder;
use crate::web::actions::Request;
use crate::web::{actions::Reply, control};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Findings shown each on a line of its own.
const FINDINGS: usize = 12;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  forewarn status\n  forewarn status --json | jq .findings")]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let config = place.config()?;
    let socket = folder::socket(&place.folder(&config));
    let (s, daemon) = match control::ask(&socket, &Request::Status).await {
        Ok(Some(Reply::Done(v))) => (v, true),
        Ok(Some(Reply::Refused(why) | Reply::Failed(why))) => return Err(Failure::Fault(why)),
        Ok(None) | Err(_) => {
            let app = place.look()?;
            let status = app.actions(None, Arc::new(Vec::new)).status().await?;
            (serde_json::to_value(status).map_err(|e| Failure::Fault(e.to_string()))?, false)
        }
    };
    if args.json { out::json(&s) } else { say(&s, daemon) }
}

fn say(s: &Value, daemon: bool) -> Done {
    let text =
        |v: &Value| v.as_str().map_or_else(|| if v.is_null() { String::new() } else { v.to_string() }, str::to_owned);
    let list = |k: &str| s[k].as_array().cloned().unwrap_or_default();
    out::say(&format!(
        "forewarn {}: {}",
        text(&s["version"]),
        if !daemon {
            "not running here"
        } else if s["healthy"] == true {
            "well"
        } else {
            "needs a person"
        }
    ))?;
    let findings = list("findings");
    for f in findings.iter().take(FINDINGS) {
        out::say(&format!("  ! {}", text(f)))?;
    }
    if findings.len() > FINDINGS {
        out::say(&format!("  ! and {} more: the table of sources says why, --json all", findings.len() - FINDINGS))?;
    }
    out::say(&format!(
        "Inbox: {} waiting. Unrecognized: {}. Dead letters: {}. Conflicts: {}.\n",
        s["inbox"]["pending"],
        list("unrecognized").len(),
        list("dead_letters").len(),
        list("conflicts").len()
    ))?;
    let when = |v: &Value| v.as_str().and_then(|t| t.parse().ok()).map_or_else(|| "never".into(), out::moment);
    let sources: Vec<Vec<String>> = list("sources")
        .iter()
        .map(|r| {
            vec![
                text(&r["id"]),
                text(&r["health"]),
                when(&r["last_ok_at"]),
                format!("{} (floor {})", text(&r["rows"]), text(&r["floor"])),
                text(&r["problem"]),
            ]
        })
        .collect();
    if !sources.is_empty() {
        out::table(&["SOURCE", "IS", "READ (UTC)", "ROWS", "WHY"], &sources)?;
    }
    // One reason many have is one line: most providers are nobody's.
    let mut off: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for o in list("off") {
        off.entry(text(&o[1])).or_default().push(text(&o[0]));
    }
    if !off.is_empty() {
        out::say("")?;
        let rows: Vec<Vec<String>> = off
            .into_iter()
            .map(|(why, ids)| match ids.as_slice() {
                [] | [_] | [_, _] | [_, _, _] => vec![ids.join(", "), why],
                [first, ..] => vec![format!("{first} and {} more (--json)", ids.len() - 1), why],
            })
            .collect();
        out::table(&["NOT POLLED", "WHY"], &rows)?;
    }
    let hooks: Vec<Vec<String>> = list("hooks")
        .iter()
        .map(|h| {
            let refused: Vec<String> = h["refused"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|r| format!("{} {}", text(&r[1]), text(&r[0])))
                .collect();
            let opened: Vec<String> = h["opened"].as_array().into_iter().flatten().map(text).collect();
            vec![text(&h["connection"]), text(&h["accepted"]), opened.join(" + "), refused.join(", ")]
        })
        .collect();
    if !hooks.is_empty() {
        out::say("")?;
        out::table(&["HOOK", "STORED", "BY SECRET", "REFUSED (since start)"], &hooks)?;
    }
    for f in list("silent") {
        out::say(&format!("\n? {}\n  {}", text(&f["title"]), text(&f["advice"])))?;
    }
    let letters: Vec<Vec<String>> =
        list("dead_letters").iter().map(|d| vec![text(&d["id"]), text(&d["contact"]), text(&d["reason"])]).collect();
    if !letters.is_empty() {
        out::say("")?;
        out::table(&["DEAD LETTER", "FOR", "WHY"], &letters)?;
    }
    let unread: Vec<Vec<String>> = list("unrecognized")
        .iter()
        .map(|u| vec![text(&u["payload"]), text(&u["source"]), text(&u["problem"])])
        .collect();
    if !unread.is_empty() {
        out::say("")?;
        out::table(&["UNREAD PAYLOAD", "FROM", "WHY"], &unread)?;
    }
    Ok(())
}
