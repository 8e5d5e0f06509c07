//! AWS Signature Version 4 of a GET without a body.
//!
//! In: keys, host, path, query, the time. Out: the headers that prove it. Invariant: what is signed is what is sent: host,
//! date and session token. Refuses bodies and other methods. Source:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use crate::crypto::{HmacKey, sha256};
use jiff::{Timestamp, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;

/// Who asks AWS for what.
#[derive(Debug, Clone)]
pub struct AwsKey {
    /// Access key id.
    pub id: SecretString,
    /// Secret access key.
    pub secret: SecretString,
    /// Of temporary keys.
    pub session_token: Option<SecretString>,
    /// `us-east-1`.
    pub region: String,
    /// `bedrock`.
    pub service: String,
}

/// What is asked, as it stands on the wire.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    /// With the port, where it is not the usual one.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
}

/// The headers to send.
pub(super) fn sign(key: &AwsKey, asked: &Asked<'_>, at: Timestamp) -> Vec<(&'static str, String)> {
    let utc = at.to_zoned_datetime(TimeZone::UTC);
    let (stamp, day) = (utc.strftime("%Y%m%dT%H%M%SZ").to_string(), utc.strftime("%Y%m%d").to_string());
    let mut headers = vec![("host", asked.host.to_owned()), ("x-amz-date", stamp.clone())];
    headers.extend(key.session_token.as_ref().map(|t| ("x-amz-security-token", t.expose_secret().to_owned())));
    let names = headers.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(n, v)| format!("{n}:{}\n", v.trim())).collect();
    let mut query: Vec<(String, String)> =
        asked.query.iter().map(|(k, v)| (encoded(k, false), encoded(v, false))).collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    let path = if asked.path.is_empty() { "/".to_owned() } else { encoded(asked.path, true) };
    let nothing = hex::encode(sha256(&[]));
    let request = format!("GET\n{path}\n{}\n{lines}\n{names}\n{nothing}", query.join("&"));
    let scope = format!("{day}/{}/{}/aws4_request", key.region, key.service);
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex::encode(sha256(&[request.as_bytes()])));
    let first = format!("AWS4{}", key.secret.expose_secret());
    let parts = [day.as_str(), &key.region, &key.service, "aws4_request"];
    let derived = parts.iter().fold(HmacKey::new(first.as_bytes()), |k, part| HmacKey::new(&k.tag(&[part.as_bytes()])));
    let signature = hex::encode(derived.tag(&[text.as_bytes()]));
    let id = key.id.expose_secret();
    headers.remove(0);
    headers.push((
        "authorization",
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"),
    ));
    headers
}

/// Percent-encoded but for unreserved characters, and slashes in a path. What was encoded on the wire is encoded again, as
/// all services but S3 want it.
fn encoded(text: &str, is_path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') || (is_path && b == b'/') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(path: &str, query: &[(&str, &str)], session_token: Option<&str>) -> String {
        let key = AwsKey {
            id: "AKIDEXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: session_token.map(Into::into),
            region: "us-east-1".into(),
            service: "service".into(),
        };
        let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let asked = Asked { host: "example.amazonaws.com", path, query };
        let headers = sign(&key, &asked, "2015-08-30T12:36:00Z".parse().unwrap());
        let (_, said) = headers.into_iter().find(|(n, _)| *n == "authorization").unwrap();
        assert!(said.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "));
        said.rsplit_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn the_published_vectors_are_signed_as_published() {
        // The AWS Signature Version 4 test suite: get-vanilla, -query-order-key-case, -empty-query-key, -utf8, -unreserved.
        let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        for (path, query, expected) in [
            ("/", &[][..], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "/",
                &[("Param2", "value2"), ("Param1", "value1")],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            ("/", &[("Param1", "value1")], "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
            ("/ሴ", &[], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
            (&format!("/{unreserved}"), &[], "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
            ("/", &[(unreserved, unreserved)], "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        ] {
            assert_eq!(signature(path, query, None), expected, "{path} {query:?}");
        }
    }

    #[test]
    fn a_session_token_is_signed_and_nothing_secret_is_printed() {
        let with = signature("/", &[], Some("AQoDYXdzEPT//////////wEXAMPLE"));
        assert_ne!(with, signature("/", &[], None));
        let key = AwsKey {
            id: "AKIDEXAMPLE".into(),
            secret: "very-secret".into(),
            session_token: None,
            region: "r".into(),
            service: "s".into(),
        };
        let printed = format!("{key:?}");
        assert!(!printed.contains("very-secret") && !printed.contains("AKID"), "{printed}");
    }
}
