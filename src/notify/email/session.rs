//! The dialogue with the server, step by step, so that a failure says where it happened and what follows from it.
//!
//! In: a mail and a server. Out: nothing, or the outcome. Invariant: without the wanted TLS neither password nor mail is
//! sent; after the body has gone out, silence means "may have arrived". Refuses to try a second time.

use super::compose::Mail;
use super::server::{Security, Server};
use crate::model::text::one_line;
use crate::notify::Outcome;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::time::Duration;

/// Where the dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Connect,
    StartTls,
    Login,
    Sender,
    Recipient,
    Data,
    Body,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Step::Connect => "connecting to the mail server",
            Step::StartTls => "starting TLS",
            Step::Login => "logging in",
            Step::Sender => "naming the sender",
            Step::Recipient => "naming the recipient",
            Step::Data => "beginning the mail",
            Step::Body => "handing over the mail",
        }
    }

    /// Whether a refusal here has nothing to do with this mail or its recipient.
    fn is_about_us(self) -> bool {
        match self {
            Step::Connect | Step::StartTls | Step::Login | Step::Sender => true,
            Step::Recipient | Step::Data | Step::Body => false,
        }
    }
}

/// Why a dialogue ended early.
enum Stop {
    Smtp(Error),
    NoStartTls,
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Stop::Smtp(e)
    }
}

/// Hands one mail over within `timeout`.
pub(super) async fn deliver(
    server: &Server,
    password: Option<&SecretString>,
    timeout: Duration,
    mail: &Mail,
) -> Result<(), Outcome> {
    let mut step = Step::Connect;
    // lettre's own timeout covers the connection only.
    let ended = tokio::time::timeout(timeout, dialogue(server, password, timeout, mail, &mut step)).await;
    match ended {
        Ok(Ok(mut connection)) => {
            // The mail is theirs; how they take the goodbye changes nothing.
            let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
            Ok(())
        }
        Ok(Err(stop)) => Err(outcome(step, &stop)),
        Err(_) => Err(retry(step, "no answer in time")),
    }
}

async fn dialogue(
    server: &Server,
    password: Option<&SecretString>,
    timeout: Duration,
    mail: &Mail,
    step: &mut Step,
) -> Result<AsyncSmtpConnection, Stop> {
    let hello = ClientId::default();
    let address = (server.host.as_str(), server.port);
    let tls = match &server.security {
        Security::Tls(parameters) => Some(parameters.clone()),
        Security::StartTls(_) | Security::Plain => None,
    };
    let mut c = AsyncSmtpConnection::connect_tokio1(address, Some(timeout), &hello, tls, None).await?;
    if let Security::StartTls(parameters) = &server.security {
        *step = Step::StartTls;
        if !c.can_starttls() {
            return Err(Stop::NoStartTls);
        }
        c.starttls(parameters.clone(), &hello).await?;
    }
    if let (Some(user), Some(password)) = (&server.user, password) {
        *step = Step::Login;
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        c.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    *step = Step::Sender;
    c.command(MailFrom::new(Some(mail.from.clone()), vec![])).await?;
    *step = Step::Recipient;
    c.command(Rcpt::new(mail.to.clone(), vec![])).await?;
    *step = Step::Data;
    c.command(Data).await?;
    *step = Step::Body;
    c.message(&mail.raw).await?;
    Ok(c)
}

fn retry(step: Step, why: &str) -> Outcome {
    let arrived = if step == Step::Body { "; it may have arrived" } else { "" };
    Outcome::Retry { after: None, reason: format!("{}: {why}{arrived}", step.words()) }
}

fn outcome(step: Step, stop: &Stop) -> Outcome {
    let e = match stop {
        Stop::NoStartTls => {
            return retry(step, "the server does not offer STARTTLS; nothing was sent. Is smtps:// the right form?");
        }
        Stop::Smtp(e) => e,
    };
    let said = one_line(&e.to_string(), 200);
    let reason = format!("{}: {said}", step.words());
    if let Some(code) = e.status() {
        let code = u16::from(code);
        return match code {
            // Authentication needed, too weak, wrong. <https://www.rfc-editor.org/rfc/rfc4954#section-6>
            530 | 534 | 535 | 538 => Outcome::Unauthorized { reason },
            500.. if step.is_about_us() => Outcome::Unauthorized { reason },
            // No such mailbox: a hard bounce. <https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3>
            550 | 551 | 553 if step == Step::Recipient && !said.contains("5.7.") => Outcome::Unreachable { reason },
            500.. => Outcome::Rejected { reason },
            _ => Outcome::Retry { after: None, reason },
        };
    }
    if step == Step::Login && e.is_client() {
        return Outcome::Unauthorized { reason: format!("{reason}: the server offers no login that we know") };
    }
    match certificate_error(e) {
        Some(why) => retry(step, &format!("the server's TLS certificate is not accepted ({why}); nothing was sent")),
        None => retry(step, &said),
    }
}

/// rustls hides inside the I/O error that lettre wraps.
fn certificate_error(e: &Error) -> Option<String> {
    let mut cause = e.source();
    while let Some(c) = cause {
        let inner = c.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        if let Some(rustls::Error::InvalidCertificate(why)) = inner.and_then(|i| i.downcast_ref()) {
            return Some(one_line(&why.to_string(), 160));
        }
        cause = c.source();
    }
    None
}
