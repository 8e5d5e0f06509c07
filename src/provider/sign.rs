//! Signing: what a sender of a provider would put on a message. For `simulate` and tests.
//!
//! In: one way of a provider file, a secret (for a key pair the private key), a message. Out: headers and parameters.
//! Invariant: what this makes, `verify` accepts, and nothing else (a property test holds it). Refuses families whose
//! proof is in the path: they need no header.

use super::file::{KeyDecode, PublicKeyForm, Scheme, SignedVerify, TimeUnit, Verify};
use super::verify::{Atom, PATH, decode_key, parts, template, written};
use crate::crypto::{self, HmacKey, PrivateKey};
use crate::model::{Payload, Unverified};
use bytes::Bytes;
use jiff::Timestamp;

/// A message to sign.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsigned<'a> {
    /// Id of the delivery, for senders that send one in a header.
    pub id: &'a str,
    /// When it is sent.
    pub at: Timestamp,
    /// The body.
    pub body: &'a [u8],
    /// The whole public address it is sent to, for senders that sign it.
    pub url: &'a str,
    /// Our id at the sender, for a key that signs for all its customers.
    pub pin: &'a str,
}

/// The headers of proof, lower case.
///
/// # Errors
/// The secret is not written as the provider file says, or the message lacks what is signed.
pub fn headers(way: &Verify, secret: &str, m: Unsigned<'_>) -> Result<Vec<(String, String)>, String> {
    Ok(match way {
        Verify::Signed(s) => signed(s, secret, m)?,
        Verify::Token(t) => t.header.iter().map(|h| (h.clone(), format!("{}{secret}", t.prefix))).collect(),
        Verify::Basic(_) => {
            vec![("authorization".into(), format!("Basic {}", crypto::base64_encode(secret.as_bytes())))]
        }
        Verify::UrlToken => Vec::new(),
    })
}

/// Parameters of the query that belong to the proof; they are in the address before it is signed.
pub fn query(way: &Verify, secret: &str, m: Unsigned<'_>) -> Vec<(String, String)> {
    match way {
        Verify::Signed(s) => {
            let hash = s
                .body_hash
                .as_ref()
                .and_then(|h| Some((h.query.clone()?, written(&h.algorithm.digest(m.body), h.encoding))));
            let named = template(&s.message).unwrap_or_default().into_iter().filter_map(|a| match a {
                Atom::Query(name) if hash.as_ref().is_none_or(|(h, _)| *h != name) => Some((name, m.id.to_owned())),
                _ => None,
            });
            named.chain(hash.clone()).collect()
        }
        Verify::Token(t) => t.query.iter().map(|q| (q.clone(), format!("{}{secret}", t.prefix))).collect(),
        Verify::Basic(_) | Verify::UrlToken => Vec::new(),
    }
}

/// A time as a sender writes it.
pub fn moment(at: Timestamp, unit: TimeUnit) -> String {
    match unit {
        TimeUnit::Seconds => at.as_second().to_string(),
        TimeUnit::Milliseconds => at.as_millisecond().to_string(),
        TimeUnit::Rfc3339 => at.to_string(),
    }
}

fn signed(s: &SignedVerify, secret: &str, m: Unsigned<'_>) -> Result<Vec<(String, String)>, String> {
    let time = moment(m.at, s.timestamp.as_ref().map(|t| t.unit).unwrap_or_default());
    let time_header = s.timestamp.as_ref().and_then(|t| t.header.as_deref());
    let hash =
        s.body_hash.as_ref().and_then(|h| Some((h.header.clone()?, written(&h.algorithm.digest(m.body), h.encoding))));
    let atoms = template(&s.message)?;
    let mut headers: Vec<(String, String)> = hash.clone().into_iter().collect();
    for a in &atoms {
        if let Atom::Header(name) = a
            && !headers.iter().any(|(k, _)| k == name)
        {
            let pinned = s.pin().and_then(|p| p.strip_prefix("header:")) == Some(name);
            let value = if Some(name.as_str()) == time_header {
                time.as_str()
            } else if pinned {
                m.pin
            } else {
                m.id
            };
            headers.push((name.clone(), value.to_owned()));
        }
    }
    let mut seen = headers.clone();
    seen.push((PATH.to_owned(), m.url.to_owned()));
    let payload = Payload::<Unverified>::new(seen, Bytes::copy_from_slice(m.body));
    let made = parts(&atoms, &payload, Some(&time), "")
        .map_err(|why| format!("the message cannot be signed: something that is signed is {}", why.as_str()))?;
    let made: Vec<&[u8]> = made.iter().map(AsRef::as_ref).collect();
    let bytes = match &s.scheme {
        Scheme::Hmac { algorithm, key } => HmacKey::with(*algorithm, &decode_key(*key, secret)?).tag(&made).to_vec(),
        Scheme::Ed25519 { .. } => private_key(secret)?.sign(&made.concat()),
    };
    let text = written(&bytes, s.encoding());
    if let Some(s) = &s.signature {
        headers.push((s.header.clone(), format!("{}{text}", s.prefix)));
    }
    if let Some(c) = &s.compound {
        let value = format!("{}{kv}{time}{}{}{kv}{text}", c.timestamp, c.pair, c.signature, kv = c.kv);
        headers.push((c.header.clone(), value));
    }
    Ok(headers)
}

/// A private key: PEM, `whsk_` and base64, or the 64 hexadecimal digits of a seed.
fn private_key(text: &str) -> Result<PrivateKey, String> {
    let seed = match text.strip_prefix("whsk_") {
        // The standard's examples hold seed and public half together.
        Some(rest) => crypto::base64_decode(rest).map(|b| b.get(..32).map(<[u8]>::to_vec).unwrap_or(b)),
        None => hex::decode(text).ok(),
    };
    seed.as_deref().and_then(PrivateKey::from_seed).or_else(|| PrivateKey::from_pem(text)).ok_or_else(|| {
        "no private key: give a PEM file (openssl genpkey -algorithm ed25519), 64 hexadecimal digits or whsk_…".into()
    })
}

/// What the receiver must hold to accept what `secret` signs: the secret, or the public half of a private key.
///
/// # Errors
/// The private key cannot be read.
pub fn held_by_receiver(way: &Verify, secret: &str) -> Result<String, String> {
    let Verify::Signed(s) = way else { return Ok(secret.to_owned()) };
    let Scheme::Ed25519 { key, .. } = &s.scheme else { return Ok(secret.to_owned()) };
    let public = private_key(secret)?.public();
    Ok(match key {
        PublicKeyForm::Hex => hex::encode(public.bytes()),
        PublicKeyForm::Base64 => crypto::base64_encode(public.bytes()),
        PublicKeyForm::Whpk => format!("whpk_{}", crypto::base64_encode(public.bytes())),
    })
}

/// Whether a way needs a private key to sign, which a receiver never has.
pub fn needs_private_key(way: &Verify) -> bool {
    matches!(way, Verify::Signed(s) if matches!(s.scheme, Scheme::Ed25519 { .. }))
}

/// A secret of the right shape that everybody may know; for a key pair the private half.
pub fn sample_secret(way: &Verify) -> String {
    const BASE64: &str = "Zm9yZXdhcm4tc2FtcGxlLXNlY3JldC0zMi1ieXRlcyE=";
    const HEX: &str = "666f72657761726e2d73616d706c652d7365637265742d33322d627974657321";
    let text = match way {
        Verify::Signed(s) => match &s.scheme {
            Scheme::Hmac { key, .. } => match key {
                KeyDecode::Whsec | KeyDecode::WhsecOrUtf8 => return format!("whsec_{BASE64}"),
                KeyDecode::Utf8 => "forewarn-sample-secret",
                KeyDecode::Base64 => BASE64,
                KeyDecode::Hex => HEX,
            },
            Scheme::Ed25519 { .. } => return HEX.to_owned(),
        },
        Verify::Token(_) | Verify::UrlToken => "forewarn-sample-token-0000",
        Verify::Basic(_) => "forewarn:sample-password-0000",
    };
    format!("{}{text}", way.secret_prefix())
}

#[cfg(test)]
mod tests;
