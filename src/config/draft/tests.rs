//! Drafts of owners and services: what is taken from the files of others, and that the config takes it.

use super::*;
use crate::config::{Text, parse};

const CODEOWNERS: &str = "# the last line that fits counts
*                       @acme/platform
*.js                    @acme/web   # across folders
/services/checkout/     @acme/payments @mei
/services/search/**     search@example.com
docs/                   @acme/platform
/free/
[Data] @acme/data
/pipelines/
/my\\ folder/           @acme/data
";

const BACKSTAGE: &str = "---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: search
  annotations: { slack.com/channel: search-ai }
spec: { type: team, profile: { email: search@example.com } }
---
kind: Component
metadata:
  name: support-bot
  annotations: { forewarn/uses: 'openai:gpt-demo-1, anthropic' }
spec: { type: service, lifecycle: production, owner: group:default/search }
---
kind: Component
metadata: { name: rerank }
spec: { lifecycle: experimental, owner: search }
---
kind: Location
metadata: { name: here }
---
kind: API
metadata: { name: orphan }
";

fn checked(draft: &Draft) -> crate::config::Config {
    let toml = draft.to_toml();
    parse(Text::embedded("draft", &toml), &|_| None).unwrap_or_else(|e| panic!("{e:?}\n{toml}"))
}

#[test]
fn codeowners_become_owners_and_services_that_the_config_takes() {
    let mut d = Draft::default();
    let rules = codeowners::read(CODEOWNERS, &mut d);
    assert_eq!(rules.len(), 8);
    assert_eq!(rules[5], codeowners::Rule { pattern: "/free/".into(), owner: None, service: None });
    let services: Vec<(&str, &str)> = d.services.iter().map(|(n, s)| (n.as_str(), s.owner.as_str())).collect();
    assert_eq!(
        services,
        [
            ("checkout", "payments"),
            ("docs", "platform"),
            ("my-folder", "data"),
            ("pipelines", "data"),
            ("search", "search")
        ]
    );
    assert_eq!(d.owners["search"].email.as_deref(), Some("search@example.com"));
    assert_eq!(d.catch_all.as_deref(), Some("platform"));
    assert!(d.notes.iter().any(|n| n.contains("@mei")) && d.notes.iter().any(|n| n.contains("*.js")), "{:?}", d.notes);
    d.owners.get_mut("search").unwrap().email = None; // no mail in this config
    let c = checked(&d);
    assert_eq!((c.directory.services().count(), c.directory.catch_all.as_str()), (5, "platform"));
}

#[test]
fn a_backstage_catalog_becomes_owners_and_services_that_the_config_takes() {
    let mut d = Draft::default();
    backstage::read(BACKSTAGE, &mut d).unwrap();
    assert_eq!(d.owners.keys().collect::<Vec<_>>(), ["search"], "a team is the same however it is written");
    assert_eq!(
        (d.owners["search"].slack.as_deref(), d.owners["search"].email.as_deref()),
        (Some("#search-ai"), Some("search@example.com"))
    );
    assert_eq!(d.services["rerank"].env.as_deref(), Some("experimental"));
    assert_eq!(d.services["support-bot"].uses.len(), 2);
    assert_eq!(d.notes.len(), 2, "{:?}", d.notes);
    d.owners.get_mut("search").unwrap().slack = None; // no Slack app in this config
    d.owners.get_mut("search").unwrap().email = None;
    assert_eq!(checked(&d).directory.service("support-bot").unwrap().uses.len(), 2);
    assert!(backstage::read("a: [", &mut d).is_err());
}

#[test]
fn a_hostile_name_stays_a_name() {
    let mut d = Draft::default();
    codeowners::read("/a\"]\\ x/ @o/\"]\n[owners.evil]\n/ü/ @Ü\n/operators/ @operators", &mut d);
    let c = checked(&d);
    assert!(!c.directory.has_owner("evil") && c.directory.has_owner("operators-2"), "{}", d.to_toml());
}
