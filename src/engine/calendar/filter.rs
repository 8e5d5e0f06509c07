//! Which part of the calendar: by owner, provider, kind, use; with which alarms. And the secret address of such a part.
//!
//! In: `owner=search,kind=deprecation`, the query of an address, a token. Out: [`Filter`]. Invariant: a token is the filter
//! with an HMAC over it under the instance's key, so nothing is stored, and nobody without the key can make one or widen
//! one. Refuses filters it would not write itself, and says nothing about why a token is wrong.

use crate::crypto::{HmacKey, equal};
use crate::model::{Kind, ids::check_name};
use crate::provider::file::Span;
use std::fmt::Write;

/// Most alarms of an event.
const MOST_ALARMS: usize = 8;
/// Longest token worth looking at.
const LONGEST_TOKEN: usize = 1_024;
/// What the key signs begins with this, so that no other use of the key can make a token.
const PURPOSE: &[u8] = b"forewarn calendar feed 1\0";

/// Which part of the calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this owner.
    pub owner: Option<String>,
    /// Of this provider.
    pub provider: Option<String>,
    /// `deprecation` or `maintenance`; both by default.
    pub kind: Option<Kind>,
    /// Only what a service of ours uses.
    pub used: bool,
    /// Alarms so many seconds before.
    pub alarms: Vec<i64>,
}

impl Filter {
    /// Reads names with values, as they stand in the query of an address.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn of<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Result<Self, String> {
        let mut f = Self::default();
        for (name, value) in pairs {
            let once = |slot: &mut Option<String>| {
                check_name("name", value).map_err(|e| format!("{name}: {e}"))?;
                if slot.replace(value.to_owned()).is_some() { Err(format!("{name} is given twice")) } else { Ok(()) }
            };
            match name {
                "owner" => once(&mut f.owner)?,
                "provider" => once(&mut f.provider)?,
                "kind" => match Kind::parse(value) {
                    Some(k @ (Kind::Deprecation | Kind::Maintenance)) => f.kind = Some(k),
                    _ => return Err(format!("kind {value:?}: allowed are deprecation, maintenance")),
                },
                "used" => match value {
                    "true" => f.used = true,
                    "false" => f.used = false,
                    _ => return Err(format!("used {value:?}: allowed are true, false")),
                },
                "alarm" => {
                    let span = Span::parse(value).ok_or_else(|| format!("alarm {value:?}: write 7d, 12h or 30m"))?;
                    f.alarms.push(span.seconds());
                }
                _ => return Err(format!("unknown {name:?}: allowed are owner, provider, kind, used, alarm")),
            }
        }
        f.alarms.sort_unstable();
        f.alarms.dedup();
        if f.alarms.len() > MOST_ALARMS {
            return Err(format!("{} alarms: at most {MOST_ALARMS}", f.alarms.len()));
        }
        Ok(f)
    }

    /// Reads `owner=search,kind=deprecation`.
    ///
    /// # Errors
    /// As [`Filter::of`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').filter(|p| !p.is_empty()).collect();
        let pairs: Result<Vec<_>, String> = parts
            .iter()
            .map(|p| p.split_once('=').ok_or_else(|| format!("{p:?} is no NAME=VALUE: write owner=search")))
            .collect();
        Self::of(pairs?.into_iter())
    }

    /// The one way to write it; what [`Filter::parse`] reads.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        for (name, value) in [
            ("owner", self.owner.as_deref()),
            ("provider", self.provider.as_deref()),
            ("kind", self.kind.map(Kind::as_str)),
            ("used", self.used.then_some("true")),
        ] {
            if let Some(value) = value {
                let _ = write!(out, "{name}={value},");
            }
        }
        for seconds in &self.alarms {
            let _ = write!(out, "alarm={seconds}s,");
        }
        out.pop();
        out
    }

    /// In words, for the name of a calendar: `search, maintenance`.
    pub fn in_words(&self) -> String {
        let used = self.used.then_some("used");
        let parts = [self.owner.as_deref(), self.provider.as_deref(), self.kind.map(Kind::as_str), used];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The secret part of the address of this part of the calendar.
    pub fn token(&self, key: &HmacKey) -> String {
        let filter = hex::encode(self.canonical());
        format!("{filter}-{}", hex::encode(mac(key, &filter)))
    }

    /// The filter of a token that this key made; anything else is none.
    pub fn of_token(token: &str, key: &HmacKey) -> Option<Self> {
        let (filter, given) = token.split_once('-').filter(|_| token.len() <= LONGEST_TOKEN)?;
        if !equal(&hex::decode(given).ok()?, &mac(key, filter)) {
            return None;
        }
        Self::parse(&String::from_utf8(hex::decode(filter).ok()?).ok()?).ok()
    }
}

fn mac(key: &HmacKey, filter: &str) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&key.tag(&[PURPOSE, filter.as_bytes()])[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_filter_is_written_one_way_and_says_what_it_does_not_know() {
        let f = Filter::parse("alarm=7d,used=true,kind=deprecation,owner=search,alarm=1d,alarm=7d").unwrap();
        assert_eq!(f.canonical(), "owner=search,kind=deprecation,used=true,alarm=86400s,alarm=604800s");
        assert_eq!(Filter::parse(&f.canonical()).unwrap(), f);
        assert_eq!(Filter::parse("").unwrap(), Filter::default());
        for (bad, word) in [
            ("owner", "NAME=VALUE"),
            ("owner=../x", "a-z"),
            ("owner=a,owner=b", "twice"),
            ("kind=billing", "maintenance"),
            ("used=yes", "true, false"),
            ("alarm=soon", "7d"),
            ("team=a", "unknown"),
        ] {
            let why = Filter::parse(bad).unwrap_err();
            assert!(why.contains(word), "{bad}: {why}");
        }
    }

    #[test]
    fn a_token_opens_its_own_part_with_its_own_key_only() {
        let (key, other) = (HmacKey::new(b"one"), HmacKey::new(b"two"));
        let f = Filter::parse("owner=search").unwrap();
        let token = f.token(&key);
        assert_eq!(Filter::of_token(&token, &key), Some(f));
        assert_eq!(Filter::of_token(&token, &other), None);
        let wider = format!("-{}", token.split_once('-').unwrap().1);
        assert_eq!(Filter::of_token(&wider, &key), None);
        for bad in
            ["", "-", "owner", &token[1..], &token[..token.len() - 2], &format!("{token}00"), &"0-".repeat(2_000)]
        {
            assert_eq!(Filter::of_token(bad, &key), None, "{bad}");
        }
        assert_eq!(Filter::of_token(&Filter::default().token(&key), &key), Some(Filter::default()));
    }

    proptest! {
        #[test]
        fn one_changed_character_closes_a_token(at in 0usize..200, c in "[0-9a-f-]") {
            let key = HmacKey::new(b"one");
            let token = Filter::parse("owner=search,kind=maintenance").unwrap().token(&key);
            let at = at % token.len();
            prop_assume!(token[at..=at] != *c);
            let changed = format!("{}{c}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(Filter::of_token(&changed, &key), None);
        }
    }
}
