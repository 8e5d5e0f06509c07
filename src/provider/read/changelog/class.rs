//! What a changelog entry says, by its words: an end, a break, a price, a new model, or something else.
//!
//! In: a title and words. Out: a [`Class`] and the sentence that says so. Invariant: one pass over the text, linear. Refuses
//! to take dates from prose: a hint is a reason to look at the lifecycle page, never a date.

use crate::model::event::words;
use crate::model::text::one_line;
use std::cmp::Reverse;
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

/// How many values three letters have, at five bits each.
const KEYS: usize = 1 << 15;

/// A word of the lists. Those that begin with the same three letters stand together, the longest first.
struct Word {
    text: &'static str,
    /// Its place in all lists, one behind the other.
    number: usize,
    /// None with the same beginning follows.
    last: bool,
}

/// Finds the words of the lists where a word begins, in any case.
struct Finder {
    words: Vec<Word>,
    /// By three letters: one more than the place of the first word that begins with them, or 0. Of nearly all of a text
    /// only this is looked at.
    first: Box<[u8; KEYS]>,
}

impl Finder {
    fn new() -> Self {
        let lists = HINTS.iter().map(|(w, _)| *w).chain(RELEASES.iter().copied()).chain(MODELS.iter().copied());
        let mut all: Vec<(usize, &str, usize)> =
            lists.enumerate().filter_map(|(n, w)| Some((key(w.as_bytes().first_chunk()?), w, n))).collect();
        all.sort_unstable_by_key(|(key, w, _)| (*key, Reverse(w.len())));
        let mut first = Box::new([0; KEYS]);
        let mut words: Vec<Word> = Vec::with_capacity(all.len());
        for (at, (key, text, number)) in all.iter().enumerate() {
            if first[*key] == 0 {
                first[*key] = u8::try_from(at + 1).unwrap_or(0);
            }
            let last = all.get(at + 1).is_none_or(|next| next.0 != *key);
            words.push(Word { text, number: *number, last });
        }
        Self { words, first }
    }

    /// Where a word of the lists stands, from a place on: its beginning, its end and its number, the longest if several do.
    fn next(&self, text: &[u8], from: usize) -> Option<(usize, usize, usize)> {
        let mut begin = from;
        loop {
            let at = self.known(text, begin)?;
            begin = at + 1;
            if at > 0 && text[at - 1].is_ascii_alphanumeric() {
                continue;
            }
            if let Some((end, number)) = self.longest(text, at) {
                return Some((at, end, number));
            }
        }
    }

    /// The next place whose three letters begin a word of the lists: eight letters make six keys, looked at together.
    fn known(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(eight) = text.get(at..)?.first_chunk::<8>() {
            let packed = packed(eight);
            let first = |i: usize| self.first[(packed >> (25 - 5 * i)) as usize & (KEYS - 1)];
            if first(0) | first(1) | first(2) | first(3) | first(4) | first(5) != 0 {
                return (0..6).find(|i| first(*i) != 0).map(|i| at + i);
            }
            at += 6;
        }
        let threes = text[at..].windows(3).position(|w| w.first_chunk().is_some_and(|w| self.first[key(w)] != 0));
        threes.map(|i| at + i)
    }

    fn longest(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        let first = usize::from(self.first[key(text.get(at..)?.first_chunk()?)]).checked_sub(1)?;
        let end = self.words[first..].iter().position(|w| w.last).map_or(self.words.len(), |n| first + n + 1);
        let stands =
            |w: &&Word| text[at..].get(..w.text.len()).is_some_and(|t| t.eq_ignore_ascii_case(w.text.as_bytes()));
        self.words[first..end].iter().find(stands).map(|w| (at + w.text.len(), w.number))
    }
}

/// Three letters, five bits each: the same for small and capital ones.
fn key(letters: &[u8; 3]) -> usize {
    letters.iter().fold(0, |key, c| key << 5 | usize::from(c & 31))
}

/// Eight letters, five bits each, the first one highest.
fn packed(letters: &[u8; 8]) -> u64 {
    let x = u64::from_be_bytes(*letters);
    let x = x >> 3 & 0x03e0_03e0_03e0_03e0 | x & 0x001f_001f_001f_001f;
    let x = x >> 6 & 0x000f_fc00_000f_fc00 | x & 0x0000_03ff_0000_03ff;
    x >> 12 & 0x00ff_fff0_0000 | x & 0x000f_ffff
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

    #[test]
    fn eight_letters_hold_the_keys_of_three() {
        let letters = b"aZ\xffq mOd";
        for i in 0..6 {
            let three = letters[i..].first_chunk().unwrap();
            assert_eq!((packed(letters) >> (25 - 5 * i)) as usize & (KEYS - 1), key(three), "{i}");
        }
    }

    /// The words of a text, looked for one by one at each place.
    fn slowly(text: &str) -> Vec<(usize, usize, usize)> {
        let all: Vec<&str> =
            HINTS.iter().map(|(w, _)| *w).chain(RELEASES.iter().copied()).chain(MODELS.iter().copied()).collect();
        let (bytes, mut out, mut from) = (text.as_bytes(), Vec::new(), 0);
        for at in 0..bytes.len() {
            if at < from || (at > 0 && bytes[at - 1].is_ascii_alphanumeric()) {
                continue;
            }
            let stands = |w: &str| bytes[at..].get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w.as_bytes()));
            let found = all.iter().enumerate().filter(|(_, w)| stands(w)).max_by_key(|(_, w)| w.len());
            if let Some((n, w)) = found {
                out.push((at, at + w.len(), n));
                from = at + w.len();
            }
        }
        out
    }

    proptest! {
        #[test]
        fn every_word_is_found_wherever_it_stands(
            parts in prop::collection::vec((0..HINTS.len() + RELEASES.len() + MODELS.len(), "[ a-zA-Z.\u{e9}-]{0,12}", any::<bool>()), 0..12),
        ) {
            let all: Vec<&str> =
                HINTS.iter().map(|(w, _)| *w).chain(RELEASES.iter().copied()).chain(MODELS.iter().copied()).collect();
            let word = |n: usize, loud: bool| if loud { all[n].to_uppercase() } else { all[n].to_owned() };
            let text: String = parts.iter().map(|(n, between, loud)| format!("{between}{}", word(*n, *loud))).collect();
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some(hit) = FINDER.next(text.as_bytes(), from) {
                from = hit.1;
                found.push(hit);
            }
            prop_assert_eq!(found, slowly(&text));
        }

        #[test]
        fn no_text_makes_it_panic(title in any::<String>(), text in any::<String>()) {
            let _ = classify(&title, &text);
            let _ = classify(&title, &format!("é{text} deprecated {text}é"));
        }
    }
}
