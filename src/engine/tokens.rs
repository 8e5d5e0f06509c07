//! Tokens: who holds one, what it opens, sessions of browsers.
//!
//! In: a name and a role, or a token somebody shows. Out: the token once, or whose it is. Invariant: a token has 256 random
//! bits and is kept as its hash only. Refuses to show one twice.

use super::Context;
use crate::crypto::{random, sha256};
use crate::model::Role;
use crate::model::text::one_line;
use crate::store::{NewToken, StoreError, TokenRow};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How every token begins, so that it is known for what it is where it was lost.
pub const PREFIX: &str = "forewarn_";
/// How long a browser stays signed in.
pub const SESSION: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A token somebody wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    /// Its name: who or what will hold it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Days until it ends by itself.
    pub days: Option<u32>,
    /// Who asks for it.
    pub by: String,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Names are what the audit shows.
    #[error("{0:?} is no name: 1 to 64 of letters, digits and . _ @ -")]
    Name(String),
    /// Taken.
    #[error("there is a token {0:?} already: revoke it first, or choose another name")]
    Taken(String),
    /// Nothing to revoke.
    #[error("there is no live token {0:?}: see forewarn token list")]
    NotFound(String),
    /// No randomness.
    #[error("{0}")]
    System(String),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token; the text is shown here and never again.
///
/// # Errors
/// [`TokenError`], each with what to do.
pub async fn add(cx: &Context, w: Wanted, now: Timestamp) -> Result<(String, TokenRow), TokenError> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    if w.name.is_empty() || w.name.len() > 64 || !w.name.chars().all(good) {
        return Err(TokenError::Name(one_line(&w.name, 80)));
    }
    let text = fresh()?;
    let expires_at = w.days.and_then(|d| now.checked_add(SignedDuration::from_hours(24 * i64::from(d))).ok());
    let token = NewToken {
        name: w.name.clone(),
        role: w.role,
        hash: sha256(&[text.as_bytes()]),
        by: one_line(&w.by, 80),
        expires_at,
    };
    let row = cx.store.add_token(token, now).await?.ok_or(TokenError::Taken(w.name))?;
    Ok((text, row))
}

/// Revokes a token; who holds it is out at once.
///
/// # Errors
/// As [`add`].
pub async fn revoke(cx: &Context, name: &str, by: &str, now: Timestamp) -> Result<(), TokenError> {
    let gone = cx.store.revoke_token(name.to_owned(), one_line(by, 80), now).await?;
    if gone { Ok(()) } else { Err(TokenError::NotFound(one_line(name, 80))) }
}

/// Whose token this is, if it opens anything now.
///
/// # Errors
/// The store's.
pub async fn holder(cx: &Context, token: &str, now: Timestamp) -> Result<Option<TokenRow>, StoreError> {
    if !token.starts_with(PREFIX) {
        return Ok(None);
    }
    Ok(cx.store.token_of(sha256(&[token.as_bytes()])).await?.filter(|t| t.lives(now)))
}

/// Begins the session of a browser; what its cookie holds.
///
/// # Errors
/// [`TokenError`].
pub async fn sign_in(cx: &Context, token: &TokenRow, now: Timestamp) -> Result<String, TokenError> {
    let text = fresh()?;
    let until = now.saturating_add(SESSION).unwrap_or(now);
    cx.store.begin_session(sha256(&[text.as_bytes()]), token.id, until, now).await?;
    Ok(text)
}

/// Whose session this is, if it still opens anything.
///
/// # Errors
/// The store's.
pub async fn session(cx: &Context, cookie: &str, now: Timestamp) -> Result<Option<TokenRow>, StoreError> {
    Ok(cx.store.session_of(sha256(&[cookie.as_bytes()]), now).await?.filter(|t| t.lives(now)))
}

/// Ends a session.
///
/// # Errors
/// The store's.
pub async fn sign_out(cx: &Context, cookie: &str) -> Result<(), StoreError> {
    cx.store.end_session(sha256(&[cookie.as_bytes()])).await
}

fn fresh() -> Result<String, TokenError> {
    let bits = random().map_err(|e| TokenError::System(e.to_string()))?;
    Ok(format!("{PREFIX}{}", hex::encode(bits)))
}
