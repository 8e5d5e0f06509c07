//! Reading webhooks: what a verified message says, by the rules of its provider file.
//!
//! In: headers and body. Out: one observation for each event in it. Invariant: everything is compiled once, when the file is loaded; a type no
//! rule knows becomes `unrecognized`, never an error. Refuses to invent: a field that is missing is empty.

use super::ReadContext;
use super::message::MessageShape;
use crate::crypto::short_hash;
use crate::model::observation::Ending;
use crate::model::text::{one_line, safe_link};
use crate::model::{
    Change, Deadline, Fact, Kind, MatterId, Observation, Rank, ReadOutcome, Severity, Subject, SubjectType,
};
use crate::provider::file::{BodyForm, EndingRule, Rule, TimeFormat, Verify, WebhookSource};
use crate::provider::kind::TypeShape;
use crate::provider::pick::{self, Place};
use crate::provider::shallow;
use crate::provider::verify::{Atom, template};
use jiff::Timestamp;
use minijinja::{Environment, UndefinedBehavior, value::Serde};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most work a template may do.
const TEMPLATE_FUEL: u64 = 10_000;
const TITLE_LENGTH: usize = 200;
const SUMMARY_LENGTH: usize = 1_000;
const KEY_LENGTH: usize = 120;

/// A provider file's webhook, compiled.
#[derive(Debug)]
pub struct WebhookReader {
    source: WebhookSource,
    templates: Environment<'static>,
    rules: Vec<CompiledRule>,
    message: MessageShape,
    kind: TypeShape,
    occurred_at: Option<(Place, TimeFormat)>,
    delivery_id: Option<Place>,
    /// For each way of proof: whether the id is inside what it covers.
    id_is_signed: Vec<bool>,
}

/// A field of a rule.
#[derive(Debug)]
enum Words {
    /// A text without anything to fill in: what most addresses are.
    Plain(String),
    /// The name of a template.
    Template(String),
}

#[derive(Debug)]
struct CompiledRule {
    /// By the order of [`FIELDS`].
    fields: [Option<Words>; 3],
    /// What its templates may ask for: the rest of a message need not be made ready for them.
    asks: BTreeSet<String>,
    /// Where its fields begin, as a JSON Pointer.
    from: Option<String>,
    key: Option<Place>,
    ending: Option<CompiledEnding>,
}

#[derive(Debug)]
struct CompiledEnding {
    subject: Place,
    kind: SubjectType,
    date: Place,
    replacement: Option<Place>,
}

/// How long the body of a sender without ids and signatures counts as the same message, in days.
const SAME_BODY_DAYS: i64 = 3;

/// The span of time within which two equal bodies without an id are one message.
pub fn same_body_span(at: Timestamp) -> i64 {
    at.as_second() / (SAME_BODY_DAYS * 86_400)
}

/// Fields of a rule that are templates.
const FIELDS: [&str; 3] = ["title", "summary", "url"];

impl WebhookReader {
    /// Compiles and lints.
    ///
    /// # Errors
    /// What is wrong with which rule.
    pub fn new(source: &WebhookSource) -> Result<Self, String> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Chainable);
        templates.set_fuel(Some(TEMPLATE_FUEL));
        let mut rules = Vec::new();
        for (i, rule) in source.rules.iter().enumerate() {
            let named = |m: String| format!("rule {:?}: {m}", rule.types.join(", "));
            let mut compiled = compile(rule).map_err(named)?;
            for (field, (name, text)) in FIELDS.into_iter().zip([&rule.title, &rule.summary, &rule.url]).enumerate() {
                compiled.fields[field] = match text {
                    Some(text) if text.contains('{') => {
                        let id = format!("{i}.{name}");
                        templates
                            .add_template_owned(id.clone(), text.clone())
                            .map_err(|e| named(format!("{name}: {e}")))?;
                        Some(Words::Template(id))
                    }
                    Some(text) => Some(Words::Plain(text.clone())),
                    None => None,
                };
            }
            compiled.asks = asks([&rule.title, &rule.summary, &rule.url]);
            rules.push(compiled);
        }
        let (message, kind) = (MessageShape::new(&source.event)?, TypeShape::new(&source.event)?);
        let delivery_id = source.event.delivery_id.as_deref().map(Place::parse).transpose()?;
        let occurred_at = match &source.event.occurred_at {
            Some(o) => Some((Place::parse(&o.at)?, o.format)),
            None => None,
        };
        let signs_id = |way: &Verify| match (way, &delivery_id) {
            (Verify::Signed(s), Some(Place::Header(name))) => {
                template(&s.message).is_ok_and(|atoms| atoms.contains(&Atom::Header(name.clone())))
            }
            // Every accepted message covers the body.
            (Verify::Signed(_), Some(Place::Pointer(_))) => true,
            (Verify::Token(_) | Verify::Basic(_) | Verify::UrlToken, _) | (Verify::Signed(_), None) => false,
        };
        let id_is_signed = source.verify.iter().map(signs_id).collect();
        Ok(Self { source: source.clone(), templates, rules, message, kind, occurred_at, delivery_id, id_is_signed })
    }

    /// Its settings.
    pub fn source(&self) -> &WebhookSource {
        &self.source
    }

    /// The id of a delivery, if it stands inside the bytes that were proven; only then may it stand for the delivery. The
    /// way it was proven, when known; otherwise it must be inside for every way.
    pub fn proven_id(&self, headers: &[(String, String)], body: &[u8], way: Option<usize>) -> Option<String> {
        let signed = match way {
            Some(n) => self.id_is_signed.get(n).copied().unwrap_or(false),
            None => !self.id_is_signed.is_empty() && self.id_is_signed.iter().all(|s| *s),
        };
        // The id of one event of a list is not that of the delivery.
        if !signed || self.message.is_list() {
            return None;
        }
        match (self.delivery_id.as_ref()?, self.source.event.body) {
            (Place::Header(h), _) => headers.iter().find(|(k, _)| k == h).map(|(_, v)| v.clone()),
            (Place::Pointer(p), BodyForm::Json) => shallow::text_at(body, p),
            (Place::Pointer(p), BodyForm::Form) => {
                self.message.events(body).ok()?.first()?.pointer(p)?.as_str().map(str::to_owned)
            }
        }
        .filter(|id| !id.is_empty() && id.len() <= 300)
    }

    /// Headers that say something, lower case: kept beside the body.
    pub fn headers_read(&self) -> Vec<String> {
        let keys = self.rules.iter().filter_map(|r| r.key.as_ref());
        let places = self.delivery_id.iter().chain(self.occurred_at.iter().map(|(p, _)| p)).chain(keys);
        let named = places.filter_map(|p| if let Place::Header(h) = p { Some(h.as_str()) } else { None });
        named.chain(self.kind.headers()).map(str::to_owned).collect()
    }

    /// What the message says.
    pub fn read(&self, cx: &ReadContext, headers: &[(String, String)], body: &[u8]) -> ReadOutcome {
        let events = match self.message.events(body) {
            Ok(v) => v,
            Err(why) => return ReadOutcome::Unreadable(why),
        };
        // The same words months later are news again, as they are to the inbox.
        let of_body = || format!("body:{}/{}", hex::encode(short_hash(&[body])), same_body_span(cx.received_at));
        let id = self.proven_id(headers, body, None);
        let seen = events.iter().enumerate().map(|(n, json)| {
            let native_id = if self.message.is_list() {
                self.id_in(json).unwrap_or_else(|| format!("{}/{n}", of_body()))
            } else {
                id.clone().unwrap_or_else(of_body)
            };
            self.observe(cx, headers, json, native_id)
        });
        ReadOutcome::Ok(seen.collect())
    }

    /// The id of one event of a list, where the list is proven.
    fn id_in(&self, json: &Value) -> Option<String> {
        let place = self.delivery_id.as_ref().filter(|p| matches!(p, Place::Pointer(_)))?;
        let proven = !self.id_is_signed.is_empty() && self.id_is_signed.iter().all(|s| *s);
        pick::pick(place, &[], json).filter(|id| proven && id.len() <= 300).map(|id| id.into_owned())
    }

    fn observe(&self, cx: &ReadContext, headers: &[(String, String)], json: &Value, native_id: String) -> Observation {
        let native_type = self.kind.of(headers, json).map(|t| one_line(&t, KEY_LENGTH));
        let found = native_type.as_deref().and_then(|t| pick::rule_for(&self.source.rules, t));
        let occurred_at = self.occurred_at(headers, json).unwrap_or(cx.received_at);
        let name = native_type.clone().unwrap_or_else(|| "message without a type".into());
        let mut seen = Observation {
            provider: cx.provider.clone(),
            source: cx.source.clone(),
            connection: cx.connection.clone(),
            kind: Kind::Unrecognized,
            matter: None,
            native_type,
            native_id: Some(native_id),
            severity: Severity::Info,
            title: one_line(&format!("{}: {name}", cx.provider_name), TITLE_LENGTH),
            summary: String::new(),
            url: None,
            subjects: cx.connection.iter().map(|c| Subject::account(&cx.provider, c.account())).collect(),
            money: None,
            fact: Fact::Noted,
            occurred_at,
        };
        if let Some((index, rule)) = found {
            let inner = match &self.rules[index].from {
                Some(pointer) => json.pointer(pointer).unwrap_or(&Value::Null),
                None => json,
            };
            self.apply(rule, index, &mut seen, cx, (headers, inner), &name);
        }
        seen
    }

    fn apply(
        &self,
        rule: &Rule,
        index: usize,
        seen: &mut Observation,
        cx: &ReadContext,
        (headers, json): (&[(String, String)], &Value),
        name: &str,
    ) {
        seen.kind = rule.kind;
        let quiet = matches!(rule.kind, Kind::Job | Kind::Change | Kind::Unrecognized);
        seen.severity = rule.severity.unwrap_or(if quiet { Severity::Info } else { Severity::Major });
        let compiled = &self.rules[index];
        let [title, summary, url] = self.words(compiled, json);
        let short = |t: Option<Cow<'_, str>>, max| t.map(|t| one_line(&t, max)).filter(|t| !t.is_empty());
        if let Some(t) = short(title, TITLE_LENGTH) {
            seen.title = t;
        }
        seen.summary = short(summary, SUMMARY_LENGTH).unwrap_or_default();
        seen.url = url.and_then(|u| safe_link(&u));
        if quiet {
            return;
        }
        if let Some(ending) = &compiled.ending {
            ending_of(ending, seen, cx, (headers, json));
            return;
        }
        let key = compiled
            .key
            .as_ref()
            .and_then(|p| pick::pick(p, headers, json))
            .map(|k| one_line(&k, KEY_LENGTH))
            .filter(|k| !k.is_empty());
        let account = cx.connection.as_ref().map_or("main", |c| c.account());
        let matter = rule.matter.as_deref().unwrap_or(name);
        let id = match key {
            Some(k) => format!("{}:account/{account}/{matter}/{k}", cx.provider),
            None => format!("{}:account/{account}/{matter}", cx.provider),
        };
        seen.matter = MatterId::new(id).ok();
        seen.fact = Fact::Episode { change: rule.change.unwrap_or(Change::Opened) };
    }

    /// The fields of a rule, filled in.
    fn words<'w>(&self, rule: &'w CompiledRule, json: &Value) -> [Option<Cow<'w, str>>; 3] {
        let asked = || rule.asks.iter().filter_map(|name| Some((name.clone(), json.get(name)?)));
        let mut context = None;
        rule.fields.each_ref().map(|field| match field.as_ref()? {
            Words::Plain(text) => Some(Cow::Borrowed(text.as_str())),
            Words::Template(name) => {
                let context = context.get_or_insert_with(|| {
                    let named = asked().map(|(name, v)| (name, minijinja::Value::from(Serde(v))));
                    minijinja::Value::from(named.collect::<BTreeMap<_, _>>())
                });
                // A template that runs out of fuel on a strange body leaves its field empty; the event itself is kept.
                self.templates.get_template(name).ok()?.render(&*context).ok().map(Cow::Owned)
            }
        })
    }

    fn occurred_at(&self, headers: &[(String, String)], json: &Value) -> Option<Timestamp> {
        let (place, format) = self.occurred_at.as_ref()?;
        let text = pick::pick(place, headers, json)?;
        match format {
            TimeFormat::Unix => Timestamp::from_second(text.parse().ok()?).ok(),
            TimeFormat::UnixMs => Timestamp::from_millisecond(text.parse().ok()?).ok(),
            TimeFormat::Rfc3339 => text.parse().ok(),
        }
    }
}

/// Every word of the templates of a rule: what they use of a message has its name among them.
fn asks(texts: [&Option<String>; 3]) -> BTreeSet<String> {
    let templates = texts.into_iter().flatten().filter(|t| t.contains('{'));
    let words = templates.flat_map(|t| t.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn compile(rule: &Rule) -> Result<CompiledRule, String> {
    if rule.types.is_empty() {
        return Err("type is an empty list".into());
    }
    if matches!(rule.change, Some(c) if !matches!(c, Change::Opened | Change::Updated | Change::Resolved)) {
        return Err("change must be opened, updated or resolved".into());
    }
    if (rule.kind == Kind::Deprecation) != rule.ending.is_some() {
        return Err("kind = \"deprecation\" and [ending] go together".into());
    }
    if rule.kind == Kind::Source {
        return Err("kind \"source\" is forewarn's own".into());
    }
    if let Some(from) = rule.from.as_ref().filter(|f| !matches!(Place::parse(f), Ok(Place::Pointer(_)))) {
        return Err(format!("from {from:?} is no place in the body: write a JSON Pointer like /data"));
    }
    let place = |p: &Option<String>| p.as_deref().map(Place::parse).transpose();
    let ending = match &rule.ending {
        Some(EndingRule { subject, subject_type, shutdown_on, replacement }) => Some(CompiledEnding {
            subject: Place::parse(subject)?,
            kind: *subject_type,
            date: Place::parse(shutdown_on)?,
            replacement: place(replacement)?,
        }),
        None => None,
    };
    Ok(CompiledRule {
        fields: [None, None, None],
        asks: BTreeSet::new(),
        from: rule.from.clone(),
        key: place(&rule.key)?,
        ending,
    })
}

/// A message that says what ends when. Without a readable thing it stays a plain fact.
fn ending_of(
    e: &CompiledEnding,
    seen: &mut Observation,
    cx: &ReadContext,
    (headers, json): (&[(String, String)], &Value),
) {
    let text = |p: &Place| pick::pick(p, headers, json).map(|t| one_line(&t, KEY_LENGTH)).filter(|t| !t.is_empty());
    let Some(subject) = text(&e.subject).map(|id| Subject::of(&cx.provider, e.kind, id)) else { return };
    let date = text(&e.date);
    let deadline = date.as_ref().and_then(|d| Some(Deadline::day(d.get(..10)?.parse().ok()?, d.clone())));
    let replacements: Vec<String> = e.replacement.as_ref().and_then(text).into_iter().collect();
    let quote = format!("{} | {} | {}", subject.id, date.unwrap_or_default(), replacements.join(", "));
    seen.matter = subject.matter_id();
    seen.subjects = vec![subject];
    seen.fact = Fact::Ending(Ending {
        announced_on: None,
        deadline,
        replacements,
        quote,
        rank: Rank::Api,
        ended: false,
        stage: None,
        review: None,
        after: crate::model::Aftermath::default(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionId, ProviderId, SourceId};
    use crate::provider::catalog::Catalog;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            "(safety|external_key|invoice|response|alert|deprecation)\\.[a-z_.]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let key = prop_oneof!["(id|type|data|object|created|created_at|account|status|title|subject)", "\\PC{0,8}"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((key, inner), 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    fn every_reader_survives(headers: &[(String, String)], body: &[u8]) {
        let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
        for p in catalog.iter() {
            let Some(reader) = p.webhook() else { continue };
            let cx = ReadContext {
                provider: p.file.id.clone(),
                provider_name: p.file.name.clone(),
                source: SourceId::of(&p.file.id, "webhook").unwrap(),
                connection: ConnectionId::of(&p.file.id, "main").ok(),
                received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            };
            match reader.read(&cx, headers, body) {
                ReadOutcome::Ok(seen) => {
                    assert!(seen.len() == 1 || reader.source().event.items.is_some(), "{}", p.file.id);
                    for title in seen.iter().map(|o| &o.title) {
                        assert!(!title.chars().any(char::is_control), "{title:?}");
                        assert!(title.chars().count() <= TITLE_LENGTH + 1, "{title:?}");
                    }
                }
                ReadOutcome::Unreadable(why) | ReadOutcome::GuardFailed(why) => assert!(!why.is_empty()),
            }
            let _ = reader.proven_id(headers, body, None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_json_and_no_header_makes_a_reader_panic(body in json(), event in "\\PC{0,20}", id in "\\PC{0,10}") {
            let headers = [("x-github-event".to_owned(), event), ("webhook-id".to_owned(), id)];
            every_reader_survives(&headers, body.to_string().as_bytes());
        }

        #[test]
        fn no_bytes_make_a_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            every_reader_survives(&[], &body);
        }
    }

    #[test]
    fn a_type_no_rule_knows_is_unrecognized_and_keeps_its_name() {
        let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
        let p = catalog.get("openai").unwrap();
        let cx = ReadContext {
            provider: ProviderId::new("openai").unwrap(),
            provider_name: "OpenAI".into(),
            source: SourceId::new("openai/webhook").unwrap(),
            connection: None,
            received_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        };
        let read = p.webhook().unwrap().read(&cx, &[], br#"{"id":"evt_1","type":"zebra.born"}"#);
        let ReadOutcome::Ok(seen) = read else { panic!("{read:?}") };
        assert_eq!((seen[0].kind, seen[0].title.as_str()), (Kind::Unrecognized, "OpenAI: zebra.born"));
    }
}
