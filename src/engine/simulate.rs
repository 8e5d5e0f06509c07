//! Simulating: a correctly signed sample message of any sender.
//!
//! In: a provider, a type, an optional secret. Out: path, headers, body. Invariant: made from the provider file alone,
//! so a sample is accepted exactly where a real message is. Refuses to send: the command does.

use super::connections::Connection;
use crate::model::text::glob;
use crate::model::{Payload, Unverified};
use crate::provider::catalog::Provider;
use crate::provider::file::{BodyForm, HandshakeTable, TimeFormat, TimeUnit, Verify, WebhookSource};
use crate::provider::handshake::{Piece, Spot, pieces};
use crate::provider::kind::TypeShape;
use crate::provider::pick::Place;
use crate::provider::sign::{self, Unsigned, held_by_receiver, needs_private_key, sample_secret};
use crate::provider::verify::{Atom, PATH, Site, Verifier, live_secret, template, ways_for};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The type that asks for a handshake instead of a message; `handshake.2` for the second.
pub const HANDSHAKE: &str = "handshake";
/// Where a message goes when nobody said where the outside reaches us.
const NOWHERE: &str = "https://forewarn.example.com";

/// A signed sample.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Method.
    pub method: String,
    /// Path on the intake, with the query if there is one.
    pub path: String,
    /// The public address, as the sender sees it.
    pub url: String,
    /// Headers of proof and type.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
    /// What `webhook_secret` must hold to accept it, when that is not the connection's own: the built-in sample secret,
    /// or the public half of the key that signed.
    pub sample_secret: Option<String>,
    /// Whether it is a question, not a message.
    pub handshake: bool,
}

/// What to sample.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Which account's hook.
    pub account: &'a str,
    /// The type, `safety.alert.created`, or [`HANDSHAKE`].
    pub kind: &'a str,
    /// The connection's secret; the built-in sample secret without one.
    pub secret: Option<&'a str>,
    /// Another secret to sign with; for a sender with a key pair its private half.
    pub key: Option<&'a str>,
    /// Which way of proof, `1` is the first; by default the one the secret is for.
    pub way: Option<usize>,
    /// Where the outside reaches us.
    pub public_url: Option<&'a str>,
    /// Our id at a sender whose key signs for all its customers.
    pub pin: Option<&'a str>,
    /// Makes the id: two samples with one number are the same delivery.
    pub number: u64,
    /// When.
    pub at: Timestamp,
}

/// A message in the making.
#[derive(Default)]
struct Draft {
    method: Option<String>,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Value,
}

impl Draft {
    fn put(&mut self, place: &str, value: Value) -> Result<(), String> {
        self.put_at(Place::parse(place)?, value);
        Ok(())
    }

    fn put_at(&mut self, place: Place, value: Value) {
        match place {
            Place::Pointer(p) => set(&mut self.body, &p, value),
            Place::Header(h) => {
                self.headers.retain(|(k, _)| *k != h);
                self.headers.push((h, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
        }
    }
}

/// Makes a sample.
///
/// # Errors
/// The provider sends no webhooks, or what it signs cannot be made.
pub fn sample(provider: &Provider, w: Wanted<'_>) -> Result<Sample, String> {
    let Some((_, source)) = provider.file.webhook() else {
        return Err(format!("{} sends no webhooks", provider.file.id));
    };
    if let Some(needs) = &source.needs {
        return Err(format!("{} is not verified yet: it needs {needs}", provider.file.name));
    }
    let id = format!("sample_{:016x}", w.number);
    let mut draft = Draft { body: json!({}), ..Draft::default() };
    let handshake = asked_for(source, w.kind)?;
    match handshake {
        Some(table) => question(table, &mut draft)?,
        None => message(source, w, &id, &mut draft)?,
    }
    let way = chosen(&source.verify, w)?;
    if let Verify::Signed(s) = way
        && let Some(t) = &s.timestamp
        && let Some(pointer) = &t.body
    {
        let time = sign::moment(w.at, t.unit);
        let digits = t.unit != TimeUnit::Rfc3339;
        draft.put(pointer, if digits { time.parse::<i64>().map_or(Value::Null, Value::from) } else { json!(time) })?;
    }
    let form = as_form(source, way);
    let body = if form { encoded(&draft.body) } else { draft.body.to_string() };
    let kind = if form { "application/x-www-form-urlencoded" } else { "application/json" };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
    headers.append(&mut draft.headers);
    let signed = handshake.is_none_or(|h| h.signed);
    let (secret, own) = secret_of(way, w);
    let pin = w.pin.unwrap_or("sample-customer");
    let mut m = Unsigned { id: &id, at: w.at, body: body.as_bytes(), url: "", pin };
    let mut path = format!("/hooks/{}/{}", provider.file.id, w.account);
    if matches!(way, Verify::UrlToken) {
        path = format!("{path}/{secret}");
    }
    if signed {
        draft.query.extend(sign::query(way, &secret, m));
    }
    if !draft.query.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&draft.query).finish();
        path = format!("{path}?{query}");
    }
    let url = format!("{}{path}", w.public_url.unwrap_or(NOWHERE));
    m.url = &url;
    if signed {
        for (k, v) in sign::headers(way, &secret, m)? {
            headers.retain(|(name, _)| *name != k);
            headers.push((k, v));
        }
    }
    let method = draft.method.or_else(|| source.methods.first().cloned()).unwrap_or_else(|| "POST".into());
    let sample_secret = if own { None } else { Some(held_by_receiver(way, &secret)?) };
    Ok(Sample { method, path, url, headers, body, sample_secret, handshake: handshake.is_some() })
}

/// What a connection's own sample, signed with each of its secrets, meets here: a secret or a provider file that cannot
/// work is found when the config is checked, not at the first delivery. (A key pair cannot be tried: we hold only its
/// public half.)
///
/// # Errors
/// The number of the secret, and why its sample was refused.
pub fn self_test(provider: &Provider, c: &Connection) -> Result<(), (usize, String)> {
    let Some((_, source)) = provider.file.webhook() else {
        return Ok(());
    };
    let first = source.rules.first().and_then(|r| r.types.first());
    let kind = first.map_or_else(|| "self.test".to_owned(), |t| t.replace('*', "test"));
    // Any moment does: it is signed and judged at the same.
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000);
    for (i, (secret, _)) in c.webhook_secrets.iter().enumerate() {
        let (public_url, pin) = (c.public_url.as_deref(), c.pins.first().map(String::as_str));
        let secret = secret.expose_secret();
        let account = c.id.account();
        let w = Wanted { account, kind: &kind, secret: Some(secret), public_url, pin, at, ..Wanted::default() };
        let s = match sample(provider, w) {
            Ok(s) if s.sample_secret.is_none() => s,
            // Not signed with this secret, or with fields only the sender knows: nothing to judge.
            Ok(_) | Err(_) => continue,
        };
        // A secret that is none, and what else is missing, is told where it is looked for.
        let Ok(held) = live_secret(&source.verify, secret, i + 1, None) else { continue };
        let site = Site { public_url: c.public_url.clone(), pins: c.pins.clone() };
        let Ok(verifier) = Verifier::new(&source.verify, vec![held], site) else { continue };
        let mut headers = s.headers;
        headers.push((PATH.to_owned(), s.path.clone()));
        let payload = Payload::<Unverified>::new(headers, s.body.into_bytes().into());
        if let Err(why) = verifier.verify(payload, s.path.rsplit('/').next(), at) {
            let why = format!("does not open what it signs itself ({why}): its provider file cannot work");
            return Err((i + 1, why));
        }
    }
    Ok(())
}

/// The way to sign: the one asked for, else the one the secret is for.
fn chosen<'v>(ways: &'v [Verify], w: Wanted<'_>) -> Result<&'v Verify, String> {
    let index = match (w.way, w.key.or(w.secret)) {
        (Some(n), _) => n.saturating_sub(1),
        (None, Some(secret)) => match ways_for(ways, secret) {
            // A private key is for the way that needs one.
            Ok(fits) if w.key.is_none() => fits.first().copied().unwrap_or(0),
            fits => ways.iter().position(needs_private_key).or(fits.ok().and_then(|f| f.first().copied())).unwrap_or(0),
        },
        (None, None) => 0,
    };
    ways.get(index).ok_or_else(|| format!("this sender has {} way(s) of proof: choose 1 to {0}", ways.len()))
}

/// What to sign with, and whether it is the connection's own secret.
fn secret_of(way: &Verify, w: Wanted<'_>) -> (String, bool) {
    match (w.key, w.secret) {
        (Some(key), _) => (key.to_owned(), false),
        (None, Some(secret)) if !needs_private_key(way) && secret.starts_with(way.secret_prefix()) => {
            (secret.to_owned(), true)
        }
        (None, _) => (sample_secret(way), false),
    }
}

/// The handshake a type asks for, if it asks for one.
fn asked_for<'s>(source: &'s WebhookSource, kind: &str) -> Result<Option<&'s HandshakeTable>, String> {
    let Some(rest) = kind.strip_prefix(HANDSHAKE) else { return Ok(None) };
    let number = match rest.strip_prefix('.') {
        Some(n) => n.parse::<usize>().unwrap_or(0),
        None if rest.is_empty() => 1,
        None => return Ok(None),
    };
    let found = number.checked_sub(1).and_then(|n| source.handshakes.get(n));
    found.map(Some).ok_or_else(|| format!("this sender has {} handshake(s)", source.handshakes.len()))
}

/// An ordinary message: its type, time, id and what its rule names.
fn message(source: &WebhookSource, w: Wanted<'_>, id: &str, draft: &mut Draft) -> Result<(), String> {
    let places = TypeShape::new(&source.event)?.fill(w.kind).ok_or_else(|| {
        format!("no message of this sender can be of type {:?}: see its provider file for the types it knows", w.kind)
    })?;
    for (place, word) in places {
        draft.put_at(place, json!(word));
    }
    if let Some(at) = &source.event.occurred_at {
        let value = match at.format {
            TimeFormat::Unix => json!(w.at.as_second()),
            TimeFormat::UnixMs => json!(w.at.as_millisecond()),
            TimeFormat::Rfc3339 => json!(w.at.to_string()),
        };
        draft.put(&at.at, value)?;
    }
    let rule = source.rules.iter().find(|r| r.types.iter().any(|p| glob(p, w.kind)));
    // Places of a rule begin where its fields do.
    let from = rule.and_then(|r| r.from.as_deref()).unwrap_or_default();
    let inside = |place: &str| if place.starts_with('/') { format!("{from}{place}") } else { place.to_owned() };
    if let Some(key) = rule.and_then(|r| r.key.as_deref()) {
        draft.put(&inside(key), json!(format!("sample-{}", w.number)))?;
    }
    if let Some(e) = rule.and_then(|r| r.ending.as_ref()) {
        draft.put(&inside(&e.subject), json!("gpt-sample-1"))?;
        let in_60_days =
            w.at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(60));
        draft.put(&inside(&e.shutdown_on), json!(in_60_days.to_string()))?;
        if let Some(r) = &e.replacement {
            draft.put(&inside(r), json!("gpt-sample-2"))?;
        }
    }
    for path in rule.and_then(|r| r.title.as_deref()).map(named).unwrap_or_default() {
        let pointer = format!("{from}/{}", path.replace('.', "/"));
        let word = path.rsplit('.').next().unwrap_or(path).replace('_', " ");
        suggest(&mut draft.body, &pointer, json!(format!("sample {word}")));
    }
    if let Some(place) = &source.event.delivery_id {
        draft.put(place, json!(id))?;
    }
    for pointer in source.event.unwrap.iter().rev() {
        if let Some(at) = draft.body.pointer_mut(pointer).filter(|v| v.is_object() || v.is_array()) {
            *at = Value::String(at.to_string());
        }
    }
    if let Some(list) = &source.event.items {
        let event = draft.body.take();
        set(&mut draft.body, list, json!([event]));
    }
    Ok(())
}

/// What a template names first in each of its plain places: `alert.title` of `{{ alert.title or alert.id }}`. What goes
/// through a filter may have to be a number or a list, and is left out.
fn named(template: &str) -> Vec<&str> {
    let places = template.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(inside, _)| inside.trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let first = places.filter(|p| !p.contains(['|', '(', '[', '"', '\'']));
    first
        .map(|p| p.split(" or ").next().unwrap_or(p).trim())
        .filter(|p| !p.is_empty() && p.chars().all(plain))
        .collect()
}

/// Sets a value where nothing stands, and nothing that holds no fields stands on the way.
fn suggest(body: &mut Value, pointer: &str, value: Value) {
    let ways = pointer.match_indices('/').skip(1).map(|(n, _)| &pointer[..n]);
    let open = ways.into_iter().all(|way| body.pointer(way).is_none_or(|v| v.is_object()));
    if open && body.pointer(pointer).is_none() && body.is_object() {
        set(body, pointer, value);
    }
}

/// A question: what its table looks for, and something wherever its answer takes a text from.
fn question(table: &HandshakeTable, draft: &mut Draft) -> Result<(), String> {
    let mut fill = |spot: Spot, text: &str| match spot {
        Spot::Method => draft.method = Some(text.to_owned()),
        Spot::Query(name) => draft.query.push((name, text.to_owned())),
        Spot::Header(Place::Header(h)) => draft.headers.push((h, text.to_owned())),
        Spot::Body(Place::Pointer(p)) => {
            let number = text.parse::<i64>().map(Value::from);
            set(&mut draft.body, &p, number.unwrap_or_else(|_| json!(text)));
        }
        Spot::Header(Place::Pointer(_)) | Spot::Body(Place::Header(_)) => {}
    };
    let mut done: Vec<Spot> = Vec::new();
    for (at, pattern) in &table.when {
        done.push(Spot::parse(at)?);
        fill(Spot::parse(at)?, &pattern.replace('*', "sample"));
    }
    for text in table.reply.texts() {
        for piece in pieces(text)? {
            match piece {
                Piece::Value(spot) | Piece::Hmac(spot) if !done.contains(&spot) => {
                    done.push(spot.clone());
                    fill(spot, "sample-challenge");
                }
                Piece::Value(_) | Piece::Hmac(_) | Piece::Literal(_) => {}
            }
        }
    }
    Ok(())
}

/// Whether the body is a form: where fields are signed, or the sender usually sends one.
fn as_form(source: &WebhookSource, way: &Verify) -> bool {
    match way {
        Verify::Signed(s) => {
            let atoms = template(&s.message).unwrap_or_default();
            let fields = atoms.iter().any(|a| matches!(a, Atom::FormSorted | Atom::Form(_)));
            fields || (source.event.body == BodyForm::Form && s.body_hash.is_none())
        }
        Verify::Token(_) | Verify::Basic(_) | Verify::UrlToken => source.event.body == BodyForm::Form,
    }
}

/// The fields at the top of a body as a form.
fn encoded(body: &Value) -> String {
    let fields = body.as_object().into_iter().flatten();
    let fields = fields.map(|(k, v)| (k, v.as_str().map_or_else(|| v.to_string(), str::to_owned)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Sets a value at a JSON Pointer, making objects on the way.
fn set(body: &mut Value, pointer: &str, value: Value) {
    let mut at = body;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        match at {
            Value::Object(map) => at = map.entry(step).or_insert(Value::Null),
            _ => return,
        }
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::provider::catalog::{Catalog, prepare};
    use crate::provider::file;
    use crate::provider::handshake::{self, Question};
    use crate::provider::verify::{Proven, Refusal};
    use bytes::Bytes;
    use std::collections::BTreeMap;

    const URL: &str = "https://hooks.example";

    #[test]
    fn a_sample_has_what_its_title_names() {
        assert_eq!(named("{{ a.b or c }}: x ({{d.e}}) {{ n|money }} {{ f(1) }}"), ["a.b", "d.e"]);
        let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
        let wanted = Wanted { account: "main", kind: "secret_scanning_alert.created", ..Wanted::default() };
        let s = sample(catalog.get("github").unwrap(), wanted).unwrap();
        let body: Value = serde_json::from_str(&s.body).unwrap();
        assert_eq!(body["repository"]["full_name"], "sample full name", "{body}");
        assert_eq!(body["alert"]["secret_type_display_name"], "sample secret type display name");
        let mut body = json!({"a": "text", "c": {"d": 1}});
        for at in ["/a/b", "/c/d", "/c/e"] {
            suggest(&mut body, at, json!("new"));
        }
        assert_eq!(body, json!({"a": "text", "c": {"d": 1, "e": "new"}}), "nothing that is there is touched");
    }

    fn judged(source: &WebhookSource, s: &Sample, at: Timestamp) -> Result<Proven, Refusal> {
        let secret = s.sample_secret.as_deref().unwrap_or_default();
        let secrets = vec![live_secret(&source.verify, secret, 1, None).unwrap()];
        let site = Site { public_url: Some(URL.into()), pins: vec!["sample-customer".into()] };
        let verifier = Verifier::new(&source.verify, secrets, site).unwrap();
        let mut headers = s.headers.clone();
        headers.push((PATH.to_owned(), s.path.clone()));
        let payload = Payload::<Unverified>::new(headers, Bytes::from(s.body.clone()));
        verifier.verify(payload, s.path.rsplit('/').next(), at)
    }

    fn source_of(p: &Provider) -> Option<&WebhookSource> {
        p.file.webhook().map(|(_, w)| w)
    }

    fn at() -> Timestamp {
        Timestamp::from_second(1_795_420_800).unwrap()
    }

    /// Every sample of every way is accepted where it is sent, and keeps its type.
    fn samples_are_accepted(p: &Provider) {
        let Some(source) = source_of(p) else { return };
        let kind = source.rules.first().map_or("x.y", |r| r.types[0].as_str()).replace('*', "x");
        for way in 1..=source.verify.len() {
            let w = Wanted {
                account: "main",
                kind: &kind,
                way: Some(way),
                public_url: Some(URL),
                number: 7,
                at: at(),
                ..Wanted::default()
            };
            let s = sample(p, w).unwrap_or_else(|e| panic!("{} way {way}: {e}", p.file.id));
            let proven = judged(source, &s, at()).unwrap_or_else(|e| panic!("{} way {way}: {e}: {s:?}", p.file.id));
            let same_secret =
                source.verify.iter().filter(|v| v.secret_prefix() == source.verify[way - 1].secret_prefix());
            assert!(
                proven.way == way - 1 || same_secret.count() > 1,
                "{}: way {way} came as {}",
                p.file.id,
                proven.way + 1
            );
        }
        for n in 1..=source.handshakes.len() {
            let kind = format!("{HANDSHAKE}.{n}");
            let w = Wanted { account: "main", kind: &kind, public_url: Some(URL), at: at(), ..Wanted::default() };
            let s = sample(p, w).unwrap();
            let table = &source.handshakes[n - 1];
            assert_eq!(judged(source, &s, at()).is_ok(), table.signed, "{} {kind}", p.file.id);
            let body: Option<Value> = serde_json::from_str(&s.body).ok().filter(|_| table.signed);
            let mut headers = s.headers.clone();
            headers.push((PATH.to_owned(), s.path.clone()));
            let q = Question { method: &s.method, headers: &headers, body: body.as_ref() };
            let reply = handshake::answer(std::slice::from_ref(table), table.signed, q, &|t| Some(t.to_owned()));
            assert!(reply.is_some(), "{} {kind}: {s:?}", p.file.id);
        }
    }

    #[test]
    fn a_sample_of_every_way_of_every_sender_is_accepted() {
        let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
        catalog.iter().for_each(samples_are_accepted);
    }

    #[test]
    fn samples_of_the_reference_are_accepted_too() {
        let readme = include_str!("../../providers/README.md");
        let blocks = readme.split("```toml\n").skip(1).filter_map(|r| r.split("```").next());
        let mut tried = 0;
        for block in blocks.filter(|b| b.contains("[sources.webhook.verify]")) {
            let mut text = String::from("format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n");
            if !block.contains("[sources.webhook]") {
                text.push_str("[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n");
            }
            let event = if block.contains("{form_sorted}") { "body = \"form\"\n" } else { "" };
            let text = format!("{text}{block}\n[sources.webhook.event]\ntype = \"/type\"\n{event}");
            let file = file::parse(&text).unwrap_or_else(|e| panic!("{text}{e}"));
            samples_are_accepted(&prepare(file, "acme", String::new()).unwrap());
            tried += 1;
        }
        assert!(tried >= 11, "{tried} examples");
    }

    #[test]
    fn a_form_is_signed_as_a_form_and_read_as_one() {
        let text = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.verify]\nfamily = \"hmac\"\nkey = \"utf8\"\nmessage = \"{url}{form_sorted}\"\nsignature = { header = \"x-s\", encoding = \"base64\" }\n[sources.webhook.event]\ntype = \"/Kind\"\nbody = \"form\"\n";
        let p = prepare(file::parse(text).unwrap(), "acme", String::new()).unwrap();
        let w = Wanted { account: "main", kind: "a b&c", public_url: Some(URL), at: at(), ..Wanted::default() };
        let s = sample(&p, w).unwrap();
        assert_eq!(s.body, "Kind=a+b%26c");
        assert!(s.headers.contains(&("content-type".into(), "application/x-www-form-urlencoded".into())));
        let seen = p.webhook().unwrap().read(
            &crate::provider::read::ReadContext {
                provider: p.file.id.clone(),
                provider_name: "Acme".into(),
                source: crate::model::SourceId::new("acme/webhook").unwrap(),
                connection: None,
                received_at: at(),
            },
            &[],
            s.body.as_bytes(),
        );
        let crate::model::ReadOutcome::Ok(seen) = seen else { panic!("{seen:?}") };
        assert_eq!(seen[0].native_type.as_deref(), Some("a b&c"));
    }
}
