//! Socket Mode: what is pressed comes over a connection that we open, where no public address exists.
//!
//! In: an app-level token. Out: envelopes, and our answers to them. Invariant: the address is asked for anew each time, since
//! it opens once; it is taken by the guarded client, over TLS; no reason holds token or address. Refuses to reconnect and
//! to act: the engine does. <https://docs.slack.dev/apis/events-api/using-socket-mode>

use super::Bot;
use crate::crypto::{Algorithm, base64_encode, equal};
use crate::model::text::one_line;
use crate::notify::Outcome;
use crate::notify::http::{check_url, post};
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use reqwest::{StatusCode, Upgraded, Version};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Most bytes of one envelope: it holds the whole message somebody pressed in.
const LARGEST: usize = 512 * 1024;
/// What proves that the other side speaks WebSocket. <https://www.rfc-editor.org/rfc/rfc6455#section-1.3>
const PROOF: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Longest an answer may take to go out.
const ANSWER: Duration = Duration::from_secs(10);

/// Why there is no connection, or none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// It broke, or was refused for now: try again later.
    Broken(String),
    /// A person must act first: the token is wrong, Socket Mode is off.
    Refused(String),
}

/// An open connection.
pub struct Socket {
    stream: WebSocketStream<Upgraded>,
}

/// What Slack sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Nothing to answer: it is there.
    Alive,
    /// Something was pressed.
    Envelope(Envelope),
    /// Slack is about to close: connect anew.
    Closing,
}

/// Something to be acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Its name; the acknowledgement repeats it.
    pub id: String,
    /// What `/slack/actions` would get; null where it is nothing of ours.
    pub payload: Value,
    /// Whether the acknowledgement may say what is shown next.
    pub answers: bool,
}

impl Bot {
    /// With buttons over a connection of ours.
    #[must_use]
    pub fn with_socket(mut self, app_token: Option<SecretString>) -> Self {
        self.app_token = app_token;
        self
    }

    /// Whether what is pressed comes over a connection of ours.
    pub fn has_socket(&self) -> bool {
        self.app_token.is_some()
    }

    /// Opens a connection. <https://docs.slack.dev/reference/methods/apps.connections.open>
    ///
    /// # Errors
    /// Why there is none, one line.
    pub async fn connect(&self, now: Timestamp) -> Result<Socket, Lost> {
        let Some(token) = &self.app_token else { return Err(Lost::Refused("there is no app_token".into())) };
        let request = self.client.post(format!("{}/apps.connections.open", self.base));
        let request =
            request.bearer_auth(token.expose_secret()).header("content-type", "application/x-www-form-urlencoded");
        let answer = match post(request, now).await {
            Ok(answer) => answer,
            Err(Outcome::Unauthorized { reason } | Outcome::Unreachable { reason } | Outcome::Rejected { reason }) => {
                return Err(Lost::Refused(reason));
            }
            Err(Outcome::Retry { reason, .. }) => return Err(Lost::Broken(reason)),
            Err(Outcome::Delivered { .. }) => return Err(Lost::Broken("no answer".into())),
        };
        let said = answer.json();
        match (said["ok"] == true, said["url"].as_str(), said["error"].as_str().unwrap_or_default()) {
            (true, Some(url), _) => self.open_socket(url).await,
            (_, _, why) if is_ours_to_mend(why) => {
                let what = "make an app-level token with connections:write, and switch Socket Mode on";
                Err(Lost::Refused(format!("Slack says {}: {what}", one_line(why, 60))))
            }
            _ => Err(Lost::Broken(format!("Slack gave no address: {}", answer.status))),
        }
    }

    async fn open_socket(&self, address: &str) -> Result<Socket, Lost> {
        let broken = |why: &str| Lost::Broken(format!("Socket Mode: {why}"));
        // What follows is the guarded client's way: `ws` is `http` until the upgrade.
        let http = match address.split_once("://") {
            Some(("wss", rest)) => format!("https://{rest}"),
            Some(("ws", rest)) => format!("http://{rest}"),
            _ => return Err(broken("the address is none of a WebSocket")),
        };
        let url = check_url(&http).map_err(|why| broken(&why.to_string()))?;
        let key = base64_encode(&std::array::from_fn::<u8, 16, _>(|_| fastrand::u8(..)));
        let request = self
            .client
            .get(url)
            .version(Version::HTTP_11)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", &key);
        // The error would name the address, which opens the connection.
        let response = request.send().await.map_err(|_| broken("could not connect"))?;
        let proof = base64_encode(&Algorithm::Sha1.digest(format!("{key}{PROOF}").as_bytes()));
        let given = response.headers().get("sec-websocket-accept").map_or(&b""[..], |v| v.as_bytes());
        if response.status() != StatusCode::SWITCHING_PROTOCOLS || !equal(given, proof.as_bytes()) {
            return Err(broken("the other side does not speak WebSocket"));
        }
        let upgraded = response.upgrade().await.map_err(|_| broken("could not connect"))?;
        let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        Ok(Socket { stream: WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(limits)).await })
    }
}

/// Errors that go on until a person mends something.
fn is_ours_to_mend(error: &str) -> bool {
    matches!(
        error,
        "invalid_auth"
            | "not_authed"
            | "not_allowed_token_type"
            | "missing_scope"
            | "token_revoked"
            | "token_expired"
            | "account_inactive"
            | "forbidden_team"
            | "no_permission"
            | "access_denied"
    )
}

impl Socket {
    /// What came within a time; nothing, where nothing did.
    ///
    /// # Errors
    /// Why it is closed, one line.
    pub async fn next(&mut self, within: Duration) -> Result<Option<Heard>, Lost> {
        let Ok(message) = tokio::time::timeout(within, self.stream.next()).await else { return Ok(None) };
        match message {
            Some(Ok(Message::Text(text))) => read(text.as_str()).map(Some),
            // A ping is answered by the next read.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {
                Ok(Some(Heard::Alive))
            }
            Some(Ok(Message::Close(_))) | None => Err(Lost::Broken("Slack closed the connection".into())),
            Some(Err(e)) => Err(Lost::Broken(format!("the connection broke: {}", one_line(&e.to_string(), 120)))),
        }
    }

    /// Asks whether the other side is there.
    ///
    /// # Errors
    /// Why it is closed, one line.
    pub async fn ping(&mut self) -> Result<(), Lost> {
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    /// Acknowledges, and says what is shown next where something is.
    ///
    /// # Errors
    /// Why it is closed, one line.
    pub async fn acknowledge(&mut self, envelope: &Envelope, answer: &Value) -> Result<(), Lost> {
        let says = envelope.answers && answer.as_object().is_some_and(|o| !o.is_empty());
        let body = if says {
            json!({"envelope_id": envelope.id, "payload": answer})
        } else {
            json!({"envelope_id": envelope.id})
        };
        self.send(Message::text(body.to_string())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Lost> {
        match tokio::time::timeout(ANSWER, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(Lost::Broken(format!("the connection broke: {}", one_line(&e.to_string(), 120)))),
            Err(_) => Err(Lost::Broken("the connection takes nothing any more".into())),
        }
    }
}

fn read(text: &str) -> Result<Heard, Lost> {
    let said: Value = serde_json::from_str(text).unwrap_or_default();
    match (said["type"].as_str().unwrap_or_default(), said["envelope_id"].as_str()) {
        ("disconnect", _) if said["reason"] == "link_disabled" => {
            Err(Lost::Refused("Socket Mode was switched off for this app: switch it on, or remove app_token".into()))
        }
        ("disconnect", _) => Ok(Heard::Closing),
        (kind, Some(id)) => Ok(Heard::Envelope(Envelope {
            id: one_line(id, 100),
            payload: if kind == "interactive" { said["payload"].clone() } else { Value::Null },
            answers: said["accepts_response_payload"] == true,
        })),
        _ => Ok(Heard::Alive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slack_sends_is_read_strictly_and_nothing_else_is_acted_on() {
        let hello =
            r#"{"type":"hello","connection_info":{"app_id":"A1"},"num_connections":1,"debug_info":{"host":"x"}}"#;
        assert_eq!(read(hello), Ok(Heard::Alive));
        for closing in ["warning", "refresh_requested"] {
            let text = format!(r#"{{"type":"disconnect","reason":"{closing}","debug_info":{{}}}}"#);
            assert_eq!(read(&text), Ok(Heard::Closing));
        }
        let off = read(r#"{"type":"disconnect","reason":"link_disabled"}"#);
        assert!(matches!(off, Err(Lost::Refused(why)) if why.contains("switched off")));
        let envelope = |kind: &str| {
            read(
                &json!({"envelope_id": "e1", "type": kind, "accepts_response_payload": true, "payload": {"type": "x"}})
                    .to_string(),
            )
        };
        let of = |payload| Ok(Heard::Envelope(Envelope { id: "e1".into(), payload, answers: true }));
        assert_eq!(envelope("interactive"), of(json!({"type": "x"})));
        assert_eq!(envelope("events_api"), of(Value::Null), "acknowledged, and nothing of ours");
        for nothing in ["", "[]", "\"hello\"", "{\"envelope_id\":7}", "{"] {
            assert_eq!(read(nothing), Ok(Heard::Alive), "{nothing}");
        }
    }
}
