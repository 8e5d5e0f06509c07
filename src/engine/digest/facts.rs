//! What stands in a digest: read when it is sent, so that it is true then.
//!
//! In: the owner's alerts, the week's events, gaps, sources. Out: a message. Invariant: a digest tells of what is the
//! owner's; gaps and what nobody uses are told to those who run forewarn. Refuses to plan.

use super::super::deliver::{Deliverer, standing};
use super::super::front;
use super::super::gaps::gaps;
use super::super::usage;
use crate::model::text::one_line;
use crate::model::{AlertState, Change, Contact, DigestOf, Event, Kind, MatterState, Stage};
use crate::notify::digest::{AHEAD, Digest, ForOperators, Owed, Sources};
use crate::notify::{Body, Message, Row};
use crate::rules::directory::Owner;
use crate::rules::ladder::today;
use crate::rules::route::{About, Silence, touched, users};
use crate::store::{AlertFilter, DatedFilter, EventFilter, StoreError};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;

/// Most events and matters looked at.
const LOOKED_AT: usize = 20_000;

impl Deliverer {
    /// The digest of an owner for one contact, as it is to be sent now.
    ///
    /// # Errors
    /// The store's.
    pub async fn digest(
        &self,
        of: &DigestOf,
        contact: &Contact,
        key: String,
        now: Timestamp,
    ) -> Result<Message, StoreError> {
        let dir = &self.cx.directory;
        let owner = dir.owner(&of.owner);
        let mut d = self.theirs(owner, contact, now).await?;
        d.since = of.since;
        d.minor = self.minor(owner, of.since).await?;
        d.sources = self.sources(now).await?;
        if dir.are_operators(owner) {
            d.operators = Some(self.for_operators(owner, of.since, now).await?);
        }
        Ok(Message {
            key,
            contact: contact.clone(),
            thread: None,
            place: None,
            now,
            zone: owner.zone.clone(),
            meant_for: dir.meant_for(&contact.id).map(str::to_owned),
            templates: self.templates.clone(),
            body: Body::Digest(Box::new(d)),
        })
    }

    /// What is in the hands of an owner.
    async fn theirs(&self, owner: &Owner, contact: &Contact, now: Timestamp) -> Result<Digest, StoreError> {
        let book = usage::book(&self.cx, now).await?;
        let mut d = Digest {
            owner: owner.name.clone(),
            since: now,
            ends: Vec::new(),
            later: 0,
            undated: 0,
            waiting: Vec::new(),
            minor: Vec::new(),
            operators: None,
            sources: Sources::default(),
            next: owner.digest.as_ref().and_then(|s| s.next(now)),
        };
        let until = today(owner, now).saturating_add(AHEAD.days());
        for state in [AlertState::Open, AlertState::Acknowledged] {
            let owner = Some(owner.name.clone());
            let filter = AlertFilter { owner, state: Some(state), limit: LOOKED_AT, ..AlertFilter::default() };
            for (alert, m) in self.cx.store.alerts(filter).await?.iter().filter(|(_, m)| !m.is_over()) {
                let row = || self.row(&standing(alert, m), contact, &book, now);
                let ends = m.remind_by().filter(|_| m.kind == Kind::Deprecation);
                match ends {
                    Some(by) if by.date > until => d.later += 1,
                    Some(_) => d.ends.push(Owed { row: row(), snoozed_until: alert.snoozed_until }),
                    None if m.kind == Kind::Deprecation => d.undated += 1,
                    None if state == AlertState::Open => d.waiting.push(row()),
                    None => {}
                }
            }
        }
        let place = |r: &Row| (r.matter.remind_by().map(|by| by.date), std::cmp::Reverse(r.matter.severity), r.alert);
        d.ends.sort_by_key(|o| place(&o.row));
        d.waiting.sort_by_key(place);
        Ok(d)
    }

    /// Small incidents since then that touched what services of an owner use, or what is its own connection.
    async fn minor(&self, owner: &Owner, since: Timestamp) -> Result<Vec<String>, StoreError> {
        let dir = &self.cx.directory;
        let theirs = |e: &Event| {
            let about = About::event(&e.event);
            dir.services().any(|s| s.owner == owner.name && touched(dir, &s.uses, about).is_some())
                || !dir.usage_known() && dir.are_operators(owner)
        };
        self.said(Kind::Incident, since, |e, why| why == Silence::Minor.as_str() && theirs(e)).await
    }

    /// What events of a kind say that nobody was told of, one line for each matter, newest first.
    async fn said(
        &self,
        kind: Kind,
        since: Timestamp,
        wanted: impl Fn(&Event, &str) -> bool,
    ) -> Result<Vec<String>, StoreError> {
        let filter = EventFilter { kind: Some(kind), since: Some(since), limit: LOOKED_AT, ..EventFilter::default() };
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for (e, routing) in self.cx.store.events(filter).await? {
            let about = e.event.matter.as_ref().map_or_else(|| e.event.title.clone(), ToString::to_string);
            if wanted(&e, &routing) && seen.insert(about) {
                let ends = e.event.deadline.as_ref().map_or_else(String::new, |d| format!(" ({})", d.in_words()));
                out.push(format!("{}: {}{ends}", e.event.provider, one_line(&e.event.title, 200)));
            }
        }
        Ok(out)
    }

    async fn sources(&self, now: Timestamp) -> Result<Sources, StoreError> {
        let (blind, _) = front::sources(&self.cx, &self.targets, now).await?;
        let unread = blind.into_iter().map(|b| (b.row.id.to_string(), b.row.last_ok_at)).collect();
        Ok(Sources { watched: self.targets.len(), unread })
    }

    async fn for_operators(&self, owner: &Owner, since: Timestamp, now: Timestamp) -> Result<ForOperators, StoreError> {
        let dir = &self.cx.directory;
        let day = today(owner, now);
        let until = day.saturating_add(AHEAD.days());
        let filter = DatedFilter { limit: LOOKED_AT, ..DatedFilter::of(day, until, None) };
        let idle = |m: &MatterState| {
            m.stage != Stage::Withdrawn && dir.usage_known() && users(dir, About::matter(m)).is_empty()
        };
        let unused =
            |e: &Event, why: &str| why == Silence::Unused.as_str() && e.event.change == Some(Change::Announced);
        Ok(ForOperators {
            unused: self.said(Kind::Deprecation, since, unused).await?,
            unused_ahead: self.cx.store.dated(filter).await?.iter().filter(|m| idle(m)).count(),
            gaps: gaps(&self.cx, now).await?.into_iter().map(|g| format!("{}. {}", g.title, g.advice)).collect(),
        })
    }
}
