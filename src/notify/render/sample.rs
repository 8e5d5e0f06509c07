//! Sample messages, with invented ids, on which templates are tried.
//!
//! In: a channel and now. Out: messages: an ending far and near, without a date, an incident, its end, a list. Invariant: every
//! kind of fact is there in one of them and missing in another. Refuses real data.

use crate::model::{
    AlertId, AlertState, Claim, Contact, ContactId, Deadline, Kind, MatterId, MatterState, ProviderId, Rank, Reason,
    Severity, SourceId, Stage, StepKey, Subject, SubjectType,
};
use crate::notify::{Body, Message, NextStep, Row, ServiceBrief};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::collections::BTreeMap;

/// One of each, named.
pub fn samples(channel: &str, now: Timestamp) -> Vec<(&'static str, Message)> {
    let message = |rows: Vec<Row>| Message {
        key: "0".repeat(32),
        contact: Contact {
            id: ContactId(format!("search/{channel}")),
            owner: "search".into(),
            channel: channel.into(),
            address: "search@example.com".into(),
        },
        thread: None,
        place: None,
        now,
        zone: TimeZone::UTC,
        meant_for: None,
        templates: None,
        body: Body::Alerts(rows),
    };
    let all = (|| {
        let (far, incident) = (ending(now, Some(60))?, incident(now)?);
        let near = Row { reason: Reason::Escalated, answer: Some("seen by mei".into()), ..ending(now, Some(3))? };
        let (open, over) = (ending(now, None)?, Row { reason: Reason::Resolved, ..incident.clone() });
        Some(vec![
            ("an ending in 60 days", message(vec![far.clone()])),
            ("an ending in 3 days, escalated", message(vec![near])),
            ("an ending without a date", message(vec![Row { services: vec![], ..open }])),
            ("an incident", message(vec![incident.clone()])),
            ("the end of an incident", message(vec![over])),
            ("a list of two", message(vec![far, incident])),
        ])
    })();
    all.unwrap_or_default()
}

fn ending(now: Timestamp, days: Option<i64>) -> Option<Row> {
    let provider = ProviderId::new("openai").ok()?;
    let subject = Subject::model(&provider, "gpt-demo-2025-08-07");
    let date = |n: i64| now.to_zoned_datetime(TimeZone::UTC).date().checked_add(jiff::Span::new().days(n)).ok();
    let deadline = days.and_then(date).map(|d| Deadline::day(d, d.to_string()));
    let claim = Claim {
        deadline: deadline.clone(),
        replacements: vec!["gpt-demo-2".into()],
        text: "gpt-demo-2025-08-07 | gpt-demo-2".into(),
        url: Some("https://provider.example/deprecations".into()),
        ..Claim::new(Rank::Page, now)
    };
    let new = MatterState::new(subject.matter_id()?, Kind::Deprecation, provider, now);
    let matter = MatterState {
        title: "gpt-demo-2025-08-07 shuts down".into(),
        url: Some("https://provider.example/deprecations".into()),
        subjects: vec![subject],
        deadline,
        replacements: vec!["gpt-demo-2".into()],
        claims: BTreeMap::from([(SourceId::new("openai/deprecations").ok()?, Box::new(claim))]),
        version: 1,
        ..new
    };
    let service = |name: &str, env: &str| ServiceBrief { name: name.into(), env: env.into(), usage: None, done: None };
    Some(Row {
        alert: AlertId(17),
        episode: 1,
        state: AlertState::Open,
        act: Some("https://forewarn.example.com/ack/SAMPLE".into()),
        reason: Reason::Reminder,
        step: StepKey("60d".into()),
        matter,
        provider_name: "OpenAI".into(),
        owner: "search".into(),
        why: "service support-bot uses openai:gpt-demo-2025-08-07".into(),
        services: vec![service("support-bot", "production"), service("rerank-batch", "staging")],
        moved_from: None,
        told: vec![],
        answer: None,
        said: None,
        next: vec![NextStep { at: now.saturating_add(SignedDuration::from_hours(48)).ok()?, tell: "search".into() }],
        daily_from: None,
        unchanged_since: None,
    })
}

fn incident(now: Timestamp) -> Option<Row> {
    let row = ending(now, None)?;
    let provider = row.matter.provider.clone();
    let matter = MatterState {
        id: MatterId::new("openai:incident/01DEMO").ok()?,
        kind: Kind::Incident,
        stage: Stage::Open,
        title: "Elevated errors on the demo API".into(),
        summary: "It is being looked into.".into(),
        severity: Severity::Critical,
        url: Some("https://status.example/incidents/01DEMO".into()),
        subjects: vec![Subject::of(&provider, SubjectType::Component, "Demo API")],
        replacements: vec![],
        claims: BTreeMap::new(),
        ..row.matter
    };
    Some(Row { alert: AlertId(18), reason: Reason::Opened, step: StepKey("opened".into()), matter, act: None, ..row })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::render::render;

    #[test]
    fn every_sample_is_made_and_has_words() {
        let now: Timestamp = "2026-11-23T08:55:00Z".parse().unwrap();
        let all = samples("slack", now);
        assert_eq!(all.len(), 6);
        for (name, m) in all {
            let r = render(&m);
            assert!(!r.headline.is_empty() && !r.lines.is_empty(), "{name}");
        }
    }
}
