//! Catching up: what a provider tried to deliver while nobody was here, fetched from its API.
//!
//! In: since when nobody was here, connections with a key. Out: deliveries in the inbox, under the keys their webhooks would
//! have, so that a late retry is a repeat. Invariant: the time of the last sign of life moves on only after everything
//! missed is stored; a provider that does not answer is asked again. Refuses providers whose file names no such API.

use super::connections::Connection;
use super::receive::{Endpoint, Receiver};
use super::{Context, Report};
use crate::fetch::{Client, FetchError, Fetched, Proof, Request};
use crate::model::Payload;
use crate::provider::file::{Missed, MissedHow};
use crate::store::StoreError;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Shorter absences are bridged by the sender's own retries.
const ABSENCE: SignedDuration = SignedDuration::from_mins(2);
/// Looked back before the last sign of life, for deliveries that failed while we went down.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// Pages of a list at most.
const PAGES: usize = 50;

/// A connection whose provider has a list of what it tried to deliver.
struct Asked {
    connection: Connection,
    missed: Missed,
}

/// What a provider tried to deliver.
struct Late {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Why nothing was fetched this time.
#[derive(Debug, thiserror::Error)]
enum CatchError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{0}")]
    Shape(String),
}

/// The catcher-up.
pub struct CatchUp {
    cx: Context,
    client: Arc<Client>,
    receiver: Arc<Receiver>,
    waiting: Mutex<Waiting>,
}

/// Who is still to be asked. One leaves it only when everything it missed is stored, whatever goes wrong before.
struct Waiting {
    /// Since when nobody was here; none until that was looked up.
    since: Option<Timestamp>,
    asked: Vec<Asked>,
}

impl CatchUp {
    /// Ready to ask for what these connections missed.
    pub fn new(
        cx: Context,
        client: Arc<Client>,
        receiver: Arc<Receiver>,
        connections: &BTreeMap<crate::model::ConnectionId, Connection>,
    ) -> Self {
        let mut asked = Vec::new();
        for c in connections.values().filter(|c| c.api_key.is_some() && !c.webhook_secrets.is_empty()) {
            let missed = cx.catalog.get(c.id.provider()).and_then(|p| p.file.webhook()?.1.missed.clone());
            asked.extend(missed.map(|missed| Asked { connection: c.clone(), missed }));
        }
        Self { cx, client, receiver, waiting: Mutex::new(Waiting { since: None, asked }) }
    }

    /// Fetches what was missed, then notes that we are here.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let mut waiting = self.waiting.lock().await;
        let since = match waiting.since {
            Some(t) => t,
            None => self.cx.store.last_alive().await?.unwrap_or(now),
        };
        if waiting.since.is_none() && now.duration_since(since) <= ABSENCE {
            waiting.asked.clear();
        }
        waiting.since = Some(since);
        let (mut stored, mut at) = (0, 0);
        while let Some(a) = waiting.asked.get(at) {
            match self.catch_up(a, since - BEFORE, now).await? {
                Ok(n) => {
                    stored += n;
                    waiting.asked.remove(at);
                }
                Err(e) => {
                    tracing::warn!(connection = %a.connection.id, "what was missed cannot be fetched yet and is asked for again: {e}");
                    at += 1;
                }
            }
        }
        if waiting.asked.is_empty() {
            self.cx.store.alive(now).await?;
        }
        if stored > 0 {
            self.cx.nudges.normalize.notify_one();
        }
        Ok(Report {
            summary: if stored == 0 { String::new() } else { format!("{stored} missed deliveries fetched") },
            ..Report::default()
        })
    }

    async fn catch_up(
        &self,
        a: &Asked,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Result<usize, CatchError>, StoreError> {
        let id = &a.connection.id;
        let Some(endpoint) = self.receiver.endpoint(id.provider(), id.account(), false) else { return Ok(Ok(0)) };
        let late = match a.missed.how {
            MissedHow::StripeEvents => self.stripe(a, since).await,
            MissedHow::GithubDeliveries => self.github(a, since).await,
        };
        let late = match late {
            Ok(l) => l,
            Err(e) => return Ok(Err(e)),
        };
        let mut stored = 0;
        for l in late {
            stored += usize::from(self.store(endpoint, l, now).await?);
        }
        Ok(Ok(stored))
    }

    async fn store(&self, e: &Endpoint, late: Late, now: Timestamp) -> Result<bool, StoreError> {
        self.receiver.take_fetched(e, &Payload::new(late.headers, Bytes::from(late.body)), &self.cx, now).await
    }

    async fn get(&self, a: &Asked, url: String) -> Result<(Value, Option<String>), CatchError> {
        let proof = a.connection.api_key.clone().map(Proof::Bearer);
        let request = Request { proof, ..Request::plain(url) };
        match self.client.get(&request).await? {
            Fetched::Body { body, next, .. } => {
                let value = serde_json::from_slice(&body).map_err(|e| CatchError::Shape(format!("no JSON: {e}")))?;
                Ok((value, next))
            }
            Fetched::Unchanged { .. } => Err(CatchError::Shape("304 to a question without validators".into())),
        }
    }

    /// Events whose delivery failed or is pending, newest first. <https://docs.stripe.com/api/events/list>
    async fn stripe(&self, a: &Asked, since: Timestamp) -> Result<Vec<Late>, CatchError> {
        let first = format!("{}?limit=100&delivery_success=false&created[gte]={}", a.missed.url, since.as_second());
        let (mut url, mut out) = (first.clone(), Vec::new());
        for _ in 0..PAGES {
            let (page, _) = self.get(a, url).await?;
            let list = page["data"].as_array().ok_or_else(|| CatchError::Shape("there is no list /data".into()))?;
            out.extend(list.iter().map(|e| Late { headers: Vec::new(), body: e.to_string().into_bytes() }));
            match list.last().and_then(|e| e["id"].as_str()) {
                Some(last) if page["has_more"] == true => {
                    let last: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    url = format!("{first}&starting_after={last}");
                }
                Some(_) | None => break,
            }
        }
        out.reverse();
        Ok(out)
    }

    /// Deliveries that failed and were not repeated with success, each with the request that was made.
    /// <https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook>
    async fn github(&self, a: &Asked, since: Timestamp) -> Result<Vec<Late>, CatchError> {
        let hook = a.connection.hook.as_deref().unwrap_or_default();
        let base = format!("{}/{hook}/deliveries", a.missed.url.trim_end_matches('/'));
        let mut url = Some(format!("{base}?per_page=100"));
        let (mut failed, mut good) = (BTreeMap::new(), BTreeSet::new());
        for _ in 0..PAGES {
            let Some(at) = url.take() else { break };
            let (page, next) = self.get(a, at).await?;
            let list = page.as_array().ok_or_else(|| CatchError::Shape("the list of deliveries is none".into()))?;
            let mut recent = true;
            for d in list {
                let at: Option<Timestamp> = d["delivered_at"].as_str().and_then(|t| t.parse().ok());
                let (Some(id), Some(guid), Some(at)) = (d["id"].as_u64(), d["guid"].as_str(), at) else {
                    return Err(CatchError::Shape("a delivery without id, guid or time".into()));
                };
                recent = at >= since;
                if !recent {
                    break;
                }
                if d["status_code"].as_u64().is_some_and(|s| (200..300).contains(&s)) {
                    good.insert(guid.to_owned());
                } else {
                    failed.insert(guid.to_owned(), (at, id));
                }
            }
            // Only on the host that was asked: the key goes with every page.
            url = next.filter(|n| recent && n.starts_with(a.missed.url.trim_end_matches('/')));
        }
        let mut missed: Vec<(Timestamp, u64)> =
            failed.into_iter().filter(|(guid, _)| !good.contains(guid)).map(|(_, d)| d).collect();
        missed.sort_unstable();
        let mut out = Vec::new();
        for (_, id) in missed {
            let (d, _) = self.get(a, format!("{base}/{id}")).await?;
            let headers = d["request"]["headers"].as_object().into_iter().flatten();
            out.push(Late {
                headers: headers.filter_map(|(k, v)| Some((k.to_ascii_lowercase(), v.as_str()?.to_owned()))).collect(),
                body: d["request"]["payload"].to_string().into_bytes(),
            });
        }
        Ok(out)
    }
}
