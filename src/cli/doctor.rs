//! `forewarn doctor`: check, and look outside.

use super::{Done, Failure, Place, out};
use crate::engine::poll::{Wanted, targets};
use crate::fetch::Client;
use crate::store::folder::{database, free_bytes};
use crate::store::sqlite::check_header;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn doctor; echo $?   # 3 when something was found")]
pub(super) struct Args {}

pub(super) async fn run(_: Args, place: Place) -> Done {
    let config = place.config()?;
    let mut bad = false;
    let mut line = |good: bool, what: &str, todo: &str| -> Done {
        bad |= !good;
        out::say(&format!(
            "{} {what}{}",
            if good { "ok  " } else { "FIX " },
            if good || todo.is_empty() { String::new() } else { format!("\n      {todo}") }
        ))
    };
    line(true, &format!("config {}", config.origin), "")?;
    for n in &config.notes {
        line(true, &format!("note: {n}"), "")?;
    }
    let folder = place.folder(&config);
    if folder.exists() {
        let free = free_bytes(&folder).map_err(|e| Failure::Fault(e.to_string()))?;
        line(
            free >= config.low_water,
            &format!("{} MiB free in {}", free >> 20, folder.display()),
            "nothing is accepted below low_water_mb: make room, or lower it",
        )?;
        let header = check_header(&database(&folder));
        line(header.is_ok(), "database", &header.err().map_or_else(String::new, |e| e.to_string()))?;
    } else {
        line(true, &format!("data folder {} is not there yet: serve makes it", folder.display()), "")?;
    }
    line(
        config.public_url.is_some(),
        "public_url",
        "set public_url: providers must reach the intake, through a proxy with TLS",
    )?;
    line(!config.connections.is_empty(), "connections", "no webhooks yet: forewarn providers show openai")?;
    line(config.directory.usage_known(), "services", "no service says what it uses: everything goes to the catch-all")?;
    if folder.exists() {
        let app = super::super::app::App::look(place.config()?, &folder)?;
        let now = crate::clock::Clock::now(&crate::clock::SystemClock);
        let rows = app.cx.store.connections().await?;
        for f in crate::engine::silence::findings(&app.cx, &rows, &app.configured(), now) {
            line(false, &f.title, &f.advice)?;
        }
    }
    let client = Client::new(config.fetch.clone());
    let wanted =
        Wanted { connections: &config.connections, watch: config.watch.as_deref(), allow: &config.fetch.allow };
    let bar = super::progress::bar("sources");
    let all = targets(&config.catalog, &config.directory, wanted).0;
    let mut failed = Vec::new();
    for (n, target) in all.iter().enumerate() {
        bar.on(n, all.len(), target.id.as_str());
        let answer = client.get(&target.request(crate::clock::Clock::now(&crate::clock::SystemClock))).await;
        bar.done();
        match answer {
            Ok(_) => line(true, &format!("source {}", target.id), "")?,
            Err(e) => failed.push((target.id.to_string(), e.to_string())),
        }
    }
    match failed.as_slice() {
        // One that does not answer may be theirs; all of several at once is the way out of this machine.
        [(id, why), _, _, ..] if failed.len() == all.len() => {
            let what = format!("none of {} sources answers; {id}: {why}", failed.len());
            line(false, &what, "is the way out of this machine open? A proxy or a CA of your own stands in [fetch]")?;
        }
        some => {
            for (id, why) in some {
                line(false, &format!("source {id}"), &format!("{why} (is it they, or the way out?)"))?;
            }
        }
    }
    for o in config.directory.owners() {
        let contacts: Vec<String> = o.contacts.iter().map(|c| c.id.to_string()).collect();
        line(
            true,
            &format!(
                "owner {}: {} (try: forewarn send-test {})",
                o.name,
                contacts.join(", "),
                contacts.first().map_or("", String::as_str)
            ),
            "",
        )?;
    }
    let next = if bad {
        "\nNext: what stands behind FIX, then forewarn doctor again"
    } else {
        "\nAll is well. Next: forewarn calendar, or forewarn rehearse to see who would have been told"
    };
    out::say(next)?;
    if bad { Err(Failure::Found) } else { Ok(()) }
}
