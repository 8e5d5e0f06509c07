//! Values for the tests of the rules: one model that ends, one incident, one owner.
//!
//! In: what a test is about. Out: the rest, invented. Compiled for tests only.

use super::directory::{Directory, Owner, OwnerSection, RouteSection, Sections, ServiceSection};
use super::policy::{PolicySection, Problem};
use crate::model::observation::Ending;
use crate::model::{
    Alert, AlertId, AlertState, Change, ConnectionId, Contact, ContactId, Deadline, Fact, Kind, MatterId, MatterState,
    Observation, ProviderId, Rank, Severity, SourceId, Subject,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn openai() -> ProviderId {
    ProviderId::new("openai").unwrap()
}

/// What a page says of `gpt-demo-1`; the date in ISO form, or none that could be read.
pub(super) fn ending(source: &str, rank: Rank, date: Option<&str>, replacement: &str) -> Observation {
    let subject = Subject::model(&openai(), "gpt-demo-1");
    Observation {
        provider: openai(),
        source: SourceId::of(&openai(), source).unwrap(),
        connection: None,
        kind: Kind::Deprecation,
        matter: subject.matter_id(),
        native_type: None,
        native_id: None,
        severity: Severity::Major,
        title: "gpt-demo-1 shuts down".into(),
        summary: String::new(),
        url: None,
        subjects: vec![subject],
        money: None,
        fact: Fact::Ending(Ending {
            announced_on: None,
            deadline: date.map(|d| Deadline::day(d.parse().unwrap(), d)),
            replacements: vec![replacement.into()],
            quote: format!("{date:?} | gpt-demo-1"),
            rank,
            ended: false,
            stage: None,
            review: None,
            after: crate::model::Aftermath::default(),
        }),
        occurred_at: at("2026-08-20T08:00:00Z"),
    }
}

/// What a message says of one incident.
pub(super) fn episode(native_id: Option<&str>, change: Change, occurred_at: Timestamp, title: &str) -> Observation {
    Observation {
        kind: Kind::Incident,
        matter: Some(MatterId::new("openai:incident/inc-1").unwrap()),
        source: SourceId::of(&openai(), "webhook").unwrap(),
        connection: Some(ConnectionId::new("openai/main").unwrap()),
        native_id: native_id.map(str::to_owned),
        title: title.into(),
        subjects: vec![Subject::account(&openai(), "main")],
        fact: Fact::Episode { change },
        occurred_at,
        ..ending("webhook", Rank::Api, None, "")
    }
}

/// A matter; a deprecation with a date, anything else without.
pub(super) fn matter(kind: Kind, date: Option<Date>) -> MatterState {
    let subject = Subject::model(&openai(), "gpt-demo-1");
    let new = MatterState::new(subject.matter_id().unwrap(), kind, openai(), at("2026-01-01T00:00:00Z"));
    MatterState {
        title: "gpt-demo-1 shuts down".into(),
        subjects: vec![subject],
        deadline: date.map(|d| Deadline::day(d, d.to_string())),
        version: 1,
        ..new
    }
}

pub(super) fn alert(opened_at: Timestamp) -> Alert {
    Alert {
        id: AlertId(17),
        matter: Subject::model(&openai(), "gpt-demo-1").matter_id().unwrap(),
        owner: "search".into(),
        policy: "deprecation".into(),
        why: "service support-bot uses openai".into(),
        services: vec!["support-bot".into()],
        state: AlertState::Open,
        episode: 1,
        opened_at,
        baseline: false,
        ack: None,
        snoozed_until: None,
        resolution: None,
        done: BTreeMap::new(),
        said: None,
        hands: 0,
        told_revision: 0,
        next_due_at: None,
        version: 1,
    }
}

/// `search/email`, or the lead's `search/lead`.
pub(super) fn contact(owner: &str, what: &str) -> Contact {
    Contact {
        id: ContactId(format!("{owner}/{what}")),
        owner: owner.into(),
        channel: "email".into(),
        address: format!("{what}@{owner}.example"),
    }
}

/// An owner with a mail address and a lead.
pub(super) fn owner(name: &str, zone: &str) -> Owner {
    Owner {
        name: name.into(),
        zone: TimeZone::get(zone).unwrap(),
        contacts: vec![contact(name, "email")],
        lead: Some(contact(name, "lead")),
        hours: super::hours::Hours::default(),
        away: vec![],
        digest: None,
    }
}

/// The sections of a config that the directory is built from, as they stand in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    mode: super::directory::Mode,
    catch_all: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    #[serde(default)]
    owners: BTreeMap<String, Spanned<OwnerSection>>,
    #[serde(default)]
    services: BTreeMap<String, Spanned<ServiceSection>>,
    #[serde(default)]
    routes: Vec<RouteSection>,
    #[serde(default)]
    policies: BTreeMap<String, Spanned<PolicySection>>,
    /// Connection to owner.
    #[serde(default)]
    connections: BTreeMap<ConnectionId, Spanned<String>>,
    #[serde(default)]
    deadlines: Vec<super::private::DeadlineSection>,
}

/// Builds a directory from a text.
pub(super) fn build(text: &str) -> Result<Directory, Vec<Problem>> {
    let t: Text = toml::from_str(text).unwrap();
    Directory::build(&Sections {
        mode: t.mode,
        catch_all: t.catch_all,
        digest: t.digest,
        owners: t.owners,
        services: t.services,
        routes: t.routes,
        policies: t.policies,
        connection_owners: t.connections,
        deadlines: t.deadlines,
    })
}
