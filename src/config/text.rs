//! The text of a config with its included files, and problems shown at their place.
//!
//! In: paths. Out: one text whose byte ranges can be traced back to a file. Invariant: an included file holds tables only,
//! so that putting texts behind each other changes no meaning. Refuses includes of includes.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Largest config, all files together.
const LARGEST: u64 = 8 << 20;

/// A text of one or more files.
#[derive(Debug, Clone)]
pub struct Text {
    whole: String,
    /// Start of each file, with its path.
    files: Vec<(usize, String)>,
}

/// What is wrong with a config or provider file, rendered for a terminal: file:line:column, what, what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// Each problem.
    pub all: Vec<String>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all.join("\n"))
    }
}
impl std::error::Error for Problems {}

impl Problems {
    /// One problem without a place.
    pub fn one(text: impl Into<String>) -> Self {
        Self { all: vec![format!("error: {}", text.into())] }
    }
}

impl Text {
    /// A text that is no file.
    pub fn embedded(name: &str, text: &str) -> Self {
        Self { whole: text.to_owned(), files: vec![(0, name.to_owned())] }
    }

    /// Reads a file and what it includes. A `.json` file is read as TOML of the same shape.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let mut text = Self { whole: one_file(path)?, files: vec![(0, path.display().to_string())] };
        for pattern in includes(&text.whole) {
            for file in matching(path, &pattern)? {
                let more = one_file(&file)?;
                if let Some(span) = first_plain_key(&more) {
                    let t = Self { whole: more, files: vec![(0, file.display().to_string())] };
                    return Err(
                        t.problem("an included file may hold tables only: move this key to the main file", Some(span))
                    );
                }
                text.whole.push('\n');
                text.files.push((text.whole.len(), file.display().to_string()));
                text.whole.push_str(&more);
            }
        }
        Ok(text)
    }

    /// All files behind each other.
    pub fn whole(&self) -> &str {
        &self.whole
    }

    /// The same text with these places unreadable: a secret that was written where its reference belongs is not printed.
    pub(super) fn hiding(&self, places: &[Range<usize>]) -> Self {
        let mut bytes = self.whole.clone().into_bytes();
        for b in places.iter().filter_map(|p| bytes.get(p.clone()).map(|_| p.clone())).flatten().collect::<Vec<_>>() {
            if bytes[b] != b'\n' {
                bytes[b] = b'*';
            }
        }
        // Places of whole values leave a text; if one did not, nothing is shown rather than too much.
        Self { whole: String::from_utf8(bytes).unwrap_or_default(), files: self.files.clone() }
    }

    /// Where it came from.
    pub fn origin(&self) -> &str {
        self.files.first().map_or("config", |(_, p)| p)
    }

    /// Values, as they stand, of lines whose key sounds like a secret and that hold no reference to one.
    pub fn secret_looking(&self) -> Vec<Range<usize>> {
        let (mut start, mut found) = (0, Vec::new());
        for line in self.whole.split_inclusive('\n') {
            if let Some((key, value)) = line.split_once('=') {
                let key = key.to_ascii_lowercase();
                let sounds = ["secret", "token", "password", "key"].iter().any(|w| key.contains(w));
                let refers = ["env:", "file:", "credential:"].iter().any(|f| value.contains(f));
                let value = value.trim();
                if sounds && !refers && !value.is_empty() {
                    let from = start + line.find('=').unwrap_or(0) + 1;
                    let from = from + self.whole[from..].len() - self.whole[from..].trim_start().len();
                    found.push(from..from + value.len());
                }
            }
            start += line.len();
        }
        found
    }

    /// One problem at its place.
    pub fn problem(&self, message: &str, span: Option<Range<usize>>) -> Problems {
        Problems { all: vec![self.show(message, span)] }
    }

    /// A problem as people see it.
    pub fn show(&self, message: &str, span: Option<Range<usize>>) -> String {
        let message = one_line_message(message);
        let Some(span) = span.filter(|s| {
            s.end <= self.whole.len() && self.whole.is_char_boundary(s.start) && self.whole.is_char_boundary(s.end)
        }) else {
            return format!("error: {message}\n --> {}", self.origin());
        };
        let at = self.files.partition_point(|(start, _)| *start <= span.start).saturating_sub(1);
        let Some((start, path)) = self.files.get(at) else { return format!("error: {message}") };
        let end = self.files.get(at + 1).map_or(self.whole.len(), |(s, _)| s.saturating_sub(1));
        let source = &self.whole[*start..end];
        // A span over a whole table is shown by its first line.
        let from = span.start - start;
        let line_end = source[from..].find('\n').map_or(source.len(), |n| from + n);
        let to = (span.end - start).min(line_end).max(from);
        let snippet = Snippet::source(source).path(path.as_str()).annotation(AnnotationKind::Primary.span(from..to));
        Renderer::plain().render(&[Level::ERROR.primary_title(message.as_str()).element(snippet)])
    }
}

fn one_line_message(m: &str) -> String {
    m.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(": ")
}

fn one_file(path: &Path) -> Result<String, Problems> {
    let fail = |e: &dyn fmt::Display| Problems::one(format!("cannot read {}: {e}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| fail(&e))?.len();
    if size > LARGEST {
        return Err(fail(&format!("it is larger than {LARGEST} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(&e))?;
    if path.extension().is_some_and(|e| e == "json") {
        let table: toml::Table = serde_json::from_str(&text).map_err(|e| fail(&e))?;
        return Ok(table.to_string());
    }
    Ok(text)
}

fn includes(text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let list = table.get("include").and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// The files a pattern names, beside the main file; `*` stands only in the last part.
fn matching(main: &Path, pattern: &str) -> Result<Vec<PathBuf>, Problems> {
    let base = main.parent().unwrap_or(Path::new("."));
    let full = base.join(pattern);
    let Some(name) = full.file_name().and_then(|n| n.to_str()).map(str::to_owned) else {
        return Err(Problems::one(format!("include {pattern:?} names no file")));
    };
    if !name.contains('*') {
        return Ok(vec![full]);
    }
    let dir = full.parent().unwrap_or(base);
    let entries = std::fs::read_dir(dir)
        .map_err(|e| Problems::one(format!("include {pattern:?}: cannot read {}: {e}", dir.display())))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| crate::model::text::glob(&name, n)))
        .collect();
    found.sort();
    Ok(found)
}

fn first_plain_key(text: &str) -> Option<Range<usize>> {
    let table = toml::de::DeTable::parse(text).ok()?;
    let keys = table.get_ref().iter().filter(|(_, v)| !v.get_ref().is_table() && !v.get_ref().is_array());
    keys.map(|(k, _)| k.span()).min_by_key(|s| s.start)
}
