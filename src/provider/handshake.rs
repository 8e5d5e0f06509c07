//! Handshakes: a question of a sender that is answered and not stored.
//!
//! In: the tables of a provider file, a request. Out: a [`Reply`], or nothing, if it is an ordinary message. Invariant: a
//! signed one is only shown what is proven; what is echoed is short and stays text. Refuses to read an unproven body.

use super::file::{HandshakeTable, WebhookSource};
use super::pick::{self, Place};
use super::verify::PATH;
use crate::model::text::glob;
use serde_json::Value;
use std::borrow::Cow;

/// Longest text that is echoed.
const LONGEST_ECHO: usize = 4_096;

/// Where a handshake looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// A JSON Pointer into the body.
    Body(Place),
    /// A header.
    Header(Place),
    /// A parameter of the query.
    Query(String),
    /// The method.
    Method,
}

impl Spot {
    /// Reads `/data/id`, `header:NAME`, `query:NAME` or `method`.
    ///
    /// # Errors
    /// What is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix("query:") {
            Some("") => Err(format!("{text:?} names no parameter: write query:NAME")),
            Some(name) => Ok(Spot::Query(name.to_owned())),
            None if text == "method" => Ok(Spot::Method),
            None => Place::parse(text).map(|p| match p {
                Place::Header(_) => Spot::Header(p),
                Place::Pointer(_) => Spot::Body(p),
            }),
        }
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Literal(String),
    /// What stands there.
    Value(Spot),
    /// The hexadecimal keyed hash of what stands there.
    Hmac(Spot),
}

/// Reads a text of an answer: `{/challenge}`, `{hmac:/payload/plainToken}`.
///
/// # Errors
/// What is allowed.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            out.push(Piece::Literal(rest[..open].to_owned()));
        }
        let Some(len) = rest[open..].find('}') else {
            return Err(format!("handshake: {text:?} has an opening brace that nothing closes"));
        };
        let name = &rest[open + 1..open + len];
        out.push(match name.strip_prefix("hmac:") {
            Some(spot) => Piece::Hmac(Spot::parse(spot)?),
            None => Piece::Value(Spot::parse(name)?),
        });
        rest = &rest[open + len + 1..];
    }
    if !rest.is_empty() {
        out.push(Piece::Literal(rest.to_owned()));
    }
    Ok(out)
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers, the content type among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A request, as a handshake may see it. Header names are lower case.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Its method.
    pub method: &'q str,
    /// Its headers that matter; the path and query under [`PATH`].
    pub headers: &'q [(String, String)],
    /// Its body, if it is proven.
    pub body: Option<&'q Value>,
}

impl Question<'_> {
    fn at(&self, spot: &Spot) -> Option<Cow<'_, str>> {
        match spot {
            Spot::Method => Some(Cow::Borrowed(self.method)),
            Spot::Header(place) => pick::pick(place, self.headers, &Value::Null).map(|v| Cow::Owned(v.into_owned())),
            Spot::Body(place) => pick::pick(place, self.headers, self.body?),
            Spot::Query(name) => {
                let (_, path) = self.headers.iter().find(|(k, _)| k == PATH)?;
                let (_, query) = path.split_once('?')?;
                let mut hits = url::form_urlencoded::parse(query.as_bytes()).filter(|(k, _)| k == name);
                match (hits.next(), hits.next()) {
                    (Some((_, v)), None) if !v.is_empty() => Some(v),
                    _ => None,
                }
            }
        }
        .filter(|v| v.len() <= LONGEST_ECHO)
    }
}

/// Headers handshakes look at.
pub fn headers_read(source: &WebhookSource) -> Vec<String> {
    let mut out = Vec::new();
    for table in &source.handshakes {
        let spots = table.when.keys().filter_map(|at| Spot::parse(at).ok());
        let told = table.reply.texts().into_iter().filter_map(|t| pieces(t).ok()).flatten();
        let told = told.filter_map(|p| match p {
            Piece::Literal(_) => None,
            Piece::Value(spot) | Piece::Hmac(spot) => Some(spot),
        });
        out.extend(spots.chain(told).filter_map(|s| match s {
            Spot::Header(Place::Header(h)) => Some(h),
            Spot::Query(_) => Some(PATH.to_owned()),
            Spot::Header(Place::Pointer(_)) | Spot::Body(_) | Spot::Method => None,
        }));
    }
    out
}

/// The answer to a request that is a handshake. `signed` says which tables count; `hmac` makes a keyed hash.
pub fn answer(
    tables: &[HandshakeTable],
    signed: bool,
    q: Question<'_>,
    hmac: &dyn Fn(&str) -> Option<String>,
) -> Option<Reply> {
    let met = |t: &&HandshakeTable| {
        t.signed == signed
            && t.when.iter().all(|(at, pattern)| {
                Spot::parse(at).ok().and_then(|s| q.at(&s)).is_some_and(|found| glob(pattern, &found))
            })
    };
    // A question that lacks what its answer needs is no question; it is judged as any other message.
    tables.iter().filter(met).find_map(|t| reply(t, q, hmac))
}

fn reply(table: &HandshakeTable, q: Question<'_>, hmac: &dyn Fn(&str) -> Option<String>) -> Option<Reply> {
    let fill = |text: &str| -> Option<String> {
        let mut out = String::new();
        for piece in pieces(text).ok()? {
            match piece {
                Piece::Literal(s) => out.push_str(&s),
                Piece::Value(spot) => out.push_str(&q.at(&spot)?),
                Piece::Hmac(spot) => out.push_str(&hmac(&q.at(&spot)?)?),
            }
        }
        Some(out)
    };
    let r = &table.reply;
    let (kind, body) = match (&r.json, &r.text) {
        (Some(json), _) => (Some("application/json"), filled(json, &fill)?.to_string()),
        (None, Some(text)) => (Some("text/plain; charset=utf-8"), fill(text)?),
        (None, None) => (None, String::new()),
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    if let Some(kind) = kind {
        headers.push(("content-type".into(), kind.into()));
        headers.push(("x-content-type-options".into(), "nosniff".into()));
    }
    for (name, text) in &r.headers {
        // Only what a header may hold.
        headers.push((name.clone(), fill(text).filter(|v| v.bytes().all(|b| (0x20..0x7f).contains(&b)))?));
    }
    Some(Reply { status: r.status.unwrap_or(200), headers, body })
}

fn filled(json: &Value, fill: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    Some(match json {
        Value::String(s) => Value::String(fill(s)?),
        Value::Array(list) => Value::Array(list.iter().map(|v| filled(v, fill)).collect::<Option<_>>()?),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| Some((k.clone(), filled(v, fill)?))).collect::<Option<_>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::file::{self, Source};
    use serde_json::json;

    const HEAD: &str = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.event]\ntype = \"/type\"\n";
    const HMAC: &str = "[sources.webhook.verify]\nfamily = \"hmac\"\nkey = \"utf8\"\nmessage = \"{body}\"\nsignature = { header = \"x-s\", encoding = \"hex\" }\n";
    const TOKEN: &str = "[sources.webhook.verify]\nfamily = \"token\"\nheader = \"x-token\"\n";

    fn tables(verify: &str, handshake: &str) -> Result<Vec<HandshakeTable>, String> {
        let text = format!("{HEAD}{verify}[[sources.webhook.handshake]]\n{handshake}");
        let mut file = file::parse(&text).map_err(|e| e.message)?;
        match file.sources.remove("webhook") {
            Some(Source::Webhook(w)) => Ok(w.handshakes),
            other => panic!("no webhook: {other:?}"),
        }
    }

    fn asked(handshake: &str, signed: bool, q: Question<'_>) -> Option<Reply> {
        answer(&tables(HMAC, handshake).unwrap(), signed, q, &|text| Some(format!("<{text}>")))
    }

    #[test]
    fn a_challenge_is_echoed_as_text_or_inside_json() {
        let body = json!({"type": "url_verification", "challenge": "c-1"});
        let q = Question { method: "", headers: &[], body: Some(&body) };
        let slack = "when = { \"/type\" = \"url_verification\" }\nreply = { text = \"{/challenge}\" }";
        let reply = asked(slack, true, q).unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (200, "c-1"));
        assert!(reply.headers.contains(&("content-type".into(), "text/plain; charset=utf-8".into())));
        let deep = "when = { \"/type\" = \"url_*\" }\nreply = { json = { a = [1, { b = \"{/challenge}!{hmac:/challenge}\" }] } }";
        assert_eq!(asked(deep, true, q).unwrap().body, r#"{"a":[1,{"b":"c-1!<c-1>"}]}"#);
        // Text that means something in JSON stays text.
        let body = json!({"type": "url_verification", "challenge": "\",\"x\":\""});
        let reply = asked(deep, true, Question { body: Some(&body), ..q }).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&reply.body).unwrap()["a"][1]["b"], "\",\"x\":\"!<\",\"x\":\">");
    }

    #[test]
    fn a_ping_is_told_from_an_event_by_its_number() {
        let discord = "when = { \"/type\" = \"0\" }\nreply = { status = 204 }";
        let ask = |body: Value| asked(discord, true, Question { method: "", headers: &[], body: Some(&body) });
        let none = Reply { status: 204, headers: vec![], body: String::new() };
        assert_eq!(ask(json!({"type": 0})), Some(none));
        assert_eq!(ask(json!({"type": 1})), None);
        assert_eq!(ask(json!({})), None);
    }

    #[test]
    fn a_sender_that_asks_for_leave_is_answered_by_its_head() {
        let ce = "signed = false\nwhen = { method = \"OPTIONS\", \"header:webhook-request-origin\" = \"*\" }\nreply = { headers = { webhook-allowed-origin = \"{header:webhook-request-origin}\", webhook-allowed-rate = \"*\" } }";
        let origin = |v: &str| vec![("webhook-request-origin".to_owned(), v.to_owned())];
        let ask = |method, headers: &[(String, String)]| asked(ce, false, Question { method, headers, body: None });
        let reply = ask("OPTIONS", &origin("events.example")).unwrap();
        assert!(reply.headers.contains(&("webhook-allowed-origin".into(), "events.example".into())));
        assert_eq!(ask("POST", &origin("events.example")), None);
        assert_eq!(ask("OPTIONS", &[]), None);
        // A name with a line end would become two headers.
        assert_eq!(ask("OPTIONS", &origin("a\r\nset-cookie: x")), None);
        assert_eq!(ask("OPTIONS", &origin(&"a".repeat(5_000))), None);
        // One table is not the other's: an unsigned one is not asked for a proven message.
        let q = Question { method: "OPTIONS", headers: &origin("a"), body: None };
        assert_eq!(asked(ce, true, q), None);
    }

    #[test]
    fn a_parameter_of_the_query_can_be_echoed() {
        let graph = "signed = false\nwhen = { \"query:validationToken\" = \"*\" }\nreply = { text = \"{query:validationToken}\" }";
        let ask = |path: &str| {
            let headers = [(PATH.to_owned(), path.to_owned())];
            asked(graph, false, Question { method: "POST", headers: &headers, body: None }).map(|r| r.body)
        };
        assert_eq!(ask("/hooks/x?validationToken=a%20b").as_deref(), Some("a b"));
        assert_eq!(ask("/hooks/x?validationToken=a&validationToken=b"), None);
        assert_eq!(ask("/hooks/x"), None);
    }

    #[test]
    fn an_empty_or_dangerous_handshake_is_refused_when_the_file_is_loaded() {
        let when = "when = { \"/type\" = \"x\" }";
        for (handshake, why) in [
            ("when = {}\nreply = { status = 204 }".to_owned(), "when is empty"),
            (format!("{when}\nreply = {{}}"), "reply is empty"),
            (format!("{when}\nreply = {{ status = 302 }}"), "from 200 to 299"),
            (format!("{when}\nreply = {{ text = \"a\", json = {{}} }}"), "one body"),
            (format!("{when}\nreply = {{ text = \"{{challenge}}\" }}"), "no place"),
            (format!("{when}\nreply = {{ text = \"{{/challenge\" }}"), "nothing closes"),
            (format!("{when}\nreply = {{ headers = {{ location = \"x\" }} }}"), "not for a provider file"),
            (format!("{when}\nreply = {{ headers = {{ X-A = \"x\" }} }}"), "lower case"),
            (format!("signed = false\n{when}\nreply = {{ status = 204 }}"), "its body is not read"),
            ("signed = false\nwhen = { method = \"GET\" }\nreply = { text = \"{/x}\" }".into(), "its body is not read"),
            (
                "signed = false\nwhen = { method = \"GET\" }\nreply = { text = \"{hmac:query:x}\" }".into(),
                "anything signed",
            ),
            ("when = { method = \"GET\" }\nreply = { status = 204 }".into(), "unsigned ones"),
            ("when = { \"query:\" = \"x\" }\nreply = { status = 204 }".into(), "no parameter"),
        ] {
            let e = tables(HMAC, &handshake).unwrap_err();
            assert!(e.contains(why), "{handshake}: {e}");
        }
        // A token proves who asks, but there is no key to answer with.
        let e = tables(TOKEN, &format!("{when}\nreply = {{ text = \"{{hmac:/x}}\" }}")).unwrap_err();
        assert!(e.contains("anything signed"), "{e}");
        assert!(tables(TOKEN, &format!("{when}\nreply = {{ text = \"{{/x}}\" }}")).is_ok());
    }
}
