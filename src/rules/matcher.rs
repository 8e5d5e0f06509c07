//! Matching: what a service uses (`provider[/account][:subject][~region]`), and what a route is about.
//!
//! In: patterns from the config. Out: whether they cover a subject, how specific they are. Invariant: `*` is the only
//! wildcard; without one an id matches exactly. Refuses prefix matching and aliases.

use crate::model::text::glob;
use crate::model::{Subject, SubjectType};

/// What a service uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsePattern {
    text: String,
    provider: String,
    account: Option<String>,
    subject: Option<String>,
    region: Option<String>,
}

impl UsePattern {
    /// Reads `openai`, `openai/support`, `openai:gpt-*`, `bedrock:demo-v2~us-east-1`, `stripe:api/2024-06-20`.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = |why: &str| {
            Err(format!(
                "{text:?} {why}: write PROVIDER[/ACCOUNT][:SUBJECT][~REGION], for example \"openai/support:gpt-*\""
            ))
        };
        if text.is_empty() || text.len() > 300 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return bad("is empty, too long or holds white space");
        }
        let (rest, region) = match text.rsplit_once('~') {
            Some((rest, r)) if !r.is_empty() => (rest, Some(r.to_owned())),
            Some(_) => return bad("ends in '~'"),
            None => (text, None),
        };
        let (who, subject) = match rest.split_once(':') {
            Some((who, s)) if !s.is_empty() => (who, Some(s.to_owned())),
            Some(_) => return bad("ends in ':'"),
            None => (rest, None),
        };
        let (provider, account) = match who.split_once('/') {
            Some((p, a)) if !a.is_empty() && !a.contains('/') => (p, Some(a.to_owned())),
            Some(_) => return bad("has an account that is empty or holds '/'"),
            None => (who, None),
        };
        if provider.is_empty() {
            return bad("names no provider");
        }
        Ok(Self { text: text.to_owned(), provider: provider.to_owned(), account, subject, region })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// The provider pattern.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The pattern of what it names of the provider, if it names one.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The account it names, if it names one and no pattern.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref().filter(|a| !a.contains('*'))
    }

    /// Whether it names a part of the provider as status pages do: a component, product or feature, or a region.
    pub fn names_part(&self) -> bool {
        self.part().is_some() || self.region.is_some()
    }

    fn part(&self) -> Option<(&str, &str)> {
        let part = self.subject.as_deref().and_then(|s| s.split_once('/'));
        part.filter(|(kind, _)| matches!(*kind, "component" | "product" | "feature" | "api"))
    }

    /// Whether a status page's word about a subject touches what it names: the part, where it names one, and the region.
    pub fn touches(&self, s: &Subject) -> bool {
        let region = match (&self.region, &s.region) {
            (Some(p), Some(v)) => glob(p, v),
            (None, _) | (_, None) => true,
        };
        let part = self.part().is_none_or(|(kind, id)| kind == s.kind.as_str() && glob(id, &s.id));
        self.names_part() && glob(&self.provider, s.platform.as_str()) && region && part
    }

    /// Whether it covers a subject. A subject without account or region holds for all of them; an account as a whole, or a
    /// provider as a whole, concerns everybody who uses anything of it.
    pub fn covers(&self, s: &Subject) -> bool {
        let fits = |pattern: &Option<String>, value: &Option<String>| match (pattern, value) {
            (Some(p), Some(v)) => glob(p, v),
            (None, _) | (_, None) => true,
        };
        let subject = || match &self.subject {
            None => true,
            Some(_) if s.kind == SubjectType::Account || s.is_whole() => true,
            Some(p) if s.kind == SubjectType::Model => glob(p, &s.id),
            Some(p) => p.split_once('/').is_some_and(|(t, id)| t == s.kind.as_str() && glob(id, &s.id)),
        };
        glob(&self.provider, s.platform.as_str())
            && fits(&self.account, &s.account)
            && fits(&self.region, &s.region)
            && subject()
    }
}

/// Whether two patterns can match one text: equal, or at least one has a wildcard that can stretch over the other.
pub fn may_overlap(a: &str, b: &str) -> bool {
    match (a.contains('*'), b.contains('*')) {
        (false, false) => a == b,
        (true, false) => glob(a, b),
        (false, true) => glob(b, a),
        (true, true) => {
            let (a0, b0) = (a.split('*').next().unwrap_or(""), b.split('*').next().unwrap_or(""));
            let (a1, b1) = (a.rsplit('*').next().unwrap_or(""), b.rsplit('*').next().unwrap_or(""));
            (a0.starts_with(b0) || b0.starts_with(a0)) && (a1.ends_with(b1) || b1.ends_with(a1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProviderId;

    fn openai() -> ProviderId {
        ProviderId::new("openai").unwrap()
    }
    fn covers(p: &str, s: &Subject) -> bool {
        UsePattern::parse(p).unwrap().covers(s)
    }

    #[test]
    fn ids_match_exactly_unless_a_star_says_otherwise() {
        let s = Subject::model(&openai(), "gpt-demo-4-8");
        assert!(covers("openai:gpt-demo-4-8", &s) && covers("openai", &s) && covers("openai/support:gpt-demo-4-8", &s));
        assert!(covers("openai:gpt-*", &s));
        assert!(!covers("openai:gpt-demo-4", &s) && !covers("anthropic", &s) && !covers("openai:api/gpt-demo-4-8", &s));
    }

    #[test]
    fn a_provider_as_a_whole_concerns_everybody_who_uses_anything_of_it() {
        let s = Subject::whole(&openai());
        assert!(covers("openai", &s) && covers("openai:gpt-demo-4", &s) && covers("openai:component/api", &s));
        assert!(!covers("anthropic", &s));
    }

    #[test]
    fn account_and_region_narrow_only_what_has_one() {
        let mut s = Subject::account(&openai(), "support");
        assert!(covers("openai/support", &s) && covers("openai", &s) && covers("openai/support:gpt-x", &s));
        assert!(!covers("openai/other", &s));
        s = Subject::model(&openai(), "m");
        s.region = Some("us-east-1".into());
        assert!(covers("openai:m~us-east-1", &s) && covers("openai:m", &s) && covers("openai:m~us-*", &s));
        assert!(!covers("openai:m~eu-west-1", &s));
    }

    #[test]
    fn a_typed_subject_is_written_with_its_type() {
        let s = Subject::of(&ProviderId::new("stripe").unwrap(), SubjectType::Api, "2024-06-20");
        assert!(covers("stripe:api/2024-06-20", &s) && covers("stripe:api/*", &s) && !covers("stripe:2024-06-20", &s));
    }

    #[test]
    fn unreadable_patterns_are_refused_with_the_form() {
        for bad in ["", "openai:", "openai/", "openai~", ":x", "a b", "openai/a/b:x"] {
            assert!(UsePattern::parse(bad).unwrap_err().contains("PROVIDER["), "{bad}");
        }
    }

    #[test]
    fn overlap_is_never_missed_for_plain_and_prefix_patterns() {
        assert!(
            may_overlap("gpt-*", "gpt-4*") && may_overlap("a", "a") && may_overlap("*", "x") && may_overlap("a*", "*b")
        );
        assert!(!may_overlap("a", "b") && !may_overlap("a*", "b*") && !may_overlap("*a", "*b"));
    }
}
