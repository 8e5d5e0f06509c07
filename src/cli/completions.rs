//! `forewarn completions`: what a shell needs to complete our commands.

use super::{Cli, Done, out};
use clap::CommandFactory;
use clap_complete::Shell;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn completions bash > /etc/bash_completion.d/forewarn\n  forewarn completions zsh > \"${fpath[1]}/_forewarn\"\n  forewarn completions fish > ~/.config/fish/completions/forewarn.fish"
)]
pub(super) struct Args {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Done {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "forewarn", &mut text);
    out::verbatim(&String::from_utf8_lossy(&text))
}
