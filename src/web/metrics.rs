//! Metrics for Prometheus (<https://prometheus.io/docs/instrumenting/exposition_formats>).
//!
//! In: the state of the store and of the daemon. Out: one text. Invariant: a label holds ids, names and words of ours,
//! escaped; there are as many series as things we use or configured, whatever strangers send. Refuses text from outside.

use super::actions::Actions;
use super::answer::{Problem, fresh};
use crate::engine::calendar;
use crate::engine::listing;
use crate::engine::status::Status;
use crate::store::{FlushTimes, SourceHealth};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The address of the metrics.
pub fn router(actions: Arc<Actions>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(actions)
}

async fn metrics(State(a): State<Arc<Actions>>, headers: HeaderMap) -> Result<Response, Problem> {
    let now = a.cx.clock.now();
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let mut m = Metrics::default();
    m.head("forewarn_build_info", "gauge", "The version that runs.");
    m.sample("forewarn_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    m.head(
        "forewarn_time_left_seconds",
        "gauge",
        "Days until a subject that a service uses ends, in seconds of 86400 a day, by owner. Negative once passed.",
    );
    for d in calendar::used(&a.cx, today.saturating_sub(30.days()), Date::MAX, today).await? {
        // What ended long ago would stand here for ever.
        let Some(left) = d.days_left.filter(|n| *n >= -30) else { continue };
        let firm = if d.shutdown_on.is_some() { "true" } else { "false" };
        for owner in &d.owners {
            let labels = [("subject", d.id.as_str()), ("provider", &d.provider), ("owner", owner), ("firm", firm)];
            m.sample("forewarn_time_left_seconds", &labels, f64::from(left) * 86_400.0);
        }
    }
    let (waiting, oldest) = a.cx.store.undelivered().await?;
    m.single("forewarn_undelivered", "gauge", "Notifications still to be delivered.", number(waiting));
    m.single(
        "forewarn_oldest_undelivered_seconds",
        "gauge",
        "Age of the oldest of them; 0 if there is none.",
        age(oldest, now),
    );
    if let Some(at) = a.cx.store.last_copied().await? {
        m.single("forewarn_backup_timestamp_seconds", "gauge", "When the last copy was taken.", seconds(at));
    }
    let held = if a.cx.store.held().await?.is_some() { 1.0 } else { 0.0 };
    m.single("forewarn_held", "gauge", "1 while restored data sends nothing, until it is resumed.", held);
    let mut by_state: BTreeMap<&str, u64> = SourceHealth::ALL.iter().map(|h| (h.as_str(), 0)).collect();
    let sources = listing::sources(&a.cx, &a.targets, &a.off).await?;
    for s in &sources {
        *by_state.entry(s.health.as_str()).or_default() += 1;
    }
    m.head("forewarn_sources", "gauge", "Sources by state.");
    for (state, n) in by_state {
        m.sample("forewarn_sources", &[("state", state)], number(n));
    }
    m.head("forewarn_source_read_timestamp_seconds", "gauge", "When a polled source was last read well.");
    for (s, at) in sources.iter().filter_map(|s| Some((s, s.last_ok_at?))) {
        m.sample("forewarn_source_read_timestamp_seconds", &[("source", s.id.as_str())], seconds(at));
    }
    m.status(&a.status().await?, now);
    if let Some(times) = a.cx.store.flush_times() {
        m.flushes(&times);
    }
    let body = m.0;
    Ok(fresh(&headers, TEXT, &super::answer::etag(body.as_bytes()), Bytes::from(body)))
}

/// The text so far.
#[derive(Default)]
struct Metrics(String);

impl Metrics {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (n, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if n == 0 { '{' } else { ',' }, escape(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.head(name, kind, help);
        self.sample(name, &[], value);
    }

    fn status(&mut self, s: &Status, now: Timestamp) {
        let well = if s.healthy { 1.0 } else { 0.0 };
        self.single("forewarn_healthy", "gauge", "1 while nothing needs a person.", well);
        self.single("forewarn_inbox_pending", "gauge", "Payloads not yet read.", number(s.inbox.pending));
        let oldest = age(s.inbox.oldest_at, now);
        self.single("forewarn_inbox_oldest_seconds", "gauge", "Age of the oldest of them; 0 if there is none.", oldest);
        self.head("forewarn_deliveries_total", "counter", "Webhooks stored since the start, by connection.");
        for h in &s.hooks {
            self.sample("forewarn_deliveries_total", &[("connection", &h.connection)], number(h.accepted));
        }
        self.head(
            "forewarn_signature_failures_total",
            "counter",
            "Webhooks refused since the start, by connection and reason.",
        );
        for h in &s.hooks {
            for (reason, n) in &h.refused {
                let labels = [("connection", h.connection.as_str()), ("reason", reason)];
                self.sample("forewarn_signature_failures_total", &labels, number(*n));
            }
        }
        self.head("forewarn_task_failures", "gauge", "Failures in a row, by task.");
        for t in &s.tasks {
            self.sample("forewarn_task_failures", &[("task", &t.name)], f64::from(t.failures));
        }
    }

    fn flushes(&mut self, t: &FlushTimes) {
        let name = "forewarn_flush_seconds";
        self.head(name, "histogram", "How long commits to disk took since the start.");
        for (bound, n) in &t.buckets {
            self.sample("forewarn_flush_seconds_bucket", &[("le", &bound.to_string())], number(*n));
        }
        self.sample("forewarn_flush_seconds_bucket", &[("le", "+Inf")], number(t.count));
        self.sample("forewarn_flush_seconds_sum", &[], t.sum);
        self.sample("forewarn_flush_seconds_count", &[], number(t.count));
    }
}

fn escape(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    for c in label.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
fn number(n: u64) -> f64 {
    n as f64
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn age(oldest: Option<Timestamp>, now: Timestamp) -> f64 {
    oldest.map_or(0.0, |t| now.duration_since(t).as_secs_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stays_inside_its_quotes() {
        let mut m = Metrics::default();
        m.sample("x", &[("subject", "a\"} 1\nforged 2\\\r")], 3.0);
        assert_eq!(m.0, "x{subject=\"a\\\"} 1\\nforged 2\\\\\"} 3\n");
    }
}
