//! `forewarn check`: config, provider files, routes, channels; no network.

use super::{Done, Failure, Place, out};
use crate::model::AlertState;
use crate::store::AlertFilter;
use std::collections::BTreeMap;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn check --config forewarn.toml --strict")]
pub(super) struct Args {
    /// Exit 3 if there are notes
    #[arg(long)]
    strict: bool,
}

pub(super) async fn run(args: &Args, place: &Place) -> Done {
    let config = place.config()?;
    crate::app::channels(&config.channels)?;
    let d = &config.directory;
    out::say(&format!(
        "{}: good. {} providers, {} connections, {} owners, {} services, {} routes; what nobody covers goes to {}.",
        config.origin,
        config.catalog.iter().count(),
        config.connections.len(),
        d.owners().count(),
        d.services().count(),
        d.routes.len(),
        d.catch_all
    ))?;
    for n in &config.notes {
        out::say(&format!("note: {n}"))?;
    }
    orphans(place).await?;
    if args.strict && !config.notes.is_empty() { Err(Failure::Found) } else { Ok(()) }
}

/// Open alerts of owners who are gone, and of whom the config does not say who answers now.
async fn orphans(place: &Place) -> Done {
    let app = place.look_or_empty()?;
    let alerts = app.cx.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    let mut of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (a, _) in
        alerts.iter().filter(|(a, _)| a.state != AlertState::Resolved && !app.cx.directory.has_owner(&a.owner))
    {
        of.entry(&a.owner).or_default().push(format!("#{}", a.id));
    }
    let lines: Vec<String> = of
        .iter()
        .map(|(owner, ids)| {
            let some = ids.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            format!(
                "owner {owner:?} is gone from the config and has {} open alerts ({some}): say who answers for them now:\n  [owners.{owner}]\n  moved_to = \"OWNER\"",
                ids.len()
            )
        })
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(Failure::Usage(lines.join("\n"))) }
}
