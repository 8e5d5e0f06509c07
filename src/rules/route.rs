//! Routing by use: who is told, and why.
//!
//! In: an event, the state of its matter, the directory. Out: recipients with reasons, or the named reason for silence.
//! Invariant: what matters and nobody covers reaches the catch-all; forewarn's own troubles reach `operators`. Refuses
//! to announce what is unproven or no news.

use super::directory::{Directory, OPERATORS, Route, Service, Tier};
use super::fold::is_public;
use super::matcher::UsePattern;
use super::policy;
use crate::model::event::words;
use crate::model::text::glob;
use crate::model::{Change, Kind, MatterState, NewEvent, ProviderId, Recipient, Severity, Subject, Trust};
use jiff::civil::Date;
use std::collections::BTreeMap;

words!(
    /// Why nobody is told.
    Silence {
        /// It came from a sender that proves nothing.
        UnverifiedHint = "unverified_hint",
        /// A page's own sender said it; what the page says when it is read is told.
        OnPage = "on_page",
        /// Jobs, single changes and unrecognized types are stored and shown only.
        QuietKind = "quiet_kind",
        /// A changed replacement or a noted fact follows in the thread of the next message.
        NotNews = "not_news",
        /// It had ended before we first looked.
        PastAtBaseline = "past_at_baseline",
        /// Its date had long passed when it was first said: a typing error, or history that a page has added.
        LongPast = "long_past",
        /// No service of ours uses it.
        Unused = "unused",
        /// A small matter of a status page: listed, for the digest.
        Minor = "minor",
        /// It was over before we heard of it.
        History = "history",
        /// A source's first read: where we begin.
        Baseline = "baseline",
        /// An entry dated more than a month before it was read.
        OldEntry = "old_entry",
        /// One of very many entries that came at once: told together.
        Wave = "wave",
        /// A route mutes it.
        Muted = "muted",
    }
);

/// What is announced to have ended so many days ago is no news.
const LONG_PAST_DAYS: i32 = 30;

/// The answer of routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routed {
    /// These are told.
    Tell(Vec<Recipient>),
    /// Nobody is, for this reason.
    Silent(Silence),
}

/// Who is told of an event. `today` is only used to see that a date had passed before we first looked.
pub fn route(dir: &Directory, event: &NewEvent, matter: Option<&MatterState>, trust: Trust, today: Date) -> Routed {
    let Some(change) = event.change else { return Routed::Silent(Silence::NotNews) };
    if trust == Trust::Hint {
        return Routed::Silent(Silence::UnverifiedHint);
    }
    match event.kind {
        // An entry is stored and shown; a wave of them is a matter, told to everybody who uses anything of the provider.
        Kind::Change if event.matter.is_some() => {}
        Kind::Job | Kind::Change | Kind::Unrecognized => return Routed::Silent(Silence::QuietKind),
        Kind::Source => {
            let why = "forewarn's own troubles".to_owned();
            return Routed::Tell(vec![Recipient {
                owner: OPERATORS.into(),
                policy: policy::default_for(event.kind).into(),
                why,
                services: vec![],
            }]);
        }
        Kind::Deprecation | Kind::Incident | Kind::Maintenance | Kind::Billing | Kind::Account => {}
    }
    // A data set of others that disagrees is shown beside the date and moves no reminder.
    let idle = |m: &MatterState| m.remind_by() == m.deadline;
    if matches!(change, Change::Replaced | Change::Noted) || (change == Change::Disputed && matter.is_none_or(idle)) {
        return Routed::Silent(Silence::NotNews);
    }
    if let Some(m) = matter.filter(|_| is_public(event.kind, &event.subjects)) {
        if change == Change::Resolved && m.revision == 1 {
            return Routed::Silent(Silence::History);
        }
        // The end of what somebody was told about is told, however small it became.
        if change != Change::Resolved && event.kind == Kind::Incident && event.severity < Severity::Major {
            return Routed::Silent(Silence::Minor);
        }
    }
    let over_before_us = matter
        .is_some_and(|m| m.baseline && (m.is_over() || m.deadline.as_ref().is_some_and(|d| d.days_left(today) < 0)));
    let long_past = event.deadline.as_ref().is_some_and(|d| d.days_left(today) < -LONG_PAST_DAYS);
    if event.kind == Kind::Deprecation && change == Change::Announced && long_past {
        return Routed::Silent(if over_before_us { Silence::PastAtBaseline } else { Silence::LongPast });
    }
    // The end of what somebody was told about is told whenever it comes; it opens nothing.
    let begins = matches!(change, Change::Announced | Change::Moved | Change::Disputed | Change::Redirected);
    if event.kind == Kind::Deprecation && begins && over_before_us {
        return Routed::Silent(Silence::PastAtBaseline);
    }
    recipients(dir, event)
}

/// What something is about, as far as it says who is concerned.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What sort of thing.
    pub kind: Kind,
    /// Whose.
    pub provider: &'a ProviderId,
    /// What of it.
    pub subjects: &'a [Subject],
}

impl<'a> About<'a> {
    /// What an event is about.
    pub fn event(e: &'a NewEvent) -> Self {
        Self { kind: e.kind, provider: &e.provider, subjects: &e.subjects }
    }

    /// What a matter is about.
    pub fn matter(m: &'a MatterState) -> Self {
        Self { kind: m.kind, provider: &m.provider, subjects: &m.subjects }
    }
}

/// Which of these uses something touches, and in which words if not by name. Uses that name components, products or
/// regions of the provider are touched by these; where none does by all of them, since nobody knows which is used.
pub fn touched<'u>(
    dir: &Directory,
    uses: &'u [UsePattern],
    about: About<'_>,
) -> Option<(&'u UsePattern, &'static str)> {
    if !is_public(about.kind, about.subjects) {
        return used_by(dir, uses, about.subjects).map(|u| (u, ""));
    }
    let of_provider = || uses.iter().filter(|u| glob(u.provider(), about.provider.as_str()));
    let first = of_provider().next()?;
    let parts: Vec<&Subject> = about.subjects.iter().filter(|x| !x.is_whole()).collect();
    if parts.is_empty() {
        return Some((first, "; the page names no component"));
    }
    if !of_provider().any(UsePattern::names_part) {
        return Some((first, ", no component of it by name"));
    }
    of_provider().find(|u| parts.iter().any(|x| u.touches(x))).map(|u| (u, ""))
}

/// Every service that something may touch, without looking at all of them.
fn may_be_touched<'d>(dir: &'d Directory, about: About<'_>) -> impl Iterator<Item = &'d Service> {
    dir.may_use(about.provider, about.subjects, is_public(about.kind, about.subjects))
}

/// The ladder of a kind, where no route and no service chooses another.
pub fn default_policy(kind: Kind) -> String {
    policy::default_for(kind).to_owned()
}

/// Whom a deprecation that is known already concerns by the services that use it; routes and mutes count as for news.
pub fn adopters(dir: &Directory, m: &MatterState) -> Vec<Recipient> {
    let Some((source, _)) = m.winning_claim() else { return Vec::new() };
    let event = NewEvent {
        kind: m.kind,
        provider: m.provider.clone(),
        connection: m.connection.clone(),
        source: source.clone(),
        matter: Some(m.id.clone()),
        native_type: None,
        native_id: None,
        fingerprint: String::new(),
        change: Some(Change::Announced),
        severity: m.severity,
        title: m.title.clone(),
        summary: m.summary.clone(),
        url: m.url.clone(),
        subjects: m.subjects.clone(),
        deadline: m.deadline.clone(),
        moved_from: None,
        redirected_to: None,
        replacements: m.replacements.clone(),
        money: None,
        occurred_at: m.latest_at,
        received_at: m.latest_at,
    };
    match recipients(dir, &event) {
        Routed::Tell(all) => all.into_iter().filter(|r| !r.services.is_empty()).collect(),
        Routed::Silent(_) => Vec::new(),
    }
}

/// Why a service is concerned by an event, in words; none if it is not.
fn concerned(dir: &Directory, s: &Service, event: &NewEvent) -> Option<String> {
    let (used, how) = touched(dir, &s.uses, About::event(event))?;
    let part = event.subjects.iter().find(|x| used.touches(x)).and_then(|x| x.name.as_deref());
    let part = part.map_or_else(String::new, |name| format!(" ({name})"));
    Some(format!("service {} uses {}{part}{how}", s.name, used.as_str()))
}

fn recipients<'d>(dir: &'d Directory, event: &NewEvent) -> Routed {
    let routes: Vec<&Route> = dir.may_except(&event.provider, &event.subjects).filter(|r| fits(r, event)).collect();
    let chosen = routes
        .iter()
        .filter(|r| r.policy.is_some())
        .max_by_key(|r| r.when.specificity())
        .and_then(|r| r.policy.as_deref());
    let calm = is_public(event.kind, &event.subjects) || event.kind == Kind::Change;
    let usual = if calm { policy::CALM } else { policy::default_for(event.kind) };
    // By owner: the first reason, and the services.
    let mut told: BTreeMap<&str, (String, Vec<&Service>)> = BTreeMap::new();
    let mut tell = |owner: &'d str, why: String, service: Option<&'d Service>| {
        told.entry(owner).or_insert_with(|| (why, Vec::new())).1.extend(service);
    };
    // A list that is read with an account's key speaks of the platform; an end concerns the account only where it says so.
    let platforms = event.kind == Kind::Deprecation && event.subjects.iter().all(|s| s.account.is_none());
    let through = event.connection.as_ref().filter(|_| !platforms || event.native_type.is_some());
    let of_connection = through.and_then(|c| dir.connection_owners.get(c).map(|o| (c, o)));
    if let Some((c, owner)) = of_connection {
        tell(owner, format!("owns connection {c}"), None);
    }
    // An account's own matters go to whoever owns the connection; without such an owner, to all who use the account.
    let by_use =
        of_connection.is_none() || matches!(event.kind, Kind::Deprecation | Kind::Incident | Kind::Maintenance);
    let private = event.matter.as_ref().and_then(|m| dir.private(m));
    if let Some(owner) = private.and_then(|p| p.owner.as_ref()) {
        tell(owner, "a deadline in the config names it".into(), None);
    }
    // A contract or a key concerns whom the config names, not all who call the account.
    let only_named = private.is_some_and(|p| p.is_named_for_its_owner());
    if by_use && !only_named {
        for s in may_be_touched(dir, About::event(event)) {
            if let Some(why) = concerned(dir, s, event) {
                tell(&s.owner, why, Some(s));
            }
        }
    }
    for r in &routes {
        for owner in &r.add {
            tell(owner, format!("route {}", r.name), None);
        }
    }
    if told.is_empty() {
        let by_use_only = event.kind == Kind::Deprecation && private.is_none()
            || event.kind == Kind::Change
            || is_public(event.kind, &event.subjects);
        if by_use_only && dir.usage_known() {
            return Routed::Silent(Silence::Unused);
        }
        let why = if by_use_only { "no service says what it uses" } else { "nobody covers it" };
        told.insert(&dir.catch_all, (format!("{why}: the catch-all"), Vec::new()));
    }
    told.retain(|owner, _| !routes.iter().any(|r| r.mute.iter().any(|m| m == "*" || m == owner)));
    let recipient = |(owner, (why, services)): (&str, (String, Vec<&Service>))| Recipient {
        owner: owner.to_owned(),
        policy: chosen.or_else(|| by_services(event, &services)).unwrap_or(usual).to_owned(),
        why,
        services: services.iter().map(|s| s.name.clone()).collect(),
    };
    if told.is_empty() {
        Routed::Silent(Silence::Muted)
    } else {
        Routed::Tell(told.into_iter().map(recipient).collect())
    }
}

/// The ladder that environment and tier of the services ask for, where it is not the one of the kind.
fn by_services(event: &NewEvent, all: &[&Service]) -> Option<&'static str> {
    if all.is_empty() {
        return None;
    }
    let critical = all.iter().any(|s| s.tier == Tier::Critical && s.is_production());
    match event.kind {
        Kind::Deprecation if critical => Some(policy::DEPRECATION_CRITICAL),
        Kind::Deprecation if !all.iter().any(|s| s.is_production()) => Some(policy::DEPRECATION_STAGING),
        Kind::Incident if critical && is_public(event.kind, &event.subjects) => Some(policy::CRITICAL),
        Kind::Deprecation
        | Kind::Incident
        | Kind::Maintenance
        | Kind::Billing
        | Kind::Account
        | Kind::Change
        | Kind::Job
        | Kind::Source
        | Kind::Unrecognized => None,
    }
}

fn fits(r: &Route, event: &NewEvent) -> bool {
    let w = &r.when;
    let subject = |p: &String| event.subjects.iter().any(|s: &Subject| glob(p, &s.id));
    let account = |p: &String| event.connection.as_ref().is_some_and(|c| glob(p, c.account()));
    w.provider.as_ref().is_none_or(|p| glob(p, event.provider.as_str()))
        && w.kind.is_none_or(|k| k == event.kind)
        && w.subject.as_ref().is_none_or(subject)
        && w.account.as_ref().is_none_or(account)
}

/// Which use covers one of the subjects; a use whose account has a deadline of its own does not.
fn used_by<'u>(dir: &Directory, uses: &'u [UsePattern], subjects: &[Subject]) -> Option<&'u UsePattern> {
    uses.iter().find(|u| subjects.iter().any(|x| u.covers(x) && !dir.has_own_deadline(u, x)))
}

/// Which services something concerns, for lists and the calendar: those that are told of it.
pub fn users<'d>(dir: &'d Directory, about: About<'_>) -> Vec<&'d Service> {
    may_be_touched(dir, about).filter(|s| touched(dir, &s.uses, about).is_some()).collect()
}

/// Whether all these services use the subjects only through accounts that have a deadline of their own, so that what is
/// said for everybody does not concern them.
pub fn is_outranked(dir: &Directory, services: &[String], subjects: &[Subject]) -> bool {
    let outranked = |s: &Service| {
        used_by(dir, &s.uses, subjects).is_none() && s.uses.iter().any(|u| subjects.iter().any(|x| u.covers(x)))
    };
    !services.is_empty() && services.iter().all(|name| dir.service(name).is_some_and(outranked))
}

#[cfg(test)]
mod tests;
