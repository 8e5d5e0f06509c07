//! What a changelog entry says, by its words: an end, a break, a price, a new model, or something else.
//!
//! In: a title and words. Out: a [`Class`] and the sentence that says so. Invariant: one pass over the text, linear. Refuses
//! to take dates from prose: a hint is a reason to look at the lifecycle page, never a date.

use crate::model::event::words;
use crate::model::text::one_line;
use std::sync::LazyLock;

words!(
    /// What an entry is about, the most important first.
    Class {
        /// Something goes away, or may.
        DeprecationHint = "deprecation_hint",
        /// Something that worked must be changed.
        Breaking = "breaking",
        /// Something costs more, less or otherwise.
        Price = "price",
        /// A model was released.
        ModelRelease = "model_release",
        /// Anything else.
        Other = "other",
    }
);

/// Words at whose beginning a class shows, in any case; a word may go on ("deprecat" stands for all of that family).
const HINTS: &[(&str, Class)] = &[
    ("deprecat", Class::DeprecationHint),
    ("sunset", Class::DeprecationHint),
    ("retire", Class::DeprecationHint),
    ("retiring", Class::DeprecationHint),
    ("end of life", Class::DeprecationHint),
    ("end-of-life", Class::DeprecationHint),
    ("end of support", Class::DeprecationHint),
    ("shut down", Class::DeprecationHint),
    ("shutdown", Class::DeprecationHint),
    ("shutting down", Class::DeprecationHint),
    ("shuts down", Class::DeprecationHint),
    ("discontinu", Class::DeprecationHint),
    ("decommission", Class::DeprecationHint),
    ("phase out", Class::DeprecationHint),
    ("phasing out", Class::DeprecationHint),
    ("will be removed", Class::DeprecationHint),
    ("no longer available", Class::DeprecationHint),
    ("no longer be available", Class::DeprecationHint),
    ("no longer supported", Class::DeprecationHint),
    ("no longer be supported", Class::DeprecationHint),
    ("breaking", Class::Breaking),
    ("backwards-incompatible", Class::Breaking),
    ("backward-incompatible", Class::Breaking),
    ("backwards incompatible", Class::Breaking),
    ("backward incompatible", Class::Breaking),
    ("action required", Class::Breaking),
    ("must migrate", Class::Breaking),
    ("price", Class::Price),
    ("pricing", Class::Price),
    ("cheaper", Class::Price),
    ("per million tokens", Class::Price),
    ("per 1m tokens", Class::Price),
    ("new model", Class::ModelRelease),
];

/// Two words that make a release only together: the first list of releasing, the second of models.
const RELEASES: &[&str] = &[
    "releas",
    "launch",
    "introduc",
    "announc",
    "now available",
    "generally available",
    "now live",
    "is live",
    "added",
];
const MODELS: &[&str] = &[
    "model",
    "gpt-",
    "claude",
    "gemini",
    "llama",
    "mistral",
    "command-",
    "command ",
    "grok",
    "sonnet",
    "opus",
    "haiku",
    "qwen",
    "deepseek",
    "kimi",
    "glm",
    "embedding",
];

static FINDER: LazyLock<Finder> = LazyLock::new(Finder::new);

/// Finds the words of the lists where a word begins, in any case.
struct Finder {
    /// By the three letters they begin with: the words and their numbers.
    words: Vec<(usize, &'static str, usize)>,
    /// A bit for each three letters that a word begins with: of nearly all of a text only these bits are looked at.
    starts: [u64; 512],
}

impl Finder {
    fn new() -> Self {
        let all = HINTS.iter().map(|(w, _)| *w).chain(RELEASES.iter().copied()).chain(MODELS.iter().copied());
        let mut words: Vec<_> =
            all.enumerate().filter_map(|(n, w)| Some((key(w.as_bytes().first_chunk()?), w, n))).collect();
        words.sort_unstable();
        let mut starts = [0; 512];
        for (key, ..) in &words {
            starts[key >> 6] |= 1 << (key & 63);
        }
        Self { words, starts }
    }

    /// Where a word of the lists stands, from a place on: its beginning, its end and its number, the longest if several do.
    fn next(&self, text: &[u8], from: usize) -> Option<(usize, usize, usize)> {
        let mut begin = from;
        loop {
            let known = |w: &[u8; 3]| self.starts[key(w) >> 6] >> (key(w) & 63) & 1 == 1;
            let mut threes = text.get(begin..)?.windows(3);
            let at = begin + threes.position(|w| w.first_chunk().is_some_and(known))?;
            begin = at + 1;
            if at > 0 && text[at - 1].is_ascii_alphanumeric() {
                continue;
            }
            if let Some((end, number)) = self.longest(text, at) {
                return Some((at, end, number));
            }
        }
    }

    fn longest(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        let wanted = key(text.get(at..)?.first_chunk()?);
        let first = self.words.partition_point(|(key, ..)| *key < wanted);
        let alike = self.words[first..].iter().take_while(|(key, ..)| *key == wanted);
        let stands = |w: &str| text[at..].get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w.as_bytes()));
        let (_, word, number) = alike.filter(|(_, w, _)| stands(w)).max_by_key(|(_, w, _)| w.len())?;
        Some((at + word.len(), *number))
    }
}

/// Three letters, five bits each: the same for small and capital ones.
fn key(letters: &[u8; 3]) -> usize {
    letters.iter().fold(0, |key, c| key << 5 | usize::from(c & 31))
}

/// Longest sentence that is quoted, and the longest text made of several.
const SENTENCE: usize = 300;
const SAID: usize = 600;
/// Most places of one class that are looked at.
const MOST_HITS: usize = 100;

/// The class of an entry and the sentences that say so (its first sentence for [`Class::Other`]).
pub fn classify(title: &str, text: &str) -> (Class, String) {
    // Only the most important class counts, so only its places are kept.
    let (mut class, mut found): (Class, Vec<(&str, usize)>) = (Class::Other, Vec::new());
    for source in [title, text] {
        // Where a word of release, and one of models, stood last in the sentence.
        let mut last_of: [Option<usize>; 2] = [None; 2];
        let mut from = 0;
        while let Some((start, end, index)) = FINDER.next(source.as_bytes(), from) {
            from = end;
            if source[..start].trim_end().ends_with("not") {
                continue;
            }
            let said = match HINTS.get(index) {
                Some((_, class)) => *class,
                None => {
                    let own = usize::from(index >= HINTS.len() + RELEASES.len());
                    last_of[own] = Some(start);
                    let Some(other) = last_of[1 - own].take() else { continue };
                    // Together they make a release only inside one sentence.
                    let near = start - other <= REACH;
                    if !near || (other..start).any(|i| ends(source.as_bytes(), i)) {
                        continue;
                    }
                    Class::ModelRelease
                }
            };
            if said < class {
                class = said;
                found.clear();
            }
            if said == class && found.len() < MOST_HITS {
                found.push((source, start));
            }
        }
    }
    if class == Class::Other {
        return (Class::Other, one_line(sentence(text, 0), SENTENCE));
    }
    let mut said = String::new();
    let mut last = "";
    // The title is told anyway.
    for (source, at) in found.iter().filter(|(source, _)| std::ptr::eq(*source, text)) {
        let s = sentence(source, *at);
        // A heading of one word ("Deprecated") says no more than the sentence below it.
        let known = title.contains(s) && !s.ends_with(':');
        if s == last || known || !s.contains(' ') || said.len() > SAID {
            continue;
        }
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(&one_line(s, SENTENCE));
        if s.ends_with(':') {
            said.push_str(&listed(source, s));
        }
        last = s;
    }
    if said.is_empty() {
        said = one_line(sentence(text, 0), SENTENCE);
    }
    (class, said)
}

/// What a sentence that ends in a colon announces: the short lines below it.
fn listed(text: &str, sentence: &str) -> String {
    // `sentence` is a part of `text`.
    let end = sentence.as_ptr() as usize - text.as_ptr() as usize + sentence.len();
    let lines = text[end..].trim_start().lines().take_while(|l| l.len() <= 80 && !l.ends_with('.')).take(12);
    let list = lines.collect::<Vec<_>>().join(", ");
    if list.is_empty() { list } else { format!(" {}", one_line(&list, SENTENCE)) }
}

/// Whether a byte at `i` ends a sentence: a line end, or a full stop before white space.
fn ends(bytes: &[u8], i: usize) -> bool {
    match bytes[i] {
        b'\n' => true,
        b'.' | b'!' | b'?' => bytes.get(i + 1).is_none_or(u8::is_ascii_whitespace),
        _ => false,
    }
}

/// Farthest that a sentence is followed in each direction.
const REACH: usize = 600;

fn sentence_start(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let floor = at.saturating_sub(REACH);
    let start = (floor..at).rev().find(|i| ends(bytes, *i)).map_or(floor, |i| i + 1);
    (start..=at).find(|i| text.is_char_boundary(*i)).unwrap_or(at)
}

fn sentence(text: &str, at: usize) -> &str {
    let bytes = text.as_bytes();
    let start = sentence_start(text, at);
    let ceiling = text.len().min(at + REACH);
    let end = (at..ceiling).find(|i| ends(bytes, *i)).map_or(ceiling, |i| i + 1);
    let end = (end..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
    text[start..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_entry_is_classed_by_the_most_important_thing_it_says() {
        for (title, text, class, said) in [
            (
                "Updates",
                "New dashboard. The demo-1 model is deprecated and stops on 1 May. Prices fall.",
                Class::DeprecationHint,
                "The demo-1 model is deprecated and stops on 1 May.",
            ),
            (
                "Deprecation: demo-1",
                "Move to demo-2 soon. It is faster.",
                Class::DeprecationHint,
                "Move to demo-2 soon.",
            ),
            ("v3", "This is a breaking change\nfor all", Class::Breaking, "This is a breaking change"),
            ("News", "Lower prices for everyone.", Class::Price, "Lower prices for everyone."),
            (
                "Demo 5",
                "We are launching our new model demo-5.",
                Class::ModelRelease,
                "We are launching our new model demo-5.",
            ),
            ("Hello", "We launched a cafeteria. Our model railway is old.", Class::Other, "We launched a cafeteria."),
            (
                "Models",
                "Read on.\nThese models are deprecated:\ndemo-1\ndemo-2\nUse demo-3 instead of them, which is faster.",
                Class::DeprecationHint,
                "These models are deprecated: demo-1, demo-2",
            ),
            ("Old", "It is not deprecated.", Class::Other, "It is not deprecated."),
            ("Undeprecated", "Fine.", Class::Other, "Fine."),
            ("", "", Class::Other, ""),
        ] {
            assert_eq!(classify(title, text), (class, said.to_owned()), "{title}: {text}");
        }
    }

    #[test]
    fn an_end_behind_many_words_of_models_is_seen() {
        let text = format!("{} Demo 1 is deprecated.", "A model. ".repeat(500));
        assert_eq!(classify("", &text), (Class::DeprecationHint, "Demo 1 is deprecated.".to_owned()));
    }

    #[test]
    fn a_version_number_ends_no_sentence() {
        let (_, said) = classify("x", "Today demo-2.5 was retired at 10.30. Other.");
        assert_eq!(said, "Today demo-2.5 was retired at 10.30.");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(title in any::<String>(), text in any::<String>()) {
            let _ = classify(&title, &text);
            let _ = classify(&title, &format!("é{text} deprecated {text}é"));
        }
    }
}
