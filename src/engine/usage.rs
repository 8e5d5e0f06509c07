//! What we use: taking what scans and counted calls tell, and the book that merges it with the config.
//!
//! In: reports. Out: rows; the [`Book`] as it stands. Invariant: a report is on disk before it is said to be taken; taken
//! twice it counts once. Refuses to read files or formats: readers do.

use super::Context;
use crate::model::UsageReport;
use crate::rules::usage::{Book, COUNTED_DAYS, UNSEEN_DAYS};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};

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
