//! `forewarn silence`: muting what a matcher fits, until a time.

use super::{Done, Failure, Place, out, setup};
use crate::engine::silences::{NewSilence, in_words};
use crate::model::{Kind, Matcher};
use crate::web::actions::Request;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn silence add --provider openai --service rerank-batch --until 2026-12-14 --note \"being switched off\"\n  forewarn silence list\n  forewarn silence end 3"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Mute what fits, until a time; somebody is reminded a day before it ends
    #[command(
        after_help = "Everything given must fit; * stands for anything. What is muted is told in one message when the silence ends.\n\nExample:\n  forewarn silence add --provider openai --subject 'gpt-demo-*' --until 2026-12-14 --note \"freeze\" --remind search"
    )]
    Add(Add),
    /// List silences
    #[command(after_help = "Example:\n  forewarn silence list --all --json")]
    List {
        /// Those that have ended too
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a silence before its time
    #[command(after_help = "Example:\n  forewarn silence end 3 --by mei")]
    End {
        /// Its number
        id: i64,
        /// Who you are [default: $USER]
        #[arg(long)]
        by: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Of this owner
    #[arg(long)]
    owner: Option<String>,
    /// Of this provider
    #[arg(long)]
    provider: Option<String>,
    /// Of this kind: deprecation, incident, maintenance, billing, account, source
    #[arg(long)]
    kind: Option<String>,
    /// About this subject, by its id
    #[arg(long)]
    subject: Option<String>,
    /// Alerts that concern this service and no other
    #[arg(long)]
    service: Option<String>,
    /// Until when: the start of a day in UTC, YYYY-MM-DD, or a moment, YYYY-MM-DDTHH:MM:SSZ
    #[arg(long, value_name = "TIME")]
    until: String,
    /// Why; whoever reads it later must know
    #[arg(long)]
    note: String,
    /// The owner who is reminded a day before it ends [default: operators]
    #[arg(long, value_name = "OWNER")]
    remind: Option<String>,
    /// Who you are [default: $USER]
    #[arg(long)]
    by: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    match args.what {
        What::Add(a) => add(a, &place).await,
        What::List { all, json } => list(all, json, &place).await,
        What::End { id, by } => {
            place.act(Request::EndSilence { id, by: whoever(by) }).await?;
            out::say(&format!("Silence {id} is over: what it muted is told now, in one message."))
        }
    }
}

fn whoever(by: Option<String>) -> String {
    by.or_else(|| setup::env("USER")).unwrap_or_else(|| "somebody".into())
}

async fn add(a: Add, place: &Place) -> Done {
    let kind = match &a.kind {
        None => None,
        Some(k) => Some(Kind::parse(k).ok_or_else(|| {
            let all: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
            Failure::Usage(format!("unknown kind {k:?}: allowed are {}", all.join(", ")))
        })?),
    };
    let matcher = Matcher { owner: a.owner, provider: a.provider, kind, subject: a.subject, service: a.service };
    let until = moment(&a.until)?;
    let words = in_words(&matcher);
    let new = NewSilence { matcher, until, remind: a.remind, by: whoever(a.by), note: a.note };
    let made = place.act(Request::Silence(new)).await?;
    if a.json {
        return out::json(&made);
    }
    let (id, remind) = (&made["id"], made["remind"].as_str().unwrap_or_default());
    out::say(&format!(
        "Silence {id}: {words}, until {} (UTC). {remind} is reminded of it. Next: forewarn silence list",
        out::moment(until)
    ))
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    let day = || text.parse::<Date>().ok()?.to_zoned_datetime(TimeZone::UTC).ok().map(|z| z.timestamp());
    text.parse()
        .ok()
        .or_else(day)
        .ok_or_else(|| Failure::Usage("--until takes a day, YYYY-MM-DD, or a moment, YYYY-MM-DDTHH:MM:SSZ".into()))
}

async fn list(all: bool, as_json: bool, place: &Place) -> Done {
    let app = place.look()?;
    let found = app.cx.store.silences(all).await?;
    if as_json {
        let items: Vec<Value> = found.iter().map(|s| json!(s)).collect();
        return out::list(&items, None);
    }
    if found.is_empty() {
        return out::say("Nothing is silenced.");
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|s| {
            let end = s.ended_at.map_or_else(|| out::moment(s.until), |at| format!("ended {}", out::moment(at)));
            vec![s.id.to_string(), in_words(&s.matcher), end, s.remind.clone(), s.by.clone(), s.note.clone()]
        })
        .collect();
    out::table(&["SILENCE", "WHAT", "UNTIL (UTC)", "REMINDS", "BY", "NOTE"], &rows)
}
