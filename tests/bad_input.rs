//! What is wrong at the start is said at the start: the place, what is allowed, what to do, and the right exit code.
//!
//! Everything goes through the real binary, with an environment of its own. No answer may hold a secret.

#![allow(clippy::unwrap_used)] // a test may fail

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const WHSEC: &str = "whsec_Zm9yZXdhcm4tYmFkLWlucHV0LXNlY3JldC0zMi1ieXRlcw==";
const LITERAL: &str = "a-literal-secret-in-the-config";

struct Place(tempfile::TempDir);

impl Place {
    fn with(config: &str) -> Self {
        let p = Self(tempfile::tempdir().unwrap());
        p.file("forewarn.toml", config);
        p
    }
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
    fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_forewarn"));
        c.current_dir(self.0.path())
            .env_clear()
            .envs([
                ("WHSEC", WHSEC),
                ("BLANK", ""),
                ("SPACE", " \n"),
                ("SHORT", "short-secret"),
                ("BROKEN", "whsec_!!!!-not-base64-!!!!"),
            ])
            .args(args);
        c
    }
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        if args[0] == "serve" {
            return self.serve(args);
        }
        told(&self.command(args).output().unwrap())
    }
    /// A daemon that must not start; one that does is ended, and the test with it.
    fn serve(&self, args: &[&str]) -> (i32, String, String) {
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = Vec::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap) {
            if line.contains("forewarn is running") {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it started with {}", std::fs::read_to_string(self.0.path().join("forewarn.toml")).unwrap());
            }
            stderr.extend_from_slice(line.as_bytes());
            stderr.push(b'\n');
        }
        told(&Output { stderr, ..child.wait_with_output().unwrap() })
    }
    fn data(&self) -> PathBuf {
        self.0.path().join("forewarn-data")
    }
}

fn told(o: &Output) -> (i32, String, String) {
    let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
    let (out, err) = (text(&o.stdout), text(&o.stderr));
    for secret in [WHSEC, "Zm9yZXdhcm4", LITERAL, "short-secret", "-not-base64-"] {
        assert!(!out.contains(secret) && !err.contains(secret), "a secret was printed: {out}{err}");
    }
    assert!(!err.contains("panicked"), "{err}");
    (o.status.code().unwrap(), out, err)
}

/// `check` and `serve` both refuse this config with 2, at this place, with a caret and these words.
#[track_caller]
fn refused(p: &Place, place: &str, words: &[&str]) {
    for args in [&["check"][..], &["serve", "--intake", "127.0.0.1:0", "--listen", "127.0.0.1:0"]] {
        let (code, out, err) = p.run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(&format!("--> {place}")), "{place} is not in:\n{err}");
        assert!(err.contains('^'), "no caret:\n{err}");
        for w in words {
            assert!(err.contains(w), "{w:?} is not in:\n{err}");
        }
        assert!(!p.data().exists(), "a config that is wrong must touch no data");
    }
}

fn webhook(reference: &str) -> Place {
    Place::with(&format!("[connections.\"openai/main\"]\nwebhook_secret = \"{reference}\"\n"))
}

#[test]
fn a_missing_secret_names_its_variable() {
    refused(&webhook("env:NOT_THERE"), "forewarn.toml:2:18", &["NOT_THERE", "set it"]);
}

#[test]
fn an_empty_secret_is_no_secret() {
    // An empty variable is as good as none; a blank one is said to be empty.
    refused(&webhook("env:BLANK"), "forewarn.toml:2:18", &["BLANK", "set it"]);
    refused(&webhook("env:SPACE"), "forewarn.toml:2:18", &["empty secret would let anybody in"]);
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated() {
    for config in [
        format!("[connections.\"openai/main\"]\nwebhook_secret = \"{LITERAL}\"\n"),
        format!("[slack]\nbot_token = \"{LITERAL}\"\n"),
        format!("[webhooks.x]\nurl = \"https://x.example\"\nsecret = \"{LITERAL}\"\n"),
        format!("[slack.webhooks]\nx = \"{LITERAL}\"\n"),
        format!("[connections.\"openai/main\"]\napi_key = \"{LITERAL}\"\n"),
        format!("[connections.\"openai/main\"]\nwebhook_secret = [\"env:WHSEC\", \"{LITERAL}\"]\n"),
    ] {
        let p = Place::with(&config);
        let (code, out, err) = p.run(&["check"]);
        assert_eq!((code, out.as_str()), (2, ""), "{config}{err}");
        let said = err.lines().next().unwrap();
        assert!(said.contains("env:NAME, file:PATH or credential:NAME"), "{err}");
    }
}

#[test]
fn a_secret_that_is_short_or_does_not_decode_is_refused_at_its_place() {
    refused(&webhook("env:SHORT"), "forewarn.toml:2:18", &["env:SHORT", "OpenAI", "16"]);
    refused(&webhook("env:BROKEN"), "forewarn.toml:2:18", &["env:BROKEN", "base64"]);
}

/// V1, for every family: nothing a stranger could guess or know is taken for a secret.
#[test]
fn no_family_takes_an_empty_short_or_public_secret() {
    let signed = "message = \"{body}\"\nsignature = { header = \"x-s\", encoding = \"hex\" }\n";
    for (family, more, bad) in [
        ("hmac", format!("key = \"utf8\"\n{signed}"), "whpk_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="),
        ("hmac", format!("key = \"utf8\"\nsecret_prefix = \"pdl_\"\n{signed}"), "a-long-secret-of-another-sender"),
        ("ed25519", format!("key = \"hex\"\n{signed}"), "not-hexadecimal-digits-of-a-public-key"),
        ("ed25519", format!("key = \"hex\"\n{signed}"), "00112233445566778899aabbccddeeff"),
        ("ed25519", format!("key = \"whpk\"\n{signed}"), "whsk_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="),
        ("token", "header = \"x-token\"\n".into(), "a secret with spaces"),
        ("basic", String::new(), "a-password-without-a-user"),
    ] {
        let p = Place::with(
            "providers_dir = \"providers\"\n[connections.\"acme/main\"]\nwebhook_secret = \"file:secret\"\n",
        );
        p.file("providers/acme.toml", &format!("format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.verify]\nfamily = \"{family}\"\n{more}[sources.webhook.event]\ntype = \"/type\"\n"));
        for secret in ["", "\n", "short", "short-secret\r\n", bad] {
            let path = p.file("secret", secret);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            let (code, out, err) = p.run(&["check"]);
            assert_eq!((code, out.as_str()), (2, ""), "{family} {secret:?}: {err}");
            assert!(err.contains("forewarn.toml:3:18") && err.contains("file:secret"), "{family} {secret:?}: {err}");
            assert!(secret.len() < 8 || !err.contains(secret.trim_end()), "{family}: the secret is printed: {err}");
        }
    }
}

#[test]
fn a_sender_that_signs_its_address_or_shares_its_key_says_what_it_needs() {
    let shared = "family = \"ed25519\"\nkey = \"hex\"\nshared_key = true\npin = \"/account\"\nmessage = \"{body}\"\n";
    let address = "family = \"hmac\"\nkey = \"utf8\"\nmessage = \"{url}{body}\"\n";
    for (verify, top, more, said) in [
        (address, "", "", Some("public_url")),
        (address, "public_url = \"https://hooks.example\"\n", "", None),
        (address, "public_url = \"https://hooks.example\"\n", "pin = \"us\"\n", Some("needs no pin")),
        (shared, "", "", Some("pin = \"your id there\"")),
        (shared, "", "pin = [\"us\", 7]\n", Some("a list of texts")),
        (shared, "", "pin = \"us\"\n", None),
    ] {
        let p = Place::with(&format!(
            "{top}providers_dir = \"providers\"\n[connections.\"acme/main\"]\nwebhook_secret = \"file:secret\"\n{more}"
        ));
        p.file("providers/acme.toml", &format!("format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.verify]\n{verify}signature = {{ header = \"x-s\", encoding = \"hex\" }}\n[sources.webhook.event]\ntype = \"/type\"\n"));
        let path = p.file("secret", &"0123456789abcdef".repeat(4));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let (code, _, err) = p.run(&["check"]);
        assert_eq!(code, if said.is_some() { 2 } else { 0 }, "{verify}{more}{err}");
        assert!(said.is_none_or(|s| err.contains(s)), "{verify}{more}{err}");
    }
}

/// V5: every secret signs a sample for itself when the config is checked.
#[test]
fn a_provider_file_that_cannot_open_what_it_signs_is_found_before_the_first_delivery() {
    let p = Place::with("providers_dir = \"providers\"\n[connections.\"acme/main\"]\nwebhook_secret = \"env:WHSEC\"\n");
    let file = |message: &str| {
        format!(
            "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.verify]\nfamily = \"hmac\"\nkey = \"utf8\"\nmessage = \"{message}\"\nsignature = {{ header = \"x-s\", encoding = \"hex\" }}\n[sources.webhook.event]\ntype = \"/type\"\n"
        )
    };
    // The signature cannot be inside what it signs.
    p.file("providers/acme.toml", &file("{header:x-s}{body}"));
    refused(&p, "forewarn.toml:3:18", &["secret 1 of acme/main", "does not open what it signs itself (mismatch)"]);
    p.file("providers/acme.toml", &file("{header:x-t}{body}"));
    assert_eq!(p.run(&["check"]).0, 0);
}

#[test]
fn a_secret_others_can_read_is_refused_with_the_remedy() {
    let p = Place::with("");
    let secret = p.file("secret", WHSEC);
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
    p.file(
        "forewarn.toml",
        &format!("[connections.\"openai/main\"]\nwebhook_secret = \"file:{}\"\n", secret.display()),
    );
    refused(&p, "forewarn.toml:2:18", &["chmod 600", "640"]);
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(p.run(&["check"]).0, 0);
}

#[test]
fn an_unknown_key_names_those_that_are_known() {
    refused(&Place::with("catchall = \"x\"\n"), "forewarn.toml:1:1", &["catchall", "catch_all"]);
    refused(&Place::with("[owners.a]\nconsole = true\nphone = \"1\"\n"), "forewarn.toml:3:1", &["phone", "slack"]);
    refused(&Place::with("catch_all = \n"), "forewarn.toml:1:", &["error"]);
    refused(&Place::with("low_water_mb = \"much\"\n"), "forewarn.toml:1:16", &["invalid type"]);
}

#[test]
fn an_unknown_owner_names_those_that_are_known() {
    let config = "[owners.search]\nconsole = true\n[services.bot]\nowner = \"serach\"\nuses = [\"openai\"]\n";
    refused(&Place::with(config), "forewarn.toml:4:9", &["serach", "known are search"]);
    refused(&Place::with("catch_all = \"nobody\"\n"), "forewarn.toml:1:13", &["nobody"]);
    let config = "[owners.search]\nconsole = true\n[connections.\"openai/main\"]\nowner = \"ops\"\n";
    refused(&Place::with(config), "forewarn.toml:4:9", &["ops", "known are search"]);
}

#[test]
fn an_unknown_provider_names_those_that_are_known() {
    refused(&Place::with("[connections.\"opnai/main\"]\n"), "forewarn.toml:1:", &["opnai", "openai"]);
    refused(&Place::with("watch = [\"opnai\"]\n"), "forewarn.toml:1:10", &["opnai", "openai"]);
}

#[test]
fn two_routes_that_tie_are_refused() {
    let config = "[[routes]]\nname = \"a\"\nmatch = { kind = \"billing\" }\npolicy = \"standard\"\n[[routes]]\nname = \"b\"\nmatch = { provider = \"stripe\" }\npolicy = \"deprecation\"\n";
    refused(&Place::with(config), "forewarn.toml:", &["\"a\"", "\"b\""]);
}

#[test]
fn a_channel_without_its_parts_is_refused_where_it_is_wanted() {
    for (owner, place, word) in [
        ("slack = \"#a\"", "forewarn.toml:2:9", "bot_token"),
        ("email = \"a@example.com\"", "forewarn.toml:2:9", "[email]"),
        ("slack_webhook = \"x\"", "forewarn.toml:2:17", "[slack.webhooks] has none"),
        ("pagerduty = \"x\"", "forewarn.toml:2:13", "[pagerduty.keys] has none"),
        ("teams = \"x\"", "forewarn.toml:2:9", "[teams.webhooks] has none"),
        ("discord = \"x\"", "forewarn.toml:2:11", "[discord.webhooks] has none"),
        ("alertmanager = \"x\"", "forewarn.toml:2:16", "[alertmanager] has none"),
        ("ntfy = \"a-topic\"", "forewarn.toml:2:8", "[ntfy]"),
        ("github = \"a/b\"", "forewarn.toml:2:10", "[github] token"),
        ("github = \"b\"", "forewarn.toml:2:10", "OWNER/NAME"),
        ("jira = \"search\"", "forewarn.toml:2:8", "the key of a project"),
        ("linear = \"ENG\"", "forewarn.toml:2:10", "[linear] api_key"),
        ("webhook = \"x\"", "forewarn.toml:2:11", "[webhooks] has none"),
        ("console = true\nlead = \"a@example.com\"", "forewarn.toml:3:8", "[email]"),
        ("console = true\nzone = \"Mars/Olympus\"", "forewarn.toml:3:8", "IANA"),
        ("console = true\ndigest = \"weekly\"", "forewarn.toml:3:10", "or \"off\""),
        ("console = true\ndigest = \"0 0 30 2 *\"", "forewarn.toml:3:10", "no day that ever comes"),
    ] {
        refused(&Place::with(&format!("[owners.a]\n{owner}\n")), place, &[word]);
    }
    refused(
        &Place::with("[webhooks.x]\nurl = \"http://pager.example\"\nsecret = \"env:WHSEC\"\n"),
        "forewarn.toml:2:7",
        &["https"],
    );
    refused(
        &Place::with("[webhooks.x]\nurl = \"https://pager.example\"\nsecret = \"env:SHORT\"\n"),
        "forewarn.toml:3:10",
        &["whsec_", "openssl rand"],
    );
    refused(
        &Place::with("[slack]\nbot_token = \"env:WHSEC\"\napi_url = \"http://slack.example\"\n"),
        "forewarn.toml:3:11",
        &["https"],
    );
}

#[test]
fn a_name_that_cannot_be_an_id_is_refused() {
    let config = |name: &str| format!("[webhooks.{name}]\nurl = \"https://x.example\"\nsecret = \"env:WHSEC\"\n");
    refused(&Place::with(&config("\"On Call\"")), "forewarn.toml:1:", &["On Call", "a-z"]);
    refused(&Place::with("[pagerduty.keys]\na = \"env:SHORT\"\n"), "forewarn.toml:2:5", &["32 characters"]);
    refused(&Place::with("[ntfy]\nurl = \"http://ntfy.example\"\n"), "forewarn.toml:2:7", &["ntfy.url", "https"]);
    refused(&Place::with("[teams.webhooks]\na = \"env:WHSEC\"\n"), "forewarn.toml:2:5", &["env:WHSEC", "not a URL"]);
    refused(&Place::with("[jira]\nurl = \"https://a.example\"\n"), "forewarn.toml:1:1", &["email"]);
    refused(&Place::with("[slack.webhooks]\n\"On Call\" = \"env:WHSEC\"\n"), "forewarn.toml:2:", &["On Call", "a-z"]);
    refused(&Place::with("[connections.openai]\n"), "forewarn.toml:1:", &["PROVIDER/ACCOUNT"]);
    refused(&Place::with("[owners.\"a b\"]\n"), "forewarn.toml:1:", &["a-z"]);
}

#[test]
fn a_provider_file_is_refused_at_its_own_place() {
    let p = Place::with("providers_dir = \"providers\"\n");
    let file = |family: &str| {
        format!(
            "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n[sources.webhook.verify]\nfamily = \"{family}\"\n[sources.webhook.event]\ntype = \"/type\"\n"
        )
    };
    p.file("providers/acme.toml", &file("magic"));
    refused(&p, "providers/acme.toml:9:10", &["magic", "hmac, ed25519, token, basic, url_token"]);
    p.file("providers/acme.toml", &file("token\"\nheader = \"x-token"));
    let (code, _, err) = p.run(&["check"]);
    assert_eq!(code, 0, "{err}");
    std::fs::rename(p.0.path().join("providers/acme.toml"), p.0.path().join("providers/other.toml")).unwrap();
    let (code, _, err) = p.run(&["check"]);
    assert!(code == 2 && err.contains("providers/other.toml") && err.contains("must be the same"), "{err}");
    let p = Place::with("providers_dir = \"nowhere\"\n");
    refused(&p, "forewarn.toml:1:17", &["nowhere"]);
}

#[test]
fn every_problem_of_a_file_is_shown_at_once() {
    let p = Place::with("catch_all = \"x\"\nwatch = [\"y\"]\nintake = \"z\"\n[owners.a]\nemail = \"a@example.com\"\n");
    let (code, _, err) = p.run(&["check"]);
    assert_eq!(code, 2);
    for place in [":1:13", ":2:10", ":3:10", ":5:9"] {
        assert!(err.contains(&format!("forewarn.toml{place}")), "{place}: {err}");
    }
}

#[test]
fn a_problem_in_an_included_file_is_shown_in_that_file() {
    let p = Place::with("include = [\"owners/*.toml\"]\n");
    p.file("owners/a.toml", "# one\n[owners.a]\nemail = \"a@example.com\"\n");
    refused(&p, "", &["owners/a.toml:3:9", "[email]"]);
}

#[test]
fn a_config_that_is_not_there_or_is_no_text_is_said() {
    let p = Place::with("");
    let (code, _, err) = p.run(&["check", "--config", "nowhere.toml"]);
    assert!(code == 2 && err.contains("nowhere.toml"), "{code} {err}");
    std::fs::write(p.0.path().join("binary.toml"), [0xff, 0xfe, 0]).unwrap();
    let (code, _, err) = p.run(&["check", "--config", "binary.toml"]);
    assert!(code == 2 && err.contains("binary.toml"), "{code} {err}");
}

/// A daemon that has said that it runs, and whose log nobody reads from then on; killed when dropped.
struct Daemon(Child);
impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn daemon(p: &Place) -> Daemon {
    let mut child = p
        .command(&["serve", "--intake", "127.0.0.1:0", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|l| l.unwrap().contains("forewarn is running")), "it did not start");
    Daemon(child)
}

/// Nothing is polled and the disk does not matter.
const QUIET: &str = "watch = []\nlow_water_mb = 0\n";

#[test]
fn a_second_process_on_the_data_is_4_and_readers_are_welcome() {
    let p = Place::with(QUIET);
    let _first = daemon(&p);
    let (code, _, err) = p.run(&["serve", "--intake", "127.0.0.1:0", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("another forewarn holds") && err.contains("--data"), "{err}");
    for reading in [&["events"][..], &["alerts"], &["calendar"], &["audit"], &["status"]] {
        assert_eq!(p.run(reading).0, 0, "{reading:?}");
    }
    let (code, _, err) = p.run(&["ack", "7"]);
    assert!(code == 2 && err.contains("no alert #7"), "{code} {err}");
}

#[test]
fn a_newer_schema_is_5_and_the_file_is_not_changed() {
    let p = Place::with(QUIET);
    drop(daemon(&p));
    let db = p.data().join("forewarn.db");
    let c = rusqlite::Connection::open(&db).unwrap();
    c.pragma_update(None, "user_version", 999).unwrap();
    c.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(c);
    let before = std::fs::read(&db).unwrap();
    for args in [&["serve"][..], &["events"], &["ack", "1"]] {
        let (code, _, err) = p.run(args);
        assert!(code == 5 && err.contains("999") && err.contains("newer"), "{args:?}: {code} {err}");
    }
    assert_eq!(std::fs::read(&db).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_5_and_is_not_changed() {
    for text in ["a letter to my aunt, longer than sixteen bytes", ""] {
        let p = Place::with(QUIET);
        std::fs::create_dir(p.data()).unwrap();
        std::fs::set_permissions(p.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let db = p.file("forewarn-data/forewarn.db", text);
        for args in [&["serve"][..], &["events"], &["replay"]] {
            let (code, _, err) = p.run(args);
            assert!(code == 5 && err.contains("restore a backup"), "{args:?}: {code} {err}");
        }
        assert_eq!(std::fs::read(&db).unwrap(), text.as_bytes());
    }
}

#[test]
fn data_that_is_not_there_yet_is_said_and_not_made_by_looking() {
    let p = Place::with(QUIET);
    let (code, _, err) = p.run(&["events"]);
    assert!(code == 2 && err.contains("forewarn serve"), "{code} {err}");
    assert!(!p.data().exists());
}

#[test]
fn data_others_can_write_is_refused_with_the_remedy() {
    let p = Place::with(QUIET);
    std::fs::create_dir(p.data()).unwrap();
    std::fs::set_permissions(p.data(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let (code, _, err) = p.run(&["serve"]);
    assert!(code == 2 && err.contains("chmod 700"), "{code} {err}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let p = Place::with(QUIET);
    drop(daemon(&p));
    for args in [&["events"][..], &["events", "--json"], &["providers"], &["providers", "show", "openai"], &["--help"]]
    {
        let mut child = p.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn every_command_shows_an_example() {
    let p = Place::with("");
    let (code, help, _) = p.run(&["--help"]);
    assert_eq!(code, 0);
    let list = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<&str> = list
        .lines()
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .filter(|n| *n != "help")
        .collect();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        let (code, help, _) = p.run(&[name, "--help"]);
        assert_eq!(code, 0, "{name}");
        assert!(help.contains("Example") && help.contains(&format!("forewarn {name}")), "{name}:\n{help}");
    }
}

#[test]
fn wrong_usage_is_2_on_stderr() {
    let p = Place::with("");
    for args in [
        &["dance"][..],
        &["events", "--kind", "gossip"],
        &["events", "--since", "someday"],
        &["alerts", "--state", "asleep"],
        &["ack", "x"],
        &["ack", "1", "--plan", "soon"],
        &["calendar", "--within", "long"],
        &["calendar", "--format", "papyrus"],
        &["simulate", "nobody", "x"],
        &["providers", "show", "nobody"],
        &["read", "openai", "nowhere", "-"],
        &["route", "nowhere.json"],
        &["init"],
    ] {
        let (code, out, err) = p.run(args);
        assert!(code == 2 && out.is_empty() && !err.is_empty(), "{args:?}: {code} {out}{err}");
    }
    assert!(Path::new(p.0.path()).join("forewarn.toml").exists(), "init replaced nothing");
}

#[test]
fn a_secret_without_quotes_is_not_printed_with_the_syntax_error() {
    for line in
        ["webhook_secret = a-literal-secret-in-the-config", "webhok_secret = \"a-literal-secret-in-the-config\""]
    {
        let p = Place::with(&format!("[connections.\"openai/main\"]\n{line}\n"));
        let out = p.command(&["check"]).output().unwrap();
        let err = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{err}");
        assert!(err.contains("forewarn.toml:2:") && !err.contains(LITERAL), "{err}");
    }
}
