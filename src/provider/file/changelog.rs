//! Changelog sources of a provider file: `kind = "changelog"`, feeds among them.
//!
//! In: one table. Out: its struct. Invariant: a changelog has a floor of entries or a marker, so that an empty or foreign
//! page is noticed. Refuses to know which entries matter: that is read from their words.

use super::{Evidence, Guards, Robots};
use crate::model::Every;
use crate::model::event::words;
use serde::Deserialize;

words!(
    /// How a changelog is written.
    ChangelogForm {
        /// RSS, Atom or JSON Feed.
        Feed = "feed",
        /// Markdown or MDX with `<Update label="DATE">` blocks.
        Updates = "updates",
        /// Markdown with dated headings.
        Markdown = "markdown",
        /// One MDX entry with front matter.
        Mdx = "mdx",
        /// HTML with dated headings.
        Html = "html",
    }
);

/// A changelog, release notes or a blog.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangelogSource {
    #[serde(rename = "kind")]
    _kind: String,
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// How it is written.
    pub form: ChangelogForm,
    /// What is fetched.
    pub url: String,
    /// Where people read it; `url` by default.
    page: Option<String>,
    /// How often it is fetched.
    #[serde(default = "an_hour")]
    pub every: Every,
    /// What must be there; `min_rows` counts entries.
    #[serde(default)]
    pub guards: Guards,
    /// Only entries whose title, text or category holds one of these words, in any case.
    #[serde(default)]
    pub only: Vec<String>,
    /// Whether the host's `robots.txt` counts; by default for pages, not for feeds.
    pub robots: Option<Robots>,
}

fn an_hour() -> Every {
    Every::Seconds(3_600)
}

impl ChangelogSource {
    /// The same source in another form: of its guards only one remains, that there is an entry.
    pub fn written(&self, form: ChangelogForm) -> Self {
        Self { form, guards: Guards { min_rows: 1, ..Guards::default() }, ..self.clone() }
    }

    /// Where people read it.
    pub fn page(&self) -> &str {
        self.page.as_deref().unwrap_or(&self.url)
    }
}
