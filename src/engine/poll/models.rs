//! A provider's own list of models beside what it showed before.
//!
//! In: what a good read names. Out: what is known of the list now, and what is to be folded besides what it says itself.
//! Invariants: an entry is stored as a change for whatever appears, vanishes or comes back; a model that vanished is one
//! word that it has ended, which alone proves nothing; one that nobody uses and nobody announced makes no matter. Refuses to
//! fold.

use super::page::Compared;
use super::targets::Target;
use crate::engine::Context;
use crate::model::observation::Ending;
use crate::model::{
    Claim, Fact, Kind, MatterId, MatterState, Observation, ProviderId, Rank, Severity, Subject, text::one_line,
};
use crate::rules::listing::{Shows, compare};
use crate::rules::route::{About, users};
use crate::store::StoreError;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// Compares a good read with the list before, as far as there is one.
pub(super) async fn beside_what_was_listed(
    cx: &Context,
    t: &Target,
    listed: Vec<Subject>,
    seen: &[Observation],
    now: Timestamp,
) -> Result<Compared, StoreError> {
    let known = cx.store.listed(t.id.clone()).await?;
    let ids: BTreeSet<String> = listed.iter().map(|s| s.id.clone()).collect();
    let platform = platform(t, &listed)?;
    let of = |id: &str| Subject::model(&platform, id);
    let all = ids.iter().chain(known.iter().flat_map(|k| k.0.keys()));
    let matters: BTreeSet<MatterId> = all.filter_map(|id| of(id).matter_id()).collect();
    let states = cx.store.matters(matters.into_iter().collect()).await?;
    let states: BTreeMap<MatterId, MatterState> = states.into_iter().map(|m| (m.id.clone(), m)).collect();
    let state = |id: &str| of(id).matter_id().and_then(|m| states.get(&m));
    let dated: BTreeSet<&MatterId> = seen.iter().filter_map(|o| o.matter.as_ref()).collect();
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let had_date = |id: &&String| {
        let m = state(id.as_str()).filter(|m| !m.is_over() && !dated.contains(&m.id));
        let claim = m.and_then(|m| m.claims.get(&t.id));
        claim.and_then(|c| c.deadline.as_ref()).is_some_and(|d| d.date > today)
    };
    let undated: BTreeSet<String> = ids.iter().filter(had_date).cloned().collect();
    let c = compare(known.as_ref(), Shows { ids: &ids, undated: &undated }, now);
    let teller = Teller { t, platform: &platform, now };
    let mut unsaid = Vec::new();
    for id in &c.appeared {
        unsaid.push(teller.change("model_appeared", id, "lists", None));
    }
    for (id, since) in &c.gone {
        unsaid.push(teller.change("model_vanished", id, "no longer lists", Some(*since)));
        let subject = of(id);
        match state(id) {
            Some(m) if m.is_over() => {}
            Some(m) => unsaid.push(teller.ended(subject, m.claims.get(&t.id).map(|c| &**c), *since)),
            None => {
                let subjects = std::slice::from_ref(&subject);
                let about = About { kind: Kind::Deprecation, provider: &platform, subjects };
                if !users(&cx.directory, about).is_empty() {
                    unsaid.push(teller.ended(subject, None, *since));
                }
            }
        }
    }
    for (id, since) in &c.back {
        unsaid.push(teller.change("model_returned", id, "lists again", Some(*since)));
        unsaid.extend(state(id).and_then(|m| Some((m, m.claims.get(&t.id)?))).map(|(m, c)| teller.goes_on(m, c)));
    }
    for id in &c.withdrawn {
        unsaid.extend(state(id).map(|m| teller.said(m.subjects.clone(), Some(m.id.clone()), Fact::Dropped)));
    }
    let doubt =
        c.short.map(|n| format!("{n} of its models are missing at once: for a week nothing is said to have ended"));
    Ok(Compared { open: 0, again: c.again, unsaid, list: Some(c.list), doubt })
}

/// The platform all of a list is about.
fn platform(t: &Target, listed: &[Subject]) -> Result<ProviderId, StoreError> {
    match listed.first() {
        Some(s) => Ok(s.platform.clone()),
        None => ProviderId::new(t.id.provider()).map_err(|e| StoreError::Damaged(e.to_string())),
    }
}

/// Makes the observations of one read.
struct Teller<'a> {
    t: &'a Target,
    platform: &'a ProviderId,
    now: Timestamp,
}

impl Teller<'_> {
    fn said(&self, subjects: Vec<Subject>, matter: Option<MatterId>, fact: Fact) -> Observation {
        let id = subjects.first().map_or("", |s| s.id.as_str());
        Observation {
            provider: self.platform.clone(),
            source: self.t.id.clone(),
            connection: self.t.connection.clone(),
            kind: Kind::Deprecation,
            matter,
            native_type: None,
            native_id: None,
            severity: Severity::Major,
            title: format!("{} shuts down", one_line(id, 80)),
            summary: String::new(),
            url: Some(self.t.url.clone()),
            subjects,
            money: None,
            fact,
            occurred_at: self.now,
        }
    }

    /// A change without state, under an id that a second try makes again.
    fn change(&self, kind: &str, id: &str, verb: &str, since: Option<Timestamp>) -> Observation {
        let when = since.map_or_else(String::new, |s| s.as_millisecond().to_string());
        Observation {
            kind: Kind::Change,
            native_type: Some(kind.to_owned()),
            native_id: Some(format!("{kind}:{id}:{when}")),
            severity: Severity::Info,
            title: format!("{} {verb} {}", self.t.id, one_line(id, 120)),
            ..self.said(vec![Subject::model(self.platform, id)], None, Fact::Noted)
        }
    }

    fn ended(&self, subject: Subject, claim: Option<&Claim>, since: Timestamp) -> Observation {
        let when = since.strftime("%a %-d %b %H:%M UTC");
        let title = format!("{} is no longer listed", one_line(&subject.id, 80));
        let ending = Ending {
            announced_on: None,
            deadline: None,
            replacements: claim.map(|c| c.replacements.clone()).unwrap_or_default(),
            quote: format!("not on the list since {when}, read three times"),
            rank: claim.map_or(Rank::Api, |c| c.rank),
            ended: true,
            stage: None,
            review: Some("it is no longer listed, and that alone proves no end".to_owned()),
            after: crate::model::Aftermath::default(),
        };
        let matter = subject.matter_id();
        Observation { title, ..self.said(vec![subject], matter, Fact::Ending(ending)) }
    }

    /// It is listed again: the word that it has ended is taken back, with the whole claim where that gave no date.
    fn goes_on(&self, m: &MatterState, claim: &Claim) -> Observation {
        let fact = match &claim.deadline {
            None => Fact::Dropped,
            Some(d) => Fact::Ending(Ending {
                announced_on: claim.announced_on,
                deadline: Some(d.clone()),
                replacements: claim.replacements.clone(),
                quote: "listed again".to_owned(),
                rank: claim.rank,
                ended: false,
                stage: None,
                review: None,
                after: crate::model::Aftermath::default(),
            }),
        };
        self.said(m.subjects.clone(), Some(m.id.clone()), fact)
    }
}
