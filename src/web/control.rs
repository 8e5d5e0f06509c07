//! The control socket: how the command line talks to the daemon.
//!
//! In: one JSON line a connection. Out: one JSON line. Invariant: the socket is 0600 in a folder of mode 0700, so only
//! the daemon's own user reaches it. Refuses lines over 16 MiB and clients that keep it waiting.

use super::actions::{Actions, Reply, Request};
use super::listener::Live;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A scan of a large tree is one line.
const LARGEST: u64 = 16 << 20;
const ASK_DEADLINE: Duration = Duration::from_secs(5);
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// Opens the socket; the lock of the data folder makes sure that an old one belongs to nobody.
///
/// # Errors
/// The system's.
pub fn bind(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until told to stop.
pub async fn serve(listener: UnixListener, actions: Live<Arc<Actions>>, stop: CancellationToken) {
    let running = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            a = listener.accept() => a,
        };
        if let Ok((stream, _)) = accepted {
            let actions = actions.now();
            running.spawn(async move {
                if let Err(e) = answer(stream, &actions).await {
                    tracing::debug!(error = %e, "a control connection ended early");
                }
            });
        }
    }
    running.close();
    running.wait().await;
}

async fn answer(stream: UnixStream, actions: &Actions) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::time::timeout(ASK_DEADLINE, BufReader::new(read.take(LARGEST)).read_line(&mut line)).await??;
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(r) => actions.act(r).await,
        Err(e) => {
            Reply::Refused(format!("this daemon does not know that request ({e}): are both of the same version?"))
        }
    };
    let mut text = serde_json::to_string(&reply)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await
}

/// Asks the daemon behind a socket; `None` when nobody listens there.
///
/// # Errors
/// The daemon is there but does not answer.
pub async fn ask(path: &Path, request: &Request) -> std::io::Result<Option<Reply>> {
    let Ok(stream) = UnixStream::connect(path).await else { return Ok(None) };
    let (read, mut write) = stream.into_split();
    let mut text = serde_json::to_string(request)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await?;
    let mut line = String::new();
    tokio::time::timeout(ANSWER_DEADLINE, BufReader::new(read).read_line(&mut line)).await??;
    Ok(Some(serde_json::from_str(&line)?))
}
