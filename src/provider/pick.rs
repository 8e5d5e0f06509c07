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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::file::{self, Source};
    use proptest::prelude::*;
    use serde_json::json;

    fn at(text: &str) -> Place {
        Place::parse(text).unwrap()
    }

    #[test]
    fn a_place_is_a_pointer_or_a_header_and_nothing_else() {
        assert_eq!(at("/data/id"), Place::Pointer("/data/id".into()));
        assert_eq!(at("/a~1b/~0"), Place::Pointer("/a~1b/~0".into()));
        assert_eq!(at("header:x-github-event"), Place::Header("x-github-event".into()));
        for bad in ["", "data/id", "$.data.id", "header:", "header:X-Upper", "header:a b", "/a~", "/a~2b", "/a~~0"] {
            let e = Place::parse(bad).unwrap_err();
            assert!(e.contains("write"), "{bad:?} says what to do: {e}");
        }
    }

    #[test]
    fn values_become_text_and_structures_do_not() {
        let body =
            json!({"s": "x", "n": 12, "f": 1.5, "b": true, "z": null, "a": [], "o": {}, "e": "", "l": [{"k": 7}]});
        let got = |p: &str| pick(&at(p), &[], &body).map(Cow::into_owned);
        assert_eq!(got("/s").as_deref(), Some("x"));
        assert_eq!(got("/n").as_deref(), Some("12"));
        assert_eq!(got("/f").as_deref(), Some("1.5"));
        assert_eq!(got("/b").as_deref(), Some("true"));
        assert_eq!(got("/l/0/k").as_deref(), Some("7"));
        for none in ["/z", "/a", "/o", "/e", "/missing", "/s/deeper", "/l/1/k"] {
            assert_eq!(got(none), None, "{none}");
        }
    }

    #[test]
    fn a_header_that_came_twice_is_no_value() {
        let headers = |n: usize| vec![("x-type".to_owned(), "a".to_owned()); n];
        let got = |n| pick(&at("header:x-type"), &headers(n), &Value::Null).map(Cow::into_owned);
        assert_eq!((got(0), got(1).as_deref(), got(2)), (None, Some("a"), None));
    }

    #[test]
    fn parts_of_a_type_are_joined_and_the_first_rule_counts() {
        let text = r#"
format = 1
id = "acme"
name = "Acme"
url = "https://acme.example"
[sources.webhook]
kind = "webhook"
evidence = "V"
[sources.webhook.verify]
family = "token"
header = "x-token"
[sources.webhook.event]
type = ["header:x-event", "/action"]
[[sources.webhook.rules]]
type = ["alert.fixed", "alert.closed"]
kind = "account"
change = "resolved"
[[sources.webhook.rules]]
type = "alert.*"
kind = "account"
"#;
        let mut file = file::parse(text).unwrap();
        let Some(Source::Webhook(w)) = file.sources.remove("webhook") else { panic!("a webhook") };
        let places: Vec<Place> = w.event.kind.iter().map(|p| at(p)).collect();
        let of = |header: Option<&str>, body: Value| {
            let headers: Vec<_> = header.map(|h| ("x-event".to_owned(), h.to_owned())).into_iter().collect();
            event_type(&places, &headers, &body)
        };
        assert_eq!(of(Some("alert"), json!({"action": "fixed"})).as_deref(), Some("alert.fixed"));
        assert_eq!(of(Some("push"), json!({"ref": "main"})).as_deref(), Some("push"));
        assert_eq!(of(None, json!({"action": {"deep": 1}})), None);
        assert!(rule_for(&w.rules, "alert.closed").is_some_and(|(n, _)| n == 0));
        assert!(rule_for(&w.rules, "alert.created").is_some_and(|(n, _)| n == 1));
        assert!(rule_for(&w.rules, "alert").is_none());
    }

    proptest! {
        #[test]
        fn no_place_and_no_body_make_picking_panic(place in "(header:)?\\PC{0,12}", key in "\\PC{0,6}", value in "\\PC{0,6}") {
            if let Ok(place) = Place::parse(&place) {
                let headers = [(key.clone(), value.clone())];
                let _ = pick(&place, &headers, &json!({ key: [value] }));
            }
        }
    }
}
