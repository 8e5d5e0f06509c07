//! The type of a message: where it stands, and how a message of a type is made (samples, tests).
//!
//! In: the shape of a provider file, headers and a parsed body. Out: the type, or what to put where. Invariant: what
//! [`TypeShape::fill`] puts is what [`TypeShape::of`] finds. Refuses to guess: a message that names no type and holds no
//! field of `by_field` has none.

use super::file::EventShape;
use super::pick::{Place, event_type, pick};
use serde_json::Value;

/// How the type of a message is found.
#[derive(Debug)]
pub struct TypeShape {
    places: Vec<Place>,
    by_field: Vec<(Place, Vec<Part>)>,
}

/// A part of a type.
#[derive(Debug, Clone)]
enum Part {
    /// This word, `text:error`.
    Text(String),
    /// What stands there.
    At(Place),
}

impl Part {
    fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("text:") {
            Some("") => Err("\"text:\" names no word: write text:WORD".into()),
            Some(word) => Ok(Part::Text(word.to_owned())),
            None => Place::parse(text).map(Part::At),
        }
    }
}

impl TypeShape {
    /// Compiles and lints.
    ///
    /// # Errors
    /// What is wrong.
    pub fn new(shape: &EventShape) -> Result<Self, String> {
        if shape.kind.is_empty() && shape.by_field.is_empty() {
            return Err("nothing says the type of a message: write type, or by_field".into());
        }
        let places = shape.kind.iter().map(|p| Place::parse(p)).collect::<Result<_, _>>()?;
        let one = |f: &super::file::ByField| -> Result<_, String> {
            Ok((Place::parse(&f.has)?, f.kind.iter().map(|p| Part::parse(p)).collect::<Result<Vec<_>, String>>()?))
        };
        Ok(Self { places, by_field: shape.by_field.iter().map(one).collect::<Result<_, _>>()? })
    }

    /// The type of a message.
    pub fn of(&self, headers: &[(String, String)], body: &Value) -> Option<String> {
        event_type(&self.places, headers, body).or_else(|| {
            let (_, parts) = self.by_field.iter().find(|(has, _)| is_there(has, headers, body))?;
            let found = parts.iter().filter_map(|p| match p {
                Part::Text(word) => Some(word.clone()),
                Part::At(place) => pick(place, headers, body).map(std::borrow::Cow::into_owned),
            });
            Some(found.collect::<Vec<_>>().join(".")).filter(|t| !t.is_empty())
        })
    }

    /// Headers a type can stand in.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let parts = self.by_field.iter().flat_map(|(has, parts)| {
            std::iter::once(has).chain(parts.iter().filter_map(|p| if let Part::At(p) = p { Some(p) } else { None }))
        });
        self.places.iter().chain(parts).filter_map(|p| if let Place::Header(h) = p { Some(h.as_str()) } else { None })
    }

    /// What to put where, so that a message otherwise empty is of this type. `None` if no message can be.
    pub fn fill(&self, kind: &str) -> Option<Vec<(Place, String)>> {
        let main: Vec<Part> = self.places.iter().cloned().map(Part::At).collect();
        let ways = std::iter::once((None, &main)).chain(self.by_field.iter().map(|(has, parts)| (Some(has), parts)));
        for (has, parts) in ways {
            let mut put = Vec::new();
            if spread(parts, kind, &mut put) {
                let within = |p: &Place| has.is_none_or(|has| p == has || is_inside(p, has));
                if let Some(has) = has.filter(|_| !put.iter().any(|(p, _)| within(p))) {
                    put.push((has.clone(), "1".to_owned()));
                }
                return Some(put);
            }
        }
        None
    }
}

/// Whether anything but null stands at a place.
fn is_there(place: &Place, headers: &[(String, String)], body: &Value) -> bool {
    match place {
        Place::Header(_) => pick(place, headers, body).is_some(),
        Place::Pointer(p) => body.pointer(p).is_some_and(|v| !v.is_null()),
    }
}

fn is_inside(inner: &Place, outer: &Place) -> bool {
    match (inner, outer) {
        (Place::Pointer(i), Place::Pointer(o)) => i.strip_prefix(o.as_str()).is_some_and(|rest| rest.starts_with('/')),
        _ => false,
    }
}

/// Spreads dotted words over parts: each place takes at least one word or stays empty, the first fit counts.
fn spread(parts: &[Part], words: &str, put: &mut Vec<(Place, String)>) -> bool {
    let Some((first, rest)) = parts.split_first() else { return words.is_empty() };
    let without = |head: &str| match words.strip_prefix(head)? {
        "" => Some(""),
        tail => tail.strip_prefix('.'),
    };
    match first {
        Part::Text(word) => without(word).is_some_and(|tail| spread(rest, tail, put)),
        Part::At(place) => {
            let ends = words.match_indices('.').map(|(i, _)| i).chain(std::iter::once(words.len()));
            for head in ends.map(|end| &words[..end]).filter(|head| !head.is_empty()) {
                let mark = put.len();
                put.push((place.clone(), head.to_owned()));
                if without(head).is_some_and(|tail| spread(rest, tail, put)) {
                    return true;
                }
                put.truncate(mark);
            }
            spread(rest, words, put)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(text: &str) -> Result<TypeShape, String> {
        TypeShape::new(&toml::from_str(text).unwrap())
    }

    #[test]
    fn a_message_without_a_type_is_known_by_its_fields() {
        let s = shape(
            r#"
type = "/type"
by_field = [
  { has = "/UsageTriggerSid", type = "text:usage_trigger" },
  { has = "/MessageStatus", type = ["text:message", "/MessageStatus"] },
  { has = "/results", type = "text:result" },
]"#,
        )
        .unwrap();
        let of = |body: Value| s.of(&[], &body);
        assert_eq!(of(json!({"type": "x", "results": {}})).as_deref(), Some("x"), "a type that is there counts first");
        assert_eq!(of(json!({"MessageStatus": "sent", "results": {}})).as_deref(), Some("message.sent"));
        assert_eq!(of(json!({"MessageStatus": {"deep": 1}})).as_deref(), Some("message"));
        assert_eq!(of(json!({"results": {"channels": []}})).as_deref(), Some("result"));
        for none in [json!({"results": null}), json!({}), json!([1]), json!("results")] {
            assert_eq!(of(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn what_is_filled_in_is_found_again() {
        let s = shape(
            r#"
type = ["header:x-event", "/action"]
by_field = [{ has = "/incident", type = ["text:incident", "/incident/status"] }, { has = "/ok", type = "text:ok" }]"#,
        )
        .unwrap();
        assert_eq!(
            s.fill("alert.fixed").unwrap(),
            [
                (Place::Header("x-event".into()), "alert".to_owned()),
                (Place::Pointer("/action".into()), "fixed".to_owned())
            ]
        );
        assert_eq!(s.fill("push").unwrap().len(), 1);
        let by_field = shape(r#"by_field = [{ has = "/incident", type = ["text:incident", "/incident/status"] }]"#);
        let s = by_field.unwrap();
        assert_eq!(s.fill("incident.OPEN").unwrap(), [(Place::Pointer("/incident/status".into()), "OPEN".to_owned())]);
        assert_eq!(s.fill("incident").unwrap(), [(Place::Pointer("/incident".into()), "1".to_owned())]);
        assert_eq!(s.fill("maintenance"), None);
    }

    #[test]
    fn a_shape_that_names_nothing_is_refused() {
        assert!(shape("delivery_id = \"/id\"").unwrap_err().contains("by_field"));
        assert!(shape("by_field = [{ has = \"/x\", type = \"text:\" }]").unwrap_err().contains("text:WORD"));
        assert!(
            shape("type = \"text:x\"").unwrap_err().contains("no place"),
            "a fixed word needs a field that says so"
        );
    }
}
