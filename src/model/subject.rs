//! A subject: the thing of a provider that an event is about.
//!
//! In: readers and webhook rules. Out: what `uses` patterns are matched against. Invariant: ids are compared exactly,
//! never by prefix (`claude-opus-4` is not `claude-opus-4-8`). Refuses to resolve aliases: that is a reader's duty.

use super::ids::{MatterId, ProviderId};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// A model id or alias.
    Model,
    /// An API, endpoint or API version.
    Api,
    /// A feature of a product.
    Feature,
    /// A component of a status page.
    Component,
    /// A client library.
    Sdk,
    /// A whole product.
    Product,
    /// Our account, project or organisation at the provider.
    Account,
}

impl SubjectType {
    /// Every sort that is written before an id; a model is the id alone.
    const WRITTEN: [SubjectType; 6] = [
        SubjectType::Api,
        SubjectType::Feature,
        SubjectType::Component,
        SubjectType::Sdk,
        SubjectType::Product,
        SubjectType::Account,
    ];

    /// The word used in ids and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            SubjectType::Model => "model",
            SubjectType::Api => "api",
            SubjectType::Feature => "feature",
            SubjectType::Component => "component",
            SubjectType::Sdk => "sdk",
            SubjectType::Product => "product",
            SubjectType::Account => "account",
        }
    }
}

/// What people call a thing. No part of what it is: things do not differ by it, however a page renames them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(Option<String>);

impl Label {
    /// A name in one line; none where it is empty.
    pub fn new(name: String) -> Self {
        Self(Some(name).filter(|n| !n.is_empty()))
    }
    /// The same, none where it only repeats an id.
    pub fn unless(self, id: &str) -> Self {
        Self(self.0.filter(|n| n != id))
    }
    /// The name, if there is one.
    pub fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
    fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl PartialEq for Label {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Label {}
impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Label {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}
impl Hash for Label {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Platform + type + id + region or deployment + account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// Where it runs: `openai`, `bedrock`.
    pub platform: ProviderId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: SubjectType,
    /// The provider's own id, or words where it has none.
    pub id: String,
    /// Region, when the fact holds for one.
    pub region: Option<String>,
    /// Deployment type, when the fact holds for one.
    pub deployment: Option<String>,
    /// Our account, when the fact holds for one.
    pub account: Option<String>,
    /// What its page calls it, where the id says nothing to people.
    #[serde(default, skip_serializing_if = "Label::is_none")]
    pub name: Label,
}

impl Subject {
    /// A model anywhere on a platform.
    pub fn model(platform: &ProviderId, id: impl Into<String>) -> Self {
        Self::of(platform, SubjectType::Model, id)
    }

    /// A thing anywhere on a platform.
    pub fn of(platform: &ProviderId, kind: SubjectType, id: impl Into<String>) -> Self {
        Self {
            platform: platform.clone(),
            kind,
            id: id.into(),
            region: None,
            deployment: None,
            account: None,
            name: Label::default(),
        }
    }

    /// Everything of a platform: what is said of no thing in particular, or of things we have no name for.
    pub fn whole(platform: &ProviderId) -> Self {
        Self::of(platform, SubjectType::Product, "*")
    }

    /// Whether it stands for everything of its platform.
    pub fn is_whole(&self) -> bool {
        self.kind == SubjectType::Product && self.id == "*"
    }

    /// Our account at a platform.
    pub fn account(platform: &ProviderId, account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..Self::of(platform, SubjectType::Account, account) }
    }

    /// Reads `bedrock:demo-v2~us-east-1` back: the inverse of [`Subject::matter_id`].
    pub fn parse(text: &str) -> Option<Self> {
        let id = MatterId::new(text).ok()?;
        let (who, rest) = id.as_str().split_once(':')?;
        let (platform, account) = who.split_once('/').map_or((who, None), |(p, a)| (p, Some(a.to_owned())));
        let mut parts = rest.split('~');
        let rest = parts.next().filter(|r| !r.is_empty())?;
        let (region, deployment) = (parts.next().map(str::to_owned), parts.next().map(str::to_owned));
        let empty = |scope: &Option<String>| scope.as_ref().is_some_and(String::is_empty);
        if parts.next().is_some() || empty(&region) || empty(&deployment) {
            return None;
        }
        let kind_of = |t: &str| SubjectType::WRITTEN.into_iter().find(|k| k.as_str() == t);
        let typed = rest.split_once('/').and_then(|(t, id)| Some((kind_of(t)?, id)));
        let (kind, id) = typed.filter(|(_, id)| !id.is_empty()).unwrap_or((SubjectType::Model, rest));
        Some(Self { region, deployment, account, ..Self::of(&ProviderId::new(platform).ok()?, kind, id) })
    }

    /// `openai:gpt-4-0613`, `stripe:api/2024-06-20`, `bedrock:x~us-east-1`; `openai/support:gpt-4-0613` where it holds for
    /// one account of ours only. `None` when the id is too long or unreadable.
    pub fn matter_id(&self) -> Option<MatterId> {
        let mut s = self.platform.to_string();
        // An account as a whole carries its name as its id.
        if let Some(account) = self.account.as_ref().filter(|a| self.kind != SubjectType::Account || **a != self.id) {
            s.push('/');
            s.push_str(account);
        }
        s.push(':');
        if self.kind != SubjectType::Model {
            s.push_str(self.kind.as_str());
            s.push('/');
        }
        s.push_str(&self.id);
        for scope in [&self.region, &self.deployment].into_iter().flatten() {
            s.push('~');
            s.push_str(scope);
        }
        MatterId::new(s).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_that_is_renamed_is_the_same_thing() {
        let p = ProviderId::new("acme").unwrap();
        let plain = Subject::of(&p, SubjectType::Component, "01AB");
        let named = Subject { name: Label::new("Inference".into()), ..plain.clone() };
        assert_eq!(named, plain);
        assert_eq!(std::collections::HashSet::from([named.clone(), plain.clone()]).len(), 1);
        assert_eq!(std::collections::BTreeSet::from([plain.clone(), named.clone()]).len(), 1);
        assert!(!serde_json::to_string(&plain).unwrap().contains("name"));
        let again: Subject = serde_json::from_str(&serde_json::to_string(&named).unwrap()).unwrap();
        assert_eq!(again.name.as_deref(), Some("Inference"));
        assert_eq!(Label::new("01AB".into()).unless("01AB").as_deref(), None);
    }

    #[test]
    fn matter_ids_are_the_ones_people_type() {
        let p = ProviderId::new("bedrock").unwrap();
        let mut s = Subject::model(&p, "anthropic.claude-v2");
        assert_eq!(s.matter_id().unwrap().as_str(), "bedrock:anthropic.claude-v2");
        s.region = Some("us-east-1".into());
        assert_eq!(s.matter_id().unwrap().as_str(), "bedrock:anthropic.claude-v2~us-east-1");
        let api = Subject::of(&ProviderId::new("stripe").unwrap(), SubjectType::Api, "2024-06-20");
        assert_eq!(api.matter_id().unwrap().as_str(), "stripe:api/2024-06-20");
        let private = Subject { account: Some("shop".into()), ..api };
        assert_eq!(private.matter_id().unwrap().as_str(), "stripe/shop:api/2024-06-20");
        assert_eq!(Subject::account(&p, "main").matter_id().unwrap().as_str(), "bedrock:account/main");
    }
}
