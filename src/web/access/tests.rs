//! The door as requests meet it.

use super::*;
use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::config::{Text, parse};
use crate::engine::tokens::Wanted;
use crate::store::sqlite::Sqlite;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

struct House {
    cx: Context,
    router: Router,
    _dir: tempfile::TempDir,
}

async fn answers(who: Who) -> String {
    format!("{} {} {}", who.name, who.role, who.csrf())
}

async fn takes(who: Who, form: Form) -> String {
    format!("{} said {}", who.name, form.get("note").unwrap_or("nothing"))
}

fn house(config: &str) -> House {
    crate::app::install_tls();
    let dir = tempfile::tempdir().unwrap();
    let env = |name: &str| (name == "PROXY").then(|| "shared-with-the-proxy".to_owned());
    let config = parse(Text::embedded("test", config), &env).unwrap_or_else(|p| panic!("{p}"));
    let access = config.access.clone();
    let sqlite = Sqlite::open(&dir.path().join("forewarn.db")).unwrap();
    let cx = App::with(config, sqlite, dir.path(), Arc::new(SystemClock)).unwrap().cx;
    let inside = Router::new()
        .route("/who", get(answers))
        .route("/say", axum::routing::post(takes))
        .route("/healthz", get(async || "well"));
    House { router: Door::new(cx.clone(), access, b"a key").guard(inside), cx, _dir: dir }
}

impl House {
    async fn token(&self, name: &str, role: Role) -> String {
        let w = Wanted { name: name.into(), role, days: None, by: "test".into() };
        tokens::add(&self.cx, w, SystemClock.now()).await.unwrap().0
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, HeaderMap, String) {
        let mut r = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(n, _)| *n == "host") {
            r = r.header("host", "127.0.0.1:8322");
        }
        for (n, v) in headers {
            r = r.header(*n, *v);
        }
        let mut r = r.body(Body::from(body.to_owned())).unwrap();
        let from = headers.iter().find(|(n, _)| *n == "x-test-peer").map_or("127.0.0.1", |(_, v)| v);
        r.extensions_mut().insert(Peer(std::net::SocketAddr::new(from.parse().unwrap(), 40_000)));
        let a = self.router.clone().oneshot(r).await.unwrap();
        let (parts, body) = a.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (parts.status.as_u16(), parts.headers, text)
    }

    async fn get(&self, headers: &[(&str, &str)]) -> u16 {
        self.ask("GET", "/who", headers, "").await.0
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SIGN_IN_ON: &str = "[access]\nsign_in = true\n";

#[tokio::test]
async fn loopback_is_open_to_this_machine_by_its_own_name_only() {
    let h = house("");
    let (status, headers, text) = h.ask("GET", "/who", &[], "").await;
    assert_eq!((status, text.starts_with("local admin ")), (200, true));
    for (name, value) in HEADERS {
        assert_eq!(headers[name], value);
    }
    assert_eq!(h.get(&[("host", "localhost:8322")]).await, 200);
    assert_eq!(h.get(&[("host", "[::1]:8322")]).await, 200);
    assert_eq!(h.get(&[("host", "evil.example:8322")]).await, 421, "DNS rebinding");
    assert_eq!(h.get(&[("x-forwarded-for", "203.0.113.9")]).await, 401, "somebody's proxy");
    assert_eq!(h.get(&[("x-test-peer", "203.0.113.9")]).await, 401);
    assert_eq!(h.get(&[("authorization", "Bearer forewarn_wrong")]).await, 401, "what is shown must be right");
}

#[tokio::test]
async fn a_token_opens_what_its_role_allows_until_it_is_revoked() {
    let h = house(SIGN_IN_ON);
    assert_eq!(h.get(&[]).await, 401);
    assert_eq!(h.ask("GET", "/healthz", &[], "").await.0, 200);
    let (reads, acts) = (h.token("ci", Role::Read).await, h.token("mei", Role::Act).await);
    let bearer = |t: &str| format!("Bearer {t}");
    let (_, _, text) = h.ask("GET", "/who", &[("authorization", &bearer(&reads))], "").await;
    assert!(text.starts_with("ci read "), "{text}");
    assert_eq!(h.ask("POST", "/say", &[("authorization", &bearer(&reads))], "").await.0, 403);
    let stored = h.cx.store.tokens().await.unwrap();
    assert!(!serde_json::to_string(&stored).unwrap().contains(&acts));
    tokens::revoke(&h.cx, "mei", "test", SystemClock.now()).await.unwrap();
    assert_eq!(h.get(&[("authorization", &bearer(&acts))]).await, 401);
    assert!(tokens::revoke(&h.cx, "mei", "test", SystemClock.now()).await.is_err());
    h.token("mei", Role::Act).await;
    let w = Wanted { name: "mei".into(), role: Role::Act, days: None, by: "test".into() };
    assert!(matches!(tokens::add(&h.cx, w, SystemClock.now()).await, Err(tokens::TokenError::Taken(_))));
    let w = Wanted { name: "old".into(), role: Role::Act, days: Some(1), by: "test".into() };
    let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
    let (old, _) = tokens::add(&h.cx, w.clone(), long_ago).await.unwrap();
    assert_eq!(h.get(&[("authorization", &bearer(&old))]).await, 401, "expired");
    assert!(tokens::add(&h.cx, w, SystemClock.now()).await.is_ok(), "an expired one makes room");
}

#[tokio::test]
async fn a_browser_signs_in_acts_by_our_forms_only_and_signs_out() {
    let h = house(SIGN_IN_ON);
    let token = h.token("mei", Role::Act).await;
    let html = ("accept", "text/html,*/*");
    let (status, headers, _) = h.ask("GET", "/who?a=b", &[html], "").await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (303, "/sign-in?next=%2Fwho%3Fa%3Db"));
    let (status, _, page) = h.ask("GET", "/sign-in?next=%2Fwho", &[html], "").await;
    assert!(status == 200 && page.contains("value=\"/who\""), "{page}");
    let (status, headers, page) = h.ask("POST", SIGN_IN, &[FORM], "token=forewarn_wrong&next=%2Fwho").await;
    assert_eq!((status, headers.contains_key("set-cookie"), page.contains("role=\"alert\"")), (401, false, true));
    let body = format!("token={token}&next=%2Fwho");
    let evil = ("origin", "https://evil.example");
    assert_eq!(h.ask("POST", SIGN_IN, &[FORM, evil], &body).await.0, 403);
    let (status, headers, _) = h.ask("POST", SIGN_IN, &[FORM, ("origin", "http://127.0.0.1:8322")], &body).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (303, "/who"));
    let set = headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"), "{set}");
    let pair = set.split(';').next().unwrap();
    let cookie = ("cookie", pair);
    let (status, _, text) = h.ask("GET", "/who", &[cookie], "").await;
    assert_eq!((status, text.starts_with("mei act ")), (200, true));
    let csrf = text.rsplit(' ').next().unwrap();
    let good = format!("csrf={csrf}&note=hello");
    assert_eq!(h.ask("POST", "/say", &[cookie, FORM], &good).await.2, "mei said hello");
    assert_eq!(h.ask("POST", "/say", &[cookie, FORM], "note=hello").await.0, 403);
    assert_eq!(h.ask("POST", "/say", &[cookie, FORM, evil], &good).await.0, 403);
    assert_eq!(h.ask("POST", "/say", &[cookie, FORM, ("origin", "null")], &good).await.0, 403);
    assert_eq!(h.ask("POST", "/say", &[cookie, FORM, ("sec-fetch-site", "cross-site")], &good).await.0, 403);
    assert_eq!(h.ask("POST", "/say", &[cookie, ("content-type", "text/plain")], &good).await.0, 415);
    assert_eq!(h.ask("POST", SIGN_OUT, &[cookie, FORM], "").await.0, 303);
    assert_eq!(h.get(&[cookie]).await, 401, "the session is over, not only the cookie gone");
}

#[tokio::test]
async fn a_revoked_token_ends_its_sessions() {
    let h = house(SIGN_IN_ON);
    let token = h.token("mei", Role::Act).await;
    let (_, headers, _) = h.ask("POST", SIGN_IN, &[FORM], &format!("token={token}")).await;
    let set = headers["set-cookie"].to_str().unwrap().to_owned();
    let cookie = ("cookie", set.split(';').next().unwrap());
    assert_eq!(h.get(&[cookie]).await, 200);
    tokens::revoke(&h.cx, "mei", "test", SystemClock.now()).await.unwrap();
    assert_eq!(h.get(&[cookie]).await, 401);
}

#[tokio::test]
async fn over_https_the_cookie_is_secure_and_the_public_name_is_ours() {
    let h = house("private_url = \"https://forewarn.internal\"\n");
    let token = h.token("mei", Role::Act).await;
    let (host, origin) = (("host", "forewarn.internal"), ("origin", "https://forewarn.internal"));
    let (_, headers, _) = h.ask("POST", SIGN_IN, &[FORM, host, origin], &format!("token={token}")).await;
    let set = headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-forewarn_session=forewarn_") && set.ends_with("; Secure"), "{set}");
    assert_eq!(h.get(&[host]).await, 401, "another name means that others come: everybody signs in");
}

#[tokio::test]
async fn a_proxy_is_believed_from_its_address_with_its_secret_only() {
    let config =
        "[access.proxy]\nfrom = [\"10.0.0.0/8\"]\nrole = \"act\"\nadmins = [\"sre\"]\nsecret = \"env:PROXY\"\n";
    let h = house(config);
    let (user, secret) = (("x-forwarded-user", "mei@example.com"), ("x-forewarn-proxy", "shared-with-the-proxy"));
    let (from, groups) = (("x-test-peer", "10.1.1.1"), ("x-forwarded-groups", "search, sre"));
    let (status, _, text) = h.ask("GET", "/who", &[user, secret, from], "").await;
    assert_eq!((status, text.starts_with("mei@example.com act ")), (200, true), "{text}");
    assert!(h.ask("GET", "/who", &[user, secret, from, groups], "").await.2.starts_with("mei@example.com admin "));
    for wrong in [
        &[user, from][..],
        &[user, secret],
        &[secret, from],
        &[user, from, ("x-forewarn-proxy", "guessed")],
        &[user, user, secret, from],
        &[user, secret, ("x-test-peer", "11.0.0.1")],
    ] {
        assert_eq!(h.get(wrong).await, 401, "{wrong:?}");
    }
}

#[tokio::test]
async fn many_wrong_tokens_have_to_wait_and_right_ones_do_not() {
    let h = house(SIGN_IN_ON);
    let token = format!("Bearer {}", h.token("ci", Role::Read).await);
    assert_eq!(h.get(&[("authorization", &token)]).await, 200);
    let mut last = 0;
    for n in 0..25 {
        last = h.get(&[("authorization", &format!("Bearer forewarn_{n}"))]).await;
    }
    assert_eq!(last, 429);
    assert_eq!(h.get(&[("authorization", &token)]).await, 200);
}
