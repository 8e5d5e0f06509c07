//! `forewarn check`: config, provider files, routes, channels; no network.

use super::{Done, Failure, Place, out};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn check --config forewarn.toml --strict")]
pub(super) struct Args {
    /// Exit 3 if there are notes
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &Args, place: &Place) -> Done {
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
    if args.strict && !config.notes.is_empty() { Err(Failure::Found) } else { Ok(()) }
}
