//! A tree of our own, scanned: what is obeyed, what is named, and that the SARIF has what the standard demands.

use super::*;
use crate::provider::snapshot;
use serde_json::Value;

fn known() -> snapshot::Snapshot {
    let text = "@a\t2026-08-21\tpage\thttps://a.example/\n\
        openai:gpt-demo-1\tannounced\t2027-01-22\tday\t\t\tgpt-demo-2\t@a\n\
        openai:gpt-demo-old\tretired\t2026-01-22\tday\t\t\t\t@a\n\
        openai:gpt-demo-1-mini\n";
    let (s, bad) = snapshot::parse(text);
    assert_eq!(bad, 0);
    s
}

fn run(files: &[(&str, &str)], options: Options) -> Scan {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let at = dir.path().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }
    let (k, today) = (known(), "2026-11-23".parse().unwrap());
    scan(dir.path(), Known { endings: &k.endings, models: &k.models }, options, today).unwrap()
}

const TREE: &[(&str, &str)] = &[
    (".gitignore", "build/\n"),
    ("build/out.py", "m = 'gpt-demo-1'"),
    (".git/config", "gpt-demo-1"),
    (".env", "MODEL=gpt-demo-1\n"),
    ("src/a b.py", "# x\nm = 'gpt-demo-1-mini'; n = 'gpt-demo-1'\n"),
    ("tests/t.py", "'gpt-demo-old'"),
    ("data.bin", "\0gpt-demo-1"),
];

fn lines(s: &Scan) -> Vec<String> {
    s.items.iter().map(|p| format!("{}:{}:{} {} {}", p.path, p.line, p.column, p.id, p.role)).collect()
}

#[test]
fn a_tree_is_scanned_as_git_sees_it_with_what_is_hidden() {
    let s = run(TREE, Options::default());
    assert_eq!(
        lines(&s),
        [
            "tests/t.py:1:2 openai:gpt-demo-old test",
            ".env:1:7 openai:gpt-demo-1 config",
            "src/a b.py:2:29 openai:gpt-demo-1 code"
        ]
    );
    assert_eq!((s.files, s.unread), (4, 0), "git's own, the ignored and the binary file are none of ours");
    assert_eq!((s.items[1].days_left, s.items[1].replacements.as_slice()), (Some(60), &["gpt-demo-2".to_owned()][..]));
    let all = run(TREE, Options { all: true, no_ignore: true });
    assert!(lines(&all).contains(&"build/out.py:1:6 openai:gpt-demo-1 code".into()));
    assert!(lines(&all).contains(&"src/a b.py:2:6 openai:gpt-demo-1-mini code".into()));
}

#[test]
fn what_cannot_be_read_is_counted_and_named() {
    let big = "x".repeat(usize::try_from(LARGEST).unwrap() + 1);
    let s = run(&[("big.txt", &big)], Options::default());
    assert_eq!((s.files, s.unread, s.unread_files.as_slice()), (0, 1, &["big.txt: larger than 16 MiB".to_owned()][..]));
    let nothing = Known { endings: &[], models: &BTreeSet::new() };
    assert!(scan(Path::new("/nowhere/at/all"), nothing, Options::default(), Date::MAX).is_err());
}

/// The required properties of SARIF 2.1.0, section 3: log, run, tool, driver, result, location.
#[test]
fn the_sarif_has_what_the_standard_demands() {
    let log = sarif::sarif(&run(TREE, Options::default()));
    assert_eq!((log["version"].as_str(), log["runs"].as_array().unwrap().len()), (Some("2.1.0"), 1));
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "forewarn");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|r| r["id"].is_string() && r["shortDescription"]["text"].is_string()));
    let results = run["results"].as_array().unwrap();
    for r in results {
        assert!(r["message"]["text"].as_str().is_some_and(|t| !t.is_empty()));
        assert_eq!(rules[usize::try_from(r["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], r["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&r["level"].as_str().unwrap()));
        let place = &r["locations"][0]["physicalLocation"];
        assert!(
            place["region"]["startLine"].as_u64().unwrap() >= 1
                && place["region"]["startColumn"].as_u64().unwrap() >= 1
        );
        assert!(place["region"]["endColumn"].as_u64() > place["region"]["startColumn"].as_u64());
    }
    let by = |uri: &str| -> &Value {
        results.iter().find(|r| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri).unwrap()
    };
    assert_eq!(by("src/a%20b.py")["level"], "warning");
    assert_eq!(by("tests/t.py")["level"], "note", "a test only mentions");
    assert_eq!(by(".env")["message"]["text"], "openai:gpt-demo-1 ends on 2027-01-22 (60 days): use gpt-demo-2");
    assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
}
