//! `forewarn serve`: the daemon.

use super::{Done, Failure, Place};
use crate::app::{Addresses, App, Reloading};
use crate::engine::clockwatch;
use crate::store::folder::DataFolder;
use crate::web::actions::AskReload;
use std::net::SocketAddr;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  forewarn serve --config /etc/forewarn/forewarn.toml --data /var/lib/forewarn")]
pub(super) struct Args {
    /// Where webhooks come in (public, behind a proxy) [default: from the config, else 127.0.0.1:8321]
    #[arg(long, value_name = "ADDR")]
    intake: Option<SocketAddr>,
    /// Where status is read (private, keep it on loopback) [default: from the config, else 127.0.0.1:8322]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Believe the clock of this machine, whatever was stored before: somebody has looked at it
    #[arg(long)]
    trust_clock: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let config = place.config()?;
    let at = Addresses { intake: args.intake.unwrap_or(config.intake), listen: args.listen.unwrap_or(config.listen) };
    let origin = config.origin.clone();
    for n in &config.notes {
        tracing::warn!("{n}");
    }
    let held = DataFolder::hold(&place.folder(&config))?;
    let app = App::open(config, &held)?;
    if args.trust_clock {
        app.cx.believed.believe(&*app.cx.clock);
    } else if app.cx.doubts(app.cx.clock.now()).is_some() {
        tracing::error!("{}", clockwatch::HELD);
    }
    let polled = app.targets.len();
    let hooks: Vec<String> = app.receiver()?.endpoints().map(|e| e.connection.to_string()).collect();
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let (ask, asked) = mpsc::channel(1);
    reload_on_signal(ask.clone())?;
    let load = Box::new(move || place.config().map_err(in_words));
    let reloading = Reloading { load, ask, asked };
    let folder = held.path().display().to_string();
    app.serve(at, stop, reloading, |real| {
        tracing::info!(config = %origin, data = %folder, intake = %real.intake, private = %real.listen, sources = polled, "forewarn is running");
        if hooks.is_empty() {
            tracing::info!("no webhooks yet: `forewarn providers subscribe openai` walks through connecting one");
        } else {
            tracing::info!("webhooks: {}", hooks.iter().map(|h| format!("http://{}/hooks/{h}", real.intake)).collect::<Vec<_>>().join(" "));
        }
    })
    .await?;
    tracing::info!("stopped");
    Ok(())
}

fn in_words(f: Failure) -> String {
    match f {
        Failure::Fault(t) | Failure::Usage(t) | Failure::InUse(t) | Failure::Data(t) => t,
        Failure::Found => "a check found something".into(),
    }
}

#[expect(clippy::disallowed_methods, reason = "waits for the signal that asks for a reload")]
fn reload_on_signal(ask: AskReload) -> Result<(), Failure> {
    let mut hup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hup.recv().await.is_some() {
            let (tell, told) = oneshot::channel();
            // What became of it stands in the log and, where it is bad, goes to the operators.
            if ask.send(tell).await.is_err() || told.await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "waits for the signals that end the process")]
fn stop_on_signals(stop: &CancellationToken) -> Result<(), Failure> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping: running requests end, the rest is on disk");
        stop.cancel();
    });
    Ok(())
}
