//! `forewarn owners`: who owns what, what nobody owns, and drafts from files a team already has.

use super::{Done, Failure, Place, out};
use crate::clock::{Clock, SystemClock};
use crate::config::draft::{Draft, backstage, codeowners};
use crate::engine::gaps::gaps;
use crate::engine::listing::owners;
use crate::engine::scan::{self, Known, Options};
use crate::notify::console::text;
use crate::notify::render::render;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use jiff::civil::Date;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  forewarn owners\n  forewarn owners --gaps                      # exit 3 if there are any\n  forewarn owners --digest search             # what search would read now\n  forewarn owners import .github/CODEOWNERS --scan .\n  forewarn owners import catalog-info.yaml > owners/teams.toml"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// What is used and nobody owns, who cannot be reached, which shutdowns reach only the catch-all; exit 3 if there are any
    #[arg(long)]
    gaps: bool,
    /// Print the digest this owner would get now; sends nothing
    #[arg(long, value_name = "OWNER", conflicts_with_all = ["gaps", "json"])]
    digest: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print owners and services as TOML, from CODEOWNERS or Backstage catalog files
    #[command(
        after_help = "Examples:\n  forewarn owners import CODEOWNERS --scan . > owners/teams.toml\n  forewarn owners import services/*/catalog-info.yaml\n\nA file whose name ends in .yaml or .yml is read as Backstage, any other as CODEOWNERS."
    )]
    Import {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Look for ids in this tree, and give each service those that stand in its folder (CODEOWNERS only)
        #[arg(long, value_name = "PATH")]
        scan: Option<PathBuf>,
    },
}

pub(super) async fn run(args: Args, place: &Place) -> Done {
    match args.what {
        Some(What::Import { files, scan }) => import(&files, scan.as_deref()),
        None if args.gaps => list_gaps(args.json, place).await,
        None if args.digest.is_some() => digest(&args.digest.unwrap_or_default(), place).await,
        None => list(args.json, place),
    }
}

fn list(json: bool, place: &Place) -> Done {
    let app = place.look_or_empty()?;
    let all = owners(&app.cx);
    if json {
        return out::list(&all, None);
    }
    let row = |o: &crate::engine::listing::OwnerRow| {
        let lead = if o.has_lead { "yes" } else { "" };
        let digest = o.next_digest_at.map_or_else(|| "off".to_owned(), |at| local(at, &o.zone));
        vec![o.id.clone(), o.contacts.join(", "), lead.to_owned(), o.zone.clone(), digest, o.services.join(", ")]
    };
    out::table(
        &["OWNER", "CONTACTS", "LEAD", "ZONE", "NEXT DIGEST", "SERVICES"],
        &all.iter().map(row).collect::<Vec<_>>(),
    )?;
    out::say(&format!("\nWhat nobody covers goes to {}. Next: forewarn owners --gaps", app.cx.directory.catch_all))
}

/// A moment in the zone of whoever it concerns.
fn local(at: jiff::Timestamp, zone: &str) -> String {
    at.in_tz(zone).map_or_else(|_| out::moment(at), |t| format!("{} {}", out::day(t.date()), t.strftime("%H:%M %Z")))
}

async fn digest(owner: &str, place: &Place) -> Done {
    let app = place.look_or_empty()?;
    match app.digest(owner).await? {
        Some(message) => out::verbatim(&text(&render(&message))),
        None => {
            let names: Vec<&str> = app.cx.directory.owners().map(|o| o.name.as_str()).collect();
            Err(Failure::Usage(format!("{owner:?} gets no digest: owners are {}", names.join(", "))))
        }
    }
}

async fn list_gaps(json: bool, place: &Place) -> Done {
    let app = place.look_or_empty()?;
    let all = gaps(&app.cx, SystemClock.now()).await?;
    if json {
        out::list(&all, None)?;
    } else if all.is_empty() {
        out::say("No gaps: what is used has an owner, and every contact works as far as it was tried.")?;
    } else {
        for g in &all {
            out::say(&format!("{}  {}\n    {}", g.lack.as_str().to_uppercase(), g.title, g.advice))?;
        }
    }
    if all.is_empty() { Ok(()) } else { Err(Failure::Found) }
}

fn import(files: &[PathBuf], tree: Option<&Path>) -> Done {
    let mut draft = Draft::default();
    let mut rules = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file)
            .map_err(|e| Failure::Usage(format!("cannot read {}: {e}", file.display())))?;
        let yaml = file.extension().is_some_and(|x| x == "yaml" || x == "yml");
        if yaml {
            backstage::read(&text, &mut draft).map_err(|e| Failure::Usage(format!("{}: {e}", file.display())))?;
        } else {
            rules.append(&mut codeowners::read(&text, &mut draft));
        }
    }
    if let Some(tree) = tree {
        uses(&mut draft, &rules, tree)?;
    }
    out::verbatim(&draft.to_toml())
}

/// Gives each service the ids that stand in its folder; the last rule that fits a file counts.
fn uses(draft: &mut Draft, rules: &[codeowners::Rule], tree: &Path) -> Done {
    let known = &crate::provider::snapshot::BUILT_IN;
    let known = Known { endings: &known.endings, models: &known.models };
    let found = scan::scan(tree, known, Options { all: true, no_ignore: false }, Date::MIN).map_err(Failure::Usage)?;
    let matcher = |r: &codeowners::Rule| -> Option<Gitignore> {
        let mut b = GitignoreBuilder::new("");
        b.add_line(None, &r.pattern).ok()?;
        b.build().ok()
    };
    let matchers: Vec<(Option<Gitignore>, &codeowners::Rule)> = rules.iter().map(|r| (matcher(r), r)).collect();
    let mut homeless = 0;
    for p in found.items.iter().filter(|p| !p.role.only_mentions()) {
        let fits = |m: &Option<Gitignore>| {
            m.as_ref().is_some_and(|m| m.matched_path_or_any_parents(Path::new(&p.path), false).is_ignore())
        };
        let rule = matchers.iter().rev().find(|(m, _)| fits(m)).map(|(_, r)| r);
        match rule.and_then(|r| r.service.as_ref()).and_then(|s| draft.services.get_mut(s)) {
            Some(s) => drop(s.uses.insert(p.id.clone())),
            None => homeless += 1,
        }
    }
    if homeless > 0 {
        draft.notes.push(format!(
            "{homeless} places name a model and are in no service's folder: forewarn scan {} --all",
            tree.display()
        ));
    }
    Ok(())
}
