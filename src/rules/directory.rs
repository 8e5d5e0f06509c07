//! The directory: owners, services, routes and policies, checked against each other.
//!
//! In: the sections of the config. Out: [`Directory`], which routing and the ladder ask. Invariant: every name in it
//! refers to something that exists, `operators` and the catch-all always exist, and no two routes tie. Refuses to know
//! how a channel works: a contact is a name of a channel and an address.

mod contacts;
mod sections;

pub use sections::{AwaySection, Mode, OwnerSection, RouteMatch, RouteSection, Sections, ServiceSection, Tier};

use super::digest::DIGEST;
use super::hours::{Away, Hours};
use super::index::{Index, Wanted};
use super::matcher::UsePattern;
use super::policy::{self, Policy, Problem};
use super::private::{self, PrivateDeadline};
use crate::model::{ConnectionId, Contact, ContactId, MatterId, ProviderId, Schedule, Subject, SubjectType, ids};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::collections::BTreeMap;
use toml::Spanned;

/// The reserved owner of forewarn's own troubles.
pub const OPERATORS: &str = "operators";

/// Environments that are not production, by the names people give them.
const NOT_PRODUCTION: [&str; 8] = ["staging", "stage", "test", "testing", "dev", "development", "sandbox", "preview"];

/// An owner.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Days and hours are counted here.
    pub zone: TimeZone,
    /// Where it is reached.
    pub contacts: Vec<Contact>,
    /// The person above.
    pub lead: Option<Contact>,
    /// When they work.
    pub hours: Hours,
    /// When somebody else is told.
    pub away: Vec<Away>,
    /// When their digest comes; none where it is off.
    pub digest: Option<Schedule>,
}

impl Owner {
    /// Who is told in their place on a day.
    pub fn deputy_on(&self, day: Date) -> Option<&str> {
        self.away.iter().find(|a| a.from <= day && day <= a.until).map(|a| a.deputy.as_str())
    }
}

/// A service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Who answers.
    pub owner: String,
    /// Its environment.
    pub env: String,
    /// How much it matters.
    pub tier: Tier,
    /// What it uses.
    pub uses: Vec<UsePattern>,
    /// Projects whose counted calls are its own.
    pub projects: Vec<String>,
}

impl Service {
    /// Whether it is one that customers see; what nobody called otherwise is.
    pub fn is_production(&self) -> bool {
        !NOT_PRODUCTION.iter().any(|e| self.env.eq_ignore_ascii_case(e))
    }
}

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub when: RouteMatch,
    /// Owners told as well.
    pub add: Vec<String>,
    /// Owners not told.
    pub mute: Vec<String>,
    /// The ladder to use.
    pub policy: Option<String>,
}

/// Owners, services, routes, policies.
#[derive(Debug, Clone)]
pub struct Directory {
    owners: BTreeMap<String, Owner>,
    contacts: BTreeMap<ContactId, Contact>,
    /// In the order of their names.
    services: Vec<Service>,
    uses: Index,
    policies: BTreeMap<String, Policy>,
    /// Exceptions, in no order.
    pub routes: Vec<Route>,
    exceptions: Index,
    /// Who owns a connection.
    pub connection_owners: BTreeMap<ConnectionId, String>,
    /// Owners that are gone, and who answers for them.
    moved: BTreeMap<String, String>,
    /// In shadow mode: who a message to a contact was meant for.
    meant: BTreeMap<ContactId, String>,
    /// What the config itself says that ends.
    pub deadlines: Vec<PrivateDeadline>,
    /// Who is told what matters and nobody covers.
    pub catch_all: String,
}

impl Directory {
    /// All that says when somebody is to be told, as one text: ladders, zones, hours, absences.
    pub fn reckoning(&self) -> String {
        let owner = |o: &Owner| format!("{:?}", (&o.name, o.zone.iana_name(), &o.hours, &o.away));
        let owners: Vec<String> = self.owners.values().map(owner).collect();
        format!("{owners:?} {:?} {:?}", self.policies, self.moved)
    }

    /// Builds and checks.
    ///
    /// # Errors
    /// Every problem found, each with its byte span in the config.
    pub fn build(s: &Sections) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut owners = BTreeMap::new();
        let moved = owners::moved(s, &mut problems);
        let digest = owners::default_digest(s, &mut problems);
        for (name, section) in s.owners.iter().filter(|(name, _)| !moved.contains_key(*name)) {
            match owners::owner(name, section, &digest) {
                Ok(o) => drop(owners.insert(name.clone(), o)),
                Err(mut p) => problems.append(&mut p),
            }
        }
        let known = |name: &Spanned<String>, problems: &mut Vec<Problem>| {
            if let Some(to) = moved.get(name.get_ref()) {
                problems
                    .push((format!("owner {:?} has moved to {to:?}: write {to:?} here", name.get_ref()), name.span()));
            }
            let found = name.get_ref() == OPERATORS || s.owners.contains_key(name.get_ref());
            if !found {
                let names: Vec<_> = s.owners.keys().map(String::as_str).collect();
                problems.push((format!("unknown owner {:?}: known are {}", name.get_ref(), list(&names)), name.span()));
            }
            name.get_ref().clone()
        };
        let mut services = Vec::new();
        for (name, section) in &s.services {
            if let Err(e) = ids::check_name("service name", name) {
                problems.push((e.to_string(), section.span()));
            }
            let inner = section.get_ref();
            let owner = known(&inner.owner, &mut problems);
            let mut uses = Vec::new();
            for u in &inner.uses {
                match UsePattern::parse(u.get_ref()) {
                    Ok(p) => uses.push(p),
                    Err(m) => problems.push((m, u.span())),
                }
            }
            let env = inner.env.clone().unwrap_or_else(|| "production".into());
            let projects = inner.projects.clone();
            services.push(Service { name: name.clone(), owner, env, tier: inner.tier, uses, projects });
        }
        let mut policies: BTreeMap<_, _> = policy::built_in().into_iter().map(|p| (p.name.clone(), p)).collect();
        for (name, section) in &s.policies {
            match policy::parse(name, section.get_ref()) {
                Ok(p) => drop(policies.insert(name.clone(), p)),
                Err(mut p) => problems.append(&mut p),
            }
        }
        let mut routes = Vec::new();
        for r in &s.routes {
            let policy = r.policy.as_ref().map(|p| {
                if !policies.contains_key(p.get_ref()) {
                    let names: Vec<_> = policies.keys().map(String::as_str).collect();
                    problems.push((format!("unknown policy {:?}: known are {}", p.get_ref(), list(&names)), p.span()));
                }
                p.get_ref().clone()
            });
            let add = r.add.iter().map(|o| known(o, &mut problems)).collect();
            let mute =
                r.mute.iter().map(|o| if o.get_ref() == "*" { "*".into() } else { known(o, &mut problems) }).collect();
            routes.push(Route { name: r.name.get_ref().clone(), when: r.when.clone(), add, mute, policy });
        }
        ties(&s.routes, &mut problems);
        let connection_owners = s.connection_owners.iter().map(|(c, o)| (c.clone(), known(o, &mut problems))).collect();
        for owner in s.deadlines.iter().filter_map(|d| d.owner.as_ref()) {
            known(owner, &mut problems);
        }
        let deadlines = private::build(&s.deadlines).unwrap_or_else(|mut p| {
            problems.append(&mut p);
            Vec::new()
        });
        let catch_all = match &s.catch_all {
            Some(name) => known(name, &mut problems),
            None => OPERATORS.into(),
        };
        if !owners.contains_key(OPERATORS) {
            // Nobody named: the catch-all hears of forewarn's own troubles, and at the very least the console does.
            let fallback = owners
                .get(&catch_all)
                .cloned()
                // The digest of the one is that of the other.
                .map_or_else(|| console_operators(&digest), |o| Owner { name: OPERATORS.into(), digest: None, ..o });
            owners.insert(OPERATORS.into(), fallback);
        }
        let meant = match s.mode {
            Mode::Live => BTreeMap::new(),
            Mode::Shadow => owners::shadow(&mut owners),
        };
        let contacts: BTreeMap<ContactId, Contact> =
            owners.values().flat_map(|o| o.contacts.iter().chain(&o.lead)).map(|c| (c.id.clone(), c.clone())).collect();
        owners::absences(s, &mut problems);
        owners::strangers(s, &policies, &contacts, &mut problems);
        if problems.is_empty() {
            let (uses, exceptions) = (used(&services), excepted(&routes));
            Ok(Self {
                owners,
                contacts,
                services,
                uses,
                policies,
                routes,
                exceptions,
                connection_owners,
                moved,
                meant,
                deadlines,
                catch_all,
            })
        } else {
            Err(problems)
        }
    }

    /// An owner by name; a name that is gone from the config is answered for by the catch-all.
    pub fn owner(&self, name: &str) -> &Owner {
        let name = self.moved.get(name).map_or(name, String::as_str);
        self.owners.get(name).or_else(|| self.owners.get(&self.catch_all)).unwrap_or_else(|| &self.owners[OPERATORS])
    }
    /// Whether the config still has this owner, or says who answers for it now.
    pub fn has_owner(&self, name: &str) -> bool {
        self.owners.contains_key(name) || self.moved.contains_key(name)
    }
    /// In shadow mode: who a message to this contact was meant for, `search (#search-ai)`.
    pub fn meant_for(&self, contact: &ContactId) -> Option<&str> {
        self.meant.get(contact).map(String::as_str)
    }
    /// Whether what is said to the operators is said to this owner.
    pub fn are_operators(&self, owner: &Owner) -> bool {
        owner.contacts == self.owner(OPERATORS).contacts
    }
    /// All owners.
    pub fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.owners.values()
    }
    /// All services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter()
    }
    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.binary_search_by(|s| s.name.as_str().cmp(name)).ok().map(|i| &self.services[i])
    }
    /// The services that may use one of these subjects, in their order; where any part of the provider is meant, those that
    /// use anything of it. Some of them may not: matching decides.
    pub fn may_use(
        &self,
        provider: &ProviderId,
        subjects: &[Subject],
        any_part: bool,
    ) -> impl Iterator<Item = &Service> {
        let providers = subjects.iter().map(|s| s.platform.as_str()).chain([provider.as_str()]);
        let found = if any_part || subjects.iter().any(|s| s.kind == SubjectType::Account || s.is_whole()) {
            self.uses.find(providers, Wanted::Anything)
        } else {
            let names: Vec<Cow<'_, str>> = subjects.iter().map(as_used).collect();
            let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
            self.uses.find(providers, Wanted::Names(&names))
        };
        found.into_iter().filter_map(|i| self.services.get(i))
    }
    /// The routes that may be about these subjects, in their order; matching decides.
    pub fn may_except(&self, provider: &ProviderId, subjects: &[Subject]) -> impl Iterator<Item = &Route> {
        let names: Vec<&str> = subjects.iter().map(|s| s.id.as_str()).collect();
        let found = self.exceptions.find([provider.as_str()], Wanted::Names(&names));
        found.into_iter().filter_map(|i| self.routes.get(i))
    }
    /// A policy by name; a name that is gone falls back to the standard ladder.
    pub fn policy(&self, name: &str) -> &Policy {
        self.policies.get(name).unwrap_or_else(|| &self.policies[policy::STANDARD])
    }
    /// A contact by its id.
    pub fn contact(&self, id: &ContactId) -> Option<&Contact> {
        self.contacts.get(id)
    }
    /// Every contact by its id.
    pub fn contacts(&self) -> &BTreeMap<ContactId, Contact> {
        &self.contacts
    }
    /// The owner who is told in the place of another on a day; absences are not passed on.
    pub fn deputy(&self, owner: &Owner, day: Date) -> Option<&Owner> {
        owner.deputy_on(day).and_then(|name| self.owners.get(name))
    }
    /// The private deadline of a matter.
    pub fn private(&self, matter: &MatterId) -> Option<&PrivateDeadline> {
        self.deadlines.iter().find(|d| d.matter == *matter)
    }
    /// Whether a deadline of our own stands above what is said of this subject for everybody, for a use that names the
    /// account it was agreed for.
    pub fn has_own_deadline(&self, used: &UsePattern, subject: &Subject) -> bool {
        let same = |own: &Option<String>, said: &Option<String>| own.is_none() || own == said;
        subject.account.is_none()
            && used.account().is_some_and(|account| {
                self.deadlines.iter().map(|d| &d.subject).any(|d| {
                    d.account.as_deref() == Some(account)
                        && (&d.platform, d.kind, &d.id) == (&subject.platform, subject.kind, &subject.id)
                        && same(&d.region, &subject.region)
                        && same(&d.deployment, &subject.deployment)
                })
            })
    }
    /// Whether any service says what it uses; without, what is used is unknown, which is not "nothing".
    pub fn usage_known(&self) -> bool {
        self.services.iter().any(|s| !s.uses.is_empty())
    }
}

/// As a use names it: models by their id, everything else with its type.
fn as_used(s: &Subject) -> Cow<'_, str> {
    if s.kind == SubjectType::Model {
        Cow::Borrowed(&s.id)
    } else {
        Cow::Owned(format!("{}/{}", s.kind.as_str(), s.id))
    }
}

fn used(services: &[Service]) -> Index {
    let mut index = Index::default();
    for (place, s) in services.iter().enumerate() {
        s.uses.iter().for_each(|u| index.add(place, Some(u.provider()), u.subject()));
    }
    index
}

fn excepted(routes: &[Route]) -> Index {
    let mut index = Index::default();
    for (place, r) in routes.iter().enumerate() {
        index.add(place, r.when.provider.as_deref(), r.when.subject.as_deref());
    }
    index
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none yet".into() } else { names.join(", ") }
}

fn console_operators(digest: &str) -> Owner {
    let id = ContactId(format!("{OPERATORS}/console"));
    let console = Contact { id, owner: OPERATORS.into(), channel: "console".into(), address: "stdout".into() };
    Owner {
        name: OPERATORS.into(),
        zone: TimeZone::UTC,
        contacts: vec![console],
        lead: None,
        hours: Hours::default(),
        away: vec![],
        digest: Schedule::parse(digest).ok(),
    }
}

/// Two routes that choose different policies for the same event with the same weight.
fn ties(routes: &[RouteSection], problems: &mut Vec<Problem>) {
    for (i, a) in routes.iter().enumerate() {
        for b in &routes[i + 1..] {
            let (Some(pa), Some(pb)) = (&a.policy, &b.policy) else { continue };
            if pa.get_ref() != pb.get_ref()
                && a.when.specificity() == b.when.specificity()
                && a.when.may_overlap(&b.when)
            {
                problems.push((
                    format!(
                        "routes {:?} and {:?} tie: both choose a policy for the same events with equal weight; make one match more exactly",
                        a.name.get_ref(),
                        b.name.get_ref()
                    ),
                    b.name.span(),
                ));
            }
        }
    }
}

mod owners;
#[cfg(test)]
mod tests;
