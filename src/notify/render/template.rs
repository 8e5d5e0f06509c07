//! Words of the user's own: templates that replace headline, subject, body or footer, for all channels or for one.
//!
//! In: `[templates.all]`, `[templates.CHANNEL]`; what a message says in our words. Out: [`Rendered`] in theirs. Invariant: a
//! template makes plain text only, cleaned to lines, so that each channel escapes it like ours; it has fuel and a size, no
//! files, no other templates. Refuses to lose a message: one that fails at sending is logged and our words are sent.

use super::{HEADLINE_MAX, Line, Part, Rendered};
use crate::model::text::one_line;
use crate::notify::{Message, Row};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// Steps one template may take.
const FUEL: u64 = 50_000;
/// Most characters of a template, and of what it makes.
const SOURCE_MAX: usize = 10_000;
/// Most lines of a body.
const LINES_MAX: usize = 60;
/// Most characters of a line.
const LINE_MAX: usize = 1_000;
/// Where all channels look that have no words of their own.
pub const ALL: &str = "all";

/// `[templates.all]` or `[templates.CHANNEL]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSection {
    /// The first line.
    pub headline: Option<Spanned<String>>,
    /// The subject of a mail.
    pub subject: Option<Spanned<String>>,
    /// What follows; each line is one.
    pub body: Option<Spanned<String>>,
    /// The last line.
    pub footer: Option<Spanned<String>>,
}

/// All templates, compiled. Names are `CHANNEL/PART`.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    env: Environment<'static>,
    names: BTreeSet<String>,
}

/// A template that is none, with its place in the config.
pub type Bad = (String, std::ops::Range<usize>);

impl Templates {
    /// Compiles; every problem is told.
    ///
    /// # Errors
    /// What is wrong with which.
    pub fn build(sections: &BTreeMap<String, TemplateSection>) -> Result<Self, Vec<Bad>> {
        let mut env = Environment::new();
        env.set_auto_escape_callback(|_| AutoEscape::None);
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(20);
        let (mut names, mut bad) = (BTreeSet::new(), Vec::new());
        for (channel, s) in sections {
            for (part, given) in
                [("headline", &s.headline), ("subject", &s.subject), ("body", &s.body), ("footer", &s.footer)]
            {
                let Some(given) = given else { continue };
                let name = format!("{channel}/{part}");
                if given.get_ref().len() > SOURCE_MAX {
                    bad.push((format!("template {name} is longer than {SOURCE_MAX} bytes"), given.span()));
                    continue;
                }
                match env.add_template_owned(name.clone(), given.get_ref().clone()) {
                    Ok(()) => drop(names.insert(name)),
                    Err(e) => {
                        bad.push((format!("template {name}: {}", one_line(&format!("{e:#}"), 300)), given.span()))
                    }
                }
            }
        }
        if bad.is_empty() { Ok(Self { env, names }) } else { Err(bad) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a channel has words of its own.
    pub fn has(&self, channel: &str) -> bool {
        self.names.iter().any(|n| n.split('/').next() == Some(channel))
    }

    /// Our words with theirs in their place. A template that fails leaves ours.
    pub(super) fn apply(&self, ours: Rendered, message: &Message) -> Rendered {
        self.try_apply(&ours, message).unwrap_or_else(|why| {
            tracing::error!(contact = %message.contact.id, "a template failed, our own words are sent: {why}");
            ours
        })
    }

    /// As `apply`, for the check.
    ///
    /// # Errors
    /// Which template failed, and why; one line.
    pub fn try_apply(&self, ours: &Rendered, message: &Message) -> Result<Rendered, String> {
        let kind = message.contact.channel.split('.').next().unwrap_or_default();
        let mut out = ours.clone();
        if self.names.is_empty() || message.body.rows().is_empty() {
            return Ok(out);
        }
        let facts = facts(ours, message);
        let made = |part: &str| -> Result<Option<String>, String> {
            let name = [kind, ALL].map(|c| format!("{c}/{part}")).into_iter().find(|n| self.names.contains(n));
            let Some(name) = name else { return Ok(None) };
            let failed = |e: minijinja::Error| format!("template {name}: {}", one_line(&format!("{e:#}"), 300));
            let text = self.env.get_template(&name).and_then(|t| t.render(&facts)).map_err(failed)?;
            if text.len() > SOURCE_MAX {
                return Err(format!("template {name} made more than {SOURCE_MAX} bytes"));
            }
            Ok(Some(text))
        };
        let line = |part: &str, max| -> Result<Option<String>, String> {
            match made(part)?.map(|t| one_line(&t, max)) {
                Some(text) if text.is_empty() => Err(format!("template {part} made nothing for {kind}")),
                text => Ok(text),
            }
        };
        if let Some(headline) = line("headline", HEADLINE_MAX)? {
            out.headline = headline;
        }
        if let Some(subject) = line("subject", HEADLINE_MAX)? {
            out.subject = subject;
        }
        if let Some(footer) = line("footer", HEADLINE_MAX)? {
            out.footer = footer;
        }
        if let Some(body) = made("body")? {
            let lines = body.lines().map(|l| one_line(l, LINE_MAX)).filter(|l| !l.is_empty()).take(LINES_MAX);
            // Links stay ours: the first proof keeps its address.
            let mut kept = ours.lines.iter().filter_map(|l| l.link.clone());
            out.lines = lines.map(|text| Line::new(Part::What, text)).collect();
            if let (Some(last), Some(link)) = (out.lines.last_mut(), kept.next()) {
                last.link = Some(link);
            }
        }
        Ok(out)
    }
}

/// What a template can use; all texts are clean lines.
fn facts(ours: &Rendered, message: &Message) -> minijinja::Value {
    let lines: Vec<_> =
        ours.lines.iter().map(|l| context! { label => l.part.label(), text => &l.text, link => &l.link }).collect();
    let rows: Vec<_> = message.body.rows().iter().map(|r| row(r, message)).collect();
    context! {
        marker => ours.marker,
        headline => &ours.headline,
        subject => &ours.subject,
        lines => lines,
        footer => &ours.footer,
        act => &ours.act,
        rows => rows.clone(),
        row => rows.first(),
        owner => one_line(&message.contact.owner, 64),
        channel => one_line(&message.contact.channel, 64),
        now => message.now.to_string(),
    }
}

fn row(r: &Row, message: &Message) -> minijinja::Value {
    let m = &r.matter;
    let today = message.now.to_zoned_datetime(message.zone.clone()).date();
    let services: Vec<_> =
        r.services.iter().map(|s| context! { name => one_line(&s.name, 64), env => one_line(&s.env, 64) }).collect();
    context! {
        number => r.alert.0,
        reason => r.reason.as_str(),
        kind => m.kind.as_str(),
        severity => m.severity.as_str(),
        provider => one_line(&r.provider_name, 60),
        title => one_line(&m.title, 200),
        id => one_line(m.id.as_str(), 200),
        subjects => m.subjects.iter().map(|s| one_line(&s.id, 120)).collect::<Vec<_>>(),
        date => m.deadline.as_ref().map(|d| d.in_words()),
        days_left => m.deadline.as_ref().map(|d| d.days_left(today)),
        replacements => m.replacements.iter().map(|x| one_line(x, 120)).collect::<Vec<_>>(),
        owner => one_line(&r.owner, 64),
        services => services,
        answer => r.answer.as_deref().map(|a| one_line(a, 200)),
        act => &r.act,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::render::{in_our_words, sample::samples};
    use crate::notify::testing::{HOSTILE, hostile_messages};

    fn built(toml: &str) -> Result<Templates, Vec<Bad>> {
        Templates::build(&toml::from_str(toml).unwrap())
    }

    #[test]
    fn a_template_replaces_its_part_for_its_channel_and_all_for_the_rest() {
        let t = built(
            "[all]\nheadline = \"{{ row.provider }}: {{ row.title }}\"\nbody = \"one\\n\\ntwo {{ row.days_left }}\"\n[email]\nheadline = \"mail\"\n",
        )
        .unwrap();
        let now = "2026-11-23T08:55:00Z".parse().unwrap();
        let of = |channel: &str| {
            let m = samples(channel, now).remove(0).1;
            t.try_apply(&in_our_words(&m), &m).unwrap()
        };
        assert_eq!(of("slack.acquired").headline, "OpenAI: gpt-demo-2025-08-07 shuts down");
        assert_eq!(of("email").headline, "mail");
        let lines: Vec<String> = of("email").lines.into_iter().map(|l| l.text).collect();
        assert_eq!(lines, ["one", "two 60"]);
        assert!(of("email").subject.starts_with("[forewarn #17]"), "what is not given stays ours");
    }

    #[test]
    fn a_template_can_neither_run_for_ever_nor_read_files_nor_say_nothing() {
        let now = "2026-11-23T08:55:00Z".parse().unwrap();
        let m = samples("slack", now).remove(0).1;
        for bad in [
            "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
            "{% include 'other' %}",
            "{{ no_such_fact }}",
            "{{ 'x' * 100000 }}",
            "{% if false %}x{% endif %}",
        ] {
            let t = built(&format!("[all]\nheadline = \"{bad}\"\n")).unwrap();
            let ours = in_our_words(&m);
            assert!(t.try_apply(&ours, &m).is_err(), "{bad}");
            assert_eq!(t.apply(ours.clone(), &m), ours, "ours are sent: {bad}");
        }
        assert!(built("[all]\nheadline = \"{{ x\"\n").unwrap_err()[0].0.contains("all/headline"));
        assert!(built(&format!("[all]\nheadline = \"{}\"\n", "x".repeat(SOURCE_MAX + 1))).is_err());
        assert!(toml::from_str::<BTreeMap<String, TemplateSection>>("[all]\nsubjekt = \"x\"\n").is_err());
    }

    #[test]
    fn what_a_stranger_wrote_stays_text_in_a_template() {
        let t = built("[all]\nheadline = \"{{ row.title }} {{ row.id }}\"\nbody = \"{% for l in lines %}{{ l.text }}\\n{% endfor %}\"\n").unwrap();
        for hostile in HOSTILE {
            for m in hostile_messages(hostile) {
                let r = t.try_apply(&in_our_words(&m), &m).unwrap();
                let all = std::iter::once(&r.headline).chain(r.lines.iter().map(|l| &l.text));
                assert!(all.clone().all(|t| !t.chars().any(char::is_control)), "{hostile:?}");
                assert!(r.lines.len() <= LINES_MAX);
            }
        }
    }
}
