//! What a host's `robots.txt` says of an address: <https://www.rfc-editor.org/rfc/rfc9309>.
//!
//! In: the file and a path. Out: whether robots may read it. Invariants: the group that names us counts, else that for all;
//! of its rules the longest that fits, and of equally long ones the kinder. Refuses to fetch: who asks also decides what a missing file means.

use crate::model::text::glob;
use url::Url;

/// Our name in such a file.
pub const NAME: &str = "forewarn";
/// Longest file that is looked at: more need not be parsed, by the RFC.
const LONGEST: usize = 500 * 1024;

/// Whether robots may read an address of the file's host.
pub fn may_read(robots: &str, address: &Url) -> bool {
    let query = address.query().map(|q| format!("?{q}")).unwrap_or_default();
    allows(robots, &format!("{}{query}", address.path()))
}

fn allows(robots: &str, path: &str) -> bool {
    let (mut ours, mut everyones) = (None::<Vec<(bool, &str)>>, Vec::new());
    let (mut names_us, mut names_all, mut in_rules) = (false, false, false);
    let end = (0..=LONGEST.min(robots.len())).rev().find(|i| robots.is_char_boundary(*i)).unwrap_or(0);
    for line in robots[..end].lines() {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':').map(|(k, v)| (k.trim().to_ascii_lowercase(), v.trim())) else {
            continue;
        };
        match key.as_str() {
            "user-agent" => {
                if std::mem::take(&mut in_rules) {
                    (names_us, names_all) = (false, false);
                }
                names_us |= value.split(['/', ' ']).next().is_some_and(|name| name.eq_ignore_ascii_case(NAME));
                names_all |= value == "*";
                if names_us {
                    ours.get_or_insert_default();
                }
            }
            "allow" | "disallow" => {
                in_rules = true;
                let rule = (key == "allow", value);
                if let Some(rules) = ours.as_mut().filter(|_| names_us) {
                    rules.push(rule);
                }
                if names_all {
                    everyones.push(rule);
                }
            }
            _ => {}
        }
    }
    let rules = ours.unwrap_or(everyones);
    let fitting = rules.into_iter().filter(|(_, rule)| !rule.is_empty() && fits(rule, path));
    fitting.max_by_key(|(allowed, rule)| (rule.len(), *allowed)).is_none_or(|(allowed, _)| allowed)
}

/// A rule is the beginning of a path, with `*` for anything and `$` for its end.
fn fits(rule: &str, path: &str) -> bool {
    match rule.strip_suffix('$') {
        Some(whole) => glob(whole, path),
        None => glob(&format!("{rule}*"), path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_rule_of_our_group_counts() {
        let page = "# Acme\nUser-agent: *\nDisallow: /api/\nAllow: /api/v2/status.json$\nDisallow: /*.json\n\nUser-agent: Other\nDisallow: /\n";
        for (path, may) in [
            ("/history.atom", true),
            ("/api/v2/summary.json", false),
            ("/api/v2/status.json", true),
            ("/api/v2/status.json?x", false),
            ("/index.json", false),
            ("/", true),
        ] {
            assert_eq!(allows(page, path), may, "{path}");
        }
        let named = format!("{page}\nUser-Agent: Forewarn\nUser-agent: Another\nAllow: /\n");
        assert!(allows(&named, "/api/v2/summary.json"), "the group that names us counts alone");
        assert!(
            !allows("User-agent: *\nAllow: /\nUser-agent: forewarn/1.0\nDisallow: /x", "/x"),
            "a version is no part of a name"
        );
        assert!(!allows("user-agent: forewarn\r\nuser-agent: *\r\nDISALLOW: /\r\n", "/x"));
        for open in ["", "<!doctype html><p>404", "User-agent: *\nDisallow:\n", "Disallow: /\n"] {
            assert!(allows(open, "/api/v2/summary.json"), "{open}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), path in any::<String>()) {
            let _ = allows(&text, &path);
            let _ = allows(&format!("user-agent: *\ndisallow: {text}"), &path);
        }
    }
}
