//! `forewarn rehearse`: who would have been told, had this config been there all along.

use super::{Done, Failure, Place, out, progress};
use crate::clock::{Clock, SystemClock};
use crate::engine::rehearse::{Rehearsal, Sent, rehearse};
use crate::model::Stretch;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn rehearse                                   the last 90 days\n  forewarn --config new.toml rehearse --from 30d --to now\n  forewarn rehearse --from today --to 2027-06-30      what will be said if nothing changes\n  forewarn rehearse --owner search --json\n\nPlays everything that was heard through this config, on a clock moved by hand, with the\nrouting, the ladder and the grouping of the daemon, as if nobody answered. Sends nothing,\nchanges nothing. Moments as in forewarn between --help."
)]
pub(super) struct Args {
    /// From when on messages are shown; all before is played too
    #[arg(long, value_name = "D1", default_value = "90d")]
    from: String,
    /// Until when; may be to come
    #[arg(long, value_name = "D2", default_value = "now")]
    to: String,
    /// Only messages about what is in this owner's hands
    #[arg(long)]
    owner: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let clock = SystemClock.now();
    let read = |t: &str| Stretch::parse(t, clock).map_err(Failure::Usage);
    let (from, to) = (read(&args.from)?.from, read(&args.to)?.until);
    if from >= to {
        return Err(Failure::Usage(format!("--from {} is not before --to {}", args.from, args.to)));
    }
    let app = place.look()?;
    if let Some(o) = args.owner.as_ref().filter(|o| !app.cx.directory.has_owner(o)) {
        return Err(Failure::Usage(format!("there is no owner {o:?} in the config")));
    }
    let bar = progress::bar("events");
    let scratch = app.scratch()?;
    let played = rehearse(&app.cx, scratch.store(), (from, to), &|done, all| bar.at(done, all)).await;
    bar.done();
    scratch.close().await;
    let mut r = played?;
    if let Some(owner) = &args.owner {
        r.messages.retain(|m| m.about.iter().any(|a| a.owner == *owner));
    }
    if args.json { out::json(&r) } else { say(&r) }
}

fn say(r: &Rehearsal) -> Done {
    out::say(&format!(
        "{} to {} UTC, {} heard. Nothing is sent.\n",
        out::moment(r.from),
        out::moment(r.to),
        out::counted(r.events, "event")
    ))?;
    if r.messages.is_empty() {
        out::say("Nobody would have been told anything.")?;
    } else {
        let lines: Vec<Vec<String>> = r.messages.iter().map(line).collect();
        out::table(&["WHEN (UTC)", "TO", "WHY", "OF"], &lines)?;
        out::say(&format!("\n{}.", out::counted(r.messages.len(), "message")))?;
    }
    let silent: Vec<String> = r.silent.iter().map(|(why, n)| format!("{n} {why}")).collect();
    if !silent.is_empty() {
        out::say(&format!("Events of which nobody would have been told: {}.", silent.join(", ")))?;
    }
    for owner in &r.unreachable {
        out::say(&format!("! {owner} has something to be told and no way to be told it: give it a contact."))?;
    }
    Ok(())
}

fn line(m: &Sent) -> Vec<String> {
    let mut why: Vec<String> = m
        .about
        .iter()
        .map(|a| if a.step.0 == a.reason.as_str() { a.step.0.clone() } else { format!("{} {}", a.reason, a.step.0) })
        .collect();
    why.dedup();
    why.truncate(2);
    let what = match m.about.as_slice() {
        [one] => format!("{}{}", one.title, one.ends.as_ref().map_or_else(String::new, |e| format!(" ({e})"))),
        all => {
            let ids: Vec<&str> = all.iter().take(3).map(|a| a.matter.as_str()).collect();
            let more = if all.len() > 3 { format!(" and {} more", all.len() - 3) } else { String::new() };
            format!("{}: {}{more}", all.len(), ids.join(", "))
        }
    };
    vec![out::moment(m.at), m.contact.clone(), why.join(", "), what]
}
