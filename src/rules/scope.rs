//! Scope: what a question is about (`forewarn now PROVIDER|MODEL|SERVICE`).
//!
//! In: words of a person, the directory, the ids we know. Out: [`Scope`], which says whether something touches it.
//! Invariant: a service's scope is exactly what its owner is told of. Refuses to guess: a word that is nothing we know is
//! an error that names what is near it.

use super::directory::Directory;
use super::matcher::UsePattern;
use super::route::{About, touched};
use crate::model::ProviderId;
use crate::model::text::glob;
use std::collections::BTreeSet;

/// Most words that are offered instead of one we do not know.
const OFFERED: usize = 5;

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// A provider.
    Provider(ProviderId),
    /// A service of ours.
    Service {
        /// Its name.
        name: String,
        /// What it uses.
        uses: Vec<UsePattern>,
    },
    /// A model, an API, or another thing of a provider.
    Subject {
        /// As it was asked for.
        name: String,
        /// Where it is found; an id may exist on several platforms.
        uses: Vec<UsePattern>,
    },
}

/// What is known, to find out what a word means.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Owners and services.
    pub directory: &'a Directory,
    /// Ids of all providers.
    pub providers: &'a BTreeSet<&'a str>,
    /// Platform and id of everything we ever heard of.
    pub subjects: &'a BTreeSet<(String, String)>,
}

impl Scope {
    /// Finds out what a word means: a provider, else a service, else `PROVIDER:ID`, else an id we have heard of.
    ///
    /// # Errors
    /// What is near the word.
    pub fn find(word: Option<&str>, known: Known<'_>) -> Result<Self, String> {
        let Some(word) = word.map(str::trim).filter(|w| !w.is_empty()) else { return Ok(Scope::All) };
        let lower = word.to_ascii_lowercase();
        if let Some(id) = known.providers.get(lower.as_str()).and_then(|id| ProviderId::new(*id).ok()) {
            return Ok(Scope::Provider(id));
        }
        if let Some(s) = known.directory.service(word) {
            return Ok(Scope::Service { name: s.name.clone(), uses: s.uses.clone() });
        }
        if word.contains(':') {
            let pattern = UsePattern::parse(word)?;
            return if known.providers.iter().any(|p| glob(pattern.provider(), p)) {
                Ok(Scope::Subject { name: word.to_owned(), uses: vec![pattern] })
            } else {
                Err(format!("{:?} is no provider: see forewarn providers", pattern.provider()))
            };
        }
        let heard = known.subjects.iter().filter(|(_, id)| id == word).map(|(platform, _)| platform.clone());
        let uses = known.directory.services().flat_map(|s| &s.uses);
        let used = uses.filter(|u| u.subject() == Some(word)).map(|u| u.provider().to_owned());
        let platforms: BTreeSet<String> = heard.chain(used).collect();
        let uses: Vec<UsePattern> =
            platforms.iter().filter_map(|p| UsePattern::parse(&format!("{p}:{word}")).ok()).collect();
        if uses.is_empty() { Err(unknown(word, known)) } else { Ok(Scope::Subject { name: word.to_owned(), uses }) }
    }

    /// How it is called: `openai`, `support-bot`; empty for everything.
    pub fn name(&self) -> &str {
        match self {
            Scope::All => "",
            Scope::Provider(id) => id.as_str(),
            Scope::Service { name, .. } | Scope::Subject { name, .. } => name,
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Scope::All => "all",
            Scope::Provider(_) => "provider",
            Scope::Service { .. } => "service",
            Scope::Subject { .. } => "subject",
        }
    }

    /// Whether something of this provider can touch it.
    pub fn asks(&self, provider: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Provider(id) => id.as_str() == provider,
            Scope::Service { uses, .. } | Scope::Subject { uses, .. } => {
                uses.iter().any(|u| glob(u.provider(), provider))
            }
        }
    }

    /// Whether something touches it. What is said of no thing in particular touches everything of its provider.
    pub fn holds(&self, dir: &Directory, about: About<'_>) -> bool {
        match self {
            Scope::All => true,
            Scope::Provider(id) => about.provider == id || about.subjects.iter().any(|s| s.platform == *id),
            Scope::Service { uses, .. } | Scope::Subject { uses, .. } => {
                let vague = about.subjects.is_empty() && self.asks(about.provider.as_str());
                vague || touched(dir, uses, about).is_some()
            }
        }
    }
}

fn unknown(word: &str, known: Known<'_>) -> String {
    let mut near: Vec<String> = Vec::new();
    let stem: String = word.to_ascii_lowercase().chars().take(5).collect();
    near.extend(known.providers.iter().filter(|p| p.starts_with(&stem)).map(|p| (*p).to_owned()));
    near.extend(known.directory.services().map(|s| s.name.clone()).filter(|n| n.to_ascii_lowercase().contains(&stem)));
    let subjects = known.subjects.iter().filter(|(_, id)| id.to_ascii_lowercase().contains(&stem));
    near.extend(subjects.map(|(p, id)| format!("{p}:{id}")));
    near.truncate(OFFERED);
    let hint = if near.is_empty() { String::new() } else { format!(" Near it: {}.", near.join(", ")) };
    format!(
        "{word:?} is no provider, no service of yours and no model we have heard of.{hint} A model is also found by its provider: openai:{word}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Subject, SubjectType};
    use crate::rules::testing::build;

    const CONFIG: &str = "[owners.search]\nconsole = true\n[services.bot]\nowner = \"search\"\nuses = [\"acme:web-1\", \"openai:gpt-demo-9\"]\n";

    fn find(word: &str) -> Result<Scope, String> {
        let directory = build(CONFIG).unwrap();
        let subjects = [("openai", "gpt-demo-1"), ("azure", "gpt-demo-1"), ("openai", "gpt-demo-2")];
        let subjects = subjects.map(|(p, id)| (p.to_owned(), id.to_owned())).into();
        let providers = BTreeSet::from(["acme", "azure", "openai"]);
        Scope::find(Some(word), Known { directory: &directory, providers: &providers, subjects: &subjects })
    }

    #[test]
    fn a_word_is_a_provider_or_a_service_or_a_thing_we_heard_of() {
        assert_eq!(find("OpenAI").unwrap(), Scope::Provider(ProviderId::new("openai").unwrap()));
        assert_eq!(find("bot").unwrap().kind(), "service");
        let two = find("gpt-demo-1").unwrap();
        assert!(two.asks("openai") && two.asks("azure") && !two.asks("acme"));
        assert!(find("gpt-demo-9").unwrap().asks("openai"), "what a service says that it uses is known");
        assert_eq!(find("openai:whatever").unwrap().name(), "openai:whatever");
    }

    #[test]
    fn a_word_that_is_nothing_we_know_names_what_is_near() {
        let e = find("gpt-demo-77").unwrap_err();
        assert!(e.contains("openai:gpt-demo-1") && e.contains("openai:gpt-demo-77"), "{e}");
        assert!(find("nobody:x").unwrap_err().contains("forewarn providers"));
    }

    #[test]
    fn an_incident_touches_a_model_whose_component_nobody_knows() {
        let dir = build(CONFIG).unwrap();
        let openai = ProviderId::new("openai").unwrap();
        let part = [Subject::of(&openai, SubjectType::Component, "fine-tuning")];
        let incident = About { kind: Kind::Incident, provider: &openai, subjects: &part };
        assert!(find("gpt-demo-1").unwrap().holds(&dir, incident));
        assert!(!find("acme").unwrap().holds(&dir, incident));
        let other = [Subject::model(&openai, "gpt-demo-2")];
        let end = About { kind: Kind::Deprecation, provider: &openai, subjects: &other };
        assert!(!find("gpt-demo-1").unwrap().holds(&dir, end));
        assert!(find("openai").unwrap().holds(&dir, end));
        let vague = About { kind: Kind::Change, provider: &openai, subjects: &[] };
        assert!(find("gpt-demo-1").unwrap().holds(&dir, vague));
    }
}
