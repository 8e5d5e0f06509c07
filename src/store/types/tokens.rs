//! Tokens and sessions of those who ask the private side.

use crate::model::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A token to be made; of the token itself only the hash comes here.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its name: who or what holds it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Who made it.
    pub by: String,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A token as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl TokenRow {
    /// Whether it opens anything at a moment.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|t| now < t)
    }
}
