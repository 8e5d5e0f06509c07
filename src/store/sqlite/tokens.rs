//! Tokens and sessions.
//!
//! In: hashes. Out: whose they are. Invariant: a revoked or expired token opens nothing, nor does a session begun with it.
//! Refuses to see a token: only its hash comes here.

use super::convert::{fault, maybe_time, ms, rows, time_at, word_at};
use super::matters::audit;
use super::{Sqlite, StoreError};
use crate::store::types::{NewToken, TokenRow};
use crate::store::{Fut, Tokens};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

impl Tokens for Sqlite {
    fn add_token(&self, token: NewToken, now: Timestamp) -> Fut<'_, Option<TokenRow>> {
        self.write(move |c| add(c, &token, ms(now)))
    }

    fn tokens(&self) -> Fut<'_, Vec<TokenRow>> {
        self.read(|c| rows(c, "SELECT * FROM tokens ORDER BY id", [], row))
    }

    fn token_of(&self, hash: [u8; 32]) -> Fut<'_, Option<TokenRow>> {
        self.read(move |c| Ok(rows(c, "SELECT * FROM tokens WHERE hash = ?1", [hash], row)?.pop()))
    }

    fn revoke_token(&self, name: String, by: String, now: Timestamp) -> Fut<'_, bool> {
        self.write(move |c| {
            let sql = "UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
            let gone = c.execute(sql, params![name, ms(now)]).map_err(fault)? > 0;
            if gone {
                audit(c, ms(now), &by, "token.revoked", &name, "")?;
            }
            Ok(gone)
        })
    }

    fn begin_session(&self, hash: [u8; 32], token: i64, expires_at: Timestamp, now: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| {
            c.execute("DELETE FROM sessions WHERE expires_at <= ?1", [ms(now)]).map_err(fault)?;
            let sql = "INSERT INTO sessions (hash, token, expires_at) VALUES (?1, ?2, ?3)";
            c.execute(sql, params![hash, token, ms(expires_at)]).map(drop).map_err(fault)
        })
    }

    fn session_of(&self, hash: [u8; 32], now: Timestamp) -> Fut<'_, Option<TokenRow>> {
        self.read(move |c| {
            let sql =
                "SELECT t.* FROM sessions s JOIN tokens t ON t.id = s.token WHERE s.hash = ?1 AND s.expires_at > ?2";
            Ok(rows(c, sql, params![hash, ms(now)], row)?.pop())
        })
    }

    fn end_session(&self, hash: [u8; 32]) -> Fut<'_, ()> {
        self.write(move |c| c.execute("DELETE FROM sessions WHERE hash = ?1", [hash]).map(drop).map_err(fault))
    }
}

/// Nothing when a live token has that name.
fn add(c: &Connection, t: &NewToken, now: i64) -> Result<Option<TokenRow>, StoreError> {
    // An expired one makes room for its successor.
    let ended = "UPDATE tokens SET revoked_at = expires_at WHERE name = ?1 AND revoked_at IS NULL AND expires_at <= ?2";
    c.execute(ended, params![t.name, now]).map_err(fault)?;
    let sql =
        "INSERT INTO tokens (name, role, hash, created_by, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING";
    let made =
        c.execute(sql, params![t.name, t.role.as_str(), t.hash, t.by, now, t.expires_at.map(ms)]).map_err(fault)?;
    if made == 0 {
        return Ok(None);
    }
    audit(c, now, &t.by, "token.added", &t.name, t.role.as_str())?;
    Ok(rows(c, "SELECT * FROM tokens WHERE hash = ?1", [t.hash], row)?.pop())
}

fn row(r: &Row<'_>) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        id: r.get("id").map_err(fault)?,
        name: r.get("name").map_err(fault)?,
        role: word_at(r, "role")?,
        created_by: r.get("created_by").map_err(fault)?,
        created_at: time_at(r, "created_at")?,
        expires_at: maybe_time(r, "expires_at")?,
        revoked_at: maybe_time(r, "revoked_at")?,
    })
}
