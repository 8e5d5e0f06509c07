//! Mail, over one SMTP connection per message.
//!
//! In: messages and a server. Out: a mail with text and HTML. Invariant: a password leaves only over TLS or to this
//! machine; the Message-ID is the same over all attempts, so a second copy can be told from a second mail. Refuses
//! plaintext to other machines, several recipients, and retrying.

mod compose;
mod server;
mod session;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use super::{Message, Outcome};
use compose::Composer;
use lettre::message::Mailbox;
use secrecy::SecretString;
use serde::Deserialize;
use server::Server;
use std::{path::PathBuf, time::Duration};
use toml::Spanned;

/// `[email]` in the config. The password is a reference; the config layer resolves it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSection {
    /// `smtps://USER@HOST`, `smtp://USER@HOST` (STARTTLS) or `smtp+plain://127.0.0.1:PORT`.
    pub smtp: Spanned<String>,
    /// Of USER.
    pub password: Option<Spanned<String>>,
    /// The sender: `forewarn@example.com` or `forewarn <forewarn@example.com>`.
    pub from: Spanned<String>,
    /// PEM of a certificate authority to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// What [`Smtp::new`] needs, with the password resolved.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// As [`EmailSection::smtp`].
    pub smtp: String,
    /// Of the user in `smtp`.
    pub password: Option<SecretString>,
    /// As [`EmailSection::from`].
    pub from: String,
    /// As [`EmailSection::ca_file`].
    pub ca_file: Option<PathBuf>,
    /// Longest time for the whole dialogue; [`TIMEOUT`].
    pub timeout: Duration,
}

/// Longest time for one dialogue; ends before [`super::ATTEMPT_DEADLINE`], so that the reason names the step.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Why mail cannot be set up; the text says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// The address of the server.
    #[error("email.smtp: {0}")]
    Server(String),
    /// User without password, or the other way round.
    #[error("email.password: {0}")]
    Password(&'static str),
    /// The sender.
    #[error(
        "email.from: {0:?} is not a mail address: write forewarn@example.com or Name <forewarn@example.com>, in ASCII"
    )]
    From(String),
    /// The extra root.
    #[error("email.ca_file: {0}")]
    CaFile(String),
    /// TLS as a whole.
    #[error("TLS for mail cannot be set up: {0}")]
    Tls(String),
}

/// Sends mail.
pub struct Smtp {
    server: Server,
    password: Option<SecretString>,
    composer: Composer,
    timeout: Duration,
}

impl Smtp {
    /// Checks everything that can be checked without a connection; reads `ca_file`.
    ///
    /// # Errors
    /// Names the setting and what is allowed.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpError> {
        let server = Server::parse(&settings.smtp, settings.ca_file.as_deref())?;
        match (&server.user, &settings.password) {
            (Some(_), None) => return Err(SmtpError::Password("email.smtp names a user: give its password")),
            (None, Some(_)) => return Err(SmtpError::Password("email.smtp names no user: write smtps://USER@HOST")),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let bad_from = || SmtpError::From(settings.from.chars().take(100).collect());
        let from = Some(settings.from.trim()).filter(|f| f.is_ascii() && !f.chars().any(char::is_control));
        let from: Mailbox = from.and_then(|f| f.parse().ok()).ok_or_else(bad_from)?;
        Ok(Self { server, password: settings.password, composer: Composer::new(from), timeout: settings.timeout })
    }

    /// Sends one mail to `message.contact.address`. The thread is the Message-ID of the conversation's first mail.
    pub async fn send(&self, message: &Message) -> Outcome {
        let mail = match self.composer.compose(message) {
            Ok(mail) => mail,
            Err(reason) => return Outcome::Rejected { reason },
        };
        match session::deliver(&self.server, self.password.as_ref(), self.timeout, &mail).await {
            Ok(()) => Outcome::Delivered { thread: Some(mail.root), place: None },
            Err(outcome) => outcome,
        }
    }
}
