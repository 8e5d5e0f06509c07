//! What the poller must know of a source, whatever its kind; and how often, as it is written.
//!
//! In: a source. Out: [`Polled`]. Invariant: a webhook is not polled. Refuses to decide when: that is `rules::cadence`.

use super::{Access, Auth, ChangelogForm, Source, Span};
use crate::model::{Every, Schedule};
use serde::{Deserialize, Deserializer, de::Error};

/// A source as the poller sees it.
#[derive(Debug, Clone)]
pub struct Polled<'a> {
    /// What is fetched.
    pub url: &'a str,
    /// What holds the ends of incidents that `url` lists no more.
    pub history: Option<String>,
    /// How often.
    pub every: &'a Every,
    /// How we prove ourselves.
    pub auth: Auth,
    /// What goes with that.
    pub access: Option<&'a Access>,
    /// Fewest rows of a good body.
    pub floor: usize,
    /// It is a status page: it lists what is open.
    pub lists: bool,
    /// It is the provider's own list of its models.
    pub models: bool,
    /// It is left alone where the host's `robots.txt` says so.
    pub heeds_robots: bool,
}

/// Whether a host's `robots.txt` counts for a source. Pages for people heed it unless their file says otherwise; what a
/// provider offers to machines (status APIs, feeds, lists of models) does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Robots {
    /// It counts.
    Obey,
    /// It does not.
    Ignore,
}

impl Source {
    /// What the poller must know; none for a webhook.
    pub fn polled(&self) -> Option<Polled<'_>> {
        let plain = |url, every, auth, floor| Polled {
            url,
            history: None,
            every,
            auth,
            access: None,
            floor,
            lists: false,
            models: false,
            heeds_robots: false,
        };
        let heeds = |said: Option<Robots>, by_itself: bool| said.map_or(by_itself, |r| r == Robots::Obey);
        match self {
            Source::Webhook(_) => None,
            Source::Table(s) => {
                let all = plain(&s.url, &s.every, Auth::None, s.guards.min_rows);
                Some(Polled { heeds_robots: heeds(s.robots, true), ..all })
            }
            Source::Models(s) => {
                let all = plain(&s.url, &s.every, s.auth, s.guards.min_rows);
                Some(Polled { models: s.is_own(), access: Some(&s.access), ..all })
            }
            Source::Changelog(s) => {
                let all = plain(&s.url, &s.every, Auth::None, s.guards.min_rows);
                Some(Polled { heeds_robots: heeds(s.robots, s.form != ChangelogForm::Feed), ..all })
            }
            Source::Status(s) => {
                let all = plain(&s.url, &s.every, Auth::None, s.least_rows());
                Some(Polled { history: s.history(), lists: true, heeds_robots: heeds(s.robots, false), ..all })
            }
        }
    }
}

/// What is written before a schedule.
const CRON: &str = "cron:";

impl<'de> Deserialize<'de> for Every {
    /// `30s`, `5m`, `6h`, `35d`, or `cron:30 6 * * 1-5 Europe/Berlin`.
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        if let Some(line) = text.strip_prefix(CRON) {
            return Schedule::parse(line).map(Every::At).map_err(D::Error::custom);
        }
        let span = Span::parse(&text).filter(|s| s.0 >= 10);
        span.map(|s| Every::Seconds(s.seconds())).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is no length of time from 10s on: write 60s, 5m, 6h, 35d or \"cron:30 6 * * 1-5 Europe/Berlin\""
            ))
        })
    }
}

/// As it is written in a provider file.
pub fn in_words(every: &Every) -> String {
    match every {
        Every::At(schedule) => format!("by {CRON}{}", schedule.as_str()),
        Every::Seconds(s) => {
            let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
            let (n, unit) = units.into_iter().find(|(n, _)| s % n == 0).unwrap_or((1, "s"));
            format!("every {}{unit}", s / n)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Every, String> {
        #[derive(Deserialize)]
        struct Table {
            every: Every,
        }
        toml::from_str::<Table>(&format!("every = {text:?}")).map(|t| t.every).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn how_often_is_a_length_of_time_or_a_schedule() {
        assert_eq!(read("6h"), Ok(Every::Seconds(21_600)));
        assert_eq!(in_words(&read("90s").unwrap()), "every 90s");
        assert_eq!(in_words(&read("2m").unwrap()), "every 2m");
        let morning = read("cron:30 6 * * 1-5 Europe/Berlin").unwrap();
        assert_eq!(in_words(&morning), "by cron:30 6 * * 1-5 Europe/Berlin");
        for (bad, words) in [
            ("1s", "from 10s"),
            ("often", "length of time"),
            ("cron:61 * * * *", "minute"),
            ("cron:0 0 30 2 *", "never"),
        ] {
            let e = read(bad).unwrap_err();
            assert!(e.contains(words) || words == "never" && e.contains("no day that ever comes"), "{bad}: {e}");
        }
    }
}
