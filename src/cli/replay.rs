//! `forewarn replay`: read unrecognized payloads again.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::web::actions::Request;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn replay --provider openai --since 7d")]
pub(super) struct Args {
    /// Only what came since: 2026-11-23, 2026-11-23T08:00:00Z, 24h, 7d
    #[arg(long)]
    since: Option<String>,
    /// Only of this provider
    #[arg(long)]
    provider: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let since =
        args.since.as_deref().map(|s| setup::moment(s, SystemClock.now())).transpose().map_err(Failure::Usage)?;
    let done = place.act(Request::Replay { since, provider: args.provider }).await?;
    if args.json {
        return out::json(&done);
    }
    out::say(&format!("{} unrecognized payloads read again, {} of them understood now.", done["looked"], done["read"]))
}
