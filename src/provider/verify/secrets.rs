//! The secrets of a connection, as keys.
//!
//! In: the text of a secret, the ways of a provider file. Out: [`LiveSecret`]. Invariant: a text becomes a key only for
//! the ways it is meant for, read as the file says. Refuses what is too short, pasted with something around it, a public
//! key where a secret belongs, and a private key anywhere; says what is wrong, never what it is.

use crate::crypto::{self, HmacKey, PublicKey};
use crate::provider::file::{KeyDecode, PublicKeyForm, Scheme, Verify};
use jiff::Timestamp;

/// Shortest secret accepted, in bytes of its text.
pub const SHORTEST_SECRET: usize = 16;
/// Shortest secret accepted in a URL: 128 bits in base64 or hex.
pub const SHORTEST_URL_TOKEN: usize = 22;

/// A secret of a connection, until when it is good.
#[derive(Debug, Clone)]
pub struct LiveSecret {
    /// Which one, for counting: `1` is the first of the config.
    pub number: usize,
    /// From this moment on it opens nothing.
    pub until: Option<Timestamp>,
    /// For each way of the provider file: the key, if the secret is meant for it.
    pub(super) keys: Vec<Option<Key>>,
}

/// A secret made ready for one way.
#[derive(Clone)]
pub(super) enum Key {
    Hmac(Box<HmacKey>),
    Ed25519(PublicKey),
    Text(Vec<u8>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(REDACTED)")
    }
}

impl LiveSecret {
    /// Whether it still opens anything.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|u| now < u)
    }
}

/// Which ways a secret is meant for: those whose `secret_prefix` fits it best.
///
/// # Errors
/// How secrets of this provider begin.
pub fn ways_for(ways: &[Verify], text: &str) -> Result<Vec<usize>, String> {
    let fits = |w: &&Verify| text.starts_with(w.secret_prefix());
    let Some(best) = ways.iter().filter(fits).map(|w| w.secret_prefix().len()).max() else {
        let known: Vec<_> = ways.iter().map(|w| format!("{:?}", w.secret_prefix())).collect();
        return Err(format!("does not begin as this provider's secrets do ({}): copy it again", known.join(" or ")));
    };
    let chosen = ways.iter().enumerate().filter(|(_, w)| fits(w) && w.secret_prefix().len() == best);
    Ok(chosen.map(|(n, _)| n).collect())
}

/// Turns the text of a secret into keys as the provider file says.
///
/// # Errors
/// Says what is wrong with the secret, never what it is.
pub fn live_secret(ways: &[Verify], text: &str, number: usize, until: Option<Timestamp>) -> Result<LiveSecret, String> {
    let in_url = ways.iter().any(|w| matches!(w, Verify::UrlToken));
    let shortest = if in_url { SHORTEST_URL_TOKEN } else { SHORTEST_SECRET };
    if text.len() < shortest {
        return Err(format!(
            "is shorter than {shortest} characters: make a longer one, for example with `openssl rand -hex 32`"
        ));
    }
    if text.chars().any(|c| c.is_control() || c == ' ') {
        return Err("holds a space or a control character: it was probably pasted with something around it".into());
    }
    if text.starts_with("whsk_") {
        return Err(
            "is a private key: only the sender may have it. Give the public one, which begins with whpk_".into()
        );
    }
    let mut keys = vec![None; ways.len()];
    for n in ways_for(ways, text)? {
        keys[n] = Some(key(&ways[n], text)?);
    }
    Ok(LiveSecret { number, until, keys })
}

fn key(way: &Verify, text: &str) -> Result<Key, String> {
    match way {
        Verify::Signed(s) => match &s.scheme {
            Scheme::Hmac { algorithm, key } => {
                Ok(Key::Hmac(Box::new(HmacKey::with(*algorithm, &decode_key(*key, not_public(text)?)?))))
            }
            Scheme::Ed25519 { key, .. } => public_key(*key, text).map(Key::Ed25519),
        },
        Verify::Basic(_) => match text.split_once(':') {
            Some((user, password)) if !user.is_empty() && !password.is_empty() => Ok(Key::Text(text.into())),
            _ => Err("is not USER:PASSWORD, as this provider proves itself".into()),
        },
        Verify::Token(_) | Verify::UrlToken => Ok(Key::Text(not_public(text)?.into())),
    }
}

/// What everybody may know proves nothing.
fn not_public(text: &str) -> Result<&str, String> {
    if text.starts_with("whpk_") {
        return Err("is a public key, which everybody may know: this provider needs a secret".into());
    }
    Ok(text)
}

/// The bytes of a shared key.
///
/// # Errors
/// How this provider's secrets are written.
pub(in crate::provider) fn decode_key(how: KeyDecode, text: &str) -> Result<Vec<u8>, String> {
    let base64 = |t: &str| {
        crypto::base64_decode(t)
            .filter(|b| !b.is_empty())
            .ok_or_else(|| "is not base64 as this provider's secrets are: copy it again, whole".to_owned())
    };
    match (how, text.strip_prefix("whsec_")) {
        (KeyDecode::Utf8, _) | (KeyDecode::WhsecOrUtf8, None) => Ok(text.as_bytes().to_vec()),
        (KeyDecode::Hex, _) => {
            hex::decode(text).map_err(|_| "is not hexadecimal as this provider's secrets are".to_owned())
        }
        (KeyDecode::Base64, _) => base64(text),
        (KeyDecode::Whsec | KeyDecode::WhsecOrUtf8, Some(rest)) => base64(rest),
        (KeyDecode::Whsec, None) => base64(text),
    }
}

fn public_key(form: PublicKeyForm, text: &str) -> Result<PublicKey, String> {
    let bytes = match form {
        PublicKeyForm::Hex => hex::decode(text).ok(),
        PublicKeyForm::Base64 => crypto::base64_decode(text),
        PublicKeyForm::Whpk => text.strip_prefix("whpk_").and_then(crypto::base64_decode),
    };
    bytes.as_deref().and_then(PublicKey::new).ok_or_else(|| {
        let form = match form {
            PublicKeyForm::Hex => "64 hexadecimal digits",
            PublicKeyForm::Base64 => "base64 of 32 bytes",
            PublicKeyForm::Whpk => "whpk_ and base64 of 32 bytes",
        };
        format!("is no public key of this provider ({form}): copy it again, whole")
    })
}
