//! How a request proves who asks: a key in a header, a signature, or a token fetched with a client's secret.
//!
//! In: a [`Proof`], the address, the time. Out: headers. Invariant: a proof goes to the host that was asked first, never to
//! another it redirects to; a secret is never printed. Refuses to keep tokens: lists are read a few times a day.

use super::aws::{Asked, AwsKey, sign};
use super::{Client, FetchError, Guard, check, host, is_loopback, network, parse, read};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use url::Url;

/// How a request proves who asks.
#[derive(Debug, Clone)]
pub enum Proof {
    /// `Authorization: Bearer`.
    Bearer(SecretString),
    /// The key in a header of its own.
    Header {
        /// Its name.
        name: String,
        /// The key.
        key: SecretString,
    },
    /// Signed as AWS wants it.
    Aws(AwsKey),
    /// A token that the client's secret buys first (RFC 6749, section 4.4).
    Client(ClientSecret),
}

/// A client of an identity provider.
#[derive(Debug, Clone)]
pub struct ClientSecret {
    /// Where tokens are had.
    pub token_url: String,
    /// Its id.
    pub id: SecretString,
    /// Its secret.
    pub secret: SecretString,
    /// For what.
    pub scope: String,
}

impl Proof {
    /// With this proof.
    pub(super) fn add(&self, get: RequestBuilder, url: &Url, at: Timestamp) -> RequestBuilder {
        match self {
            Proof::Bearer(key) => get.bearer_auth(key.expose_secret()),
            Proof::Header { name, key } => get.header(name, key.expose_secret()),
            Proof::Aws(key) => {
                let port = url.port().map_or_else(String::new, |p| format!(":{p}"));
                let named = format!("{}{port}", host(url));
                let query = url.query_pairs().into_owned().collect();
                let headers = sign(key, &Asked { host: &named, path: url.path(), query }, at);
                headers.into_iter().fold(get, |get, (name, value)| get.header(name, value))
            }
            // Exchanged for a token before anything is asked.
            Proof::Client(_) => get,
        }
    }
}

impl Client {
    /// The proof to send: a client's secret is exchanged for a token.
    pub(super) async fn ready(&self, proof: &Proof) -> Result<Proof, FetchError> {
        let Proof::Client(c) = proof else { return Ok(proof.clone()) };
        let url = parse(&c.token_url)?;
        let guard = Guard { loopback: is_loopback(&url), plain: false, allow: Arc::new([]) };
        check(&url, &guard)?;
        self.check_behind_proxy(&url, &guard).await?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", c.id.expose_secret())
            .append_pair("client_secret", c.secret.expose_secret())
            .append_pair("scope", &c.scope)
            .finish();
        let post = self.client(&guard)?.post(url.clone()).header("content-type", "application/x-www-form-urlencoded");
        let answer = post.body(body).send().await.map_err(|e| network(&url, &e))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status { host: host(&url), status, retry_after: None, via: None });
        }
        let text = read(answer, &url).await?;
        let token = serde_json::from_slice::<serde_json::Value>(&text).ok();
        let token = token.as_ref().and_then(|v| v.get("access_token")).and_then(|t| t.as_str());
        let none = || FetchError::Network(format!("{} gave no access_token", host(&url)));
        Ok(Proof::Bearer(token.ok_or_else(none)?.into()))
    }
}
