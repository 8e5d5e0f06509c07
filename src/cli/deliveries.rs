//! `forewarn deliveries`: what each connection has sent, who is silent, and what was refused.

use super::{Done, Failure, Place, out};
use crate::engine::rejected::Rejection;
use crate::store::folder;
use crate::web::actions::{Reply, Request};
use crate::web::control;
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn deliveries\n  forewarn deliveries --rejected            # why a webhook does not come through\n  forewarn deliveries --rejected --connection github/main --json"
)]
pub(super) struct Args {
    /// Only those refused since the daemon started: the newest of each connection, with the reason
    #[arg(long)]
    rejected: bool,
    /// Only of this connection
    #[arg(long, value_name = "PROVIDER/ACCOUNT")]
    connection: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    if args.rejected { rejected(&args, &place).await } else { heard(&args, &place).await }
}

async fn rejected(args: &Args, place: &Place) -> Done {
    let config = place.config()?;
    let folder = place.folder(&config);
    let all: Vec<Rejection> = match control::ask(&folder::socket(&folder), &Request::Rejected).await? {
        Some(Reply::Done(v)) => serde_json::from_value(v).map_err(|e| Failure::Fault(e.to_string()))?,
        Some(Reply::Refused(why) | Reply::Failed(why)) => return Err(Failure::Fault(why)),
        None => {
            return Err(Failure::Usage(format!(
                "refused deliveries are kept in the memory of the daemon, and none runs on {}: start forewarn serve",
                folder.display()
            )));
        }
    };
    let all: Vec<Rejection> =
        all.into_iter().filter(|r| args.connection.as_ref().is_none_or(|c| r.connection == *c)).collect();
    if args.json {
        return out::list(&all, None);
    }
    if all.is_empty() {
        return out::say("Nothing was refused since the daemon started.\n\nNext: forewarn deliveries");
    }
    for r in &all {
        out::say(&format!(
            "{}  {}  {} ({} bytes)\n  {}\n  headers of the proof: {}\n  body: {}",
            out::moment(r.at),
            r.connection,
            r.reason,
            r.bytes,
            r.advice,
            if r.proof.is_empty() { "none".into() } else { r.proof.join(", ") },
            r.shape
        ))?;
    }
    Ok(())
}

async fn heard(args: &Args, place: &Place) -> Done {
    let app = place.look()?;
    let status = app.actions(None, Arc::new(Vec::new)).status().await?;
    let mut items = Vec::new();
    for c in &status.connections {
        if args.connection.as_ref().is_some_and(|want| c.connection.as_str() != want) {
            continue;
        }
        let silent = status.silent.iter().find(|s| s.connection == c.connection);
        let mut item = serde_json::to_value(c).map_err(|e| Failure::Fault(e.to_string()))?;
        item["silent"] = silent.map_or(Value::Null, |s| s.title.clone().into());
        item["advice"] = silent.map_or(Value::Null, |s| s.advice.clone().into());
        items.push(item);
    }
    if args.json {
        return out::list(&items, None);
    }
    let when = |v: &Value| v.as_str().and_then(|t| t.parse().ok()).map_or_else(|| "never".into(), out::moment);
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|i| {
            let pause = i["longest_gap_ms"].as_i64().unwrap_or(0) / 60_000;
            let name = i["connection"].as_str().unwrap_or_default().to_owned();
            vec![name, when(&i["since"]), when(&i["last_at"]), i["deliveries"].to_string(), format!("{pause} min")]
        })
        .collect();
    if rows.is_empty() {
        return out::say("No connection has been seen yet.\n\nNext: forewarn providers subscribe github");
    }
    out::table(&["CONNECTION", "SINCE (UTC)", "LAST HEARD", "DELIVERIES", "LONGEST PAUSE"], &rows)?;
    for i in items.iter().filter(|i| i["silent"].is_string()) {
        let text = |k: &str| i[k].as_str().unwrap_or_default().to_owned();
        out::say(&format!("\n! {}\n  {}", text("silent"), text("advice")))?;
    }
    out::say("\nNext: forewarn deliveries --rejected")
}
