//! L6: the command line; a file a command.
//!
//! In: arguments. Out: results on stdout, logs and errors on stderr, an exit code. Invariant: 0 done, 1 fault, 2 wrong
//! usage or config, 3 a check found something, 4 another forewarn holds the data, 5 the database is damaged or newer.
//! Refuses to treat a closed pipe as an error.

mod act;
mod add_status;
mod alerts;
mod audit;
mod backup;
mod between;
mod calendar;
mod check;
mod completions;
mod deliveries;
mod demo;
mod deprecations;
mod doctor;
mod episodes;
mod events;
mod init;
mod man;
mod now;
mod openapi;
mod out;
mod owners;
mod plan;
mod progress;
mod providers;
mod read;
mod rehearse;
mod reload;
mod replay;
mod restore;
mod resume;
mod route;
mod scan;
mod schema;
mod scorecard;
mod send_test;
mod serve;
mod setup;
mod silence;
mod simulate;
mod status;
mod subscribe;
mod token;
mod usage;

use crate::app::AppError;
use crate::config::Problems;
use crate::model::Kind;
use crate::store::StoreError;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Hears what your providers announce, and makes sure the person who owns the affected thing knows in time.
#[derive(Debug, Parser)]
#[command(
    name = "forewarn",
    version,
    after_help = "First steps:\n  forewarn demo      see it work, without any key\n  forewarn init      write a commented forewarn.toml\n  forewarn check     find mistakes in it\n  forewarn serve     run it\n\nExit codes: 0 done, 1 fault, 2 wrong usage or config, 3 a check found something,\n4 another forewarn holds the data, 5 the database is damaged or newer.\nLogs go to stderr: FOREWARN_LOG=debug for more, FOREWARN_LOG_FORMAT=json for machines."
)]
struct Cli {
    /// The config file [default: $FOREWARN_CONFIG, ./forewarn.toml, /etc/forewarn/forewarn.toml, else embedded defaults]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where things are")]
    config: Option<PathBuf>,
    /// The data folder [default: $FOREWARN_DATA, data_dir of the config, $STATE_DIRECTORY, ./forewarn-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Where things are")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon: receive webhooks, poll sources, remind people
    Serve(serve::Args),
    /// See it work in a few seconds, without any key: a fake provider, signed webhooks, a deprecation, an incident
    Demo(demo::Args),
    /// Write a commented forewarn.toml
    Init(init::Args),
    /// Check the config and everything it names, without network; all mistakes at once
    Check(check::Args),
    /// Show what a changed config would do to open alerts; exit 3 if one becomes unreachable
    Plan(plan::Args),
    /// Check, and look at the disk, the database and the pages we poll; says what to do about each finding
    Doctor(doctor::Args),
    /// List providers, show one, connect one, or check a provider file
    Providers(providers::Args),
    /// Find out how a status page speaks, and write a provider file for it
    AddStatus(add_status::Args),
    /// Show what is read from a captured page or webhook body; stores nothing
    Read(read::Args),
    /// Show who would be told of an event, why, and every reminder with its date
    Route(route::Args),
    /// List what each connection has sent, who is silent, and what was refused
    Deliveries(deliveries::Args),
    /// List events, newest first
    Events(events::Args),
    /// List alerts, newest first
    Alerts(alerts::Args),
    /// Say that you have seen an alert, and when you will be done
    Ack(act::AckArgs),
    /// Keep an alert quiet for a while, never past its deadline
    Snooze(act::SnoozeArgs),
    /// Say that an alert, or a service of it, is dealt with, and why
    Resolve(act::ResolveArgs),
    /// Open an alert again that was resolved
    Reopen(act::ReopenArgs),
    /// Give an alert to another owner
    Reassign(act::ReassignArgs),
    /// Mute what a matcher fits, until a time; list and end silences
    Silence(silence::Args),
    /// List what ends when, whose it is, and where it stands
    Calendar(calendar::Args),
    /// Is it them? Open incidents, recent changes, and how well we hear those who would say so
    Now(now::Args),
    /// Show what any provider changed or suffered in a window, with evidence; Markdown for a postmortem
    Between(between::Args),
    /// Play known history through this config: who would have been told, and when; sends nothing
    Rehearse(rehearse::Args),
    /// List incidents, newest first
    Incidents(episodes::Args),
    /// List planned and past maintenance, newest first
    Maintenance(episodes::Args),
    /// List what providers said about money, newest first
    Billing(episodes::Args),
    /// List owners, and what nobody owns or can be told; import them from CODEOWNERS and Backstage files
    Owners(owners::Args),
    /// Find the ids that end in code and settings
    Scan(scan::Args),
    /// Tell what you use, from exports, gateways and scans, or list it
    Usage(usage::Args),
    /// Show what every source says of one deprecation, or say which date is true
    Deprecations(deprecations::Args),
    /// Let the daemon read its changed config; the old one stays if it is wrong
    Reload(reload::Args),
    /// Copy the data while it is in use; the copy is checked and held
    Backup(backup::Args),
    /// Put a copy back; nothing is sent from it before `resume`
    Restore(restore::Args),
    /// List what restored data would send, and let it go
    Resume(resume::Args),
    /// Make, list or revoke tokens for the private side
    Token(token::Args),
    /// Send a test message through the real channel of a contact
    SendTest(send_test::Args),
    /// Print, or send, a correctly signed sample webhook of a provider
    Simulate(simulate::Args),
    /// Read again what could not be read, for example after a provider file was improved
    Replay(replay::Args),
    /// Show how forewarn itself is: what needs a person, sources, hooks, messages given up
    Status(status::Args),
    /// Print the JSON Schema of the config, of a provider file or of an event
    Schema(schema::Args),
    /// Print the OpenAPI description of the API
    Openapi(openapi::Args),
    /// Print what a shell needs to complete our commands
    Completions(completions::Args),
    /// Print the manual page, or write one for each command
    Man(man::Args),
    /// Count what came in and what became of it; exit 3 if it does not add up
    Audit(audit::Args),
}

/// How a command ends when it does not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// 1: our fault or the system's.
    Fault(String),
    /// 2: wrong usage, config or provider file.
    Usage(String),
    /// 3: a check the user asked for found something; what it found is on stdout already.
    Found,
    /// 4: another forewarn holds the data.
    InUse(String),
    /// 5: the database is damaged or newer than this binary.
    Data(String),
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::InUse(_) => Failure::InUse(e.to_string()),
            StoreError::Damaged(_) | StoreError::Newer { .. } => Failure::Data(e.to_string()),
            StoreError::Folder(_) => Failure::Usage(e.to_string()),
            StoreError::Unavailable(_) => Failure::Fault(e.to_string()),
        }
    }
}
impl From<AppError> for Failure {
    fn from(e: AppError) -> Self {
        match e {
            AppError::Store(s) => s.into(),
            AppError::Setting(m) => Failure::Usage(m),
            AppError::System(m) => Failure::Fault(m),
        }
    }
}
impl From<Problems> for Failure {
    fn from(p: Problems) -> Self {
        Failure::Usage(p.to_string())
    }
}
impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Failure::Fault(e.to_string())
    }
}

type Done = Result<(), Failure>;

/// What every command needs to find its config and data.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    config: Option<PathBuf>,
    data: Option<PathBuf>,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(c) => c,
        Err(e) => {
            // clap prints help and version to stdout, errors to stderr; a closed pipe is no error.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    setup::logging(matches!(cli.command, Command::Serve(_)));
    crate::app::install_tls();
    let place = Place { config: cli.config, data: cli.data };
    let runtime = match setup::runtime() {
        Ok(r) => r,
        Err(e) => return report(Failure::Fault(format!("cannot start: {e}"))),
    };
    match runtime.block_on(run(cli.command, place)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(f) => report(f),
    }
}

async fn run(command: Command, place: Place) -> Done {
    match command {
        Command::Serve(a) => serve::run(a, place).await,
        Command::Demo(a) => demo::run(a).await,
        Command::Init(a) => init::run(&a, &place).await,
        Command::Check(a) => check::run(&a, &place).await,
        Command::Plan(a) => plan::run(&a, &place).await,
        Command::Doctor(a) => doctor::run(a, place).await,
        Command::Providers(a) => providers::run(a, &place).await,
        Command::AddStatus(a) => add_status::run(a, &place).await,
        Command::Read(a) => read::run(&a, &place),
        Command::Route(a) => route::run(&a, &place),
        Command::Deliveries(a) => deliveries::run(a, place).await,
        Command::Events(a) => events::run(a, place).await,
        Command::Alerts(a) => alerts::run(a, place).await,
        Command::Owners(a) => owners::run(a, &place).await,
        Command::Ack(a) => act::ack(a, place).await,
        Command::Snooze(a) => act::snooze(a, place).await,
        Command::Resolve(a) => act::resolve(a, place).await,
        Command::Reopen(a) => act::reopen(a, place).await,
        Command::Reassign(a) => act::reassign(a, place).await,
        Command::Silence(a) => silence::run(a, place).await,
        Command::Calendar(a) => calendar::run(a, place).await,
        Command::Now(a) => now::run(a, place).await,
        Command::Between(a) => between::run(a, place).await,
        Command::Rehearse(a) => rehearse::run(a, place).await,
        Command::Incidents(a) => episodes::run(a, Kind::Incident, place).await,
        Command::Maintenance(a) => episodes::run(a, Kind::Maintenance, place).await,
        Command::Billing(a) => episodes::run(a, Kind::Billing, place).await,
        Command::Deprecations(a) => deprecations::run(a, place).await,
        Command::Reload(a) => reload::run(a, place).await,
        Command::Backup(a) => backup::run(a, place).await,
        Command::Restore(a) => restore::run(a, &place).await,
        Command::Resume(a) => resume::run(a, place).await,
        Command::Token(a) => token::run(a, place).await,
        Command::Scan(a) => scan::run(&a, &place).await,
        Command::Usage(a) => usage::run(a, place).await,
        Command::SendTest(a) => send_test::run(a, place).await,
        Command::Simulate(a) => simulate::run(a, place).await,
        Command::Replay(a) => replay::run(a, place).await,
        Command::Status(a) => status::run(a, place).await,
        Command::Schema(a) => schema::run(&a),
        Command::Openapi(a) => openapi::run(&a),
        Command::Completions(a) => completions::run(&a),
        Command::Man(a) => man::run(&a),
        Command::Audit(a) => audit::run(a, place).await,
    }
}

fn report(f: Failure) -> ExitCode {
    let (code, text) = match f {
        Failure::Fault(t) => (1, t),
        Failure::Usage(t) => (2, t),
        Failure::Found => (3, String::new()),
        Failure::InUse(t) => (4, t),
        Failure::Data(t) => (5, t),
    };
    if !text.is_empty() {
        let text = if text.starts_with("error") { text } else { format!("error: {text}") };
        out::complain(&text);
    }
    ExitCode::from(code)
}
