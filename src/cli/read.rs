//! `forewarn read`: what a source's reader makes of a captured body. One in another dialect or form than the source's own is
//! read as what its content shows, and the answer names that `form`.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::engine::normalize::read;
use crate::model::{ConnectionId, PayloadId, ReadOutcome, SourceId, Trust};
use crate::provider::read::{ReadContext, captured};
use crate::rules::fold::as_event;
use crate::store::StoredPayload;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn read openai deprecations page.md\n  forewarn read openai webhook body.json\n  forewarn read github webhook body.json --header x-github-event:dependabot_alert"
)]
pub(super) struct Args {
    /// The provider, `openai`
    provider: String,
    /// The source, `deprecations`
    source: String,
    /// The captured body, or - for standard input
    file: String,
    /// A header that came with it, NAME:VALUE
    #[arg(long = "header", value_name = "NAME:VALUE")]
    headers: Vec<String>,
}

pub(super) fn run(args: &Args, place: &Place) -> Done {
    let config = place.config()?;
    let Some(provider) = config.catalog.get(&args.provider) else {
        return Err(Failure::Usage(format!("there is no provider {:?}: see forewarn providers", args.provider)));
    };
    if !provider.file.sources.contains_key(&args.source) {
        let known: Vec<&str> = provider.file.sources.keys().map(String::as_str).collect();
        return Err(Failure::Usage(format!(
            "{} has no source {:?}: it has {}",
            provider.file.id,
            args.source,
            known.join(", ")
        )));
    }
    let wrong = |e: crate::model::ids::IdError| Failure::Usage(e.to_string());
    let now = SystemClock.now();
    let mut headers = Vec::new();
    for h in &args.headers {
        let (k, v) =
            h.split_once(':').ok_or_else(|| Failure::Usage(format!("{h:?} is no header: write NAME:VALUE")))?;
        headers.push((k.trim().to_ascii_lowercase(), v.trim().to_owned()));
    }
    let payload = StoredPayload {
        id: PayloadId(0),
        source: SourceId::of(&provider.file.id, &args.source).map_err(wrong)?,
        connection: if args.source == "webhook" {
            Some(ConnectionId::of(&provider.file.id, "main").map_err(wrong)?)
        } else {
            None
        },
        trust: Trust::Fetched,
        baseline: false,
        conflict_of: None,
        received_at: now,
        headers,
        body: setup::input(&args.file)?,
    };
    let cx = ReadContext {
        provider: provider.file.id.clone(),
        provider_name: provider.file.name.clone(),
        source: payload.source.clone(),
        connection: payload.connection.clone(),
        received_at: now,
    };
    let found = provider.file.sources.get(&args.source).and_then(|s| captured(s, &cx, &payload.body));
    let (seen, form) = match found {
        Some((reading, form)) => (reading.outcome, form),
        None => (read(&config.catalog, &payload), None),
    };
    let (outcome, problem, events) = match seen {
        ReadOutcome::Ok(seen) => ("ok", None, seen.iter().map(|o| with_id(&as_event(o, now))).collect::<Vec<Value>>()),
        ReadOutcome::GuardFailed(why) => ("guard_failed", Some(why), Vec::new()),
        ReadOutcome::Unreadable(why) => ("unreadable", Some(why), Vec::new()),
    };
    out::json(
        &json!({ "provider": args.provider, "source": args.source, "form": form, "outcome": outcome, "problem": problem, "events": events }),
    )?;
    if outcome == "ok" { Ok(()) } else { Err(Failure::Found) }
}

fn with_id(e: &crate::model::NewEvent) -> Value {
    let mut v = serde_json::to_value(e).unwrap_or_default();
    v["id"] = Value::Null;
    v["fingerprint"] = Value::Null;
    v
}
