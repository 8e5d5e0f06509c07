//! `[usage]`: where a provider, or a gateway, counts our calls.
//!
//! In: one table. Out: its struct. Invariant: the answer has a form that `usage import` knows; this only says how it is asked for.
//! Refuses keys: they are the connection's.

use super::{Access, Auth, Evidence};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// How counted calls are asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageApi {
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// What is asked, each on its own; `{since}` and `{until}` stand for the first and the last day.
    pub urls: Vec<String>,
    /// How a day is written there.
    pub days: DayForm,
    /// How we prove ourselves: `bearer` or `header`, with the `usage_key` of a connection.
    pub auth: Auth,
    /// What goes with it.
    #[serde(default)]
    pub access: Access,
    /// JSON Pointer to what names the next page: its name, or `true` where pages are numbered.
    pub next: Option<String>,
    /// The parameter that takes it.
    #[serde(default = "page")]
    pub page: String,
    /// The calls are of many providers: their accounts are not ours by name.
    #[serde(default)]
    pub gateway: bool,
}

fn page() -> String {
    "page".into()
}

/// How a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayForm {
    /// Seconds since 1970 of its midnight in UTC.
    Seconds,
    /// `2026-11-22T00:00:00Z`.
    Rfc3339,
    /// `2026-11-22`.
    Date,
}

impl DayForm {
    /// A day, as it goes into an address.
    pub fn write(self, day: Date) -> String {
        let midnight = day.to_zoned_datetime(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp());
        match self {
            DayForm::Seconds => midnight.as_second().to_string(),
            DayForm::Rfc3339 => midnight.to_string(),
            DayForm::Date => day.to_string(),
        }
    }
}
