//! One request with JSON, as every channel but mail needs it.
//!
//! In: a request. Out: status, Retry-After and a capped body, or one line that says what failed. Invariant: no redirect
//! is followed, no link-local address or metadata service is reached, at most [`BODY_CAP`] decoded bytes are kept, and no
//! reason holds an address or a secret. Refuses to decide what an answer means: each channel knows its own.

use super::Outcome;
use crate::model::text::one_line;
use crate::reach::{Checked, ResolveError, is_metadata};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::{error::Error as _, net::IpAddr, sync::Arc, time::Duration};
use url::{Host, Url};

/// Bytes of an answer that are kept.
pub const BODY_CAP: usize = 64 * 1024;
const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(25);

/// The client for Slack and outgoing webhooks. A rustls provider must be installed before.
///
/// # Errors
/// When the platform's roots of trust cannot be read.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    http_client_within(CONNECT, TOTAL)
}

/// [`http_client`] with other limits.
///
/// # Errors
/// As [`http_client`].
pub fn http_client_within(connect: Duration, total: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("forewarn/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        // A proxy of the environment would see where secrets go; it must be asked for.
        .no_proxy()
        .dns_resolver(Arc::new(Checked(Arc::new(|a| !is_metadata(a)))))
        .connect_timeout(connect)
        .timeout(total)
        .build()
}

/// An address that is called to say that we live; it is a secret, for whoever has it can say so too.
pub struct Ping {
    client: reqwest::Client,
    url: SecretString,
}

/// Longest the other side of a [`Ping`] may take.
const PING: Duration = Duration::from_secs(10);

impl Ping {
    /// # Errors
    /// The address is none, or the platform's roots of trust cannot be read.
    pub fn new(url: &SecretString) -> Result<Self, String> {
        check_url(url.expose_secret()).map_err(|e| e.to_string())?;
        let client = http_client_within(PING, PING).map_err(|e| e.to_string())?;
        Ok(Self { client, url: url.clone() })
    }
}

/// Calls it.
///
/// # Errors
/// Why it was not heard, without the address.
pub async fn call(p: &Ping) -> Result<(), String> {
    let answer = p.client.get(p.url.expose_secret()).send().await;
    match answer.map(|r| r.status().as_u16()) {
        Ok(200..=299) => Ok(()),
        Ok(status) => Err(format!("it answered {status}")),
        Err(e) if e.is_timeout() => Err("no answer in time".into()),
        Err(e) => Err(deepest(&e)),
    }
}

/// The deepest cause of an error: unlike the error itself it does not name the address.
fn deepest(e: &reqwest::Error) -> String {
    let mut cause = e.source();
    while let Some(next) = cause.and_then(|c| c.source()) {
        cause = Some(next);
    }
    cause.map_or_else(|| "it could not be reached".into(), |c| one_line(&c.to_string(), 160))
}

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL.
    #[error("not a URL: write https://HOST/PATH")]
    Unreadable,
    /// Plain HTTP to another machine.
    #[error("only https is allowed; http is allowed for 127.0.0.1, [::1] and localhost only")]
    NotHttps,
    /// The machine's own cloud or link.
    #[error("this address is link-local or a cloud's metadata service: no message is sent there")]
    Metadata,
    /// Name and password before the host.
    #[error("a name or password in the URL is not allowed: remove what stands before the @")]
    Credentials,
}

/// Takes `https`, and `http` for this machine only; no address of a metadata service. A name is checked when it is resolved,
/// each time a message is sent. The error never repeats the address: it may be a secret.
///
/// # Errors
/// Says what is allowed.
pub fn check_url(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text.trim()).map_err(|_| UrlError::Unreadable)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::Credentials);
    }
    let address = match url.host() {
        Some(Host::Ipv4(a)) => Some(IpAddr::V4(a)),
        Some(Host::Ipv6(a)) => Some(IpAddr::V6(a)),
        Some(Host::Domain(_)) | None => None,
    };
    if address.is_some_and(is_metadata) {
        return Err(UrlError::Metadata);
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(url.host_str().unwrap_or_default()) => Ok(url),
        _ => Err(UrlError::NotHttps),
    }
}

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The beginning of the body on one line, for reasons of a service whose answers are known.
    pub fn excerpt(&self) -> String {
        one_line(&String::from_utf8_lossy(&self.body[..self.body.len().min(2_000)]), 120)
    }

    /// What it says, if that is one plain word as errors are named (`: invalid_payload`). Of an address that anybody may name
    /// nothing else is repeated: nobody shall read through us what answers there.
    pub fn code(&self) -> String {
        let word = self.body.trim_ascii();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_';
        let named = !word.is_empty() && word.len() <= 40 && word.iter().all(plain);
        if named { format!(": {}", String::from_utf8_lossy(word)) } else { String::new() }
    }

    /// The body as JSON; `Null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What a status means where a service says nothing of its own. `who` begins the reason; `gone` says what to do when
    /// the address is no more.
    pub fn by_status(&self, who: &str, gone: &str) -> Outcome {
        let status = self.status;
        let said = match self.excerpt() {
            s if s.is_empty() => format!("{who} answered {status}"),
            s => format!("{who} answered {status}: {s}"),
        };
        match status {
            200..=299 => Outcome::delivered(),
            401 | 403 => Outcome::Unauthorized { reason: format!("{said}: renew its token or key") },
            404 | 410 => Outcome::Unreachable { reason: format!("{said}: {gone}") },
            408 | 425 | 429 | 500.. => Outcome::Retry { after: self.retry_after, reason: said },
            300..=399 => {
                Outcome::Unreachable { reason: format!("{said}: redirects are not followed, write the final address") }
            }
            _ => Outcome::Rejected { reason: said },
        }
    }
}

/// Sends and reads the capped answer; a failure is worded as an outcome.
pub(super) async fn post(request: reqwest::RequestBuilder, now: Timestamp) -> Result<Answer, Outcome> {
    let mut response = request.send().await.map_err(|e| failed(&e))?;
    let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
    let retry_after = header("retry-after").and_then(|v| parse_retry_after(v, now));
    // GitHub names the second when its limit is lifted; Linear the millisecond.
    // <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
    let spent = ["x-ratelimit-remaining", "x-ratelimit-requests-remaining"].iter().any(|n| header(n) == Some("0"));
    let reset = ["x-ratelimit-reset", "x-ratelimit-requests-reset"].iter().find_map(|n| header(n)?.parse::<i64>().ok());
    let lifted = reset.filter(|_| spent).map(|at| if at > 100_000_000_000 { at / 1_000 } else { at } - now.as_second());
    let retry_after = retry_after.or_else(|| Some(Duration::from_secs(u64::try_from(lifted?).ok()?)));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while body.len() < BODY_CAP {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(BODY_CAP - body.len())]),
            // The status has been heard; what a cut body means is the channel's to say.
            Ok(None) | Err(_) => break,
        }
    }
    Ok(Answer { status, retry_after, body })
}

/// Seconds or an HTTP date; anything else, and anything before now, is nothing.
/// <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
pub(super) fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Duration::try_from(at.duration_since(now)).ok()
}

fn failed(e: &reqwest::Error) -> Outcome {
    let retry = |reason: String| Outcome::Retry { after: None, reason };
    if e.is_builder() {
        return Outcome::Unauthorized {
            reason: "the secret or address holds characters that HTTP does not allow".into(),
        };
    }
    // The error itself names the address, which may be a secret; its deepest cause does not.
    let mut cause = e.source();
    loop {
        if let Some(ResolveError::Refused(_)) = cause.and_then(|c| c.downcast_ref()) {
            return Outcome::Unauthorized { reason: UrlError::Metadata.to_string() };
        }
        match cause.and_then(|c| c.source()) {
            Some(next) => cause = Some(next),
            None => break,
        }
    }
    let why = cause.map_or_else(String::new, |c| format!(": {}", one_line(&c.to_string(), 160)));
    if e.is_connect() {
        retry(format!("could not connect{why}"))
    } else if e.is_timeout() {
        retry("no answer in time; it may have arrived".into())
    } else {
        retry(format!("the connection broke; it may have arrived{why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_to_come() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("30", Some(30)),
            ("0", Some(0)),
            ("99999999", Some(99_999_999)),
            ("Mon, 23 Nov 2026 08:01:30 GMT", Some(90)),
            ("Mon, 23 Nov 2026 07:00:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("", None),
            ("1.5", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(parse_retry_after(value, now).map(|d| d.as_secs()), seconds, "{value:?}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "https://a.example/x",
            "http://127.0.0.1:9/x",
            "http://[::1]/",
            "http://localhost:1/x",
            "https://10.0.0.5/x",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://a.example/x", UrlError::NotHttps),
            ("http://127.0.0.1.a.example/", UrlError::NotHttps),
            ("http://169.254.169.254/", UrlError::Metadata),
            ("https://169.254.169.254/x", UrlError::Metadata),
            ("https://0xa9fea9fe/x", UrlError::Metadata),
            ("https://[::ffff:169.254.169.254]/x", UrlError::Metadata),
            ("https://[fe80::1]/x", UrlError::Metadata),
            ("ftp://a.example/", UrlError::NotHttps),
            ("javascript:alert(1)", UrlError::NotHttps),
            ("https://me:pw@a.example/", UrlError::Credentials),
            ("a.example", UrlError::Unreadable),
        ] {
            assert_eq!(check_url(bad), Err(why), "{bad}");
        }
    }
}
