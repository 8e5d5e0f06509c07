//! What a host says of robots, kept for a day: <https://www.rfc-editor.org/rfc/rfc9309>.
//!
//! In: an address. Out: its host's `robots.txt`. Invariants: a host is asked at most once a day, once an hour while its
//! server fails, and whenever something of it is due while it cannot be reached; no file (4xx) is an empty one; a server
//! that fails says what its last good file said. Refuses to read the file: that is
//! [`crate::provider::robots`](../../provider/robots), and what follows from it is the engine's.

use super::{Client, FetchError, Fetched, Request, parse};
use crate::reach::Net;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
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
    /// Its server fails, so nothing of it may be read (RFC 9309, 2.3.1.4); why.
    Failed(String),
    /// It was not reached, so nothing of it may be read either; why, which is as true of any page of it.
    Unreachable(String),
}

/// What was heard of each host, by scheme, name and port. Each host has a lock of its own: one that hangs holds up no other.
#[derive(Debug, Default)]
pub(super) struct Heard(std::sync::Mutex<HashMap<String, Arc<Mutex<Answer>>>>);

/// When a host was heard, and what it said.
type Answer = Option<(Timestamp, Robots)>;

impl Heard {
    fn of(&self, host: String) -> Arc<Mutex<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(host).or_default().clone()
    }
}

impl Client {
    /// What the host of an address says of robots.
    ///
    /// # Errors
    /// [`FetchError::Refused`] for what is no address.
    pub async fn robots(&self, address: &str, allow: Option<Arc<[Net]>>, now: Timestamp) -> Result<Robots, FetchError> {
        let no_file = |_| FetchError::Refused(format!("{address:?} has no host"));
        let root = parse(address)?.join("/robots.txt").map_err(no_file)?;
        let host = self.heard.of(root.origin().ascii_serialization());
        // Held while asking: two sources of one host ask it once.
        let mut heard = host.lock().await;
        let before = heard.clone();
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
            Err(e) => match (before, e) {
                (Some((_, said @ Robots::Rules(_))), _) => said,
                // Asked again with the next poll: a line that was down for a moment costs no hour.
                (_, FetchError::Network(why)) => return Ok(Robots::Unreachable(why)),
                (_, e) => Robots::Failed(e.to_string()),
            },
        };
        *heard = Some((now, said.clone()));
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_host_that_hangs_holds_up_no_other_and_both_asks_of_one_host_are_one() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (silent, plain) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let of = |l: &TcpListener| format!("http://{}/page", l.local_addr().unwrap());
        let (hangs, answers) = (of(&silent), of(&plain));
        let client = Client::default();
        let now = Timestamp::UNIX_EPOCH;
        let serve = async {
            let mut asked = 0;
            loop {
                let (mut stream, _) = plain.accept().await.unwrap();
                asked += 1;
                assert_eq!(asked, 1, "kept for a day");
                assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
                stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        };
        let both = async { tokio::join!(client.robots(&answers, None, now), client.robots(&answers, None, now)) };
        tokio::select! {
            biased;
            said = client.robots(&hangs, None, now) => panic!("nothing was sent: {said:?}"),
            () = serve => {}
            (one, two) = both => {
                assert_eq!(one.unwrap(), Robots::Rules(String::new()));
                assert_eq!(two.unwrap(), Robots::Rules(String::new()));
            }
        }
    }

    #[tokio::test]
    async fn a_host_that_was_not_reached_is_asked_again_and_one_that_fails_is_not() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = gone.local_addr().unwrap();
        drop(gone);
        let (client, now) = (Client::default(), Timestamp::UNIX_EPOCH);
        let address = format!("http://{at}/page");
        let ask = || client.robots(&address, None, now);
        assert!(matches!(ask().await.unwrap(), Robots::Unreachable(why) if why.contains("127.0.0.1")));
        let back = TcpListener::bind(at).await.unwrap();
        let fails = async {
            let (mut stream, _) = back.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        };
        let (said, ()) = tokio::join!(ask(), fails);
        assert!(matches!(said.unwrap(), Robots::Failed(why) if why.contains("503")));
        drop(back);
        assert!(matches!(ask().await.unwrap(), Robots::Failed(_)), "kept for an hour");
    }
}
