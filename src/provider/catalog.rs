//! The catalog: every provider file in force, the embedded ones and those of `providers_dir`.
//!
//! In: texts and overlays. Out: checked [`Provider`]s. Invariant: everything in it has been linted (ours by the tests,
//! others when loaded), its templates compile and its places parse, so reading cannot fail for a reason of the file. A
//! file of ours is read when somebody first asks for it: most providers are never used. Refuses a file named unlike its id.

use super::file::{self, FileError, ProviderFile, Source};
use super::read::webhook::WebhookReader;
use crate::model::ProviderId;
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

/// `(file name, text)` of every provider file in the binary.
pub const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// A provider file in force.
#[derive(Debug)]
pub struct Provider {
    /// Its id; known without reading the file.
    pub id: ProviderId,
    /// Whether it sells models; known without reading the file.
    pub model_provider: bool,
    /// The file.
    pub file: LazyLock<ProviderFile, Box<dyn FnOnce() -> ProviderFile + Send>>,
    /// Where it comes from, in words.
    pub origin: String,
    reader: OnceLock<Option<WebhookReader>>,
}

impl Provider {
    /// The prepared reader of its webhook, made when it is first asked for: most senders are never connected. A file that
    /// is not ours was tried when it was loaded, ours are tried by the tests.
    pub fn webhook(&self) -> Option<&WebhookReader> {
        let make = || self.file.webhook().and_then(|(_, w)| WebhookReader::new(w).ok());
        self.reader.get_or_init(make).as_ref()
    }
}

/// A text that was refused.
#[derive(Debug)]
pub struct BadFile {
    /// Where it comes from.
    pub origin: String,
    /// The text, for showing the place.
    pub text: String,
    /// What is wrong.
    pub error: FileError,
}

/// Every provider, by id.
#[derive(Debug, Default)]
pub struct Catalog {
    providers: BTreeMap<ProviderId, Provider>,
}

impl Catalog {
    /// Loads the embedded files, lets `extra` (path, text) replace those of the same id, and applies `overlays`.
    ///
    /// # Errors
    /// Every file that was refused.
    pub fn load(extra: &[(String, String)], overlays: &BTreeMap<String, toml::Table>) -> Result<Self, Vec<BadFile>> {
        let mut out = Self::default();
        let mut bad = Vec::new();
        for &(name, text) in EMBEDDED {
            let stem = name.trim_end_matches(".toml");
            match ProviderId::new(stem) {
                Ok(id) if !overlays.contains_key(stem) => {
                    drop(out.providers.insert(id.clone(), unread(id, name, text)))
                }
                _ => out.read(format!("built in: {name}"), text, overlays, &mut bad),
            }
        }
        for (path, text) in extra {
            out.read(path.clone(), text, overlays, &mut bad);
        }
        if bad.is_empty() { Ok(out) } else { Err(bad) }
    }

    /// Reads and lints one file now.
    fn read(&mut self, origin: String, text: &str, overlays: &BTreeMap<String, toml::Table>, bad: &mut Vec<BadFile>) {
        let stem = origin.rsplit(['/', ' ']).next().unwrap_or("").trim_end_matches(".toml");
        let loaded = match overlays.get(stem) {
            Some(o) => file::parse_with_overlay(text, o).map_err(|mut e| {
                e.message = format!("after applying [provider.{stem}] of the config: {}", e.message);
                e
            }),
            None => file::parse(text),
        };
        match loaded.and_then(|f| prepare(f, stem, origin.clone())) {
            Ok(p) => drop(self.providers.insert(p.id.clone(), p)),
            Err(error) => bad.push(BadFile { origin, text: text.to_owned(), error }),
        }
    }

    /// A provider by id.
    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.providers.get(id)
    }
    /// All providers.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values()
    }
}

/// Lints one file and prepares its readers.
///
/// # Errors
/// The first thing that is wrong.
pub fn prepare(f: ProviderFile, stem: &str, origin: String) -> Result<Provider, FileError> {
    if f.id.as_str() != stem {
        return Err(FileError::new(
            format!("id {:?} does not fit the file's name {stem:?}: they must be the same", f.id.as_str()),
            None,
        ));
    }
    if let Some(usage) = &f.usage {
        usage.urls.iter().try_for_each(|url| web_address("usage", url))?;
        if let Some(why) = usage.access.problem(usage.auth) {
            return Err(FileError::new(format!("[usage]: {why}"), None));
        }
    }
    let reader = OnceLock::new();
    for (name, source) in &f.sources {
        match source {
            Source::Webhook(w) => {
                let made = WebhookReader::new(w).map_err(|m| FileError::new(format!("[sources.{name}]: {m}"), None))?;
                reader.get_or_init(|| Some(made));
            }
            Source::Table(t) if t.guards.min_rows == 0 && t.guards.must_contain.is_empty() => {
                return Err(FileError::new(
                    format!(
                        "[sources.{name}.guards] is empty: a page needs min_rows or must_contain, or an empty page would pass for good news"
                    ),
                    None,
                ));
            }
            Source::Table(t) => web_address(name, &t.url)?,
            Source::Models(m) => {
                web_address(name, &m.url)?;
                m.access.token_url.iter().try_for_each(|url| web_address(name, url))?;
                if let Some(why) = m.access.problem(m.auth) {
                    return Err(FileError::new(format!("[sources.{name}]: {why}"), None));
                }
            }
            Source::Status(s) => {
                [Some(&s.url), s.history().as_ref()].into_iter().flatten().try_for_each(|url| web_address(name, url))?
            }
            Source::Changelog(c) if c.guards.min_rows == 0 && c.guards.must_contain.is_empty() => {
                return Err(FileError::new(
                    format!(
                        "[sources.{name}.guards] is empty: a changelog needs min_rows or must_contain, or an empty answer would pass for no news"
                    ),
                    None,
                ));
            }
            Source::Changelog(c) => web_address(name, &c.url)?,
        }
    }
    let (id, model_provider) = (f.id.clone(), f.model_provider);
    let file: LazyLock<_, Box<dyn FnOnce() -> ProviderFile + Send>> = LazyLock::new(Box::new(move || f));
    Ok(Provider { id, model_provider, file, reader, origin })
}

/// A file of the binary, not read yet.
fn unread(id: ProviderId, name: &'static str, text: &'static str) -> Provider {
    Provider {
        id,
        model_provider: head(text).any(|l| l == "model_provider = true"),
        file: LazyLock::new(Box::new(move || {
            file::parse(text).unwrap_or_else(|e| unreachable!("{name} is read by a test before it is shipped: {e}"))
        })),
        reader: OnceLock::new(),
        origin: format!("built in: {name}"),
    }
}

/// The lines before the first table.
fn head(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).take_while(|l| !l.starts_with('['))
}

fn web_address(name: &str, url: &str) -> Result<(), FileError> {
    let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|p| url.starts_with(p));
    if url.starts_with("https://") || loopback {
        Ok(())
    } else {
        Err(FileError::new(format!("[sources.{name}]: url {url:?} must begin with https://"), None))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_binary_passes_the_lint_it_is_spared_at_the_start() {
        for (name, text) in EMBEDDED {
            let stem = name.trim_end_matches(".toml");
            let file = file::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            let sends = file.webhook().is_some();
            let p = prepare(file, stem, (*name).to_owned()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(p.webhook().is_some(), sends, "{name}");
            let spared = unread(ProviderId::new(stem).unwrap(), name, text);
            assert_eq!(spared.model_provider, spared.file.model_provider, "{name}: its head must tell");
            assert_eq!(spared.webhook().is_some(), sends, "{name}");
        }
    }
}
