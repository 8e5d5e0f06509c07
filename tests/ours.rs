//! What is ours, by the real program: scanning a tree, a fresh machine without data or network, telling usage, drafting
//! owners, and a check that refuses to lose open alerts.

#![allow(clippy::unwrap_used)] // a test may fail

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let p = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let at = p.path().join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, text).unwrap();
        }
        p
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
    fn data(&self) -> PathBuf {
        self.path().join("data")
    }
    /// Exit code, stdout, stderr; no network is asked for by any of these commands.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut c = Command::new(env!("CARGO_BIN_EXE_forewarn"));
        c.env_clear().current_dir(self.path()).args(args).arg("--data").arg(self.data());
        let out = c.output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
    }
    fn json(&self, args: &[&str]) -> Value {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {err}");
        serde_json::from_str(&out).unwrap()
    }
}

#[test]
fn a_fresh_machine_answers_from_what_was_known_at_the_build_and_says_how_old_it_is() {
    let p = Place::new(&[]);
    let begin = Instant::now();
    let all = p.json(&["calendar", "--within", "3650d", "--past", "3650d", "--json"]);
    assert!(begin.elapsed() < Duration::from_secs(20), "it does not wait for a network");
    let rows = all["items"].as_array().unwrap();
    assert!(rows.len() > 300, "{}", rows.len());
    assert!(rows.iter().all(|r| r["snapshot_on"].is_string() && r["used"].is_null() && r["url"].is_string()));
    let (code, table, _) = p.run(&["calendar", "--within", "3650d", "--past", "3650d"]);
    assert!(code == 0 && table.contains("as this forewarn was built") && table.contains("days ago"), "{table}");
    let (code, shown, _) = p.run(&["deprecations", "show", "openai:gpt-4-32k"]);
    assert!(code == 0 && shown.contains("2025-06-06") && shown.contains("days ago"), "{shown}");
    assert_eq!(p.run(&["deprecations", "show", "openai:gpt-4-3"]).0, 2, "ids are exact");
    assert!(!p.data().exists(), "looking makes nothing");
    fs::write(p.path().join("forewarn.toml"), "snapshot = false\n").unwrap();
    assert_eq!(p.json(&["calendar", "--within", "3650d", "--json"])["items"], serde_json::json!([]));
}

const TREE: &[(&str, &str)] = &[
    ("svc/bot/requirements.txt", "x\n"),
    ("svc/bot/main.py", "MODEL = \"gpt-4-32k\"\nOTHER = 'claude-opus-4-8'\n"),
    ("svc/web/package.json", "{}"),
    ("svc/web/a.ts", "const m = 'text-embedding-ada-002'\n"),
    ("tests/t.py", "m = 'text-davinci-003'\n"),
    ("CODEOWNERS", "/svc/bot/ @acme/bots\n/svc/web/ @acme/web\n"),
];

#[test]
fn a_scan_finds_what_ends_and_fails_where_it_was_asked_to() {
    let p = Place::new(TREE);
    let (code, table, err) = p.run(&["scan", "."]);
    assert_eq!(code, 0, "{err}");
    assert!(table.contains("svc/bot/main.py:1") && table.contains("openai:gpt-4-32k"), "{table}");
    assert!(!table.contains("openai:gpt-4 ") && table.contains("1 in tests and documents"), "{table}");
    assert_eq!(p.run(&["scan", ".", "--fail-within", "30d"]).0, 3);
    assert_eq!(
        p.run(&["scan", "tests", "--fail-within", "30d"]).0,
        3,
        "a folder by itself is code: its path says no more"
    );
    assert_eq!(p.run(&["scan", "svc/web", "--fail-within", "0d"]).0, 0);
    assert_eq!(p.run(&["scan", "nowhere"]).0, 2);
    assert_eq!(p.run(&["scan", ".", "--format", "papyrus"]).0, 2);
    let log = p.json(&["scan", ".", "--format", "sarif"]);
    assert_eq!(
        (log["version"].as_str(), log["runs"][0]["results"].as_array().unwrap().is_empty()),
        (Some("2.1.0"), false)
    );
}

#[test]
fn a_scan_becomes_usage_and_stands_in_the_calendar() {
    let p = Place::new(TREE);
    let config = "[owners.bots]\nconsole = true\n[services.bot]\nowner = \"bots\"\nuses = [\"openai:gpt-4-32k\"]\n";
    fs::write(p.path().join("forewarn.toml"), config).unwrap();
    let (_, scan, _) = p.run(&["scan", "svc/bot", "--all", "--json"]);
    fs::write(p.path().join("scan.json"), scan).unwrap();
    let taken = p.json(&["usage", "import", "scan.json", "--service", "bot", "--json"]);
    assert_eq!(
        (taken["form"].as_str(), taken["scanned"].as_u64(), taken["new"].as_u64()),
        (Some("scan"), Some(2), Some(2))
    );
    assert_eq!(p.json(&["usage", "import", "scan.json", "--service", "bot", "--json"])["new"], 0);
    let used = p.json(&["usage", "list", "--json"]);
    let row = |id: &str| used["items"].as_array().unwrap().iter().find(|u| u["subject"] == id).unwrap().clone();
    assert_eq!(
        (row("openai:gpt-4-32k")["disagreement"].clone(), row("anthropic:claude-opus-4-8")["disagreement"].as_str()),
        (Value::Null, Some("undeclared"))
    );
    let (code, err) = {
        let r = p.run(&["usage", "import", "scan.json", "--service", "nobody"]);
        (r.0, r.2)
    };
    assert!(code == 2 && err.contains("there is no service \"nobody\"") && err.contains("bot"), "{err}");
    assert_eq!(p.run(&["owners", "--gaps"]).0, 0, "what a service holds in its code is claimed by it");
    fs::write(p.path().join("stray.json"), r#"{"subject":"openai:gpt-4-0613","project":"proj_x","calls":3}"#).unwrap();
    p.json(&["usage", "import", "stray.json", "--json"]);
    let (code, gaps, _) = p.run(&["owners", "--gaps"]);
    assert!(
        code == 3 && gaps.contains("UNOWNED") && gaps.contains("openai:gpt-4-0613") && gaps.contains("proj_x"),
        "{gaps}"
    );
    let (_, table, _) = p.run(&["calendar", "--within", "3650d", "--past", "3650d"]);
    assert!(table.contains("proj_x") && table.contains("UNOWNED") && table.contains("1 unowned"), "{table}");
}

#[test]
fn owners_are_drafted_from_codeowners_and_services_from_code() {
    let p = Place::new(TREE);
    let (code, toml, err) = p.run(&["owners", "import", "CODEOWNERS", "--scan", "."]);
    assert_eq!(code, 0, "{err}");
    fs::create_dir(p.path().join("draft")).unwrap();
    fs::write(p.path().join("draft/forewarn.toml"), &toml).unwrap();
    let (code, said, err) = p.run(&["check", "--config", "draft/forewarn.toml"]);
    assert!(code == 0 && said.contains("2 services"), "{said} {err}\n{toml}");
    assert!(toml.contains("anthropic:claude-opus-4-8") && toml.contains("openai:text-embedding-ada-002"), "{toml}");
    assert_eq!(p.run(&["init", "--scan", "."]).0, 0);
    let (code, said, err) = p.run(&["check"]);
    assert!(code == 0 && said.contains("2 services"), "{said} {err}");
    let written = fs::read_to_string(p.path().join("forewarn.toml")).unwrap();
    assert!(written.contains("[services.svc-bot]") && written.contains("openai:gpt-4-32k"), "{written}");
    assert_eq!(p.run(&["init", "--scan", "."]).0, 2, "what is there is not replaced");
}
