//! A draft of owners and services, made from what a team has already written down: CODEOWNERS, Backstage, ids in code.
//!
//! In: texts of those files. Out: TOML that passes `forewarn check`, with a comment where a person must decide. Invariant:
//! every name fits the rule of names, every text is escaped. Refuses to guess how somebody is reached: the console stands in
//! until a channel is named.

pub mod backstage;
pub mod codeowners;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// An owner as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftOwner {
    /// Its mail address, where one is given.
    pub email: Option<String>,
    /// Its Slack channel, where one is given.
    pub slack: Option<String>,
    /// How it is written where it was found: `@org/search`.
    pub found_as: String,
}

/// A service as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftService {
    /// Who answers.
    pub owner: String,
    /// Its environment, where it is not production.
    pub env: Option<String>,
    /// What it uses.
    pub uses: BTreeSet<String>,
    /// Where it was found.
    pub found_as: String,
}

/// Owners and services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Who answers for what nobody covers.
    pub catch_all: Option<String>,
    /// Owners.
    pub owners: BTreeMap<String, DraftOwner>,
    /// Services.
    pub services: BTreeMap<String, DraftService>,
    /// What could not be taken, with the reason.
    pub notes: Vec<String>,
}

impl Draft {
    /// As TOML.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        for n in &self.notes {
            let _ = writeln!(out, "# {}", comment(n));
        }
        if let Some(c) = &self.catch_all {
            let _ = writeln!(out, "catch_all = {}\n", text(c));
        }
        for (name, o) in &self.owners {
            let _ = writeln!(out, "[owners.{}]  # {}", key(name), comment(&o.found_as));
            if let Some(s) = &o.slack {
                let _ = writeln!(out, "slack = {}", text(s));
            }
            if let Some(e) = &o.email {
                let _ = writeln!(out, "email = {}", text(e));
            }
            if o.slack.is_none() && o.email.is_none() {
                let _ = writeln!(out, "console = true  # how are they reached? slack = \"#…\", email = \"…\"");
            }
        }
        for (name, s) in &self.services {
            let _ = writeln!(out, "\n[services.{}]  # {}", key(name), comment(&s.found_as));
            let _ = writeln!(out, "owner = {}", text(&s.owner));
            if let Some(e) = &s.env {
                let _ = writeln!(out, "env = {}", text(e));
            }
            let uses: Vec<String> = s.uses.iter().map(|u| text(u)).collect();
            let why = if uses.is_empty() { "  # what does it use? \"openai:MODEL\"" } else { "" };
            let _ = writeln!(out, "uses = [{}]{why}", uses.join(", "));
        }
        out
    }

    /// A name of ours for a name of theirs, that no other has: `org/Search Team` is `search-team`.
    fn name_for(taken: impl Fn(&str) -> bool, theirs: &str) -> String {
        let mut name: String = theirs
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
            .collect();
        while name.contains("--") {
            name = name.replace("--", "-");
        }
        let name: String = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).chars().take(56).collect();
        let name = if name.is_empty() { "unnamed".to_owned() } else { name };
        let mut free = name.clone();
        let mut n = 2;
        while taken(&free) {
            free = format!("{name}-{n}");
            n += 1;
        }
        free
    }

    /// The owner found under this name, made where it is new.
    fn owner(&mut self, found_as: &str, theirs: &str) -> String {
        if let Some((name, _)) = self.owners.iter().find(|(_, o)| o.found_as == found_as) {
            return name.clone();
        }
        let reserved = |n: &str| n == crate::rules::directory::OPERATORS || self.owners.contains_key(n);
        let name = Self::name_for(reserved, theirs);
        self.owners.insert(name.clone(), DraftOwner { found_as: found_as.to_owned(), ..DraftOwner::default() });
        name
    }

    /// Adds a service under a free name.
    pub fn service(&mut self, theirs: &str, s: DraftService) -> String {
        let name = Self::name_for(|n| self.services.contains_key(n), theirs);
        self.services.insert(name.clone(), s);
        name
    }
}

fn text(s: &str) -> String {
    toml::Value::String(s.to_owned()).to_string()
}

/// Dots are part of a name, not of a path.
fn key(name: &str) -> String {
    if name.contains('.') { text(name) } else { name.to_owned() }
}

fn comment(s: &str) -> String {
    crate::model::text::one_line(s, 120)
}

#[cfg(test)]
mod tests;
