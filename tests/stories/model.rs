//! Random histories against a small model: what is announced, moved, answered, used, and what happens to the process and its
//! clock meanwhile. At each look the model says who is told what; exactly that must arrive, once.
//!
//! The model knows no ladder: it counts civil days, remembers how far down it has come, and what people said. It holds
//! G4 (repeats only after a crash, with the same key), G5 (nothing is missed, days in the dark are one message), G6 (nothing
//! twice) and G15 (a moved date once). `FOREWARN_MODEL_CASES=500` tries more histories. That it would notice if one of these
//! did not hold is shown by lies: what arrived is falsified before it is judged, in each way that a fault could show itself.

use crate::harness::*;
use crate::usage::export;
use forewarn::engine::act::ActError;
use forewarn::engine::pin::Truth;
use forewarn::engine::usage::take;
use forewarn::model::{Action, AlertId, ResolveReason, Until};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, civil::DateTime, tz::TimeZone};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const MODELS: [&str; 3] = ["gpt-x", "gpt-y", "gpt-b"];
const OWNERS: [&str; 2] = ["search", "billing"];
const ZONE: &str = "America/New_York";
const RUNGS: [i32; 8] = [90, 60, 30, 14, 7, 3, 1, 0];

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Op {
    /// The page lists it, so many times three days from now.
    Announce(usize, i64),
    Move(usize, i64),
    Ack(usize, Option<i64>),
    Snooze(usize, i64),
    Resolve(usize),
    Reopen(usize),
    Reassign(usize),
    /// Somebody calls what was said to be done with.
    Use(usize),
    /// So many minutes later it is looked again.
    Look(i64),
    /// So many days nobody runs.
    Down(i64),
    Restart,
    /// Killed with a message on its way on each channel.
    Crash,
    /// The clock is so many minutes wrong for one look.
    Correction(i64),
    /// It is so many days wrong for a while.
    Madness(i64),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let m = || 0..MODELS.len();
    prop::collection::vec(
        prop_oneof![
            4 => (m(), 2i64..40).prop_map(|(m, d)| Op::Announce(m, d)),
            3 => (m(), 2i64..40).prop_map(|(m, d)| Op::Move(m, d)),
            4 => (m(), prop::option::of(0i64..60)).prop_map(|(m, p)| Op::Ack(m, p)),
            2 => (m(), 1i64..40).prop_map(|(m, d)| Op::Snooze(m, d)),
            2 => m().prop_map(Op::Resolve),
            3 => m().prop_map(Op::Reopen),
            2 => m().prop_map(Op::Reassign),
            1 => m().prop_map(Op::Use),
            12 => (1i64..3_000).prop_map(Op::Look),
            3 => (1i64..30).prop_map(Op::Down),
            2 => Just(Op::Restart),
            3 => Just(Op::Crash),
            1 => (-300i64..300).prop_map(Op::Correction),
            1 => prop_oneof![Just(90i64), Just(-2), Just(-400)].prop_map(Op::Madness),
        ],
        10..60,
    )
}

/// An answer.
#[derive(Debug, Clone, Copy)]
struct Ack {
    at: DateTime,
    plan: Option<Date>,
    /// The date it was given for.
    seen: Date,
}

/// One model in the hands of one owner, as far as people are concerned.
#[derive(Debug, Clone)]
struct Matter {
    alert: AlertId,
    owner: usize,
    on: Date,
    revision: u32,
    episode: u32,
    /// What must be said before anything else.
    news: Option<&'static str>,
    /// Days before the deadline of the last rung that had come when something was said.
    reached: i32,
    ack: Option<Ack>,
    snooze: Option<Date>,
    /// The date is another than it was when it was told or reopened: no snooze holds that back.
    moved: bool,
    /// Since when it is done with.
    done: Option<Timestamp>,
    /// Somebody did something since the last look.
    acted: bool,
}

impl Matter {
    fn morning(&self, days: i32) -> DateTime {
        self.on.checked_sub(days.days()).unwrap().at(9, 0, 0, 0)
    }

    /// What is said at this moment of the owner's clock.
    fn look(&mut self, local: DateTime) -> Option<&'static str> {
        if self.done.is_some() {
            return None;
        }
        let snooze_ends = self.snooze.map(|day| day.at(9, 0, 0, 0).min(self.morning(0)));
        if snooze_ends.is_some_and(|end| local < end) && !self.moved {
            return None;
        }
        let reached = RUNGS.into_iter().filter(|n| local >= self.morning(*n)).min().unwrap_or(i32::MAX);
        let rung = RUNGS.into_iter().any(|n| n >= reached && n < self.reached && !self.is_quiet(n));
        let ended = snooze_ends.is_some_and(|end| local >= end);
        let says = self.news.or((rung || ended).then_some("rung"));
        if says.is_some() {
            // What an answer makes needless is not done with: under a clock that was wrong it may have been another moment.
            self.reached = reached.min(self.reached);
            self.moved = false;
            if ended {
                self.snooze = None;
            }
            let holds = |a: &Ack| match (says, a.plan) {
                _ if self.on < a.seen => false,
                (Some("rung"), None) => false,
                (Some("rung"), Some(plan)) => local.date() < plan || plan >= self.on,
                (_, _) => true,
            };
            self.ack = self.ack.filter(holds);
        }
        self.news = None;
        says
    }

    /// Whether an answer makes a rung needless.
    fn is_quiet(&self, n: i32) -> bool {
        let Some(a) = self.ack.filter(|a| self.on >= a.seen && n > 1) else { return false };
        let at = self.morning(n);
        at <= a.at || a.plan.is_some_and(|plan| at.date() < plan)
    }

    fn begin(&mut self, news: &'static str) {
        (self.news, self.ack, self.snooze, self.done) = (Some(news), None, None, None);
    }
}

/// What a fault of forewarn would look like from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lie {
    /// A message comes once more at once, under another key.
    Twice,
    /// It comes once more with a later one.
    TwiceLater,
    /// With its own key, and nothing crashed.
    Repeated,
    /// It does not come.
    Missed,
    /// It comes with the next look.
    Late,
    /// It names another day.
    WrongDate,
    /// It goes to the other owner.
    WrongOwner,
    /// The last rung before it is said once more when it is dealt with.
    AfterResolve,
    /// A moved date is said as a rung.
    MovedUnsaid,
    /// Somebody is said to have acted who did not.
    NobodyActed,
}

/// What is falsified: the first message of a kind that arrives, once.
#[derive(Debug, Default)]
struct Liar {
    lie: Option<Lie>,
    kept: Option<Arrived>,
    lied: bool,
}

impl Liar {
    /// Falsifies what arrived, when there is something to falsify.
    fn falsify(&mut self, all: &mut Vec<Arrived>, resolved: bool) {
        let Some(lie) = self.lie.filter(|_| !self.lied) else { return };
        let of_people = |m: &Arrived| m.contact != "operators/webhook";
        let rung = |m: &Arrived| of_people(m) && m.text.contains("\"reason\":\"reminder\"");
        let anew = |m: &Arrived| Arrived { id: format!("{}-again", m.id), ..m.clone() };
        let first = all.iter().position(rung);
        self.lied = true;
        match (lie, first) {
            (Lie::Twice, Some(n)) => all.push(anew(&all[n])),
            (Lie::Repeated, Some(n)) => all.push(all[n].clone()),
            (Lie::Missed, Some(n)) => drop(all.remove(n)),
            (Lie::WrongDate, Some(n)) => {
                let v: serde_json::Value = serde_json::from_str(&all[n].text).unwrap();
                let date = v["rows"][0]["deadline"]["date"].as_str().unwrap();
                let wrong = date.parse::<Date>().unwrap() + 1.days();
                all[n].text = all[n].text.replace(date, &wrong.to_string());
            }
            (Lie::WrongOwner, Some(n)) => {
                let other = if all[n].contact.starts_with("search") { "billing/webhook" } else { "search/webhook" };
                all[n].contact = other.into();
            }
            (Lie::NobodyActed, Some(n)) => {
                let v: serde_json::Value = serde_json::from_str(&all[n].text).unwrap();
                let step = v["rows"][0]["step"].to_string();
                let acted = anew(&all[n]);
                all.push(Arrived { text: acted.text.replace(&step, "\"standing\""), ..acted });
            }
            (Lie::TwiceLater | Lie::Late | Lie::AfterResolve, Some(n)) if self.kept.is_none() => {
                self.kept = Some(if lie == Lie::Late { all.remove(n) } else { anew(&all[n]) });
                if let Some(m) = self.kept.as_mut().filter(|_| lie == Lie::AfterResolve) {
                    let v: serde_json::Value = serde_json::from_str(&m.text).unwrap();
                    m.text = m.text.replace(&v["rows"][0]["step"].to_string(), "\"0d\"");
                }
                self.lied = false;
            }
            (Lie::AfterResolve, _) if !resolved => self.lied = false,
            (Lie::TwiceLater | Lie::Late | Lie::AfterResolve, _) if self.kept.is_some() => all.extend(self.kept.take()),
            (Lie::MovedUnsaid, _) => {
                let moved = all.iter_mut().find(|m| of_people(m) && m.text.contains("\"reason\":\"moved\""));
                self.lied = moved.is_some();
                if let Some(m) = moved {
                    m.text = m.text.replace("\"reason\":\"moved\"", "\"reason\":\"reminder\"");
                }
            }
            (_, _) => self.lied = false,
        }
    }
}

/// What was wrong with a history.
type Judged = Result<(), String>;

struct History {
    liar: Liar,
    w: World,
    zone: TimeZone,
    page: BTreeMap<usize, Date>,
    known: BTreeMap<usize, Matter>,
    used: BTreeMap<usize, Timestamp>,
    /// Keys of messages, and how often each arrived.
    keys: BTreeMap<String, usize>,
    /// Each obligation that was told.
    told: BTreeSet<String>,
    crashes: usize,
}

impl History {
    async fn new() -> Self {
        let mut w = World::new().await;
        let sink = w.config.split("[webhooks.ops]\nurl = \"").nth(1).unwrap().split("ops\"").next().unwrap().to_owned();
        let config = w
            .config
            .replace("slack = \"#search\"", "webhook = \"search\"")
            .replace("webhook = \"billing\"", &format!("webhook = \"billing\"\nzone = \"{ZONE}\""))
            + &format!("[webhooks.search]\nurl = \"{sink}search\"\nsecret = \"env:WHSEC\"\n");
        w.restart_with(&config);
        w.tick().await;
        w.expect_silence();
        Self {
            liar: Liar::default(),
            w,
            zone: TimeZone::get(ZONE).unwrap(),
            page: BTreeMap::new(),
            known: BTreeMap::new(),
            used: BTreeMap::new(),
            keys: BTreeMap::new(),
            told: BTreeSet::new(),
            crashes: 0,
        }
    }

    fn today(&self) -> Date {
        self.w.now().to_zoned_datetime(TimeZone::UTC).date()
    }

    /// Different models never end on one day: a wave would share its answers.
    fn date(&self, m: usize, n: i64) -> Date {
        let today = self.today().duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
        let shift = (m as i64 - today).rem_euclid(3);
        self.today().checked_add((3 * n + shift).days()).unwrap()
    }

    fn local(&self) -> DateTime {
        self.w.now().to_zoned_datetime(self.zone.clone()).datetime()
    }

    async fn happens(&mut self, op: Op) -> Judged {
        match op {
            Op::Announce(m, n) if !self.page.contains_key(&m) => {
                let on = self.date(m, n);
                self.page.insert(m, on);
                let far = [("gpt-far", day(700))].into_iter();
                let rows: Vec<(&str, Date)> = self.page.iter().map(|(m, on)| (MODELS[*m], *on)).chain(far).collect();
                self.w.page(&rows);
            }
            Op::Announce(..) => {}
            Op::Move(m, n) => {
                let (on, today) = (self.date(m, n), self.today());
                if self.known.get(&m).is_some_and(|x| x.on != on && x.on > today + 2.days()) {
                    self.w.pin(&format!("openai:{}", MODELS[m]), Truth::Ends(on)).await.unwrap();
                    self.facts(false).await;
                }
            }
            Op::Ack(..) | Op::Snooze(..) | Op::Resolve(_) | Op::Reopen(_) | Op::Reassign(_) => self.acts(op).await,
            Op::Use(m) => {
                let far = self.today() + 4.days();
                if self.known.get(&m).is_some_and(|x| x.done.is_some() && x.on > far) {
                    take(&self.w.cx, export(MODELS[m], "proj_bot", 7, self.w.now())).await.unwrap();
                    self.used.insert(m, self.w.now());
                }
            }
            Op::Look(n) => {
                self.w.pass(minutes(n));
                self.look(true).await?;
            }
            Op::Down(n) => {
                self.w.pass(days(n));
                self.w.restart();
                self.look(true).await?;
            }
            Op::Restart => self.w.restart(),
            Op::Crash => self.crash().await?,
            Op::Correction(n) => {
                // What was done just now waits for the same moment to come again; that much is no fault.
                self.look(true).await?;
                self.w.jump(minutes(n));
                self.look(true).await?;
                self.w.jump(minutes(-n));
            }
            Op::Madness(n) => {
                self.look(true).await?;
                self.w.jump(days(n));
                for _ in 0..2 {
                    self.w.pass(minutes(1));
                    self.w.tick().await;
                }
                let all = self.w.arrived();
                assert!(!all.is_empty() && all.iter().all(|m| m.contact == "operators/webhook"), "{all:#?}");
                self.w.jump(days(-n));
                self.look(true).await?;
            }
        }
        Ok(())
    }

    async fn acts(&mut self, op: Op) {
        let (m, action) = match op {
            Op::Ack(m, plan) => (m, Action::Acknowledge { note: None, plan_on: plan.map(|n| self.today() + n.days()) }),
            Op::Snooze(m, n) => (m, Action::Snooze { until: Until::Day(self.today() + n.days()), note: None }),
            Op::Resolve(m) => {
                let reason = ResolveReason::Migrated;
                (m, Action::Resolve { reason, note: None, services: vec![], duplicate_of: None })
            }
            Op::Reopen(m) => (m, Action::Reopen { note: None, services: vec![] }),
            Op::Reassign(m) => {
                let to = self.known.get(&m).map_or(0, |x| 1 - x.owner);
                (m, Action::Reassign { to: OWNERS[to].into(), note: None })
            }
            other => panic!("{other:?} is nothing that a person does"),
        };
        let now = self.w.now();
        let Some(alert) = self.known.get(&m).map(|x| x.alert) else { return };
        match self.w.act(alert, action.clone()).await {
            Ok(done) => assert!(done.also.is_empty(), "{done:?}"),
            Err(ActError::Refused(_)) => return,
            Err(e) => panic!("{e}"),
        }
        let local = self.local();
        let x = self.known.get_mut(&m).unwrap();
        x.acted = true;
        match action {
            Action::Acknowledge { plan_on, .. } => {
                x.ack = Some(Ack { at: local, plan: plan_on, seen: x.on });
                x.snooze = None;
            }
            Action::Snooze { until: Until::Day(day), .. } => x.snooze = Some(day),
            Action::Snooze { until: Until::At(_), .. } => unreachable!(),
            Action::Resolve { .. } => x.done = Some(now),
            Action::Reopen { .. } => {
                x.episode += 1;
                x.begin("reopened");
                x.moved = false;
            }
            Action::Reassign { .. } => {
                x.owner = 1 - x.owner;
                x.begin("reassigned");
            }
        }
    }

    async fn crash(&mut self) -> Judged {
        self.w.pass(minutes(1));
        self.w.plan().await;
        for sink in OWNERS {
            self.w.mood(sink, Mood::Silent);
            self.w.die_sending(&format!("webhook.{sink}")).await;
            self.w.mood(sink, Mood::Well);
            self.crashes += 1;
        }
        self.look(false).await
    }

    /// Takes from the store what is outside of this model: what is known to end when.
    async fn facts(&mut self, all_jobs: bool) {
        for (alert, matter) in self.w.alerts().await {
            let Some(m) = MODELS.iter().position(|id| matter.id.as_str() == format!("openai:{id}")) else { continue };
            let d = matter.remind_by().unwrap();
            let x = self.known.entry(m).or_insert_with(|| Matter {
                alert: alert.id,
                owner: OWNERS.iter().position(|name| *name == alert.owner).unwrap(),
                on: d.date,
                revision: d.revision,
                episode: 1,
                news: Some("opened"),
                reached: i32::MAX,
                ack: None,
                snooze: None,
                moved: false,
                done: None,
                acted: false,
            });
            if d.revision > x.revision {
                (x.on, x.revision) = (d.date, d.revision);
                x.reached = i32::MAX;
                x.moved = true;
                x.news = x.news.or(Some("moved"));
            }
            let after = x.done.zip(self.used.get(&m)).is_some_and(|(done, used)| used.duration_since(done) > days(1));
            if after && all_jobs {
                x.episode += 1;
                x.begin("reopened");
                x.acted = true;
            }
            assert_eq!((alert.episode, alert.owner.as_str()), (x.episode, OWNERS[x.owner]), "{}", MODELS[m]);
        }
    }

    async fn look(&mut self, all_jobs: bool) -> Judged {
        if all_jobs {
            self.w.tick().await;
        } else {
            self.w.speak().await;
        }
        self.facts(all_jobs).await;
        let mut expected = BTreeSet::new();
        let local = self.local();
        let mut acted = BTreeSet::new();
        for (m, x) in &mut self.known {
            if let Some(says) = x.look(local) {
                expected.insert(format!("{} {says} to {} for {}", MODELS[*m], OWNERS[x.owner], x.on));
            }
            if std::mem::take(&mut x.acted) {
                acted.insert(*m);
            }
        }
        let heard = self.hear(&acted)?;
        if heard == expected {
            Ok(())
        } else {
            Err(format!("at {}: {heard:#?} instead of {expected:#?}", self.w.now()))
        }
    }

    /// What arrived, without repeats; what only says who did something must have such a reason.
    fn hear(&mut self, acted: &BTreeSet<usize>) -> Result<BTreeSet<String>, String> {
        let mut heard = BTreeSet::new();
        let mut arrived = self.w.arrived();
        let resolved = self.known.values().any(|x| x.done.is_some());
        self.liar.falsify(&mut arrived, resolved);
        for message in arrived.into_iter().filter(|m| m.contact != "operators/webhook") {
            let times = self.keys.entry(message.id.clone()).or_default();
            *times += 1;
            if *times > 1 {
                continue;
            }
            let v: serde_json::Value = serde_json::from_str(&message.text).unwrap();
            for row in v["rows"].as_array().unwrap() {
                let text = |key: &str| row[key].as_str().unwrap();
                let m = MODELS.iter().position(|id| text("matter") == format!("openai:{id}")).unwrap();
                if text("step") == "standing" {
                    if !acted.contains(&m) {
                        return Err(format!("nobody did anything: {row}"));
                    }
                    continue;
                }
                let reason = match text("reason") {
                    "reminder" | "overdue" => "rung",
                    "opened" => "opened",
                    "reopened" => "reopened",
                    "reassigned" => "reassigned",
                    "moved" => "moved",
                    other => panic!("{other}: {row}"),
                };
                let owner = message.contact.trim_end_matches("/webhook");
                let said =
                    format!("{} {reason} to {owner} for {}", MODELS[m], row["deadline"]["date"].as_str().unwrap());
                if !heard.insert(said) {
                    return Err(format!("twice in one look: {row}"));
                }
                let episode = self.known[&m].episode;
                let key = format!("{m} {episode} {} {} {owner}", row["deadline"]["revision"], text("step"));
                if !self.told.insert(key) {
                    return Err(format!("told twice: {row}"));
                }
            }
        }
        Ok(heard)
    }

    /// Time goes on until everything has ended.
    async fn ends(&mut self) -> Judged {
        while self.known.values().any(|x| x.on >= self.today()) {
            self.w.pass(SignedDuration::from_hours(20));
            self.look(false).await?;
        }
        let repeats: usize = self.keys.values().map(|n| n - 1).sum();
        if repeats > self.crashes {
            return Err(format!("{repeats} repeats after {} crashes", self.crashes));
        }
        assert_eq!(self.w.ledger("obligations", "pending").await, 0);
        assert_eq!(self.w.ledger("obligations", "dead").await, 0);
        Ok(())
    }
}

/// What is wrong with this history; whether there was something to falsify.
async fn plays(ops: &[Op], lie: Option<Lie>) -> (Judged, bool) {
    let mut history = History::new().await;
    history.liar.lie = lie;
    let judged = async {
        for op in ops {
            history.happens(*op).await?;
        }
        history.ends().await
    };
    let judged = judged.await;
    (judged, history.liar.lied || history.liar.kept.is_some())
}

#[test]
fn any_history_tells_what_a_small_model_says_and_nothing_else() {
    let cases = std::env::var("FOREWARN_MODEL_CASES").map_or(24, |n| n.parse().unwrap());
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() };
    let play = |ops: &[Op]| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(plays(ops, None)).0.map_err(TestCaseError::fail)
    };
    proptest!(config, |(ops in ops())| play(&ops)?);
}

/// Histories that were told otherwise once.
#[tokio::test]
async fn what_is_reopened_and_put_off_is_told_as_reopened_and_when_it_was_put_off_to() {
    let begins = [Op::Announce(2, 3), Op::Look(382), Op::Resolve(2)];
    // The snooze is taken back by an answer before anything was told: it is reopened all the same.
    let answered = [Op::Reopen(2), Op::Snooze(2, 2), Op::Look(1), Op::Ack(2, None), Op::Look(1)];
    // Whoever reopens and puts it off knows the date that moved before.
    let knew = [Op::Move(2, 9), Op::Reopen(2), Op::Snooze(2, 22), Op::Look(1), Op::Down(20)];
    // A date that moves after that is news.
    let news = [Op::Reopen(2), Op::Snooze(2, 22), Op::Move(2, 9), Op::Look(1), Op::Down(20)];
    for then in [answered, knew, news] {
        let history = [&begins[..], &then[..]].concat();
        assert_eq!(plays(&history, None).await.0, Ok(()), "{history:?}");
    }
}

/// A history in which everything happens that a lie needs, and that is well without one.
#[tokio::test]
async fn a_history_in_which_one_promise_is_broken_is_found_out() {
    let history = [
        Op::Announce(0, 35),
        Op::Look(10),
        Op::Look(10),
        Op::Down(20),
        Op::Move(0, 25),
        Op::Look(20),
        Op::Down(20),
        Op::Look(2_000),
        Op::Resolve(0),
        Op::Look(10),
        Op::Look(2_000),
        Op::Announce(1, 12),
        Op::Look(10),
        Op::Look(10),
    ];
    let (judged, _) = plays(&history, None).await;
    assert_eq!(judged, Ok(()), "this history is well");
    for (lie, complaint) in [
        (Lie::Twice, "twice in one look"),
        (Lie::TwiceLater, "told twice"),
        (Lie::Repeated, "1 repeats after 0 crashes"),
        (Lie::Missed, "{} instead of {"),
        (Lie::Late, "{} instead of {"),
        (Lie::WrongDate, "instead of"),
        (Lie::WrongOwner, "instead of"),
        (Lie::AfterResolve, "instead of {}"),
        (Lie::MovedUnsaid, "rung to"),
        (Lie::NobodyActed, "nobody did anything"),
    ] {
        let (judged, lied) = plays(&history, Some(lie)).await;
        assert!(lied, "{lie:?}: there was nothing to falsify");
        let why = judged.expect_err(&format!("{lie:?} was not noticed"));
        assert!(why.contains(complaint), "{lie:?}: {why}");
    }
}
