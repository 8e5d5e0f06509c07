//! Signing: what a sender of a provider would put on a message. For `simulate`, tests and our own outgoing webhooks.
//!
//! In: a provider file's `verify` table, a secret, an id, a moment, a body. Out: headers. Invariant: what this makes,
//! `verify` accepts, and nothing else (a property test holds it). Refuses families whose proof is in the URL: they need
//! no header.

use super::file::{HmacVerify, KeyDecode, SigEncoding, Verify};
use super::verify::{Atom, template};
use crate::crypto::{self, HmacKey};
use jiff::Timestamp;

/// A message to sign.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// Id of the delivery, for senders that send one in a header.
    pub id: &'a str,
    /// When it is sent.
    pub at: Timestamp,
    /// The body.
    pub body: &'a [u8],
}

/// The headers of proof, lower case.
///
/// # Errors
/// The secret does not decode as the provider file says, or the template is wrong.
pub fn headers(verify: &Verify, secret: &str, m: Unsigned<'_>) -> Result<Vec<(String, String)>, String> {
    match verify {
        Verify::Hmac(h) => hmac(h, secret, m),
        Verify::Token(t) => Ok(vec![(t.header.clone(), secret.to_owned())]),
        Verify::UrlToken => Ok(Vec::new()),
    }
}

fn hmac(h: &HmacVerify, secret: &str, m: Unsigned<'_>) -> Result<Vec<(String, String)>, String> {
    let time = m.at.as_second().to_string();
    let time_header = h.timestamp.as_ref().and_then(|t| t.header.as_deref());
    let value = |name: &str| if Some(name) == time_header { time.as_str() } else { m.id };
    let atoms = template(&h.message)?;
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut parts: Vec<&[u8]> = Vec::new();
    for a in &atoms {
        parts.push(match a {
            Atom::Literal(s) => s.as_bytes(),
            Atom::Body => m.body,
            Atom::Timestamp => time.as_bytes(),
            Atom::Header(name) => {
                if !headers.iter().any(|(k, _)| k == name) {
                    headers.push((name.clone(), value(name).to_owned()));
                }
                value(name).as_bytes()
            }
        });
    }
    let tag = HmacKey::new(&super::verify::decode_key(h.key, secret)?).tag(&parts);
    let encode = |e: SigEncoding| match e {
        SigEncoding::Hex => hex::encode(tag),
        SigEncoding::Base64 => crypto::base64_encode(&tag),
    };
    if let Some(s) = &h.signature {
        headers.push((s.header.clone(), format!("{}{}", s.prefix, encode(s.encoding))));
    }
    if let Some(c) = &h.compound {
        let value = format!("{}={time}{}{}={}", c.timestamp, c.pair, c.signature, encode(c.encoding));
        headers.push((c.header.clone(), value));
    }
    Ok(headers)
}

/// Whether a secret of this shape must begin with `whsec_`.
pub fn sample_secret(decode: KeyDecode) -> &'static str {
    match decode {
        KeyDecode::Whsec | KeyDecode::WhsecOrUtf8 => "whsec_Zm9yZXdhcm4tc2FtcGxlLXNlY3JldC0zMi1ieXRlcyE=",
        KeyDecode::Utf8 => "forewarn-sample-secret",
        KeyDecode::Base64 => "Zm9yZXdhcm4tc2FtcGxlLXNlY3JldC0zMi1ieXRlcyE=",
        KeyDecode::Hex => "666f72657761726e2d73616d706c652d7365637265742d33322d627974657321",
    }
}

#[cfg(test)]
mod tests;
