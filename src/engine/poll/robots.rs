//! Whether a page for people may be fetched: what its host says of robots, applied to its address.
//!
//! In: a target that heeds it. Out: why it is left alone, if it is. Refuses to know which sources heed it: their files say.

use super::targets::Target;
use crate::fetch::{Client, Robots};
use crate::provider::robots::{NAME, may_read};
use crate::store::SourceHealth;
use jiff::Timestamp;
use url::Url;

/// Why a page is left alone.
pub(super) struct Forbidden {
    /// What its source is then; `None` where the host only failed to say.
    pub health: Option<SourceHealth>,
    /// For people.
    pub why: String,
}

/// Why a target is left alone; `None` if it may be fetched, or what is wrong with its address is for the fetch to say.
pub(super) async fn forbidden(client: &Client, t: &Target, now: Timestamp) -> Option<Forbidden> {
    let url = Url::parse(&t.url).ok()?;
    let host = url.host_str()?;
    match client.robots(&t.url, t.allow.clone(), now).await.ok()? {
        Robots::Rules(text) => (!may_read(&text, &url)).then(|| Forbidden {
            health: Some(SourceHealth::Off),
            why: format!(
                "forbidden by robots.txt of {host} (for {NAME}): robots = \"ignore\" in its source reads it nevertheless"
            ),
        }),
        Robots::Unreachable(why) => Some(Forbidden { health: None, why }),
        Robots::Failed(why) => Some(Forbidden {
            health: None,
            why: format!("robots.txt cannot be had ({why}), so nothing of {host} may be read until it can"),
        }),
    }
}
