//! Guards of fetched bodies: is this the page we know, or a login page, an error, an empty answer?
//!
//! In: bytes and a source's `[guards]`. Out: the text, or the outcome to return instead. Invariant: what fails here was
//! not read, so a caller keeps what it knew ("could not read" is never "all clear"). Refuses to look for facts.

use crate::model::ReadOutcome;
use crate::provider::file::Guards;

/// Largest body that is read.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// The body as text, without a byte-order mark: within the cap, UTF-8, not empty.
pub fn open(body: &[u8]) -> Result<&str, ReadOutcome> {
    if body.len() > MAX_BODY {
        let (size, cap) = (body.len(), MAX_BODY);
        return Err(ReadOutcome::Unreadable(format!("the body has {size} bytes, at most {cap} are read")));
    }
    let text = std::str::from_utf8(body)
        .map_err(|e| ReadOutcome::Unreadable(format!("the body is not UTF-8 (byte {})", e.valid_up_to())))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(ReadOutcome::GuardFailed("the body is empty".to_owned()));
    }
    Ok(text)
}

/// Whether every text that the guards demand is there.
pub fn must_contain(text: &str, guards: &Guards) -> Result<(), ReadOutcome> {
    match guards.must_contain.iter().find(|m| !text.contains(m.as_str())) {
        Some(missing) => {
            Err(ReadOutcome::GuardFailed(format!("{missing:?} does not occur in it: it is not the page we know")))
        }
        None => Ok(()),
    }
}

/// Whether a text begins like an HTML page.
pub fn is_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(9).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}
