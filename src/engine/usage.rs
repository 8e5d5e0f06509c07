//! What we use: taking what scans and counted calls tell, and the book that merges it with the config.
//!
//! In: reports, or bodies of a known form. Out: rows; the [`Book`] as it stands. Invariant: a report is on disk before it is
//! said to be taken; taken twice it counts once. Refuses services the config does not have, and providers nobody knows.

use super::{Context, known};
use crate::model::text::one_line;
use crate::model::{ProviderId, Subject, UsageReport};
use crate::provider::read::usage::{self, Ask, Names, Told};
use crate::rules::find::{Finder, Role};
use crate::rules::usage::{Book, COUNTED_DAYS, UNSEEN_DAYS};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// The book as it stands.
///
/// # Errors
/// The store's.
pub async fn book(cx: &Context, now: Timestamp) -> Result<Book, StoreError> {
    let ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let rows = cx.store.usage(ago(COUNTED_DAYS)).await?;
    Ok(Book::new(rows, cx.store.covered_days(ago(UNSEEN_DAYS + 1)).await?))
}

/// Takes a report; how many uses are new to us. Reminders look again at once: a use may wake one.
///
/// # Errors
/// The store's.
pub async fn take(cx: &Context, report: UsageReport) -> Result<u64, StoreError> {
    let new = cx.store.note_usage(report).await?;
    cx.nudges.remind.notify_one();
    Ok(new)
}

/// What is said beside a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The service all of it is about.
    pub service: Option<String>,
    /// The account of ours all of it is of.
    pub account: Option<String>,
    /// Whose models those are that name no provider.
    pub provider: Option<String>,
}

/// Why a body was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// It cannot be read, or names what is not there.
    #[error("{0}")]
    Wrong(String),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a body; nothing is stored yet.
///
/// # Errors
/// [`UsageError`].
pub async fn read(cx: &Context, body: &[u8], beside: &Beside, now: Timestamp) -> Result<Told, UsageError> {
    let wrong = |why: String| UsageError::Wrong(why);
    if let Some(s) = beside.service.as_ref().filter(|s| cx.directory.service(s).is_none()) {
        let names: Vec<&str> = cx.directory.services().map(|s| s.name.as_str()).collect();
        let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
        return Err(wrong(format!("there is no service {:?} in the config: there are {names}", one_line(s, 64))));
    }
    if let Some(a) = &beside.account {
        crate::model::ids::check_name("account", a).map_err(|e| wrong(e.to_string()))?;
    }
    let provider = match &beside.provider {
        None => None,
        Some(p) if cx.catalog.get(p).is_some() => Some(ProviderId::new(p.clone()).map_err(|e| wrong(e.to_string()))?),
        Some(p) => return Err(wrong(format!("there is no provider {:?}: see forewarn providers", one_line(p, 64)))),
    };
    let stored = known::deprecations(cx).await?;
    let subjects = stored.iter().flat_map(|m| &m.subjects).chain(&cx.known.models).cloned();
    let namer = Namer(Finder::new(subjects).map_err(wrong)?);
    let (service, account) = (beside.service.as_deref(), beside.account.as_deref());
    let mut told =
        usage::read(body, &Ask { service, account, provider: provider.as_ref(), names: &namer, now }).map_err(wrong)?;
    for report in &mut told.reports {
        let before = report.uses.len();
        report.uses.retain(|u| cx.catalog.get(u.subject.platform.as_str()).is_some());
        let gone = before - report.uses.len();
        if gone > 0 {
            *told.left_out.entry("a provider nobody knows".into()).or_default() += gone as u64;
        }
    }
    Ok(told)
}

/// What became of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Its form.
    pub form: String,
    /// Rows of use that were taken, by direction.
    pub scanned: usize,
    /// Rows of use that were taken, by direction.
    pub observed: usize,
    /// Of these, subjects in use that nobody had told of before.
    pub new: u64,
    /// What was left out: why, and how many rows.
    pub left_out: std::collections::BTreeMap<String, u64>,
}

impl Taken {
    /// Of what was told, `new` being known once it is stored.
    pub fn of(told: &Told, new: u64) -> Self {
        use crate::model::Direction;
        let count = |d| told.reports.iter().filter(|r| r.direction == d).map(|r| r.uses.len()).sum();
        Self {
            form: told.form.to_string(),
            scanned: count(Direction::Scanned),
            observed: count(Direction::Observed),
            new,
            left_out: told.left_out.clone(),
        }
    }
}

struct Namer(Finder);

impl Names for Namer {
    fn home(&self, model: &str) -> Option<ProviderId> {
        self.0.exact(model).map(|s| s.platform.clone())
    }
    fn find(&self, text: &str) -> Option<Subject> {
        let found = self.0.exact(text).cloned();
        found.or_else(|| self.0.find(text.as_bytes()).first().map(|f| f.subject.clone()))
    }
    fn only_mentions(&self, path: &str) -> bool {
        Role::of(path).only_mentions()
    }
}
