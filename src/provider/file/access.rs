//! What an API wants besides its key: which header, which service, which token, what is filled into its address.
//!
//! In: `auth` and `access` of a source. Out: [`Auth`], [`Access`], filled addresses. Invariant: what is filled in can name a
//! place and nothing else (letters, digits, `.`, `-`, `_`). Refuses secrets: they are the connection's.

use serde::Deserialize;
use std::collections::BTreeMap;

/// How we prove ourselves to an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer KEY`, the `api_key` of a connection.
    Bearer,
    /// That key in the header `access.header`.
    Header,
    /// AWS Signature Version 4 with `key_id` and `api_key` of a connection.
    Aws,
    /// A token that `key_id` and `api_key` buy at `access.token_url`.
    Client,
}

/// What goes with it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The header of the key, for `header`; lower case.
    pub header: Option<String>,
    /// Headers that every request carries.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The service that is signed for, for `aws`.
    pub service: Option<String>,
    /// Where tokens are had, for `client`.
    pub token_url: Option<String>,
    /// What tokens are for, for `client`.
    pub scope: Option<String>,
    /// What stands for `{NAME}` in addresses, where the connection's `values` do not say.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl Access {
    /// What is missing or too much for a way of proof.
    pub fn problem(&self, auth: Auth) -> Option<&'static str> {
        match auth {
            Auth::Header if self.header.is_none() => {
                Some("auth = \"header\" needs access = { header = \"x-api-key\" }")
            }
            Auth::Aws if self.service.is_none() => Some("auth = \"aws\" needs access = { service = \"bedrock\" }"),
            Auth::Client if self.token_url.is_none() || self.scope.is_none() => {
                Some("auth = \"client\" needs access = { token_url = \"https://…\", scope = \"…\" }")
            }
            Auth::None | Auth::Bearer | Auth::Header | Auth::Aws | Auth::Client => None,
        }
    }

    /// An address with every `{NAME}` filled in by the connection's values, else by ours.
    ///
    /// # Errors
    /// The name that nothing says.
    pub fn filled(&self, address: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
        let mut out = String::with_capacity(address.len());
        let mut rest = address;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            let value = values.get(name).or_else(|| self.values.get(name)).ok_or_else(|| name.to_owned())?;
            out.push_str(before);
            out.push_str(value);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// Whether a text may be filled into an address.
pub fn is_value(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_filled_by_the_connection_first_and_a_missing_name_is_named() {
        let access = Access { values: BTreeMap::from([("region".into(), "us-east-1".into())]), ..Access::default() };
        let mine = BTreeMap::from([("region".to_owned(), "eu-west-1".to_owned())]);
        let url = "https://bedrock.{region}.amazonaws.com/x";
        assert_eq!(access.filled(url, &BTreeMap::new()).unwrap(), "https://bedrock.us-east-1.amazonaws.com/x");
        assert_eq!(access.filled(url, &mine).unwrap(), "https://bedrock.eu-west-1.amazonaws.com/x");
        assert_eq!(access.filled("https://a.example/{tenant}/x", &mine), Err("tenant".into()));
        assert_eq!(access.filled("https://a.example/x", &mine).unwrap(), "https://a.example/x");
    }

    #[test]
    fn what_could_leave_its_place_in_an_address_is_no_value() {
        assert!(is_value("0f0e-1a") && is_value("swedencentral") && is_value("v1.2_x"));
        for bad in ["", "a/b", "a@b", "evil.example#", "..", "a b", "a:1", "ä"] {
            assert!(!is_value(bad), "{bad}");
        }
    }

    #[test]
    fn a_way_of_proof_says_what_it_needs() {
        let none = Access::default();
        assert!(none.problem(Auth::Bearer).is_none() && none.problem(Auth::None).is_none());
        for auth in [Auth::Header, Auth::Aws, Auth::Client] {
            assert!(none.problem(auth).unwrap().contains("needs access"), "{auth:?}");
        }
    }
}
