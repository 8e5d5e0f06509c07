//! Tests of pages as blocks.

use super::*;
use proptest::prelude::*;

fn grid(text: &str, written: Written) -> Grid {
    let found = blocks(text, written).unwrap();
    found.into_iter().find_map(|b| if let Block::Table(g) = b { Some(g) } else { None }).expect("a table")
}

fn cells(grid: &Grid) -> Vec<Vec<String>> {
    grid.rows.iter().map(|r| r.cells.iter().map(Cell::plain).collect()).collect()
}

#[test]
fn spans_of_rows_and_columns_are_filled_in() {
    let page = "<table><thead><tr><th>Model<th colspan=2>Retirement</tr><tr><th><th>Standard<th>Batch</tr></thead>\
                <tr><td rowspan=2>demo-1<td>2026-01-01<td>2026-02-01</tr><tr><td colspan=2>2026-03-01</tr></table>";
    let grid = grid(page, Written::Html);
    assert_eq!(grid.header, ["model", "retirement standard", "retirement batch"]);
    assert_eq!(cells(&grid), [["demo-1", "2026-01-01", "2026-02-01"], ["demo-1", "2026-03-01", "2026-03-01"]]);
}

#[test]
fn a_table_in_a_component_or_indented_is_a_table() {
    for page in [
        "<Note>\n  | A | B |\n  |---|---|\n  | 1 | 2 |\n</Note>\n",
        "<Tabs>\n<Tab title=\"x\">\n    | A | B |\n    |---|---|\n    | 1 | 2 |\n</Tab>\n</Tabs>\n",
        "text\n\n<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>\n",
    ] {
        let grid = grid(page, Written::Markdown);
        assert_eq!(
            (grid.header.clone(), cells(&grid)),
            (vec!["a".into(), "b".into()], vec![vec!["1".into(), "2".into()]]),
            "{page}"
        );
    }
}

#[test]
fn code_and_hidden_and_struck_out_text_is_gone() {
    for (page, written) in [
        ("```\n| A |\n|---|\n| 1 |\n```\n", Written::Markdown),
        ("<script>var t = '<table><tr><td>x</table>'</script><nav><table><tr><td>x</table></nav>", Written::Html),
    ] {
        assert!(!blocks(page, written).unwrap().iter().any(|b| matches!(b, Block::Table(_))), "{page}");
    }
    assert_eq!(cells(&grid("| A |\n|---|\n| ~~old~~ new |\n", Written::Markdown)), [["new"]]);
    assert_eq!(cells(&grid("<table><tr><th>A<tr><td><del>old</del> new</table>", Written::Html)), [["new"]]);
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    assert!(blocks(&"<div>".repeat(2_000), Written::Html).is_err());
    assert!(blocks(&"<div>".repeat(500), Written::Html).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), pieces in proptest::collection::vec(prop_oneof![
        Just("<table>"), Just("<tr>"), Just("<td rowspan=9999 colspan=9999>"), Just("</table>"), Just("| a | b |\n"),
        Just("|---|---|\n"), Just("<Update label=\"2026-01-01\">"), Just("</Update>"), Just("```\n"), Just("\n"), Just("x "),
    ], 0..30)) {
        for written in [Written::Markdown, Written::Html] {
            let _ = blocks(&text, written);
            let _ = blocks(&pieces.concat(), written);
        }
    }
}
