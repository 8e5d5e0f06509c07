//! Just enough of Rust's grammar for the house rules: code without comments and texts, the texts, and the paths of ours.
//!
//! In: a source text. Out: [`Parsed`], [`Production`], paths from the crate's root. Invariant: line breaks stay, so line
//! numbers and counts hold. Refuses to understand macros: what stands in one is read like any other code.

use std::collections::BTreeSet;

/// A source text taken apart.
pub struct Parsed {
    /// The code; comments are a space or nothing, texts are empty.
    pub code: String,
    /// Every text with the line it begins in, as it is written.
    pub literals: Vec<(usize, String)>,
}

/// What remains of a file without its tests.
pub struct Production {
    /// The code before a trailing test module.
    pub code: String,
    /// Modules in files of their own that are for tests only.
    pub test_modules: Vec<String>,
    /// Lines before a trailing test module, of any kind.
    pub lines: usize,
}

/// Takes a text apart.
pub fn parse(text: &str) -> Parsed {
    let c: Vec<char> = text.chars().collect();
    let (mut code, mut literals, mut line, mut i) = (String::new(), Vec::new(), 1, 0);
    let at = |i: usize| c.get(i).copied().unwrap_or('\0');
    while i < c.len() {
        let word_before = i > 0 && (c[i - 1].is_alphanumeric() || c[i - 1] == '_');
        match c[i] {
            '/' if at(i + 1) == '/' => i += c[i..].iter().take_while(|x| **x != '\n').count(),
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                while i < c.len() {
                    match (c[i], at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        ('\n', _) => (line, i) = (line + 1, i + 1),
                        _ => i += 1,
                    }
                    code.push_str(if at(i - 1) == '\n' { "\n" } else { "" });
                    if depth == 0 {
                        break;
                    }
                }
                code.push(' ');
            }
            'r' if !word_before || (c[i - 1] == 'b' || c[i - 1] == 'c') => {
                let hashes = c[i + 1..].iter().take_while(|x| **x == '#').count();
                code.push('r');
                if at(i + 1 + hashes) != '"' {
                    i += 1;
                    continue;
                }
                let end: String = std::iter::once('"').chain("#".repeat(hashes).chars()).collect();
                let body: String = c[i + 2 + hashes..].iter().collect();
                let body = &body[..body.find(&end).unwrap_or(body.len())];
                i += 2 + hashes + body.chars().count() + end.len();
                keep(body, &mut code, &mut literals, &mut line);
            }
            '"' => {
                let start = i + 1;
                i = start;
                while i < c.len() && c[i] != '"' {
                    i += if c[i] == '\\' { 2 } else { 1 };
                }
                let body: String = c[start..i.min(c.len())].iter().collect();
                keep(&body, &mut code, &mut literals, &mut line);
                i += 1;
            }
            // A character, not a lifetime.
            '\'' if at(i + 1) == '\\' || (at(i + 2) == '\'' && at(i + 1) != '\'') => {
                i += if at(i + 1) == '\\' { 3 } else { 2 };
                while i < c.len() && c[i] != '\'' {
                    i += 1;
                }
                code.push_str("' '");
                i += 1;
            }
            x => {
                line += usize::from(x == '\n');
                code.push(x);
                i += 1;
            }
        }
    }
    Parsed { code, literals }
}

fn keep(body: &str, code: &mut String, literals: &mut Vec<(usize, String)>, line: &mut usize) {
    literals.push((*line, body.to_owned()));
    let breaks = body.matches('\n').count();
    *line += breaks;
    code.push('"');
    code.push_str(&"\n".repeat(breaks));
    code.push('"');
}

/// Cuts off the tests: everything from `#[cfg(test)] mod NAME {` on. A `#[cfg(test)]` of any other item stays.
pub fn production(p: &Parsed) -> Production {
    let mut test_modules = Vec::new();
    let mut from = 0;
    while let Some(at) = p.code[from..].find("#[cfg(test)]").map(|n| n + from) {
        let after = p.code[at + "#[cfg(test)]".len()..].trim_start();
        let after = after.strip_prefix("pub(crate) ").or_else(|| after.strip_prefix("pub(super) ")).unwrap_or(after);
        if let Some(rest) = after.strip_prefix("mod ") {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rest[name.len()..].trim_start().starts_with('{') {
                let code = p.code[..at].to_owned();
                return Production { lines: code.lines().count(), code, test_modules };
            }
            test_modules.push(name);
        }
        from = at + 1;
    }
    Production { lines: p.code.lines().count(), code: p.code.clone(), test_modules }
}

/// Every path from the crate's root that the code names, whole: those after `crate::`, and those that `super::` takes to
/// the root. `here` is the module of the file.
pub fn paths_of_ours(code: &str, here: &[String]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for word in ["crate", "forewarn", "super"] {
        let mut from = 0;
        while let Some(at) = code[from..].find(word).map(|n| n + from) {
            from = at + word.len();
            let before = code[..at].trim_end();
            let inside = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') || before.ends_with("::");
            let Some(rest) = code[from..].trim_start().strip_prefix("::") else { continue };
            if inside {
                continue;
            }
            let mut rest = rest.trim_start();
            // Where `super::` begins to count: a file's module is inside its parent.
            let mut base: Vec<&str> = here.iter().map(String::as_str).collect();
            if word == "super" {
                base.pop();
                while let Some(r) = rest.strip_prefix("super") {
                    base.pop();
                    rest = r.trim_start().trim_start_matches("::").trim_start();
                }
            } else {
                base.clear();
            }
            let mut found = Vec::new();
            tree(rest, &base.join("::"), &mut found);
            out.extend(found);
        }
    }
    out
}

/// Reads `a::b`, `a::{b, c::d}`, `a as b`, `*`; gives back what follows.
fn tree<'c>(text: &'c str, prefix: &str, out: &mut Vec<String>) -> &'c str {
    let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    let mut text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, prefix, out).trim_start();
            match rest.strip_prefix(',') {
                Some(r) if !r.trim_start().starts_with('}') => rest = r,
                Some(r) => rest = r.trim_start(),
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
            if let Some(r) = rest.strip_prefix('}') {
                return r;
            }
        }
    }
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '*')).collect();
    text = &text[name.len()..];
    match text.trim_start().strip_prefix("::") {
        Some(rest) if rest.trim_start().starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '{' | '*')) => {
            tree(rest, &join(&name), out)
        }
        _ => {
            out.push(join(&name));
            let after = text.trim_start();
            match after.strip_prefix("as ") {
                Some(alias) => alias.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
                None => text,
            }
        }
    }
}
