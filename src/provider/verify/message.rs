//! The signed bytes: the template of a provider file, and a request put into it.
//!
//! In: `{header:webhook-id}.{header:webhook-timestamp}.{body}`, a payload. Out: the bytes that were signed, in parts.
//! Invariant: what is put in stands in the request exactly once; work is linear and capped. Refuses unknown atoms.

use super::Refusal;
use crate::crypto::{self, Algorithm};
use crate::model::Payload;
use crate::provider::file::SigEncoding;
use std::borrow::Cow;

/// The path and query of a request travel as a header no request can have: no name of a header holds a colon.
pub const PATH: &str = ":path";
/// Most fields of a form that are sorted for a stranger.
const MOST_FIELDS: usize = 1_000;

/// A piece of the signed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// Text as it stands.
    Literal(String),
    /// The raw body.
    Body,
    /// A hash of the raw body.
    BodyHash(Algorithm, SigEncoding),
    /// The value of a header.
    Header(String),
    /// The timestamp of a compound header.
    Timestamp,
    /// Our public address with the path and query of the request.
    Url,
    /// The decoded value of a parameter of the query.
    Query(String),
    /// Name and value of each field of a form, sorted, distinct, without anything between.
    FormSorted,
    /// The decoded value of a field of a form.
    Form(String),
}

const ATOMS: &str = "{body}, {header:NAME} (lower case), {timestamp}, {url}, {query:NAME}, {form_sorted}, {form:NAME} and hashes of the body like {sha256hex:body}";

/// Reads a message template.
///
/// # Errors
/// Names the atom that is unknown and those that are allowed.
pub fn template(text: &str) -> Result<Vec<Atom>, String> {
    let mut atoms = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            atoms.push(Atom::Literal(rest[..open].to_owned()));
        }
        let Some(len) = rest[open..].find('}') else {
            return Err(format!("message {text:?} has an opening brace that nothing closes"));
        };
        let name = &rest[open + 1..open + len];
        atoms.push(atom(name).ok_or_else(|| format!("unknown atom {{{name}}}: allowed are {ATOMS}"))?);
        rest = &rest[open + len + 1..];
    }
    if !rest.is_empty() {
        atoms.push(Atom::Literal(rest.to_owned()));
    }
    Ok(atoms)
}

fn atom(name: &str) -> Option<Atom> {
    Some(match name.split_once(':') {
        None => match name {
            "body" => Atom::Body,
            "timestamp" => Atom::Timestamp,
            "url" => Atom::Url,
            "form_sorted" => Atom::FormSorted,
            _ => return None,
        },
        Some(("header", h)) if !h.is_empty() && h == h.to_ascii_lowercase() => Atom::Header(h.to_owned()),
        Some(("query", q)) if !q.is_empty() => Atom::Query(q.to_owned()),
        Some(("form", f)) if !f.is_empty() => Atom::Form(f.to_owned()),
        Some((how, "body")) => match how {
            "sha1hex" => Atom::BodyHash(Algorithm::Sha1, SigEncoding::Hex),
            "sha256hex" => Atom::BodyHash(Algorithm::Sha256, SigEncoding::Hex),
            "sha512hex" => Atom::BodyHash(Algorithm::Sha512, SigEncoding::Hex),
            "sha1base64" => Atom::BodyHash(Algorithm::Sha1, SigEncoding::Base64),
            "sha256base64" => Atom::BodyHash(Algorithm::Sha256, SigEncoding::Base64),
            "sha512base64" => Atom::BodyHash(Algorithm::Sha512, SigEncoding::Base64),
            _ => return None,
        },
        Some(_) => return None,
    })
}

/// Whether an atom reads the address of the request.
pub(super) fn reads_path(atom: &Atom) -> bool {
    matches!(atom, Atom::Url | Atom::Query(_))
}

/// A request put into a template. `time` is the timestamp of a compound header, `base` our public address.
pub(in crate::provider) fn parts<'p, S>(
    atoms: &'p [Atom],
    payload: &'p Payload<S>,
    time: Option<&'p str>,
    base: &'p str,
) -> Result<Vec<Cow<'p, [u8]>>, Refusal> {
    let mut out = Vec::with_capacity(atoms.len());
    for a in atoms {
        out.push(match a {
            Atom::Literal(s) => Cow::Borrowed(s.as_bytes()),
            Atom::Body => Cow::Borrowed(payload.body().as_ref()),
            Atom::BodyHash(algorithm, encoding) => {
                Cow::Owned(written(&algorithm.digest(payload.body()), *encoding).into_bytes())
            }
            Atom::Header(h) => Cow::Borrowed(once(payload, h)?.as_bytes()),
            Atom::Timestamp => Cow::Borrowed(time.ok_or(Refusal::Missing)?.as_bytes()),
            Atom::Url => Cow::Owned(format!("{base}{}", once(payload, PATH)?).into_bytes()),
            Atom::Query(name) => Cow::Owned(query(payload, name)?.into_owned().into_bytes()),
            Atom::FormSorted => Cow::Owned(form_sorted(payload.body())?.into_bytes()),
            Atom::Form(name) => Cow::Owned(only(payload.body(), name)?.into_owned().into_bytes()),
        });
    }
    Ok(out)
}

/// Bytes as a sender writes them.
pub(in crate::provider) fn written(bytes: &[u8], encoding: SigEncoding) -> String {
    match encoding {
        SigEncoding::Hex => hex::encode(bytes),
        SigEncoding::Base64 => crypto::base64_encode(bytes),
    }
}

/// The value of a header that must come exactly once and not be empty.
pub(super) fn once<'p, S>(payload: &'p Payload<S>, name: &str) -> Result<&'p str, Refusal> {
    match payload.header_count(name) {
        0 => Err(Refusal::Missing),
        1 => payload.header(name).filter(|v| !v.is_empty()).ok_or(Refusal::Missing),
        _ => Err(Refusal::Doubled),
    }
}

/// The value of a parameter that must come exactly once and not be empty.
pub(super) fn query<'p, S>(payload: &'p Payload<S>, name: &str) -> Result<Cow<'p, str>, Refusal> {
    let (_, query) = once(payload, PATH)?.split_once('?').ok_or(Refusal::Missing)?;
    only(query.as_bytes(), name)
}

fn only<'f>(form: &'f [u8], name: &str) -> Result<Cow<'f, str>, Refusal> {
    let mut hits = url::form_urlencoded::parse(form).take(MOST_FIELDS).filter(|(k, _)| k == name);
    match (hits.next(), hits.next()) {
        (Some((_, v)), None) if !v.is_empty() => Ok(v),
        (Some(_), Some(_)) => Err(Refusal::Doubled),
        _ => Err(Refusal::Missing),
    }
}

/// As Twilio signs a form: <https://www.twilio.com/docs/usage/webhooks/webhooks-security>. A body without any field is no
/// form, or the signature of an address alone would do for it.
fn form_sorted(body: &[u8]) -> Result<String, Refusal> {
    let mut fields: Vec<_> = url::form_urlencoded::parse(body).take(MOST_FIELDS + 1).collect();
    if fields.is_empty() || fields.len() > MOST_FIELDS {
        return Err(Refusal::Unreadable);
    }
    fields.sort_unstable();
    fields.dedup();
    Ok(fields.iter().flat_map(|(name, value)| [&**name, &**value]).collect())
}

/// Our public address as it is configured, and the same with its port written out or left out: senders differ in what
/// they sign (<https://www.twilio.com/docs/usage/webhooks/webhooks-security#testing-the-validity-of-your-webhook-signature>).
pub(super) fn addresses(public_url: &str) -> Vec<String> {
    let base = public_url.trim_end_matches('/');
    let Some((scheme, rest)) = base.split_once("://") else { return vec![base.to_owned()] };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let other = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => format!("{host}:{}", if scheme == "http" { 80 } else { 443 }),
    };
    vec![base.to_owned(), format!("{scheme}://{other}{path}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn made(template_text: &str, headers: &[(&str, &str)], body: &str) -> Result<String, Refusal> {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let payload = Payload::new(headers, Bytes::from(body.to_owned()));
        let atoms = template(template_text).unwrap();
        let parts = parts(&atoms, &payload, Some("170"), "https://a.example")?;
        Ok(parts.iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect())
    }

    #[test]
    fn each_atom_stands_for_its_piece() {
        let at = [(PATH, "/hooks/x?b=2%2B2&a=1"), ("x-id", "i1")];
        for (template, body, out) in [
            ("v0:{timestamp}:{body}", "B", "v0:170:B"),
            ("{header:x-id}\n{sha1hex:body}", "abc", "i1\na9993e364706816aba3e25717850c26c9cd0d89d"),
            ("{sha256base64:body}", "abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            ("{url}{body}", "B", "https://a.example/hooks/x?b=2%2B2&a=1B"),
            ("{query:b}|{query:a}", "", "2+2|1"),
            ("{form_sorted}", "b=2&a=y&a=x&a=y&c", "axayb2c"),
            ("{form:b}", "b=%C3%BC&a=1", "ü"),
            ("no atom", "", "no atom"),
        ] {
            assert_eq!(made(template, &at, body).as_deref(), Ok(out), "{template}");
        }
    }

    #[test]
    fn what_is_missing_or_doubled_is_refused() {
        let at = [(PATH, "/x?a=1&b=1&b=2&c="), ("twice", "1"), ("twice", "2"), ("empty", "")];
        for (template, body, why) in [
            ("{header:none}", "", Refusal::Missing),
            ("{header:empty}", "", Refusal::Missing),
            ("{header:twice}", "", Refusal::Doubled),
            ("{query:b}", "", Refusal::Doubled),
            ("{query:c}", "", Refusal::Missing),
            ("{query:d}", "", Refusal::Missing),
            ("{form:a}", "a=1&a=1", Refusal::Doubled),
            ("{form_sorted}", "", Refusal::Unreadable),
            ("{form_sorted}", "&&&", Refusal::Unreadable),
        ] {
            assert_eq!(made(template, &at, body), Err(why), "{template} {body}");
        }
        assert_eq!(made("{url}", &[], ""), Err(Refusal::Missing));
        assert_eq!(made("{form_sorted}", &at, &"a=1&".repeat(1_000)).as_deref(), Ok("a1"));
        assert_eq!(made("{form_sorted}", &at, &"a=1&".repeat(1_001)), Err(Refusal::Unreadable));
    }

    #[test]
    fn an_unknown_atom_names_those_that_are_allowed() {
        for bad in ["{bdy}", "{header:}", "{header:X-A}", "{md5hex:body}", "{sha256hex:url}", "{}", "{query:}"] {
            let e = template(bad).unwrap_err();
            assert!(e.contains("unknown atom") && e.contains("{form_sorted}"), "{bad}: {e}");
        }
        assert!(template("{body").unwrap_err().contains("nothing closes"));
    }

    #[test]
    fn an_address_is_tried_with_and_without_its_port() {
        for (given, other) in [
            ("https://a.example", "https://a.example:443"),
            ("https://a.example/", "https://a.example:443"),
            ("https://a.example/x", "https://a.example:443/x"),
            ("http://a.example:8080/x", "http://a.example/x"),
            ("http://[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(addresses(given), [given.trim_end_matches('/'), other]);
        }
    }
}
