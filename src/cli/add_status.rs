//! `forewarn add-status`: from the address of a status page to a provider file.

use super::{Done, Failure, Place, out};
use crate::fetch::{Client, Fetched, Request, Robots};
use crate::model::{ProviderId, ReadOutcome, SourceId};
use crate::provider::catalog::prepare;
use crate::provider::file::{self, Dialect};
use crate::provider::read::{ReadContext, polled, status};
use crate::provider::robots::may_read;
use std::path::{Path, PathBuf};
use url::Url;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn add-status https://status.acme.example                 # prints the file\n  forewarn add-status status.acme.example --id acme --write       # writes it to providers_dir"
)]
pub(super) struct Args {
    /// The address of the page, or of what it offers to machines
    url: String,
    /// Id of the provider [default: from the address]
    #[arg(long)]
    id: Option<String>,
    /// Its name, as people write it [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// Write the file to providers_dir instead of printing it
    #[arg(long)]
    write: bool,
}

pub(super) async fn run(args: Args, place: &Place) -> Done {
    let config = place.config()?;
    let id = args.id.clone().or_else(|| id_of(&args.url));
    let id = id.ok_or_else(|| Failure::Usage(format!("{:?} is no address: give it as https://HOST", args.url)))?;
    let id = ProviderId::new(id).map_err(|e| Failure::Usage(format!("{e}: name another with --id")))?;
    if config.catalog.get(id.as_str()).is_some() {
        return Err(Failure::Usage(format!(
            "{id} is known already: see forewarn providers show {id}, or name another with --id"
        )));
    }
    let client = Client::new(config.fetch.clone());
    let mut tried = Vec::new();
    for url in politely(&client, args.url.trim()).await {
        let said = match client.get(&Request::plain(url.clone())).await {
            Ok(Fetched::Body { body, .. }) => match status::recognise(&url, None, &body) {
                Some(dialect) => read(&id, &file_of(&id, &args, &url, dialect), &body).map(|seen| (dialect, seen)),
                None => Err("nothing we know".to_owned()),
            },
            Ok(Fetched::Unchanged { .. }) => Err("304 without a question".to_owned()),
            Err(e) => Err(e.to_string()),
        };
        match said {
            Ok((dialect, seen)) => {
                say_found(&url, dialect, &seen)?;
                if !is_wanted(&client, &url).await {
                    out::say(&format!("# {UNWANTED}"))?;
                }
                return keep(&args, &id, &file_of(&id, &args, &url, dialect), config.providers_dir.as_deref());
            }
            Err(why) => tried.push(format!("  {url}: {why}")),
        }
    }
    out::say(&format!("No status page that can be read was found. Tried:\n{}", tried.join("\n")))?;
    Err(Failure::Found)
}

/// Said of an address that `robots.txt` names.
pub(super) const UNWANTED: &str =
    "robots.txt asks robots to leave this address alone: a history feed may be the politer choice";

/// The addresses in the order to ask: those that the host's `robots.txt` wants left alone come last, so that a history feed is
/// taken before an API. One that was given with its path stays first: that is the choice of who gave it.
async fn politely(client: &Client, page: &str) -> Vec<String> {
    let mut all = status::addresses(page);
    let given = usize::from(all.first().is_some_and(|a| a.ends_with(page)));
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for address in all.drain(given.min(all.len())..) {
        if is_wanted(client, &address).await { wanted.push(address) } else { unwanted.push(address) }
    }
    all.into_iter().chain(wanted).chain(unwanted).collect()
}

/// Whether the address's host lets robots read it. One that cannot say forbids nothing here: a person asks, and is told.
pub(super) async fn is_wanted(client: &Client, address: &str) -> bool {
    let now = crate::clock::Clock::now(&crate::clock::SystemClock);
    match (client.robots(address, None, now).await, Url::parse(address)) {
        (Ok(Robots::Rules(text)), Ok(url)) => may_read(&text, &url),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => true,
    }
}

/// What was found, as a comment: the file may be piped somewhere.
fn say_found(url: &str, dialect: Dialect, seen: &str) -> Done {
    out::say(&format!("# {url} speaks {dialect}: {seen}"))
}

fn keep(args: &Args, id: &ProviderId, text: &str, folder: Option<&Path>) -> Done {
    if !args.write {
        return out::say(&format!(
            "{text}\n# Save this as {id}.toml in your providers_dir (or use --write), then name it in watch or in the uses of a service."
        ));
    }
    let folder: PathBuf = folder.map(Path::to_owned).ok_or_else(|| {
        Failure::Usage(
            "there is no providers_dir: set it in forewarn.toml, for example providers_dir = \"providers\"".into(),
        )
    })?;
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{id}.toml"));
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::Usage(format!("{} is there already", path.display())),
            _ => Failure::Fault(format!("cannot write {}: {e}", path.display())),
        })?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    out::say(&format!(
        "{} written. Next: name {id} in watch or in the uses of a service, then forewarn providers check {id} --live",
        path.display()
    ))
}

/// Who keeps status pages for others: the name before theirs is the page's.
const HOSTERS: [&str; 5] = [".statuspage.io", ".instatus.com", ".betteruptime.com", ".status.page", ".onlineornot.com"];

/// `status.acme.example` is `acme`, `acmestatus.com` is `acmestatus`.
fn id_of(address: &str) -> Option<String> {
    let with_scheme = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let url = Url::parse(&with_scheme).ok()?;
    let host = url.domain()?.trim_start_matches("www.").trim_start_matches("status.").to_owned();
    if let Some(own) = HOSTERS.iter().find_map(|h| host.strip_suffix(h)) {
        return own.rsplit('.').find(|l| !l.is_empty()).map(str::to_owned);
    }
    let labels: Vec<&str> = host.split('.').filter(|l| !l.is_empty()).collect();
    let own = labels.len().saturating_sub(2);
    labels.get(own).map(|l| (*l).to_owned())
}

fn file_of(id: &ProviderId, args: &Args, url: &str, dialect: Dialect) -> String {
    let name = args.name.clone().unwrap_or_else(|| id.to_string());
    let quoted = |s: &str| toml::Value::String(s.to_owned()).to_string();
    let home = Url::parse(url).map_or_else(|_| url.to_owned(), |u| u.origin().ascii_serialization());
    format!(
        "# Found by forewarn add-status.\nformat = 1\nid = {}\nname = {}\nurl = {}\n\n[sources.status]\nkind = \"status\"\nevidence = \"V\"\ndialect = \"{dialect}\"\nurl = {}\n",
        quoted(id.as_str()),
        quoted(&name),
        quoted(&home),
        quoted(url)
    )
}

/// How much is read of a body through the file that would be written.
fn read(id: &ProviderId, text: &str, body: &[u8]) -> Result<String, String> {
    let parsed = file::parse(text).and_then(|f| prepare(f, id.as_str(), "add-status".into()));
    let provider = parsed.map_err(|e| e.message)?;
    let source = provider.file.sources.get("status").ok_or("no source")?;
    let cx = ReadContext {
        provider: id.clone(),
        provider_name: provider.file.name.clone(),
        source: SourceId::of(id, "status").map_err(|e| e.to_string())?,
        connection: None,
        received_at: crate::clock::Clock::now(&crate::clock::SystemClock),
    };
    let reading = polled(source, &cx, body).ok_or("not polled")?;
    match reading.outcome {
        ReadOutcome::Ok(seen) => Ok(format!("{} components or entries, {} observations", reading.rows, seen.len())),
        ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_name_in_the_address() {
        let of = |a: &str| id_of(a).unwrap_or_default();
        assert_eq!(of("https://status.acme.example/history"), "acme");
        assert_eq!(of("www.acmestatus.com"), "acmestatus");
        assert_eq!(of("https://acme.statuspage.io"), "acme");
        assert_eq!((of("https://127.0.0.1/"), of("")), (String::new(), String::new()));
    }

    #[test]
    fn what_is_written_is_a_provider_file_and_reads_the_page() {
        let args = Args { url: "x".into(), id: None, name: Some("Acme \"quoted\"".into()), write: false };
        let id = ProviderId::new("acme").unwrap();
        let body = include_bytes!("../../fixtures/_dialects/status/statuspage.summary.json");
        let url = "https://status.acme.example/api/v2/summary.json";
        let dialect = status::recognise(url, None, body).unwrap();
        let said = read(&id, &file_of(&id, &args, url, dialect), body).unwrap();
        assert!(said.contains("components"), "{said}");
        assert!(read(&id, &file_of(&id, &args, url, Dialect::Slack), body).is_err());
    }
}
