//! Politeness: how many fetches fly at once, and never two to one host, nor one right after another.
//!
//! In: hosts that want to start and that are done. Out: whether one may start now. Invariant: this machine's own addresses
//! are not held back. Refuses to wait: who may not start is asked again.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// Sources fetched at the same time.
const AT_ONCE: usize = 8;
/// Least time between the end of a fetch and the next from the same host.
pub(super) const GAP: Duration = Duration::from_millis(500);

/// Who is flying.
#[derive(Debug, Default)]
pub(super) struct Slots {
    flying: usize,
    busy: HashSet<String>,
    left: HashMap<String, Instant>,
}

impl Slots {
    /// Takes a slot, if there is one.
    pub fn start(&mut self, host: Option<&String>, now: Instant) -> bool {
        if self.flying >= AT_ONCE {
            return false;
        }
        if let Some(h) = host {
            let fresh = self.left.get(h).is_some_and(|t| now.duration_since(*t) < GAP);
            if fresh || !self.busy.insert(h.clone()) {
                return false;
            }
        }
        self.flying += 1;
        true
    }

    /// Gives it back.
    pub fn end(&mut self, host: Option<&String>, now: Instant) {
        self.flying = self.flying.saturating_sub(1);
        self.left.retain(|_, t| now.duration_since(*t) < GAP);
        if let Some(h) = host {
            self.busy.remove(h);
            self.left.insert(h.clone(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_asked_one_thing_at_a_time_with_a_pause() {
        let (mut s, t) = (Slots::default(), Instant::now());
        let (a, b) = (Some("a:443".to_owned()), Some("b:443".to_owned()));
        assert!(s.start(a.as_ref(), t) && !s.start(a.as_ref(), t) && s.start(b.as_ref(), t));
        s.end(a.as_ref(), t);
        assert!(!s.start(a.as_ref(), t + Duration::from_millis(100)));
        assert!(s.start(a.as_ref(), t + GAP));
    }

    #[test]
    fn eight_fly_at_once_and_a_hanging_one_holds_only_its_own_slot() {
        let (mut s, t) = (Slots::default(), Instant::now());
        assert!((0..AT_ONCE).all(|_| s.start(None, t)));
        assert!(!s.start(None, t));
        s.end(None, t);
        assert!(s.start(None, t) && !s.start(None, t));
    }
}
