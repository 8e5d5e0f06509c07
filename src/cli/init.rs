//! `forewarn init`: a commented config.

use super::{Done, Failure, Place, out};
use crate::config::DEFAULTS;
use crate::config::draft::{Draft, DraftOwner, DraftService};
use crate::engine::known;
use crate::engine::scan::{self, Known, Options};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files that stand at the root of something that is built or deployed.
const MANIFESTS: [&str; 10] = [
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "Cargo.toml",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "Gemfile",
    "Dockerfile",
];

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  forewarn init && $EDITOR forewarn.toml && forewarn check\n  forewarn init --scan .      # drafts services from the model ids found in this tree"
)]
pub(super) struct Args {
    /// Where to write it
    #[arg(default_value = "forewarn.toml")]
    path: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Draft services from the model ids found in this tree
    #[arg(long, value_name = "PATH")]
    scan: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, place: &Place) -> Done {
    let drafted = match &args.scan {
        None => None,
        Some(tree) => Some(draft(tree, place).await?),
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !args.force {
        options.create_new(true);
    }
    let path = args.path.display();
    let mut file = options.open(&args.path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::Usage(format!("{path} is there already: look at it, or use --force to replace it"))
        }
        _ => Failure::Fault(format!("cannot write {path}: {e}")),
    })?;
    file.write_all(DEFAULTS.as_bytes())?;
    if let Some(d) = &drafted {
        let head = "\n# ---- Drafted by forewarn init --scan: name the owners, and look at what was found. ----\n";
        file.write_all(format!("{head}{}", d.to_toml()).as_bytes())?;
        out::say(&format!(
            "{} drafted from the ids found: look at the end of {path}.",
            out::counted(d.services.len(), "service")
        ))?;
    }
    out::say(&format!(
        "{path} written. Next:\n  1. name your owners and services in it\n  2. forewarn providers subscribe openai  how to connect a webhook\n  3. forewarn check                       finds mistakes before they matter\n  4. forewarn serve"
    ))
}

/// A service for each folder with a manifest in which ids stand, all of one owner until somebody says otherwise.
async fn draft(tree: &Path, place: &Place) -> Result<Draft, Failure> {
    let app = place.look_or_empty()?;
    let endings = known::deprecations(&app.cx).await?;
    let known = Known { endings: &endings, models: &app.cx.known.models };
    let found = scan::scan(tree, known, Options { all: true, no_ignore: false }, Date::MIN).map_err(Failure::Usage)?;
    let mut homes: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for p in found.items.iter().filter(|p| !p.role.only_mentions()) {
        homes.entry(home(tree, Path::new(&p.path))).or_default().insert(p.id.clone());
    }
    let mut d = Draft::default();
    if !homes.is_empty() {
        d.owners
            .insert("me".into(), DraftOwner { found_as: "who answers? name the team".into(), ..DraftOwner::default() });
    }
    for (folder, uses) in homes {
        let whole = tree.canonicalize().ok().and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
        let shown = folder.display().to_string();
        let theirs = if shown.is_empty() { whole.unwrap_or_else(|| "app".into()) } else { shown.clone() };
        let found_as = if shown.is_empty() { "the whole tree".to_owned() } else { shown };
        d.service(&theirs, DraftService { owner: "me".into(), uses, found_as, ..DraftService::default() });
    }
    Ok(d)
}

/// The nearest folder above a file that has a manifest; the root where none has.
fn home(tree: &Path, file: &Path) -> PathBuf {
    let has_manifest = |folder: &&Path| MANIFESTS.iter().any(|m| tree.join(folder).join(m).exists());
    file.ancestors().skip(1).find(has_manifest).map_or_else(PathBuf::new, Path::to_owned)
}
