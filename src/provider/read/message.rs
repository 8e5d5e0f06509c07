//! From the bytes of a delivery to the events in it: JSON or a form, texts that are JSON themselves, lists.
//!
//! In: a body. Out: the values rules are applied to. Invariant: linear in the body, and never more than
//! 1,000 values. Refuses a body that is not what the file says it is.

use crate::provider::file::{BodyForm, EventShape};
use serde_json::Value;

/// Most events one delivery may hold.
const MOST_EVENTS: usize = 1_000;

/// How a body is taken apart.
#[derive(Debug)]
pub struct MessageShape {
    form: BodyForm,
    unwrap: Vec<String>,
    items: Option<String>,
}

impl MessageShape {
    /// Lints.
    ///
    /// # Errors
    /// What is wrong.
    pub fn new(shape: &EventShape) -> Result<Self, String> {
        for pointer in shape.unwrap.iter().chain(&shape.items) {
            if !(pointer.is_empty() || pointer.starts_with('/')) {
                return Err(format!("{pointer:?} is no place in the body: write a JSON Pointer like /data"));
            }
        }
        Ok(Self { form: shape.body, unwrap: shape.unwrap.clone(), items: shape.items.clone() })
    }

    /// Whether a delivery holds a list of events.
    pub fn is_list(&self) -> bool {
        self.items.is_some()
    }

    /// The events in a body: one, or those of its list.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn events(&self, body: &[u8]) -> Result<Vec<Value>, String> {
        let mut json = match self.form {
            BodyForm::Json => serde_json::from_slice(body).map_err(|e| format!("not JSON: {e}"))?,
            BodyForm::Form => super::form::to_json(body)?,
        };
        for pointer in &self.unwrap {
            let Some(at) = json.pointer_mut(pointer) else { continue };
            if let Some(inner) = at.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                *at = inner;
            }
        }
        let Some(list) = &self.items else { return Ok(vec![json]) };
        match json.pointer_mut(list).map(Value::take) {
            Some(Value::Array(events)) if events.len() <= MOST_EVENTS => Ok(events),
            Some(Value::Array(events)) => Err(format!("{} events in one message: at most {MOST_EVENTS}", events.len())),
            _ => Err(format!("no list of events at {list:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn events(shape: &str, body: &str) -> Result<Vec<Value>, String> {
        MessageShape::new(&toml::from_str(shape).unwrap())?.events(body.as_bytes())
    }

    #[test]
    fn a_text_that_is_json_is_read_in_its_place() {
        let shape = "type = \"/t\"\nunwrap = [\"/Payload\", \"/missing\"]";
        let body = json!({"Payload": "{\"code\": 11200}", "t": "x"}).to_string();
        assert_eq!(events(shape, &body).unwrap(), [json!({"Payload": {"code": 11200}, "t": "x"})]);
        let body = json!({"Payload": "{no json"}).to_string();
        assert_eq!(events(shape, &body).unwrap(), [json!({"Payload": "{no json"})], "what is no JSON stays a text");
    }

    #[test]
    fn a_list_is_its_items_and_anything_else_is_refused() {
        let (root, inner) = ("type = \"/t\"\nitems = \"\"", "type = \"/t\"\nitems = \"/events\"");
        assert_eq!(events(root, "[{\"t\":1},{\"t\":2}]").unwrap(), [json!({"t": 1}), json!({"t": 2})]);
        assert_eq!(events(root, "[]").unwrap(), [] as [Value; 0]);
        assert_eq!(events(inner, "{\"events\":[7]}").unwrap(), [json!(7)]);
        for (shape, body) in [(root, "{}"), (inner, "[]"), (inner, "{\"events\":{}}")] {
            assert!(events(shape, body).unwrap_err().contains("no list of events"), "{body}");
        }
        let many = serde_json::to_string(&vec![0; MOST_EVENTS + 1]).unwrap();
        assert!(events(root, &many).unwrap_err().contains("at most 1000"));
        assert!(events(root, "[").unwrap_err().contains("not JSON"));
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        assert!(events("type = \"/t\"\nitems = \"events\"", "[]").unwrap_err().contains("JSON Pointer"));
        assert!(events("type = \"/t\"\nunwrap = [\"header:x\"]", "[]").unwrap_err().contains("JSON Pointer"));
    }
}
