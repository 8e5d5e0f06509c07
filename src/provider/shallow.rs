//! One value of a JSON body without building the rest of it: on the way in, where every delivery pays.
//!
//! In: bytes, a JSON Pointer. Out: the text there, or the number as text. Invariant: a pointer of one step skips
//! everything else unparsed. Refuses objects and lists.

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The text at a pointer.
pub fn text_at(body: &[u8], pointer: &str) -> Option<String> {
    match value_at(body, pointer)? {
        Value::String(s) => Some(s),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text or number at a pointer, as text.
pub fn scalar_at(body: &[u8], pointer: &str) -> Option<String> {
    match value_at(body, pointer)? {
        Value::String(s) => Some(s),
        Value::Number(n) => Some(n.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn value_at(body: &[u8], pointer: &str) -> Option<Value> {
    match pointer.strip_prefix('/') {
        Some(key) if !key.contains(['/', '~']) => {
            serde_json::Deserializer::from_slice(body).deserialize_map(TopLevel(key)).ok().flatten()
        }
        _ => serde_json::from_slice::<Value>(body).ok()?.pointer_mut(pointer).map(Value::take),
    }
}

struct TopLevel<'k>(&'k str);

impl<'de> Visitor<'de> for TopLevel<'_> {
    type Value = Option<Value>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0 {
                // A doubled key: the last wins, as everywhere in serde_json.
                found = Some(map.next_value::<Value>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_top_level_text_is_found_and_nothing_else_is() {
        let body = br#"{"data":{"id":"inner"},"id":"evt_1","n":1}"#;
        assert_eq!(text_at(body, "/id").as_deref(), Some("evt_1"));
        assert_eq!(text_at(body, "/data/id").as_deref(), Some("inner"));
        for p in ["/n", "/data", "/x", "id"] {
            assert_eq!(text_at(body, p), None, "{p}");
        }
        let scalar = |p| scalar_at(body, p);
        assert_eq!(
            (scalar("/n").as_deref(), scalar("/id").as_deref(), scalar("/data")),
            (Some("1"), Some("evt_1"), None)
        );
        assert_eq!(scalar_at(br#"{"a":{"t":1795420800123}}"#, "/a/t").as_deref(), Some("1795420800123"));
        assert_eq!(text_at(b"[1]", "/id"), None);
        assert_eq!(text_at(b"{\"id\":\"a\"", "/id"), None);
    }
}
