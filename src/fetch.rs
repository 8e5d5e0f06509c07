//! L2: the guarded client. What we fetch, from where, and how much of it.
//!
//! In: an address from a provider file, validators, a key. Out: [`Fetched`] or [`FetchError`]. Invariant: only public
//! addresses are reached (loopback only where the provider file itself names it), and only the address that was checked;
//! a body is capped after decoding; a key never follows a redirect to another host. Refuses anything but http and https.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use secrecy::{ExposeSecret, SecretString};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::{Host, Url};

/// Largest body, decoded.
pub const LARGEST_BODY: usize = 8 << 20;
/// Most redirects followed.
const MOST_REDIRECTS: usize = 5;
/// Longest a whole fetch may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What to fetch.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where.
    pub url: String,
    /// `Authorization: Bearer`, sent to the first host only.
    pub bearer: Option<SecretString>,
    /// `If-None-Match`.
    pub etag: Option<String>,
    /// `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// 304: what we have is what there is.
    Unchanged,
    /// A body.
    Body {
        /// Its bytes, decoded.
        body: Vec<u8>,
        /// Validator.
        etag: Option<String>,
        /// Validator.
        last_modified: Option<String>,
        /// The next page, by its `Link` header (RFC 8288).
        next: Option<String>,
    },
}

impl Request {
    /// Without key and validators.
    pub fn plain(url: String) -> Self {
        Self { url, bearer: None, etag: None, last_modified: None }
    }
}

/// Why there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The server answers with another status.
    #[error("{host} answered {status}")]
    Status {
        /// The host asked.
        host: String,
        /// Its status.
        status: u16,
        /// Seconds it asked us to wait.
        retry_after: Option<i64>,
    },
    /// The address is not one we may reach.
    #[error("{0}")]
    Refused(String),
    /// The network failed.
    #[error("{0}")]
    Network(String),
    /// The body is larger than we read.
    #[error("the answer is larger than {LARGEST_BODY} bytes")]
    TooLarge,
}

/// The client. Its parts are made when first needed: reading the system's certificates takes memory and time.
#[derive(Debug, Default)]
pub struct Client {
    public: OnceLock<reqwest::Client>,
    loopback: OnceLock<reqwest::Client>,
}

fn build(guard: Guard) -> Result<reqwest::Client, FetchError> {
    reqwest::Client::builder()
        .user_agent(concat!("forewarn/", env!("CARGO_PKG_VERSION"), " (polls announcements)"))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(DEADLINE)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .dns_resolver(Arc::new(guard))
        .build()
        .map_err(|e| FetchError::Network(format!("cannot prepare the HTTP client: {e}")))
}

impl Client {
    fn client(&self, loopback: bool) -> Result<&reqwest::Client, FetchError> {
        let cell = if loopback { &self.loopback } else { &self.public };
        if let Some(c) = cell.get() {
            return Ok(c);
        }
        let made = build(Guard { loopback })?;
        Ok(cell.get_or_init(|| made))
    }

    /// What time a server says it is: the `Date` of its answer, whatever else it answers.
    ///
    /// # Errors
    /// Why there is none; the text names the host.
    pub async fn date(&self, address: &str) -> Result<jiff::Timestamp, FetchError> {
        let url = parse(address)?;
        let own_loopback = is_loopback(&url);
        check(&url, own_loopback)?;
        let answer = self.client(own_loopback)?.head(url.clone()).send().await.map_err(|e| network(&url, &e))?;
        let date = answer.headers().get("date").and_then(|v| v.to_str().ok());
        date.and_then(|d| jiff::fmt::rfc2822::parse(d).ok())
            .map(|z| z.timestamp())
            .ok_or_else(|| FetchError::Network(format!("{} does not say what time it is", host(&url))))
    }

    /// Fetches.
    ///
    /// # Errors
    /// Why there is no body; the text names the host, never a key.
    pub async fn get(&self, request: &Request) -> Result<Fetched, FetchError> {
        let mut url = parse(&request.url)?;
        let own_loopback = is_loopback(&url);
        let first_host = url.host_str().map(str::to_owned);
        for _ in 0..=MOST_REDIRECTS {
            check(&url, own_loopback)?;
            let client = self.client(own_loopback)?;
            let mut get = client.get(url.clone());
            if let Some(t) = &request.etag {
                get = get.header("if-none-match", t);
            }
            if let Some(t) = &request.last_modified {
                get = get.header("if-modified-since", t);
            }
            if let Some(key) = request.bearer.as_ref().filter(|_| url.host_str().map(str::to_owned) == first_host) {
                get = get.bearer_auth(key.expose_secret());
            }
            let answer = get.send().await.map_err(|e| network(&url, &e))?;
            let status = answer.status().as_u16();
            let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
            match status {
                200 => {
                    let (etag, last_modified) = (header("etag"), header("last-modified"));
                    let next = header("link").and_then(|l| next_link(&l));
                    return Ok(Fetched::Body { body: read(answer, &url).await?, etag, last_modified, next });
                }
                304 => return Ok(Fetched::Unchanged),
                301 | 302 | 303 | 307 | 308 => {
                    let to = header("location")
                        .ok_or_else(|| FetchError::Network(format!("{} redirects nowhere", host(&url))))?;
                    let next = url.join(&to).map_err(|_| {
                        FetchError::Refused(format!("{} redirects to something that is no address", host(&url)))
                    })?;
                    if url.scheme() == "https" && next.scheme() != "https" {
                        return Err(FetchError::Refused(format!(
                            "{} redirects from https to {}",
                            host(&url),
                            next.scheme()
                        )));
                    }
                    url = next;
                }
                _ => {
                    let retry_after = header("retry-after").and_then(|v| v.trim().parse().ok());
                    return Err(FetchError::Status { host: host(&url), status, retry_after });
                }
            }
        }
        Err(FetchError::Refused(format!("more than {MOST_REDIRECTS} redirects")))
    }
}

/// The target of `rel="next"`.
fn next_link(header: &str) -> Option<String> {
    let entry = header.split(',').find(|e| e.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next")))?;
    let (_, rest) = entry.split_once('<')?;
    rest.split_once('>').map(|(url, _)| url.to_owned())
}

fn parse(text: &str) -> Result<Url, FetchError> {
    Url::parse(text).map_err(|e| FetchError::Refused(format!("{text:?} is no address: {e}")))
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or("?").to_owned()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(a)) => a.is_loopback(),
        Some(Host::Ipv6(a)) => a.is_loopback(),
        Some(Host::Domain(d)) => d == "localhost",
        None => false,
    }
}

/// Checks what does not need a look-up; names are checked when they are resolved.
fn check(url: &Url, own_loopback: bool) -> Result<(), FetchError> {
    let refused = |why: &str| Err(FetchError::Refused(format!("{}: {why}", host(url))));
    if url.scheme() != "https" && !(url.scheme() == "http" && own_loopback) {
        return refused("only https addresses are fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("an address with a user name in it is not fetched");
    }
    let address = match url.host() {
        Some(Host::Ipv4(a)) => Some(IpAddr::V4(a)),
        Some(Host::Ipv6(a)) => Some(IpAddr::V6(a)),
        Some(Host::Domain(_)) => None,
        None => return refused("there is no host"),
    };
    match address {
        Some(a) if !(is_public(a) || own_loopback && a.is_loopback()) => refused("is no public address"),
        _ => Ok(()),
    }
}

fn network(url: &Url, e: &reqwest::Error) -> FetchError {
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(e);
    while let Some(s) = source {
        text = s.to_string();
        source = s.source();
    }
    let what = if e.is_timeout() { "no answer in time".to_owned() } else { text };
    FetchError::Network(format!("{}: {what}", host(url)))
}

async fn read(mut answer: reqwest::Response, url: &Url) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| network(url, &e))? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether an address is one of the public internet: no private, loopback, link-local, shared, test, multicast or
/// embedded-IPv4 address. Sources: RFC 6890, RFC 4193, RFC 6598, RFC 6052.
pub fn is_public(a: IpAddr) -> bool {
    match a {
        IpAddr::V4(v4) => {
            let [x, y, z, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || x == 0
                || x >= 240
                || (x == 100 && (64..128).contains(&y))
                || (x == 192 && y == 0 && z == 0)
                || (x == 198 && (18..20).contains(&y)))
        }
        IpAddr::V6(v6) => {
            let s = v6.segments();
            // Only 2000::/3 is handed out; of it 2001:0::/23, 2001:db8::/32 and 2002::/16 are not for this.
            (s[0] & 0xe000) == 0x2000
                && !(s[0] == 0x2001 && (s[1] < 0x200 || s[1] == 0xdb8))
                && s[0] != 0x2002
                && s[0] != 0x3fff
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Guard {
    loopback: bool,
}

impl Resolve for Guard {
    /// Only addresses that were checked are handed on, so nothing is resolved a second time.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let good: Vec<SocketAddr> =
                found.iter().copied().filter(|a| is_public(a.ip()) || guard.loopback && a.ip().is_loopback()).collect();
            // One private address among public ones is the mark of rebinding: none is used.
            if good.len() < found.len() || good.is_empty() {
                return Err(format!("{} resolves to an address that is not public", name.as_str()).into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for bad in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(bad.parse().unwrap()), "{bad}");
        }
        for good in ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1"] {
            assert!(is_public(good.parse().unwrap()), "{good}");
        }
    }

    #[test]
    fn odd_literals_schemes_and_user_names_are_refused() {
        for bad in [
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://user@example.com/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost./x?",
        ] {
            let url = parse(bad).unwrap();
            let named_loopback = bad.contains("localhost.");
            assert!(named_loopback || check(&url, false).is_err(), "{bad}");
        }
        assert!(check(&parse("https://example.com/").unwrap(), false).is_ok());
        assert!(check(&parse("http://127.0.0.1:1/").unwrap(), true).is_ok());
        assert!(check(&parse("http://127.0.0.1:1/").unwrap(), false).is_err());
    }
}
