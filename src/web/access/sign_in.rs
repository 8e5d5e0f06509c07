//! Signing in by token, and out.
//!
//! In: a token in a form. Out: a session cookie, and back to where somebody wanted to go. Invariant: the cookie is read by no
//! script and sent with no other site's form; after the sign-in only a path of ours is gone to. Refuses a token in an address.

use super::who::{Who, fields};
use super::{Door, SIGN_IN};
use crate::engine::tokens::{self, SESSION};
use crate::web::answer::Problem;
use crate::web::listener::Peer;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The page.
pub(super) async fn page(uri: Uri) -> Response {
    let asked = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let next = asked.into_iter().find(|(n, _)| n == "next").map(|(_, v)| v.into_owned());
    Html(render(our_path(next.as_deref()), None)).into_response()
}

/// Takes the token.
pub(super) async fn enter(State(door): State<Arc<Door>>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(Ipv4Addr::LOCALHOST.into(), |p| p.0.ip());
    let fields = match fields(request).await {
        Ok(f) => f,
        Err(p) => return p.into_response(),
    };
    let next = our_path(fields.get("next").map(String::as_str));
    let given = fields.get("token").map_or("", |t| t.trim());
    let session = async {
        let row = door.try_token(given, peer).await?;
        let made = tokens::sign_in(&door.cx, &row, door.cx.clock.now()).await;
        let cookie = made.map_err(|e| Problem::new(StatusCode::SERVICE_UNAVAILABLE, e.to_string()))?;
        Ok::<_, Problem>((row, cookie))
    };
    match session.await {
        Ok((row, cookie)) => {
            tracing::info!(who = row.name, peer = %peer, "somebody signed in");
            let age = SESSION.as_secs();
            with_cookie(&door, Redirect::to(next).into_response(), &format!("{cookie}; Max-Age={age}"))
        }
        Err(p) => (p.status(), Html(render(next, Some(p.detail())))).into_response(),
    }
}

/// Ends the session.
pub(super) async fn leave(State(door): State<Arc<Door>>, who: Option<Who>, headers: HeaderMap) -> Response {
    if who.is_some()
        && let Some(cookie) = door.cookie(&headers)
        && let Err(e) = tokens::sign_out(&door.cx, cookie).await
    {
        return Problem::from(e).into_response();
    }
    with_cookie(&door, Redirect::to(SIGN_IN).into_response(), "; Max-Age=0")
}

fn with_cookie(door: &Door, mut answer: Response, value: &str) -> Response {
    let secure = if door.secure() { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", door.cookie_name());
    if let Ok(v) = HeaderValue::from_str(&text) {
        answer.headers_mut().insert(header::SET_COOKIE, v);
    }
    answer
}

/// Where to go after the sign-in: a path of this host, else the first page.
fn our_path(next: Option<&str>) -> &str {
    let ours = |p: &&str| {
        p.starts_with('/') && !p.starts_with("//") && p.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
    };
    next.filter(ours).unwrap_or("/")
}

fn render(next: &str, wrong: Option<&str>) -> String {
    let told = wrong.map(|w| format!("<p role=\"alert\"><strong>{}.</strong></p>", escape(w))).unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Sign in · forewarn</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body><main>\n<h1>Sign in</h1>\n{told}\
         <form method=\"post\" action=\"{SIGN_IN}\">\n<input type=\"hidden\" name=\"next\" value=\"{}\">\n\
         <p><label for=\"token\">Token</label>\n\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus></p>\n\
         <p><button>Sign in</button></p>\n</form>\n<p>A token is made on the machine that runs forewarn: \
         <code>forewarn token add YOUR-NAME --role act</code></p>\n</main></body>\n</html>\n",
        escape(next)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_sign_in_only_a_path_of_ours_is_gone_to() {
        for (asked, gone) in [
            ("/alerts?state=open", "/alerts?state=open"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\r\nx: y", "/"),
            ("", "/"),
        ] {
            assert_eq!(our_path(Some(asked)), gone, "{asked:?}");
        }
        assert!(!render("/\"><script>", None).contains("<script"));
    }
}
