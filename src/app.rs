//! L5: the only wiring place. From a checked config to running parts.
//!
//! In: [`Config`], a data folder. Out: contexts for commands, and the daemon. Invariant: a task that ends early ends the
//! process with an error; SIGTERM drains within 20 s. Refuses to start beside another forewarn on the same data.

mod channels;
mod life;
mod scratch;
mod serve;

pub use channels::channels;
pub use scratch::Scratch;
pub use serve::Reloading;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Heart};
use crate::engine::access::Access;
use crate::engine::act::Reopener;
use crate::engine::adopt::Adopter;
use crate::engine::catchup::CatchUp;
use crate::engine::clockwatch::{ClockBase, ClockWatch, Past, servers};
use crate::engine::confirm::Confirmer;
use crate::engine::connections::Connection;
use crate::engine::count::{Counted, Counter, counters};
use crate::engine::deliver::{Channels, DeadLetters, Deliverer};
use crate::engine::digest::{Digester, preview};
use crate::engine::follow::Follower;
use crate::engine::gaps::GapWatch;
use crate::engine::housekeep::Housekeeper;
use crate::engine::links::Links;
use crate::engine::normalize::Normalizer;
use crate::engine::poll::{Off, Poller, Target, Wanted, targets};
use crate::engine::press::Presser;
use crate::engine::private::PrivateDeadlines;
use crate::engine::receive::Receiver;
use crate::engine::reckon::Reckoner;
use crate::engine::rehearse::rehearse;
use crate::engine::remind::Reminder;
use crate::engine::silence::Watcher;
use crate::engine::silences::SilenceKeeper;
use crate::engine::skew::SkewWatch;
use crate::engine::socket::Ear;
use crate::engine::{Context, Nudges};
use crate::fetch::{Client, Settings};
use crate::model::ConnectionId;
use crate::notify::render::template::Templates;
use crate::notify::{Channel, Message};
use crate::provider::snapshot;
use crate::store::folder::{self, DataFolder};
use crate::store::sqlite::Sqlite;
use crate::store::{Housekeeping, Store, StoreError};
use crate::tasks::Job;
use crate::web::actions::Actions;
use crate::web::pages::{Given, Played, SettingGroup, Site};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Why the app cannot run; the command chooses the exit code.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting that only shows itself when used.
    #[error("{0}")]
    Setting(String),
    /// The system.
    #[error("{0}")]
    System(String),
}

/// Everything configured, with a store.
pub struct App {
    /// What the engine needs.
    pub cx: Context,
    /// Connections.
    pub connections: Arc<BTreeMap<ConnectionId, Connection>>,
    /// Channels.
    pub channels: Arc<Channels>,
    /// Polled sources.
    pub targets: Vec<Target>,
    /// Sources that are not polled.
    pub off: Off,
    /// Counters of our calls.
    pub counted: Vec<Counted>,
    /// The way out.
    pub fetch: Settings,
    sqlite: Arc<Sqlite>,
    folder: PathBuf,
    low_water: u64,
    public_url: Option<String>,
    heartbeat: Option<Heart>,
    settings: Vec<SettingGroup>,
    templates: Option<Arc<Templates>>,
    access: Access,
    listens: Listens,
    bad_config: Arc<AtomicBool>,
}

/// What a reload cannot change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listens {
    intake: SocketAddr,
    listen: SocketAddr,
    data_dir: Option<PathBuf>,
}

/// What an app is wired over.
struct Wiring {
    sqlite: Arc<Sqlite>,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    nudges: Arc<Nudges>,
    /// What the clock is measured against.
    believed: ClockBase,
}

/// Where the daemon listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Public.
    pub intake: SocketAddr,
    /// Private.
    pub listen: SocketAddr,
}

impl App {
    /// Opens the store for writing; the caller holds the folder.
    ///
    /// # Errors
    /// The data, or a channel that cannot be set up.
    pub fn open(config: Config, held: &DataFolder) -> Result<Self, AppError> {
        let sqlite = Sqlite::open(&folder::database(held.path()))?;
        Self::with(config, sqlite, held.path(), Arc::new(SystemClock))
    }

    /// Opens the store for looking.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn look(config: Config, path: &Path) -> Result<Self, AppError> {
        let sqlite = Sqlite::open_read_only(&folder::database(path))?;
        Self::with(config, sqlite, path, Arc::new(SystemClock))
    }

    /// As [`App::look`]; where nothing was ever stored, over an empty store that keeps nothing.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn look_or_empty(config: Config, path: &Path) -> Result<Self, AppError> {
        if folder::database(path).exists() {
            return Self::look(config, path);
        }
        Self::with(config, Sqlite::empty()?, path, Arc::new(SystemClock))
    }

    /// Wires everything over a store and a clock.
    ///
    /// # Errors
    /// A channel that cannot be set up.
    pub fn with(config: Config, sqlite: Sqlite, path: &Path, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let nudges = Arc::new(Nudges::default());
        let made = config.snapshot.then(snapshot::taken_at).flatten();
        let believed = ClockBase::at_start(&*clock, Past { newest: sqlite.newest()?, made });
        Self::over(config, Wiring { sqlite: Arc::new(sqlite), folder: path.to_owned(), believed, clock, nudges })
    }

    fn over(config: Config, w: Wiring) -> Result<Self, AppError> {
        let Wiring { sqlite, folder, clock, nudges, believed } = w;
        let settings = crate::config::settings(&config);
        let settings = settings.into_iter().map(|(name, rows)| SettingGroup { name, rows }).collect();
        let store: Arc<dyn Store> = sqlite.clone();
        let listens = Listens { intake: config.intake, listen: config.listen, data_dir: config.data_dir };
        let cx = Context {
            store,
            catalog: Arc::new(config.catalog),
            directory: Arc::new(config.directory),
            known: if config.snapshot { &snapshot::BUILT_IN } else { &snapshot::NONE },
            clock,
            believed,
            nudges,
        };
        let wanted =
            Wanted { connections: &config.connections, watch: config.watch.as_deref(), allow: &config.fetch.allow };
        let (targets, off) = targets(&cx.catalog, &cx.directory, wanted);
        let counted = counters(&cx.catalog, &config.connections, &config.fetch.allow);
        let channels = Arc::new(channels(&config.channels)?);
        Ok(Self {
            cx,
            connections: Arc::new(config.connections),
            channels,
            targets,
            off,
            counted,
            fetch: config.fetch,
            sqlite,
            folder,
            low_water: config.low_water,
            templates: (!config.templates.is_empty()).then(|| Arc::new(config.templates)),
            public_url: config.public_url,
            heartbeat: config.heartbeat,
            access: config.access,
            listens,
            bad_config: Arc::default(),
            settings,
        })
    }

    /// An empty store in a folder of its own, for a rehearsal.
    ///
    /// # Errors
    /// The system's.
    pub fn scratch(&self) -> Result<Scratch, AppError> {
        Scratch::make()
    }

    /// What the command line and the control socket may do.
    pub fn actions(
        &self,
        receiver: Option<Arc<Receiver>>,
        tasks: Arc<dyn Fn() -> Vec<crate::engine::status::Task> + Send + Sync>,
    ) -> Actions {
        Actions {
            cx: self.cx.clone(),
            channels: self.channels.clone(),
            targets: self.targets.clone(),
            off: self.off.clone(),
            connections: self.connections.clone(),
            configured: self.configured(),
            receiver,
            tasks,
            reload: None,
        }
    }

    /// The pages.
    pub fn site(&self, actions: Arc<Actions>) -> Arc<Site> {
        let Listens { intake, listen, .. } = self.listens;
        self.site_at(actions, Addresses { intake, listen })
    }

    /// The pages, where the listeners are these.
    fn site_at(&self, actions: Arc<Actions>, at: Addresses) -> Arc<Site> {
        let cx = self.cx.clone();
        let rehearse = Box::new(move |span| -> Played {
            let cx = cx.clone();
            Box::pin(async move {
                let scratch = Scratch::make().map_err(|e| e.to_string())?;
                let played = rehearse(&cx, scratch.store(), span, &|_, _| {}).await;
                scratch.close().await;
                played.map_err(|e| e.to_string())
            })
        });
        let mut settings = self.settings.clone();
        // What the command line says counts, not what the config does.
        for row in settings.iter_mut().flat_map(|g| &mut g.rows) {
            match row.0.as_str() {
                "intake" => row.1 = at.intake.to_string(),
                "listen" => row.1 = at.listen.to_string(),
                _ => {}
            }
        }
        let given = Given { public_url: self.public_url.clone(), settings, rehearse };
        Site::new(actions, given)
    }

    /// Connections whose webhook is on.
    pub fn configured(&self) -> Vec<ConnectionId> {
        self.connections.values().filter(|c| !c.webhook_secrets.is_empty()).map(|c| c.id.clone()).collect()
    }

    /// Prepares the hooks.
    ///
    /// # Errors
    /// A secret that does not fit.
    pub fn receiver(&self) -> Result<Arc<Receiver>, AppError> {
        let wrong = |list: Vec<(ConnectionId, usize, String)>| {
            let lines: Vec<String> =
                list.into_iter().map(|(id, n, why)| format!("connection {id}: secret {n} {why}")).collect();
            AppError::Setting(lines.join("\n"))
        };
        Receiver::new(&self.cx, &self.connections).map(Arc::new).map_err(wrong)
    }

    /// The links of messages, where the outside reaches us.
    fn links(&self) -> Result<Option<Arc<Links>>, AppError> {
        let Some(url) = &self.public_url else { return Ok(None) };
        Ok(Some(Arc::new(Links::new(&folder::instance_key(&self.folder)?, url))))
    }

    /// Waits until everything written is on disk.
    pub async fn close(&self) {
        self.sqlite.close().await;
    }

    /// The digest an owner would get now; none where nobody would read it.
    ///
    /// # Errors
    /// The store's.
    pub async fn digest(&self, owner: &str) -> Result<Option<Message>, StoreError> {
        let deliverer = Deliverer {
            cx: self.cx.clone(),
            channels: self.channels.clone(),
            channel: String::new(),
            links: None,
            templates: None,
            targets: Arc::new(self.targets.clone()),
        };
        preview(&deliverer, owner, self.cx.clock.now()).await
    }

    /// Every job of the daemon.
    ///
    /// # Errors
    /// The key of links.
    pub fn jobs(&self, receiver: &Arc<Receiver>) -> Result<Vec<Job>, AppError> {
        let cx = &self.cx;
        let seconds = Duration::from_secs;
        let (links, targets) = (self.links()?, Arc::new(self.targets.clone()));
        let deliverer = || Deliverer {
            cx: cx.clone(),
            channels: self.channels.clone(),
            channel: String::new(),
            links: links.clone(),
            templates: self.templates.clone(),
            targets: targets.clone(),
        };
        let keeper = Arc::new(self.keeper(receiver));
        let reminder = Arc::new(Reminder { cx: cx.clone() });
        // One client for all: each keeps the system's certificates and its own connections.
        let client = Arc::new(Client::new(self.fetch.clone()));
        let asked = servers(&self.targets, &cx.catalog, &self.connections, cx.clock.now());
        let watch = Arc::new(ClockWatch::new(cx.clone(), client.clone(), asked));
        let mut jobs = vec![
            job("clock", seconds(5), watch, |w, now| async move { w.tick(now).await }),
            job("disk", seconds(5), keeper, |k, now| async move { k.watch_disk(now).await }),
            job("remind", seconds(20), reminder, |r, now| async move { r.tick(now).await })
                .nudged(cx.nudges.clone(), |n| &n.remind),
        ];
        for name in self.channels.keys() {
            let d = Arc::new(Deliverer { channel: name.clone(), ..deliverer() });
            jobs.push(
                job(format!("deliver {name}"), seconds(1), d, |d, now| async move { d.tick(now).await })
                    .nudged(cx.nudges.clone(), |n| &n.deliver),
            );
        }
        for (name, _) in self.channels.iter().filter(|(_, c)| matches!(c, Channel::Slack(bot) if bot.has_socket())) {
            let presser = Presser { cx: cx.clone(), channels: self.channels.clone() };
            let ear = Arc::new(Ear::new(presser, name.clone()));
            jobs.push(job(format!("buttons {name}"), seconds(1), ear, |e, now| async move { e.tick(now).await }));
        }
        let follower = Arc::new(Follower { deliverer: deliverer() });
        let follow = job("follow", seconds(20), follower, |f, now| async move { f.tick(now).await });
        jobs.extend(self.timely_jobs(receiver, client).into_iter().chain([follow]).map(|j| j.resting(cx.clone())));
        Ok(jobs)
    }

    fn keeper(&self, receiver: &Arc<Receiver>) -> Housekeeper {
        let (cx, receiver) = (self.cx.clone(), receiver.clone());
        Housekeeper { cx, folder: self.folder.clone(), receiver, low_water: self.low_water }
    }

    /// What would do harm on a wrong date: it rests while the clock is doubted.
    fn timely_jobs(&self, receiver: &Arc<Receiver>, client: Arc<Client>) -> Vec<Job> {
        let cx = &self.cx;
        let seconds = Duration::from_secs;
        let normalizer = Arc::new(Normalizer::new(cx.clone()));
        let dead = Arc::new(DeadLetters { cx: cx.clone() });
        let keeper = Arc::new(self.keeper(receiver));
        let mut jobs = vec![
            job("normalize", seconds(1), normalizer, |n, now| async move { n.tick(now).await })
                .nudged(cx.nudges.clone(), |n| &n.normalize),
            job("dead-letters", seconds(5), dead, |d, now| async move { d.tick(now).await }),
            job("prune", seconds(600), keeper, |k, now| async move { k.prune(now).await }),
        ];
        let catcher = CatchUp::new(cx.clone(), client.clone(), receiver.clone(), &self.connections);
        jobs.push(job("catch up", seconds(60), Arc::new(catcher), |c, now| async move { c.tick(now).await }));
        let confirmer = Arc::new(Confirmer { cx: cx.clone() });
        jobs.push(job("confirm", seconds(60), confirmer, |c, now| async move { c.tick(now).await }));
        let private = Arc::new(PrivateDeadlines { cx: cx.clone() });
        jobs.push(job("deadlines", seconds(3_600), private, |p, now| async move { p.tick(now).await }));
        let adopter = Arc::new(Adopter { cx: cx.clone() });
        jobs.push(job("adopt", seconds(300), adopter, |a, now| async move { a.tick(now).await }));
        if !self.counted.is_empty() {
            let counter = Counter { cx: cx.clone(), client: client.clone(), counted: self.counted.clone() };
            jobs.push(job("usage", seconds(60), Arc::new(counter), |c, now| async move { c.tick(now).await }));
        }
        let gaps = Arc::new(GapWatch { cx: cx.clone() });
        jobs.push(job("gaps", seconds(3_600), gaps, |g, now| async move { g.tick(now).await }));
        let watcher = Arc::new(Watcher { cx: cx.clone(), configured: self.configured() });
        jobs.push(job("silence", seconds(3_600), watcher, |w, now| async move { w.tick(now).await }));
        let reopener = Arc::new(Reopener { cx: cx.clone() });
        jobs.push(job("reopen", seconds(60), reopener, |r, now| async move { r.tick(now).await }));
        let reckoner = Arc::new(Reckoner { cx: cx.clone() });
        jobs.push(job("reckon", seconds(3_600), reckoner, |r, now| async move { r.tick(now).await }));
        let silences = Arc::new(SilenceKeeper { cx: cx.clone() });
        jobs.push(job("silences", seconds(30), silences, |s, now| async move { s.tick(now).await }));
        let skew = Arc::new(SkewWatch::new(cx.clone(), receiver.clone(), client.clone()));
        jobs.push(job("webhook clocks", seconds(5), skew, |w, now| async move { w.tick(now).await }));
        let digester = Arc::new(Digester { cx: cx.clone() });
        jobs.push(job("digest", seconds(60), digester, |d, now| async move { d.tick(now).await }));
        // A contact whose channel left the config still has its letters settled: they die visibly.
        let orphans = Arc::new((cx.clone(), self.channels.clone()));
        jobs.push(job("orphans", seconds(30), orphans, |o, now| async move { settle_orphans(&o.0, &o.1, now).await }));
        if !self.targets.is_empty() {
            let poller = Arc::new(Poller::new(cx.clone(), client, self.targets.clone()));
            jobs.push(
                job("poll", seconds(2), poller, |p, now| async move { p.tick(now).await })
                    .nudged(cx.nudges.clone(), |n| &n.poll),
            );
        }
        jobs
    }

    /// A private side that others can reach needs somebody who may enter, or it is a mistake.
    async fn somebody_can_enter(&self, listen: SocketAddr) -> Result<(), AppError> {
        if listen.ip().is_loopback() || self.access.proxy.is_some() {
            return Ok(());
        }
        let now = self.cx.clock.now();
        if self.cx.store.tokens().await?.iter().any(|t| t.lives(now)) {
            return Ok(());
        }
        Err(AppError::Setting(format!(
            "the private side would listen on {listen}, where others reach it, and nobody could sign in: make a token first with \
             `forewarn token add NAME --role admin`, or set [access.proxy], or listen on 127.0.0.1"
        )))
    }

    /// Looks at every page of the file after the start, not before it.
    #[expect(clippy::disallowed_methods, reason = "one look beside the daemon; its result is logged")]
    fn quick_check_later(&self) {
        let sqlite = self.sqlite.clone();
        tokio::spawn(async move {
            if let Err(e) = sqlite.quick_check().await {
                tracing::error!(error = %e, "the database did not pass its check");
            }
        });
    }
}

fn job<T, Fut>(
    name: impl Into<String>,
    period: Duration,
    holder: Arc<T>,
    tick: fn(Arc<T>, jiff::Timestamp) -> Fut,
) -> Job
where
    T: Send + Sync + 'static,
    Fut: Future<Output = Result<crate::engine::Report, StoreError>> + Send + 'static,
{
    Job::new(name, period, move |now| tick(holder.clone(), now))
}

async fn settle_orphans(
    cx: &Context,
    channels: &Arc<Channels>,
    now: jiff::Timestamp,
) -> Result<crate::engine::Report, StoreError> {
    for channel in cx.store.channels_due(now).await?.into_iter().filter(|c| !channels.contains_key(c)) {
        let (cx, channels) = (cx.clone(), channels.clone());
        let orphan = Deliverer { cx, channels, channel, links: None, templates: None, targets: Arc::default() };
        orphan.tick(now).await?;
    }
    Ok(crate::engine::Report::default())
}

/// Must run once before any channel or client is made.
pub fn install_tls() {
    // An error says that it was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
