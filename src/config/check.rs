//! Checking a parsed config as a whole.
//!
//! In: the file, its text, the environment. Out: [`Config`] or all problems at once. Invariant: nothing half right comes
//! out. Refuses to stop at the first problem: a person mends a file in one go.

use super::channels::channels;
use super::connections::connections;
use super::{Config, Env, File, Heart, Problems, Text};
use crate::engine::access::{self, Access};
use crate::fetch;
use crate::notify::http::check_url;
use crate::notify::render::template::Templates;
use crate::provider::catalog::{BadFile, Catalog};
use crate::rules::directory::{Directory, Mode, Sections};
use crate::secret;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;

/// Gathers problems and notes.
pub(super) struct Checker<'e> {
    env: Env<'e>,
    problems: Vec<(String, Range<usize>)>,
    hidden: Vec<Range<usize>>,
    notes: Vec<String>,
}

impl Checker<'_> {
    pub(super) fn problem(&mut self, message: String, span: Range<usize>) {
        self.problems.push((message, span));
    }
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }
    /// Resolves a reference, or notes why not.
    pub(super) fn secret(&mut self, reference: &Spanned<String>) -> Option<SecretString> {
        match secret::resolve(reference.get_ref(), self.env) {
            Ok(s) => Some(s),
            Err(e) => {
                if !secret::is_reference(reference.get_ref()) {
                    self.hidden.push(reference.span());
                }
                self.problem(e.to_string(), reference.span());
                None
            }
        }
    }
    fn address(&mut self, given: Option<&Spanned<String>>, default: SocketAddr) -> SocketAddr {
        let Some(g) = given else { return default };
        g.get_ref().parse().unwrap_or_else(|_| {
            self.problem(
                format!("{:?} is no address: write IP:PORT, for example 127.0.0.1:8321", g.get_ref()),
                g.span(),
            );
            default
        })
    }
}

pub(super) fn check(file: File, text: Text, env: Env<'_>) -> Result<Config, Problems> {
    let mut c = Checker { env, problems: Vec::new(), hidden: Vec::new(), notes: Vec::new() };
    let extra = provider_files(&file, &mut c);
    let catalog = match Catalog::load(&extra, &file.provider) {
        Ok(catalog) => catalog,
        Err(bad) => return Err(Problems { all: bad.iter().map(show).collect() }),
    };
    for id in file.provider.keys().filter(|id| catalog.get(id).is_none()) {
        c.note(format!("[provider.{id}] changes nothing: there is no provider of that name"));
    }
    let connections = connections(&file, &catalog, &mut c);
    let channels = channels(&file, &mut c);
    let templates = templates(&file, &mut c);
    let fetch = fetch::check_section(&file.fetch).map_err(|mut p| c.problems.append(&mut p));
    let sections = Sections {
        mode: file.mode,
        catch_all: file.catch_all.clone(),
        digest: file.digest.clone(),
        owners: file.owners.clone(),
        services: file.services.clone(),
        routes: file.routes.clone(),
        policies: file.policies.clone(),
        connection_owners: file
            .connections
            .iter()
            .filter_map(|(n, s)| Some((crate::model::ConnectionId::new(n.clone()).ok()?, s.get_ref().owner.clone()?)))
            .collect(),
        deadlines: file.deadlines.clone(),
    };
    let directory = Directory::build(&sections).map_err(|mut p| c.problems.append(&mut p));
    for s in file.services.values() {
        for u in &s.get_ref().uses {
            unknown_use(u, &catalog, &mut c);
        }
    }
    let watch = file.watch.as_ref().map(|list| {
        for w in list.iter().filter(|w| catalog.get(w.get_ref()).is_none()) {
            c.problem(format!("unknown provider {:?} in watch: known are {}", w.get_ref(), names(&catalog)), w.span());
        }
        list.iter().map(|w| w.get_ref().clone()).collect()
    });
    if let Some(u) =
        file.public_url.as_ref().filter(|u| !u.get_ref().starts_with("https://") && !u.get_ref().starts_with("http://"))
    {
        c.problem(format!("{:?} is no web address: write https://…", u.get_ref()), u.span());
    }
    let heartbeat = heartbeat(&file, &mut c);
    let intake = c.address(file.intake.as_ref(), SocketAddr::from(([127, 0, 0, 1], 8321)));
    let listen = c.address(file.listen.as_ref(), SocketAddr::from(([127, 0, 0, 1], 8322)));
    let access = access(&file, listen, &mut c);
    if file.mode == Mode::Shadow {
        c.note("mode = \"shadow\": everything goes to the operators, nobody else is told".into());
    }
    let (Ok(directory), Ok(fetch), Some(access)) = (directory, fetch, access) else { return Err(all(&text, &c)) };
    if !c.problems.is_empty() {
        return Err(all(&text, &c));
    }
    Ok(Config {
        origin: text.origin().to_owned(),
        public_url: file.public_url.map(|u| u.into_inner().trim_end_matches('/').to_owned()),
        access,
        intake,
        listen,
        data_dir: file.data_dir,
        snapshot: file.snapshot.unwrap_or(true),
        low_water: file.low_water_mb.unwrap_or(256) << 20,
        heartbeat,
        watch,
        catalog,
        directory,
        connections,
        channels,
        templates,
        providers_dir: file.providers_dir.map(Spanned::into_inner),
        fetch,
        notes: c.notes,
    })
}

/// Fewest seconds between two calls: nobody outside counts faster.
const HEARTBEAT: u64 = 10;

fn heartbeat(file: &File, c: &mut Checker<'_>) -> Option<Heart> {
    let seconds = file.heartbeat_seconds.as_ref();
    if let Some(s) = seconds.filter(|s| !(HEARTBEAT..=86_400).contains(s.get_ref())) {
        c.problem(format!("heartbeat_seconds is from {HEARTBEAT} to 86400"), s.span());
    }
    let reference = file.heartbeat_url.as_ref()?;
    let url = c.secret(reference)?;
    if let Err(why) = check_url(url.expose_secret()) {
        c.problem(format!("{}: {why}", reference.get_ref()), reference.span());
    }
    Some(Heart { url, every: Duration::from_secs(seconds.map_or(60, |s| *s.get_ref())) })
}

fn access(file: &File, listen: SocketAddr, c: &mut Checker<'_>) -> Option<Access> {
    let reference = file.access.proxy.as_ref().and_then(|p| p.get_ref().secret.as_ref());
    let secret = reference.and_then(|r| c.secret(r));
    let around = access::Around { listen, url: file.private_url.as_ref(), secret };
    access::check(&file.access, around).map_err(|mut p| c.problems.append(&mut p)).ok()
}

fn all(text: &Text, c: &Checker<'_>) -> Problems {
    let mut problems = c.problems.clone();
    problems.sort_by_key(|(_, s)| s.start);
    problems.dedup();
    let text = text.hiding(&c.hidden);
    Problems { all: problems.into_iter().map(|(m, s)| text.show(&m, (s != (0..0)).then_some(s))).collect() }
}

fn names(catalog: &Catalog) -> String {
    catalog.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ")
}

fn templates(file: &File, c: &mut Checker<'_>) -> Templates {
    const KINDS: &str = "all, slack, slack_webhook, email, console, webhook, pagerduty, teams, discord, ntfy, github, jira, linear, alertmanager";
    for (name, section) in file.templates.iter().filter(|(name, _)| !KINDS.split(", ").any(|k| k == *name)) {
        let given = [&section.headline, &section.subject, &section.body, &section.footer];
        let span = given.into_iter().flatten().next().map_or(0..0, Spanned::span);
        c.problem(format!("[templates.{name}]: there is no such channel: write one of {KINDS}"), span);
    }
    Templates::build(&file.templates).unwrap_or_else(|bad| {
        c.problems.extend(bad);
        Templates::default()
    })
}

/// A use of a provider nobody knows is kept (a provider file may come later) and said aloud.
fn unknown_use(u: &Spanned<String>, catalog: &Catalog, c: &mut Checker<'_>) {
    if let Ok(p) = crate::rules::matcher::UsePattern::parse(u.get_ref())
        && !catalog.iter().any(|x| crate::model::text::glob(p.provider(), x.id.as_str()))
    {
        c.note(format!(
            "uses {:?}: no provider file covers {:?} yet, so nothing will be heard of it",
            u.get_ref(),
            p.provider()
        ));
    }
}

fn provider_files(file: &File, c: &mut Checker<'_>) -> Vec<(String, String)> {
    let Some(dir) = &file.providers_dir else { return Vec::new() };
    let entries = match std::fs::read_dir(dir.get_ref()) {
        Ok(e) => e,
        Err(e) => {
            c.problem(format!("cannot read {}: {e}", dir.get_ref().display()), dir.span());
            return Vec::new();
        }
    };
    let mut paths: Vec<_> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|x| x == "toml"))
        .collect();
    paths.sort();
    let mut out = Vec::new();
    for p in paths {
        match std::fs::read_to_string(&p) {
            Ok(text) => out.push((p.display().to_string(), text)),
            Err(e) => c.problem(format!("cannot read {}: {e}", p.display()), dir.span()),
        }
    }
    out
}

/// A provider file's error at its place.
pub fn show(bad: &BadFile) -> String {
    Text::embedded(&bad.origin, &bad.text).show(&bad.error.message, bad.error.span.clone())
}
