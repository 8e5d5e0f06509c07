//! `forewarn backup`: a consistent copy while running.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::store::folder;
use crate::store::sqlite::back_up;
use crate::web::actions::Request;
use crate::web::control;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn backup /backup/forewarn-monday.db\n  forewarn backup /backup/        # forewarn-20270110T030000Z.db in that folder\n\nThe copy is one file, checked page by page and on the disk when this ends. Secrets and instance.key are not in it.\nPut it back with: forewarn restore FILE"
)]
pub(super) struct Args {
    /// A new file, or a folder that is there
    dest: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let config = place.config()?;
    let data = place.folder(&config);
    let now = SystemClock.now();
    let to = if args.dest.is_dir() {
        args.dest.join(now.strftime("forewarn-%Y%m%dT%H%M%SZ.db").to_string())
    } else {
        args.dest
    };
    let from = folder::database(&data);
    let made = tokio::task::spawn_blocking(move || back_up(&from, &to, now)).await;
    let copied = made.map_err(|e| Failure::Fault(format!("the copy failed: {e}")))??;
    // For the audit and the metrics; without a daemon the copy is as good.
    let by = setup::env("USER").unwrap_or_else(|| "somebody".into());
    let note = Request::Copied { by, to: copied.path.display().to_string() };
    let _ = control::ask(&folder::socket(&data), &note).await;
    if args.json {
        return out::json(&copied);
    }
    out::say(&format!(
        "{}: {} KiB, {} events, {} payloads, sound.\nPut it back with: forewarn restore {0}",
        copied.path.display(),
        copied.bytes >> 10,
        copied.events,
        copied.payloads
    ))
}
