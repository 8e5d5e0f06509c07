//! What a host says of robots, kept for a day: <https://www.rfc-editor.org/rfc/rfc9309>.
//!
//! In: an address. Out: its host's `robots.txt`. Invariants: a host is asked at most once a day, and once an hour while it
//! fails; no file (4xx) is an empty one; a server that fails says what its last good file said. Refuses to read the file:
//! that is [`crate::provider::robots`](../../provider/robots), and what follows from it is the engine's.

use super::{Client, FetchError, Fetched, Request, parse};
use crate::reach::Net;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long an answer counts.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long a failure counts.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// What a host says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Robots {
    /// A file; an empty one allows everything.
    Rules(String),
    /// It fails, so nothing of it may be read (RFC 9309, 2.3.1.4); why.
    Failed(String),
}

/// What was heard of each host, by scheme, name and port.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<HashMap<String, (Timestamp, Robots)>>);

impl Client {
    /// What the host of an address says of robots.
    ///
    /// # Errors
    /// [`FetchError::Refused`] for what is no address.
    pub async fn robots(&self, address: &str, allow: Option<Arc<[Net]>>, now: Timestamp) -> Result<Robots, FetchError> {
        let no_file = |_| FetchError::Refused(format!("{address:?} has no host"));
        let root = parse(address)?.join("/robots.txt").map_err(no_file)?;
        let key = root.origin().ascii_serialization();
        // Held while asking: two sources of one host ask it once.
        let mut heard = self.heard.0.lock().await;
        let before = heard.get(&key).cloned();
        if let Some((at, said)) = &before {
            let kept = if matches!(said, Robots::Rules(_)) { KEPT } else { AGAIN };
            if now.duration_since(*at) < kept {
                return Ok(said.clone());
            }
        }
        let none = || Robots::Rules(String::new());
        let said = match self.get(&Request { url: root.into(), allow, ..Request::default() }).await {
            Ok(Fetched::Body { body, .. }) => Robots::Rules(String::from_utf8_lossy(&body).into_owned()),
            Err(FetchError::Status { status, .. }) if status < 500 => none(),
            Ok(Fetched::Unchanged { .. }) | Err(FetchError::TooLarge | FetchError::Refused(_)) => none(),
            Err(e @ (FetchError::Status { .. } | FetchError::Network(_))) => match before {
                Some((_, said @ Robots::Rules(_))) => said,
                Some((_, Robots::Failed(_))) | None => Robots::Failed(e.to_string()),
            },
        };
        heard.insert(key, (now, said.clone()));
        Ok(said)
    }
}
