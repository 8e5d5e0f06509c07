//! `forewarn incidents`, `forewarn maintenance`, `forewarn billing`: what goes on, and what went on.

use super::{Done, Place, now, out};
use crate::engine::listing::{Episode, episodes};
use crate::engine::now::{Voice, unheard};
use crate::model::moment::minutes;
use crate::model::{Kind, Stage};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn incidents --open\n  forewarn maintenance --open --provider github\n  forewarn billing --json"
)]
pub(super) struct Args {
    /// Only what is not over
    #[arg(long)]
    open: bool,
    /// Only this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only what concerns this owner
    #[arg(long)]
    owner: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, kind: Kind, place: Place) -> Done {
    let app = place.look()?;
    let mut all = episodes(&app.cx, kind).await?;
    all.retain(|e| {
        (!args.open || e.stage == Stage::Open)
            && args.provider.as_ref().is_none_or(|p| *p == e.provider)
            && args.owner.as_ref().is_none_or(|o| e.owners.contains(o))
    });
    let found = all.len();
    all.truncate(args.limit.clamp(1, 10_000));
    if args.json {
        return out::list(&all, None);
    }
    let told_by_pages = matches!(kind, Kind::Incident | Kind::Maintenance);
    let unheard =
        if told_by_pages { unheard(&app.cx, &app.targets, args.provider.as_deref()).await? } else { Vec::new() };
    if all.is_empty() {
        let which = if args.open { "open " } else { "" };
        out::say(&format!("No {which}{kind} that we heard of. Who would say so: forewarn now"))?;
        return say_unheard(&unheard);
    }
    let lines: Vec<Vec<String>> = all.iter().map(line).collect();
    out::table(&["BEGAN (UTC)", "STATE", "TOOK", "SEVERITY", "WHO", "WHAT", "USED BY"], &lines)?;
    if found > all.len() {
        out::say(&format!("\n{} more: --limit {found}", found - all.len()))?;
    }
    say_unheard(&unheard)
}

/// What could not be read is not "all clear".
fn say_unheard(pages: &[Voice]) -> Done {
    if pages.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = pages.iter().map(|v| format!("{} ({})", v.source, v.health)).collect();
    out::say(&format!("\nNot read now, so unknown: {}. Why: forewarn status", names.join(", ")))
}

fn line(e: &Episode) -> Vec<String> {
    let began = e.window.map_or(e.opened_at, |w| w.from);
    let took = match e.stage {
        Stage::Resolved => now::took(minutes(e.opened_at, e.latest_at)),
        Stage::Open | Stage::Announced | Stage::Retired | Stage::Withdrawn => String::new(),
    };
    let who = e.connection.as_ref().map_or_else(|| e.provider.clone(), ToString::to_string);
    vec![
        out::moment(began),
        e.stage.to_string(),
        took,
        e.severity.to_string(),
        who,
        e.title.clone(),
        e.services.join(", "),
    ]
}
