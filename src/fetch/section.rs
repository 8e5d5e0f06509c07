//! `[fetch]` of the config: the way out.
//!
//! In: proxy, CA file, contact, allowed blocks. Out: [`Settings`]. Invariant: what comes out can be used: the CA file holds
//! certificates, the proxy is an address. Refuses proxies of the environment: one must be asked for.

use crate::model::SourceId;
use crate::reach::Net;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use toml::Spanned;
use url::Url;

/// `[fetch]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchSection {
    /// `http://proxy.internal:3128`.
    pub proxy: Option<Spanned<String>>,
    /// Certificates trusted besides the system's.
    pub ca_file: Option<Spanned<PathBuf>>,
    /// Whom a provider may ask about our requests; stands in the User-Agent.
    pub contact: Option<Spanned<String>>,
    /// Source to blocks of addresses it may reach although they are not public.
    #[serde(default)]
    pub allow: BTreeMap<String, Spanned<Vec<String>>>,
}

/// The way out, checked.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The proxy.
    pub proxy: Option<Url>,
    /// Certificates trusted besides the system's, PEM.
    pub ca: Option<Vec<u8>>,
    /// Stands in the User-Agent.
    pub contact: Option<String>,
    /// What a source may reach besides the public internet.
    pub allow: BTreeMap<SourceId, Arc<[Net]>>,
}

/// What is wrong, and where in the config.
pub type Problem = (String, Range<usize>);

/// Checks a section.
///
/// # Errors
/// Every problem found.
pub fn check(s: &FetchSection) -> Result<Settings, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut out = Settings::default();
    if let Some(text) = &s.proxy {
        match Url::parse(text.get_ref()).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host()) {
            Some(u) if u.username().is_empty() && u.password().is_none() => out.proxy = Some(u),
            Some(_) => {
                problems.push(("fetch.proxy: a name or password in the address is not allowed".into(), text.span()))
            }
            None => problems.push(("fetch.proxy is no address: write http://HOST:PORT".into(), text.span())),
        }
    }
    if let Some(path) = &s.ca_file {
        let read = std::fs::read(path.get_ref()).map_err(|e| format!("cannot read {}: {e}", path.get_ref().display()));
        let good = |pem: &Vec<u8>| reqwest::Certificate::from_pem_bundle(pem).is_ok_and(|c| !c.is_empty());
        match read {
            Ok(pem) if good(&pem) => out.ca = Some(pem),
            Ok(_) => {
                problems.push((format!("{} holds no certificate in PEM form", path.get_ref().display()), path.span()))
            }
            Err(why) => problems.push((format!("fetch.ca_file: {why}"), path.span())),
        }
    }
    if let Some(contact) = &s.contact {
        let text = contact.get_ref();
        if !text.is_empty()
            && text.len() <= 200
            && text.bytes().all(|b| (b' '..=b'~').contains(&b) && !b"()\\".contains(&b))
        {
            out.contact = Some(text.clone());
        } else {
            problems.push(("fetch.contact must be 1 to 200 plain characters without brackets".into(), contact.span()));
        }
    }
    for (name, blocks) in &s.allow {
        let nets: Option<Vec<Net>> = blocks.get_ref().iter().map(|b| Net::parse(b)).collect();
        match (SourceId::new(name.clone()), nets) {
            (Ok(id), Some(nets)) => drop(out.allow.insert(id, nets.into())),
            (Err(e), _) => problems.push((format!("fetch.allow: {e}"), blocks.span())),
            (Ok(_), None) => problems.push((
                format!("fetch.allow {name:?}: write blocks of addresses, for example [\"10.1.2.0/24\", \"fd00::/8\"]"),
                blocks.span(),
            )),
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, Vec<Problem>> {
        check(&toml::from_str(text).unwrap())
    }

    #[test]
    fn what_is_right_is_taken() {
        let s = read("proxy = \"http://proxy.example:3128\"\ncontact = \"ops@example.com\"\n[allow]\n\"acme/status\" = [\"10.1.2.0/24\"]\n").unwrap();
        assert_eq!(s.proxy.unwrap().as_str(), "http://proxy.example:3128/");
        assert!(s.allow[&SourceId::new("acme/status").unwrap()][0].contains("10.1.2.9".parse().unwrap()));
    }

    #[test]
    fn what_is_wrong_says_what_is_allowed() {
        for (text, words) in [
            ("proxy = \"proxy:3128\"", "http://HOST:PORT"),
            ("proxy = \"http://me:secret@proxy.example\"", "not allowed"),
            ("ca_file = \"/nowhere/ca.pem\"", "cannot read"),
            ("contact = \"a\\r\\nx: y\"", "plain characters"),
            ("[allow]\n\"acme/status\" = [\"everything\"]", "blocks of addresses"),
            ("[allow]\nacme = [\"10.0.0.0/8\"]", "fetch.allow"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems[0].0.contains(words), "{text}: {problems:?}");
        }
    }
}
