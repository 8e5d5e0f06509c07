//! `forewarn reload`: the daemon reads its changed config.

use super::{Done, Failure, Place, out, setup};
use crate::web::actions::Request;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  forewarn check && forewarn reload\n\nThe same as SIGHUP (systemctl reload forewarn), but it says what became of it. A wrong config changes nothing.\nintake, listen and data_dir need a restart; so do secrets given by env: and credential:."
)]
pub(super) struct Args {}

pub(super) async fn run(_: Args, place: Place) -> Done {
    // A config with a mistake is shown here with its place, before the daemon is asked.
    let config = place.config()?;
    let socket = crate::store::folder::socket(&place.folder(&config));
    let reply = crate::web::control::ask(&socket, &Request::Reload).await;
    match setup::answered(reply, &socket)? {
        None => Err(Failure::Usage("no daemon runs on this data: the config is read when it starts".into())),
        Some(done) => {
            let notes: Vec<&str> = done["notes"].as_array().into_iter().flatten().filter_map(|n| n.as_str()).collect();
            let notes = notes.iter().map(|n| format!("\n{n}")).collect::<String>();
            out::say(&format!("The config of {} is in force.{notes}", config.origin))
        }
    }
}
