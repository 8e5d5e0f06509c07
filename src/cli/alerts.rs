//! `forewarn alerts`: what is in whose hands.

use super::{Done, Failure, Place, out};
use crate::model::AlertState;
use crate::store::AlertFilter;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  forewarn alerts\n  forewarn alerts --owner search --state open --json")]
pub(super) struct Args {
    /// Only of this owner
    #[arg(long)]
    owner: Option<String>,
    /// Only in this state: open, acknowledged, resolved
    #[arg(long)]
    state: Option<String>,
    /// Only alerts with a number below this one: the `next` of the page before
    #[arg(long)]
    before: Option<i64>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let state =
        match &args.state {
            None => None,
            Some(s) => Some(AlertState::parse(s).ok_or_else(|| {
                Failure::Usage(format!("unknown state {s:?}: allowed are open, acknowledged, resolved"))
            })?),
        };
    let app = place.look()?;
    let limit = args.limit.clamp(1, 10_000);
    let found = app
        .cx
        .store
        .alerts(AlertFilter { owner: args.owner, state, before: args.before, limit, ..AlertFilter::default() })
        .await?;
    if args.json {
        let items: Vec<Value> = found
            .iter()
            .map(|(a, m)| {
                let mut v = serde_json::to_value(a).unwrap_or_default();
                v["kind"] = json!(m.kind);
                v["title"] = json!(m.title);
                v["deadline"] = json!(m.deadline);
                v
            })
            .collect();
        let next = if found.len() == limit { found.last().map(|(a, _)| a.id.0) } else { None };
        return out::list(&items, next);
    }
    if found.is_empty() {
        return out::say("No alerts. Next: forewarn calendar");
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(a, m)| {
            let ends = m.deadline.as_ref().map_or_else(String::new, crate::model::Deadline::in_words);
            let answer = a.ack.as_ref().map_or_else(String::new, |k| {
                k.plan_on.map_or_else(|| format!("seen ({})", k.by), |d| format!("plan {} ({})", out::day(d), k.by))
            });
            let next = a.next_due_at.map_or_else(String::new, out::moment);
            vec![format!("#{}", a.id), a.state.to_string(), a.owner.clone(), m.title.clone(), ends, answer, next]
        })
        .collect();
    out::table(&["ALERT", "STATE", "OWNER", "WHAT", "ENDS", "ANSWER", "NEXT (UTC)"], &rows)
}
