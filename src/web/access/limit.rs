//! How often an address may show a wrong token.
//!
//! In: addresses, hashes of tokens. Out: whether to try. Invariant: bounded; a token that was right lately is tried whatever
//! others at its address did. Refuses to survive a restart: 256 bits are not guessed.

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Wrong tokens of one address within [`WINDOW`].
const MOST_WRONG: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Addresses and right tokens kept.
const KEPT: usize = 1_024;

#[derive(Default)]
pub(super) struct Limit(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    wrong: BTreeMap<IpAddr, (Timestamp, u32)>,
    right: BTreeSet<[u8; 32]>,
}

impl Limit {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn may_try(&self, at: IpAddr, hash: &[u8; 32], now: Timestamp) -> bool {
        let seen = self.seen();
        let many =
            seen.wrong.get(&at).is_some_and(|(since, n)| *n >= MOST_WRONG && now.duration_since(*since) < WINDOW);
        !many || seen.right.contains(hash)
    }

    pub(super) fn right(&self, hash: [u8; 32]) {
        let mut seen = self.seen();
        if seen.right.len() >= KEPT {
            seen.right.clear();
        }
        seen.right.insert(hash);
    }

    /// Counts a wrong one; whether it was the one too many.
    pub(super) fn wrong(&self, at: IpAddr, now: Timestamp) -> bool {
        let mut seen = self.seen();
        if seen.wrong.len() >= KEPT {
            seen.wrong.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        }
        if seen.wrong.len() >= KEPT {
            seen.wrong.clear();
        }
        let (since, n) = seen.wrong.entry(at).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *n) = (now, 0);
        }
        *n += 1;
        *n == MOST_WRONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_wrong_ones_wait_a_minute_and_disturb_nobody_else() {
        let (l, t) = (Limit::default(), Timestamp::UNIX_EPOCH);
        let (bad, good): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        l.right([7; 32]);
        let told: Vec<bool> = (0..30).map(|_| l.wrong(bad, t)).collect();
        assert_eq!(told.iter().filter(|x| **x).count(), 1);
        assert!(!l.may_try(bad, &[1; 32], t));
        assert!(l.may_try(bad, &[7; 32], t), "known");
        assert!(l.may_try(good, &[1; 32], t));
        assert!(l.may_try(bad, &[1; 32], t + WINDOW));
    }

    #[test]
    fn it_stays_small_whoever_asks() {
        let l = Limit::default();
        for n in 0..5_000_u32 {
            l.wrong(IpAddr::V4(n.into()), Timestamp::UNIX_EPOCH);
            l.right(crate::crypto::sha256(&[&n.to_be_bytes()]));
        }
        assert!(l.seen().wrong.len() <= KEPT && l.seen().right.len() <= KEPT);
    }
}
