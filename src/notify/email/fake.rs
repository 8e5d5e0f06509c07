//! A scripted mail server on a port of this machine.
//!
//! In: a [`Script`]. Out: what it saw, commands and mails. Invariant: it says what the script says at that command and
//! what a good server says elsewhere. Refuses to be built outside tests.

#![expect(clippy::disallowed_methods, reason = "a fake server runs and waits beside the test")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Default)]
pub struct Script {
    /// Replies by verb; `GREET` and `BODY` are the ones without a command.
    pub replies: HashMap<&'static str, &'static str>,
    /// Waits before the greeting.
    pub greet_after: Duration,
    /// Hangs up after the final dot.
    pub drop_after_body: bool,
    /// Offers STARTTLS with this certificate.
    pub starttls: Option<TlsAcceptor>,
    /// Speaks TLS from the start.
    pub tls: Option<TlsAcceptor>,
}

#[derive(Clone, Default)]
pub struct Seen {
    /// Every line before DATA; `tls ` in front once TLS is on.
    pub commands: Arc<Mutex<Vec<String>>>,
    /// Every mail with its final dot.
    pub mails: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    pub fn verbs(&self) -> Vec<String> {
        let commands = self.commands.lock().unwrap();
        commands.iter().map(|c| c.split([' ', ':']).next().unwrap().to_owned()).collect()
    }
    pub fn mail(&self) -> String {
        self.mails.lock().unwrap()[0].clone()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Starts it; gives the port.
pub async fn start(script: Script) -> (Seen, u16) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let kept = seen.clone();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // A dialogue that the client ends early is not the fake's failure.
            let _ = dialogue(Box::new(tcp), &script, &kept).await;
        }
    });
    (seen, port)
}

async fn dialogue(tcp: Box<dyn Stream>, script: &Script, seen: &Seen) -> std::io::Result<()> {
    let reply = |verb: &str, good: &str| format!("{}\r\n", script.replies.get(verb).copied().unwrap_or(good));
    let mut secure = script.tls.is_some();
    let tcp: Box<dyn Stream> = match &script.tls {
        Some(acceptor) => Box::new(acceptor.accept(tcp).await?),
        None => tcp,
    };
    let mut io = BufReader::new(tcp);
    tokio::time::sleep(script.greet_after).await;
    io.write_all(reply("GREET", "220 fake.example").as_bytes()).await?;
    loop {
        let mut line = String::new();
        if io.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        seen.commands.lock().unwrap().push(if secure { format!("tls {line}") } else { line.clone() });
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if script.starttls.is_some() && !secure => reply("EHLO", "250-fake\r\n250-STARTTLS\r\n250 8BITMIME"),
            "EHLO" => reply("EHLO", "250-fake\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"),
            "STARTTLS" => reply("STARTTLS", "220 go"),
            "AUTH" => reply("AUTH", "235 welcome"),
            "DATA" => reply("DATA", "354 go"),
            "QUIT" => reply("QUIT", "221 bye"),
            other => reply(other, "250 ok"),
        };
        io.write_all(answer.as_bytes()).await?;
        match verb.as_str() {
            "STARTTLS" if answer.starts_with('2') => {
                let acceptor = script.starttls.clone().unwrap();
                io = BufReader::new(Box::new(acceptor.accept(io.into_inner()).await?));
                secure = true;
            }
            "DATA" if answer.starts_with('3') => {
                let mut mail = Vec::new();
                while !mail.ends_with(b"\r\n.\r\n") {
                    mail.push(io.read_u8().await?);
                }
                seen.mails.lock().unwrap().push(String::from_utf8(mail).unwrap());
                if script.drop_after_body {
                    return Ok(());
                }
                io.write_all(reply("BODY", "250 queued").as_bytes()).await?;
            }
            "QUIT" => return Ok(()),
            _ => {}
        }
    }
}
