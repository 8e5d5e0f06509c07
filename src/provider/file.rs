//! The provider file, `format = 1`: its shape, read with positions. `providers/README.md` is the reference for writers.
//!
//! In: TOML text. Out: [`ProviderFile`] or a [`FileError`] with a byte span. Invariant: each source's `kind` (and each
//! webhook's `verify.family`) is read first and the table then read as that kind's own struct, so an error points at
//! the wrong key itself. Refuses unknown keys, kinds and families.

mod access;
mod changelog;
mod counted;
mod handshake;
mod polled;
mod polling;
mod schema;
mod status;
mod verify;
mod webhook;

pub use access::{Access, Auth, is_value};
pub use changelog::{ChangelogForm, ChangelogSource};
pub use counted::{DayForm, UsageApi};
pub use handshake::{HandshakeTable, ReplyTable};
pub use polled::{Columns, Form, Guards, ModelsSource, Pointers, SlashOrder, TableSource};
pub use polling::{Polled, Robots, in_words};
pub use schema::schema;
pub use status::{Dialect, StatusGuards, StatusSource};
pub use verify::{
    BasicVerify, BodyHash, Compound, KeyDecode, PublicKeyForm, Scheme, SigEncoding, Signature, SignedVerify, TimeUnit,
    TimestampCheck, TokenVerify, Verify,
};
pub use webhook::{
    BodyForm, ByField, EndingRule, EventShape, Missed, MissedHow, OccurredAt, Rule, TimeFormat, WebhookSource,
};

use crate::model::{ProviderId, event::words};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeMap, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

/// What is wrong with a provider file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    /// What, and what is allowed.
    pub message: String,
    /// Byte range in the text, when known.
    pub span: Option<Range<usize>>,
}

impl FileError {
    pub(crate) fn new(message: impl Into<String>, span: Option<Range<usize>>) -> Self {
        Self { message: message.into(), span }
    }
}

impl From<toml::de::Error> for FileError {
    fn from(e: toml::de::Error) -> Self {
        Self { message: e.message().to_owned(), span: e.span() }
    }
}

words!(
    /// How sure we are of a source's facts.
    Evidence {
        /// Seen in captured data, an official page or SDK.
        V = "V",
        /// Reported by a third party.
        R = "R",
        /// Unverified: ships switched off.
        U = "U",
    }
);

/// A whole provider file.
#[derive(Debug, Clone)]
pub struct ProviderFile {
    /// Its id; the file is named after it.
    pub id: ProviderId,
    /// Its name as people write it.
    pub name: String,
    /// Its home, for people.
    pub url: String,
    /// Whether it sells models: such providers are watched by default.
    pub model_provider: bool,
    /// What to do to connect it, in order.
    pub subscribe: Subscribe,
    /// Where it counts our calls.
    pub usage: Option<UsageApi>,
    /// Where it speaks, by name.
    pub sources: BTreeMap<String, Source>,
}

/// What a person must do, and what they will not hear.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// Steps to connect the webhook.
    #[serde(default)]
    pub steps: Vec<String>,
    /// What this provider does not tell by webhook.
    #[serde(default)]
    pub not_told: Vec<String>,
    /// When this provider stops sending by itself, for a finding: `after 20 failures in a row; see LINK`.
    pub switched_off: Option<String>,
}

/// One place a provider speaks.
#[derive(Debug, Clone)]
pub enum Source {
    /// It calls us.
    Webhook(Box<WebhookSource>),
    /// A page with tables of what ends when.
    Table(Box<TableSource>),
    /// A list of models with dates, as JSON.
    Models(Box<ModelsSource>),
    /// A status page.
    Status(Box<StatusSource>),
    /// A changelog or another feed.
    Changelog(Box<ChangelogSource>),
}

impl ProviderFile {
    /// The webhook it sends, with the name of the source.
    pub fn webhook(&self) -> Option<(&str, &WebhookSource)> {
        self.sources.iter().find_map(|(n, s)| if let Source::Webhook(w) = s { Some((n.as_str(), &**w)) } else { None })
    }
}

impl Source {
    /// How sure we are of its facts.
    pub fn evidence(&self) -> Evidence {
        match self {
            Source::Webhook(s) => s.evidence,
            Source::Table(s) => s.evidence,
            Source::Models(s) => s.evidence,
            Source::Status(s) => s.evidence,
            Source::Changelog(s) => s.evidence,
        }
    }
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Source::Webhook(_) => "webhook",
            Source::Table(_) => "table",
            Source::Models(_) => "models",
            Source::Status(_) => "status",
            Source::Changelog(_) => "changelog",
        }
    }
}

/// Kinds a source can have, for messages.
const SOURCE_KINDS: &str = "webhook, table, models, status, changelog";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: Spanned<u32>,
    id: Spanned<String>,
    name: String,
    url: String,
    #[serde(default)]
    model_provider: bool,
    #[serde(default)]
    subscribe: Subscribe,
    usage: Option<UsageApi>,
}

/// Reads a provider file.
///
/// # Errors
/// What is wrong, with its byte span.
pub fn parse(text: &str) -> Result<ProviderFile, FileError> {
    parse_table(DeTable::parse(text)?)
}

/// Reads a provider file whose settings `overlay` changes one by one (`[provider.ID]` of the config). Spans then point
/// into two texts and mean nothing, so errors carry none.
///
/// # Errors
/// What is wrong, without a span.
pub fn parse_with_overlay(text: &str, overlay: &toml::Table) -> Result<ProviderFile, FileError> {
    let mut merged: toml::Table = toml::from_str(text)?;
    merge(&mut merged, overlay);
    let merged = merged.to_string();
    parse(&merged).map_err(|e| FileError::new(e.message, None))
}

fn merge(base: &mut toml::Table, overlay: &toml::Table) {
    for (key, value) in overlay {
        match (base.get_mut(key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

fn parse_table(root: Spanned<DeTable<'_>>) -> Result<ProviderFile, FileError> {
    let root_span = root.span();
    let mut root = root.into_inner();
    let sources = root.remove("sources");
    let head: Head = typed(Spanned::new(root_span, DeValue::Table(root)))?;
    if *head.format.get_ref() != 1 {
        return Err(FileError::new("format must be 1", Some(head.format.span())));
    }
    let id =
        ProviderId::new(head.id.get_ref().clone()).map_err(|e| FileError::new(e.to_string(), Some(head.id.span())))?;
    let mut out = BTreeMap::new();
    for (name, value) in table_of(sources, "sources")? {
        let (name_span, name) = (name.span(), name.into_inner().into_owned());
        crate::model::ids::check_name("source name", &name)
            .map_err(|e| FileError::new(e.to_string(), Some(name_span.clone())))?;
        out.insert(name, source(value)?);
    }
    if out.is_empty() {
        return Err(FileError::new("a provider file needs at least one [sources.NAME]", None));
    }
    Ok(ProviderFile {
        id,
        name: head.name,
        url: head.url,
        model_provider: head.model_provider,
        subscribe: head.subscribe,
        usage: head.usage,
        sources: out,
    })
}

type Entries<'i> = Vec<(Spanned<std::borrow::Cow<'i, str>>, Spanned<DeValue<'i>>)>;

fn table_of<'i>(value: Option<Spanned<DeValue<'i>>>, what: &str) -> Result<Entries<'i>, FileError> {
    match value.map(|v| (v.span(), v.into_inner())) {
        None => Ok(Vec::new()),
        Some((_, DeValue::Table(t))) => Ok(t.into_iter().collect()),
        Some((span, other)) => {
            Err(FileError::new(format!("{what} must be a table, not {}", other.type_str()), Some(span)))
        }
    }
}

fn source(value: Spanned<DeValue<'_>>) -> Result<Source, FileError> {
    let kind = word_of(&value, "kind", SOURCE_KINDS)?;
    match kind.get_ref().as_str() {
        "webhook" => Ok(Source::Webhook(Box::new(webhook::parse(value)?))),
        "table" => Ok(Source::Table(typed(value)?)),
        "models" => Ok(Source::Models(typed(value)?)),
        "status" => Ok(Source::Status(typed(value)?)),
        "changelog" => Ok(Source::Changelog(typed(value)?)),
        other => Err(FileError::new(format!("unknown kind {other:?}: allowed are {SOURCE_KINDS}"), Some(kind.span()))),
    }
}

/// The text under `key`, read before the rest.
fn word_of(value: &Spanned<DeValue<'_>>, key: &str, allowed: &str) -> Result<Spanned<String>, FileError> {
    let Some(found) = value.get_ref().as_table().and_then(|t| t.get(key)) else {
        return Err(FileError::new(format!("{key} is missing: allowed are {allowed}"), Some(value.span())));
    };
    match found.get_ref().as_str() {
        Some(s) => Ok(Spanned::new(found.span(), s.to_owned())),
        None => Err(FileError::new(format!("{key} must be a text: allowed are {allowed}"), Some(found.span()))),
    }
}

fn typed<T: DeserializeOwned>(value: Spanned<DeValue<'_>>) -> Result<T, FileError> {
    let whole = value.span();
    T::deserialize(ValueDeserializer::from(value)).map_err(|e| {
        let mut e = FileError::from(e);
        e.span = e.span.or(Some(whole));
        e
    })
}

/// A length of time as people write it: `30s`, `5m`, `6h`, `35d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub u64);

impl Span {
    /// Reads `30s`, `5m`, `6h`, `35d`; the number of seconds, at most ten years.
    pub fn parse(s: &str) -> Option<Self> {
        let (number, unit) = s.split_at(s.find(|c: char| !c.is_ascii_digit())?);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(seconds).filter(|n| *n <= 3_650 * 86_400).map(Span)
    }
    /// In seconds.
    pub fn seconds(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = String::deserialize(d)?;
        Self::parse(&s)
            .ok_or_else(|| serde::de::Error::custom(format!("{s:?} is no length of time: write 30s, 5m, 6h or 35d")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n";

    fn at(text: &str, span: Option<Range<usize>>) -> String {
        span.map_or(String::from("nowhere"), |s| text[s].to_owned())
    }

    #[test]
    fn an_unknown_key_is_pointed_at() {
        let text = format!(
            "{HEAD}[sources.deprecations]\nkind = \"table\"\nevidence = \"V\"\nurl = \"https://acme.example/d.md\"\nform = \"markdown\"\nevry = \"6h\"\n"
        );
        let e = parse(&text).unwrap_err();
        assert!(e.message.contains("unknown field `evry`"), "{}", e.message);
        assert_eq!(at(&text, e.span), "evry");
    }

    #[test]
    fn an_unknown_kind_or_family_names_what_is_allowed() {
        let text = format!("{HEAD}[sources.x]\nkind = \"carrier-pigeon\"\n");
        let e = parse(&text).unwrap_err();
        assert!(e.message.contains("webhook, table, models"), "{}", e.message);
        assert_eq!(at(&text, e.span), "\"carrier-pigeon\"");
        let text = format!(
            "{HEAD}[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.verify]\nfamily = \"hmca\"\n[sources.webhook.event]\ntype = \"/type\"\n"
        );
        let e = parse(&text).unwrap_err();
        assert!(e.message.contains("hmac, ed25519, token, basic, url_token"), "{}", e.message);
        assert_eq!(at(&text, e.span), "\"hmca\"");
    }

    #[test]
    fn an_unknown_dialect_or_form_names_what_is_allowed() {
        for (kind, key, allowed) in [("status", "dialect", "`better_stack`"), ("changelog", "form", "`updates`")] {
            let text = format!(
                "{HEAD}[sources.x]\nkind = \"{kind}\"\nevidence = \"V\"\nurl = \"https://acme.example/x\"\n{key} = \"carrier-pigeon\"\n"
            );
            let e = parse(&text).unwrap_err();
            assert!(e.message.contains("carrier-pigeon") && e.message.contains(allowed), "{}", e.message);
            assert_eq!(at(&text, e.span), "\"carrier-pigeon\"");
        }
        let text = format!(
            "{HEAD}[sources.x]\nkind = \"status\"\nevidence = \"V\"\nurl = \"https://acme.example/x\"\ndialect = \"slack\"\nguards = {{ min_row = 1 }}\n"
        );
        assert_eq!(at(&text, parse(&text).unwrap_err().span), "min_row");
    }

    #[test]
    fn an_overlay_changes_one_setting_and_keeps_the_rest() {
        let text = format!(
            "{HEAD}[sources.deprecations]\nkind = \"table\"\nevidence = \"V\"\nurl = \"https://acme.example/d.md\"\nform = \"markdown\"\nevery = \"6h\"\n"
        );
        let overlay: toml::Table = toml::from_str("[sources.deprecations]\nevery = \"1h\"").unwrap();
        let file = parse_with_overlay(&text, &overlay).unwrap();
        let Source::Table(t) = &file.sources["deprecations"] else { panic!("a table source") };
        assert_eq!(t.every, crate::model::Every::Seconds(3_600));
        assert_eq!(t.url, "https://acme.example/d.md");
        let bad: toml::Table = toml::from_str("[sources.deprecations]\nevery = \"soon\"").unwrap();
        assert!(parse_with_overlay(&text, &bad).unwrap_err().message.contains("length of time"));
    }

    #[test]
    fn lengths_of_time_are_read_or_refused() {
        assert_eq!(Span::parse("6h"), Some(Span(21_600)));
        for bad in ["", "6", "h", "-1h", "6 h", "1w", "99999999999999999999d"] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
    }
}
