//! L2: the guarded client. What we fetch, from where, and how much of it.
//!
//! In: an address from a provider file, validators, a key. Out: [`Fetched`] or [`FetchError`]. Invariant: only public
//! addresses are reached (others only where the source's own address is on this machine, or the config allows them to
//! this source), and only the address that was checked; a body is capped after decoding; a key never follows a redirect
//! to another host. Refuses anything but http and https, and proxies nobody configured.

mod aws;
mod guard;
mod proof;
mod robots;
mod section;

pub use aws::AwsKey;
pub use proof::{ClientSecret, Proof};
pub use robots::Robots;
pub use section::{FetchSection, Problem, Settings, check as check_section};

use crate::reach::{Checked, Net, ResolveError, resolve};
use guard::Guard;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::{Host, Url};

/// Largest body, decoded.
pub const LARGEST_BODY: usize = 8 << 20;
/// Most redirects followed.
const MOST_REDIRECTS: usize = 5;
/// Longest a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest nothing may come.
const SILENCE: Duration = Duration::from_secs(15);
/// Longest a whole fetch may take, redirects and all.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What to fetch.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Where.
    pub url: String,
    /// Who asks; sent to the first host only.
    pub proof: Option<Proof>,
    /// Headers besides, sent to the first host only.
    pub headers: Vec<(String, String)>,
    /// When it is asked, for proofs that hold for a moment.
    pub at: Timestamp,
    /// `If-None-Match`.
    pub etag: Option<String>,
    /// `If-Modified-Since`.
    pub last_modified: Option<String>,
    /// What may be reached besides the public internet.
    pub allow: Option<Arc<[Net]>>,
    /// The config itself names an address in plain http: of a gateway in one's own network.
    pub plain: bool,
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// 304: what we have is what there is.
    Unchanged {
        /// Seconds for which asking again is pointless.
        max_age: Option<i64>,
    },
    /// A body.
    Body {
        /// Its bytes, decoded.
        body: Vec<u8>,
        /// Validator.
        etag: Option<String>,
        /// Validator.
        last_modified: Option<String>,
        /// Seconds for which asking again is pointless.
        max_age: Option<i64>,
        /// Another host answered than the one asked.
        moved_to: Option<String>,
        /// The next page, by its `Link` header (RFC 8288).
        next: Option<String>,
    },
}

impl Request {
    /// Without key and validators.
    pub fn plain(url: String) -> Self {
        Self { url, ..Self::default() }
    }
}

/// What a server says about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// In so many seconds.
    Seconds(i64),
    /// At this moment.
    At(Timestamp),
}

impl RetryAfter {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let date = || jiff::fmt::rfc2822::parse(text).ok().map(|z| RetryAfter::At(z.timestamp()));
        text.parse().ok().map(RetryAfter::Seconds).or_else(date)
    }
    /// In seconds from now.
    pub fn seconds(self, now: Timestamp) -> i64 {
        match self {
            RetryAfter::Seconds(s) => s,
            RetryAfter::At(t) => t.duration_since(now).as_secs(),
        }
    }
}

/// Why there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The server answers with another status.
    #[error("{host} answered {status}{}", via.as_ref().map_or(String::new(), |v| format!(" (redirected from {v})")))]
    Status {
        /// The host asked.
        host: String,
        /// Its status.
        status: u16,
        /// When it asked us to come back.
        retry_after: Option<RetryAfter>,
        /// The host we asked first, if it sent us to another.
        via: Option<String>,
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
    settings: Settings,
    made: Mutex<BTreeMap<Guard, reqwest::Client>>,
    heard: robots::Heard,
}

impl Client {
    /// With the way out of the config.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    fn client(&self, guard: &Guard) -> Result<reqwest::Client, FetchError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(c) = made.get(guard) {
            return Ok(c.clone());
        }
        let client = self.build(guard.clone())?;
        made.insert(guard.clone(), client.clone());
        Ok(client)
    }

    fn build(&self, guard: Guard) -> Result<reqwest::Client, FetchError> {
        let broken = |e: reqwest::Error| FetchError::Network(format!("cannot prepare the HTTP client: {e}"));
        let whom = self.settings.contact.as_ref().map_or(String::new(), |c| format!("; {c}"));
        let mut builder = reqwest::Client::builder()
            .user_agent(format!("forewarn/{} (polls announcements{whom})", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .timeout(DEADLINE)
            .pool_max_idle_per_host(0)
            .no_proxy();
        if let Some(pem) = &self.settings.ca {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem).map_err(broken)?);
        }
        match self.settings.proxy.as_ref().filter(|_| !guard.loopback) {
            // The proxy resolves the target again: only it can pin what it reaches. Its own address may be private.
            Some(proxy) => builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(broken)?),
            None => builder = builder.dns_resolver(Arc::new(Checked(Arc::new(move |a| guard.allows(a))))),
        }
        builder.build().map_err(broken)
    }

    /// What time a server says it is: the `Date` of its answer, whatever else it answers.
    ///
    /// # Errors
    /// Why there is none; the text names the host.
    pub async fn date(&self, address: &str) -> Result<Timestamp, FetchError> {
        let url = parse(address)?;
        let guard = Guard { loopback: is_loopback(&url), plain: false, allow: Arc::new([]) };
        check(&url, &guard)?;
        self.check_behind_proxy(&url, &guard).await?;
        let answer = self.client(&guard)?.head(url.clone()).send().await.map_err(|e| network(&url, &e))?;
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
        match tokio::time::timeout(DEADLINE, self.follow(request)).await {
            Ok(done) => done,
            Err(_) => Err(FetchError::Network(format!("{}: no whole answer in time", host(&parse(&request.url)?)))),
        }
    }

    async fn follow(&self, request: &Request) -> Result<Fetched, FetchError> {
        let first = parse(&request.url)?;
        let mut url = first.clone();
        let proof = match &request.proof {
            Some(p) => Some(self.ready(p).await?),
            None => None,
        };
        let allow = request.allow.clone().unwrap_or_else(|| Arc::new([]));
        let guard = Guard { loopback: is_loopback(&url), plain: request.plain, allow };
        let client = self.client(&guard)?;
        for _ in 0..=MOST_REDIRECTS {
            check(&url, &guard)?;
            self.check_behind_proxy(&url, &guard).await?;
            let mut get = asked(client.get(url.clone()), request);
            if url.host_str() == first.host_str() {
                get = request.headers.iter().fold(get, |get, (name, value)| get.header(name, value));
                get = proof.iter().fold(get, |get, p| p.add(get, &url, request.at));
            }
            let answer = get.send().await.map_err(|e| network(&url, &e))?;
            let status = answer.status().as_u16();
            let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
            let via = (url.host_str() != first.host_str()).then(|| host(&first));
            match status {
                200 => {
                    let (etag, last_modified, max_age) = (header("etag"), header("last-modified"), max_age(header));
                    let moved_to = via.map(|_| host(&url));
                    let next = header("link").and_then(|l| next_link(&l));
                    let body = read(answer, &url).await?;
                    return Ok(Fetched::Body { body, etag, last_modified, max_age, moved_to, next });
                }
                304 => return Ok(Fetched::Unchanged { max_age: max_age(header) }),
                301 | 302 | 303 | 307 | 308 => url = redirected(&url, header("location"))?,
                _ => {
                    let retry_after = header("retry-after").and_then(|v| RetryAfter::parse(&v));
                    return Err(FetchError::Status { host: host(&url), status, retry_after, via });
                }
            }
        }
        Err(FetchError::Refused(format!("{}: more than {MOST_REDIRECTS} redirects", host(&first))))
    }

    /// Through a proxy the target is checked as well; a name only the proxy can resolve is left to it.
    async fn check_behind_proxy(&self, url: &Url, guard: &Guard) -> Result<(), FetchError> {
        let Some(Host::Domain(name)) = url.host().filter(|_| self.settings.proxy.is_some()) else { return Ok(()) };
        match resolve(name, |a| guard.allows(a)).await {
            Err(e @ ResolveError::Refused(_)) => Err(FetchError::Refused(e.to_string())),
            Ok(_) | Err(ResolveError::Unknown(_)) => Ok(()),
        }
    }
}

fn asked(mut get: reqwest::RequestBuilder, request: &Request) -> reqwest::RequestBuilder {
    if let Some(t) = &request.etag {
        get = get.header("if-none-match", t);
    }
    if let Some(t) = &request.last_modified {
        get = get.header("if-modified-since", t);
    }
    get
}

fn redirected(from: &Url, to: Option<String>) -> Result<Url, FetchError> {
    let to = to.ok_or_else(|| FetchError::Network(format!("{} redirects nowhere", host(from))))?;
    let next = from
        .join(&to)
        .map_err(|_| FetchError::Refused(format!("{} redirects to something that is no address", host(from))))?;
    if from.scheme() == "https" && next.scheme() != "https" {
        return Err(FetchError::Refused(format!("{} redirects from https to {}", host(from), next.scheme())));
    }
    Ok(next)
}

/// Seconds for which a cache may keep an answer, less its age. <https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1>
fn max_age(header: impl Fn(&str) -> Option<String>) -> Option<i64> {
    let control = header("cache-control")?.to_ascii_lowercase();
    let mut words = control.split(',').map(str::trim);
    let age = words.find_map(|w| w.strip_prefix("max-age="))?.trim_matches('"').parse::<i64>().ok()?;
    let old = header("age").and_then(|a| a.trim().parse::<i64>().ok()).unwrap_or(0);
    Some((age - old.max(0)).max(0))
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

/// The host and port of an address, for being polite to it; none for this machine, which needs no politeness.
pub fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|u| !is_loopback(u))?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
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
fn check(url: &Url, guard: &Guard) -> Result<(), FetchError> {
    let refused = |why: &str| Err(FetchError::Refused(format!("{}: {why}", host(url))));
    if url.scheme() != "https" && !(url.scheme() == "http" && (guard.loopback || guard.plain)) {
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
        Some(a) if !guard.allows(a) => refused("is no public address"),
        Some(_) | None => Ok(()),
    }
}

fn network(url: &Url, e: &reqwest::Error) -> FetchError {
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(e);
    while let Some(s) = source {
        if let Some(ResolveError::Refused(_)) = s.downcast_ref::<ResolveError>() {
            return FetchError::Refused(s.to_string());
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(loopback: bool) -> Guard {
        Guard { loopback, plain: false, allow: Arc::new([]) }
    }

    #[test]
    fn odd_literals_schemes_and_user_names_are_refused() {
        for bad in [
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://0.0.0.0/",
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "data:text/plain,x",
            "https://user@example.com/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://169.254.169.254./",
            "https://①⑥⑨.254.169.254/",
        ] {
            assert!(check(&parse(bad).unwrap(), &guard(false)).is_err(), "{bad}");
        }
        assert!(check(&parse("https://example.com/").unwrap(), &guard(false)).is_ok());
        assert!(check(&parse("http://127.0.0.1:1/").unwrap(), &guard(true)).is_ok());
        assert!(check(&parse("http://127.0.0.1:1/").unwrap(), &guard(false)).is_err());
        // Plain http where the config itself writes it, and still no private address that is not allowed.
        let plain = Guard { plain: true, ..guard(false) };
        assert!(check(&parse("http://gateway.example.com:4000/").unwrap(), &plain).is_ok());
        assert!(check(&parse("http://10.1.2.3:4000/").unwrap(), &plain).is_err());
        assert!(check(&parse("ftp://gateway.example.com/").unwrap(), &plain).is_err());
    }

    #[test]
    fn a_server_says_when_to_come_back_in_seconds_or_as_a_date() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let seconds = |t: &str| RetryAfter::parse(t).map(|r| r.seconds(now));
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Mon, 23 Nov 2026 08:10:00 GMT"), Some(600));
        assert_eq!((seconds("soon"), seconds("")), (None, None));
    }

    #[test]
    fn what_a_cache_may_keep_is_its_age_less() {
        let of = |control: &str, age: Option<&str>| {
            max_age(|n| if n == "age" { age.map(str::to_owned) } else { Some(control.to_owned()) })
        };
        assert_eq!(of("public, max-age=60", None), Some(60));
        assert_eq!(of("Max-Age=60, must-revalidate", Some("45")), Some(15));
        assert_eq!(of("max-age=60", Some("90")), Some(0));
        assert_eq!((of("no-store", None), of("max-age=x", None)), (None, None));
    }

    #[test]
    fn politeness_is_by_host_and_port_and_not_for_this_machine() {
        assert_eq!(origin("https://status.example.com/api"), Some("status.example.com:443".into()));
        assert_eq!((origin("http://127.0.0.1:8080/x"), origin("nonsense")), (None, None));
    }
}
