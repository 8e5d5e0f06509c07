//! `forewarn providers`: who can be connected, and how.

use super::add_status::{UNWANTED, is_wanted};
use super::{Done, Failure, Place, out};
use crate::config::Text;
use crate::engine::listing;
use crate::fetch::{Client, Fetched, Request, Settings};
use crate::model::{ConnectionId, ReadOutcome, SourceId};
use crate::provider::catalog::{Provider, prepare};
use crate::provider::file;
use crate::provider::file::{Auth, Evidence, Source};
use crate::provider::read::{ReadContext, polled, status};
use clap::Subcommand;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  forewarn providers\n  forewarn providers show openai\n  forewarn providers subscribe github/main\n  forewarn providers check ./providers/acme.toml\n  forewarn providers check openai --live\n  forewarn providers --scorecard   # notice really given, moved dates, incidents"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// How each treated its customers: notice really given, dates moved, incidents and how long they took
    #[arg(long)]
    scorecard: bool,
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
    #[command(
        after_help = "Examples:\n  forewarn providers check ./providers/acme.toml\n  forewarn providers check openai --live"
    )]
    Check {
        /// A provider, or the path of a provider file
        id: String,
        /// Fetch its pages now and say how many rows are read
        #[arg(long)]
        live: bool,
    },
}

pub(super) async fn run(args: Args, place: &Place) -> Done {
    if args.scorecard {
        return super::scorecard::run(place, args.json).await;
    }
    let config = place.config()?;
    match args.what {
        None => {
            if args.json {
                return out::list(&listing::providers(&config.catalog), None);
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
            if live { check_live(p, &config.fetch).await } else { Ok(()) }
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
            Source::Table(_) | Source::Models(_) => polled_at(s, None),
            Source::Status(x) => polled_at(s, Some(x.dialect.as_str())),
            Source::Changelog(x) => polled_at(s, Some(x.form.as_str())),
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
        let main = ConnectionId::of(id, "main").map_err(|e| Failure::Usage(e.to_string()))?;
        out::say(&format!("\nIn forewarn.toml:\n{}", super::subscribe::section(&main).trim_end()))?;
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

/// Fetches every page of a provider and reads it.
async fn check_live(p: &Provider, way: &Settings) -> Done {
    let client = Client::new(way.clone());
    let mut bad = false;
    for (name, s) in &p.file.sources {
        let Some(polled) = s.polled() else { continue };
        if polled.auth != Auth::None {
            out::say(&format!("  {name}: needs a key, not fetched here"))?;
            continue;
        }
        let id = SourceId::of(&p.file.id, name).map_err(|e| Failure::Usage(e.to_string()))?;
        for url in [Some(polled.url.to_owned()), polled.history].into_iter().flatten() {
            let unwanted = !is_wanted(&client, &url).await;
            if unwanted && polled.heeds_robots {
                bad = true;
                out::say(&format!(
                    "  {name} ({url}): FORBIDDEN by robots.txt, so it is left alone; robots = \"ignore\" in its source reads it nevertheless"
                ))?;
                continue;
            }
            let request = Request { url: url.clone(), allow: way.allow.get(&id).cloned(), ..Request::default() };
            let said = match client.get(&request).await {
                Ok(Fetched::Body { body, moved_to, .. }) => {
                    let moved = moved_to.map_or_else(String::new, |h| format!(", answered by {h}: has it moved?"));
                    let unwanted = if unwanted { format!("; {UNWANTED}") } else { String::new() };
                    read_live(p, &id, s, &body).map(|said| format!("{said}{moved}{unwanted}"))
                }
                Ok(Fetched::Unchanged { .. }) => Err("answered 304 to a question without validators".into()),
                Err(e) => Err(e.to_string()),
            };
            bad |= said.is_err();
            out::say(&format!("  {name} ({url}): {}", said.unwrap_or_else(|e| format!("NOT READABLE: {e}"))))?;
        }
    }
    if bad { Err(Failure::Found) } else { Ok(()) }
}

fn read_live(p: &Provider, id: &SourceId, s: &Source, body: &[u8]) -> Result<String, String> {
    let cx = ReadContext {
        provider: p.file.id.clone(),
        provider_name: p.file.name.clone(),
        source: id.clone(),
        connection: None,
        received_at: crate::clock::Clock::now(&crate::clock::SystemClock),
    };
    let reading = polled(s, &cx, body).ok_or("a webhook is not fetched")?;
    let polled = s.polled();
    let floor = polled.as_ref().map_or(0, |x| x.floor);
    let unlike = dialect(s, polled.map_or("", |x| x.url), body);
    match reading.outcome {
        ReadOutcome::Ok(seen) => Ok(format!(
            "{} bytes, {} rows read (at least {floor}), {} observations{unlike}",
            body.len(),
            reading.rows,
            seen.len()
        )),
        ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why) => Err(format!("{why}{unlike}")),
    }
}

/// What the body looks like, where that is not what the file says.
fn dialect(s: &Source, url: &str, body: &[u8]) -> String {
    let Source::Status(own) = s else { return String::new() };
    match status::recognise(url, None, body) {
        Some(found) if found != own.dialect => {
            format!("; it looks like dialect = \"{found}\", not \"{}\"", own.dialect)
        }
        Some(_) | None => String::new(),
    }
}

/// Address, how often, what it speaks, and whether it needs a key.
fn polled_at(s: &Source, form: Option<&str>) -> String {
    s.polled().map_or_else(String::new, |x| {
        let key = match x.auth {
            Auth::None => "",
            Auth::Bearer | Auth::Header => ", needs api_key",
            Auth::Aws | Auth::Client => ", needs key_id and api_key",
        };
        let form = form.map(|f| format!(", {f}")).unwrap_or_default();
        format!("{} {}{form}{key}", x.url, file::in_words(x.every))
    })
}
