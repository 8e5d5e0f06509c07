//! Buttons, their modals, and what Slack sends when somebody uses them.
//!
//! In: rows; the payload of an interaction. Out: blocks, a view, what was asked. Invariant: a button's value names what is
//! asked, the alert and its episode, and is read back strictly; texts are `plain_text`, which knows no markup. Refuses to
//! act. <https://docs.slack.dev/interactivity/handling-user-interaction>

use crate::crypto::{HmacKey, equal};
use crate::model::event::words;
use crate::model::text::one_line;
use crate::model::{Action, AlertId, Kind, ResolveReason};
use crate::notify::Row;
use jiff::{Timestamp, civil::Date};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// How far Slack's clock and ours may be apart.
/// <https://docs.slack.dev/authentication/verifying-requests-from-slack>
const WINDOW: i64 = 300;
/// Options of a menu that Slack takes.
const OPTIONS_MAX: usize = 100;

words!(
    /// What a button asks for.
    Ask {
        /// A plan date.
        Plan = "plan",
        /// It is dealt with.
        Done = "done",
        /// It is somebody else's.
        NotOurs = "not_ours",
        /// The date is not true.
        WrongDate = "wrong_date",
        /// Another owner answers.
        Reassign = "reassign",
    }
);

impl Ask {
    fn label(self) -> &'static str {
        match self {
            Ask::Plan => "Plan a date",
            Ask::Done => "Done",
            Ask::NotOurs => "Not ours",
            Ask::WrongDate => "Wrong date",
            Ask::Reassign => "Reassign",
        }
    }
}

/// A question about one episode of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// What.
    pub ask: Ask,
    /// Which alert.
    pub alert: AlertId,
    /// Which episode.
    pub episode: u32,
}

impl Question {
    fn text(self) -> String {
        format!("{}/{}/{}", self.ask, self.alert, self.episode)
    }
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let ask = Ask::parse(parts.next()?)?;
        Some(Self { ask, alert: AlertId(parts.next()?.parse().ok()?), episode: parts.next()?.parse().ok()? })
    }
}

/// What somebody did in Slack.
#[derive(Debug, Clone, PartialEq)]
pub enum Pressed {
    /// A button: its modal is to be opened within three seconds.
    Button(Question, String),
    /// A modal was sent.
    Form(Question, Result<Action, (String, String)>),
    /// A link, or something of another app.
    Nothing,
}

/// Whether a request is Slack's: `v0`, HMAC-SHA256 over `v0:TIME:BODY`, within five minutes.
pub fn is_slacks(secret: &SecretString, time: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
    let fresh = time.parse::<i64>().is_ok_and(|t| (now.as_second() - t).abs() <= WINDOW);
    let tag = HmacKey::new(secret.expose_secret().trim().as_bytes()).tag(&[b"v0:", time.as_bytes(), b":", body]);
    let given = signature.strip_prefix("v0=").and_then(|s| hex::decode(s).ok());
    fresh && given.is_some_and(|g| equal(&g, &tag))
}

fn asks(row: &Row) -> Vec<Ask> {
    let ends = row.matter.kind == Kind::Deprecation;
    Ask::ALL.iter().copied().filter(|a| ends || *a != Ask::WrongDate).collect()
}

fn plain(text: &str, max: usize) -> Value {
    json!({"type": "plain_text", "text": one_line(text, max - 1), "emoji": false})
}

/// The buttons of one alert. <https://docs.slack.dev/reference/block-kit/blocks/actions-block>
pub(super) fn buttons(row: &Row) -> Value {
    let button = |ask: Ask| {
        let q = Question { ask, alert: row.alert, episode: row.episode };
        let mut b = json!({"type": "button", "action_id": format!("forewarn_{ask}"), "text": plain(ask.label(), 75), "value": q.text()});
        if ask == Ask::Plan {
            b["style"] = json!("primary");
        }
        b
    };
    json!({"type": "actions", "elements": asks(row).into_iter().map(button).collect::<Vec<_>>()})
}

/// The menu of one alert of a list. <https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element>
pub(super) fn menu(row: &Row) -> Value {
    let option = |ask: Ask| {
        let q = Question { ask, alert: row.alert, episode: row.episode };
        json!({"text": plain(ask.label(), 75), "value": q.text()})
    };
    let options: Vec<_> = asks(row).into_iter().map(option).collect();
    json!({"type": "overflow", "action_id": format!("forewarn_{}", row.alert), "options": options})
}

/// A button that opens the page on which one answers.
pub(super) fn link(url: &str) -> Value {
    let button = json!({"type": "button", "action_id": "forewarn_link", "text": plain("Answer", 75), "url": url});
    json!({"type": "actions", "elements": [button]})
}

/// What a modal needs to know.
pub struct Form<'a> {
    /// What the alert is about.
    pub title: &'a str,
    /// Services that are not done yet.
    pub services: &'a [String],
    /// Who else could answer.
    pub owners: &'a [String],
    /// The plan there is.
    pub plan_on: Option<Date>,
}

/// The modal of a question. <https://docs.slack.dev/reference/views/modal-views>
pub fn modal(q: Question, f: &Form<'_>) -> Value {
    let input = |id: &str, label: &str, optional: bool, element: Value| json!({"type": "input", "block_id": id, "optional": optional, "label": plain(label, 2_000), "element": element});
    let choice = |id: &str, options: Vec<(String, String)>| {
        let options: Vec<_> =
            options.into_iter().take(OPTIONS_MAX).map(|(v, t)| json!({"text": plain(&t, 75), "value": v})).collect();
        json!({"type": "static_select", "action_id": id, "options": options})
    };
    let note = |label: &str, optional| {
        let element = json!({"type": "plain_text_input", "action_id": "note", "max_length": 500});
        input("note", label, optional, element)
    };
    let mut blocks = vec![json!({"type": "section", "text": plain(&format!("#{} {}", q.alert, f.title), 2_900)})];
    match q.ask {
        Ask::Plan => {
            let mut element = json!({"type": "datepicker", "action_id": "plan_on"});
            if let Some(day) = f.plan_on {
                element["initial_date"] = json!(day.to_string());
            }
            blocks.push(input("plan_on", "Done by (empty: only seen)", true, element));
            blocks.push(note("Note", true));
        }
        Ask::Done => {
            let reasons = vec![
                ("migrated".into(), "We no longer use it".into()),
                ("accepted_risk".into(), "It stays as it is, knowingly".into()),
            ];
            blocks.push(input("reason", "Why", false, choice("reason", reasons)));
            if f.services.len() > 1 {
                let options: Vec<_> = f
                    .services
                    .iter()
                    .take(10)
                    .map(|s| json!({"text": plain(s, 75), "value": one_line(s, 70)}))
                    .collect();
                let element = json!({"type": "checkboxes", "action_id": "services", "options": options});
                blocks.push(input("services", "Only these (none: all)", true, element));
            }
            blocks.push(note("Note", true));
        }
        Ask::NotOurs => blocks.push(note("Whose is it?", true)),
        Ask::WrongDate => blocks.push(note("What is true, and where it stands", false)),
        Ask::Reassign => {
            let owners = f.owners.iter().map(|o| (o.clone(), o.clone())).collect();
            blocks.push(input("to", "Who answers from now on", false, choice("to", owners)));
            blocks.push(note("Note", true));
        }
    }
    json!({
        "type": "modal",
        "callback_id": "forewarn",
        "private_metadata": q.text(),
        "title": plain(q.ask.label(), 24),
        "submit": plain("Save", 24),
        "close": plain("Cancel", 24),
        "blocks": blocks,
    })
}

/// What is shown when it is done: what else the person should do.
pub fn advice(lines: &[String]) -> Value {
    let blocks: Vec<_> = lines.iter().take(20).map(|l| json!({"type": "section", "text": plain(l, 2_900)})).collect();
    json!({"response_action": "update", "view": {
        "type": "modal", "callback_id": "forewarn_done", "title": plain("Done", 24), "close": plain("Close", 24), "blocks": blocks,
    }})
}

/// A field that must be mended.
pub fn complaint(field: &str, why: &str) -> Value {
    json!({"response_action": "errors", "errors": {field: one_line(why, 500)}})
}

/// Who did it, as people there know them.
pub fn person(payload: &Value) -> String {
    let user = &payload["user"];
    let name = ["name", "username", "id"].iter().find_map(|k| user[*k].as_str().filter(|s| !s.is_empty()));
    one_line(name.unwrap_or("somebody"), 60)
}

/// Reads the payload of an interaction. <https://docs.slack.dev/reference/interaction-payloads>
pub fn read(payload: &Value) -> Pressed {
    match payload["type"].as_str() {
        Some("block_actions") => {
            let action = &payload["actions"][0];
            let value = action["value"].as_str().or_else(|| action["selected_option"]["value"].as_str());
            match (value.and_then(Question::parse), payload["trigger_id"].as_str()) {
                (Some(q), Some(trigger)) => Pressed::Button(q, one_line(trigger, 200)),
                (_, _) => Pressed::Nothing,
            }
        }
        Some("view_submission") if payload["view"]["callback_id"] == "forewarn" => {
            let about = payload["view"]["private_metadata"].as_str().and_then(Question::parse);
            about.map_or(Pressed::Nothing, |q| Pressed::Form(q, action(q.ask, &payload["view"]["state"]["values"])))
        }
        Some(_) | None => Pressed::Nothing,
    }
}

/// The act of a modal, or the field that is wrong and why.
fn action(ask: Ask, values: &Value) -> Result<Action, (String, String)> {
    let text = |id: &str| values[id][id]["value"].as_str().map(|t| one_line(t, 500)).filter(|t| !t.is_empty());
    let chosen = |id: &str| values[id][id]["selected_option"]["value"].as_str().map(str::to_owned);
    let wrong = |field: &str, why: &str| (field.to_owned(), why.to_owned());
    let note = text("note");
    let resolve = |reason, services| Action::Resolve { reason, note: note.clone(), services, duplicate_of: None };
    match ask {
        Ask::Plan => {
            let day = values["plan_on"]["plan_on"]["selected_date"].as_str();
            let plan_on = day.map(|d| d.parse().map_err(|_| wrong("plan_on", "This is no day."))).transpose()?;
            Ok(Action::Acknowledge { note, plan_on })
        }
        Ask::Done => {
            let picked = values["services"]["services"]["selected_options"].as_array();
            let services =
                picked.into_iter().flatten().filter_map(|o| o["value"].as_str().map(str::to_owned)).collect();
            match chosen("reason").as_deref().and_then(ResolveReason::parse) {
                Some(r @ (ResolveReason::Migrated | ResolveReason::AcceptedRisk)) => Ok(resolve(r, services)),
                Some(ResolveReason::NotOurs | ResolveReason::WrongDate | ResolveReason::Duplicate) | None => {
                    Err(wrong("reason", "Choose why."))
                }
            }
        }
        Ask::NotOurs => Ok(resolve(ResolveReason::NotOurs, Vec::new())),
        Ask::WrongDate => Ok(resolve(ResolveReason::WrongDate, Vec::new())),
        Ask::Reassign => {
            let to = chosen("to").ok_or_else(|| wrong("to", "Choose an owner."))?;
            Ok(Action::Reassign { to, note })
        }
    }
}

/// The field of a modal under which a refusal is shown.
pub fn field_of(ask: Ask) -> &'static str {
    match ask {
        Ask::Plan => "plan_on",
        Ask::Done => "reason",
        Ask::NotOurs | Ask::WrongDate => "note",
        Ask::Reassign => "to",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::testing::{HOSTILE, ending};

    fn question(ask: Ask) -> Question {
        Question { ask, alert: AlertId(17), episode: 2 }
    }

    /// The example of Slack's own document.
    #[test]
    fn the_signature_of_slacks_document_is_accepted_within_five_minutes() {
        let secret = SecretString::from("8f742231b10e8888abcd99yyyzzz85a5");
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        let at = |s: i64| Timestamp::from_second(1_531_420_618 + s).unwrap();
        for (offset, good) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            assert_eq!(is_slacks(&secret, "1531420618", signature, body, at(offset)), good, "{offset}");
        }
        assert!(!is_slacks(&secret, "1531420619", signature, body, at(0)));
        assert!(!is_slacks(&secret, "1531420618", signature, &body[1..], at(0)));
        assert!(!is_slacks(&"another".into(), "1531420618", signature, body, at(0)));
        for bad in ["", "v0=", "v1=a2114d57", &signature[3..], &signature[..20]] {
            assert!(!is_slacks(&secret, "1531420618", bad, body, at(0)), "{bad}");
        }
    }

    #[test]
    fn a_button_leads_to_its_modal_and_back() {
        let mut row = ending();
        row.episode = 2;
        let made = buttons(&row);
        let elements = made["elements"].as_array().unwrap();
        assert_eq!(elements.len(), 5);
        for (b, ask) in elements.iter().zip(Ask::ALL) {
            let pressed = json!({"type": "block_actions", "trigger_id": "t", "actions": [b]});
            assert_eq!(read(&pressed), Pressed::Button(question(*ask), "t".into()));
            let form =
                Form { title: "x", services: &["a".into(), "b".into()], owners: &["search".into()], plan_on: None };
            let view = modal(question(*ask), &form);
            assert_eq!(view["private_metadata"], format!("{ask}/17/2"));
            assert!(view["blocks"].as_array().unwrap().iter().skip(1).all(|b| b["type"] == "input"), "{view}");
        }
        assert_eq!(menu(&row)["options"].as_array().unwrap().len(), 5, "an overflow takes five");
        for bad in ["", "plan", "plan/17", "steal/17/1", "plan/x/1", "plan/17/1/2"] {
            let pressed = json!({"type": "block_actions", "trigger_id": "t", "actions": [{"value": bad}]});
            assert_eq!(read(&pressed), Pressed::Nothing, "{bad}");
        }
    }

    #[test]
    fn a_form_becomes_an_act_or_says_which_field_is_wrong() {
        let form = |ask: Ask, values: Value| {
            let view = json!({"callback_id": "forewarn", "private_metadata": question(ask).text(), "state": {"values": values}});
            match read(&json!({"type": "view_submission", "view": view})) {
                Pressed::Form(q, action) if q == question(ask) => action,
                other => panic!("{other:?}"),
            }
        };
        let plan =
            json!({"plan_on": {"plan_on": {"selected_date": "2027-01-10"}}, "note": {"note": {"value": "soon\nnow"}}});
        let day = Some("2027-01-10".parse().unwrap());
        assert_eq!(form(Ask::Plan, plan), Ok(Action::Acknowledge { note: Some("soon now".into()), plan_on: day }));
        assert_eq!(form(Ask::Plan, json!({})), Ok(Action::Acknowledge { note: None, plan_on: None }));
        let bad = json!({"plan_on": {"plan_on": {"selected_date": "soon"}}});
        assert_eq!(form(Ask::Plan, bad).unwrap_err().0, "plan_on");
        let done = json!({"reason": {"reason": {"selected_option": {"value": "migrated"}}}, "services": {"services": {"selected_options": [{"value": "a"}]}}});
        let Ok(Action::Resolve { reason: ResolveReason::Migrated, services, .. }) = form(Ask::Done, done) else {
            panic!()
        };
        assert_eq!(services, ["a"]);
        assert_eq!(form(Ask::Done, json!({})).unwrap_err().0, "reason");
        let forged = json!({"reason": {"reason": {"selected_option": {"value": "duplicate"}}}});
        assert!(form(Ask::Done, forged).is_err());
        assert_eq!(form(Ask::Reassign, json!({})).unwrap_err().0, "to");
        let other = json!({"type": "view_submission", "view": {"callback_id": "of another app"}});
        assert_eq!(read(&other), Pressed::Nothing);
    }

    #[test]
    fn limits_of_slack_hold_for_any_text() {
        let long = "x".repeat(5_000);
        for text in HOSTILE.iter().copied().chain([long.as_str()]) {
            let many: Vec<String> = (0..300).map(|i| format!("{text}{i}")).collect();
            for ask in Ask::ALL {
                let view = modal(question(*ask), &Form { title: text, services: &many, owners: &many, plan_on: None });
                for block in view["blocks"].as_array().unwrap() {
                    let count = |v: &Value| v.as_str().map_or(0, |s| s.chars().count());
                    assert!(count(&block["text"]["text"]) <= 3_000);
                    let options = block["element"]["options"].as_array().cloned().unwrap_or_default();
                    let most = if block["element"]["type"] == "checkboxes" { 10 } else { 100 };
                    assert!(options.len() <= most && options.iter().all(|o| count(&o["text"]["text"]) <= 75));
                }
                assert!(view["title"]["text"].as_str().unwrap().len() <= 24);
                assert!(!view.to_string().contains("mrkdwn"));
            }
        }
    }
}
