//! `forewarn providers`: who can be connected, and how.

use super::{Done, Failure, Place, out};
use crate::config::Text;
use crate::fetch::{Client, Fetched, Request};
use crate::model::{ConnectionId, ReadOutcome, SourceId};
use crate::provider::catalog::{Provider, prepare};
use crate::provider::file;
use crate::provider::file::{Auth, Evidence, Source, Span};
use crate::provider::read::{ReadContext, polled, status};
use clap::Subcommand;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn providers\n  forewarn providers show openai\n  forewarn providers subscribe github/main\n  forewarn providers check ./providers/acme.toml\n  forewarn providers check openai --live"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Where it speaks, how to connect it, and what it will not tell
    Show {
        /// The provider, for example openai
        id: String,
    },
    /// Walk through connecting one, and wait for its first delivery
    Subscribe(super::subscribe::Args),
    /// Check a provider file; with --live fetch its pages and feeds and read them
    Check {
        /// A provider, or the path of a provider file
        id: String,
        /// Fetch its pages now and say how many rows are read
        #[arg(long)]
        live: bool,
    },
}

pub(super) async fn run(args: Args, place: &Place) -> Done {
    let config = place.config()?;
    match args.what {
        None => {
            if args.json {
                let items: Vec<_> = config.catalog.iter().map(|p| json!({ "id": p.file.id, "name": p.file.name, "url": p.file.url, "origin": p.origin, "sources": p.file.sources.iter().map(|(n, s)| json!({"name": n, "kind": s.kind(), "evidence": s.evidence()})).collect::<Vec<_>>() })).collect();
                return out::list(&items, None);
            }
            let connected = |p: &Provider| {
                let ids: Vec<&str> = config
                    .connections
                    .keys()
                    .filter(|c| c.provider() == p.file.id.as_str())
                    .map(ConnectionId::account)
                    .collect();
                ids.join(", ")
            };
            let rows: Vec<Vec<String>> = config
                .catalog
                .iter()
                .map(|p| vec![p.file.id.to_string(), p.file.name.clone(), covered(p), connected(p)])
                .collect();
            out::table(&["PROVIDER", "NAME", "SOURCES", "CONNECTED"], &rows)?;
            out::say(&format!("\n{}", totals(config.catalog.iter())))?;
            out::say("Next: forewarn providers show openai")
        }
        Some(What::Show { id }) => {
            let p = config
                .catalog
                .get(&id)
                .ok_or_else(|| Failure::Usage(format!("there is no provider {id:?}: see forewarn providers")))?;
            show(p, config.public_url.as_deref())
        }
        Some(What::Subscribe(a)) => super::subscribe::run(a, place).await,
        Some(What::Check { id, live }) => {
            let own;
            let p = if Path::new(&id).is_file() {
                own = load(&id)?;
                &own
            } else {
                config
                    .catalog
                    .get(&id)
                    .ok_or_else(|| Failure::Usage(format!("{id:?} is neither a provider nor a file")))?
            };
            out::say(&format!("{} ({}): good", p.file.id, p.origin))?;
            if live { check_live(p).await } else { Ok(()) }
        }
    }
}

/// Its sources, each with the mark of how sure we are, those that act fastest first: `webhook V, status R, changelog V +2`.
fn covered(p: &Provider) -> String {
    let place =
        |name: &str| ["webhook", "status", "deprecations", "models"].iter().position(|n| *n == name).unwrap_or(4);
    let mut named: Vec<(&String, &Source)> = p.file.sources.iter().collect();
    named.sort_by_key(|(name, _)| (place(name), *name));
    let mut out: Vec<(String, usize)> = Vec::new();
    for (name, source) in named {
        // `changelog.blog` is one more of `changelog`.
        match (name.split_once('.'), out.last_mut()) {
            (Some((family, _)), Some((last, more))) if last.starts_with(family) => *more += 1,
            _ => out.push((format!("{name} {}", source.evidence()), 0)),
        }
    }
    let more = |(name, n): (String, usize)| if n == 0 { name } else { format!("{name} +{n}") };
    out.into_iter().map(more).collect::<Vec<_>>().join(", ")
}

/// How many providers have which kind of source, and what the marks mean.
fn totals<'p>(all: impl Iterator<Item = &'p Provider>) -> String {
    let (mut providers, mut unverified) = (0, 0);
    let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for p in all {
        providers += 1;
        unverified += p.file.sources.values().filter(|s| s.evidence() == Evidence::U).count();
        let kinds: BTreeSet<&str> = p.file.sources.values().map(Source::kind).collect();
        for kind in kinds {
            *by_kind.entry(kind).or_default() += 1;
        }
    }
    let kinds = by_kind.iter().map(|(kind, n)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ");
    format!(
        "{providers} providers: {kinds}.\nV seen by us or in the vendor's own papers, R reported by others, U unverified and off ({unverified})."
    )
}

fn load(path: &str) -> Result<Provider, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::Usage(format!("cannot read {path}: {e}")))?;
    let stem = Path::new(path).file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
    let loaded = file::parse(&text).and_then(|f| prepare(f, &stem, path.to_owned()));
    loaded.map_err(|e| Failure::Usage(Text::embedded(path, &text).show(&e.message, e.span)))
}

fn show(p: &Provider, public_url: Option<&str>) -> Done {
    let id = &p.file.id;
    out::say(&format!("{} ({id})  {}\n", p.file.name, p.file.url))?;
    for (name, s) in &p.file.sources {
        let what = match s {
            Source::Webhook(w) if w.needs.is_some() => {
                format!("webhook, needs {}", w.needs.as_deref().unwrap_or_default())
            }
            Source::Webhook(w) => format!(
                "POST {}/hooks/{id}/ACCOUNT{}",
                public_url.unwrap_or("https://YOUR-PUBLIC-URL"),
                if w.verify.iter().any(|v| matches!(v, file::Verify::UrlToken)) { "/SECRET" } else { "" }
            ),
            Source::Table(t) => format!("{} every {}", t.url, length(t.every)),
            Source::Models(m) => format!(
                "{} every {}{}",
                m.url,
                length(m.every),
                if m.auth == Auth::Bearer { ", needs api_key" } else { "" }
            ),
            Source::Status(s) => format!("{} every {}, {}", s.url, length(s.every), s.dialect),
            Source::Changelog(c) => format!("{} every {}, {}", c.url, length(c.every), c.form),
        };
        let known = match s.evidence() {
            Evidence::V => "",
            Evidence::R => "  (reported by others, not seen by us)",
            Evidence::U => "  (unverified: off)",
        };
        out::say(&format!("  {id}/{name}  {what}{known}"))?;
    }
    let webhook = p.file.webhook().map(|(_, w)| w);
    if webhook.is_some_and(|w| w.needs.is_none()) {
        out::say(&format!(
            "\nIn forewarn.toml:\n  [connections.\"{id}/main\"]\n  webhook_secret = \"env:{}_WEBHOOK_SECRET\"",
            id.as_str().to_uppercase().replace(['-', '.'], "_")
        ))?;
    }
    let numbered = |title: &str, lines: &[String]| -> Done {
        if lines.is_empty() {
            return Ok(());
        }
        out::say(&format!("\n{title}"))?;
        for (i, l) in lines.iter().enumerate() {
            out::say(&format!("  {}. {l}", i + 1))?;
        }
        Ok(())
    };
    numbered("To connect it:", &p.file.subscribe.steps)?;
    numbered("What it will not tell by webhook:", &p.file.subscribe.not_told)?;
    match webhook {
        Some(w) if w.needs.is_none() => {
            out::say(&format!("\nNext: forewarn simulate {id} TYPE --send http://127.0.0.1:8321"))
        }
        Some(_) | None => Ok(()),
    }
}

/// `6h`, as it is written in a provider file.
fn length(s: Span) -> String {
    let (n, unit) =
        [(86_400, "d"), (3_600, "h"), (60, "m")].into_iter().find(|(n, _)| s.0.is_multiple_of(*n)).unwrap_or((1, "s"));
    format!("{}{unit}", s.0 / n)
}

async fn check_live(p: &Provider) -> Done {
    let client = Client::default();
    let mut bad = false;
    for (name, s) in &p.file.sources {
        let url = match s {
            Source::Webhook(_) => continue,
            Source::Table(t) => &t.url,
            Source::Status(s) => &s.url,
            Source::Changelog(c) => &c.url,
            Source::Models(m) if m.auth == Auth::None => &m.url,
            Source::Models(_) => {
                out::say(&format!("  {name}: needs a key, not fetched here"))?;
                continue;
            }
        };
        let request = Request { url: url.clone(), bearer: None, etag: None, last_modified: None };
        let said = match client.get(&request).await {
            Ok(Fetched::Body { body, .. }) => read_live(p, name, s, body),
            Ok(Fetched::Unchanged) => Err("answered 304 to a question without validators".into()),
            Err(e) => Err(e.to_string()),
        };
        bad |= said.is_err();
        out::say(&format!("  {name}: {}", said.unwrap_or_else(|e| format!("NOT READABLE: {e}"))))?;
    }
    if bad { Err(Failure::Found) } else { Ok(()) }
}

/// What is fetched, for the sources whose dialect can be recognised.
fn s_url(s: &Source) -> &str {
    if let Source::Status(s) = s { &s.url } else { "" }
}

fn read_live(p: &Provider, name: &str, s: &Source, body: Vec<u8>) -> Result<String, String> {
    let cx = ReadContext {
        provider: p.file.id.clone(),
        provider_name: p.file.name.clone(),
        source: SourceId::of(&p.file.id, name).map_err(|e| e.to_string())?,
        connection: None,
        received_at: crate::clock::Clock::now(&crate::clock::SystemClock),
    };
    let Some(reading) = polled(s, &cx, &body) else { return Err("a webhook is not fetched".into()) };
    match reading.outcome {
        ReadOutcome::Ok(seen) => {
            Ok(format!("{} bytes, {} rows read, {} observations", body.len(), reading.rows, seen.len()))
        }
        ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why) => {
            match (s, status::recognise(s_url(s), None, &body)) {
                (Source::Status(own), Some(found)) if found != own.dialect => {
                    Err(format!("{why}. It looks like dialect = \"{found}\""))
                }
                _ => Err(why),
            }
        }
    }
}
