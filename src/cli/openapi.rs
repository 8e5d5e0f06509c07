//! `forewarn openapi`: the description of the API, as the daemon serves it.

use super::{Done, out};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn openapi | jq '.paths | keys'")]
pub(super) struct Args {}

pub(super) fn run(_: &Args) -> Done {
    out::verbatim(crate::web::api::OPENAPI)
}
