//! `forewarn deprecations`: what every source says of one, and a person's word on it.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::engine::pin::{Pin, Truth};
use crate::engine::show::{Shown, show};
use crate::model::MatterId;
use crate::web::actions::Request;
use jiff::{civil::Date, tz::TimeZone};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn deprecations show openai:gpt-demo-2025-08-07\n  forewarn deprecations pin openai:gpt-demo-2025-08-07 --date 2027-02-14 --note \"support case 4711\""
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show the claims of all sources side by side, how the date moved, who uses it, who was told
    #[command(after_help = "Example:\n  forewarn deprecations show bedrock:demo-v2~us-east-1 --json")]
    Show(Show),
    /// Say what is true; it counts above every source until it is cleared
    #[command(
        after_help = "Examples:\n  forewarn deprecations pin openai:gpt-demo-1 --date 2027-02-14 --note \"support case 4711\"\n  forewarn deprecations pin openai:gpt-demo-1 --withdrawn --note \"their mail of 3 May\"\n  forewarn deprecations pin openai:gpt-demo-1 --clear"
    )]
    Pin(PinArgs),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Its id as in the calendar, openai:gpt-demo-2025-08-07
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("truth").required(true).args(["date", "withdrawn", "clear"]))]
struct PinArgs {
    /// Its id as in the calendar, openai:gpt-demo-2025-08-07
    id: String,
    /// It ends on this day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// It does not end
    #[arg(long)]
    withdrawn: bool,
    /// Take the pin away: what the sources say counts again
    #[arg(long)]
    clear: bool,
    /// Where you know it from; kept with the claim and in the audit
    #[arg(long, required_unless_present = "clear")]
    note: Option<String>,
    /// Who you are [default: $USER]
    #[arg(long)]
    by: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    match args.what {
        What::Show(a) => {
            let found = look(&a.id, &place).await?;
            if a.json { out::json(&found) } else { text(&found) }
        }
        What::Pin(a) => pin(a, &place).await,
    }
}

async fn look(id: &str, place: &Place) -> Result<Shown, Failure> {
    let unknown = || {
        Failure::Usage(format!("no source has announced the end of {id:?}: ids are exact, see forewarn calendar --all"))
    };
    let matter = MatterId::new(id).map_err(|_| unknown())?;
    let app = place.look_or_empty()?;
    let today = SystemClock.now().to_zoned_datetime(TimeZone::UTC).date();
    show(&app.cx, &matter, today).await?.ok_or_else(unknown)
}

async fn pin(a: PinArgs, place: &Place) -> Done {
    let date = a
        .date
        .as_deref()
        .map(str::parse::<Date>)
        .transpose()
        .map_err(|_| Failure::Usage("--date takes a date, YYYY-MM-DD".into()))?;
    let (truth, said) = match date {
        Some(d) => (Truth::Ends(d), format!("ends {}", out::day(d))),
        None if a.withdrawn => (Truth::Stays, "does not end".to_owned()),
        None => (Truth::Unpinned, "is as the sources say".to_owned()),
    };
    let by = a.by.or_else(|| setup::env("USER")).unwrap_or_else(|| "somebody".into());
    let note = a.note.unwrap_or_default();
    place.act(Request::Pin(Pin { id: a.id.clone(), truth, note, by: by.clone() })).await?;
    if a.json {
        return out::json(&look(&a.id, place).await?);
    }
    let rest = match truth {
        Truth::Ends(_) | Truth::Stays => "It counts above every source; --clear takes it away.",
        Truth::Unpinned => "The pin is gone.",
    };
    out::say(&format!("{} {said}, says {by}. {rest} Next: forewarn deprecations show {}", a.id, a.id))
}

fn text(s: &Shown) -> Done {
    let d = &s.deprecation;
    let ends = d.deadline.as_ref().map_or_else(|| "no date yet".to_owned(), |x| x.in_words());
    let left = d.days_left.map_or_else(String::new, |n| format!(" ({n} days)"));
    out::say(format!("{}  {}  {ends}{left}  {}", d.id, d.stage, d.state).trim_end())?;
    if let Some(on) = d.snapshot_on {
        let days = on.until(SystemClock.now().to_zoned_datetime(TimeZone::UTC).date()).map_or(0, |s| s.get_days());
        out::say(&format!(
            "As this forewarn was built with it, read {} ({days} days ago): forewarn serve reads the page.",
            out::day(on)
        ))?;
    }
    if let Some(day) = d.remind_on {
        out::say(&format!("Reminders follow {}, the earlier date, until somebody pins the truth.", out::day(day)))?;
    }
    if !d.replacements.is_empty() {
        out::say(&format!("Instead: {}", d.replacements.join(", ")))?;
    }
    if let Some(to) = &d.redirected_to {
        out::say(&format!("Calls are answered by {to} already."))?;
    }
    if let Some(to) = &d.redirects_to {
        out::say(&format!("From its end on calls are answered by {to}."))?;
    }
    if let Some(words) = &d.price {
        out::say(&format!("Price, in the provider's words: \"{words}\""))?;
    }
    if let Some(why) = &d.review {
        let id = &d.id;
        out::say(&format!("NEEDS REVIEW: {why}. Settle it: forewarn deprecations pin {id} --date DATE --note WHY"))?;
    }
    out::say("")?;
    let date = |x: Option<Date>| x.map_or_else(String::new, |x| x.to_string());
    let mut claims: Vec<_> = d.claims.iter().collect();
    claims.sort_by_key(|c| (std::cmp::Reverse(c.rank), c.source.clone()));
    let rows: Vec<Vec<String>> = claims
        .iter()
        .map(|c| {
            let says = match (c.withdrawn, c.date, c.pending) {
                (true, _, _) => "does not end".to_owned(),
                (false, x, Some(p)) => format!("{} ({p} once)", date(x)),
                (false, Some(x), None) => x.to_string(),
                (false, None, None) => "no date".to_owned(),
            };
            let source = c.source.to_string();
            vec![
                c.rank.to_string(),
                source,
                says,
                out::moment(c.read_at),
                c.text.clone(),
                c.url.clone().unwrap_or_default(),
            ]
        })
        .collect();
    out::table(&["RANK", "SOURCE", "SAYS", "READ (UTC)", "WORDS", "WHERE"], &rows)?;
    out::say("")?;
    let rows: Vec<Vec<String>> = s
        .history
        .iter()
        .map(|h| {
            let change = h.change.map_or_else(String::new, |c| c.to_string());
            vec![
                out::moment(h.at),
                change,
                date(h.from),
                date(h.to),
                h.source.to_string(),
                format!("event {}", h.event),
            ]
        })
        .collect();
    out::table(&["HEARD (UTC)", "WHAT", "FROM", "TO", "SOURCE", ""], &rows)?;
    let used = match (d.services.as_slice(), d.used) {
        ([], None) => "unknown: no service says what it uses".to_owned(),
        ([], Some(_)) => "no service".to_owned(),
        (names, _) => format!("{} (owners: {})", names.join(", "), d.owners.join(", ")),
    };
    out::say(&format!("\nUsed by: {used}"))?;
    let now = SystemClock.now();
    for u in &d.usage {
        let name = u.service.clone().or_else(|| u.project.clone()).unwrap_or_else(|| "nobody has claimed it".into());
        let words = u.in_words(now).or_else(|| u.declared.as_ref().map(|p| format!("declared ({p})")));
        out::say(&format!("  {name}: {}", words.unwrap_or_default()))?;
    }
    if s.told.is_empty() {
        out::say("Nobody was told yet.")?;
    } else {
        let rows: Vec<Vec<String>> = s
            .told
            .iter()
            .map(|t| {
                let alert = format!("#{}", t.alert);
                vec![
                    out::moment(t.at),
                    t.contact.to_string(),
                    t.reason.to_string(),
                    t.step.0.clone(),
                    t.state.clone(),
                    alert,
                ]
            })
            .collect();
        out::say("")?;
        out::table(&["TOLD (UTC)", "WHO", "WHY", "STEP", "STATE", "ALERT"], &rows)?;
    }
    if !s.related.is_empty() {
        let ids: Vec<&str> = s.related.iter().map(MatterId::as_str).collect();
        out::say(&format!("The same elsewhere: {}", ids.join(", ")))?;
    }
    Ok(())
}
