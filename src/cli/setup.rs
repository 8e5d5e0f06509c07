//! What commands share: runtime, logging, environment, config, data folder, the daemon beside them.
//!
//! In: [`Place`]. Out: apps and answers. Invariant: the environment is read here only. Refuses to decide.

use super::{Failure, Place};
use crate::app::App;
use crate::config::{self, Config};
use crate::store::folder::{self, DataFolder};
use crate::web::actions::{Reply, Request};
use crate::web::control;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Reads one variable.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    // Half the cores serve; the store's writer and the readers have threads of their own. More workers than that only
    // cost switches (measured by benches/intake).
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread().worker_threads((cores / 2).max(1)).enable_all().build()
}

/// Logs go to stderr: as JSON where no person watches and `FOREWARN_LOG_FORMAT=json` asks for it.
pub(super) fn logging(daemon: bool) {
    let default = if daemon { "info" } else { "warn" };
    let filter =
        env("FOREWARN_LOG").and_then(|f| EnvFilter::try_new(f).ok()).unwrap_or_else(|| EnvFilter::new(default));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A log nobody reads any more is no reason to end: by default a failed write is reported by a print that panics.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .log_internal_errors(false);
    if env("FOREWARN_LOG_FORMAT").as_deref() == Some("json") {
        builder.json().init();
    } else {
        builder.with_ansi(terminal).init();
    }
}

impl Place {
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Ok(config::load(self.config.as_deref(), &env)?)
    }

    pub(super) fn folder(&self, config: &Config) -> PathBuf {
        let from_env = || env("FOREWARN_DATA").map(PathBuf::from);
        // systemd may name several folders; the first is ours.
        let from_systemd = || env("STATE_DIRECTORY").and_then(|s| s.split(':').next().map(PathBuf::from));
        self.data
            .clone()
            .or_else(from_env)
            .or_else(|| config.data_dir.clone())
            .or_else(from_systemd)
            .unwrap_or_else(|| "forewarn-data".into())
    }

    /// Opens the data for looking, beside a daemon or without one.
    pub(super) fn look(&self) -> Result<App, Failure> {
        let config = self.config()?;
        let folder = self.folder(&config);
        Ok(App::look(config, &folder)?)
    }

    /// As [`Place::look`]; on a machine that has no data yet, what was known when forewarn was built answers.
    pub(super) fn look_or_empty(&self) -> Result<App, Failure> {
        let config = self.config()?;
        let folder = self.folder(&config);
        Ok(App::look_or_empty(config, &folder)?)
    }

    /// Lets the daemon act, or acts itself where none runs.
    pub(super) async fn act(&self, request: Request) -> Result<Value, Failure> {
        let config = self.config()?;
        let path = self.folder(&config);
        let socket = folder::socket(&path);
        if let Some(done) = answered(control::ask(&socket, &request).await, &socket)? {
            return Ok(done);
        }
        let held = DataFolder::hold(&path)?;
        let app = App::open(config, &held)?;
        let reply = app.actions(None, Arc::new(Vec::new)).act(request).await;
        app.close().await;
        done(reply)
    }
}

/// What the daemon answered; nothing where none runs.
pub(super) fn answered(reply: std::io::Result<Option<Reply>>, socket: &Path) -> Result<Option<Value>, Failure> {
    match reply {
        Ok(reply) => reply.map(done).transpose(),
        Err(e) => Err(Failure::Fault(format!("the daemon does not answer on {}: {e}", socket.display()))),
    }
}

fn done(reply: Reply) -> Result<Value, Failure> {
    match reply {
        Reply::Done(v) => Ok(v),
        Reply::Refused(why) => Err(Failure::Usage(why)),
        Reply::Failed(why) => Err(Failure::Fault(why)),
    }
}

/// What a reference on the command line points to.
pub(super) fn secret(reference: &str) -> Result<secrecy::SecretString, Failure> {
    crate::secret::resolve(reference, &env).map_err(|e| Failure::Usage(e.to_string()))
}

/// A moment as people write it; a day is its beginning.
pub(super) fn moment(text: &str, now: jiff::Timestamp) -> Result<jiff::Timestamp, String> {
    crate::model::Stretch::parse(text, now).map(|s| s.from)
}

/// Reads a file, or standard input for `-`.
pub(super) fn input(path: &str) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let read = if path == "-" {
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut body).map(drop)
    } else {
        std::fs::read(path).map(|b| body = b)
    };
    read.map_err(|e| Failure::Usage(format!("cannot read {path}: {e}")))?;
    Ok(body)
}
