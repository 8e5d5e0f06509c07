//! `forewarn templates check`: the words of one's own, tried on sample matters.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::notify::console::text;
use crate::notify::render::{in_our_words, sample::samples};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn templates check --config forewarn.toml")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Fill every template of [templates] from sample matters and print what comes out; exit 3 if one fails
    #[command(after_help = "Example:\n  forewarn templates check --channel email")]
    Check {
        /// Only as this channel says it
        #[arg(long)]
        channel: Option<String>,
    },
}

/// The channels whose words can differ.
const CHANNELS: [&str; 13] = [
    "slack",
    "slack_webhook",
    "email",
    "console",
    "webhook",
    "pagerduty",
    "teams",
    "discord",
    "ntfy",
    "github",
    "jira",
    "linear",
    "alertmanager",
];

pub(super) fn run(args: &Args, place: &Place) -> Done {
    let What::Check { channel } = &args.what;
    let config = place.config()?;
    let templates = &config.templates;
    if templates.is_empty() {
        out::say("No templates: forewarn's own words are sent. See docs/channels.md.")?;
    }
    let wanted = |c: &str| channel.as_ref().map_or_else(|| templates.has(c), |only| only == c);
    // Without any of their own, all channels say the same: one stands for them.
    let mut shown: Vec<&str> = CHANNELS.into_iter().filter(|c| wanted(c)).collect();
    if shown.is_empty() && channel.is_none() {
        shown.push("email");
    }
    if shown.is_empty() {
        return Err(Failure::Usage(format!("no such channel: known are {}", CHANNELS.join(", "))));
    }
    let mut failed = 0;
    for channel in shown {
        for (name, message) in samples(channel, SystemClock.now()) {
            match templates.try_apply(&in_our_words(&message), &message) {
                Ok(r) => out::say(&format!("--- {channel}: {name}\nSubject: {}\n{}", r.subject, text(&r).trim_end()))?,
                Err(why) => {
                    failed += 1;
                    out::say(&format!("--- {channel}: {name}\nFAILED: {why}"))?;
                }
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Found) }
}
