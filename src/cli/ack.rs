//! `forewarn ack`: somebody has seen it.

use super::{Done, Failure, Place, out, setup};
use crate::engine::acknowledge::Answer;
use crate::model::AlertId;
use crate::web::actions::Request;
use jiff::civil::Date;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn ack 17 --plan 2027-01-10 --note \"moving to gpt-demo-2\"\n  forewarn ack 17 --by mei"
)]
pub(super) struct Args {
    /// The number of the alert, with or without #
    alert: String,
    /// Who you are [default: $USER]
    #[arg(long)]
    by: Option<String>,
    /// A note, kept with the alert
    #[arg(long)]
    note: Option<String>,
    /// When you will be done, YYYY-MM-DD; no reminders until then, except the last ones before the deadline
    #[arg(long, value_name = "DATE")]
    plan: Option<String>,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let number = args.alert.trim_start_matches('#');
    let alert = number
        .parse()
        .map(AlertId)
        .map_err(|_| Failure::Usage(format!("{:?} is no alert number: see forewarn alerts", args.alert)))?;
    let plan_on = args
        .plan
        .as_deref()
        .map(str::parse::<Date>)
        .transpose()
        .map_err(|_| Failure::Usage("--plan takes a date, YYYY-MM-DD".into()))?;
    let by = args.by.or_else(|| setup::env("USER")).unwrap_or_else(|| "somebody".into());
    place.act(Request::Ack(Answer { alert, by: by.clone(), note: args.note, plan_on })).await?;
    let rest = match plan_on {
        Some(d) => format!("Quiet until {}; the last reminders come all the same.", out::day(d)),
        None => "Without a plan date the next reminder comes as if nothing had been said: --plan DATE".into(),
    };
    out::say(&format!("#{alert} acknowledged by {by}. {rest}"))
}
