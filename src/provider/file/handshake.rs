//! The `handshake` tables of a webhook source: questions a sender asks a receiver before or between its messages.
//!
//! In: one table each. Out: [`HandshakeTable`]. Invariant: what is unsigned looks at headers, query and method only and
//! never makes a keyed hash. Refuses a handshake without a condition or without an answer, and unknown atoms.

use super::verify::header_name;
use crate::provider::handshake::{Piece, Spot, pieces};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[[sources.NAME.handshake]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandshakeTable {
    /// What must stand where, `*` for anything: all of them must fit.
    pub when: BTreeMap<String, String>,
    /// What is answered.
    pub reply: ReplyTable,
    /// Whether the question itself must be proven.
    #[serde(default = "yes")]
    pub signed: bool,
}
fn yes() -> bool {
    true
}

/// What is answered. Texts may hold `{PLACE}` and `{hmac:PLACE}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyTable {
    /// The status; 200 by default.
    pub status: Option<u16>,
    /// A plain text.
    pub text: Option<String>,
    /// Or a JSON value.
    pub json: Option<serde_json::Value>,
    /// Headers beside it.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// Headers of an answer that are ours to set.
const OURS: [&str; 5] = ["content-length", "transfer-encoding", "connection", "location", "set-cookie"];

impl HandshakeTable {
    /// What is wrong with it, if anything. `keyed`: whether every way of the source is a keyed hash.
    pub(super) fn check(&self, keyed: bool) -> Result<(), String> {
        if self.when.is_empty() {
            return Err("handshake: when is empty: it would answer every message instead of storing it".into());
        }
        for at in self.when.keys() {
            self.sees(&Spot::parse(at)?)?;
        }
        let r = &self.reply;
        if r.status.is_none() && r.text.is_none() && r.json.is_none() && r.headers.is_empty() {
            return Err("handshake: reply is empty: say status, text, json or headers".into());
        }
        if r.text.is_some() && r.json.is_some() {
            return Err("handshake: an answer has one body: either text or json".into());
        }
        if r.status.is_some_and(|s| !(200..300).contains(&s)) {
            return Err("handshake: status must be from 200 to 299".into());
        }
        for name in r.headers.keys() {
            header_name(name)?;
            if OURS.contains(&name.as_str()) {
                return Err(format!("handshake: the header {name} is not for a provider file to set"));
            }
        }
        for text in r.texts() {
            for piece in pieces(text)? {
                match piece {
                    Piece::Literal(_) => {}
                    Piece::Value(spot) => self.sees(&spot)?,
                    Piece::Hmac(spot) => {
                        self.sees(&spot)?;
                        if !(self.signed && keyed) {
                            return Err("handshake: {hmac:…} only answers a question proven by family \"hmac\": else anybody could have anything signed".into());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn sees(&self, spot: &Spot) -> Result<(), String> {
        match (spot, self.signed) {
            (Spot::Body(_), false) => {
                Err("handshake: an unsigned one may look at headers, query and method only: its body is not read"
                    .into())
            }
            (Spot::Method, true) => Err("handshake: method only tells unsigned ones apart".into()),
            (Spot::Body(_) | Spot::Header(_) | Spot::Query(_) | Spot::Method, _) => Ok(()),
        }
    }

    /// The method an unsigned handshake comes by.
    pub fn method(&self) -> Option<&str> {
        self.when.get("method").map(String::as_str)
    }
}

impl ReplyTable {
    /// Every text in it that may hold atoms.
    pub fn texts(&self) -> Vec<&str> {
        fn inside<'j>(json: &'j serde_json::Value, out: &mut Vec<&'j str>) {
            match json {
                serde_json::Value::String(s) => out.push(s),
                serde_json::Value::Array(list) => list.iter().for_each(|v| inside(v, out)),
                serde_json::Value::Object(map) => map.values().for_each(|v| inside(v, out)),
                serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
            }
        }
        let mut out: Vec<&str> = self.text.iter().chain(self.headers.values()).map(String::as_str).collect();
        if let Some(json) = &self.json {
            inside(json, &mut out);
        }
        out
    }
}
