//! The JSON Schema of a provider file.
//!
//! In: the types that read it. Out: a schema. Invariant: each kind of source and each family of proof has the keys of its
//! own struct, as in reading. Refuses what only reading knows: whether places, templates and patterns are good.

use super::{ChangelogSource, Head, ModelsSource, StatusSource, TableSource, verify, webhook};
use crate::shape;
use serde_json::{Value, json};

/// The JSON Schema of a provider file (<https://json-schema.org/draft/2020-12/schema>).
pub fn schema() -> Value {
    let of = |word: &str, key: &str, mut shape: Value| {
        shape["properties"][key] = json!({ "const": word });
        shape
    };
    let ways: Vec<Value> = verify::shapes().into_iter().map(|(family, shape)| of(family, "family", shape)).collect();
    let mut hook = of("webhook", "kind", webhook::shape());
    let way = json!({ "anyOf": ways });
    hook["properties"]["verify"] = json!({ "anyOf": [way, { "type": "array", "items": way, "minItems": 1 }] });
    let mut out = shape::of::<Head>();
    out["properties"]["format"] = json!({ "const": 1 });
    out["properties"]["sources"] = json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": { "anyOf": [
            hook,
            of("table", "kind", shape::of::<TableSource>()),
            of("models", "kind", shape::of::<ModelsSource>()),
            of("status", "kind", shape::of::<StatusSource>()),
            of("changelog", "kind", shape::of::<ChangelogSource>()),
        ] },
    });
    if let Some(needed) = out["required"].as_array_mut() {
        needed.push(json!("sources"));
    }
    out["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    out["title"] = json!("a provider file of forewarn");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_and_each_family_has_its_own_keys() {
        let s = schema();
        assert_eq!(s["required"], json!(["format", "id", "name", "url", "sources"]));
        let kinds = s["properties"]["sources"]["additionalProperties"]["anyOf"].as_array().unwrap();
        let words: Vec<&str> = kinds.iter().map(|k| k["properties"]["kind"]["const"].as_str().unwrap()).collect();
        assert_eq!(words.join(", "), super::super::SOURCE_KINDS);
        let ways = kinds[0]["properties"]["verify"]["anyOf"][0]["anyOf"].as_array().unwrap();
        let families: Vec<&str> = ways.iter().map(|k| k["properties"]["family"]["const"].as_str().unwrap()).collect();
        assert_eq!(families.join(", "), verify::FAMILIES);
        let hmac = &ways[0];
        assert!(hmac["required"].as_array().unwrap().contains(&json!("message")), "{hmac}");
        assert_eq!(hmac["properties"]["timestamp"]["additionalProperties"], false, "{hmac}");
        assert!(kinds.iter().all(|k| k["additionalProperties"] == false));
    }
}
