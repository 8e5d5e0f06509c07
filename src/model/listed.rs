//! What a provider's own list of models has shown so far: the memory that tells a new model from a missing one.
//!
//! In: what the diff of a list decided. Out: what the next diff compares with. Invariant: a model once listed stays known,
//! so none appears twice. Refuses to say that anything has ended: that is folding.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Models by the ids of their list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelList(pub BTreeMap<String, Listed>);

/// Where a model stands on its list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Good reads in a row without it; stops rising once it is gone.
    #[serde(default, skip_serializing_if = "is_none")]
    pub missing: u32,
    /// The first of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// It was missing long enough to be called gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// It is listed without the date it had; first read then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undated: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_none(n: &u32) -> bool {
    *n == 0
}
