//! What a sentence recommends.
//!
//! In: a [`Sentence`]. Out: names, best first. Invariant: only what stands behind a word such as "migrate to" and in front of the
//! next clause. Refuses documents, settings and dates.

use super::line::{Item, Sentence, Thing};
use super::sentence::phrase;

/// What a sentence recommends to use instead, best first.
pub fn instead(sentence: &Sentence) -> Vec<String> {
    const TRIGGERS: &[&str] = &[
        "recommend",
        "recommended",
        "migrate",
        "migrating",
        "use",
        "switch",
        "switching",
        "upgrade",
        "upgrading",
        "transition",
        "transitioning",
        "move",
        "replaced by",
        "replaced with",
        "in favor of",
        "in favour of",
        "redirected to",
        "redirects to",
        "routed to",
        "adopt",
        "encourage",
    ];
    const STOPS: &[&str] = &[
        "see", "for", "which", "from", "before", "by", "with", "on", "so", "when", "if", "because", "since", "instead",
        "until",
    ];
    let items = &sentence.items;
    let Some(at) = (0..items.len()).find_map(|i| TRIGGERS.iter().find_map(|t| Some(i + phrase(&items[i..], t)?)))
    else {
        return Vec::new();
    };
    let mut things: Vec<&Thing> = Vec::new();
    for item in &items[at..] {
        match item {
            Item::Thing(t) => things.push(t),
            Item::Word(w) if STOPS.contains(&w.as_str()) => break,
            // "to `x` to keep `y`".
            Item::Word(w) if w == "to" && !things.is_empty() => break,
            Item::Word(_) | Item::Date(..) | Item::Sign(_) => {}
        }
    }
    let ids: Vec<&Thing> = things.iter().copied().filter(|t| t.is_id).collect();
    let names = if ids.is_empty() { things } else { ids };
    let mut out: Vec<String> = Vec::new();
    for name in names {
        let is_setting = name.is_id && name.text.contains(['=', ' ', '{']);
        if !(is_document(&name.text) || is_setting || out.contains(&name.text)) {
            out.push(name.text.clone());
        }
    }
    out
}

fn is_document(name: &str) -> bool {
    let lower = name.to_lowercase();
    [
        "guide",
        "documentation",
        "docs",
        "here",
        "page",
        "reference",
        "learn more",
        "pricing",
        "announcement",
        "changelog",
        "contact",
    ]
    .iter()
    .any(|w| lower.contains(w))
}
