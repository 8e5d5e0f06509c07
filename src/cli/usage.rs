//! `forewarn usage`: telling what we use, and listing what is known of it.

use super::{Done, Failure, Place, out, setup};
use crate::clock::{Clock, SystemClock};
use crate::engine::usage::{Beside, Taken, UsageError, book, read};
use crate::model::{Direction, Subject, UsageReport};
use crate::rules::usage::ServiceUse;
use crate::web::actions::Request;
use serde::Serialize;
use std::collections::BTreeSet;

/// Uses in one request to the daemon.
const CHUNK: usize = 2_000;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn usage import openai-usage.json --account support\n  forewarn scan . --json | forewarn usage import - --service support-bot\n  forewarn usage list"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Take counted calls or scanned ids from a file; its form is recognised
    #[command(
        after_help = "Forms: our own (docs/usage.md), forewarn scan --json, SARIF 2.1.0, LiteLLM (spend logs, daily activity,\nmodel deprecations), usage exports of OpenAI and Anthropic (their APIs' answers, or CSV).\n\nExamples:\n  forewarn usage import spend.json\n  curl -s https://litellm.example/spend/logs -H \"Authorization: Bearer $KEY\" | forewarn usage import -\n  forewarn usage import completions_usage.csv --account support"
    )]
    Import(Import),
    /// List what is used, by whom, and where declared and seen use disagree
    #[command(after_help = "Examples:\n  forewarn usage list\n  forewarn usage list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The file, or - for standard input
    file: String,
    /// The service of yours all of it is about
    #[arg(long)]
    service: Option<String>,
    /// The account of yours at the provider all of it is of
    #[arg(long)]
    account: Option<String>,
    /// Whose models those are that name no provider
    #[arg(long)]
    provider: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    match args.what {
        What::Import(a) => import(a, &place).await,
        What::List { json } => list(json, &place).await,
    }
}

async fn import(a: Import, place: &Place) -> Done {
    let body = setup::input(&a.file)?;
    let app = place.look_or_empty()?;
    let beside = Beside { service: a.service, account: a.account, provider: a.provider };
    let told = read(&app.cx, &body, &beside, SystemClock.now()).await.map_err(|e| match e {
        UsageError::Wrong(why) => Failure::Usage(format!("{}: {why}", a.file)),
        UsageError::Store(e) => e.into(),
    })?;
    drop(app);
    let mut new = 0;
    for report in told.reports.clone().into_iter().flat_map(chunks) {
        new += place.act(Request::Usage(report)).await?.as_u64().unwrap_or(0);
    }
    let taken = Taken::of(&told, new);
    if a.json {
        return out::json(&taken);
    }
    out::say(&format!(
        "{}: {} uses observed, {} in code, {new} of them new.",
        taken.form, taken.observed, taken.scanned
    ))?;
    for (why, n) in &taken.left_out {
        out::say(&format!("LEFT OUT: {n} rows: {why}"))?;
    }
    out::say("Next: forewarn usage list")
}

/// A scan is one picture and stays whole; counted calls may come in parts.
fn chunks(report: UsageReport) -> Vec<UsageReport> {
    if report.direction == Direction::Scanned || report.uses.len() <= CHUNK {
        return vec![report];
    }
    let parts = report.uses.chunks(CHUNK);
    parts.map(|uses| UsageReport { uses: uses.to_vec(), ..report.clone() }).collect()
}

/// A subject and who uses it.
#[derive(Debug, Serialize)]
struct Used {
    subject: String,
    #[serde(flatten)]
    by: ServiceUse,
}

async fn list(json: bool, place: &Place) -> Done {
    let app = place.look_or_empty()?;
    let now = SystemClock.now();
    let book = book(&app.cx, now).await?;
    let subjects: BTreeSet<&Subject> = book.rows().iter().map(|r| &r.subject).collect();
    let mut rows: Vec<Used> = Vec::new();
    for s in subjects {
        let name = s.matter_id().map_or_else(String::new, |m| m.to_string());
        let by = book.users_of(&app.cx.directory, std::slice::from_ref(s), now);
        rows.extend(by.into_iter().map(|by| Used { subject: name.clone(), by }));
    }
    if json {
        return out::list(&rows, None);
    }
    if rows.is_empty() {
        return out::say(
            "Nothing was seen in use yet: forewarn usage import FILE, or forewarn scan . --json | forewarn usage import -",
        );
    }
    let line = |u: &Used| {
        let by = u.by.service.clone().or_else(|| u.by.project.clone()).unwrap_or_else(|| "?".into());
        let owner = u.by.owner.clone().unwrap_or_else(|| "nobody".into());
        vec![u.subject.clone(), by, owner, u.by.in_words(now).unwrap_or_else(|| "declared".into())]
    };
    out::table(&["WHAT", "USED BY", "OWNER", "USE"], &rows.iter().map(line).collect::<Vec<_>>())?;
    let nobody = rows.iter().filter(|u| u.by.owner.is_none() && !u.by.mention).count();
    out::say(&format!("\n{nobody} uses nobody owns. Next: forewarn owners --gaps"))
}
