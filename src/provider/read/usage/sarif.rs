//! What scanners found: our own `scan --format json`, and SARIF 2.1.0 of any.
//!
//! In: results with places. Out: scanned uses, one a subject. Invariant: a place in code counts above one in tests or
//! documents. Refuses results in which no known id stands.

use super::{Ask, Form, Gathering, Told, counted};
use crate::model::{Direction, Subject, Use};
use serde_json::Value;

pub(super) fn scan(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::Scan, ask);
    for r in v["items"].as_array().into_iter().flatten() {
        let subject = r["id"].as_str().and_then(Subject::parse);
        let (Some(subject), Some(path)) = (subject, r["path"].as_str()) else {
            all.leave_out("no id or no path");
            continue;
        };
        let mention = matches!(r["role"].as_str(), Some("test" | "docs"));
        take(&mut all, subject, (path, r["line"].as_u64()), mention);
    }
    Ok(all.told(Direction::Scanned, "scan", None))
}

pub(super) fn read(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::Sarif, ask);
    let mut via = "sarif".to_owned();
    for run in v["runs"].as_array().into_iter().flatten() {
        if let Some(name) = run["tool"]["driver"]["name"].as_str() {
            via = crate::model::text::one_line(name, 40).to_ascii_lowercase();
        }
        for r in run["results"].as_array().into_iter().flatten() {
            let rule = r["ruleId"].as_str().or_else(|| r["rule"]["id"].as_str()).unwrap_or_default();
            let message = r["message"]["text"].as_str().unwrap_or_default();
            let named = ["/properties/model", "/properties/modelId", "/properties/model_id"];
            let named = named.iter().find_map(|p| r.pointer(p)?.as_str()).unwrap_or_default();
            // Our own rules are subjects; of others the text speaks.
            let subject = Subject::parse(rule).filter(|s| ask.names.find(&s.id).is_some());
            let subject = subject.or_else(|| [named, rule, message].into_iter().find_map(|t| ask.names.find(t)));
            let Some(subject) = subject else {
                all.leave_out("no known id stands in the result");
                continue;
            };
            let place = &r["locations"][0]["physicalLocation"];
            let path = place["artifactLocation"]["uri"].as_str().unwrap_or_default();
            let mention = match r["properties"]["role"].as_str() {
                Some(role) => matches!(role, "test" | "docs"),
                None => ask.names.only_mentions(path),
            };
            take(&mut all, subject, (path, place["region"]["startLine"].as_u64()), mention);
        }
    }
    Ok(all.told(Direction::Scanned, &via, None))
}

fn take(all: &mut Gathering<'_>, subject: Subject, (path, line): (&str, Option<u64>), mention: bool) {
    let subject = Subject { account: all.ask.account.map(str::to_owned), ..subject };
    let at = line.map_or_else(String::new, |n| format!(":{n}"));
    let place = crate::model::text::one_line(&format!("{path}{at}"), 200);
    let now = all.ask.now;
    all.take(Use { place: Some(place).filter(|p| !p.is_empty()), mention, ..counted(subject, (now, now)) });
}
