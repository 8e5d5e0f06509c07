//! `forewarn plan`: what a changed config would do to open alerts.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::engine::plan::{digests, plan};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  forewarn plan new.toml      # exit 3 if an open alert would reach nobody who knows of it\n\nCompares the config in force (--config) with NEW: which open alerts and which of their reminders would reach\nsomebody else, and whose digest would come otherwise. Changes nothing."
)]
pub(super) struct Args {
    /// The changed config
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, place: &Place) -> Done {
    let new = config::load(Some(&args.new), &setup::env)?;
    let channels = crate::app::channels(&new.channels)?.into_keys().collect();
    let app = place.look_or_empty()?;
    let (changed, open) = plan(&app.cx, &new.directory, &channels, SystemClock.now()).await?;
    if args.json {
        let digests = digests(&app.cx.directory, &new.directory);
        out::json(&serde_json::json!({ "items": changed, "next": null, "digests": digests }))?;
    } else {
        for c in &changed {
            out::say(&format!("#{} {} of {}", c.alert, c.matter, c.owner))?;
            if let Some(why) = &c.unreachable {
                out::say(&format!("  UNREACHABLE: {why}"))?;
            }
            for s in &c.now_of {
                out::say(&format!("  {s}; this alert stays with {} until somebody reassigns it", c.owner))?;
            }
            for r in &c.rungs {
                let side = |at: Option<jiff::Timestamp>, to: &[String]| match at {
                    Some(t) => format!("{} to {}", out::moment(t), to.join(", ")),
                    None => "not told".into(),
                };
                out::say(&format!("  {}: {} -> {}", r.step, side(r.was_at, &r.was), side(r.will_at, &r.will)))?;
            }
        }
        for d in digests(&app.cx.directory, &new.directory) {
            let side = |s: Option<String>| s.unwrap_or_else(|| "none".into());
            out::say(&format!("digest of {}: {} -> {}", d.owner, side(d.was), side(d.will)))?;
        }
        let lost = changed.iter().filter(|c| c.unreachable.is_some()).count();
        out::say(&format!("{open} open alerts, {} change, {lost} would become unreachable.", changed.len()))?;
    }
    if changed.iter().any(|c| c.unreachable.is_some()) { Err(Failure::Found) } else { Ok(()) }
}
