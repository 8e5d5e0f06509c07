//! `forewarn route`: who is told of an event, why, every step with its date.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::engine::deliver::in_words;
use crate::model::{Event, MatterState, NewEvent, Stage, Trust};
use crate::rules::directory::Directory;
use crate::rules::ladder::{rungs, today};
use crate::rules::policy::{Anchor, Tell};
use crate::rules::route::{Routed, Silence, route};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn events --json | jq '.items[0]' | forewarn route -\n  forewarn route event.json --json"
)]
pub(super) struct Args {
    /// An event in JSON, or - for standard input
    file: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, place: &Place) -> Done {
    let config = place.config()?;
    let event = parse(&setup::input(&args.file)?)?;
    let now = SystemClock.now();
    let matter = as_matter(&event);
    let day = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    match route(&config.directory, &event, matter.as_ref(), Trust::Verified, day) {
        Routed::Silent(why) if args.json => out::json(&json!({ "told": [], "silent": why })),
        Routed::Silent(why) => out::say(&format!("nobody is told: {why}{}", in_digest(why))),
        Routed::Tell(recipients) => {
            let told: Vec<Value> =
                recipients.iter().map(|r| recipient(&config.directory, r, matter.as_ref(), now)).collect();
            if args.json {
                return out::json(&json!({ "told": told, "silent": null }));
            }
            for t in &told {
                say(t)?;
            }
            Ok(())
        }
    }
}

/// What no message says and a digest does.
fn in_digest(why: Silence) -> &'static str {
    match why {
        Silence::Minor => "; it stands in the next digest of those who use it: forewarn owners",
        Silence::Unused => "; it stands in the next digest of those who run forewarn: forewarn owners",
        Silence::UnverifiedHint
        | Silence::OnPage
        | Silence::QuietKind
        | Silence::NotNews
        | Silence::PastAtBaseline
        | Silence::LongPast
        | Silence::History
        | Silence::Baseline
        | Silence::OldEntry
        | Silence::Wave
        | Silence::Muted => "",
    }
}

fn say(t: &Value) -> Done {
    let text = |k: &str| t[k].as_str().unwrap_or_default().to_owned();
    out::say(&format!("{}: {} (policy {})", text("owner"), text("why"), text("policy")))?;
    let mut rows = Vec::new();
    for s in t["steps"].as_array().into_iter().flatten() {
        let cell = |k: &str| s[k].as_str().unwrap_or_default().to_owned();
        rows.push(vec![String::from(" "), cell("when"), cell("step"), cell("tell")]);
    }
    out::table(&["", "WHEN", "STEP", "TELLS"], &rows)
}

/// An event as the API gives it; `id` and `fingerprint` may be missing or null.
fn parse(body: &[u8]) -> Result<NewEvent, Failure> {
    let mut v: Value = serde_json::from_slice(body).map_err(|e| Failure::Usage(format!("not JSON: {e}")))?;
    if let Some(first) = v.get("items").and_then(|i| i.get(0)) {
        v = first.clone();
    }
    let Some(map) = v.as_object_mut() else { return Err(Failure::Usage("an event is a JSON object".into())) };
    let now = SystemClock.now().to_string();
    for (key, default) in [("id", json!(0)), ("fingerprint", json!("")), ("change", json!("announced"))] {
        if map.get(key).is_none_or(Value::is_null) {
            map.insert(key.into(), default);
        }
    }
    for (key, default) in [
        ("summary", json!("")),
        ("title", json!("")),
        ("severity", json!("major")),
        ("subjects", json!([])),
        ("replacements", json!([])),
        ("occurred_at", json!(now)),
        ("received_at", json!(now)),
    ] {
        map.entry(key).or_insert(default);
    }
    let provider = map.get("provider").and_then(Value::as_str).unwrap_or_default().to_owned();
    map.entry("source").or_insert(json!(format!("{provider}/webhook")));
    let event: Event = serde_json::from_value(v)
        .map_err(|e| Failure::Usage(format!("not an event: {e}: see the shape in `forewarn events --json`")))?;
    Ok(event.event)
}

fn as_matter(e: &NewEvent) -> Option<MatterState> {
    let new = MatterState::new(
        e.matter.clone().or_else(|| e.subjects.first().and_then(crate::model::Subject::matter_id))?,
        e.kind,
        e.provider.clone(),
        e.occurred_at,
    );
    Some(MatterState {
        connection: e.connection.clone(),
        stage: if e.deadline.is_some() { Stage::Announced } else { Stage::Open },
        title: e.title.clone(),
        summary: e.summary.clone(),
        severity: e.severity,
        url: e.url.clone(),
        subjects: e.subjects.clone(),
        deadline: e.deadline.clone(),
        replacements: e.replacements.clone(),
        money: e.money.clone(),
        ..new
    })
}

fn recipient(
    dir: &Directory,
    r: &crate::model::Recipient,
    matter: Option<&MatterState>,
    now: jiff::Timestamp,
) -> Value {
    let owner = dir.owner(&r.owner);
    let names = |day| {
        let who = dir.deputy(owner, day).unwrap_or(owner);
        who.contacts.iter().map(|c| c.id.to_string()).collect::<Vec<_>>()
    };
    let contacts = names(today(owner, now));
    let policy = dir.policy(&r.policy);
    let mut steps = Vec::new();
    if policy.at_once {
        steps.push(json!({ "step": "opened", "at": now.to_string(), "when": "now", "tell": contacts.join(", ") }));
    }
    let when = |at: jiff::Timestamp| {
        let local = at.to_zoned_datetime(owner.zone.clone());
        format!("{} {}", out::day(local.date()), local.strftime("%H:%M %Z"))
    };
    if !policy.at_once
        && let Some(at) = owner.digest.as_ref().and_then(|s| s.next(now))
    {
        let tell = format!("{} (and each one until the first step)", contacts.join(", "));
        steps.push(json!({ "step": "digest", "at": at.to_string(), "when": when(at), "tell": tell }));
    }
    for rung in matter.map(|m| rungs(policy, m, now, owner)).unwrap_or_default() {
        let local = rung.at.to_zoned_datetime(owner.zone.clone());
        let passed = if rung.at <= now { " (passed: the first message says it)" } else { "" };
        let deputy = dir.deputy(owner, local.date()).filter(|_| rung.tell.contains(&Tell::Owner));
        let away = deputy.map_or_else(String::new, |d| format!(" ({} stands in)", d.name));
        steps.push(json!({
            "step": rung.step.0,
            "at": rung.at.to_string(),
            "when": when(rung.at),
            "tell": format!("{}{away}{passed}", in_words(dir, owner, &rung.tell)),
        }));
    }
    if let Some(daily) =
        policy.steps.iter().find(|s| s.anchor == Anchor::Daily && matter.is_some_and(|m| m.deadline.is_some()))
    {
        let tell = in_words(dir, owner, &daily.tell);
        steps.push(json!({ "step": "daily", "at": null, "when": "daily after, while used", "tell": tell }));
    }
    json!({ "owner": r.owner, "why": r.why, "policy": r.policy, "services": r.services, "contacts": contacts, "steps": steps })
}
