//! `[access]` of the config: who may ask the private side, and under which names it is reached.
//!
//! In: the section, where the private side listens. Out: [`Access`]. Invariant: nobody is let in without a sign-in unless the
//! private side is on loopback and reached by no other name. Refuses a proxy that could be anybody.

use crate::model::Role;
use crate::reach::Net;
use secrecy::SecretString;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use toml::Spanned;
use url::Url;

/// `[access]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessSection {
    /// Whether everybody signs in; by default all but those on this machine.
    pub sign_in: Option<Spanned<bool>>,
    /// Further names under which the private side is reached.
    #[serde(default)]
    pub hosts: Vec<Spanned<String>>,
    /// A proxy that signs people in.
    pub proxy: Option<Spanned<ProxySection>>,
}

/// `[access.proxy]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxySection {
    /// Blocks of addresses it asks from.
    pub from: Vec<String>,
    /// The header that holds the user.
    pub user_header: Option<String>,
    /// The header that holds the groups, with commas between them.
    pub groups_header: Option<String>,
    /// What those may do whom it lets in.
    pub role: Option<Role>,
    /// Users and groups that may do everything.
    #[serde(default)]
    pub admins: Vec<String>,
    /// What the proxy sends in `X-Forewarn-Proxy`.
    pub secret: Option<Spanned<String>>,
}

/// Who may ask, checked.
#[derive(Debug, Clone)]
pub struct Access {
    /// Everybody must show who they are.
    pub sign_in: bool,
    /// Only these names of ours are answered; none when the private side is no loopback one.
    pub hosts: Option<Vec<String>>,
    /// Where people reach the private side, without a slash at the end.
    pub url: Option<Url>,
    /// The proxy that signs people in.
    pub proxy: Option<Proxy>,
}

/// A proxy that signs people in.
#[derive(Debug, Clone)]
pub struct Proxy {
    from: Vec<Net>,
    /// The header that holds the user.
    pub user_header: String,
    /// The header that holds the groups.
    pub groups_header: String,
    role: Role,
    admins: Vec<String>,
    /// What proves it beside its address.
    pub secret: Option<SecretString>,
}

impl Proxy {
    /// Whether it may ask from there.
    pub fn is_at(&self, address: IpAddr) -> bool {
        self.from.iter().any(|n| n.contains(address.to_canonical()))
    }

    /// What a user of these groups may do.
    pub fn role_of(&self, user: &str, groups: &str) -> Role {
        let admin = |name: &str| self.admins.iter().any(|a| a == name);
        if admin(user) || groups.split(',').map(str::trim).any(admin) { Role::Admin } else { self.role }
    }
}

impl Default for Access {
    /// On loopback, without a sign-in.
    fn default() -> Self {
        Self { sign_in: false, hosts: Some(Vec::new()), url: None, proxy: None }
    }
}

impl Access {
    /// The same for a private side that listens elsewhere than the config says.
    #[must_use]
    pub fn at(self, listen: SocketAddr) -> Self {
        if listen.ip().is_loopback() { self } else { Self { sign_in: true, hosts: None, ..self } }
    }
}

/// What is wrong, and where in the config.
pub type Problem = (String, Range<usize>);

/// What the section is judged with.
#[derive(Debug)]
pub struct Around<'a> {
    /// Where the private side listens.
    pub listen: SocketAddr,
    /// `private_url`.
    pub url: Option<&'a Spanned<String>>,
    /// What `proxy.secret` points to, resolved.
    pub secret: Option<SecretString>,
}

/// Checks a section.
///
/// # Errors
/// Every problem found.
pub fn check(s: &AccessSection, around: Around<'_>) -> Result<Access, Vec<Problem>> {
    let mut problems = Vec::new();
    let url = around.url.and_then(|given| {
        let parsed = Url::parse(given.get_ref()).ok();
        let good = parsed.filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host() && u.path() == "/");
        if good.is_none() {
            let told = format!("{:?} is no web address without a path: write https://HOST", given.get_ref());
            problems.push((told, given.span()));
        }
        good
    });
    let mut names: Vec<String> = url.as_ref().and_then(Url::host_str).map(str::to_lowercase).into_iter().collect();
    for h in &s.hosts {
        let text = h.get_ref().to_lowercase();
        if text.is_empty() || text.contains(['/', ' ', '@']) || (text.contains(':') && !text.starts_with('[')) {
            problems.push((format!("{:?} is no host name: write it without scheme and port", h.get_ref()), h.span()));
        }
        names.push(text);
    }
    let proxy = s.proxy.as_ref().and_then(|p| match proxy(p.get_ref(), around.secret) {
        Ok(proxy) => Some(proxy),
        Err(why) => {
            problems.push((why, p.span()));
            None
        }
    });
    let alone = around.listen.ip().is_loopback();
    let others = s.proxy.is_some() || names.iter().any(|n| !is_loopback_name(n));
    let sign_in = match &s.sign_in {
        None => !alone || others,
        Some(asked) => {
            if !asked.get_ref() && (!alone || s.proxy.is_some()) {
                let why = if alone { "a proxy would let everybody in" } else { "it does not listen on loopback" };
                problems.push((format!("access.sign_in = false: {why}; leave it away"), asked.span()));
            }
            *asked.get_ref()
        }
    };
    let hosts = alone.then_some(names);
    if problems.is_empty() { Ok(Access { sign_in, hosts, url, proxy }) } else { Err(problems) }
}

/// Whether a name in `Host` is this machine itself.
pub fn is_loopback_name(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|a| a.to_canonical().is_loopback())
}

fn proxy(p: &ProxySection, secret: Option<SecretString>) -> Result<Proxy, String> {
    let from: Option<Vec<Net>> = p.from.iter().map(|b| Net::parse(b)).collect();
    let from =
        from.filter(|f| !f.is_empty()).ok_or("access.proxy.from: write addresses, for example [\"10.1.2.3\"]")?;
    if p.from.iter().any(|b| b.ends_with("/0")) && secret.is_none() {
        return Err("access.proxy.from is everywhere: give the proxy a secret, or name its address".into());
    }
    let header = |given: Option<&String>, default: &str| {
        let name = given.map_or(default, String::as_str).to_lowercase();
        let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if good { Ok(name) } else { Err(format!("access.proxy: {name:?} is no name of a header")) }
    };
    Ok(Proxy {
        from,
        user_header: header(p.user_header.as_ref(), "x-forwarded-user")?,
        groups_header: header(p.groups_header.as_ref(), "x-forwarded-groups")?,
        role: p.role.unwrap_or(Role::Read),
        admins: p.admins.clone(),
        secret,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, listen: &str, url: Option<&str>) -> Result<Access, Vec<Problem>> {
        let url = url.map(|u| Spanned::new(0..u.len(), u.to_owned()));
        let around = Around { listen: listen.parse().unwrap(), url: url.as_ref(), secret: None };
        check(&toml::from_str(text).unwrap(), around)
    }

    #[test]
    fn only_loopback_reached_by_no_other_name_is_open() {
        let local = "127.0.0.1:8322";
        for (text, listen, url, sign_in) in [
            ("", local, None, false),
            ("", "[::1]:8322", Some("http://localhost:8322"), false),
            ("", "0.0.0.0:8322", None, true),
            ("", local, Some("https://forewarn.internal"), true),
            ("hosts = [\"forewarn.internal\"]", local, None, true),
            ("hosts = [\"forewarn.internal\"]\nsign_in = false", local, None, false),
            ("sign_in = true", local, None, true),
            ("[proxy]\nfrom = [\"10.0.0.1\"]", local, None, true),
        ] {
            assert_eq!(read(text, listen, url).unwrap().sign_in, sign_in, "{text} {listen} {url:?}");
        }
    }

    #[test]
    fn what_would_let_everybody_in_is_refused() {
        for (text, listen) in [
            ("sign_in = false", "0.0.0.0:8322"),
            ("sign_in = false\n[proxy]\nfrom = [\"127.0.0.1\"]", "127.0.0.1:8322"),
            ("[proxy]\nfrom = []", "127.0.0.1:8322"),
            ("[proxy]\nfrom = [\"0.0.0.0/0\"]", "127.0.0.1:8322"),
            ("[proxy]\nfrom = [\"10.0.0.1\"]\nuser_header = \"a:b\"", "127.0.0.1:8322"),
            ("hosts = [\"https://x\"]", "127.0.0.1:8322"),
        ] {
            assert!(read(text, listen, None).is_err(), "{text} {listen}");
        }
        assert!(read("", "127.0.0.1:8322", Some("https://x/path")).is_err());
    }

    #[test]
    fn a_proxy_knows_its_addresses_and_admins() {
        let text = "[proxy]\nfrom = [\"10.0.0.0/8\"]\nrole = \"act\"\nadmins = [\"mei\", \"sre\"]";
        let p = read(text, "0.0.0.0:1", None).unwrap().proxy.unwrap();
        assert!(p.is_at("10.9.8.7".parse().unwrap()) && p.is_at("::ffff:10.9.8.7".parse().unwrap()));
        assert!(!p.is_at("11.0.0.1".parse().unwrap()));
        assert_eq!(p.role_of("mei", ""), Role::Admin);
        assert_eq!(p.role_of("ravi", "search, sre"), Role::Admin);
        assert_eq!(p.role_of("ravi", "search"), Role::Act);
    }
}
