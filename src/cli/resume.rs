//! `forewarn resume`: lists what restored data would send, and lets it.

use super::{Done, Failure, Place, out, setup};
use crate::engine::resume::Resume;
use crate::web::actions::Request;
use std::io::{BufRead, IsTerminal, Write};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn resume          # lists, and asks on a terminal\n  forewarn resume --yes    # lists, and lets it go\n\nWithout a terminal and without --yes it only lists, and exits 3 while something is held."
)]
pub(super) struct Args {
    /// Let it go without asking
    #[arg(long)]
    yes: bool,
    /// Print JSON; asks nothing
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let by = setup::env("USER").unwrap_or_else(|| "somebody".into());
    let found = ask(&place, &by, args.yes && args.json).await?;
    if args.json {
        out::json(&found)?;
        return if found.copied_at.is_some() && !found.resumed { Err(Failure::Found) } else { Ok(()) };
    }
    let Some(copied_at) = found.copied_at else { return out::say("Nothing is held: messages go as they fall due.") };
    out::say(&format!("This data is a copy of {}.", copied_at.strftime("%a %d %b %Y %H:%M UTC")))?;
    if found.messages.is_empty() {
        out::say("Nothing would go now.")?;
    } else {
        let rows: Vec<Vec<String>> = found
            .messages
            .iter()
            .map(|m| {
                let why = m.planned_at.map_or_else(
                    || "due by now".to_owned(),
                    |t| format!("planned {}, may have gone since", out::moment(t)),
                );
                let alerts: Vec<String> = m.alerts.iter().take(6).map(|a| format!("#{a}")).collect();
                let more = if m.alerts.len() > 6 { format!(" and {} more", m.alerts.len() - 6) } else { String::new() };
                vec![m.contact.to_string(), why, format!("{}{more}", alerts.join(" ")), m.about.join("; ")]
            })
            .collect();
        out::table(&["TO", "WHY", "ALERTS", "ABOUT"], &rows)?;
    }
    if !args.yes && !agreed(found.messages.len())? {
        out::say("Nothing was sent. To let it go: forewarn resume --yes")?;
        return Err(Failure::Found);
    }
    ask(&place, &by, true).await?;
    out::say("Resumed: what is listed goes now, and from here on all goes as it falls due.")
}

async fn ask(place: &Place, by: &str, go: bool) -> Result<Resume, Failure> {
    let found = place.act(Request::Resume { by: by.to_owned(), go }).await?;
    serde_json::from_value(found).map_err(|e| Failure::Fault(e.to_string()))
}

/// Asks whoever sits there; nobody does not agree.
fn agreed(messages: usize) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(false);
    }
    let mut err = std::io::stderr().lock();
    write!(err, "Send {messages} messages and go on? [y/N] ").and_then(|()| err.flush())?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
