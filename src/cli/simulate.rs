//! `forewarn simulate`: a signed sample webhook.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::engine::simulate::{Sample, Wanted, sample};
use crate::model::ConnectionId;
use secrecy::ExposeSecret;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn simulate openai safety.alert.created\n  forewarn simulate openai/support safety.alert.created --send http://127.0.0.1:8321"
)]
pub(super) struct Args {
    /// PROVIDER or PROVIDER/ACCOUNT; signed with the secret of that connection, or a sample secret without one
    provider: String,
    /// The type of the message, as the provider names it: safety.alert.created
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Send it to the forewarn at this address, and say what it answers
    #[arg(long, value_name = "URL")]
    send: Option<String>,
    /// A number for its id: the same number again is a repeat [default: the time]
    #[arg(long)]
    number: Option<u64>,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let config = place.config()?;
    let (id, account) = args.provider.split_once('/').unwrap_or((&args.provider, "main"));
    let Some(provider) = config.catalog.get(id) else {
        return Err(Failure::Usage(format!("there is no provider {id:?}: see forewarn providers")));
    };
    let connection = ConnectionId::of(&provider.file.id, account).map_err(|e| Failure::Usage(e.to_string()))?;
    let secret = config.connections.get(&connection).and_then(|c| c.webhook_secrets.first());
    let now = SystemClock.now();
    let number = args.number.unwrap_or_else(|| u64::try_from(now.as_microsecond()).unwrap_or(0));
    let wanted = Wanted { account, kind: &args.kind, secret: secret.map(|(s, _)| s.expose_secret()), number, at: now };
    let sample = sample(provider, wanted).map_err(Failure::Usage)?;
    match &args.send {
        None => out::json(&sample),
        Some(to) => send(&sample, to).await,
    }
}

async fn send(sample: &Sample, to: &str) -> Done {
    let client = crate::notify::http::http_client().map_err(|e| Failure::Fault(e.to_string()))?;
    let url = format!("{}{}", to.trim_end_matches('/'), sample.path);
    let method = sample.method.parse().map_err(|_| Failure::Fault("a method that is none".into()))?;
    let mut request = client.request(method, &url).body(sample.body.clone());
    for (k, v) in &sample.headers {
        request = request.header(k, v);
    }
    let answer =
        request.send().await.map_err(|e| Failure::Fault(format!("{to} does not answer: {}", e.without_url())))?;
    let status = answer.status().as_u16();
    let said = match status {
        200..=299 => "stored, or a repeat of what is stored",
        401 => "refused: the secret of this connection is another one, or the clocks differ by more than the window",
        404 => "no such hook: is the connection in the daemon's config, with a webhook_secret?",
        503 => "cannot store now: see forewarn status",
        _ => "not taken",
    };
    out::say(&format!("{status}: {said}"))?;
    if (200..300).contains(&status) { Ok(()) } else { Err(Failure::Found) }
}
