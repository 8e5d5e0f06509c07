//! Markdown with components, cut where it stops being Markdown.
//!
//! In: a page. Out: [`Part`]s: Markdown without indentation, HTML tables, components that begin and end. A component's tag
//! begins an HTML block for Markdown and swallows the table in it, and four spaces make it code: so neither reaches the
//! parser. Invariant: what stands in a code fence is dropped, as no page writes facts there. Refuses to run expressions.

/// A stretch of a page.
#[derive(Debug, PartialEq)]
pub enum Part {
    /// Markdown.
    Markdown(String),
    /// HTML: a table written out.
    Html(String),
    /// A component begins; its label or title, if it has one.
    Open(Option<String>),
    /// The innermost component ends.
    Close,
}

/// Cuts a page.
pub fn parts(page: &str) -> Vec<Part> {
    let mut cut = Cutter::default();
    let mut fence: Option<&str> = None;
    let mut html: Option<String> = None;
    let mut comment = false;
    for line in page.lines() {
        let trimmed = line.trim();
        if let Some(mark) = fence {
            if trimmed.starts_with(mark) {
                fence = None;
            }
            continue;
        }
        if let Some(open) = &mut html {
            open.push_str(line);
            open.push('\n');
            if ends_table(open) {
                cut.push(Part::Html(html.take().unwrap_or_default()));
            }
            continue;
        }
        if comment || trimmed.starts_with("{/*") {
            comment = !trimmed.ends_with("*/}");
            continue;
        }
        if let Some(mark) = ["```", "~~~"].into_iter().find(|m| trimmed.starts_with(*m)) {
            fence = Some(mark);
            cut.line("");
            continue;
        }
        if starts_table(trimmed) {
            if ends_table(trimmed) {
                cut.push(Part::Html(line.to_owned()));
            } else {
                html = Some(format!("{line}\n"));
            }
            continue;
        }
        match tag(trimmed) {
            Some(Tag { closes: true, .. }) => cut.push(Part::Close),
            Some(Tag { empty: true, .. }) => cut.line(""),
            Some(t) => {
                cut.push(Part::Open(t.label));
                if let Some((inner, closed)) = t.inner {
                    cut.line(inner);
                    if closed {
                        cut.push(Part::Close);
                    }
                }
            }
            // A row must not be code, whatever it is indented by.
            None if trimmed.len() > 1 && trimmed.starts_with('|') => cut.line(trimmed),
            // `:::warning` around a notice is a component too, without a name.
            None if ["import ", "export ", ":::"].iter().any(|s| trimmed.starts_with(s)) => cut.line(""),
            None => cut.line(line),
        }
    }
    if let Some(open) = html {
        cut.push(Part::Html(open));
    }
    cut.flush();
    cut.parts
}

#[derive(Default)]
struct Cutter {
    parts: Vec<Part>,
    lines: Vec<String>,
}

impl Cutter {
    fn line(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
    fn push(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }
    /// The lines so far, without the indent that all of them have.
    fn flush(&mut self) {
        let indent = |l: &String| l.len() - l.trim_start_matches([' ', '\t']).len();
        let filled = || self.lines.iter().filter(|l| !l.trim().is_empty() && !l.starts_with('|'));
        let common = filled().map(indent).min().unwrap_or(0);
        if filled().next().is_some() || self.lines.iter().any(|l| l.starts_with('|')) {
            let cut = |l: &String| l.get(common.min(indent(l))..).unwrap_or_default().to_owned();
            let text = self.lines.iter().map(cut).collect::<Vec<_>>().join("\n");
            self.parts.push(Part::Markdown(text));
        }
        self.lines.clear();
    }
}

fn starts_table(line: &str) -> bool {
    line.get(..6).is_some_and(|s| s.eq_ignore_ascii_case("<table"))
}

fn ends_table(text: &str) -> bool {
    text.trim_end().len() >= 8 && text.trim_end().to_ascii_lowercase().ends_with("</table>")
}

/// A line that begins with a component's tag.
struct Tag<'l> {
    closes: bool,
    empty: bool,
    label: Option<String>,
    /// Text after the tag on its line, and whether the component ends there.
    inner: Option<(&'l str, bool)>,
}

fn tag(line: &str) -> Option<Tag<'_>> {
    let plain = Tag { closes: false, empty: false, label: None, inner: None };
    if let Some(name) = line.strip_prefix("</").and_then(|l| l.strip_suffix('>')) {
        return is_name(name.trim()).then_some(Tag { closes: true, ..plain });
    }
    let rest = line.strip_prefix('<')?;
    let name = &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len())];
    if !is_name(name) {
        return None;
    }
    let end = tag_end(rest)?;
    let (inside, after) = (&rest[name.len()..end], rest[end + 1..].trim());
    let label = ["label", "title", "date"].into_iter().find_map(|key| attribute(inside, key));
    if inside.trim_end().ends_with('/') {
        return Some(Tag {
            empty: after.is_empty(),
            label: None,
            inner: Some((after, false)).filter(|(a, _)| !a.is_empty()),
            ..plain
        });
    }
    if after.is_empty() {
        return Some(Tag { label, ..plain });
    }
    let inner = match after.strip_suffix('>').and_then(|a| a.rfind("</").map(|at| &after[..at])) {
        Some(inner) => (inner, true),
        None => (after, false),
    };
    Some(Tag { label, inner: Some(inner), ..plain })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

/// Where the tag ends: the first `>` outside quotes and braces.
fn tag_end(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_u32);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, '>') if depth == 0 => return Some(i),
            (None, _) => {}
        }
    }
    None
}

fn attribute(inside: &str, key: &str) -> Option<String> {
    let at = inside.find(&format!("{key}="))?;
    let free = inside[..at].ends_with(|c: char| c.is_whitespace());
    let value = inside[at + key.len() + 1..].trim_start_matches('{');
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let value = &value[1..];
    free.then(|| value.find(quote).map(|end| value[..end].trim().to_owned())).flatten().filter(|v| !v.is_empty())
}
