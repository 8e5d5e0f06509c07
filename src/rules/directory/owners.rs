//! Reading `[owners.NAME]`: contacts, zone, hours, absences.
//!
//! In: the section. Out: an [`Owner`], or every problem with its place. Invariant: an owner can be reached, and whoever is
//! named exists. Refuses to know whether a channel is set up: that is the config's check.

use super::{DIGEST, OPERATORS, Owner, OwnerSection, Sections, contacts, list};
use crate::model::{Contact, ContactId, Schedule, ids};
use crate::rules::hours::{Away, Hours};
use crate::rules::policy::{Policy, Problem, Tell};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use toml::Spanned;

/// Owners that are gone, each with who answers for it in the end.
pub(super) fn moved(s: &Sections, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let to = |name: &str| s.owners.get(name).and_then(|o| o.get_ref().moved_to.as_ref());
    let mut out = BTreeMap::new();
    for name in s.owners.keys() {
        let Some(first) = to(name) else { continue };
        let mut at = first;
        let mut steps = 0;
        while let Some(next) = to(at.get_ref()).filter(|_| steps <= s.owners.len()) {
            (at, steps) = (next, steps + 1);
        }
        if steps > s.owners.len() {
            problems.push((format!("owner {name:?} moves in a circle: name an owner who is there"), first.span()));
        } else if at.get_ref() != OPERATORS && !s.owners.contains_key(at.get_ref()) {
            problems
                .push((format!("unknown owner {:?}: moved_to names an owner who is there", at.get_ref()), at.span()));
        }
        out.insert(name.clone(), at.get_ref().clone());
    }
    out
}

/// Sends what is meant for anybody to the first contact of the operators; who each contact was meant for.
pub(super) fn shadow(owners: &mut BTreeMap<String, Owner>) -> BTreeMap<ContactId, String> {
    let Some(to) = owners.get(OPERATORS).and_then(|o| o.contacts.first()).cloned() else { return BTreeMap::new() };
    let mut meant = BTreeMap::new();
    for owner in owners.values_mut().filter(|o| o.name != OPERATORS) {
        for c in owner.contacts.iter_mut().chain(&mut owner.lead) {
            meant.insert(c.id.clone(), format!("{} ({})", c.id, c.address));
            c.channel.clone_from(&to.channel);
            c.address.clone_from(&to.address);
        }
    }
    meant
}

/// What switches digests off.
const OFF: &str = "off";

/// The schedule of owners who have none of their own; `off` for none.
pub(super) fn default_digest(s: &Sections, problems: &mut Vec<Problem>) -> String {
    let Some(given) = &s.digest else { return DIGEST.to_owned() };
    match digest(given.get_ref(), &TimeZone::UTC) {
        Ok(_) => given.get_ref().clone(),
        Err(why) => {
            problems.push((why, given.span()));
            OFF.to_owned()
        }
    }
}

fn digest(text: &str, zone: &TimeZone) -> Result<Option<Schedule>, String> {
    if text == OFF {
        return Ok(None);
    }
    Schedule::parse_in(text, zone).map(Some).map_err(|why| format!("{why}, or \"{OFF}\""))
}

pub(super) fn owner(name: &str, section: &Spanned<OwnerSection>, default_digest: &str) -> Result<Owner, Vec<Problem>> {
    let mut problems = Vec::new();
    if let Err(e) = ids::check_name("owner name", name) {
        problems.push((e.to_string(), section.span()));
    }
    let s = section.get_ref();
    let zone = match &s.zone {
        None => TimeZone::UTC,
        Some(z) => TimeZone::get(z.get_ref()).unwrap_or_else(|_| {
            problems.push((
                format!("unknown zone {:?}: write an IANA name such as \"Europe/Berlin\"", z.get_ref()),
                z.span(),
            ));
            TimeZone::UTC
        }),
    };
    let contacts = contacts::of(name, s, &mut problems);
    if contacts.is_empty() {
        problems.push((
            format!("owner {name:?} cannot be reached: give it {}, or console = true", contacts::WAYS),
            section.span(),
        ));
    }
    let lead = s.lead.as_ref().map(|a| contacts::contact(name, "lead", "email".into(), a.get_ref()));
    let mut hours = Hours::default();
    for (text, set) in [(&s.hours, Hours::set_work as fn(&mut Hours, &str) -> _), (&s.quiet, Hours::set_quiet)] {
        if let Some(Err(why)) = text.as_ref().map(|t| set(&mut hours, t.get_ref())) {
            problems.push((why, text.as_ref().map_or(0..0, Spanned::span)));
        }
    }
    s.holidays.iter().filter_map(|d| day(d, &mut problems)).for_each(|d| hours.add_holiday(d));
    let mut away = Vec::new();
    for a in &s.away {
        let inner = a.get_ref();
        if let (Some(from), Some(until)) = (day(&inner.from, &mut problems), day(&inner.until, &mut problems)) {
            if until < from {
                problems.push((format!("away until {until}, before {from}"), a.span()));
            }
            away.push(Away { from, until, deputy: inner.deputy.get_ref().clone() });
        }
    }
    let digest = s.digest.as_ref().map_or_else(|| digest(default_digest, &zone), |own| digest(own.get_ref(), &zone));
    let digest = digest.unwrap_or_else(|why| {
        problems.push((why, s.digest.as_ref().map_or(0..0, Spanned::span)));
        None
    });
    if problems.is_empty() {
        Ok(Owner { name: name.to_owned(), zone, contacts, lead, hours, away, digest })
    } else {
        Err(problems)
    }
}

fn day(text: &Spanned<String>, problems: &mut Vec<Problem>) -> Option<Date> {
    let read = text.get_ref().parse();
    if read.is_err() {
        problems.push((format!("{:?} is no day: write YYYY-MM-DD", text.get_ref()), text.span()));
    }
    read.ok()
}

/// Deputies exist and are others.
pub(super) fn absences(s: &Sections, problems: &mut Vec<Problem>) {
    for (name, section) in &s.owners {
        for deputy in section.get_ref().away.iter().map(|a| &a.get_ref().deputy) {
            let known = s.owners.contains_key(deputy.get_ref()) && deputy.get_ref() != name;
            if !known {
                problems.push((
                    format!("{:?} is no other owner: a deputy is one of [owners]", deputy.get_ref()),
                    deputy.span(),
                ));
            }
        }
    }
}

/// Steps name contacts that exist.
pub(super) fn strangers(
    s: &Sections,
    policies: &BTreeMap<String, Policy>,
    contacts: &BTreeMap<ContactId, Contact>,
    problems: &mut Vec<Problem>,
) {
    let named = policies.values().flat_map(|p| p.steps.iter().map(move |step| (p, step)));
    for (policy, tell) in named.flat_map(|(p, step)| step.tell.iter().map(move |t| (p, t))) {
        if let Tell::Contact(id) = tell
            && !contacts.contains_key(id)
        {
            let known: Vec<&str> = contacts.keys().map(|c| c.0.as_str()).collect();
            let span = s.policies.get(&policy.name).map_or(0..0, Spanned::span);
            problems.push((
                format!("policy {:?} tells {id}, which is no contact: known are {}", policy.name, list(&known)),
                span,
            ));
        }
    }
}
