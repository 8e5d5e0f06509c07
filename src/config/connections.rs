//! Connections: checked against the catalog, secrets resolved and tried.
//!
//! In: `[connections]`. Out: [`Connection`]s. Invariant: a secret that does not decode as its provider says is refused
//! here, not at the first delivery. Refuses unknown providers and ends of secrets that are no time.

use super::{File, check::Checker};
use crate::engine::connections::{Connection, ConnectionSection, pin_entries, secret_entries};
use crate::engine::simulate::self_test;
use crate::model::ConnectionId;
use crate::provider::catalog::{Catalog, Provider};
use crate::provider::file::{MissedHow, Verify, is_value};
use crate::provider::verify::live_secret;
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use toml::Spanned;

pub(super) fn connections(file: &File, catalog: &Catalog, c: &mut Checker<'_>) -> BTreeMap<ConnectionId, Connection> {
    let mut out = BTreeMap::new();
    let public_url = file.public_url.as_ref().map(|u| u.get_ref().trim_end_matches('/').to_owned());
    for (name, section) in &file.connections {
        match ConnectionId::new(name.clone()) {
            Ok(id) => {
                if let Some(connection) = one(id.clone(), section, catalog, c) {
                    let connection = Connection { public_url: public_url.clone(), ..connection };
                    ready(&connection, section, catalog, c);
                    out.insert(id, connection);
                }
            }
            Err(e) => c.problem(e.to_string(), section.span()),
        }
    }
    out
}

fn one(
    id: ConnectionId,
    section: &Spanned<ConnectionSection>,
    catalog: &Catalog,
    c: &mut Checker<'_>,
) -> Option<Connection> {
    let Some(provider) = catalog.get(id.provider()) else {
        let known: Vec<&str> = catalog.iter().map(|p| p.id.as_str()).collect();
        c.problem(format!("unknown provider {:?}: known are {}", id.provider(), known.join(", ")), section.span());
        return None;
    };
    let verify = ways(provider);
    let s = section.get_ref();
    let mut webhook_secrets = Vec::new();
    if let Some((needs, at)) =
        provider.file.webhook().and_then(|(_, w)| w.needs.as_ref()).zip(s.webhook_secret.as_ref().map(Spanned::span))
    {
        c.problem(
            format!(
                "webhooks of {} cannot be verified yet: that needs {needs}. Remove webhook_secret",
                provider.file.name
            ),
            at,
        );
        return None;
    }
    match (&s.webhook_secret, verify) {
        (None, Some(_)) if s.usage_key.is_some() => {}
        (None, Some(_)) => c.note(format!("connection {id} has no webhook_secret: its webhook is off")),
        (Some(_), None) => {
            c.problem(format!("{} sends no webhooks: remove webhook_secret", provider.file.name), section.span())
        }
        (None, None) => {}
        (Some(secrets), Some(verify)) => {
            for entry in secret_entries(secrets.get_ref()).unwrap_or_else(|why| {
                c.problem(why, secrets.span());
                Vec::new()
            }) {
                let reference = Spanned::new(secrets.span(), entry.reference);
                if let Some(secret) = c.secret(&reference) {
                    fits(verify, secret.expose_secret(), &reference, &provider.file.name, c);
                    webhook_secrets.push((secret, entry.until));
                }
            }
        }
    }
    let mut secret = |given: &Option<Spanned<String>>| given.as_ref().and_then(|k| c.secret(k));
    let (api_key, key_id, session_token) = (secret(&s.api_key), secret(&s.key_id), secret(&s.session_token));
    let usage_key = secret(&s.usage_key);
    if let Some(given) = s.usage_key.as_ref().filter(|_| provider.file.usage.is_none()) {
        let why = format!("{} counts no calls by an API that is known: remove usage_key", provider.file.name);
        c.problem(why, given.span());
    }
    let gateway = provider.file.usage.as_ref().is_some_and(|u| u.gateway);
    let usage_url = s.usage_url.as_ref().and_then(|u| match base(u.get_ref()) {
        _ if !gateway => {
            c.problem(format!("usage_url is where a gateway of yours is: {} is none", provider.file.name), u.span());
            None
        }
        Err(why) => {
            c.problem(format!("usage_url: {why}"), u.span());
            None
        }
        Ok(base) => Some(base),
    });
    let values = values(s, c);
    let pins = s.pin.as_ref().map(|p| {
        pin_entries(p.get_ref()).unwrap_or_else(|why| {
            c.problem(why, p.span());
            Vec::new()
        })
    });
    let hook = s.hook.as_ref().and_then(|h| {
        let good = h.get_ref().split('/').all(|p| {
            !p.is_empty() && !p.starts_with('.') && p.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        });
        if !good {
            c.problem("hook is the path of a hook in the provider's API: repos/OWNER/REPO/hooks/ID".into(), h.span());
        }
        good.then(|| h.get_ref().clone())
    });
    let by_hook = provider
        .file
        .webhook()
        .and_then(|(_, w)| w.missed.as_ref())
        .is_some_and(|m| m.how == MissedHow::GithubDeliveries);
    if by_hook && api_key.is_some() && hook.is_none() && !webhook_secrets.is_empty() {
        c.note(format!("connection {id} has no hook = \"repos/OWNER/REPO/hooks/ID\": what is missed while forewarn is down is not fetched"));
    }
    let pins = pins.unwrap_or_default();
    Some(Connection {
        id,
        webhook_secrets,
        api_key,
        usage_key,
        usage_url,
        key_id,
        session_token,
        values,
        hook,
        pins,
        public_url: None,
    })
}

/// What is filled into addresses: it can name a place and nothing else.
/// The address of a gateway, to which a path is added. Plain http is allowed where it is written: inside one's own network.
fn base(text: &str) -> Result<String, String> {
    let good = url::Url::parse(text).ok().filter(|u| {
        matches!(u.scheme(), "http" | "https")
            && u.host_str().is_some_and(|h| !h.is_empty())
            && u.username().is_empty()
            && u.password().is_none()
            && u.query().is_none()
            && u.fragment().is_none()
    });
    let good = good.ok_or_else(|| format!("{text:?} is no address: write http://HOST:PORT or https://HOST/PATH"))?;
    Ok(good.as_str().trim_end_matches('/').to_owned())
}

fn values(s: &ConnectionSection, c: &mut Checker<'_>) -> BTreeMap<String, String> {
    let bad = s.values.iter().filter(|(_, v)| !is_value(v.get_ref()));
    for (name, value) in bad {
        let text = value.get_ref();
        let why =
            format!("values.{name} = {text:?} goes into an address: use letters, digits, '.', '-', '_', at most 64");
        c.problem(why, value.span());
    }
    s.values.iter().map(|(name, v)| (name.clone(), v.get_ref().clone())).collect()
}

/// What a sender's proof needs beside secrets.
fn ready(connection: &Connection, section: &Spanned<ConnectionSection>, catalog: &Catalog, c: &mut Checker<'_>) {
    let Some(verify) = catalog.get(connection.id.provider()).and_then(ways) else { return };
    if connection.webhook_secrets.is_empty() {
        return;
    }
    let at = section.get_ref().webhook_secret.as_ref().map_or(section.span(), Spanned::span);
    if connection.public_url.is_none() && verify.iter().any(Verify::signs_url) {
        c.problem(
            format!(
                "{} signs the address it posts to: set public_url = \"https://…\" as the outside reaches the intake",
                connection.id.provider()
            ),
            at.clone(),
        );
    }
    let pinned = verify.iter().any(Verify::needs_pin);
    if let Some(provider) = catalog.get(connection.id.provider())
        && let Err((n, why)) = self_test(provider, connection)
    {
        c.problem(format!("secret {n} of {} {why}", connection.id), at.clone());
    }
    if pinned && connection.pins.is_empty() {
        c.problem(
            format!("{} signs with one key for all its customers: set pin = \"your id there\", or anybody's message would pass for yours", connection.id.provider()),
            at,
        );
    } else if !pinned && !connection.pins.is_empty() {
        c.problem(format!("{} needs no pin: remove it", connection.id.provider()), at);
    }
}

fn ways(provider: &Provider) -> Option<&[Verify]> {
    provider.file.webhook().map(|(_, w)| &w.verify[..])
}

fn fits(verify: &[Verify], secret: &str, reference: &Spanned<String>, name: &str, c: &mut Checker<'_>) {
    if let Err(why) = live_secret(verify, secret, 1, None) {
        c.problem(format!("the secret of {} for {name} {why}", reference.get_ref()), reference.span());
    }
}
