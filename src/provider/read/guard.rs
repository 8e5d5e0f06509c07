//! Guards of fetched bodies: is this the page we know, or a login page, an error, an empty answer?
//!
//! In: bytes and a source's `[guards]`. Out: the text, or the outcome to return instead. Invariant: what fails here was
//! not read, so a caller keeps what it knew ("could not read" is never "all clear"). Refuses to look for facts.

use crate::model::ReadOutcome;
use crate::provider::file::Guards;
use std::cell::LazyCell;

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

/// Whether every text that the guards demand is there, in any case: a page that shouts its heading is still the page.
pub fn must_contain(text: &str, guards: &Guards) -> Result<(), ReadOutcome> {
    let lower = LazyCell::new(|| text.to_lowercase());
    match guards.must_contain.iter().find(|m| !text.contains(m.as_str()) && !lower.contains(&m.to_lowercase())) {
        Some(missing) => {
            Err(ReadOutcome::GuardFailed(format!("{missing:?} does not occur in it: it is not the page we know")))
        }
        None => Ok(()),
    }
}

/// Whether a text begins like an HTML page: comments and an XML declaration may come before.
pub fn is_html(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(end) = [("<!--", "-->"), ("<?xml", "?>")].iter().find_map(|(open, close)| {
        let at = rest.strip_prefix(open)?.find(close)?;
        Some(open.len() + at + close.len())
    }) {
        rest = rest[end..].trim_start();
    }
    let begins =
        |with: &str| rest.as_bytes().get(..with.len()).is_some_and(|b| b.eq_ignore_ascii_case(with.as_bytes()));
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|with| begins(with))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_there_may_be_written_in_any_case_and_is_named_whole_where_it_is_not() {
        let guards = Guards { must_contain: vec!["Shutdown date".to_owned(), "Model".to_owned()], min_rows: 0 };
        for page in ["Shutdown date, Model", "SHUTDOWN DATE models", "| shutdown Date | MODEL |"] {
            assert!(must_contain(page, &guards).is_ok(), "{page}");
        }
        let Err(ReadOutcome::GuardFailed(why)) = must_contain("shutdown dates", &guards) else { panic!() };
        assert!(why.starts_with("\"Model\" does not occur"), "{why}");
    }

    #[test]
    fn a_page_is_told_from_a_feed_whatever_stands_before_it() {
        for page in [
            "<!DOCTYPE html>",
            "<HTML lang=en>",
            "\u{feff} <!-- saved -->\n<!doctype HTML><p>",
            "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"x\">",
            "<head><title>Sign in</title>",
        ] {
            assert!(is_html(page), "{page}");
        }
        for other in ["<?xml version=\"1.0\"?><rss/>", "<!-- <html> --><feed/>", "<!DOCTYPE rss>", "# <html>", "{}", ""]
        {
            assert!(!is_html(other), "{other}");
        }
    }
}
