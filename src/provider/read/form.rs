//! Forms: `application/x-www-form-urlencoded` as the rules see it.
//!
//! In: a body. Out: an object, each field at `/NAME`, a repeated one as a list. Invariant: linear, at most
//! 1,000 fields. Refuses a body without any field; what begins with a brace or a bracket is JSON all the same,
//! as senders of forms have endpoints for both.

use serde_json::{Map, Value};

/// Most fields read of a form.
const MOST_FIELDS: usize = 1_000;

/// A form as an object.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn to_json(body: &[u8]) -> Result<Value, String> {
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) {
        return serde_json::from_slice(body).map_err(|e| format!("not JSON: {e}"));
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(body).take(MOST_FIELDS) {
        let value = Value::String(value.into_owned());
        match fields.get_mut(&*name) {
            None => drop(fields.insert(name.into_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    if fields.is_empty() { Err("no form: it has no field".into()) } else { Ok(Value::Object(fields)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_become_members_and_repeated_ones_lists() {
        assert_eq!(to_json(b"a=1&b=x%20y&a=2&a=3").unwrap(), json!({"a": ["1", "2", "3"], "b": "x y"}));
        assert_eq!(to_json(b" {\"a\":1}").unwrap(), json!({"a": 1}));
        assert!(to_json(b"").unwrap_err().contains("no field"));
        assert!(to_json(b"[1").unwrap_err().contains("not JSON"));
    }
}
