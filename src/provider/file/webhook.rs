//! The `kind = "webhook"` source of a provider file: how a sender proves itself and what its messages mean.
//!
//! In: one table. Out: [`WebhookSource`]. Invariant: a source says how its sender proves itself, and is a hint exactly if
//! the sender cannot. Refuses limits nobody can meet.

use super::{Evidence, FileError, HandshakeTable, Verify, typed, verify};
use crate::model::{Change, Kind, Severity, SubjectType, Trust};
use serde::Deserialize;
use toml::{Spanned, de::DeValue};

/// A sender that calls us.
#[derive(Debug, Clone)]
pub struct WebhookSource {
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// What the sender's word is worth: `verified`, or `hint` for unsigned senders.
    pub trust: Trust,
    /// The status it wants to see for success.
    pub success: u16,
    /// It speaks of the status page of the provider that the connection is named after: where that page is read, what stands
    /// there is told, and a message only makes us look.
    pub page: bool,
    /// Largest body in bytes.
    pub max_body: usize,
    /// HTTP methods it uses.
    pub methods: Vec<String>,
    /// How it proves itself: any of these ways is enough; none if it cannot be verified yet.
    pub verify: Vec<Verify>,
    /// What is missing to verify it; then it is switched off.
    pub needs: Option<String>,
    /// Questions it asks that are answered and not stored.
    pub handshakes: Vec<HandshakeTable>,
    /// Where in a message things stand.
    pub event: EventShape,
    /// Where its API says what it tried to deliver, for the time after an absence.
    pub missed: Option<Missed>,
    /// What each type means; the first match counts.
    pub rules: Vec<Rule>,
}

/// The list of what a sender tried to deliver, asked with the connection's `api_key`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missed {
    /// How it is asked.
    pub how: MissedHow,
    /// Where.
    pub url: String,
}

/// Ways to ask for missed deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedHow {
    /// <https://docs.stripe.com/api/events/list>
    StripeEvents,
    /// <https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook>; needs `hook`.
    GithubDeliveries,
}

/// Where in a message things stand. A place is a JSON Pointer (`/data/id`) or `header:NAME`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventShape {
    /// The type: one place, or several joined with `.` (a missing one is left out).
    #[serde(rename = "type", default, deserialize_with = "one_or_many")]
    pub kind: Vec<String>,
    /// Types of messages that name none, by the field they hold; the first that is there counts.
    #[serde(default)]
    pub by_field: Vec<ByField>,
    /// Texts in the body that are JSON themselves, as JSON Pointers: read in their place, in this order.
    #[serde(default)]
    pub unwrap: Vec<String>,
    /// The list of events in the body, as a JSON Pointer; the body itself is `""`. Then every other place is inside one.
    pub items: Option<String>,
    /// The id of the delivery. It counts for dedup only where it is inside the signed bytes.
    pub delivery_id: Option<String>,
    /// When it happened.
    pub occurred_at: Option<OccurredAt>,
    /// How the body is written.
    #[serde(default)]
    pub body: BodyForm,
}

/// A type told by a field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByField {
    /// The place that must hold something.
    pub has: String,
    /// The type: places and words (`text:WORD`), joined with `.`.
    #[serde(rename = "type", deserialize_with = "one_or_many")]
    pub kind: Vec<String>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyForm {
    /// JSON.
    #[default]
    Json,
    /// Fields of a form, each at `/NAME`; what begins with a brace or a bracket is JSON all the same.
    Form,
}

/// Where the time of an event stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OccurredAt {
    /// The place.
    pub at: String,
    /// How it is written.
    pub format: TimeFormat,
}

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// RFC 3339.
    Rfc3339,
}

/// What a type of message means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The type, or a pattern with `*`.
    #[serde(rename = "type", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// Where in the body the fields of this type stand, as a JSON Pointer: places and templates of this rule begin there.
    pub from: Option<String>,
    /// What it is about.
    pub kind: Kind,
    /// How bad; by default info for jobs and changes, major for the rest.
    pub severity: Option<Severity>,
    /// What it does to its matter: `opened` (the default), `updated` or `resolved`.
    pub change: Option<Change>,
    /// The place of what the matter is named after; without it all messages of this type and account are one matter.
    pub key: Option<String>,
    /// The name of the matter beside its key; the type by default. Types that open and close one matter share it.
    pub matter: Option<String>,
    /// One line, a minijinja template over the JSON body; by default the type.
    pub title: Option<String>,
    /// More, a template.
    pub summary: Option<String>,
    /// Where to read about it, a template.
    pub url: Option<String>,
    /// For `kind = "deprecation"`: where the ending stands.
    pub ending: Option<EndingRule>,
}

/// Where a message says what ends when.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndingRule {
    /// The place of the thing's id.
    pub subject: String,
    /// What sort of thing.
    pub subject_type: SubjectType,
    /// The place of the date, `YYYY-MM-DD`.
    pub shutdown_on: String,
    /// The place of the replacement.
    pub replacement: Option<String>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(d)? {
        OneOrMany::One(s) => vec![s],
        OneOrMany::Many(v) => v,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    #[serde(rename = "kind")]
    _kind: String,
    evidence: Evidence,
    #[serde(default = "verified")]
    trust: Trust,
    #[serde(default = "ok")]
    success: Spanned<u16>,
    #[serde(default = "one_mebibyte")]
    max_body: Spanned<usize>,
    #[serde(default = "post")]
    methods: Vec<String>,
    #[serde(default)]
    page: bool,
    needs: Option<Spanned<String>>,
    event: EventShape,
    missed: Option<Missed>,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    handshake: Vec<Spanned<HandshakeTable>>,
}
fn verified() -> Trust {
    Trust::Verified
}
fn ok() -> Spanned<u16> {
    Spanned::new(0..0, 200)
}
fn one_mebibyte() -> Spanned<usize> {
    Spanned::new(0..0, 1 << 20)
}
fn post() -> Vec<String> {
    vec!["POST".into()]
}

/// The shape of a webhook source without its ways of proof.
pub(super) fn shape() -> serde_json::Value {
    crate::shape::of::<Rest>()
}

pub(super) fn parse(value: Spanned<DeValue<'_>>) -> Result<WebhookSource, FileError> {
    let span = value.span();
    let DeValue::Table(mut table) = value.into_inner() else {
        return Err(FileError::new("a webhook source must be a table", Some(span)));
    };
    let ways = table.remove("verify");
    let rest: Rest = typed(Spanned::new(span.clone(), DeValue::Table(table)))?;
    let at_verify = Some(ways.as_ref().map_or(span, Spanned::span));
    let verify = match (ways, &rest.needs) {
        (Some(ways), None) => verify::parse(ways)?,
        (None, Some(needs)) if rest.evidence == Evidence::U && !needs.get_ref().is_empty() => Vec::new(),
        (None, Some(needs)) => {
            return Err(FileError::new(
                "needs says what is missing to verify this sender; it goes with evidence = \"U\"",
                Some(needs.span()),
            ));
        }
        (Some(_), Some(needs)) => {
            return Err(FileError::new(
                "needs is for a sender that cannot be verified yet: remove it",
                Some(needs.span()),
            ));
        }
        (None, None) => {
            return Err(FileError::new(
                "[verify] is missing: a webhook must say how its sender proves itself, or with needs = \"…\" why it is off",
                at_verify,
            ));
        }
    };
    if verify.iter().any(|v| matches!(v, Verify::UrlToken)) != (rest.trust == Trust::Hint) {
        return Err(FileError::new(
            "family \"url_token\" and trust = \"hint\" go together: a secret path proves nothing about the body, and a signed sender is no mere hint",
            at_verify,
        ));
    }
    if rest.trust == Trust::Fetched {
        return Err(FileError::new("trust must be \"verified\" or \"hint\": what calls us was not fetched", at_verify));
    }
    if !(200..300).contains(rest.success.get_ref()) {
        return Err(FileError::new("success must be a status from 200 to 299", Some(rest.success.span())));
    }
    if !(1..=25 << 20).contains(rest.max_body.get_ref()) {
        return Err(FileError::new("max_body must be from 1 to 26214400 bytes", Some(rest.max_body.span())));
    }
    let keyed =
        verify.iter().all(|v| matches!(v, Verify::Signed(s) if matches!(s.scheme, verify::Scheme::Hmac { .. })));
    for h in &rest.handshake {
        h.get_ref().check(keyed).map_err(|m| FileError::new(m, Some(h.span())))?;
    }
    Ok(WebhookSource {
        evidence: rest.evidence,
        trust: rest.trust,
        success: rest.success.into_inner(),
        max_body: rest.max_body.into_inner(),
        page: rest.page,
        methods: rest.methods,
        verify,
        needs: rest.needs.map(Spanned::into_inner),
        handshakes: rest.handshake.into_iter().map(Spanned::into_inner).collect(),
        event: rest.event,
        missed: rest.missed,
        rules: rest.rules,
    })
}

#[cfg(test)]
mod tests {
    use crate::provider::file::{self, Source};

    fn read(webhook: &str) -> Result<file::WebhookSource, String> {
        let head = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n";
        let text = format!(
            "{head}[sources.webhook]\nkind = \"webhook\"\n{webhook}\n[sources.webhook.event]\ntype = \"/type\"\n"
        );
        match file::parse(&text).map_err(|e| e.message)?.sources.remove("webhook") {
            Some(Source::Webhook(w)) => Ok(*w),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_source_without_a_proof_says_what_it_needs_and_is_off() {
        let off = read("evidence = \"U\"\nneeds = \"a family\"").unwrap();
        assert!(off.verify.is_empty() && off.needs.as_deref() == Some("a family"));
        let token = "[sources.webhook.verify]\nfamily = \"token\"\nheader = \"x-token\"";
        assert!(read("evidence = \"U\"").unwrap_err().contains("[verify] is missing"));
        assert!(read("evidence = \"V\"\nneeds = \"x\"").unwrap_err().contains("evidence = \"U\""));
        let both = format!("evidence = \"U\"\nneeds = \"x\"\n{token}");
        assert!(read(&both).unwrap_err().contains("remove it"));
        assert_eq!(read(&format!("evidence = \"V\"\n{token}")).unwrap().verify.len(), 1);
    }
}
