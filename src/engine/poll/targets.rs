//! Which sources are polled, and why the others are not.
//!
//! In: provider files, connections, `watch`, what services use. Out: targets. Invariant: a source runs when its provider
//! is connected, used by a service or watched, and is not unverified. Files of providers nobody asked for stay unread.
//! Refuses to fetch.

use crate::engine::connections::Connection;
use crate::fetch::{AwsKey, ClientSecret, Proof, Request};
use crate::model::{ConnectionId, Every, ProviderId, SourceId};
use crate::provider::catalog::Catalog;
use crate::provider::file::{Auth, Evidence, Polled, Source};
use crate::reach::Net;
use crate::rules::directory::Directory;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A source to poll.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its id.
    pub id: SourceId,
    /// How often.
    pub every: Every,
    /// Fewest rows of a good body, as its file says.
    pub floor: usize,
    pub(super) url: String,
    /// What holds the ends of incidents that the page lists no more.
    pub(super) history: Option<String>,
    /// It is a status page.
    pub(super) lists: bool,
    /// It is the provider's own list of its models.
    pub(super) models: bool,
    /// It is left alone where the host's `robots.txt` says so.
    pub(super) heeds_robots: bool,
    pub(super) connection: Option<ConnectionId>,
    pub(super) proof: Option<Proof>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) allow: Option<Arc<[Net]>>,
}

impl Target {
    /// Whether it is a status page: it tells of incidents.
    pub fn tells_incidents(&self) -> bool {
        self.lists
    }

    /// A request for all of it.
    pub fn request(&self, at: Timestamp) -> Request {
        let (url, proof, headers) = (self.url.clone(), self.proof.clone(), self.headers.clone());
        Request { url, proof, headers, at, allow: self.allow.clone(), ..Request::default() }
    }
}

/// Why a source is not polled, for status and doctor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPolled {
    /// Which.
    pub id: SourceId,
    /// Why, and what to do.
    pub why: String,
}

/// The sources that are not polled.
#[derive(Debug, Clone, Default)]
pub struct Off {
    unasked: Vec<ProviderId>,
    skipped: Vec<NotPolled>,
}

impl Off {
    /// Each of them, by id.
    pub fn list(&self, catalog: &Catalog) -> Vec<NotPolled> {
        let providers = self.unasked.iter().filter_map(|id| catalog.get(id.as_str()));
        let unasked = providers.flat_map(|p| p.file.sources.iter().map(move |(name, s)| (p, name, s)));
        let mut all: Vec<NotPolled> = unasked
            .filter(|(_, _, s)| s.polled().is_some())
            .filter_map(|(p, name, s)| {
                let why = unverified(s).unwrap_or("nobody uses it: add it to watch, or to the uses of a service");
                Some(NotPolled { id: SourceId::of(&p.id, name).ok()?, why: why.into() })
            })
            .chain(self.skipped.iter().cloned())
            .collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }
}

fn unverified(source: &Source) -> Option<&'static str> {
    (source.evidence() == Evidence::U).then_some("unverified: switched off in the provider file")
}

/// What of the config says which sources run.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Connections.
    pub connections: &'a BTreeMap<ConnectionId, Connection>,
    /// `watch`; none means the model providers.
    pub watch: Option<&'a [String]>,
    /// What a source may reach besides the public internet.
    pub allow: &'a BTreeMap<SourceId, Arc<[Net]>>,
}

/// Which sources run: those connected, used by a service, or watched.
pub fn targets(catalog: &Catalog, directory: &Directory, wanted: Wanted<'_>) -> (Vec<Target>, Off) {
    let (mut run, mut off) = (Vec::new(), Off::default());
    for p in catalog.iter() {
        let id = p.id.as_str();
        let used = directory.services().flat_map(|s| &s.uses).any(|u| crate::model::text::glob(u.provider(), id));
        // A connection of a page's own hints (`statuspage/openai`) is about that provider.
        let connected = wanted.connections.keys().any(|c| c.provider() == id || c.account() == id);
        let watched = wanted.watch.map_or(p.model_provider, |w| w.iter().any(|x| x == id));
        if !(used || connected || watched) {
            off.unasked.push(p.id.clone());
            continue;
        }
        for (name, source) in &p.file.sources {
            let (Ok(source_id), Some(polled)) = (SourceId::of(&p.id, name), source.polled()) else { continue };
            let mut skip = |why: &str| off.skipped.push(NotPolled { id: source_id.clone(), why: why.into() });
            if let Some(why) = unverified(source) {
                skip(why);
                continue;
            }
            let keyed = wanted.connections.values().find(|c| c.id.provider() == id && c.api_key.is_some());
            let asked = match asked(&polled, keyed) {
                Ok(asked) => asked,
                Err(why) => {
                    skip(&format!("{why} in [connections.\"{id}/main\"]"));
                    continue;
                }
            };
            run.push(Target {
                allow: wanted.allow.get(&source_id).cloned(),
                id: source_id,
                every: polled.every.clone(),
                floor: polled.floor,
                url: asked.url,
                history: polled.history,
                lists: polled.lists,
                models: polled.models,
                heeds_robots: polled.heeds_robots,
                connection: asked.connection,
                proof: asked.proof,
                headers: asked.headers,
            });
        }
    }
    (run, off)
}

/// How a source is asked: where, by whom, with which proof.
struct Asked {
    url: String,
    connection: Option<ConnectionId>,
    proof: Option<Proof>,
    headers: Vec<(String, String)>,
}

/// How a source is asked, or what its connection lacks.
fn asked(polled: &Polled<'_>, keyed: Option<&Connection>) -> Result<Asked, String> {
    let access = polled.access.cloned().unwrap_or_default();
    let own = BTreeMap::new();
    let values = keyed.map_or(&own, |c| &c.values);
    let filled = |address: &str| {
        access.filled(address, values).map_err(|name| format!("needs to know which {name}: set values.{name}"))
    };
    if polled.auth == Auth::None {
        return Ok(Asked { url: filled(polled.url)?, connection: None, proof: None, headers: Vec::new() });
    }
    let (c, key) = keyed.and_then(|c| Some((c, c.api_key.clone()?))).ok_or("needs a key: set api_key")?;
    let id = || c.key_id.clone().ok_or("needs the id of its key: set key_id");
    let proof = match polled.auth {
        Auth::None | Auth::Bearer => Proof::Bearer(key),
        Auth::Header => Proof::Header { name: access.header.clone().unwrap_or_default(), key },
        Auth::Aws => Proof::Aws(AwsKey {
            id: id()?,
            secret: key,
            session_token: c.session_token.clone(),
            region: filled("{region}")?,
            service: access.service.clone().unwrap_or_default(),
        }),
        Auth::Client => Proof::Client(ClientSecret {
            token_url: filled(access.token_url.as_deref().unwrap_or_default())?,
            id: id()?,
            secret: key,
            scope: access.scope.clone().unwrap_or_default(),
        }),
    };
    let headers = access.headers.clone().into_iter().collect();
    Ok(Asked { url: filled(polled.url)?, connection: Some(c.id.clone()), proof: Some(proof), headers })
}
