//! Between rows and values: times, words, JSON columns, errors of the driver.
//!
//! In: columns. Out: values or [`StoreError`]. Invariant: a row edited by hand into nonsense is `Damaged`, never a panic.
//! Refuses to log: callers decide.

use super::StoreError;
use jiff::Timestamp;
use rusqlite::{ErrorCode, Row, RowIndex};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value::StrDeserializer};

/// The driver's error as what the caller should do.
pub(super) fn fault(e: rusqlite::Error) -> StoreError {
    let text = e.to_string();
    match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(text),
        Some(_) => StoreError::Unavailable(text),
        None => StoreError::Damaged(text),
    }
}

pub(super) fn ms(t: Timestamp) -> i64 {
    t.as_millisecond()
}

pub(super) fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Damaged(format!("{ms} is no time")))
}

pub(super) fn time_at(row: &Row<'_>, column: impl RowIndex) -> Result<Timestamp, StoreError> {
    time(row.get(column).map_err(fault)?)
}

pub(super) fn maybe_time(row: &Row<'_>, column: impl RowIndex) -> Result<Option<Timestamp>, StoreError> {
    let ms: Option<i64> = row.get(column).map_err(fault)?;
    ms.map(time).transpose()
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Damaged(format!("a value has no JSON form: {e}")))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Damaged(format!("a stored value cannot be read: {e}")))
}

/// A column of text, looked at where it lies.
fn text_at<'r>(row: &'r Row<'_>, column: impl RowIndex) -> Result<Option<&'r str>, StoreError> {
    row.get_ref(column)
        .map_err(fault)?
        .as_str_or_null()
        .map_err(|e| StoreError::Damaged(format!("a stored text cannot be read: {e}")))
}

fn some<T>(found: Option<T>) -> Result<T, StoreError> {
    found.ok_or_else(|| StoreError::Damaged("a stored value is missing".into()))
}

/// A word of one of the model's closed lists, or an id: anything that serde reads from a JSON string.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    let from: StrDeserializer<'_, serde_json::Error> = text.into_deserializer();
    T::deserialize(from).map_err(|e| StoreError::Damaged(format!("a stored word cannot be read: {e}")))
}

pub(super) fn word_at<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> Result<T, StoreError> {
    word(some(text_at(row, column)?)?)
}

pub(super) fn maybe_word<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> Result<Option<T>, StoreError> {
    text_at(row, column)?.map(word).transpose()
}

pub(super) fn json_at<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> Result<T, StoreError> {
    from_json(some(text_at(row, column)?)?)
}

pub(super) fn maybe_json<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> Result<Option<T>, StoreError> {
    text_at(row, column)?.map(from_json).transpose()
}

/// Runs a query and maps every row.
pub(super) fn rows<T>(
    c: &rusqlite::Connection,
    sql: &str,
    params: impl rusqlite::Params,
    map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows_of(&mut *c.prepare_cached(sql).map_err(fault)?, params, map)
}

/// Runs a prepared query and maps every row.
pub(super) fn rows_of<T>(
    statement: &mut rusqlite::Statement<'_>,
    params: impl rusqlite::Params,
    mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut rows = statement.query(params).map_err(fault)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        out.push(map(row)?);
    }
    Ok(out)
}
