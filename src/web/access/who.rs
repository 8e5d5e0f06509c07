//! Who asks, for handlers: an extractor, and forms that must come from a page of ours.
//!
//! In: a request that passed the door. Out: [`Who`], [`Form`]. Invariant: a handler that takes a `Who` cannot be reached without
//! one; a form without its `csrf` is refused. Refuses files and forms over 64 KiB.

use crate::crypto::equal;
use crate::model::Role;
use crate::web::answer::Problem;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use std::collections::BTreeMap;

/// Most bytes of a form.
const LARGEST: usize = 64 * 1024;

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// They are on this machine.
    Local,
    /// By a token in a header.
    Token,
    /// By a browser's session.
    Session,
    /// By a proxy we trust.
    Proxy,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// What they may do.
    pub role: Role,
    /// Their name: of the token, or as the proxy says; `local` on this machine.
    pub name: String,
    /// How they proved it.
    pub how: How,
    pub(super) csrf: String,
}

impl Who {
    /// What every form must send back in a hidden field named `csrf`.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether they signed in, and so can sign out.
    pub fn has_session(&self) -> bool {
        self.how == How::Session
    }

    /// For whom an answer counts. Somebody on this machine says who they are; whoever signed in may add whom they speak for.
    pub fn speaks_as(&self, said: Option<&str>) -> String {
        let said = said.map(str::trim).filter(|s| !s.is_empty() && *s != self.name);
        match (self.how, said) {
            (How::Local, Some(said)) => said.to_owned(),
            (How::Token | How::Session | How::Proxy, Some(said)) => format!("{said} (by {})", self.name),
            (How::Local | How::Token | How::Session | How::Proxy, None) => self.name.clone(),
        }
    }

    /// Refuses whoever may do less.
    ///
    /// # Errors
    /// 403 with the role that is needed.
    pub fn may(&self, needed: Role) -> Result<(), Problem> {
        if self.role >= needed {
            return Ok(());
        }
        let told = format!("{} has the role {}; this needs {needed}", self.name, self.role);
        Err(Problem::new(StatusCode::FORBIDDEN, told))
    }
}

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let missing = || Problem::new(StatusCode::UNAUTHORIZED, "nobody was let in");
        parts.extensions.get::<Who>().cloned().ok_or_else(missing)
    }
}

impl<S: Sync> axum::extract::OptionalFromRequestParts<S> for Who {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Who>().cloned())
    }
}

/// The fields of a form that came from a page of ours, each name once; `csrf` is checked and gone.
#[derive(Debug, Clone, Default)]
pub struct Form(pub BTreeMap<String, String>);

impl Form {
    /// A field that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let who = request.extensions().get::<Who>().cloned();
        let mut fields = fields(request).await?;
        let sent = fields.remove("csrf").unwrap_or_default();
        if who.is_none_or(|w| !equal(w.csrf.as_bytes(), sent.as_bytes())) {
            let told = "this form is too old or not ours: go back, load the page again, send it again";
            return Err(Problem::new(StatusCode::FORBIDDEN, told));
        }
        Ok(Self(fields))
    }
}

/// The fields of a form, whoever sent it.
pub(super) async fn fields(request: Request) -> Result<BTreeMap<String, String>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send a form"));
    }
    let body = to_bytes(request.into_body(), LARGEST).await;
    let body = body.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "a form has 64 KiB at most"))?;
    let mut out = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(&body).into_owned() {
        if out.insert(name.clone(), value).is_some() {
            return Err(Problem::bad(format!("{name:?} is given twice")));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signed_in_is_always_named() {
        let who = |how| Who { role: Role::Act, name: "ci".into(), how, csrf: String::new() };
        assert_eq!(who(How::Token).speaks_as(None), "ci");
        assert_eq!(who(How::Token).speaks_as(Some(" mei ")), "mei (by ci)");
        assert_eq!(who(How::Proxy).speaks_as(Some("ci")), "ci");
        assert_eq!(who(How::Local).speaks_as(Some("mei")), "mei");
        assert_eq!(who(How::Local).speaks_as(Some("  ")), "ci");
        assert!(who(How::Token).may(Role::Read).is_ok() && who(How::Token).may(Role::Admin).is_err());
    }
}
