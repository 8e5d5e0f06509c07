//! Redacting: a body, fit to be shown. Of one nobody has proven the shape; of a proven one its text with secrets and people hidden.
//!
//! In: bytes, the names whose texts say what sort of message it is. Out: text of bounded length. Invariant: of an unproven
//! body no text or number is repeated except under those names; of a proven one nothing that looks like a key, a token, a
//! mail address, or stands under such a name. Refuses to guess at what is no text.

use crate::model::text::one_line;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// Largest body that is looked into.
const LARGEST: usize = 64 * 1024;
/// Most characters of the line.
const LINE: usize = 600;
/// Most characters of a name or of a text that is kept.
const WORD: usize = 60;
/// Most members of an object or a list that are shown.
const MEMBERS: usize = 20;
/// Deepest level that is shown.
const DEPTH: usize = 4;

/// The shape of a body: names, and of texts their length only. Texts under the names in `keep` stay.
pub fn shape(body: &[u8], keep: &[String]) -> String {
    let told = || format!("{} bytes, not JSON", body.len());
    if body.len() > LARGEST {
        return format!("{} bytes", body.len());
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return told() };
    let mut line = String::new();
    write(&mut line, &value, keep, false, 0);
    one_line(&line, LINE)
}

fn write(out: &mut String, value: &Value, keep: &[String], kept: bool, depth: usize) {
    if out.len() > 2 * LINE {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) => out.push_str("<bool>"),
        Value::Number(_) => out.push_str("<number>"),
        Value::String(s) if kept => {
            out.push('"');
            out.push_str(&one_line(s, WORD));
            out.push('"');
        }
        Value::String(s) => out.push_str(&format!("<{} characters>", s.chars().count())),
        Value::Array(_) | Value::Object(_) if depth == DEPTH => out.push('…'),
        Value::Array(list) => {
            out.push('[');
            for (n, v) in list.iter().take(MEMBERS).enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                write(out, v, keep, false, depth + 1);
            }
            out.push_str(&rest(list.len()));
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (n, (k, v)) in map.iter().take(MEMBERS).enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                out.push_str(&one_line(k, WORD));
                out.push_str(": ");
                write(out, v, keep, keep.contains(k), depth + 1);
            }
            out.push_str(&rest(map.len()));
            out.push('}');
        }
    }
}

fn rest(members: usize) -> String {
    if members > MEMBERS { format!(", and {} more", members - MEMBERS) } else { String::new() }
}

/// Most bytes of a body that are shown.
const SHOWN: usize = 64 * 1024;
/// Whatever stands under a name with one of these in it is hidden.
const PRIVATE: &[&str] = &[
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "api_key",
    "apikey",
    "private_key",
    "signature",
    "cookie",
    "credential",
    "email",
    "e-mail",
    "phone",
    "address",
    "iban",
    "card",
    "ssn",
    "birth",
    "first_name",
    "last_name",
    "full_name",
    "ip_address",
];
/// Keys of known senders, bearer headers, JWTs, long random texts, mail addresses. Linear: no part can be matched in two ways.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let keys = r"\b(?:sk|pk|rk|whsec|whpk|xox[abeprs]|gh[opsur]|github_pat|glpat|AIza|AKIA|ASIA|ya29|SG|npm|pypi|dop_v1|shpat|shpss)[-_.][-_.A-Za-z0-9+/=]{8,}|\b(?:AIza|AKIA|ASIA)[-_A-Za-z0-9]{12,}";
    let rest = r"\beyJ[-_A-Za-z0-9]{8,}\.[-_.A-Za-z0-9]+|(?i:bearer|basic) +[-_.A-Za-z0-9+/=~]{8,}|\b[A-Za-z0-9+_]{40,}={0,2}|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+";
    Regex::new(&format!("{keys}|{rest}")).ok()
});

/// The text of a proven body with what looks like a secret or a person hidden, and whether it is longer than that.
pub fn masked(body: &[u8]) -> (String, bool) {
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        hide(&mut value);
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        return cut(&text);
    }
    match std::str::from_utf8(body) {
        Ok(text) => {
            let (text, more) = cut(text);
            (hidden(&text), more)
        }
        Err(_) => (format!("{} bytes, not a text", body.len()), false),
    }
}

fn cut(text: &str) -> (String, bool) {
    let end = (0..=SHOWN.min(text.len())).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
    (text[..end].to_owned(), end < text.len())
}

fn hidden(text: &str) -> String {
    match SECRET.as_ref() {
        Some(re) => re.replace_all(text, "[hidden]").into_owned(),
        None => "[hidden]".to_owned(),
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(s) => *s = hidden(s),
        Value::Array(list) => list.iter_mut().for_each(hide),
        Value::Object(map) => {
            for (name, v) in map.iter_mut() {
                let name = name.to_lowercase();
                match v {
                    Value::String(s) if PRIVATE.iter().any(|p| name.contains(p)) => {
                        *s = format!("[hidden, {} characters]", s.chars().count());
                    }
                    Value::Number(_) if PRIVATE.iter().any(|p| name.contains(p)) => {
                        *v = Value::String("[hidden]".into())
                    }
                    _ => hide(v),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tokens_and_people_are_hidden_and_the_rest_is_not() {
        let body = br#"{"type":"invoice.paid","id":"in_1","client_secret":"abc","data":{"customer_email":"a@b.example","note":"write to mei@shop.example or use sk-live_abcdefgh12345678","list":["whsec_abcdefghijkl","Bearer abcdefgh.ijk"],"hash":"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd0000","url":"https://a.example/very/long/path/with/many/parts/and/no/secret"}}"#;
        let (text, more) = masked(body);
        assert!(
            !more
                && text.contains("invoice.paid")
                && text.contains("https://a.example/very/long/path/with/many/parts/and/no/secret"),
            "{text}"
        );
        for secret in ["abc\"", "a@b", "mei@", "sk-live", "whsec_", "abcdefgh.ijk", "aaaaaaaaaabbbb"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let (text, _) = masked(b"token=ghp_abcdefghijklmnop1234 to x");
        assert_eq!(text, "token=[hidden] to x");
        assert_eq!(masked(&[0xff, 0xfe]).0, "2 bytes, not a text");
        assert!(masked("ü".repeat(SHOWN).as_bytes()).1);
    }

    #[test]
    fn names_and_the_type_stay_and_everything_else_is_told_by_its_length() {
        let body = br#"{"type":"invoice.paid","data":{"email":"a@b.example","amount":12,"list":["secret"]}}"#;
        let line = shape(body, &["type".to_owned()]);
        assert!(line.contains("type: \"invoice.paid\"") && line.contains("email: <11 characters>"), "{line}");
        assert!(!line.contains("b.example") && !line.contains("12") && !line.contains("secret"), "{line}");
    }

    #[test]
    fn what_is_no_json_or_too_large_is_told_by_its_length() {
        assert_eq!(shape(b"password=hunter2", &[]), "16 bytes, not JSON");
        assert_eq!(shape(&vec![b'{'; LARGEST + 1], &[]), "65537 bytes");
        assert_eq!(shape(&[0xff, 0xfe], &[]), "2 bytes, not JSON");
    }

    #[test]
    fn the_line_is_bounded_whatever_comes() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let wide = format!("{{{}}}", (0..2_000).map(|n| format!("\"{n}\\n\":\"x\"")).collect::<Vec<_>>().join(","));
        for body in [deep, wide] {
            let line = shape(body.as_bytes(), &[]);
            assert!(line.chars().count() <= LINE + 1 && !line.contains('\n'), "{line}");
        }
    }
}
