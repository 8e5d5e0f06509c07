//! Scanning a tree: which ids that end stand where in our code and settings.
//!
//! In: a folder or file, what is known of endings. Out: places, soonest end first. Invariant: `.gitignore` is obeyed, links are
//! not followed, and what could not be read is counted and named. Refuses files that are no text, and forewarn.toml: what
//! stands there is declared, not found.

pub mod sarif;

use crate::model::{Firmness, MatterState, Stage, Subject};
use crate::rules::find::{Finder, Role};
use ignore::{WalkBuilder, WalkState};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Larger files are no source: they are counted as not read.
const LARGEST: u64 = 16 << 20;
/// A file with a zero byte among its first is no text.
const PROBE: usize = 8_192;
/// Files named as not read.
const NAMED: usize = 20;

/// How to scan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Known ids without an end too.
    pub all: bool,
    /// Files that `.gitignore` leaves out too.
    pub no_ignore: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// What ends.
    pub endings: &'k [Arc<MatterState>],
    /// Models known by name.
    pub models: &'k BTreeSet<Subject>,
}

/// A place where an id stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Below the scanned folder, with `/`.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// `openai:gpt-demo-1`.
    pub id: String,
    /// As it stands there.
    pub text: String,
    /// `code`, `config`, `test` or `docs`; the last two only mention.
    pub role: Role,
    /// What else is called so.
    pub also: Vec<String>,
    /// Where it stands; none for a known model without an end.
    pub stage: Option<Stage>,
    /// When it ends, if that is promised.
    pub shutdown_on: Option<Date>,
    /// When it ends at the earliest, if only that is known.
    pub earliest_shutdown_on: Option<Date>,
    /// Days from today; negative once passed.
    pub days_left: Option<i32>,
    /// What to use instead.
    pub replacements: Vec<String>,
    /// Where the end was read.
    pub url: Option<String>,
}

/// What a scan found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scan {
    /// Places, soonest end first.
    pub items: Vec<Place>,
    /// Files read.
    pub files: usize,
    /// Files that could not be read, or are too large to be source.
    pub unread: usize,
    /// Some of them, with the reason.
    pub unread_files: Vec<String>,
    /// Ids looked for.
    pub ids: usize,
}

/// What is known of a subject's end.
struct Ends<'m>(BTreeMap<(&'m str, &'m str), &'m MatterState>);

impl<'m> Ends<'m> {
    fn new(endings: &'m [Arc<MatterState>]) -> Self {
        let mut out: BTreeMap<(&str, &str), &MatterState> = BTreeMap::new();
        for m in endings.iter().filter(|m| m.stage != Stage::Withdrawn) {
            let day = |m: &MatterState| m.deadline.as_ref().map_or(Date::MAX, |d| d.date);
            for s in &m.subjects {
                // Of several regions the one that ends first.
                let first = out.entry((s.platform.as_str(), s.id.as_str())).or_insert(m);
                if day(m) < day(first) {
                    *first = m;
                }
            }
        }
        Self(out)
    }
    fn of(&self, s: &Subject) -> Option<&'m MatterState> {
        self.0.get(&(s.platform.as_str(), s.id.as_str())).copied()
    }
}

/// Scans a folder or a file.
///
/// # Errors
/// A root that is not there.
pub fn scan(root: &Path, known: Known<'_>, options: Options, today: Date) -> Result<Scan, String> {
    let Known { endings, models } = known;
    if !root.exists() {
        return Err(format!("{} is not there", root.display()));
    }
    let ending = endings.iter().filter(|m| m.stage != Stage::Withdrawn).flat_map(|m| &m.subjects);
    // Known ids are looked for even where they are not shown: the longest of several is the one that stands there.
    let finder = Finder::new(ending.chain(models).cloned())?;
    let ends = Ends::new(endings);
    let out = Mutex::new(Scan { ids: finder.len(), ..Scan::default() });
    let files = AtomicUsize::new(0);
    let put = |f: &mut dyn FnMut(&mut Scan)| f(&mut out.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .git_ignore(!options.no_ignore)
        .git_exclude(!options.no_ignore)
        .git_global(!options.no_ignore)
        .ignore(!options.no_ignore)
        .parents(!options.no_ignore)
        .filter_entry(|e| !matches!(e.file_name().to_str(), Some(".git" | ".hg" | ".svn" | ".jj" | "forewarn.toml")))
        .threads(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .build_parallel();
    walk.run(|| {
        let mut bytes = Vec::new();
        let (finder, ends, put, files) = (&finder, &ends, &put, &files);
        Box::new(move |entry| {
            let unread = |what: String| {
                put(&mut |s| {
                    s.unread += 1;
                    if s.unread_files.len() < NAMED {
                        s.unread_files.push(what.clone());
                    }
                });
            };
            let entry = match entry {
                Ok(e) => e,
                Err(e) => {
                    unread(e.to_string());
                    return WalkState::Continue;
                }
            };
            if !entry.file_type().is_some_and(|t| t.is_file()) {
                return WalkState::Continue;
            }
            let path = below(root, entry.path());
            match read(entry.path(), &mut bytes) {
                Ok(true) => {}
                Ok(false) => return WalkState::Continue,
                Err(why) => {
                    unread(format!("{path}: {why}"));
                    return WalkState::Continue;
                }
            }
            files.fetch_add(1, Ordering::Relaxed);
            let found = finder.find(&bytes);
            if found.is_empty() {
                return WalkState::Continue;
            }
            let role = Role::of(&path);
            let mut places: Vec<Place> = Vec::new();
            for f in found {
                let end = ends.of(f.subject);
                if end.is_none() && !options.all {
                    continue;
                }
                let id = |s: &Subject| s.matter_id().map_or_else(String::new, |m| m.to_string());
                let firm = end.and_then(|m| m.deadline.as_ref()).filter(|d| d.firmness == Firmness::Firm);
                let any = end.and_then(|m| m.deadline.as_ref());
                places.push(Place {
                    path: path.clone(),
                    line: f.line,
                    column: f.column,
                    id: id(f.subject),
                    text: f.subject.id.clone(),
                    role,
                    also: f.also.iter().map(|s| id(s)).collect(),
                    stage: end.map(|m| m.stage),
                    shutdown_on: firm.map(|d| d.date),
                    earliest_shutdown_on: if firm.is_some() { None } else { any.map(|d| d.date) },
                    days_left: any.map(|d| d.days_left(today)),
                    replacements: end.map(|m| m.replacements.clone()).unwrap_or_default(),
                    url: end.and_then(|m| m.url.clone()),
                });
            }
            put(&mut |s| s.items.append(&mut places));
            WalkState::Continue
        })
    });
    let mut done = out.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.files = files.into_inner();
    done.items.sort_by(|a, b| {
        let key = |p: &Place| (p.days_left.unwrap_or(i32::MAX), p.id.clone(), p.path.clone(), p.line, p.column);
        key(a).cmp(&key(b))
    });
    done.unread_files.sort();
    Ok(done)
}

/// Whether it is text; then `bytes` holds it.
fn read(path: &Path, bytes: &mut Vec<u8>) -> Result<bool, String> {
    let mut file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    bytes.clear();
    (&mut file).take(LARGEST + 1).read_to_end(bytes).map_err(|e| e.to_string())?;
    if bytes[..bytes.len().min(PROBE)].contains(&0) {
        return Ok(false);
    }
    if bytes.len() as u64 > LARGEST {
        return Err(format!("larger than {} MiB", LARGEST >> 20));
    }
    Ok(true)
}

fn below(root: &Path, path: &Path) -> String {
    let rest = path.strip_prefix(root).unwrap_or(path);
    let shown = if rest.as_os_str().is_empty() { path } else { rest };
    shown.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests;
