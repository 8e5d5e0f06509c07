//! L4: the supervisor. The only place that loops and waits.
//!
//! In: jobs with a period and a nudge. Out: ticks, and their visible status. Invariant: a panic in one tick is a failed
//! tick with backoff; a loop that ends ends the process. Refuses to know what a job does.

use crate::clock::Clock;
use crate::engine::status::Task;
use crate::engine::{Context, Report};
use crate::store::StoreError;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Longest wait after failures.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

type Tick = Arc<dyn Fn(Timestamp) -> Pin<Box<dyn Future<Output = Result<Report, StoreError>> + Send>> + Send + Sync>;
/// Waits for a nudge.
pub type Nudge = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A job.
pub struct Job {
    name: String,
    period: Duration,
    nudge: Option<Nudge>,
    /// Where given: it rests while the wall clock is doubted.
    rests: Option<Context>,
    tick: Tick,
}

impl Job {
    /// A job that ticks each `period`.
    pub fn new<F, Fut>(name: impl Into<String>, period: Duration, tick: F) -> Self
    where
        F: Fn(Timestamp) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Report, StoreError>> + Send + 'static,
    {
        Self { name: name.into(), period, nudge: None, rests: None, tick: Arc::new(move |now| Box::pin(tick(now))) }
    }

    /// Ticks also when nudged.
    #[must_use]
    pub fn nudged<T: Send + Sync + 'static>(mut self, holder: Arc<T>, which: fn(&T) -> &Notify) -> Self {
        self.nudge = Some(Box::new(move || {
            let holder = holder.clone();
            Box::pin(async move { which(&holder).notified().await })
        }));
        self
    }

    /// Rests while the wall clock is doubted.
    #[must_use]
    pub fn resting(mut self, cx: Context) -> Self {
        self.rests = Some(cx);
        self
    }

    async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        if self.rests.as_ref().is_some_and(|cx| cx.doubts(now).is_some()) {
            return Ok(Report { summary: "rests, since the clock is doubted".into(), ..Report::default() });
        }
        let tick = self.tick.clone();
        // A task of its own, so that a panic stays inside the tick.
        let mut one = JoinSet::new();
        one.spawn(async move { tick(now).await });
        match one.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(e)) => Err(StoreError::Unavailable(format!("the tick panicked: {e}"))),
            None => Ok(Report::default()),
        }
    }
}

/// How long until the next tick.
enum Wait {
    /// At once.
    No,
    /// So long, or until nudged.
    AtMost(Duration),
    /// So long.
    Exactly(Duration),
}

/// All jobs and how they are.
#[derive(Clone)]
pub struct Supervisor {
    status: Arc<Mutex<BTreeMap<String, Task>>>,
    clock: Arc<dyn Clock>,
}

impl Supervisor {
    /// Without jobs yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { status: Arc::default(), clock }
    }

    /// How the jobs are.
    pub fn tasks(&self) -> Vec<Task> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Forgets how the jobs were: others take their place.
    pub fn forget(&self) {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Runs all jobs until `stop`. Each is one task of the returned set, which ends early only by a fault of ours.
    pub fn run(&self, jobs: Vec<Job>, stop: &CancellationToken) -> JoinSet<String> {
        let mut set = JoinSet::new();
        for job in jobs {
            let (me, stop) = (self.clone(), stop.clone());
            set.spawn(async move {
                me.run_job(&job, &stop).await;
                job.name
            });
        }
        set
    }

    async fn run_job(&self, job: &Job, stop: &CancellationToken) {
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            let outcome = job.tick(self.clock.now()).await;
            failures = if outcome.is_ok() { 0 } else { failures + 1 };
            let (wait, nudgeable) = match self.note(&job.name, job.period, outcome, failures) {
                Wait::No => continue,
                Wait::AtMost(d) => (d, true),
                Wait::Exactly(d) => (d, false),
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
                () = nudged(job), if nudgeable => {}
            }
        }
    }

    /// Notes what a tick did; how long to wait for the next.
    fn note(&self, name: &str, period: Duration, outcome: Result<Report, StoreError>, failures: u32) -> Wait {
        let mut all = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let t = all.entry(name.to_owned()).or_insert_with(|| Task {
            name: name.to_owned(),
            runs: 0,
            last_at: None,
            ok_at: None,
            last: String::new(),
            failures: 0,
        });
        t.runs += 1;
        t.last_at = Some(self.clock.now());
        t.failures = failures;
        match outcome {
            Ok(report) => {
                t.ok_at = t.last_at;
                if !report.summary.is_empty() {
                    tracing::debug!(task = name, "{}", report.summary);
                    t.last = report.summary;
                }
                match (report.more, report.pause) {
                    (true, _) => Wait::No,
                    // A job that asks for a pause means it: what nudges it is what it makes way for.
                    (false, Some(pause)) => Wait::Exactly(pause),
                    (false, None) => Wait::AtMost(period),
                }
            }
            Err(e) => {
                if failures == 1 {
                    tracing::warn!(task = name, error = %e, "a task failed and is tried again");
                }
                t.last = e.to_string();
                Wait::Exactly((period * 2_u32.pow(failures.min(6))).min(LONGEST_BACKOFF))
            }
        }
    }
}

async fn nudged(job: &Job) {
    match &job.nudge {
        Some(n) => n().await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
async fn sleep(d: Duration) {
    tokio::time::sleep(d).await;
}
