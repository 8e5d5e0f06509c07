//! The calendar for spreadsheets: RFC 4180, CRLF, every text quoted.
//!
//! In: rows. Out: one text. Invariant: text from outside stays in its field, and no field begins as a formula would.
//! Refuses other separators.

use super::Deprecation;
use jiff::civil::Date;

const HEAD: &str =
    "id,provider,stage,announced_on,shutdown_on,earliest_shutdown_on,days_left,replacements,services,owners,state,url";

/// The rows with their head.
pub fn csv(rows: &[Deprecation]) -> String {
    let mut out = String::from(HEAD);
    out.push_str("\r\n");
    for r in rows {
        let cells = [
            quote(&r.id),
            quote(&r.provider),
            quote(r.stage.as_str()),
            date(r.announced_on),
            date(r.shutdown_on),
            date(r.earliest_shutdown_on),
            r.days_left.map_or_else(String::new, |n| n.to_string()),
            quote(&r.replacements.join(" ")),
            quote(&r.services.join(" ")),
            quote(&r.owners.join(" ")),
            quote(&r.state),
            quote(r.url.as_deref().unwrap_or_default()),
        ];
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

fn date(d: Option<Date>) -> String {
    d.map_or_else(String::new, |d| d.to_string())
}

/// Quoted; what a spreadsheet would take for a formula is prefixed
/// (<https://owasp.org/www-community/attacks/CSV_Injection>), also behind spaces, which some programs strip.
fn quote(s: &str) -> String {
    let clean: String = s.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let formula = clean.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, clean.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_formula_is_text_and_a_quote_stays_inside() {
        assert_eq!(quote("=1+1"), "\"'=1+1\"");
        assert_eq!(quote("\t@SUM(A1)"), "\"' @SUM(A1)\"");
        assert_eq!(quote("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quote("a\r\nb"), "\"a  b\"");
        assert_eq!(quote("gpt-x"), "\"gpt-x\"");
    }

    proptest! {
        #[test]
        fn any_text_is_one_field_that_is_no_formula(s in "(?s).{0,80}") {
            let q = quote(&s);
            prop_assert!(!q.contains(['\r', '\n']));
            let inside = &q[1..q.len() - 1];
            prop_assert!(!inside.replace("\"\"", "").contains('"'));
            prop_assert!(!inside.trim_start().starts_with(['=', '+', '-', '@']));
        }
    }
}
