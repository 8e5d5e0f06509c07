//! `forewarn send-test`: a test message through the real channel.

use super::{Done, Place, out};
use crate::model::ContactId;
use crate::web::actions::Request;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  forewarn send-test platform/slack\n  forewarn send-test search/lead")]
pub(super) struct Args {
    /// The contact: OWNER/slack, OWNER/slack_webhook, OWNER/email, OWNER/lead, OWNER/webhook or OWNER/console
    contact: String,
}

pub(super) async fn run(args: Args, place: Place) -> Done {
    place.act(Request::SendTest { contact: ContactId(args.contact.clone()) }).await?;
    out::say(&format!("{} took the test message.", args.contact))
}
