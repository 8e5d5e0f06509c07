//! A year of 500 shutdowns for owners all over the world: restarts, days in the dark, clocks that jump, dates that move,
//! nights on which clocks change. Each rung is told exactly once, on its civil day.
//!
//! What should have been told is counted here by civil dates alone, from the looks that were made, not by the ladder.
//! `FOREWARN_YEAR_SEED=7` makes another year.

use crate::harness::*;
use fastrand::Rng;
use forewarn::engine::pin::Truth;
use jiff::{SignedDuration, ToSpan, civil::Date, civil::DateTime, tz::TimeZone};
use std::collections::BTreeMap;

const OWNERS: [(&str, &str); 7] = [
    ("york", "America/New_York"),
    ("berlin", "Europe/Berlin"),
    ("kolkata", "Asia/Kolkata"),
    ("howe", "Australia/Lord_Howe"),
    ("apia", "Pacific/Apia"),
    ("kiritimati", "Pacific/Kiritimati"),
    ("niue", "Pacific/Niue"),
];
const MODELS: usize = 500;
const RUNGS: [i32; 8] = [90, 60, 30, 14, 7, 3, 1, 0];
/// Days of that year on which New York, Berlin and Lord Howe change their clocks.
const DST: [&str; 6] = ["2027-03-14", "2027-11-07", "2027-03-28", "2027-10-31", "2027-04-04", "2027-10-03"];

/// One shutdown, and what should have been said of it so far.
struct Ending {
    id: String,
    /// Which of the owners.
    owner: usize,
    on: Date,
    revision: u32,
    /// The deadline moved since anybody was told.
    moved: bool,
    /// Days before the deadline of the last rung that was reached; more than all before any.
    reached: i32,
    /// When the next is reached, on the owner's clock.
    next: DateTime,
    said: Vec<String>,
}

impl Ending {
    fn new(id: String, owner: usize, on: Date) -> Self {
        Self { id, owner, on, revision: 1, moved: false, reached: i32::MAX, next: DateTime::MIN, said: Vec::new() }
    }

    /// What a look at this moment of the owner's clock must say, if it says anything. A clock that was set back reaches
    /// nothing that was not reached before.
    fn look(&mut self, local: DateTime) {
        if !self.moved && local < self.next {
            return;
        }
        let morning = |days: i32| self.on.checked_sub(days.days()).unwrap().at(9, 0, 0, 0);
        let reached = RUNGS.into_iter().filter(|days| local >= morning(*days)).min().unwrap_or(i32::MAX);
        let step = if self.moved { "moved".to_owned() } else { format!("{reached}d") };
        if self.moved || reached < self.reached {
            self.said.push(format!("{} {step} of {} on {}", self.revision, self.on, local.date()));
        }
        let further = RUNGS.into_iter().find(|days| *days < reached);
        self.next = further.map_or(DateTime::MAX, morning);
        (self.reached, self.moved) = (reached, false);
    }
}

struct Year {
    w: World,
    rng: Rng,
    zones: [TimeZone; OWNERS.len()],
    endings: Vec<Ending>,
    /// What was said of each model, in the same words.
    heard: BTreeMap<String, Vec<String>>,
    looks: usize,
}

impl Year {
    async fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut w = World::new().await;
        let mut config = w
            .config
            .replace("[owners.billing]\nwebhook = \"billing\"\n", "")
            .replace("owner = \"billing\"", "owner = \"search\"");
        for (name, zone) in OWNERS {
            config += &format!(
                "[owners.{name}]\nwebhook = \"billing\"\nzone = \"{zone}\"\n[services.of-{name}]\nowner = \"{name}\"\nuses = [\"openai:{name}-*\"]\n"
            );
        }
        w.restart_with(&config);
        let dst: Vec<Date> = DST.iter().map(|d| d.parse().unwrap()).collect();
        let endings: Vec<Ending> = (0..MODELS)
            .map(|n| {
                // Some rung of every second one falls on a night of changing clocks; the dates of a zone are few, as announced together.
                let on = if n % 2 == 0 {
                    let night = dst[rng.usize(..dst.len())];
                    night.checked_add(RUNGS[rng.usize(4..8)].days()).unwrap()
                } else {
                    day(24 + 12 * rng.i64(0..28))
                };
                Ending::new(format!("{}-{n}", OWNERS[n % OWNERS.len()].0), n % OWNERS.len(), on)
            })
            .collect();
        let rows: Vec<(&str, Date)> = endings.iter().map(|e| (e.id.as_str(), e.on)).collect();
        w.page(&rows);
        let zones = OWNERS.map(|(_, zone)| TimeZone::get(zone).unwrap());
        Self { w, rng, zones, endings, heard: BTreeMap::new(), looks: 0 }
    }

    /// Looks at what is due; where all jobs run, at everything.
    async fn look(&mut self, all_jobs: bool) {
        if all_jobs {
            self.w.tick().await
        } else {
            self.w.watch_clock().await;
            self.w.speak().await
        }
        self.looks += 1;
        let local: Vec<DateTime> =
            self.zones.iter().map(|z| self.w.now().to_zoned_datetime(z.clone()).datetime()).collect();
        for e in &mut self.endings {
            e.look(local[e.owner]);
        }
        self.hear();
    }

    fn hear(&mut self) {
        for m in self.w.arrived() {
            let v: serde_json::Value = serde_json::from_str(&m.text).unwrap();
            for row in v["rows"].as_array().unwrap().iter().filter(|r| r["kind"] == "deprecation") {
                let id = row["subjects"][0]["id"].as_str().unwrap();
                let e = self.endings.iter().find(|e| e.id == id).unwrap();
                assert_eq!(m.contact, format!("{}/webhook", OWNERS[e.owner].0), "{row}");
                let (revision, date) = (&row["deadline"]["revision"], row["deadline"]["date"].as_str().unwrap());
                let on = m.at.to_zoned_datetime(self.zones[e.owner].clone()).date();
                let said = format!("{revision} {} of {date} on {on}", row["step"].as_str().unwrap());
                self.heard.entry(id.to_owned()).or_default().push(said);
            }
        }
    }

    /// Somebody who knows better says when some of them end.
    async fn moves(&mut self) {
        for _ in 0..self.rng.usize(1..4) {
            let n = self.rng.usize(..MODELS);
            let today = self.w.now().to_zoned_datetime(TimeZone::UTC).date();
            let on = today.saturating_add(self.rng.i64(3..200).days());
            let e = &mut self.endings[n];
            if e.on == on || e.on <= today.saturating_add(2.days()) {
                continue;
            }
            self.w.pin(&format!("openai:{}", e.id), Truth::Ends(on)).await.unwrap();
            (e.on, e.revision, e.moved) = (on, e.revision + 1, true);
        }
    }

    /// The clock jumps far away for a while: nothing but that is said.
    async fn madness(&mut self) {
        let far = days([90, -2, 400, -30][self.rng.usize(..4)]);
        self.w.jump(far);
        for _ in 0..3 {
            self.w.pass(minutes(1));
            self.w.tick().await;
        }
        let all = self.w.arrived();
        assert!(!all.is_empty() && all.iter().all(|m| m.contact == "operators/webhook"), "{all:#?}");
        self.w.jump(-far);
        self.look(true).await;
    }

    async fn live(&mut self) {
        let end = start() + days(366);
        self.look(true).await;
        while self.w.now() < end {
            let step = match self.rng.u32(..100) {
                0 => days(self.rng.i64(2..20)), // in the dark
                1..10 => SignedDuration::from_mins(self.rng.i64(1..20)),
                _ => SignedDuration::from_mins(self.rng.i64(120..420)),
            };
            self.w.pass(step);
            match self.rng.u32(..100) {
                0..12 => self.w.restart(),
                12..16 => self.moves().await,
                16 => self.madness().await,
                17..20 => {
                    // What a time server corrects, there and back.
                    let off = SignedDuration::from_mins(self.rng.i64(-300..300));
                    self.w.jump(off);
                    self.look(false).await;
                    self.w.jump(-off);
                }
                _ => {}
            }
            self.look(false).await;
        }
    }
}

#[tokio::test]
async fn a_year_of_500_shutdowns_tells_each_rung_once_and_on_its_civil_day() {
    let seed = std::env::var("FOREWARN_YEAR_SEED").map_or(2026, |s| s.parse().unwrap());
    let mut year = Year::new(seed).await;
    year.live().await;
    let mut rungs = 0;
    for e in &year.endings {
        let heard = year.heard.remove(&e.id).unwrap_or_default();
        assert_eq!(heard, e.said, "{} (seed {seed})", e.id);
        rungs += heard.len();
    }
    assert!(year.heard.is_empty(), "{:?}", year.heard);
    assert!(rungs > 2_000 && year.looks > 1_000, "{rungs} rungs in {} looks: the year was too quiet", year.looks);
    year.w.ledger("obligations", "delivered").await;
    println!("seed {seed}: {rungs} messages of {MODELS} shutdowns in {} looks, each as expected", year.looks);
}
