//! `forewarn ack`, `snooze`, `resolve`, `reopen`, `reassign`: what a person does about an alert.

use super::{Done, Failure, Place, out, setup};
use crate::model::{Act, Action, AlertId, By, ResolveReason, Until, Via};
use crate::web::actions::Request;
use jiff::civil::Date;
use serde_json::Value;

/// What every act takes.
#[derive(Debug, clap::Args)]
struct Common {
    /// The number of the alert, with or without #
    alert: String,
    /// Who you are [default: $USER]
    #[arg(long)]
    by: Option<String>,
    /// A note, kept with the alert
    #[arg(long)]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Counts for every alert of the same wave: what one announcement ends on one day.\n\nExamples:\n  forewarn ack 17 --plan 2027-01-10 --note \"moving to gpt-demo-2\"\n  forewarn ack 17 --by mei"
)]
pub(super) struct AckArgs {
    #[command(flatten)]
    common: Common,
    /// When you will be done, YYYY-MM-DD; no reminders until then, except the last ones before the deadline
    #[arg(long, value_name = "DATE")]
    plan: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Counts for every alert of the same wave.\n\nExamples:\n  forewarn snooze 17 --until 2026-12-14\n  forewarn snooze 17 --until 2026-12-14T15:00:00Z --note \"after the freeze\""
)]
pub(super) struct SnoozeArgs {
    #[command(flatten)]
    common: Common,
    /// Until when: the morning of a day, YYYY-MM-DD, or a moment, YYYY-MM-DDTHH:MM:SSZ; the deadline at the latest
    #[arg(long, value_name = "TIME")]
    until: String,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reasons: migrated (use seen later opens it again), accepted_risk, not_ours (prints the line of the config to change),\nwrong_date (the operators are told, reminders follow the earlier date until somebody pins the truth), duplicate (needs --of).\n\nExamples:\n  forewarn resolve 17 --reason migrated\n  forewarn resolve 17 --reason migrated --service rerank-batch\n  forewarn resolve 18 --reason duplicate --of 17"
)]
pub(super) struct ResolveArgs {
    #[command(flatten)]
    common: Common,
    /// Why: migrated, accepted_risk, not_ours, wrong_date, duplicate
    #[arg(long)]
    reason: String,
    /// Only this service of the alert; may be given more than once
    #[arg(long = "service", value_name = "SERVICE")]
    services: Vec<String>,
    /// The alert that goes on, of a duplicate
    #[arg(long = "of", value_name = "ALERT")]
    duplicate_of: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn reopen 17 --note \"the batch job still calls it\"")]
pub(super) struct ReopenArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Thread and history stay with the alert; the new owner is told at once.\n\nExample:\n  forewarn reassign 17 --to platform"
)]
pub(super) struct ReassignArgs {
    #[command(flatten)]
    common: Common,
    /// The owner who answers from now on
    #[arg(long, value_name = "OWNER")]
    to: String,
}

pub(super) async fn ack(a: AckArgs, place: Place) -> Done {
    let plan_on = a.plan.as_deref().map(|t| date(t, "--plan")).transpose()?;
    let note = a.common.note.clone();
    run(a.common, Action::Acknowledge { note, plan_on }, place).await
}

pub(super) async fn snooze(a: SnoozeArgs, place: Place) -> Done {
    let until = match (a.until.parse(), a.until.parse()) {
        (Ok(at), _) => Until::At(at),
        (Err(_), Ok(day)) => Until::Day(day),
        (Err(_), Err(_)) => {
            return Err(Failure::Usage("--until takes a day, YYYY-MM-DD, or a moment, YYYY-MM-DDTHH:MM:SSZ".into()));
        }
    };
    let note = a.common.note.clone();
    run(a.common, Action::Snooze { until, note }, place).await
}

pub(super) async fn resolve(a: ResolveArgs, place: Place) -> Done {
    let Some(reason) = ResolveReason::parse(&a.reason) else {
        let all: Vec<&str> = ResolveReason::ALL.iter().map(|r| r.as_str()).collect();
        return Err(Failure::Usage(format!("{:?} is no reason: allowed are {}", a.reason, all.join(", "))));
    };
    let duplicate_of = a.duplicate_of.as_deref().map(number).transpose()?;
    let note = a.common.note.clone();
    run(a.common, Action::Resolve { reason, note, services: a.services, duplicate_of }, place).await
}

pub(super) async fn reopen(a: ReopenArgs, place: Place) -> Done {
    let note = a.common.note.clone();
    run(a.common, Action::Reopen { note }, place).await
}

pub(super) async fn reassign(a: ReassignArgs, place: Place) -> Done {
    let note = a.common.note.clone();
    run(a.common, Action::Reassign { to: a.to, note }, place).await
}

async fn run(common: Common, action: Action, place: Place) -> Done {
    let alert = number(&common.alert)?;
    let who = common.by.or_else(|| setup::env("USER")).unwrap_or_else(|| "somebody".into());
    let act = Act { alert, episode: None, action, by: By { who: who.clone(), via: Via::Cli } };
    let acted = place.act(Request::Act(act)).await?;
    if common.json {
        return out::json(&acted);
    }
    out::say(&format!("#{alert} {who}: {}", acted["said"].as_str().unwrap_or_default()))?;
    let also: Vec<String> = list(&acted["also"]).iter().map(|n| format!("#{n}")).collect();
    if !also.is_empty() {
        out::say(&format!("The same for the rest of its wave: {}", also.join(", ")))?;
    }
    for line in list(&acted["advice"]).iter().filter_map(|v| v.as_str()) {
        out::say(line)?;
    }
    Ok(())
}

fn list(v: &Value) -> &[Value] {
    v.as_array().map_or(&[], Vec::as_slice)
}

fn number(text: &str) -> Result<AlertId, Failure> {
    let read = text.trim_start_matches('#').parse().map(AlertId);
    read.map_err(|_| Failure::Usage(format!("{text:?} is no alert number: see forewarn alerts")))
}

fn date(text: &str, what: &str) -> Result<Date, Failure> {
    text.parse().map_err(|_| Failure::Usage(format!("{what} takes a date, YYYY-MM-DD")))
}
