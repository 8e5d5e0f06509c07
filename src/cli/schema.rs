//! `forewarn schema`: JSON Schemas, for editors and for other people's tools.

use super::{Done, out};
use crate::{config, provider, web};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn schema config > forewarn.schema.json\n  forewarn schema provider | jq '.properties | keys'\n\nIn an editor that speaks TOML (taplo, Even Better TOML), the first line of forewarn.toml:\n  #:schema ./forewarn.schema.json\nA schema knows keys, types and words; whether names refer to something, forewarn check says."
)]
pub(super) struct Args {
    /// Of what
    what: What,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// The config, forewarn.toml
    Config,
    /// A provider file
    Provider,
    /// An event, as the API and --json give it
    Event,
}

pub(super) fn run(args: &Args) -> Done {
    out::json(&match args.what {
        What::Config => config::schema(),
        What::Provider => provider::file::schema(),
        What::Event => web::api::event_schema(),
    })
}
