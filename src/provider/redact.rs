//! Redacting: the shape of a body nobody has proven, fit to be shown.
//!
//! In: bytes, the names whose texts say what sort of message it is. Out: one line of bounded length. Invariant: no text
//! or number of the body is repeated except under those names; names themselves are cut. Refuses bodies over its cap and
//! what is no JSON: those are told by their length only.

use crate::model::text::one_line;
use serde_json::Value;

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

#[cfg(test)]
mod tests {
    use super::*;

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
