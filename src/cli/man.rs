//! `forewarn man`: the manual pages, from the same words as `--help`.

use super::{Cli, Done, Failure, out};
use clap::CommandFactory;
use clap_mangen::Man;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn man | man -l -\n  forewarn man --dir /usr/local/share/man/man1   # one page for each command"
)]
pub(super) struct Args {
    /// Write a page for each command into this folder
    #[arg(long)]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Done {
    let whole = Cli::command();
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        Man::new(whole).render(&mut page)?;
        return out::verbatim(&String::from_utf8_lossy(&page));
    };
    std::fs::create_dir_all(dir).map_err(|e| Failure::Usage(format!("cannot make {}: {e}", dir.display())))?;
    clap_mangen::generate_to(whole, dir)
        .map_err(|e| Failure::Fault(format!("cannot write to {}: {e}", dir.display())))?;
    out::say(&format!("Written to {}. Next: man {}/forewarn.1", dir.display(), dir.display()))
}
