//! Counting: what providers and gateways say of our calls, by model and project, asked for with a key.
//!
//! In: connections with a `usage_key`, what their provider files say of it. Out: rows of use, like an import of the same
//! answer. Invariant: what is asked twice counts once; a question that fails is asked again with growing waits, and a counter
//! that stays silent is told to the operators, since "no calls seen" would be no fact any more. Refuses to judge use.

use super::connections::Connection;
use super::trouble::{self, Trouble};
use super::usage::{Beside, UsageError, read, take};
use super::{Context, Report};
use crate::fetch::{Client, FetchError, Fetched, Proof, Request};
use crate::model::text::one_line;
use crate::model::{Change, ConnectionId, Every, ProviderId, Severity, SourceId};
use crate::provider::catalog::Catalog;
use crate::provider::file::{Auth, Evidence, UsageApi};
use crate::reach::Net;
use crate::rules::cadence::{MISSED, Turn, next_fetch};
use crate::store::{SourceHealth, SourceRow, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often each is asked.
const EVERY: Every = Every::Seconds(3_600);
/// How far the first question looks back: what nobody called for so long is "unseen".
const FIRST_DAYS: i32 = 30;
/// What a gateway's own address stands for in its provider file.
const GATEWAY: &str = "https://{host}";
/// Most pages of one answer.
const PAGES: usize = 50;

/// A counter of our calls.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Its name among sources: `openai/cost`.
    pub id: SourceId,
    connection: ConnectionId,
    api: UsageApi,
    proof: Proof,
    values: BTreeMap<String, String>,
    /// Where a gateway of ours is, if the config says so.
    base: Option<String>,
    allow: Option<Arc<[Net]>>,
}

/// The counters of these connections.
pub fn counters(
    catalog: &Catalog,
    connections: &BTreeMap<ConnectionId, Connection>,
    allow: &BTreeMap<SourceId, Arc<[Net]>>,
) -> Vec<Counted> {
    let one = |c: &Connection| {
        let key = c.usage_key.clone()?;
        let api = catalog.get(c.id.provider())?.file.usage.clone().filter(|u| u.evidence != Evidence::U)?;
        let name = if c.id.account() == "main" { "cost".to_owned() } else { format!("cost.{}", c.id.account()) };
        let id = SourceId::of(&ProviderId::new(c.id.provider()).ok()?, &name).ok()?;
        let proof = match api.auth {
            Auth::Header => Proof::Header { name: api.access.header.clone().unwrap_or_default(), key },
            Auth::Bearer | Auth::None | Auth::Aws | Auth::Client => Proof::Bearer(key),
        };
        let allow = allow.get(&id).cloned();
        let (values, base) = (c.values.clone(), c.usage_url.clone());
        Some(Counted { id, connection: c.id.clone(), api, proof, values, base, allow })
    };
    connections.values().filter_map(one).collect()
}

/// The job.
pub struct Counter {
    /// What it works with.
    pub cx: Context,
    /// The way out.
    pub client: Arc<Client>,
    /// Whom it asks.
    pub counted: Vec<Counted>,
}

impl Counter {
    /// Asks everybody whose time has come.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let mut said = Vec::new();
        for c in &self.counted {
            let row = self.cx.store.source(c.id.clone()).await?.unwrap_or_else(|| SourceRow::new(c.id.clone(), now));
            if row.next_at <= now {
                said.push(self.ask(c, row, now).await?);
            }
        }
        Ok(Report { summary: said.join("; "), ..Report::default() })
    }

    async fn ask(&self, c: &Counted, old: SourceRow, now: Timestamp) -> Result<String, StoreError> {
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        // The last day that was read may have gone on after that.
        let since = old.last_ok_at.map_or(today.saturating_sub(FIRST_DAYS.days()), |at| {
            at.to_zoned_datetime(TimeZone::UTC).date().saturating_sub(1.day())
        });
        let counted = self.count(c, since.max(today.saturating_sub(FIRST_DAYS.days())), now).await;
        let mut row = SourceRow { last_try_at: Some(now), ..old.clone() };
        let said = match counted {
            Ok(uses) => {
                row =
                    SourceRow { failures: 0, health: SourceHealth::Fresh, problem: None, last_ok_at: Some(now), ..row };
                row.rows = u32::try_from(uses).unwrap_or(u32::MAX);
                format!("{}: {uses} rows", c.id)
            }
            Err(UsageError::Store(e)) => return Err(e),
            Err(UsageError::Wrong(why)) => {
                tracing::warn!(source = %c.id, "calls could not be counted: {why}");
                let health = if row.failures + 1 >= MISSED { SourceHealth::Stale } else { row.health };
                row = SourceRow { failures: row.failures + 1, health, problem: Some(why.clone()), ..row };
                format!("{}: {why}", c.id)
            }
        };
        let (source, failures) = (c.id.as_str(), row.failures);
        let turn = Turn { source, every: &EVERY, failures, asked: None, cached: None, open: false, again: false };
        row.next_at = next_fetch(&turn, now);
        self.tell(c, &old, &row, now).await?;
        self.cx.store.fetched(row, None).await?;
        Ok(said)
    }

    /// Asks for the days from one on; how many rows were taken.
    async fn count(&self, c: &Counted, since: Date, now: Timestamp) -> Result<usize, UsageError> {
        let until = now.to_zoned_datetime(TimeZone::UTC).date();
        let mut values = c.values.clone();
        values.insert("since".into(), c.api.days.write(since));
        values.insert("until".into(), c.api.days.write(until));
        let account = Some(c.connection.account()).filter(|a| *a != "main" && !c.api.gateway);
        let beside = Beside {
            service: None,
            account: account.map(str::to_owned),
            provider: (!c.api.gateway).then(|| c.connection.provider().to_owned()),
        };
        let mut rows = 0;
        for url in &c.api.urls {
            let missing = |name: String| UsageError::Wrong(format!("needs to know which {name}: set values.{name}"));
            let own = c.base.as_ref().and_then(|base| Some(format!("{base}{}", url.strip_prefix(GATEWAY)?)));
            let first = c.api.access.filled(own.as_ref().unwrap_or(url), &values).map_err(missing)?;
            let mut at = first.clone();
            for page in 1..=PAGES {
                let body = self.get(c, at, now).await?;
                let told = read(&self.cx, &body, &beside, now).await?;
                for (why, n) in &told.left_out {
                    tracing::info!(source = %c.id, "{n} rows of counted calls were left out: {why}");
                }
                for report in told.reports {
                    rows += report.uses.len();
                    take(&self.cx, report).await?;
                }
                let Some(next) = next_page(&c.api, &body, page) else { break };
                at = format!("{first}{}{}={next}", if first.contains('?') { '&' } else { '?' }, c.api.page);
            }
        }
        Ok(rows)
    }

    async fn get(&self, c: &Counted, url: String, now: Timestamp) -> Result<Vec<u8>, UsageError> {
        let headers = c.api.access.headers.clone().into_iter().collect();
        let proof = Some(c.proof.clone());
        let plain = c.base.as_ref().is_some_and(|b| b.starts_with("http://"));
        let request = Request { url, proof, headers, at: now, allow: c.allow.clone(), plain, ..Request::default() };
        match self.client.get(&request).await {
            Ok(Fetched::Body { body, .. }) => Ok(body),
            Ok(Fetched::Unchanged { .. }) => Err(UsageError::Wrong("304 to a question without validators".into())),
            Err(FetchError::Status { host, status: status @ (401 | 403), .. }) => Err(UsageError::Wrong(format!(
                "{host} answered {status}: usage_key must be a key that may read usage (an admin key)"
            ))),
            Err(e) => Err(UsageError::Wrong(e.to_string())),
        }
    }

    /// Tells when nobody counts any more, and when somebody does again.
    async fn tell(&self, c: &Counted, old: &SourceRow, new: &SourceRow, now: Timestamp) -> Result<(), StoreError> {
        let (was, is) = (old.failures >= MISSED, new.failures >= MISSED);
        if was == is {
            return Ok(());
        }
        let why = one_line(new.problem.as_deref().unwrap_or_default(), 300);
        let t = Trouble {
            provider: ProviderId::new(c.id.provider()).map_err(|e| StoreError::Damaged(e.to_string()))?,
            about: c.id.name().to_owned(),
            change: if is { Change::Opened } else { Change::Resolved },
            severity: Severity::Minor,
            title: format!("calls of {} are {}", c.connection, if is { "not counted" } else { "counted again" }),
            summary: if is {
                format!("{why}. Until it is mended, \"no calls seen\" says nothing about this account.")
            } else {
                String::new()
            },
            native_id: None,
        };
        trouble::report(&self.cx, &t, now).await
    }
}

/// What names the next page; none where this was the last.
fn next_page(api: &UsageApi, body: &[u8], page: usize) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let name = match value.pointer(api.next.as_deref()?)? {
        Value::Bool(true) => (page + 1).to_string(),
        Value::String(s) if !s.is_empty() => s.clone(),
        Value::Number(n) => n.to_string(),
        Value::Null | Value::Bool(false) | Value::String(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(url::form_urlencoded::byte_serialize(name.as_bytes()).collect())
}
