//! A mail from a message: headers, text, HTML.
//!
//! In: a message. Out: the bytes for DATA and the addresses. Invariant: no header holds a line break, a control or a
//! direction character; everything is ASCII on the wire; HTML is escaped by the template engine and its links were
//! checked. Refuses names from outside in addresses: lettre panics on a line break there.

use crate::model::text::one_line;
use crate::notify::Message;
use crate::notify::render::{Line, Part, Rendered, render};
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use minijinja::{AutoEscape, Environment, context};

/// A mail that is ready to go.
pub(super) struct Mail {
    pub from: Address,
    pub to: Address,
    pub raw: Vec<u8>,
    /// Message-ID of the conversation's first mail; this one's when it is the first.
    pub root: String,
}

/// Writes mails of one sender.
pub(super) struct Composer {
    from: Mailbox,
    templates: Environment<'static>,
}

const HTML: &str = include_str!("mail.html");
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

impl Composer {
    pub(super) fn new(from: Mailbox) -> Self {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        Self { from, templates }
    }

    /// The reason of an error is one line for the outbox.
    pub(super) fn compose(&self, message: &Message) -> Result<Mail, String> {
        let to = address(&message.contact.address)?;
        let rendered = render(message);
        let date = message.now.try_into().map_err(|_| "the time of the message is out of range".to_owned())?;
        let id = format!("<{}@{}>", message.key, self.from.email.domain());
        let thread = message.thread.as_deref().filter(|t| is_message_id(t));
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(rendered.subject.clone())
            .date(date)
            .message_id(Some(id.clone()))
            // Keeps out-of-office answers away. <https://www.rfc-editor.org/rfc/rfc3834#section-5>
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
        if let Some(root) = thread {
            builder = builder.in_reply_to(root.to_owned()).references(root.to_owned());
        }
        let html =
            self.html(&rendered).map_err(|e| format!("the mail template failed: {}", one_line(&e.to_string(), 200)))?;
        let mail = builder
            .multipart(MultiPart::alternative_plain_html(text(&rendered), html))
            .map_err(|e| format!("the mail could not be written: {}", one_line(&e.to_string(), 200)))?;
        let root = thread.map_or(id, str::to_owned);
        Ok(Mail { from: self.from.email.clone(), to, raw: mail.formatted(), root })
    }

    fn html(&self, r: &Rendered) -> Result<String, minijinja::Error> {
        let lines: Vec<_> = r
            .lines
            .iter()
            .zip(labels(&r.lines))
            .map(|(l, label)| context! { label, text => &l.text, link => &l.link, bullet => l.part.is_bullet() })
            .collect();
        self.templates
            .render_str(HTML, context! { headline => r.first_line(), lines, footer => &r.footer, act => &r.act })
    }
}

fn address(text: &str) -> Result<Address, String> {
    let refuse =
        || format!("{:?} is not a mail address that can be reached: write NAME@HOST in ASCII", one_line(text, 100));
    if !text.is_ascii() || text.chars().any(char::is_control) {
        return Err(refuse());
    }
    text.trim().parse().map_err(|_| refuse())
}

/// `<key@example.com>`, and nothing that could be more than that.
fn is_message_id(s: &str) -> bool {
    s.len() < 300
        && s.starts_with('<')
        && s.ends_with('>')
        && s.contains('@')
        && s[1..s.len() - 1].chars().all(|c| c.is_ascii_graphic() && c != '<' && c != '>')
}

/// The label of each line, empty where it repeats the one above.
fn labels(lines: &[Line]) -> Vec<&'static str> {
    let mut last: Option<Part> = None;
    lines
        .iter()
        .map(|l| {
            let label = if last == Some(l.part) { "" } else { l.part.label() };
            last = Some(l.part);
            label
        })
        .collect()
}

/// The plain part: labels in the margin, as on paper.
pub(super) fn text(r: &Rendered) -> String {
    let mut out = format!("{}\n\n", r.first_line());
    for (line, label) in r.lines.iter().zip(labels(&r.lines)) {
        match line.part {
            Part::Item => out.push_str(&format!("- {}\n", line.text)),
            Part::Section => out.push_str(&format!("\n{}\n", line.text)),
            Part::Why | Part::What | Part::Ours | Part::Do | Part::Proof | Part::Next => {
                out.push_str(&format!("{label:<6}{}\n", line.text));
            }
        }
        if let Some(link) = &line.link {
            out.push_str(&format!("{:<6}{link}\n", ""));
        }
    }
    out.push_str(&format!("{:<6}{}\n", Part::Do.label(), r.footer));
    if let Some(act) = &r.act {
        out.push_str(&format!("Take it, plan, reassign, dispute: {act}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::testing::{HOSTILE, ending, hostile_messages, message};

    fn composer() -> Composer {
        Composer::new("forewarn <forewarn@example.com>".parse().unwrap())
    }

    fn mail_to(address: &str) -> Message {
        let mut m = message(vec![ending()]);
        m.contact.address = address.into();
        m
    }

    #[test]
    fn the_plain_part_reads_like_a_letter() {
        let t = text(&render(&mail_to("a@example.com")));
        let lines: Vec<_> = t.lines().collect();
        assert!(lines[0].starts_with("🟠 gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days)"));
        assert_eq!(lines[3], "OURS  support-bot, production");
        assert_eq!(lines[4], "      rerank-batch, staging");
        assert!(lines[5].starts_with("PROOF Read today 08:40 UTC"));
        assert_eq!(lines[6], "      https://provider.example/docs/deprecations");
        assert!(lines[7].starts_with("NEXT  Without a plan date: reminder"));
        assert_eq!(lines[8], "DO    Switch to gpt-demo-2 and say by when: forewarn ack 17 --plan DATE  #17");
    }

    #[test]
    fn html_is_text_and_our_own_tags() {
        let ours = [
            "<!doctype html>",
            "<meta charset=\"utf-8\">",
            "<body style=",
            "<p",
            "</p>",
            "<b>",
            "</b>",
            "<table",
            "</table>",
            "<tr>",
            "</tr>",
            "<td",
            "</td>",
            "<a href=\"https://",
            "</a>",
            "</body>",
        ];
        for hostile in HOSTILE {
            for m in hostile_messages(hostile) {
                let html = composer().html(&render(&m)).unwrap().replace("&#x2f;", "/");
                for (i, _) in html.match_indices('<') {
                    assert!(
                        ours.iter().any(|t| html[i..].starts_with(t)),
                        "{hostile:?} made {}",
                        &html[i..html.len().min(i + 40)]
                    );
                }
                assert!(!html.contains("href=\"javascript") && !html.contains("49"), "{html}");
            }
        }
    }

    #[test]
    fn headers_hold_no_line_of_a_stranger() {
        for hostile in HOSTILE {
            for mut m in hostile_messages(hostile) {
                m.contact.address = "a@example.com".into();
                m.thread = Some(format!("<root@example.com>{hostile}"));
                let raw = String::from_utf8(composer().compose(&m).unwrap().raw).unwrap();
                assert!(raw.is_ascii());
                let (head, _) = raw.split_once("\r\n\r\n").unwrap();
                for line in head.split("\r\n") {
                    let name = line.split(':').next().unwrap();
                    let known = [
                        "From",
                        "To",
                        "Subject",
                        "Date",
                        "Message-ID",
                        "Auto-Submitted",
                        "MIME-Version",
                        "Content-Type",
                    ];
                    assert!(
                        line.starts_with([' ', '\t']) || known.contains(&name),
                        "{hostile:?} made the header {line:?}"
                    );
                    assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{line:?}");
                }
                assert!(!raw.replace("\r\n", "").contains(['\r', '\n']), "a bare line break");
            }
        }
    }

    #[test]
    fn an_address_with_a_name_a_line_break_or_nothing_is_rejected() {
        for bad in [
            "",
            "ravi",
            "Ravi <ravi@example.com>",
            "a@b\r\nBcc: c@d",
            "a@b.example\n",
            "räv@example.com",
            "a b@example.com",
            "a@example.com, b@example.com",
        ] {
            let e = composer().compose(&mail_to(bad)).err().unwrap_or_else(|| panic!("{bad:?} was taken"));
            assert!(e.contains("mail address") && !e.contains('\n'), "{e}");
        }
    }

    #[test]
    fn a_mail_can_be_recognised_and_threaded() {
        let m = mail_to("ravi@example.com");
        let first = composer().compose(&m).unwrap();
        assert_eq!(first.root, "<0123456789abcdef0123456789abcdef@example.com>");
        let again = composer().compose(&m).unwrap();
        let head =
            |mail: &Mail| String::from_utf8(mail.raw.clone()).unwrap().split("\r\n\r\n").next().unwrap().to_owned();
        assert!(head(&again).contains("Message-ID: <0123456789abcdef0123456789abcdef@example.com>\r\n"));
        assert!(head(&first).contains("Auto-Submitted: auto-generated"));
        assert!(head(&first).contains("Date: Mon, 23 Nov 2026 08:55:00 +0000"));
        assert!(!head(&first).contains("In-Reply-To"));
        let next = composer().compose(&Message { key: "ff".into(), thread: Some(first.root.clone()), ..m }).unwrap();
        assert_eq!(next.root, first.root);
        assert!(head(&next).contains(&format!("In-Reply-To: {}\r\n", first.root)));
        assert!(head(&next).contains(&format!("References: {}\r\n", first.root)));
        assert!(head(&next).contains("Message-ID: <ff@example.com>"));
    }
}
