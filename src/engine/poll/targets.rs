//! Which sources are polled, and why the others are not.
//!
//! In: provider files, connections, `watch`, what services use. Out: targets. Invariant: a source runs when its provider
//! is connected, used by a service or watched, and is not unverified. Refuses to fetch.

use crate::engine::connections::Connection;
use crate::fetch::{Net, Request};
use crate::model::{ConnectionId, Every, SourceId};
use crate::provider::catalog::Catalog;
use crate::provider::file::{Auth, Evidence};
use crate::rules::directory::Directory;
use secrecy::SecretString;
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
    pub(super) connection: Option<ConnectionId>,
    pub(super) key: Option<SecretString>,
    pub(super) allow: Option<Arc<[Net]>>,
}

impl Target {
    /// A request for all of it.
    pub fn request(&self) -> Request {
        Request { url: self.url.clone(), bearer: self.key.clone(), allow: self.allow.clone(), ..Request::default() }
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
pub fn targets(catalog: &Catalog, directory: &Directory, wanted: Wanted<'_>) -> (Vec<Target>, Vec<NotPolled>) {
    let (mut run, mut off) = (Vec::new(), Vec::new());
    for p in catalog.iter() {
        let id = p.file.id.as_str();
        let used = directory.services().flat_map(|s| &s.uses).any(|u| crate::model::text::glob(u.provider(), id));
        // A connection of a page's own hints (`statuspage/openai`) is about that provider.
        let connected = wanted.connections.keys().any(|c| c.provider() == id || c.account() == id);
        let watched = wanted.watch.map_or(p.file.model_provider, |w| w.iter().any(|x| x == id));
        for (name, source) in &p.file.sources {
            let (Ok(source_id), Some(polled)) = (SourceId::of(&p.file.id, name), source.polled()) else { continue };
            let mut skip = |why: &str| off.push(NotPolled { id: source_id.clone(), why: why.into() });
            if source.evidence() == Evidence::U {
                skip("unverified: switched off in the provider file");
                continue;
            }
            if !(used || connected || watched) {
                skip("nobody uses it: add it to watch, or to the uses of a service");
                continue;
            }
            let keyed = wanted.connections.values().find(|c| c.id.provider() == id && c.api_key.is_some());
            let (connection, key) = match polled.auth {
                Auth::None => (None, None),
                Auth::Bearer => match keyed {
                    Some(c) => (Some(c.id.clone()), c.api_key.clone()),
                    None => {
                        skip(&format!("needs a key: set api_key in [connections.\"{id}/main\"]"));
                        continue;
                    }
                },
            };
            run.push(Target {
                allow: wanted.allow.get(&source_id).cloned(),
                id: source_id,
                every: polled.every.clone(),
                floor: polled.floor,
                url: polled.url.to_owned(),
                history: polled.history,
                lists: polled.lists,
                models: polled.models,
                connection,
                key,
            });
        }
    }
    (run, off)
}
