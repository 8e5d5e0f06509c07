//! `forewarn init`: a commented config.

use super::{Done, Failure, out};
use crate::config::DEFAULTS;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn init && $EDITOR forewarn.toml && forewarn check")]
pub(super) struct Args {
    /// Where to write it
    #[arg(default_value = "forewarn.toml")]
    path: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args) -> Done {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !args.force {
        options.create_new(true);
    }
    let path = args.path.display();
    let mut file = options.open(&args.path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::Usage(format!("{path} is there already: look at it, or use --force to replace it"))
        }
        _ => Failure::Fault(format!("cannot write {path}: {e}")),
    })?;
    file.write_all(DEFAULTS.as_bytes())?;
    out::say(&format!(
        "{path} written. Next:\n  1. name your owners and services in it\n  2. forewarn providers show openai     how to connect a webhook\n  3. forewarn check                     finds mistakes before they matter\n  4. forewarn serve"
    ))
}
