//! Room for bodies, used again. A block of this size is what the allocator works hardest for: a seventh of a delivery's CPU
//! was spent in it (a profile of `benches/intake.py`).
//!
//! In: how much is expected. Out: a buffer, and bytes that bring it back once nobody holds them. Invariant: what waits is
//! bounded, and a buffer is empty when it is given out. Refuses to keep large ones: they are rare.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a buffer that is kept.
const ROOM: usize = 4_096;
/// Most buffers that wait: 512 KiB.
const MOST: usize = 128;

/// The buffers that wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Bodies(Arc<Mutex<Vec<Vec<u8>>>>);

impl Bodies {
    /// Room for a body of so many bytes or more.
    pub(super) fn room(&self, expected: usize) -> Vec<u8> {
        if expected > ROOM {
            return Vec::with_capacity(expected);
        }
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        waiting.unwrap_or_else(|| Vec::with_capacity(ROOM))
    }

    /// A filled buffer as bytes.
    pub(super) fn filled(&self, room: Vec<u8>) -> Bytes {
        if room.capacity() == ROOM { Bytes::from_owner(Lent { room, home: self.clone() }) } else { Bytes::from(room) }
    }
}

/// A buffer in use.
struct Lent {
    room: Vec<u8>,
    home: Bodies,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.room
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut waiting = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST {
            self.room.clear();
            waiting.push(std::mem::take(&mut self.room));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bodies: &Bodies, bytes: &[u8]) -> Bytes {
        let mut room = bodies.room(bytes.len());
        assert!(room.is_empty());
        room.extend_from_slice(bytes);
        bodies.filled(room)
    }

    #[test]
    fn room_comes_back_when_nobody_holds_the_bytes_any_more_and_holds_nothing_of_the_body_before() {
        let (bodies, waiting) = (Bodies::default(), |b: &Bodies| b.0.lock().unwrap().len());
        let (first, second) = (body(&bodies, b"a long first body"), body(&bodies, b"b"));
        let copy = first.clone();
        drop(first);
        assert_eq!((waiting(&bodies), &copy[..]), (0, &b"a long first body"[..]));
        drop(copy);
        assert_eq!(waiting(&bodies), 1);
        assert_eq!(&body(&bodies, b"c")[..], b"c");
        drop(second);
        assert_eq!(waiting(&bodies), 2);
    }

    #[test]
    fn large_bodies_are_not_kept_and_what_waits_is_bounded() {
        let bodies = Bodies::default();
        drop(body(&bodies, &vec![7; ROOM + 1]));
        assert!(bodies.0.lock().unwrap().is_empty());
        let many: Vec<Bytes> = (0..2 * MOST).map(|_| body(&bodies, b"x")).collect();
        drop(many);
        assert_eq!(bodies.0.lock().unwrap().len(), MOST);
    }
}
