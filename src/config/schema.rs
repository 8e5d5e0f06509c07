//! The JSON Schema of the config.
//!
//! In: the types that read it, and the defaults with their comments. Out: a schema. Invariant: keys and types are those of
//! the reader; the words beside a key are those of `default.toml`. Refuses to say what must exist: names are checked by
//! `forewarn check`.

use super::{DEFAULTS, File};
use crate::shape;
use serde_json::{Value, json};

/// The JSON Schema of `forewarn.toml` (<https://json-schema.org/draft/2020-12/schema>).
pub fn schema() -> Value {
    let mut out = shape::of::<File>();
    // A setting changes one value of a provider file: what it may be, that schema says.
    out["properties"]["provider"] = json!({ "type": "object", "additionalProperties": { "type": "object" } });
    // [slack] is read by hand: keys of its own, and other workspaces by name.
    let text = json!({ "type": "string" });
    let named = json!({ "type": "object", "additionalProperties": text });
    out["properties"]["slack"]["properties"] =
        json!({ "bot_token": text, "api_url": text, "signing_secret": text, "app_token": text, "webhooks": named });
    for (path, words) in described() {
        if let Some(place) = place(&mut out, &path) {
            place["description"] = json!(words);
        }
    }
    out["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    out["title"] = json!("forewarn.toml");
    out
}

/// Keys of the defaults with the comment that stands behind them.
fn described() -> Vec<(Vec<String>, String)> {
    let (mut table, mut out) = (Vec::new(), Vec::new());
    for line in DEFAULTS.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        let (code, words) = line.split_once(" # ").map_or((line, ""), |(c, w)| (c.trim(), w.trim()));
        if let Some(head) = code.strip_prefix('[').map(|h| h.trim_matches(['[', ']'])) {
            table = path(head);
            if !words.is_empty() {
                out.push((table.clone(), words.to_owned()));
            }
        } else if let Some((key, _)) = code.split_once('=').filter(|_| !words.is_empty()) {
            let key = key.trim();
            if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                out.push((table.iter().cloned().chain([key.to_owned()]).collect(), words.to_owned()));
            }
        }
    }
    out
}

/// `connections."openai/support"` in parts.
fn path(head: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let (mut quoted, mut part) = (false, String::new());
    for c in head.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts
}

/// The schema at a path: by key, else as any key of a table, or in a list.
fn place<'s>(schema: &'s mut Value, path: &[String]) -> Option<&'s mut Value> {
    let Some((first, rest)) = path.split_first() else { return Some(schema) };
    let schema = if schema["type"] == "array" { &mut schema["items"] } else { schema };
    let known = schema["properties"].get(first).is_some();
    let next = if known { schema["properties"].get_mut(first) } else { schema.get_mut("additionalProperties") };
    next.filter(|n| n.is_object()).and_then(|n| place(n, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_the_reader_and_words_from_the_defaults() {
        let s = schema();
        let owner = &s["properties"]["owners"]["additionalProperties"];
        assert_eq!(owner["additionalProperties"], false);
        assert_eq!(owner["properties"]["console"]["type"], "boolean");
        assert!(owner["properties"]["zone"]["description"].as_str().unwrap().contains("UTC"), "{owner}");
        assert_eq!(s["properties"]["low_water_mb"]["type"], "integer");
        let service = &s["properties"]["services"]["additionalProperties"];
        assert_eq!(service["required"], json!(["owner", "uses"]));
        assert!(service["properties"]["tier"]["enum"].as_array().unwrap().contains(&json!("critical")));
        assert!(described().len() > 20, "{:?}", described());
    }
}
