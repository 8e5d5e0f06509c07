//! `forewarn providers subscribe`: from the secret to the first real delivery.

use super::{Done, Failure, Place, out};
use crate::engine::subscribe;
use crate::model::ConnectionId;
use crate::provider::catalog::Provider;
use crate::provider::file;
use crate::store::ConnectionRow;
use std::time::Duration;

/// Between two looks for the first delivery.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  forewarn providers subscribe github/main    # prints the steps, then waits for the first delivery"
)]
pub(super) struct Args {
    /// PROVIDER or PROVIDER/ACCOUNT
    connection: String,
    /// Print the steps and end, without waiting
    #[arg(long)]
    no_wait: bool,
    /// Longest wait, in minutes
    #[arg(long, default_value_t = 60)]
    minutes: u64,
}

pub(super) async fn run(args: Args, place: &Place) -> Done {
    let config = place.config()?;
    let (id, account) = args.connection.split_once('/').unwrap_or((&args.connection, "main"));
    let Some(provider) = config.catalog.get(id) else {
        return Err(Failure::Usage(format!("there is no provider {id:?}: see forewarn providers")));
    };
    let connection = ConnectionId::of(&provider.file.id, account).map_err(|e| Failure::Usage(e.to_string()))?;
    let Some((_, webhook)) = provider.file.webhook() else {
        return Err(Failure::Usage(format!(
            "{} sends no webhooks: what is known of it is polled; see forewarn providers show {id}",
            provider.file.name
        )));
    };
    let by_url = webhook.verify.iter().all(|v| matches!(v, file::Verify::UrlToken));
    let configured = config.connections.get(&connection).is_some_and(|c| !c.webhook_secrets.is_empty());
    out::say(&format!("Connecting {} as {connection}\n\nThe address it must call:\n", provider.file.name))?;
    let base = config.public_url.as_deref().map_or("https://YOUR-PUBLIC-URL", |u| u.trim_end_matches('/'));
    let note = if by_url { "   (SECRET is the value of webhook_secret)" } else { "" };
    out::say(&format!("  {base}{}{note}\n", subscribe::path(&connection, by_url)))?;
    if config.public_url.is_none() {
        out::say("  (set public_url in forewarn.toml: the address at which the outside reaches the intake)\n")?;
    }
    steps(provider, &connection)?;
    if !configured {
        return out::say(&format!(
            "\nNot configured yet. In forewarn.toml:\n\n{}\nThen start forewarn serve and run this again: it waits for the first delivery.",
            section(&connection)
        ));
    }
    if args.no_wait {
        return Ok(());
    }
    wait(place, &connection, Duration::from_secs(60 * args.minutes)).await
}

/// The lines of the config that connect it.
pub(super) fn section(connection: &ConnectionId) -> String {
    subscribe::section(connection).lines().map(|l| format!("  {l}\n")).collect()
}

fn steps(p: &Provider, connection: &ConnectionId) -> Done {
    for (i, s) in p.file.subscribe.steps.iter().enumerate() {
        let account = if connection.account() == "main" { "ACCOUNT" } else { connection.account() };
        out::say(&format!("  {}. {}", i + 1, s.replace("ACCOUNT", account)))?;
    }
    if !p.file.subscribe.not_told.is_empty() {
        out::say("\nWhat it will not tell by webhook:")?;
        p.file.subscribe.not_told.iter().try_for_each(|n| out::say(&format!("  - {n}")))?;
    }
    match &p.file.subscribe.switched_off {
        Some(off) => out::say(&format!("\nIt switches the hook off by itself: {off}")),
        None => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal; nothing to do between two looks")]
async fn wait(place: &Place, connection: &ConnectionId, longest: Duration) -> Done {
    let before = row(place, connection).await?.map_or(0, |r| r.deliveries);
    let test = format!("forewarn simulate {connection} TYPE --send http://127.0.0.1:8321");
    out::say(&format!(
        "\nWaiting for a delivery (Ctrl-C ends; your side alone is tested by: {test}). Trigger one at the provider …"
    ))?;
    let began = std::time::Instant::now();
    while began.elapsed() < longest {
        if let Some(r) = row(place, connection).await?.filter(|r| r.deliveries > before) {
            let at = r.last_at.map(out::moment).unwrap_or_default();
            return out::say(&format!(
                "Heard: {connection} delivered and was believed ({at} UTC).\n\nNext: forewarn events --provider {}",
                connection.provider()
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    out::say(&format!(
        "Nothing came within {} minutes. Refused ones, with the reason: forewarn deliveries --rejected --connection {connection}",
        longest.as_secs() / 60
    ))?;
    Err(Failure::Found)
}

async fn row(place: &Place, connection: &ConnectionId) -> Result<Option<ConnectionRow>, Failure> {
    let app = place.look().map_err(|_| {
        Failure::Usage("there is no data yet: start forewarn serve in another terminal, then run this again".into())
    })?;
    Ok(app.cx.store.connections().await?.into_iter().find(|r| r.connection == *connection))
}
