//! A scan as SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), for code hosts.
//!
//! In: a scan. Out: one log with one run; a rule for each id, a result for each place. Invariant: levels follow the time
//! left; what only mentions is a note. Refuses absolute paths: places are below the scanned folder.

use super::{Place, Scan};
use crate::model::text::one_line;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What ends within so many days is an error, within so many a warning.
const SOON: i32 = 30;
const LATER: i32 = 90;

/// The log.
pub fn sarif(scan: &Scan) -> Value {
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for p in &scan.items {
        index.entry(&p.id).or_insert_with(|| {
            rules.push(rule(p));
            rules.len() - 1
        });
    }
    let results: Vec<Value> = scan.items.iter().map(|p| result(p, index[p.id.as_str()])).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "forewarn",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": unread(scan) }],
        }]
    })
}

fn rule(p: &Place) -> Value {
    let mut rule = json!({
        "id": p.id,
        "shortDescription": { "text": message(p) },
        "defaultConfiguration": { "level": level(p) },
    });
    if let Some(url) = &p.url {
        rule["helpUri"] = json!(url);
    }
    rule
}

fn result(p: &Place, index: usize) -> Value {
    json!({
        "ruleId": p.id,
        "ruleIndex": index,
        "level": if p.role.only_mentions() { "note" } else { level(p) },
        "message": { "text": message(p) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&p.path), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": p.line, "startColumn": p.column, "endColumn": p.column + p.text.chars().count() },
        }}],
        "partialFingerprints": { "forewarn/v1": format!("{}|{}", p.id, p.path) },
        "properties": { "role": p.role, "daysLeft": p.days_left, "replacements": p.replacements },
    })
}

fn level(p: &Place) -> &'static str {
    match p.days_left {
        Some(n) if n <= SOON => "error",
        Some(n) if n <= LATER => "warning",
        Some(_) | None => "note",
    }
}

/// `openai:gpt-demo-1 ends on 2027-01-22 (60 days): use gpt-demo-2`.
fn message(p: &Place) -> String {
    let when = match (p.shutdown_on, p.earliest_shutdown_on, p.days_left) {
        (Some(d), _, Some(n)) if n < 0 => format!("ended on {d}"),
        (Some(d), _, Some(n)) => format!("ends on {d} ({n} days)"),
        (_, Some(d), _) => format!("ends on {d} at the earliest"),
        (_, _, _) if p.stage.is_some() => "is announced to end, without a date".to_owned(),
        (_, _, _) => "is known, and no end of it is".to_owned(),
    };
    let instead = p.replacements.join(", ");
    let instead = if instead.is_empty() { String::new() } else { format!(": use {instead}") };
    one_line(&format!("{} {when}{instead}", p.id), 500)
}

fn unread(scan: &Scan) -> Vec<Value> {
    scan.unread_files
        .iter()
        .map(|f| json!({ "level": "warning", "message": { "text": format!("not read: {}", one_line(f, 300)) } }))
        .collect()
}

/// A relative reference (RFC 3986): everything that is no letter, digit, `/`, `.`, `_`, `-` or `~` is encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        if b.is_ascii_alphanumeric() || b"/._-~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}
