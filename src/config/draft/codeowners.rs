//! CODEOWNERS files of GitHub, GitLab and Bitbucket
//! (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>).
//!
//! In: the text. Out: owners, services, and the pattern of each, in order: the last one that fits a path counts. Invariant:
//! the first owner of a line answers, the others are noted. Refuses patterns across folders (`*.js`): they are no service.

use super::{Draft, DraftService};

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The pattern, as in a `.gitignore`.
    pub pattern: String,
    /// Our name of the first owner; none where nobody owns it.
    pub owner: Option<String>,
    /// Our name of the service that stands for it, where one does.
    pub service: Option<String>,
}

/// Folders that only gather services.
const GATHER: [&str; 9] = ["services", "service", "apps", "packages", "projects", "src", "cmd", "modules", "libs"];

/// Reads a file into a draft.
pub fn read(text: &str, draft: &mut Draft) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut section: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(rest) = line.trim_start_matches('^').strip_prefix('[') {
            // GitLab: a section, with owners of what follows without any.
            section =
                rest.split(']').next_back().into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
            continue;
        }
        let mut words = words(line).into_iter();
        let Some(pattern) = words.next() else { continue };
        let said: Vec<String> = words.take_while(|w| !w.starts_with('#')).collect();
        let owners = if said.is_empty() { section.clone() } else { said };
        let first = owners.iter().find(|o| o.contains('@'));
        let owner = first.map(|o| owner(draft, o));
        if let (Some(o), [_, _, ..]) = (first, owners.as_slice()) {
            let others: Vec<&str> = owners.iter().filter(|x| *x != o).map(String::as_str).collect();
            draft.notes.push(format!("{pattern}: {o} answers; also named: {}", others.join(" ")));
        }
        let service = match (&owner, name(&pattern)) {
            (Some(owner), Name::All) => {
                draft.catch_all = Some(owner.clone());
                None
            }
            (Some(owner), Name::Folder(theirs)) => {
                let found_as = pattern.clone();
                Some(draft.service(&theirs, DraftService { owner: owner.clone(), found_as, ..DraftService::default() }))
            }
            (Some(_), Name::Files) => {
                draft.notes.push(format!("{pattern}: files across folders are no service"));
                None
            }
            (None, _) => None,
        };
        rules.push(Rule { pattern, owner, service });
    }
    rules
}

/// Words; a space in a path is escaped.
fn words(line: &str) -> Vec<String> {
    let marked = line.replace("\\ ", "\u{0}");
    marked.split_whitespace().map(|w| w.replace('\u{0}', " ")).collect()
}

fn owner(draft: &mut Draft, said: &str) -> String {
    let bare = said.trim_start_matches('@');
    match said.strip_prefix('@') {
        Some(_) => draft.owner(said, bare.rsplit('/').next().unwrap_or(bare)),
        None => {
            let name = draft.owner(said, bare.split('@').next().unwrap_or(bare));
            if let Some(o) = draft.owners.get_mut(&name) {
                o.email = Some(said.to_owned());
            }
            name
        }
    }
}

enum Name {
    All,
    Folder(String),
    Files,
}

/// What a pattern stands for: everything, a folder, or files across folders.
fn name(pattern: &str) -> Name {
    let bare = pattern.trim_start_matches("**/").trim_matches('/');
    let bare = bare.trim_end_matches("/**").trim_end_matches("/*").trim_end_matches('/');
    if ["", "*", "**"].contains(&bare) {
        return Name::All;
    }
    if bare.contains(['*', '?', '[']) {
        return Name::Files;
    }
    let mut parts: Vec<&str> = bare.split('/').collect();
    while parts.len() > 1 && GATHER.contains(&parts[0]) {
        parts.remove(0);
    }
    Name::Folder(parts.join("-"))
}
