//! Identifiers. Provider, connection and source ids are short lower-case names; numbers are for people to type.
//!
//! In: text from files, URLs and the database. Out: typed ids. Invariant: a name id is
//! `^[a-z0-9][a-z0-9._-]{0,63}$`, so it is safe in a path, a log line and a metric label; the ids of who speaks are shared,
//! because each observation has them. Refuses everything else.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Why a name was refused; the text says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {what}: {allowed}")]
pub struct IdError {
    what: &'static str,
    value: String,
    allowed: &'static str,
}

const NAME_RULE: &str = "1 to 64 characters of a-z, 0-9, '.', '_', '-', beginning with a letter or digit";

fn is_name(s: &str) -> bool {
    let b = s.as_bytes();
    (1..=64).contains(&b.len())
        && (b[0].is_ascii_lowercase() || b[0].is_ascii_digit())
        && b.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-'))
}

/// Checks a plain name (owner, service, route, account) by the same rule as the ids.
pub fn check_name(what: &'static str, s: &str) -> Result<(), IdError> {
    if is_name(s) { Ok(()) } else { Err(IdError { what, value: s.chars().take(80).collect(), allowed: NAME_RULE }) }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $what:literal, $check:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name($inner);
        impl $name {
            /// Checks and wraps a text; the error says what is allowed.
            pub fn new(s: impl Into<String>) -> Result<Self, IdError> {
                let value = s.into();
                let check: fn(&str) -> bool = $check;
                if check(&value) { Ok(Self(value.into())) }
                else { Err(IdError { what: $what, value: value.chars().take(80).collect(), allowed: $allowed }) }
            }
            /// The id as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(&self.0) }
        }
        /// Equal, ordered and hashed as its text is, so that maps can be asked with a text.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str { &self.0 }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_id!(
    /// A third party we depend on: `openai`.
    ProviderId(Arc<str>), "provider id", is_name, NAME_RULE
);
text_id!(
    /// Our account at a provider: `openai/support`. The default account is `main`.
    ConnectionId(Arc<str>), "connection id", |s| s.split_once('/').is_some_and(|(p, a)| is_name(p) && is_name(a)),
    "PROVIDER/ACCOUNT, each 1 to 64 characters of a-z, 0-9, '.', '_', '-'"
);
text_id!(
    /// One place a provider speaks: `openai/deprecations`.
    SourceId(Arc<str>), "source id", |s| s.split_once('/').is_some_and(|(p, a)| is_name(p) && is_name(a)),
    "PROVIDER/SOURCE, each 1 to 64 characters of a-z, 0-9, '.', '_', '-'"
);
text_id!(
    /// What a matter is about: `openai:gpt-4-0613`, `openai:account/support/…`, `bedrock:x~us-east-1`. Opaque to code.
    MatterId(String), "matter id",
    |s| (3..=400).contains(&s.len()) && s.split_once(':').is_some_and(|(p, r)| !r.is_empty() && p.split('/').count() <= 2 && p.split('/').all(is_name))
        && !s.chars().any(|c| c.is_control()),
    "PLATFORM[/ACCOUNT]:ID or PLATFORM[/ACCOUNT]:TYPE/ID, at most 400 bytes, no control characters"
);

impl ConnectionId {
    /// Joins a provider and an account.
    pub fn of(provider: &ProviderId, account: &str) -> Result<Self, IdError> {
        Self::new(format!("{provider}/{account}"))
    }
    /// The account part, `support` of `openai/support`.
    pub fn account(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, a)| a)
    }
    /// The provider part, `openai` of `openai/support`.
    pub fn provider(&self) -> &str {
        self.0.split_once('/').map_or("", |(p, _)| p)
    }
}

impl SourceId {
    /// Joins a provider and the name of one of its sources.
    pub fn of(provider: &ProviderId, name: &str) -> Result<Self, IdError> {
        Self::new(format!("{provider}/{name}"))
    }
    /// The provider part.
    pub fn provider(&self) -> &str {
        self.0.split_once('/').map_or("", |(p, _)| p)
    }
    /// The name of the source, `deprecations` of `openai/deprecations`.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, n)| n)
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    };
}
number_id!(
    /// A stored payload.
    PayloadId
);
number_id!(
    /// A recorded event.
    EventId
);
number_id!(
    /// An alert; the number people type.
    AlertId
);
number_id!(
    /// A notification of the outbox.
    NotificationId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_never_become_paths() {
        for bad in ["", "../etc", "a/b", "A", "-a", ".a", "a b", "a\0", "ü", &"a".repeat(65)] {
            assert!(ProviderId::new(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["openai", "z.ai", "a", "0x", "a_b-c.d"] {
            assert_eq!(ProviderId::new(good).unwrap().as_str(), good);
        }
        assert!(ConnectionId::new("openai").is_err());
        assert_eq!(ConnectionId::new("openai/support").unwrap().account(), "support");
        assert!(MatterId::new("openai:").is_err());
        assert!(MatterId::new("openai:a\nb").is_err());
    }
}
