//! `forewarn token`: who may ask the private side.

use super::{Done, Failure, Place, out, setup};
use crate::engine::tokens::Wanted;
use crate::model::Role;
use crate::web::actions::Request;
use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn token add mei --role act\n  forewarn token add prometheus --role read --days 365\n  forewarn token list\n  forewarn token revoke mei\n\nA token is shown once; only its hash is kept. Programs send it as Authorization: Bearer TOKEN,\npeople sign in with it at /sign-in.\nRoles: read looks; act also answers alerts and reports usage; admin also simulates, resumes, sends again."
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token and show it once
    #[command(
        after_help = "Examples:\n  forewarn token add mei --role act\n  forewarn token add prometheus --role read --days 365"
    )]
    Add {
        /// Who or what will hold it; stands in the audit
        name: String,
        /// What its holder may do: read, act, admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// Days until it ends by itself [default: never]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List tokens, without the tokens themselves
    #[command(after_help = "Example:\n  forewarn token list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; whoever holds it is out at once
    #[command(after_help = "Example:\n  forewarn token revoke mei")]
    Revoke {
        /// Its name
        name: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "write read, act or admin".into())
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    let by = setup::env("USER").unwrap_or_else(|| "somebody".into());
    match args.what {
        What::Add { name, role, days, json } => {
            let made = place.act(Request::AddToken(Wanted { name: name.clone(), role, days, by })).await?;
            if json {
                return out::json(&made);
            }
            let token = made["token"].as_str().unwrap_or_default();
            out::say(&format!(
                "{token}\n\nThis is shown once. {name} has the role {role}; end it with: forewarn token revoke {name}"
            ))
        }
        What::List { json } => list(&place, json).await,
        What::Revoke { name } => {
            place.act(Request::RevokeToken { name: name.clone(), by }).await?;
            out::say(&format!("{name} opens nothing any more."))
        }
    }
}

async fn list(place: &Place, json: bool) -> Done {
    let app = place.look()?;
    let all = app.cx.store.tokens().await.map_err(Failure::from)?;
    if json {
        return out::list(&all, None);
    }
    if all.is_empty() {
        return out::say("no tokens yet: forewarn token add NAME --role read|act|admin");
    }
    let now = app.cx.clock.now();
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|t| {
            let state = match (t.lives(now), t.revoked_at, t.expires_at) {
                (true, _, None) => "live".to_owned(),
                (true, _, Some(end)) => format!("live until {}", out::moment(end)),
                (false, Some(end), _) | (false, None, Some(end)) => format!("ended {}", out::moment(end)),
                (false, None, None) => "ended".to_owned(),
            };
            vec![t.name.clone(), t.role.to_string(), state, out::moment(t.created_at), t.created_by.clone()]
        })
        .collect();
    out::table(&["NAME", "ROLE", "STATE", "MADE", "BY"], &rows)
}
