//! `forewarn audit`: the ledger.

use super::{Done, Failure, Place, out};
use serde_json::json;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn audit --json || echo 'the ledger does not add up'")]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let app = place.look()?;
    let ledger = app.cx.store.ledger().await?;
    let good = ledger.lines.iter().all(crate::store::LedgerLine::adds_up);
    if args.json {
        let lines: Vec<_> = ledger.lines.iter().map(|l| json!({ "what": l.what, "total": l.total, "parts": l.parts.iter().map(|(k, n)| json!({ "name": k, "n": n })).collect::<Vec<_>>(), "adds_up": l.adds_up() })).collect();
        out::json(&json!({ "adds_up": good, "lines": lines }))?;
    } else {
        for l in &ledger.lines {
            let parts: Vec<String> = l.parts.iter().filter(|(_, n)| *n != 0).map(|(k, n)| format!("{n} {k}")).collect();
            let sum = if parts.is_empty() { "0".into() } else { parts.join(" + ") };
            let mark = if l.adds_up() { "adds up" } else { "DOES NOT ADD UP" };
            out::say(&format!("{:<12} {:>9} = {sum}   ({mark})", l.what, l.total))?;
        }
    }
    if good { Ok(()) } else { Err(Failure::Found) }
}
