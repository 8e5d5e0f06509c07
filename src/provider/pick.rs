//! Picking: where things stand in a message, and which rule its type meets.
//!
//! In: the places, shape and rules of a provider file, headers and a parsed body. Out: texts, a type, a rule. Invariant:
//! pure and total; no input makes it panic or take more than linear time per pattern. Refuses regular expressions,
//! objects and lists as values, and a header that came twice.

use super::file::Rule;
use crate::model::text::glob;
use serde_json::Value;
use std::borrow::Cow;

/// Where a thing stands in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON Pointer into the body, `/data/id` (<https://www.rfc-editor.org/rfc/rfc6901>).
    Pointer(String),
    /// A header, lower case: `header:x-github-event`.
    Header(String),
}

impl Place {
    /// Reads `/data/id` or `header:NAME`.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("header:") {
            let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
            return if !name.is_empty() && name.bytes().all(ok) {
                Ok(Place::Header(name.to_owned()))
            } else {
                Err(format!("{text:?} names no header: write header:NAME with a-z, 0-9, '-' and '_'"))
            };
        }
        if !text.starts_with('/') {
            return Err(format!(
                "{text:?} is no place: write a JSON Pointer like /data/id, or header:NAME for a header"
            ));
        }
        // RFC 6901, section 3: a tilde stands only before 0 or 1.
        if text.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return Err(format!("{text:?} holds a bare '~': in a JSON Pointer write ~0 for '~' and ~1 for '/'"));
        }
        Ok(Place::Pointer(text.to_owned()))
    }
}

/// What stands at a place: a text as it is, a number or a yes-or-no as text; nothing for anything else, for an empty
/// text, and for a header that came twice. Header names in `headers` are lower case.
pub fn pick<'v>(place: &Place, headers: &'v [(String, String)], body: &'v Value) -> Option<Cow<'v, str>> {
    let found = match place {
        Place::Header(name) => {
            let mut hits = headers.iter().filter(|(k, _)| k == name);
            match (hits.next(), hits.next()) {
                (Some((_, v)), None) => Cow::Borrowed(v.as_str()),
                _ => return None,
            }
        }
        Place::Pointer(pointer) => match body.pointer(pointer)? {
            Value::String(s) => Cow::Borrowed(s.as_str()),
            Value::Number(n) => Cow::Owned(n.to_string()),
            Value::Bool(b) => Cow::Owned(b.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        },
    };
    (!found.is_empty()).then_some(found)
}

/// The type of a message: what stands at the places, joined with `.`, missing ones left out. `None` when none is there.
pub fn event_type(places: &[Place], headers: &[(String, String)], body: &Value) -> Option<String> {
    let parts: Vec<_> = places.iter().filter_map(|place| pick(place, headers, body)).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

/// The first rule that matches a type, with its index.
pub fn rule_for<'r>(rules: &'r [Rule], ty: &str) -> Option<(usize, &'r Rule)> {
    rules.iter().enumerate().find(|(_, r)| r.types.iter().any(|pattern| glob(pattern, ty)))
}
