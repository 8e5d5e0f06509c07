//! `forewarn providers --scorecard`: how providers treated their customers.

use super::{Done, Place, out};
use crate::engine::scorecard::{DAYS, Score, scorecard};

pub(super) async fn run(place: &Place, json: bool) -> Done {
    let app = place.look()?;
    let all = scorecard(&app.cx, None).await?;
    if json {
        return out::list(&all, None);
    }
    if all.is_empty() {
        return out::say("Nothing was heard yet: start forewarn serve, and come back in an hour.");
    }
    let lines: Vec<Vec<String>> = all.iter().map(line).collect();
    out::table(
        &["PROVIDER", "ENDS", "NOTICE GIVEN (DAYS)", "UNDER 90", "MOVED", "INCIDENTS", "MEDIAN", "LONGEST"],
        &lines,
    )?;
    out::say(&format!(
        "\nNotice: from the announcement to the firm day of the end; shortest, median, longest, and of how many. Moved: to an\nearlier day, to a later day, taken back, since forewarn listens. Incidents: of the last {DAYS} days, as far back as the page shows."
    ))
}

fn line(s: &Score) -> Vec<String> {
    let n = &s.notice;
    let notice = match (n.shortest, n.median, n.longest) {
        (Some(a), Some(b), Some(c)) => format!("{a} / {b} / {c} (of {})", n.known),
        (_, _, _) => "no day known".to_owned(),
    };
    let took = |m: Option<i64>| m.map_or_else(String::new, super::now::took);
    let major = if s.incidents.major == 0 { String::new() } else { format!(", {} major", s.incidents.major) };
    vec![
        s.id.clone(),
        n.ends.to_string(),
        notice,
        if n.known == 0 { String::new() } else { n.under_90.to_string() },
        format!("{} / {} / {}", s.dates.earlier, s.dates.later, s.dates.withdrawn),
        format!("{}{major}", s.incidents.count),
        took(s.incidents.median_minutes),
        took(s.incidents.longest_minutes),
    ]
}
