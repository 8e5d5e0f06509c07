//! Usage from three directions, merged: declared in the config, scanned in code, observed as calls.
//!
//! In: the directory, rows of what was seen, the days that were covered, now. Out: for a subject who uses it, how much, and
//! where the directions disagree. Invariant: "no calls seen" is said only where calls would have been seen; calls that
//! cannot be told apart are nobody's proof. Refuses aliases: ids are exact.

use super::directory::{Directory, Service};
use super::matcher::UsePattern;
use crate::model::event::words;
use crate::model::text::glob;
use crate::model::{CoveredDay, Direction, Subject, UseRow};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Calls are counted over so many days.
pub const COUNTED_DAYS: i64 = 7;
/// A declared use without calls for so many days is a disagreement.
pub const UNSEEN_DAYS: i64 = 30;
/// Of [`UNSEEN_DAYS`], so many may be missing: exports come late.
const LATE_DAYS: usize = 3;

words!(
    /// Where the directions disagree.
    Disagreement {
        /// The config declares it, and no call was seen for 30 days although calls are counted.
        Unseen = "unseen",
        /// It is seen, and no service declares it.
        Undeclared = "undeclared",
    }
);

/// Everything seen.
#[derive(Debug, Clone, Default)]
pub struct Book {
    rows: Vec<UseRow>,
    days: Vec<CoveredDay>,
    /// Rows by id of their subject.
    by_id: BTreeMap<String, Vec<usize>>,
}

/// How one service, or one project nobody has claimed, uses a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceUse {
    /// The service; none for calls or code nobody has claimed.
    pub service: Option<String>,
    /// The project as its teller names it, where no service has claimed it.
    pub project: Option<String>,
    /// Who answers; none where nobody does.
    pub owner: Option<String>,
    /// The environment of the service.
    pub env: Option<String>,
    /// The use in the config that covers it.
    pub declared: Option<String>,
    /// Calls in 7 days, where they are counted.
    pub calls: Option<u64>,
    /// Tokens in 7 days, where they are counted.
    pub tokens: Option<u64>,
    /// When a call was last seen.
    pub last_at: Option<Timestamp>,
    /// Where it stands in our code.
    pub place: Option<String>,
    /// Only tests or documents speak of it.
    pub mention: bool,
    /// Calls were seen that may be those of another service too.
    pub shared: bool,
    /// Where the directions disagree.
    pub disagreement: Option<Disagreement>,
}

impl Book {
    /// A book of what is stored.
    pub fn new(rows: Vec<UseRow>, days: Vec<CoveredDay>) -> Self {
        let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, r) in rows.iter().enumerate() {
            by_id.entry(r.subject.id.clone()).or_default().push(i);
        }
        Self { rows, days, by_id }
    }

    /// Whether anything was ever seen.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every row.
    pub fn rows(&self) -> &[UseRow] {
        &self.rows
    }

    /// What was seen of these subjects.
    fn seen<'b>(&'b self, subjects: &'b [Subject]) -> impl Iterator<Item = &'b UseRow> {
        let rows = subjects.iter().filter_map(|s| self.by_id.get(&s.id)).flatten().collect::<BTreeSet<_>>();
        rows.into_iter().map(|i| &self.rows[*i]).filter(|r| subjects.iter().any(|s| is_same(s, &r.subject)))
    }

    /// When a service was last seen calling one of these, or anybody where none is named. Calls that may be another
    /// service's do not count for one.
    pub fn last_call(&self, dir: &Directory, subjects: &[Subject], service: Option<&str>) -> Option<Timestamp> {
        let calls = self.seen(subjects).filter(|r| r.direction == Direction::Observed);
        let of = |r: &&UseRow| service.is_none_or(|s| self.users(dir, r).as_slice() == [s]);
        calls.filter(of).map(|r| r.last_at).max()
    }

    /// When one of these was last seen called by services of which each is one of `ours`, or by anybody where none is named:
    /// calls that may be another service's prove nothing against these.
    pub fn last_call_of(&self, dir: &Directory, subjects: &[Subject], ours: &[String]) -> Option<Timestamp> {
        let calls = self.seen(subjects).filter(|r| r.direction == Direction::Observed);
        let of = |r: &&UseRow| {
            let users = self.users(dir, r);
            ours.is_empty() || (!users.is_empty() && users.iter().all(|u| ours.iter().any(|o| o == u)))
        };
        calls.filter(of).map(|r| r.last_at).max()
    }

    /// The services a row may belong to: the one it names, those that claim its project, else those that declare its subject.
    fn users<'d>(&self, dir: &'d Directory, row: &UseRow) -> Vec<&'d str> {
        if let Some(named) = row.service.as_deref().and_then(|s| dir.service(s)) {
            return vec![&named.name];
        }
        let claims = |s: &&Service| row.project.as_ref().is_some_and(|p| s.projects.iter().any(|c| glob(c, p)));
        let claimed: Vec<&str> = dir.services().filter(claims).map(|s| s.name.as_str()).collect();
        if !claimed.is_empty() {
            return claimed;
        }
        let declares = |s: &&Service| s.uses.iter().any(|u| u.covers(&row.subject));
        dir.services().filter(declares).map(|s| s.name.as_str()).collect()
    }

    /// Who uses one of these subjects, by any direction: services in the order of their names, then unclaimed projects.
    pub fn users_of(&self, dir: &Directory, subjects: &[Subject], now: Timestamp) -> Vec<ServiceUse> {
        let mut out: BTreeMap<&str, ServiceUse> = BTreeMap::new();
        let mut loose: BTreeMap<Option<String>, ServiceUse> = BTreeMap::new();
        let may_use = subjects.first().map(|first| dir.may_use(&first.platform, subjects, false));
        for s in may_use.into_iter().flatten() {
            let declared = s.uses.iter().find(|u| subjects.iter().any(|x| u.covers(x) && !dir.has_own_deadline(u, x)));
            if let Some(u) = declared {
                out.insert(&s.name, ServiceUse { declared: Some(u.as_str().to_owned()), ..of_service(s) });
            }
        }
        for row in self.seen(subjects) {
            let users = self.users(dir, row);
            for name in &users {
                let Some(s) = dir.service(name) else { continue };
                out.entry(&s.name).or_insert_with(|| of_service(s)).add(row, users.len() > 1);
            }
            if users.is_empty() {
                let project = row.project.clone().or_else(|| row.service.clone());
                loose.entry(project.clone()).or_insert_with(|| nobody(project)).add(row, false);
            }
        }
        let mut all: Vec<ServiceUse> = out.into_values().chain(loose.into_values()).collect();
        for u in &mut all {
            u.disagreement = self.disagreement(u, subjects, now);
        }
        all
    }

    fn disagreement(&self, u: &ServiceUse, subjects: &[Subject], now: Timestamp) -> Option<Disagreement> {
        if u.declared.is_none() {
            return (!u.mention).then_some(Disagreement::Undeclared);
        }
        let recent = now - SignedDuration::from_hours(24 * UNSEEN_DAYS);
        let silent = u.last_at.is_none_or(|t| t < recent);
        let account = u.declared.as_deref().and_then(|d| UsePattern::parse(d).ok()?.account().map(str::to_owned));
        (silent && self.would_have_seen(subjects, account.as_deref(), now)).then_some(Disagreement::Unseen)
    }

    /// Whether calls to one of these would have been seen throughout the last 30 days.
    fn would_have_seen(&self, subjects: &[Subject], account: Option<&str>, now: Timestamp) -> bool {
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        let first = today.saturating_sub(jiff::Span::new().days(UNSEEN_DAYS));
        let ours = |d: &&CoveredDay| {
            let of = d.account.is_none() || account.is_none() || d.account.as_deref() == account;
            of && d.day >= first && d.day < today && subjects.iter().any(|s| s.platform == d.platform)
        };
        let days: BTreeSet<_> = self.days.iter().filter(ours).map(|d| d.day).collect();
        days.len() + LATE_DAYS >= usize::try_from(UNSEEN_DAYS).unwrap_or(usize::MAX)
    }

    /// Subjects that are used and that no service of ours declares or has claimed, each with who uses it.
    pub fn unowned(&self, dir: &Directory) -> BTreeMap<Subject, Vec<&UseRow>> {
        let mut out: BTreeMap<Subject, Vec<&UseRow>> = BTreeMap::new();
        for row in self.rows.iter().filter(|r| !r.mention && self.users(dir, r).is_empty()) {
            out.entry(row.subject.clone()).or_default().push(row);
        }
        out
    }
}

impl ServiceUse {
    fn add(&mut self, row: &UseRow, shared: bool) {
        let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a.saturating_add(b.unwrap_or(0))));
        match row.direction {
            Direction::Observed => {
                self.calls = sum(self.calls, row.calls);
                self.tokens = sum(self.tokens, row.tokens);
                self.last_at = self.last_at.max(Some(row.last_at));
                self.shared |= shared;
                self.mention = false;
            }
            Direction::Scanned => {
                let first = self.place.is_none() && self.last_at.is_none();
                if self.place.is_none() || (self.mention && !row.mention) {
                    self.place = row.place.clone();
                }
                self.mention = row.mention && (first || self.mention);
            }
        }
    }

    /// What is known, in words: `41,200 calls in 7 days, last today`; none where the config's word is all there is.
    pub fn in_words(&self, now: Timestamp) -> Option<String> {
        let whose = if self.shared { " (shared with other services)" } else { "" };
        let seen = match (self.calls, self.tokens, self.last_at) {
            (Some(n), _, Some(t)) if n > 0 => {
                Some(format!("{} in {COUNTED_DAYS} days{whose}, last {}", counted(n, "call"), day(t, now)))
            }
            (None, Some(n), Some(t)) if n > 0 => {
                Some(format!("{} in {COUNTED_DAYS} days{whose}, last {}", counted(n, "token"), day(t, now)))
            }
            (_, _, Some(t)) => Some(format!("last call seen {}{whose}", day(t, now))),
            (_, _, None) => None,
        };
        match (self.disagreement, seen) {
            (Some(Disagreement::Unseen), _) => Some(format!("declared, no calls seen for {UNSEEN_DAYS} days")),
            (Some(Disagreement::Undeclared), Some(seen)) => Some(format!("{seen}, not declared")),
            (Some(Disagreement::Undeclared), None) => {
                let at = self.place.as_ref().map_or_else(String::new, |p| format!(" ({p})"));
                Some(format!("in the code{at}, not declared"))
            }
            (None, Some(seen)) => Some(seen),
            (None, None) if self.mention => Some("only tests or documents speak of it".into()),
            (None, None) => self.place.as_ref().map(|p| format!("in the code: {p}")),
        }
    }
}

fn of_service(s: &Service) -> ServiceUse {
    ServiceUse { service: Some(s.name.clone()), owner: Some(s.owner.clone()), env: Some(s.env.clone()), ..nobody(None) }
}

fn nobody(project: Option<String>) -> ServiceUse {
    ServiceUse {
        service: None,
        project,
        owner: None,
        env: None,
        declared: None,
        calls: None,
        tokens: None,
        last_at: None,
        place: None,
        mention: false,
        shared: false,
        disagreement: None,
    }
}

/// What is said of a region, a deployment or an account holds for what was seen without one, and the other way round.
fn is_same(said: &Subject, seen: &Subject) -> bool {
    let fits = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    (&said.platform, said.kind, &said.id) == (&seen.platform, seen.kind, &seen.id)
        && fits(&said.region, &seen.region)
        && fits(&said.deployment, &seen.deployment)
        && fits(&said.account, &seen.account)
}

/// `41,200 calls`.
fn counted(n: u64, what: &str) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    format!("{out} {what}{}", if n == 1 { "" } else { "s" })
}

fn day(t: Timestamp, now: Timestamp) -> String {
    let date = |t: Timestamp| t.to_zoned_datetime(TimeZone::UTC).date();
    let d = date(t);
    match d.until(date(now)).map_or(0, |s| s.get_days()) {
        i32::MIN..=0 => "today".into(),
        1 => "yesterday".into(),
        2..=300 => d.strftime("%a %-d %b").to_string(),
        _ => d.strftime("%a %-d %b %Y").to_string(),
    }
}

#[cfg(test)]
mod tests;
