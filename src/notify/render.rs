//! What a message says, before a medium dresses it.
//!
//! In: a [`Message`] with current facts. Out: [`Rendered`], plain words with the headline first: on a phone it must do
//! alone. Invariant: every text from outside is one clean line here (no control or direction characters), so a medium
//! only has to escape. Refuses to know markup: escaping belongs to console, Slack, mail and webhook.

mod details;
mod digest;
mod group;
pub mod sample;
pub mod template;
mod words;

#[cfg(test)]
mod tests;

use crate::model::AlertId;
use crate::model::text::one_line;
use crate::notify::{Body, Message, Row};
use jiff::{Timestamp, ZonedDateTime, civil::Date, tz::TimeZone};

/// Longest headline, in characters; a phone shows far less.
pub const HEADLINE_MAX: usize = 300;

/// A message in words. All text is plain, each piece one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// How bad at a glance: 🔴 🟠 🟡 ⚪ ✅.
    pub marker: &'static str,
    /// The first line, without the marker.
    pub headline: String,
    /// The subject of a mail: `[forewarn #17] 60 days: …`.
    pub subject: String,
    /// What follows, in order.
    pub lines: Vec<Line>,
    /// What to do and how to answer, with the number.
    pub footer: String,
    /// The page on which one answers; none in lists, and where no public address is known.
    pub act: Option<String>,
}

impl Rendered {
    /// Marker and headline.
    pub fn first_line(&self) -> String {
        format!("{} {}", self.marker, self.headline)
    }
}

/// One line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which part of the message it belongs to.
    pub part: Part,
    /// The words, plain.
    pub text: String,
    /// Where to read more; only `http` and `https`.
    pub link: Option<String>,
    /// The alert of an item of a list.
    pub alert: Option<AlertId>,
}

/// The parts of a message. Mail names them in its margin; short media show only their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Why this reaches the reader.
    Why,
    /// What the provider does.
    What,
    /// A service of ours; a bullet.
    Ours,
    /// One alert of a group; a bullet.
    Item,
    /// What to do about it.
    Do,
    /// A title, or a count, between lists.
    Section,
    /// Where it was read, in the provider's words.
    Proof,
    /// What comes next.
    Next,
}

impl Part {
    /// The word in the margin of a mail.
    pub fn label(self) -> &'static str {
        match self {
            Part::Why => "WHY",
            Part::What => "WHAT",
            Part::Ours => "OURS",
            Part::Item | Part::Section => "",
            Part::Do => "DO",
            Part::Proof => "PROOF",
            Part::Next => "NEXT",
        }
    }

    /// Whether short media show it as a bullet.
    pub fn is_bullet(self) -> bool {
        match self {
            Part::Ours | Part::Item => true,
            Part::Why | Part::What | Part::Section | Part::Do | Part::Proof | Part::Next => false,
        }
    }
}

impl Line {
    fn new(part: Part, text: impl Into<String>) -> Self {
        Self { part, text: text.into(), link: None, alert: None }
    }
}

/// Puts a message into words: the user's own where there are templates, ours else.
pub fn render(message: &Message) -> Rendered {
    let ours = in_our_words(message);
    match &message.templates {
        Some(templates) => templates.apply(ours, message),
        None => ours,
    }
}

/// Puts a message into our words.
pub fn in_our_words(message: &Message) -> Rendered {
    let clock = Clock { now: message.now, zone: &message.zone };
    let said = match &message.body {
        Body::Test => test(message, clock),
        Body::Digest(d) => digest::digest(d, clock),
        Body::Alerts(rows) | Body::Acted { rows, .. } => match rows.as_slice() {
            [row] => single(row, clock),
            rows => group::group(rows, clock),
        },
    };
    match &message.meant_for {
        Some(who) => shadowed(said, &one_line(who, 120)),
        None => said,
    }
}

/// A message that reaches the operators only.
fn shadowed(said: Rendered, who: &str) -> Rendered {
    let why = Line::new(Part::Why, format!("Shadow mode: this would have gone to {who}. Only the operators have it."));
    Rendered {
        headline: one_line(&format!("Shadow, meant for {who}: {}", said.headline), HEADLINE_MAX),
        subject: one_line(&format!("Shadow, meant for {who}: {}", said.subject), HEADLINE_MAX),
        lines: std::iter::once(why).chain(said.lines).collect(),
        ..said
    }
}

fn single(row: &Row, clock: Clock<'_>) -> Rendered {
    let said = words::say(row, clock);
    let services = words::services(row);
    let tail = if services.is_empty() { String::new() } else { format!(": {services}") };
    let aside = if services.is_empty() { String::new() } else { format!(" ({services})") };
    let lead = said.lead.as_ref().map_or_else(String::new, |l| format!("{l}: "));
    Rendered {
        marker: words::marker(row),
        headline: one_line(&format!("{}{tail}", said.headline), HEADLINE_MAX),
        subject: one_line(&format!("[forewarn #{}] {lead}{}{aside}", row.alert, said.subject), HEADLINE_MAX),
        lines: details::details(row, clock),
        footer: words::footer(row),
        act: row.act.clone().filter(|_| !words::is_over(row)),
    }
}

fn test(message: &Message, clock: Clock<'_>) -> Rendered {
    let contact = &message.contact;
    let headline = format!("forewarn test message for {}: this channel works", one_line(&contact.id.0, 100));
    Rendered {
        marker: "✅",
        subject: format!("[forewarn] test message for {}", one_line(&contact.id.0, 100)),
        headline,
        lines: vec![Line::new(
            Part::What,
            format!(
                "Sent to {} by {}, {}.",
                one_line(&contact.address, 200),
                one_line(&contact.channel, 100),
                clock.moment(message.now)
            ),
        )],
        footer: "Somebody ran forewarn send-test. Nothing to do.".into(),
        act: None,
    }
}

/// Now, where the reader is.
#[derive(Clone, Copy)]
struct Clock<'a> {
    now: Timestamp,
    zone: &'a TimeZone,
}

impl Clock<'_> {
    fn local(self, at: Timestamp) -> ZonedDateTime {
        at.to_zoned_datetime(self.zone.clone())
    }

    fn today(self) -> Date {
        self.local(self.now).date()
    }

    /// `Wed 23 Dec`, with the year when it is far; `today`, `tomorrow`.
    fn day(self, at: Timestamp) -> String {
        let date = self.local(at).date();
        let today = self.today();
        match today.until(date).map_or(0, |s| s.get_days()) {
            0 => "today".into(),
            1 => "tomorrow".into(),
            -300..=300 => date.strftime("%a %-d %b").to_string(),
            _ => date.strftime("%a %-d %b %Y").to_string(),
        }
    }

    /// `23 Nov`, for a list of days.
    fn short(self, at: Timestamp) -> String {
        let date = self.local(at).date();
        if date == self.today() { "today".into() } else { date.strftime("%-d %b").to_string() }
    }

    /// `25 Aug 2026`.
    fn with_year(self, at: Timestamp) -> String {
        self.local(at).date().strftime("%-d %b %Y").to_string()
    }

    /// [`Clock::day`] with the time of day: `today 09:40 CET`.
    fn moment(self, at: Timestamp) -> String {
        format!("{} {}", self.day(at), self.local(at).strftime("%H:%M %Z"))
    }
}
