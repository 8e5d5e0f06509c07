//! Links in messages on which one answers without an account: `PUBLIC_URL/ack/TOKEN`.
//!
//! In: an alert's episode, a contact, now. Out: a token, and what a token was made for. Invariant: a token is bound to alert,
//! episode and contact, ends after [`LASTS`], and carries 128 bits of an HMAC under the instance's key, so nothing is
//! stored and nobody without the key can make or change one. Refuses to say what is wrong with a token but that it ended.

use crate::crypto::{HmacKey, equal};
use crate::model::{AlertId, ContactId};
use jiff::{SignedDuration, Timestamp};

/// How long a link can be used. Each reminder brings a new one.
pub const LASTS: SignedDuration = SignedDuration::from_hours(100 * 24);
/// Longest token worth looking at.
const LONGEST_TOKEN: usize = 1_024;
/// What the key signs begins with this, so that no other use of the key can make a token.
const PURPOSE: &[u8] = b"forewarn ack link 1\0";

/// Makes and reads links.
pub struct Links {
    key: HmacKey,
    public_url: String,
}

/// What a link was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Which alert.
    pub alert: AlertId,
    /// Which episode of it.
    pub episode: u32,
    /// Who was told.
    pub contact: ContactId,
}

/// Why a link is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is none of ours.
    Unknown,
    /// Its time is over.
    Expired,
}

impl Links {
    /// `key` is the secret of this instance, `public_url` where the outside reaches the intake.
    pub fn new(key: &[u8], public_url: &str) -> Self {
        Self { key: HmacKey::new(key), public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// The address.
    pub fn url(&self, to: &Invited, now: Timestamp) -> String {
        format!("{}/ack/{}", self.public_url, self.token(to, now))
    }

    /// The secret part of it.
    pub fn token(&self, to: &Invited, now: Timestamp) -> String {
        let ends = now.saturating_add(LASTS).unwrap_or(now).as_second();
        let said = hex::encode(format!("{}/{}/{ends}/{}", to.alert, to.episode, to.contact));
        format!("{said}-{}", hex::encode(self.mac(&said)))
    }

    /// What a token was made for.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Invited, Closed> {
        let invited = self.parse(token).ok_or(Closed::Unknown)?;
        if now.as_second() > invited.1 { Err(Closed::Expired) } else { Ok(invited.0) }
    }

    fn parse(&self, token: &str) -> Option<(Invited, i64)> {
        let (said, given) = token.split_once('-').filter(|_| token.len() <= LONGEST_TOKEN)?;
        if !equal(&hex::decode(given).ok()?, &self.mac(said)) {
            return None;
        }
        let said = String::from_utf8(hex::decode(said).ok()?).ok()?;
        let mut parts = said.splitn(4, '/');
        let alert = AlertId(parts.next()?.parse().ok()?);
        let episode = parts.next()?.parse().ok()?;
        let ends = parts.next()?.parse().ok()?;
        Some((Invited { alert, episode, contact: ContactId(parts.next()?.to_owned()) }, ends))
    }

    fn mac(&self, said: &str) -> [u8; 16] {
        let mut out = [0; 16];
        out.copy_from_slice(&self.key.tag(&[PURPOSE, said.as_bytes()])[..16]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn links(key: &str) -> Links {
        Links::new(key.as_bytes(), "https://forewarn.example/")
    }
    fn invited() -> Invited {
        Invited { alert: AlertId(17), episode: 2, contact: ContactId("search/email".into()) }
    }
    fn at(s: &str) -> Timestamp {
        s.parse().unwrap()
    }

    #[test]
    fn a_link_names_alert_episode_and_person_and_ends() {
        let (l, now) = (links("one"), at("2026-11-23T08:00:00Z"));
        let token = l.token(&invited(), now);
        assert_eq!(l.url(&invited(), now), format!("https://forewarn.example/ack/{token}"));
        assert_eq!(l.read(&token, now), Ok(invited()));
        assert_eq!(l.read(&token, at("2027-03-03T08:00:00Z")), Ok(invited()));
        assert_eq!(l.read(&token, at("2027-03-03T08:00:01Z")), Err(Closed::Expired));
        assert_eq!(links("two").read(&token, now), Err(Closed::Unknown));
        for bad in ["", "-", "ack", &token[1..], &token[..token.len() - 2], &format!("{token}00"), &"0-".repeat(2_000)]
        {
            assert_eq!(l.read(bad, now), Err(Closed::Unknown), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_character_closes_a_link(at_char in 0usize..200, c in "[0-9a-f-]") {
            let now = at("2026-11-23T08:00:00Z");
            let token = links("one").token(&invited(), now);
            let i = at_char % token.len();
            prop_assume!(token[i..=i] != *c);
            let changed = format!("{}{c}{}", &token[..i], &token[i + 1..]);
            prop_assert_eq!(links("one").read(&changed, now), Err(Closed::Unknown));
        }
    }
}
