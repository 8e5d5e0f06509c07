//! `forewarn restore`: puts a copy back, held.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::store::folder::{self, DataFolder};
use crate::store::sqlite::restore;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  systemctl stop forewarn\n  forewarn restore /backup/forewarn-monday.db\n  systemctl start forewarn\n  forewarn resume\n\nThe copy is checked before anything is replaced; what stood there is kept beside it. Webhooks are taken again as soon as\nforewarn runs, but nothing is sent before `forewarn resume`, which first lists what would go."
)]
pub(super) struct Args {
    /// A copy made by `forewarn backup`
    src: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: &Place) -> Done {
    let config = place.config()?;
    let held = DataFolder::hold(&place.folder(&config))?;
    let (from, to) = (args.src, folder::database(held.path()));
    let made = tokio::task::spawn_blocking(move || restore(&from, &to, SystemClock.now())).await;
    let copied = made.map_err(|e| Failure::Fault(format!("restoring failed: {e}")))??;
    if args.json {
        return out::json(&copied);
    }
    let before =
        copied.before.as_ref().map_or_else(String::new, |b| format!("\nWhat was there is in {}.", b.display()));
    out::say(&format!(
        "Restored as of {}: {} events, {} payloads.{before}\nTokens are as they were then: see forewarn token list. Start forewarn; nothing is sent before: forewarn resume",
        copied.copied_at.strftime("%Y-%m-%d %H:%M UTC"),
        copied.events,
        copied.payloads
    ))
}
