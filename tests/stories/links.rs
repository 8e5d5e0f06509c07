//! The link of a message: what it shows, what it does, and what asks it in vain.

use crate::harness::*;

/// A world in which billing was told of an ending, and the link of that message.
async fn told() -> (World, String) {
    let mut w = World::new().await;
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
    let m = w.expect("billing/webhook", &["gpt-b"]);
    let url = m.text.split("\"act\":\"").nth(1).and_then(|t| t.split('"').next()).expect("a link").to_owned();
    (w, url)
}

async fn state(w: &World) -> (String, Option<String>) {
    let (alert, _) = w.alerts().await.into_iter().find(|(_, m)| m.id.as_str().contains("gpt-b")).unwrap();
    (alert.state.to_string(), alert.ack.and_then(|a| a.plan_on).map(|d| d.to_string()))
}

#[tokio::test]
async fn scanners_that_open_a_link_change_nothing() {
    let (w, url) = told().await;
    let before = w.cx.store.changes();
    for n in 0..50 {
        let agent = format!("LinkScanner/{n} (prefetch)");
        let method = ["GET", "HEAD"][n % 2];
        let with = [("method", method), ("user-agent", agent.as_str()), ("purpose", "prefetch")];
        assert_eq!(w.link(&url, None, &with).await.0, 200, "{method}");
    }
    for method in ["OPTIONS", "PUT", "DELETE"] {
        assert_eq!(w.link(&url, None, &[("method", method)]).await.0, 405, "{method}");
    }
    assert_eq!((state(&w).await.0.as_str(), w.cx.store.changes()), ("open", before));
}

#[tokio::test]
async fn a_link_shows_the_facts_and_a_plan_given_there_holds() {
    let (mut w, url) = told().await;
    let (status, headers, page) = w.link(&url, None, &[]).await;
    assert_eq!(status, 200);
    for words in ["gpt-b", "owner billing", "name=\"plan_on\"", "We no longer use it", "value=\"reassign\""] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<script"), "{page}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(
        (&headers["referrer-policy"], &headers["cache-control"]),
        (&"no-referrer".parse().unwrap(), &"no-store".parse().unwrap())
    );
    let plan = day(20).to_string();
    let form = format!("name=Mei+%3Cb%3E&do=plan&plan_on={plan}&note=moving");
    let (status, _, page) = w.link(&url, Some(&form), &[]).await;
    assert!(status == 200 && page.contains("Noted:") && page.contains("Mei &lt;b&gt;"), "{page}");
    assert_eq!(state(&w).await, ("acknowledged".into(), Some(plan)));
    // Sent twice by an impatient thumb: nothing new is said.
    let before = w.cx.store.changes();
    assert_eq!(w.link(&url, Some(&form), &[]).await.0, 200);
    assert_eq!(w.cx.store.changes(), before);
    w.advance(days(10)).await;
    w.expect_silence();
}

#[tokio::test]
async fn a_link_refuses_what_is_not_for_it_and_says_why() {
    let (mut w, url) = told().await;
    let late = format!("do=plan&plan_on={}", day(90));
    for (form, status, words) in [
        ("", 400, "Nothing was chosen"),
        ("do=steal", 400, "Nothing was chosen"),
        ("do=plan&plan_on=soon", 400, "is no day"),
        ("do=snooze", 400, "Name the day"),
        ("do=wrong_date", 409, "a note is needed"),
        ("do=reassign&to=nobody", 409, "no owner"),
        (late.as_str(), 409, "not before the deadline"),
    ] {
        let (got, _, page) = w.link(&url, Some(form), &[]).await;
        assert!(got == status && page.contains(words), "{form}: {got} {page}");
    }
    let (status, ..) = w.link(&url, Some("do=plan"), &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(status, 403);
    let changed = format!("{}0", &url[..url.len() - 1]);
    let forged = if changed == url { format!("{}1", &url[..url.len() - 1]) } else { changed };
    for bad in [forged.as_str(), "https://forewarn.example/ack/17", "https://forewarn.example/ack/x-y"] {
        assert_eq!(w.link(bad, Some("do=plan"), &[]).await.0, 404, "{bad}");
    }
    assert_eq!(state(&w).await.0, "open");
    w.pass(minutes(60 * 24 * 101));
    let (status, _, page) = w.link(&url, Some("do=plan"), &[]).await;
    assert!(status == 410 && page.contains("has ended"), "{page}");
}

#[tokio::test]
async fn what_was_resolved_by_a_link_is_over_and_its_old_link_answers_no_new_episode() {
    let (mut w, url) = told().await;
    let (status, _, page) = w.link(&url, Some("do=migrated&name=Mei"), &[]).await;
    assert!(status == 200 && page.contains("there is nothing to answer"), "{page}");
    assert_eq!(state(&w).await.0, "resolved");
    assert_eq!(w.link(&url, Some("do=migrated&name=Mei"), &[]).await.0, 200, "said already");
    assert_eq!(w.link(&url, Some("do=plan"), &[]).await.0, 409);
    w.advance(days(30)).await;
    w.expect_silence();
}
