//! Which server, and how it is protected.
//!
//! In: `email.smtp` and `email.ca_file`. Out: host, port, user, TLS. Invariant: another machine is reached over TLS with
//! a checked certificate only. Refuses a password in the address and every "TLS if offered".

use super::SmtpError;
use crate::notify::http::is_loopback;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use std::path::Path;
use url::Url;

/// How an SMTP address must look, for messages.
const FORMS: &str = "write smtps://USER@HOST (TLS, port 465), smtp://USER@HOST (STARTTLS, port 587) or \
                     smtp+plain://127.0.0.1:PORT (this machine only)";

/// How the dialogue is protected.
pub(super) enum Security {
    /// TLS from the first byte. <https://www.rfc-editor.org/rfc/rfc8314>
    Tls(TlsParameters),
    /// STARTTLS, and nothing without it. <https://www.rfc-editor.org/rfc/rfc3207>
    StartTls(TlsParameters),
    /// None: this machine.
    Plain,
}

/// A server.
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub security: Security,
}

impl Server {
    pub(super) fn parse(text: &str, ca_file: Option<&Path>) -> Result<Self, SmtpError> {
        let fail = |why: &str| SmtpError::Server(format!("{why}: {FORMS}"));
        let url = Url::parse(text.trim()).map_err(|_| fail("not an address of a server"))?;
        if url.password().is_some() {
            return Err(fail("a password does not stand in the address: put a reference in email.password"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(fail("nothing may follow the port"));
        }
        let host = url.host_str().filter(|h| !h.is_empty()).ok_or_else(|| fail("no host"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let user = Some(percent_decode(url.username())).filter(|u| !u.is_empty());
        let tls = || parameters(&bare, ca_file);
        let (security, port) = match url.scheme() {
            "smtps" => (Security::Tls(tls()?), 465),
            "smtp" => (Security::StartTls(tls()?), 587),
            "smtp+plain" if is_loopback(host) => (Security::Plain, 25),
            "smtp+plain" => return Err(fail(&format!("{bare} is another machine, and smtp+plain has no TLS"))),
            other => return Err(fail(&format!("{other}:// is not known"))),
        };
        Ok(Self { host: bare, port: url.port().unwrap_or(port), user, security })
    }
}

fn parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let fail = |why: String| SmtpError::CaFile(format!("{}: {why}", path.display()));
        let pem = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
        if !pem.windows(27).any(|w| w == b"-----BEGIN CERTIFICATE-----") {
            return Err(fail("holds no PEM certificate (-----BEGIN CERTIFICATE-----)".into()));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| fail(e.to_string()))?);
    }
    builder.build_rustls().map_err(|e| SmtpError::Tls(e.to_string()))
}

/// `forewarn%40example.com` is a user with an @ in it.
fn percent_decode(s: &str) -> String {
    let one_field = format!("u={}", s.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(one_field.as_bytes()).next().map_or_else(String::new, |(_, v)| v.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(s: &str) -> Result<Server, SmtpError> {
        Server::parse(s, None)
    }

    #[test]
    fn each_form_has_its_port_and_protection() {
        let s = parse("smtps://forewarn@smtp.example.com").unwrap();
        assert_eq!((s.host.as_str(), s.port, s.user.as_deref()), ("smtp.example.com", 465, Some("forewarn")));
        assert!(matches!(s.security, Security::Tls(_)));
        let s = parse("smtp://me%40example.com@smtp.example.com:2587").unwrap();
        assert_eq!((s.port, s.user.as_deref()), (2587, Some("me@example.com")));
        assert!(matches!(s.security, Security::StartTls(_)));
        let s = parse("smtp://a+b&c@smtp.example.com").unwrap();
        assert_eq!((s.port, s.user.as_deref()), (587, Some("a+b&c")));
        for plain in ["smtp+plain://127.0.0.1:2525", "smtp+plain://localhost:2525", "smtp+plain://[::1]:2525"] {
            assert!(matches!(parse(plain).unwrap().security, Security::Plain), "{plain}");
        }
    }

    #[test]
    fn plaintext_to_another_machine_is_refused() {
        for bad in ["smtp+plain://10.0.0.1:25", "smtp+plain://smtp.example.com", "smtp+plain://127.0.0.1.example.com"] {
            let e = parse(bad).err().unwrap().to_string();
            assert!(e.contains("another machine") && e.contains("smtps://"), "{e}");
        }
    }

    #[test]
    fn an_address_that_says_too_much_is_refused_without_repeating_it() {
        for bad in [
            "smtps://me:canary@a.example",
            "smtps://a.example/canary",
            "smtps://a.example?tls=canary",
            "canary",
            "smtps://",
            "ftp://canary.example",
        ] {
            let e = parse(bad).err().unwrap().to_string();
            assert!(e.starts_with("email.smtp: ") && !e.contains("canary"), "{bad}: {e}");
        }
    }

    #[test]
    fn a_ca_file_must_hold_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        for content in ["", "not pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            std::fs::write(&path, content).unwrap();
            let e = Server::parse("smtps://a.example", Some(&path)).err().unwrap().to_string();
            assert!(e.starts_with("email.ca_file: ") && e.contains("PEM"), "{e}");
        }
        let gone = dir.path().join("gone.pem");
        assert!(matches!(Server::parse("smtps://a.example", Some(&gone)), Err(SmtpError::CaFile(_))));
    }
}
