//! Finding ids in text: exactly, with what may stand beside an id and what may not.
//!
//! In: the ids that are known, bytes. Out: places. Invariant: `claude-opus-4` is not found in `claude-opus-4-8`, nor a model in a
//! fine-tune of it. Linear in the text. Refuses to guess at patterns, and takes an id that is a plain word only where a
//! model is spoken of.

use crate::model::event::words;
use crate::model::{Subject, SubjectType};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::collections::BTreeMap;

/// Platforms that run models of others: where a bare id stands, its maker is meant.
const HOSTS: [&str; 14] = [
    "azure",
    "azure-openai",
    "bedrock",
    "vertex",
    "openrouter",
    "groq",
    "together",
    "fireworks",
    "baseten",
    "cerebras",
    "replicate",
    "huggingface",
    "deepinfra",
    "perplexity",
];
/// What names a platform before an id: `azure/gpt-demo`, `bedrock:demo-v2`.
const HINTS: [(&str, &str); 7] = [
    ("azure_ai", "azure"),
    ("azure_openai", "azure"),
    ("vertex_ai", "vertex"),
    ("google", "gemini"),
    ("together_ai", "together"),
    ("fireworks_ai", "fireworks"),
    ("google-vertex", "vertex"),
];
/// Regions that Bedrock writes before an id.
const REGIONS: [&str; 8] = ["us", "eu", "apac", "global", "us-gov", "jp", "au", "ca"];

words!(
    /// What sort of file a place is in.
    Role {
        /// Code that runs.
        Code = "code",
        /// Settings.
        Config = "config",
        /// A test or its data: it only mentions.
        Test = "test",
        /// A document: it only mentions.
        Docs = "docs",
    }
);

impl Role {
    /// Whether it only speaks of what it names.
    pub fn only_mentions(self) -> bool {
        match self {
            Role::Test | Role::Docs => true,
            Role::Code | Role::Config => false,
        }
    }

    /// By the path below the root that is looked through, with `/`.
    pub fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let mut parts: Vec<&str> = lower.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let tests =
            ["test", "tests", "__tests__", "spec", "specs", "fixtures", "testdata", "test-data", "__mocks__", "e2e"];
        let docs = ["doc", "docs", "documentation"];
        let named_test = ["_test", ".test", "_spec", ".spec", "-test"].iter().any(|t| stem.ends_with(t))
            || stem.starts_with("test_")
            || stem == "conftest";
        if parts.iter().any(|p| tests.contains(p)) || named_test {
            return Role::Test;
        }
        let text = ["md", "mdx", "rst", "adoc", "txt", "html"].contains(&ending);
        if text && !stem.starts_with("requirements") || parts.iter().any(|p| docs.contains(p)) {
            return Role::Docs;
        }
        let settings = [
            "yaml",
            "yml",
            "toml",
            "json",
            "json5",
            "ini",
            "cfg",
            "conf",
            "env",
            "properties",
            "tf",
            "tfvars",
            "hcl",
            "xml",
        ];
        if settings.contains(&ending) || name.starts_with(".env") || stem == "dockerfile" {
            Role::Config
        } else {
            Role::Code
        }
    }
}

/// A known id, and every subject that is called so.
#[derive(Debug, Clone)]
struct Known {
    subjects: Vec<Subject>,
    needs: Needs,
}

/// What must stand on the line too, so that a word is an id.
#[derive(Debug, Clone, PartialEq)]
enum Needs {
    Nothing,
    /// It is in quotes, and a model is spoken of.
    Model,
    /// One of these platforms is named.
    Platform,
}

/// A place where an id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'f> {
    /// What is meant there: the platform named beside it, else the maker's.
    pub subject: &'f Subject,
    /// What else is called so.
    pub also: Vec<&'f Subject>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in bytes.
    pub len: usize,
}

/// Finds known ids.
pub struct Finder {
    ids: Vec<Known>,
    automaton: AhoCorasick,
}

impl Finder {
    /// A finder of these subjects; regions of one id are one.
    ///
    /// # Errors
    /// More ids than an automaton can hold.
    pub fn new(subjects: impl IntoIterator<Item = Subject>) -> Result<Self, String> {
        let mut by_id: BTreeMap<String, Vec<Subject>> = BTreeMap::new();
        for s in subjects {
            let wanted = match s.kind {
                SubjectType::Model => s.id.len() > 1 && !s.id.chars().any(char::is_whitespace),
                // Only what stands in code as it is named: a path with its version.
                SubjectType::Api => s.id.contains('/') && s.id.chars().any(|c| c.is_ascii_digit()),
                SubjectType::Feature
                | SubjectType::Component
                | SubjectType::Sdk
                | SubjectType::Product
                | SubjectType::Account => false,
            };
            if wanted {
                let s = Subject { region: None, deployment: None, ..s };
                let same = by_id.entry(s.id.clone()).or_default();
                if !same.contains(&s) {
                    same.push(s);
                }
            }
        }
        let mut ids = Vec::with_capacity(by_id.len());
        for (id, subjects) in &mut by_id {
            subjects.sort_by_key(|s| (HOSTS.contains(&s.platform.as_str()), s.platform.clone()));
            let needs = if subjects.iter().all(|s| s.kind == SubjectType::Api) {
                Needs::Platform
            } else if is_plain_word(id) {
                Needs::Model
            } else {
                Needs::Nothing
            };
            ids.push(Known { subjects: subjects.clone(), needs });
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(by_id.keys())
            .map_err(|e| format!("too many ids to look for: {e}"))?;
        Ok(Self { ids, automaton })
    }

    /// How many ids are known.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The subject of exactly this id: its maker's.
    pub fn exact(&self, id: &str) -> Option<&Subject> {
        let at = self.ids.binary_search_by(|k| k.subjects[0].id.as_str().cmp(id)).ok()?;
        self.ids[at].subjects.first()
    }

    /// Every place in a text, in order.
    pub fn find<'f>(&'f self, text: &[u8]) -> Vec<Found<'f>> {
        let mut out = Vec::new();
        let (mut line, mut line_start, mut counted) = (1, 0, 0);
        let mut from = 0;
        while let Some(m) = self.automaton.find(Input::new(text).range(from..)) {
            let known = &self.ids[m.pattern().as_usize()];
            let Some(found) = look(text, m.start(), m.end(), known) else {
                from = m.start() + 1;
                continue;
            };
            for (i, b) in text[counted..m.start()].iter().enumerate() {
                if *b == b'\n' {
                    (line, line_start) = (line + 1, counted + i + 1);
                }
            }
            counted = m.start();
            let also = known.subjects.iter().filter(|s| *s != found).collect();
            // Bytes that go on a character are none of their own.
            let column = text[line_start..m.start()].iter().filter(|b| **b & 0xC0 != 0x80).count() + 1;
            out.push(Found { subject: found, also, line, column, len: m.len() });
            from = m.end();
        }
        out
    }
}

/// A word that says something else too: `command`, `o1`, `sonar`.
fn is_plain_word(id: &str) -> bool {
    id.len() < 4 || !id.chars().any(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | '/' | '_' | ':'))
}

fn is_part(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || b >= 0x80
}

/// Whether the id stands there by itself, and whose it is.
fn look<'k>(text: &[u8], start: usize, end: usize, known: &'k Known) -> Option<&'k Subject> {
    let alnum = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    match text.get(end) {
        Some(b) if is_part(*b) && !(*b == b'-' && text.get(end + 1) == Some(&b'>')) => return None,
        // `gpt-demo-4.1`, `demo-v2:0`, `ft:…`, `demo@2024`: a longer id.
        Some(b'.' | b':' | b'@') if alnum(text.get(end + 1)) => return None,
        _ => {}
    }
    let before = start.checked_sub(1).and_then(|i| text.get(i));
    let word = word_before(text, start);
    let mut region = false;
    match before {
        // `\ngpt-demo`: an escape in a text, not a letter of the id.
        Some(b'n' | b't' | b'r') if start >= 2 && text[start - 2] == b'\\' => {}
        Some(b) if is_part(*b) => return None,
        Some(b'.') if !word.is_empty() => {
            region = REGIONS.contains(&word);
            if !region {
                return None;
            }
        }
        // A fine-tune of it has its own life.
        Some(b':') if word == "ft" => return None,
        _ => {}
    }
    let line = line_around(text, start, end);
    match known.needs {
        Needs::Nothing => {}
        Needs::Model => {
            let quoted = matches!(before, Some(b'"' | b'\'' | b'`')) && text.get(end) == before;
            if !quoted || !has_word(line, "model") {
                return None;
            }
        }
        Needs::Platform => {
            if !known.subjects.iter().any(|s| has_word(line, s.platform.as_str())) {
                return None;
            }
        }
    }
    let hint = match before {
        Some(b'/' | b':') => Some(HINTS.iter().find(|(h, _)| *h == word).map_or(word, |(_, p)| p)),
        _ if region => Some("bedrock"),
        _ => None,
    };
    let hinted = hint.and_then(|h| known.subjects.iter().find(|s| s.platform.as_str() == h));
    hinted.or_else(|| known.subjects.first())
}

/// The word that ends before the separator before `start`.
fn word_before(text: &[u8], start: usize) -> &str {
    let Some(end) = start.checked_sub(1) else { return "" };
    let begin = text[..end].iter().rev().take(24).take_while(|b| is_part(**b)).count();
    std::str::from_utf8(&text[end - begin..end]).unwrap_or_default()
}

/// The line around a place, at most 300 bytes to each side.
fn line_around(text: &[u8], start: usize, end: usize) -> &[u8] {
    let before = text[..start].iter().rev().take(300).take_while(|b| **b != b'\n').count();
    let after = text[end..].iter().take(300).take_while(|b| **b != b'\n').count();
    &text[start - before..end + after]
}

fn has_word(line: &[u8], word: &str) -> bool {
    line.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests;
