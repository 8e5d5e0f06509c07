//! The house rules a compiler does not hold: who may import whom, where SQL, the database driver and hashes may appear,
//! how large a file may grow, what no file may hold, and that every source of a provider file has a fixture.
//!
//! Each rule is a function from texts to complaints, so that a test beside it shows it a house that breaks it.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test that cannot go on stops there, and lists large files

#[path = "tidy/lexer.rs"]
mod lexer;

use forewarn::provider::file::{self, Source};
use lexer::{Parsed, parse, production};
use regex::Regex;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Leaves: anybody may hold them, and they hold nothing of ours.
const LEAVES: &[&str] = &["clock", "secret", "crypto", "reach", "shape"];

/// Design section 4: a top-level module and those it may import, besides itself and the leaves.
const LAYERS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("secret", &[]),
    ("crypto", &[]),
    ("reach", &[]),
    ("shape", &[]),
    ("model", &[]),
    ("provider", &["model"]),
    ("rules", &["model"]),
    ("store", &["model"]),
    ("notify", &["model"]),
    ("fetch", &["model"]),
    ("engine", &["model", "provider", "rules", "store", "notify", "fetch"]),
    ("web", &["engine", "store", "model"]),
    ("tasks", &["engine", "store"]),
    ("config", &["engine", "store", "notify", "fetch", "provider", "rules", "model"]),
    ("app", &["config", "web", "tasks", "engine", "store", "notify", "fetch", "provider", "rules", "model"]),
    ("cli", &["app", "config", "web", "tasks", "engine", "store", "notify", "fetch", "provider", "rules", "model"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Imports that are right by meaning though the table has no place for them: (file, path, why).
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "src/web/hooks.rs",
    "provider::verify::Refusal",
    "the answer on a hook (400 or 401) follows from the named refusal; a copy of that list in engine would only drift",
)];

/// Most lines of production code in a file, and from how many on it is listed.
const HARD_LINES: usize = 500;
const SOFT_LINES: usize = 300;

struct SourceFile {
    /// From the root, with `/`.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<SourceFile> {
    fn walk(at: &Path, extension: &str, out: &mut Vec<SourceFile>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, extension, out);
            } else if path.extension().is_some_and(|e| e == extension) {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                out.push(SourceFile { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let mut out = Vec::new();
    walk(&root().join(folder), extension, &mut out);
    out.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!out.is_empty(), "{folder} holds no .{extension} file");
    out
}

/// The files of `src` that are not compiled for tests only (`#[cfg(test)] mod tests;` in their parent).
fn production_files() -> Vec<SourceFile> {
    let all = files("src", "rs");
    let test_only: BTreeSet<String> = all
        .iter()
        .flat_map(|f| {
            let folder = f.path.trim_end_matches(".rs").to_owned();
            production(&parse(&f.text)).test_modules.into_iter().map(move |m| format!("{folder}/{m}.rs"))
        })
        .collect();
    let missing: Vec<_> = test_only.iter().filter(|t| !all.iter().any(|f| f.path == **t)).collect();
    assert!(missing.is_empty(), "test modules without a file: {missing:?}");
    all.into_iter().filter(|f| !test_only.contains(&f.path)).collect()
}

fn nothing(rule: &str, complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

/// `src/engine/poll.rs` is `["engine", "poll"]`.
fn module_path(file: &str) -> Vec<String> {
    file.trim_start_matches("src/").trim_end_matches(".rs").split('/').map(str::to_owned).collect()
}

fn layering(f: &SourceFile) -> Vec<String> {
    let here = module_path(&f.path);
    let Some((_, allowed)) = LAYERS.iter().find(|(m, _)| *m == here[0]) else {
        return vec![format!("{}: the module {:?} has no layer: give it one in LAYERS", f.path, here[0])];
    };
    let code = production(&parse(&f.text)).code;
    let mut out = Vec::new();
    for path in lexer::paths_of_ours(&code, &here) {
        let top = path.split("::").next().unwrap_or("");
        let known = LAYERS.iter().any(|(m, _)| *m == top);
        let fine = top == here[0] || LEAVES.contains(&top) || allowed.contains(&top);
        let excepted = EXCEPTIONS.iter().any(|(file, p, _)| *file == f.path && *p == path);
        if known && !fine && !excepted {
            out.push(format!("{} imports {path}: {} may hold {allowed:?} and {LEAVES:?}", f.path, here[0]));
        }
    }
    out
}

#[test]
fn a_layer_imports_only_what_is_below_it() {
    let all = production_files();
    nothing("layers", all.iter().flat_map(layering).collect());
    for (file, path, _) in EXCEPTIONS {
        let f = all.iter().find(|f| f.path == *file).unwrap_or_else(|| panic!("exception for {file}, which is gone"));
        let used = lexer::paths_of_ours(&production(&parse(&f.text)).code, &module_path(file));
        assert!(used.contains(*path), "{file} does not import {path} any more: strike the exception");
    }
    let folders: BTreeSet<String> = all.iter().map(|f| module_path(&f.path)[0].clone()).collect();
    let gone: Vec<_> = LAYERS.iter().map(|(m, _)| *m).filter(|m| !folders.contains(*m)).collect();
    assert!(gone.is_empty(), "modules of the table that do not exist: {gone:?}");
}

#[test]
fn a_layer_that_reaches_up_is_named_with_its_import() {
    let of = |path: &str, text: &str| layering(&SourceFile { path: path.into(), text: text.into() });
    let nested = "use crate::{model::{Kind, text::glob}, store::{Read, sqlite as db}};";
    assert_eq!(of("src/rules/route.rs", nested).len(), 2, "{:?}", of("src/rules/route.rs", nested));
    assert!(of("src/rules/route.rs", nested)[0].contains("src/rules/route.rs imports store::Read"));
    assert_eq!(of("src/rules/a.rs", "fn f() { let x = crate::provider::pick::pick; }").len(), 1);
    assert_eq!(of("src/model/a.rs", "use super::super::rules::route;").len(), 1);
    assert_eq!(of("src/model.rs", "use super::rules::route;").len(), 1);
    assert_eq!(of("src/model/a.rs", "use super::ids::AlertId; pub use self::b::c;").len(), 0);
    assert_eq!(of("src/model/a.rs", "// use crate::store::Read;\nconst S: &str = \"crate::store::Read\";").len(), 0);
    assert_eq!(of("src/model/a.rs", "#[cfg(test)]\nmod tests { use crate::store::Read; }").len(), 0);
    assert_eq!(of("src/model/a.rs", "#[cfg(test)]\nmod tests;\nuse crate::store::Read;").len(), 1);
    assert_eq!(of("src/web/private.rs", "use crate::provider::verify::Refusal;").len(), 1);
    assert_eq!(of("src/web/hooks.rs", "use crate::provider::verify::Refusal;").len(), 0);
    assert_eq!(of("src/brand_new.rs", "").len(), 1);
}

fn sql(f: &SourceFile) -> Vec<String> {
    let keyword = Regex::new(r"\b(SELECT\s|INSERT\s+INTO\b|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\b)").unwrap();
    let parsed = parse(&f.text);
    let mut out = Vec::new();
    if !f.path.starts_with("src/store/") {
        let hits = parsed.literals.iter().filter(|(_, s)| keyword.is_match(s));
        out.extend(hits.map(|(line, _)| format!("{}:{line}: SQL outside src/store/", f.path)));
    }
    let driver = f.path == "src/store/sqlite.rs" || f.path.starts_with("src/store/sqlite/");
    if !driver && Regex::new(r"\brusqlite\b").unwrap().is_match(&parsed.code) {
        out.push(format!("{}: rusqlite outside src/store/sqlite", f.path));
    }
    out
}

#[test]
fn sql_and_its_driver_stay_in_the_store() {
    nothing("SQL", files("src", "rs").iter().flat_map(sql).collect());
}

#[test]
fn sql_outside_the_store_is_found() {
    let of = |path: &str, text: &str| sql(&SourceFile { path: path.into(), text: text.into() }).len();
    for text in [
        "\"SELECT 1\"",
        "r#\"INSERT INTO x\"#",
        "\"UPDATE alerts SET a = 1\"",
        "\"DELETE FROM x\"",
        "use rusqlite::Row;",
    ] {
        assert_eq!(of("src/engine/a.rs", text), 1, "{text}");
        assert_eq!(of("src/store/sqlite/a.rs", text), 0, "{text}");
    }
    assert_eq!(of("src/store/folder.rs", "use rusqlite::Row;"), 1);
    assert_eq!(of("src/engine/a.rs", "// SELECT 1, rusqlite\n\"Update the SETtings\""), 0);
}

fn crypto(f: &SourceFile) -> Vec<String> {
    let code = parse(&f.text).code;
    let hashes =
        Regex::new(r"\b(hmac|sha2|subtle|ring::(digest|hmac|signature|rand))::|\buse\s+(hmac|sha2|subtle|ring)\b")
            .unwrap();
    let verified = Regex::new(r"(\.|::)mark_verified\b").unwrap();
    let mut out = Vec::new();
    if f.path != "src/crypto.rs" && hashes.is_match(&code) {
        out.push(format!("{}: hashes and keys belong into src/crypto.rs", f.path));
    }
    if f.path != "src/provider/verify.rs" && verified.is_match(&code) {
        out.push(format!("{}: only src/provider/verify.rs may call a payload verified", f.path));
    }
    out
}

#[test]
fn hashes_are_in_one_file_and_only_verification_verifies() {
    nothing("crypto", files("src", "rs").iter().flat_map(crypto).collect());
    let verify = fs::read_to_string(root().join("src/provider/verify.rs")).unwrap();
    assert!(verify.contains("mark_verified("), "the rule looks for a name that is gone");
}

#[test]
fn a_hash_elsewhere_is_found() {
    let of = |path: &str, text: &str| crypto(&SourceFile { path: path.into(), text: text.into() }).len();
    for text in [
        "use sha2::Sha256;",
        "let x = hmac::Hmac::new();",
        "use subtle as s;",
        "use ring::signature;",
        "p.mark_verified()",
    ] {
        assert_eq!(of("src/engine/a.rs", text), 1, "{text}");
    }
    assert_eq!(of("src/engine/a.rs", "use super::sign::hmac; fn hmac() {} // sha2::x"), 0);
}

/// Lines that are neither in a trailing test module nor after it.
fn production_lines(f: &SourceFile) -> usize {
    production(&parse(&f.text)).lines
}

#[test]
fn no_file_is_too_large() {
    let all = production_files();
    let sizes: Vec<(usize, &str)> = all.iter().map(|f| (production_lines(f), f.path.as_str())).collect();
    for (n, path) in sizes.iter().filter(|(n, _)| *n > SOFT_LINES) {
        eprintln!("over {SOFT_LINES} lines: {path} ({n})");
    }
    let large = sizes.iter().filter(|(n, _)| *n > HARD_LINES);
    nothing("size", large.map(|(n, p)| format!("{p} has {n} lines of production code: split it by duty")).collect());
}

#[test]
fn lines_are_counted_up_to_the_tests() {
    let of = |text: String| production_lines(&SourceFile { path: "src/a.rs".into(), text });
    assert_eq!(of("fn a() {}\n".repeat(501)), 501);
    assert_eq!(of(format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn b() {}\n".repeat(900))), 1);
    assert_eq!(of("#[cfg(test)]\nmod tests;\nfn a() {}\n".into()), 3);
}

fn unfinished(f: &SourceFile) -> Vec<String> {
    let code = parse(&f.text).code;
    let mut out = Vec::new();
    for (pattern, what) in [
        (r"\btodo!", "todo!"),
        (r"\bunimplemented!", "unimplemented!"),
        (r"#\[\s*ignore\b", "an ignored test"),
        (r"cfg_attr\([^\]]*\bignore\b", "an ignored test"),
    ] {
        if Regex::new(pattern).unwrap().is_match(&code) {
            out.push(format!("{}: holds {what}", f.path));
        }
    }
    if f.path.ends_with("/mod.rs") {
        out.push(format!("{}: a module is foo.rs beside foo/", f.path));
    }
    if !f.text.starts_with("//!") {
        out.push(format!("{}: does not begin with //!", f.path));
    }
    out
}

#[test]
fn nothing_is_unfinished_or_without_a_header() {
    nothing("unfinished", files("src", "rs").iter().chain(&files("tests", "rs")).flat_map(unfinished).collect());
}

#[test]
fn what_is_unfinished_is_found() {
    let of = |path: &str, text: &str| unfinished(&SourceFile { path: path.into(), text: text.into() }).len();
    for text in ["fn a() { todo!() }", "fn a() { unimplemented!(\"x\") }", "#[ignore]\nfn a() {}", "#[ignore = \"x\"]"]
    {
        assert_eq!(of("src/a.rs", &format!("//! A.\n{text}")), 1, "{text}");
    }
    assert_eq!(of("src/a.rs", "fn a() {}"), 1);
    assert_eq!(of("src/a/mod.rs", "//! A."), 1);
    assert_eq!(of("src/a.rs", "//! A: todo!\nconst A: &str = \"#[ignore]\";"), 0);
}

/// Fixtures of a dialect are named `DIALECT.CASE.*`, each with its `DIALECT.CASE.expected.txt`.
fn shared(out: &mut Vec<String>, has: &dyn Fn(&str) -> bool, kind: &str, word: &str) {
    let folder = format!("fixtures/_dialects/{kind}");
    if !has(&format!("{folder}/{word}.*.expected.txt")) {
        out.push(format!("{folder}/{word}.CASE.expected.txt: no fixture of this dialect"));
    }
}

/// Sources of a provider file without a fixture. `has` says whether a file is there, `webhook` how many messages are.
fn without_fixture(toml: &str, has: &dyn Fn(&str) -> bool, webhook: &dyn Fn(&str) -> usize) -> Vec<String> {
    let f = file::parse(toml).unwrap();
    let mut out = Vec::new();
    for (name, source) in &f.sources {
        let at = format!("fixtures/{}/{name}", f.id);
        match source {
            Source::Webhook(_) => {
                if webhook(&at) == 0 {
                    out.push(format!("{at}/*.json or .form: no message of this webhook"));
                }
                if !has(&format!("{at}.expected.json")) {
                    out.push(format!("{at}.expected.json: nothing says what is read from its messages"));
                }
            }
            // Many providers speak one dialect: its fixtures are shared, and `tests/golden_dialects.rs` reads them with
            // every provider's own settings.
            Source::Status(source) => shared(&mut out, has, "status", source.dialect.as_str()),
            Source::Changelog(source) => shared(&mut out, has, "changelog", source.form.as_str()),
            Source::Table(_) | Source::Models(_) => {
                if !["md", "html", "json"].iter().any(|e| has(&format!("{at}.{e}"))) {
                    out.push(format!("{at}.md or .json: no body of this source"));
                }
                if !has(&format!("{at}.expected.json")) {
                    out.push(format!("{at}.expected.json: nothing says what is read from it"));
                }
            }
        }
    }
    out
}

#[test]
fn every_source_of_a_provider_has_a_fixture() {
    let has = |path: &str| match path.split_once('*') {
        None => root().join(path).is_file(),
        Some((head, tail)) => {
            let (folder, start) = head.rsplit_once('/').unwrap();
            let names = fs::read_dir(root().join(folder)).unwrap().map(|e| e.unwrap().file_name());
            names.filter_map(|n| n.into_string().ok()).any(|n| n.starts_with(start) && n.ends_with(tail))
        }
    };
    let webhook = |folder: &str| {
        let Ok(entries) = fs::read_dir(root().join(folder)) else { return 0 };
        let is_message = |p: PathBuf| p.extension().is_some_and(|x| x == "json" || x == "form");
        entries.filter(|e| is_message(e.as_ref().unwrap().path())).count()
    };
    let all = files("providers", "toml");
    nothing("fixtures", all.iter().flat_map(|f| without_fixture(&f.text, &has, &webhook)).collect());
}

#[test]
fn a_source_without_a_fixture_is_found() {
    let openai = fs::read_to_string(root().join("providers/openai.toml")).unwrap();
    let found = without_fixture(&openai, &|_| false, &|_| 0);
    for missing in [
        "openai/webhook/",
        "openai/webhook.expected",
        "openai/deprecations.md",
        "openai/deprecations.expected",
        "openai/models.expected",
        "_dialects/status/incident_io.",
        "_dialects/changelog/feed.",
    ] {
        assert!(found.iter().any(|c| c.contains(missing)), "{missing} is not missed: {found:?}");
    }
    assert_eq!(without_fixture(&openai, &|_| true, &|_| 1), Vec::<String>::new());
}

#[test]
fn texts_and_comments_are_told_from_code() {
    let p: Parsed = parse("let a = 'x'; /* b /* c */ */ let d: &'static str = \"e \\\" f\"; // g\nlet h = br#\"i\"#;");
    assert_eq!(p.code, "let a = ' ';   let d: &'static str = \"\"; \nlet h = br\"\";");
    assert_eq!(p.literals, [(1, "e \\\" f".to_owned()), (2, "i".to_owned())]);
}
