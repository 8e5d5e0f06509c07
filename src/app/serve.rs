//! The daemon: listeners that stay, and all behind them, which a changed config replaces whole.
//!
//! In: an app, addresses, ways to ask for a reload. Out: the end, by a signal or a fault. Invariant: a config is taken whole,
//! after it was checked and everything it needs stands, or not at all, and the operators hear of it; no job of the old one
//! runs beside the new one's. Refuses to reload where it listens and where its data is: that needs a restart.

use super::{Addresses, App, AppError, Wiring};
use crate::config::Config;
use crate::engine::press::Presser;
use crate::engine::trouble::{self, Trouble};
use crate::model::{Change, Severity};
use crate::store::folder;
use crate::tasks::{Job, Supervisor};
use crate::web::access::Door;
use crate::web::actions::{Actions, AskReload, Reloaded};
use crate::web::calendar::{self, Calendars};
use crate::web::hooks::{Hooks, Public};
use crate::web::listener::Live;
use crate::web::{ack, control, listener, private, slack};
use axum::Router;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::oneshot::Sender;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Longest a stop may take.
const DRAIN: Duration = Duration::from_secs(18);
/// Longest the jobs of the old config are waited for: a message in flight ends by then.
const CHANGE: Duration = Duration::from_secs(45);

/// How a running daemon comes by another config.
pub struct Reloading {
    /// Reads and checks the config anew.
    pub load: Box<dyn Fn() -> Result<Config, String> + Send + Sync>,
    /// Asks for it; kept by whoever hears signals.
    pub ask: AskReload,
    /// Who asks.
    pub asked: mpsc::Receiver<Sender<Reloaded>>,
}

impl Reloading {
    /// A daemon whose config stays.
    pub fn never() -> Self {
        let (ask, asked) = mpsc::channel(1);
        Self { load: Box::new(|| Err("this daemon has no config file".into())), ask, asked }
    }
}

/// Everything behind the listeners that follows from a config.
struct Behind {
    public: Public,
    inside: Router,
    actions: Arc<Actions>,
    jobs: Vec<Job>,
}

impl App {
    /// Runs the daemon until SIGTERM, SIGINT or a fault. `ready` is told the real addresses.
    ///
    /// # Errors
    /// What ended it early.
    pub async fn serve(
        self,
        at: Addresses,
        stop: CancellationToken,
        mut reloading: Reloading,
        ready: impl FnOnce(Addresses),
    ) -> Result<(), AppError> {
        let supervisor = Supervisor::new(self.cx.clock.clone());
        self.somebody_can_enter(at.listen).await?;
        let bind = |what: &'static str, a: SocketAddr| async move {
            TcpListener::bind(a).await.map_err(|e| AppError::System(format!("cannot listen on {a} ({what}): {e}")))
        };
        let (intake, listen) = (bind("intake", at.intake).await?, bind("private", at.listen).await?);
        let socket = control::bind(&folder::socket(&self.folder))
            .map_err(|e| AppError::System(format!("cannot open the control socket: {e}")))?;
        let local = |l: &TcpListener| l.local_addr().map_err(|e| AppError::System(e.to_string()));
        let real = Addresses { intake: local(&intake)?, listen: local(&listen)? };

        let behind = self.behind(real, &supervisor, &reloading.ask)?;
        let live = (Live::new(behind.public), Live::new(behind.inside), Live::new(behind.actions));
        let mut round = stop.child_token();
        let mut running = JoinSet::new();
        let (a, b, c) = (stop.clone(), stop.clone(), stop.clone());
        let (public, inside, actions) = live.clone();
        running.spawn(async move {
            listener::serve_live(intake, public, a).await;
            "intake"
        });
        running.spawn(async move {
            listener::serve_live(listen, inside, b).await;
            "private"
        });
        running.spawn(async move {
            control::serve(socket, actions, c).await;
            "control"
        });
        // After the listeners: who waits for an answer is served before the jobs take their first look.
        let mut jobs = supervisor.run(behind.jobs, &round);
        let (store, still) = (self.sqlite.clone(), stop.clone());
        running.spawn(async move {
            tokio::select! { () = store.ended() => {}, () = still.cancelled() => {} }
            "store"
        });
        ready(real);
        // A socket that is not there (no systemd) is no error.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        self.quick_check_later();

        let mut app = self;
        let early = loop {
            tokio::select! {
                ended = running.join_next() => break ended.map(|r| r.map(str::to_owned)),
                ended = jobs.join_next() => break ended,
                Some(tell) = reloading.asked.recv() => {
                    let next = app.next(real, &supervisor, &reloading);
                    app.tell_operators(next.as_ref().err()).await;
                    let told = match next {
                        Ok((next, behind)) => {
                            let _ = sd_notify::notify(&[sd_notify::NotifyState::Reloading]);
                            round.cancel();
                            if tokio::time::timeout(CHANGE, async { while jobs.join_next().await.is_some() {} }).await.is_err() {
                                tracing::warn!("a job of the old config did not end in time and is cut off, as a restart would");
                                jobs.shutdown().await;
                            }
                            let notes = app.needs_restart(&next);
                            live.0.set(behind.public);
                            live.1.set(behind.inside);
                            live.2.set(behind.actions);
                            round = stop.child_token();
                            supervisor.forget();
                            jobs = supervisor.run(behind.jobs, &round);
                            app = next;
                            let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
                            tracing::info!(notes = notes.join("; "), "the changed config is in force");
                            Ok(notes)
                        }
                        Err(why) => {
                            tracing::warn!("the changed config was not taken, the old one stays in force: {why}");
                            Err(why)
                        }
                    };
                    // Whoever asked and went away does not need to hear.
                    let _ = tell.send(told);
                }
            }
        };
        if !stop.is_cancelled() {
            let what = match early {
                Some(Ok(name)) => format!("task {name} ended"),
                Some(Err(e)) => format!("a task ended badly: {e}"),
                None => "nothing was running".into(),
            };
            return Err(AppError::System(format!(
                "{what}: stopping, so that the service manager starts forewarn anew"
            )));
        }
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        let rest = async {
            while running.join_next().await.is_some() {}
            while jobs.join_next().await.is_some() {}
        };
        if tokio::time::timeout(DRAIN, rest).await.is_err() {
            tracing::warn!("some work did not end within {} s; nothing stored is lost", DRAIN.as_secs());
        }
        app.close().await;
        let _ = std::fs::remove_file(folder::socket(&app.folder));
        Ok(())
    }

    /// Everything behind the listeners.
    fn behind(&self, at: Addresses, supervisor: &Supervisor, ask: &AskReload) -> Result<Behind, AppError> {
        let receiver = self.receiver()?;
        let mut jobs = self.jobs(&receiver)?;
        jobs.extend(self.signs_of_life(supervisor)?);
        let seen = supervisor.clone();
        let mut actions = self.actions(Some(receiver.clone()), Arc::new(move || seen.tasks()));
        actions.reload = Some(ask.clone());
        let actions = Arc::new(actions);
        let key = folder::instance_key(&self.folder)?;
        let calendars = Calendars::new(self.cx.clone(), &key, self.public_url.clone());
        let hooks = Hooks { receiver, cx: self.cx.clone() };
        let public = calendar::public(calendars.clone());
        let presser = Presser { cx: self.cx.clone(), channels: self.channels.clone() };
        let public = public.merge(slack::router(self.cx.clone(), presser));
        let public = match self.links()? {
            Some(links) => public.merge(ack::router(self.cx.clone(), links)),
            None => public,
        };
        let public = Public::new(hooks, public);
        let door = Door::new(self.cx.clone(), self.access.clone().at(at.listen), &key);
        let inside = door.guard(private::router(actions.clone(), calendars, self.site_at(actions.clone(), at)));
        Ok(Behind { public, inside, actions, jobs })
    }

    /// The app of the config as it is now, over the same store; nothing of it runs yet.
    fn next(&self, at: Addresses, supervisor: &Supervisor, r: &Reloading) -> Result<(Self, Behind), String> {
        let config = (r.load)()?;
        for n in &config.notes {
            tracing::warn!("{n}");
        }
        let over = Wiring {
            sqlite: self.sqlite.clone(),
            folder: self.folder.clone(),
            clock: self.cx.clock.clone(),
            nudges: self.cx.nudges.clone(),
            believed: self.cx.believed.clone(),
        };
        let next = Self::over(config, over).map_err(|e| e.to_string())?;
        let behind = next.behind(at, supervisor, &r.ask).map_err(|e| e.to_string())?;
        Ok((next, behind))
    }

    /// What of a changed config only counts from the next start on.
    fn needs_restart(&self, next: &Self) -> Vec<String> {
        let was = &self.listens;
        let changed = [
            ("intake", was.intake != next.listens.intake),
            ("listen", was.listen != next.listens.listen),
            ("data_dir", was.data_dir != next.listens.data_dir),
        ];
        changed.iter().filter(|(_, c)| *c).map(|(key, _)| format!("{key} counts after a restart")).collect()
    }

    /// A config that could not be taken is a trouble until one is.
    async fn tell_operators(&self, wrong: Option<&String>) {
        let now = self.cx.clock.now();
        let known = self.bad_config.swap(wrong.is_some(), std::sync::atomic::Ordering::AcqRel);
        if wrong.is_none() && !known {
            return;
        }
        let Ok(provider) = trouble::ourselves() else { return };
        let t = Trouble {
            provider,
            about: "config".into(),
            change: if wrong.is_some() { Change::Opened } else { Change::Resolved },
            severity: Severity::Major,
            title: if wrong.is_some() { "the changed config was not taken" } else { "the config is right again" }
                .into(),
            summary: wrong
                .map_or_else(String::new, |w| format!("The old one stays in force. forewarn check says: {w}")),
            native_id: None,
        };
        if let Err(e) = trouble::report(&self.cx, &t, now).await {
            tracing::warn!(error = %e, "the operators could not be told of the config");
        }
    }
}
