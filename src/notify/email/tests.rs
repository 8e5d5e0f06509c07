//! Against a scripted mail server in this process.

use super::fake::{Script, Seen, start};
use super::*;
use crate::notify::testing::{ending, hostile, message};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use std::time::Instant;
use tokio_rustls::TlsAcceptor;

const PASSWORD: &str = "canary-pass-0123";

fn settings(smtp: String) -> SmtpSettings {
    SmtpSettings {
        smtp,
        password: None,
        from: "forewarn <forewarn@example.com>".into(),
        ca_file: None,
        timeout: Duration::from_secs(2),
    }
}

fn plain(port: u16) -> Smtp {
    Smtp::new(settings(format!("smtp+plain://127.0.0.1:{port}"))).unwrap()
}

fn with_login(port: u16) -> Smtp {
    let s = settings(format!("smtp+plain://me@127.0.0.1:{port}"));
    Smtp::new(SmtpSettings { password: Some(PASSWORD.into()), ..s }).unwrap()
}

fn mail() -> Message {
    let mut m = message(vec![ending()]);
    m.contact.address = "ravi@example.com".into();
    m
}

fn replying(verb: &'static str, reply: &'static str) -> Script {
    Script { replies: [(verb, reply)].into(), ..Script::default() }
}

async fn result(verb: &'static str, reply: &'static str) -> (Outcome, Seen) {
    let (seen, port) = start(replying(verb, reply)).await;
    (with_login(port).send(&mail()).await, seen)
}

fn retry_reason(outcome: Outcome) -> String {
    match outcome {
        Outcome::Retry { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_with_text_and_html_and_names_its_thread() {
    let (seen, port) = start(Script::default()).await;
    let id = "<0123456789abcdef0123456789abcdef@example.com>";
    assert_eq!(plain(port).send(&mail()).await, Outcome::Delivered { thread: Some(id.into()), place: None });
    let root = Some("<root@example.com>".to_owned());
    let next = Message { thread: root.clone(), ..mail() };
    assert_eq!(plain(port).send(&next).await, Outcome::Delivered { thread: root, place: None });
    let raw = seen.mail();
    assert!(raw.contains("Content-Type: text/plain") && raw.contains("Content-Type: text/html"), "{raw}");
    assert!(raw.contains("To: ravi@example.com\r\n") && raw.contains(&format!("Message-ID: {id}\r\n")), "{raw}");
    assert_eq!(seen.verbs()[..4], ["EHLO", "MAIL", "RCPT", "DATA"]);
    let commands = seen.commands.lock().unwrap().clone();
    assert_eq!(commands[1], "MAIL FROM:<forewarn@example.com>");
    assert_eq!(commands[2], "RCPT TO:<ravi@example.com>");
}

#[tokio::test]
async fn a_text_that_looks_like_the_end_of_the_mail_does_not_end_it() {
    let (seen, port) = start(Script::default()).await;
    for text in ["\r\n.\r\nMAIL FROM:<evil@example.com>", ".", "..\n.\n", "a\r.\rb", "\n.\r\nx"] {
        let mut m = message(vec![hostile(text, ending())]);
        m.contact.address = "ravi@example.com".into();
        assert!(matches!(plain(port).send(&m).await, Outcome::Delivered { .. }), "{text:?}");
    }
    assert_eq!(seen.mails.lock().unwrap().len(), 5);
    assert!(!seen.commands.lock().unwrap().iter().any(|c| c.contains("evil")));
    for mail in seen.mails.lock().unwrap().iter() {
        assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "a bare line break: {mail:?}");
    }
}

#[tokio::test]
async fn a_4xx_anywhere_is_tried_again() {
    for (verb, reply) in [
        ("GREET", "421 busy"),
        ("EHLO", "421 busy"),
        ("AUTH", "454 later"),
        ("MAIL", "452 full"),
        ("RCPT", "450 greylisted"),
        ("DATA", "451 later"),
        ("BODY", "452 full"),
    ] {
        let reason = retry_reason(result(verb, reply).await.0);
        assert!(reason.contains(&reply[..3]), "{verb}: {reason}");
    }
}

#[tokio::test]
async fn a_5xx_about_the_mail_is_rejected_and_one_about_us_is_unauthorized() {
    let (bounced, _) = result("RCPT", "550 no such user").await;
    assert!(matches!(&bounced, Outcome::Unreachable { reason } if reason.contains("no such user")), "{bounced:?}");
    for (verb, reply) in [("RCPT", "550 5.7.1 relaying denied"), ("DATA", "554 no"), ("BODY", "554 looks like spam")] {
        let outcome = result(verb, reply).await.0;
        assert!(
            matches!(&outcome, Outcome::Rejected { reason } if reason.contains(&reply[4..])),
            "{verb}: {outcome:?}"
        );
    }
    for (verb, reply) in [
        ("GREET", "554 go away"),
        ("EHLO", "550 go away"),
        ("AUTH", "535 wrong"),
        ("MAIL", "530 log in first"),
        ("MAIL", "550 not your address"),
        ("RCPT", "530 log in first"),
    ] {
        let outcome = result(verb, reply).await.0;
        assert!(
            matches!(&outcome, Outcome::Unauthorized { reason } if reason.contains(&reply[4..])),
            "{verb}: {outcome:?}"
        );
        assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_server_without_login_is_unauthorized_and_gets_no_mail() {
    let (outcome, seen) = result("EHLO", "250 fake").await;
    assert!(matches!(outcome, Outcome::Unauthorized { .. }), "{outcome:?}");
    assert!(seen.mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_drop_after_the_body_may_have_arrived() {
    let (seen, port) = start(Script { drop_after_body: true, ..Script::default() }).await;
    let reason = retry_reason(plain(port).send(&mail()).await);
    assert!(reason.contains("may have arrived"), "{reason}");
    assert_eq!(seen.mails.lock().unwrap().len(), 1);
    let before = retry_reason(result("RCPT", "garbage").await.0);
    assert!(!before.contains("may have arrived"), "{before}");
}

#[tokio::test]
async fn a_goodbye_that_fails_changes_nothing() {
    let outcome = result("QUIT", "500 no").await.0;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_slow_greeting_and_a_closed_port_are_tried_again_in_time() {
    let (_, port) = start(Script { greet_after: Duration::from_secs(60), ..Script::default() }).await;
    let smtp = Smtp::new(SmtpSettings {
        timeout: Duration::from_millis(200),
        ..settings(format!("smtp+plain://127.0.0.1:{port}"))
    });
    let begun = Instant::now();
    let reason = retry_reason(smtp.unwrap().send(&mail()).await);
    assert!(reason.contains("connecting") && reason.contains("in time"), "{reason}");
    assert!(begun.elapsed() < Duration::from_secs(2));
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let reason = retry_reason(plain(closed).send(&mail()).await);
    assert!(reason.contains("connecting"), "{reason}");
}

#[tokio::test]
async fn an_endless_reply_is_bounded() {
    let long: &'static str = Box::leak(format!("250 {}", "x".repeat(200_000)).into_boxed_str());
    let reason = retry_reason(result("MAIL", long).await.0);
    assert!(reason.chars().count() < 300, "{reason}");
}

/// An authority in a file, and a certificate of it for a host.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    Authority { issuer: Issuer::new(params, key), file }
}

impl Authority {
    fn acceptor(&self, host: &str) -> TlsAcceptor {
        self.signed(CertificateParams::new(vec![host.to_owned()]).unwrap())
    }

    fn expired(&self) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2021, 1, 1));
        self.signed(params)
    }

    fn signed(&self, params: CertificateParams) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        acceptor(params.signed_by(&key, &self.issuer).unwrap(), &key)
    }

    fn smtp(&self, scheme: &str, port: u16) -> Smtp {
        Smtp::new(SmtpSettings {
            password: Some(PASSWORD.into()),
            ca_file: Some(self.file.path().into()),
            ..settings(format!("{scheme}://me@localhost:{port}"))
        })
        .unwrap()
    }
}

fn acceptor(certificate: rcgen::Certificate, key: &KeyPair) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn starttls_and_tls_with_a_known_authority_carry_login_and_mail() {
    let ca = authority();
    let (seen, port) = start(Script { starttls: Some(ca.acceptor("localhost")), ..Script::default() }).await;
    let outcome = ca.smtp("smtp", port).send(&mail()).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let commands = seen.commands.lock().unwrap().clone();
    let plain: Vec<_> = commands.iter().filter(|c| !c.starts_with("tls ")).map(|c| &c[..4]).collect();
    assert_eq!(plain, ["EHLO", "STAR"], "{commands:?}");
    assert!(commands.iter().any(|c| c.starts_with("tls AUTH PLAIN ")), "{commands:?}");

    let (seen, port) = start(Script { tls: Some(ca.acceptor("localhost")), ..Script::default() }).await;
    let outcome = ca.smtp("smtps", port).send(&mail()).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    assert!(seen.commands.lock().unwrap().iter().all(|c| c.starts_with("tls ")));
}

#[tokio::test]
async fn a_certificate_that_is_not_ours_gets_neither_password_nor_mail() {
    let (ca, other) = (authority(), authority());
    let lone_key = KeyPair::generate().unwrap();
    let lone = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&lone_key).unwrap();
    for (what, tls) in [
        ("another host", ca.acceptor("mail.example.com")),
        ("another authority", other.acceptor("localhost")),
        ("self-signed", acceptor(lone, &lone_key)),
        ("expired", ca.expired()),
    ] {
        for scheme in ["smtp", "smtps"] {
            let mut script = Script::default();
            match scheme {
                "smtp" => script.starttls = Some(tls.clone()),
                _ => script.tls = Some(tls.clone()),
            }
            let (seen, port) = start(script).await;
            let reason = retry_reason(ca.smtp(scheme, port).send(&mail()).await);
            assert!(reason.contains("certificate is not accepted"), "{what}, {scheme}: {reason}");
            let verbs = seen.verbs();
            assert!(verbs.iter().all(|v| v == "EHLO" || v == "STARTTLS"), "{what}, {scheme}: {verbs:?}");
        }
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let ca = authority();
    let (seen, port) = start(Script::default()).await;
    let reason = retry_reason(ca.smtp("smtp", port).send(&mail()).await);
    assert!(reason.contains("does not offer STARTTLS"), "{reason}");
    assert_eq!(seen.verbs(), ["EHLO"]);
    let (seen, port) =
        start(Script { starttls: Some(ca.acceptor("localhost")), ..replying("STARTTLS", "454 not now") }).await;
    retry_reason(ca.smtp("smtp", port).send(&mail()).await);
    let verbs = seen.verbs();
    assert!(verbs.iter().all(|v| ["EHLO", "STARTTLS", "QUIT"].contains(&v.as_str())), "{verbs:?}");
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_remedy() {
    let ok = settings("smtp+plain://127.0.0.1:25".into());
    for from in ["", "forewarn", "a@b\r\nBcc: c@d.example", "x\u{0}y <a@example.com>", "Fö <a@example.com>"] {
        let e = Smtp::new(SmtpSettings { from: from.into(), ..ok.clone() })
            .err()
            .unwrap_or_else(|| panic!("{from:?} was taken"));
        assert!(matches!(e, SmtpError::From(_)) && !e.to_string().contains('\n'), "{e}");
    }
    let e = Smtp::new(SmtpSettings { password: Some(PASSWORD.into()), ..ok.clone() }).err().unwrap().to_string();
    assert!(e.contains("USER@HOST") && !e.contains("canary"), "{e}");
    let e = Smtp::new(settings("smtp+plain://me@127.0.0.1:25".into())).err().unwrap().to_string();
    assert!(e.contains("password"), "{e}");
    assert!(!format!("{:?}", SmtpSettings { password: Some(PASSWORD.into()), ..ok }).contains("canary"));
}

#[test]
fn the_section_refuses_keys_it_does_not_know() {
    let s: EmailSection =
        toml::from_str("smtp = 'smtps://a@b.example'\nfrom = 'a@b.example'\npassword = 'env:P'").unwrap();
    assert_eq!(s.smtp.get_ref(), "smtps://a@b.example");
    assert!(toml::from_str::<EmailSection>("smtp = 'x'\nfrom = 'y'\nport = 25").is_err());
}
