//! `forewarn simulate`: a signed sample webhook.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::engine::simulate::{Sample, Wanted, sample};
use crate::model::ConnectionId;
use secrecy::ExposeSecret;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn simulate openai safety.alert.created\n  forewarn simulate openai/support safety.alert.created --send http://127.0.0.1:8321\n  forewarn simulate slack handshake                 the question it asks when a URL is entered\n  forewarn simulate discord APPLICATION_DEAUTHORIZED --key file:./test.pem\n\nA sender with a key pair (Discord, Standard Webhooks v1a): forewarn holds the public half only, so a sample is signed\nwith a private key of yours (openssl genpkey -algorithm ed25519 -out test.pem; chmod 600 test.pem), or with a built-in\none. sample_secret in the output is the public half: add it to the list webhook_secret of the connection while you try,\nwith an end: webhook_secret = [\"env:REAL\", { secret = \"env:TRY\", until = \"2026-12-01T00:00:00Z\" }]"
)]
pub(super) struct Args {
    /// PROVIDER or PROVIDER/ACCOUNT; signed with the secret of that connection, or a sample secret without one
    provider: String,
    /// The type of the message, as the provider names it: safety.alert.created; or "handshake"
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Send it to the forewarn at this address, and say what it answers
    #[arg(long, value_name = "URL")]
    send: Option<String>,
    /// A number for its id: the same number again is a repeat [default: the time]
    #[arg(long)]
    number: Option<u64>,
    /// Sign with this instead of the connection's secret: env:NAME, file:PATH or credential:NAME
    #[arg(long, value_name = "REFERENCE")]
    key: Option<String>,
    /// Which way of proof, of a sender that has several; 1 is the first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8))]
    way: Option<u8>,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let config = place.config()?;
    let (id, account) = args.provider.split_once('/').unwrap_or((&args.provider, "main"));
    let Some(provider) = config.catalog.get(id) else {
        return Err(Failure::Usage(format!("there is no provider {id:?}: see forewarn providers")));
    };
    let connection = ConnectionId::of(&provider.file.id, account).map_err(|e| Failure::Usage(e.to_string()))?;
    let connected = config.connections.get(&connection);
    let secret = connected.and_then(|c| c.webhook_secrets.first());
    let key = match &args.key {
        None => None,
        Some(reference) => Some(setup::secret(reference)?),
    };
    let now = SystemClock.now();
    let number = args.number.unwrap_or_else(|| u64::try_from(now.as_microsecond()).unwrap_or(0));
    let wanted = Wanted {
        account,
        kind: &args.kind,
        secret: secret.map(|(s, _)| s.expose_secret()),
        key: key.as_ref().map(|k| k.expose_secret()),
        way: args.way.map(usize::from),
        public_url: config.public_url.as_deref(),
        pin: connected.and_then(|c| c.pins.first()).map(String::as_str),
        number,
        at: now,
    };
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
    let answered = sample.handshake;
    let said = match status {
        200..=299 if answered => "answered, as a handshake is; nothing is stored",
        200..=299 => "stored, or a repeat of what is stored",
        401 => "refused: the secret of this connection is another one, or the clocks differ by more than the window",
        404 => "no such hook: is the connection in the daemon's config, with a webhook_secret?",
        503 => "cannot store now: see forewarn status",
        _ => "not taken",
    };
    out::say(&format!("{status}: {said}"))?;
    if (200..300).contains(&status) { Ok(()) } else { Err(Failure::Found) }
}
