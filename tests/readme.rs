//! What the papers say is what the program does: commands exist, examples parse, every key is described.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::config::{self, Config, DEFAULTS, Text};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use std::{collections::BTreeSet, fs, process::Command};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Fits every sender; opens nothing.
const SECRET: &str = "whsec_Zm9yZXdhcm4tZGVtby1zZWNyZXQtMzItYnl0ZXMhIQ==";

fn paper(name: &str) -> String {
    fs::read_to_string(format!("{ROOT}/{name}")).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Code of a paper: the language (`span` within a line), and the text.
fn code(text: &str) -> Vec<(String, String)> {
    let (mut out, mut inside) = (Vec::new(), None);
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                inside = Some((language.to_string(), String::new()))
            }
            Event::End(TagEnd::CodeBlock) => out.extend(inside.take()),
            Event::Text(t) => inside.iter_mut().for_each(|(_, all)| all.push_str(&t)),
            Event::Code(c) => out.push(("span".to_owned(), c.to_string())),
            _ => {}
        }
    }
    out
}

fn commands() -> BTreeSet<String> {
    let out = Command::new(env!("CARGO_BIN_EXE_forewarn")).arg("--help").output().unwrap();
    assert!(out.status.success());
    let help = String::from_utf8(out.stdout).unwrap();
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let (list, _) = rest.split_once("\n\n").unwrap();
    let found: BTreeSet<String> = list
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .filter(|c| c != "help")
        .collect();
    assert!(found.contains("serve") && found.len() > 10, "{found:?}");
    found
}

/// The words that follow `before` in a text.
fn words_after<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn the_papers_name_commands_that_exist_and_the_readme_names_all() {
    let commands = commands();
    let mut named = BTreeSet::new();
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/config.md",
        "docs/answers.md",
        "docs/api.md",
        "docs/questions.md",
        "docs/getting-started.md",
        "docs/comparison.md",
        "docs/deploy/README.md",
    ] {
        for (_, text) in code(&paper(name)).iter().filter(|(l, _)| ["span", "sh", "text"].contains(&l.as_str())) {
            for before in ["forewarn ", "--locked -- "] {
                for word in words_after(text, before).filter(|w| !w.is_empty() && !w.starts_with('-')) {
                    assert!(commands.contains(word), "{name}: there is no command {word:?}: {text}");
                    if name == "README.md" {
                        named.insert(word.to_owned());
                    }
                }
            }
        }
    }
    assert_eq!(named, commands, "the README names every command");
}

#[test]
fn the_architecture_names_files_that_exist() {
    let mut count = 0;
    for (_, text) in code(&paper("ARCHITECTURE.md")).iter().filter(|(l, _)| l == "span") {
        if ["src/", "docs/", "providers/"].iter().any(|folder| text.starts_with(folder)) {
            assert!(fs::exists(format!("{ROOT}/{text}")).unwrap(), "there is no {text}");
            count += 1;
        }
    }
    assert!(count > 30, "{count} files");
}

/// Parses an example as it stands, with every secret and folder it refers to.
fn parse(name: &str, text: &str) -> Config {
    forewarn::app::install_tls();
    let here = format!("{ROOT}/providers");
    let text = text
        .replace("\"file:", "\"env:")
        .replace("\"credential:", "\"env:")
        .replace("/etc/forewarn/providers", &here)
        .lines()
        .filter(|l| !l.starts_with("ca_file"))
        .collect::<Vec<_>>()
        .join("\n");
    let given = |name: &str| {
        // A hook and a heartbeat are addresses, PagerDuty's keys have 32 characters, Slack's app-level tokens their own beginning; every other secret is any key.
        Some(match name {
            n if n.ends_with("HOOK") || n.ends_with("_URL") => "https://hooks.slack.example/x".into(),
            n if n.ends_with("PAGERDUTY_KEY") => "0123456789abcdef0123456789abcdef".into(),
            n if n.ends_with("APP_TOKEN") => "xapp-1-A1-of-an-example".into(),
            _ => SECRET.to_owned(),
        })
    };
    config::parse(Text::embedded(name, &text), &given).unwrap_or_else(|problems| panic!("{text}\n{problems}"))
}

#[test]
fn every_example_of_a_config_is_accepted() {
    for (name, least) in [
        ("README.md", 1),
        ("docs/config.md", 6),
        ("docs/channels.md", 8),
        ("docs/routing.md", 1),
        ("docs/getting-started.md", 1),
    ] {
        let blocks: Vec<String> = code(&paper(name)).into_iter().filter(|(l, _)| l == "toml").map(|(_, t)| t).collect();
        assert!(blocks.len() >= least, "{name}: {} examples", blocks.len());
        for block in blocks {
            let config = parse(name, &block);
            assert!(config.notes.is_empty(), "{name}: {:?}\n{block}", config.notes);
        }
    }
}

/// The defaults as they are when somebody takes away every `# `.
fn everything() -> String {
    let prose = DEFAULTS.lines().skip(2);
    prose.map(|l| l.strip_prefix("# ").unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_defaults_parse_as_they_are_and_with_every_example_in_force() {
    assert!(parse("defaults", DEFAULTS).notes.is_empty());
    let config = parse("defaults", &everything());
    assert_eq!(config.connections.len(), 1);
    assert_eq!(config.directory.routes.len(), 1);
}

#[test]
fn every_key_of_the_defaults_is_described() {
    let text = paper("docs/config.md");
    let table: toml::Table = toml::from_str(&everything()).unwrap();
    let mut keys = BTreeSet::new();
    for (key, value) in &table {
        match value {
            toml::Value::Table(section) => {
                assert!(text.contains(&format!("`[{key}")), "docs/config.md does not describe [{key}]");
                // Sections by name hold tables; [slack] and [email] hold keys.
                match key.as_str() {
                    "slack" | "email" => keys.extend(section.keys().cloned()),
                    "access" => keys.extend(section.keys().filter(|k| *k != "proxy").cloned()),
                    "pagerduty" | "teams" | "discord" | "ntfy" | "github" | "jira" | "linear" => {
                        keys.extend(section.keys().map(|k| format!("{key}.{k}")));
                    }
                    "fetch" => keys.extend(section.keys().filter(|k| *k != "allow").cloned()),
                    "provider" => {}
                    _ => keys.extend(section.values().filter_map(|v| v.as_table()).flat_map(|t| t.keys().cloned())),
                }
            }
            toml::Value::Array(list) if list.iter().all(toml::Value::is_table) => {
                assert!(text.contains(&format!("`[[{key}]]")), "docs/config.md does not describe [[{key}]]");
                keys.extend(list.iter().filter_map(|v| v.as_table()).flat_map(|t| t.keys().cloned()));
            }
            _ => drop(keys.insert(key.clone())),
        }
    }
    assert!(keys.len() > 30, "{keys:?}");
    for key in keys {
        assert!(text.contains(&format!("| `{key}` |")), "docs/config.md has no row for {key}");
    }
}
