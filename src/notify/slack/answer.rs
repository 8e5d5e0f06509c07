//! What Slack's answers mean.
//!
//! In: an answer. Out: an [`Outcome`] whose reason says what to do. Invariant: only `ok: true` (or the body `ok` of a
//! webhook) is a delivery; a page of HTML with status 200 is not. Refuses to guess about errors it does not know: they
//! are rejections with Slack's word in them.

use crate::model::text::one_line;
use crate::notify::Outcome;
use crate::notify::http::Answer;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reply {
    ok: bool,
    error: Option<String>,
    ts: Option<String>,
    channel: Option<String>,
    message: Option<Posted>,
}

#[derive(Deserialize)]
struct Posted {
    thread_ts: Option<String>,
}

/// Whether Slack refused only because the first message of the conversation is gone.
pub(super) fn thread_is_gone(answer: &Answer) -> bool {
    serde_json::from_slice::<Reply>(&answer.body).is_ok_and(|r| {
        !r.ok
            && matches!(r.error.as_deref(), Some("thread_not_found" | "invalid_thread_ts" | "cannot_reply_to_message"))
    })
}

/// `chat.postMessage`. <https://docs.slack.dev/reference/methods/chat.postMessage#errors>
pub(super) fn of_api(answer: &Answer, channel: &str, thread: Option<&str>) -> Outcome {
    let retry = |reason: String| Outcome::Retry { after: answer.retry_after, reason };
    if answer.status == 429 {
        return retry("Slack asks us to slow down (429)".into());
    }
    if answer.status >= 500 {
        return retry(format!("Slack answered {}", answer.status));
    }
    let Ok(reply) = serde_json::from_slice::<Reply>(&answer.body) else {
        return retry(format!("not an answer of Slack (status {}){}", answer.status, answer.code()));
    };
    if reply.ok && answer.status == 200 {
        // The root of the conversation stays the root, unless it is gone: then Slack posts beside it without a word.
        // <https://github.com/slack-go/slack/issues/1571>
        let unthreaded = reply.message.is_some_and(|m| m.thread_ts.is_none());
        let own = reply.ts.map(|ts| one_line(&ts, 64));
        let place = reply.channel.zip(own.as_ref()).map(|(channel, ts)| format!("{} {ts}", one_line(&channel, 64)));
        let thread = thread.filter(|_| !unthreaded).map(str::to_owned).or(own);
        return Outcome::Delivered { thread, place };
    }
    let error = one_line(reply.error.as_deref().unwrap_or("no error named"), 80);
    let reason = |todo: &str| match todo {
        "" => format!("Slack: {error}"),
        todo => format!("Slack: {error}: {todo}"),
    };
    let channel = one_line(channel, 80);
    match error.as_str() {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => retry(reason("")),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            retry(reason(""))
        }
        "missing_scope" => {
            Outcome::Unauthorized { reason: reason("give the app the scope chat:write and install it again") }
        }
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type"
        | "no_permission"
        | "access_denied"
        | "org_login_required"
        | "ekm_access_denied"
        | "team_access_not_granted"
        | "two_factor_setup_required" => {
            Outcome::Unauthorized { reason: reason("install the app again and renew slack.bot_token") }
        }
        "not_in_channel" => {
            Outcome::Unreachable { reason: reason(&format!("invite the bot: /invite it in {channel}")) }
        }
        "channel_not_found" | "user_not_found" | "user_disabled" | "users_not_found" => Outcome::Unreachable {
            reason: reason(&format!("there is no {channel}, or it is private: invite the bot or correct the contact")),
        },
        "is_archived" => {
            Outcome::Unreachable { reason: reason(&format!("{channel} is archived: give the owner another channel")) }
        }
        "msg_too_long"
        | "msg_blocks_too_long"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_arguments"
        | "no_text" => Outcome::Rejected { reason: reason("Slack does not take this message: report it as a bug") },
        _ => Outcome::Rejected { reason: reason("") },
    }
}

/// An incoming webhook answers in plain text. <https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks>
pub(super) fn of_webhook(answer: &Answer) -> Outcome {
    let said = answer.code();
    let retry = |reason: String| Outcome::Retry { after: answer.retry_after, reason };
    match answer.status {
        200 if answer.body == b"ok" => Outcome::Delivered { thread: None, place: None },
        429 => retry("Slack asks us to slow down (429)".into()),
        200..=399 => retry(format!("not an answer of Slack (status {}){said}", answer.status)),
        403 | 404 | 410 => {
            Outcome::Unreachable { reason: format!("Slack {}{said}: make a new incoming webhook", answer.status) }
        }
        401 => Outcome::Unauthorized { reason: format!("Slack 401{said}: make a new incoming webhook") },
        408 | 500.. => retry(format!("Slack answered {}{said}", answer.status)),
        status => Outcome::Rejected { reason: format!("Slack {status}{said}") },
    }
}
