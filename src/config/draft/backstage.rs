//! Backstage catalog files, `catalog-info.yaml` (<https://backstage.io/docs/features/software-catalog/descriptor-format>).
//!
//! In: the text, one or more YAML documents. Out: groups and users as owners, components and the like as services. Invariant:
//! a reference without kind and namespace is a group of the default namespace, as Backstage has it. Refuses documents that are
//! no entity, with a note.

use super::{Draft, DraftService};
use serde::Deserialize;
use serde_json::Value;

/// An annotation of ours on a component: what it uses, as in `uses`, with commas.
pub const USES: &str = "forewarn/uses";

/// Reads a file into a draft.
///
/// # Errors
/// What is no YAML.
pub fn read(text: &str, draft: &mut Draft) -> Result<(), String> {
    for doc in serde_yaml_ng::Deserializer::from_str(text) {
        let v = Value::deserialize(doc).map_err(|e| format!("it is no YAML: {e}"))?;
        if v.is_null() {
            continue;
        }
        let (Some(kind), Some(name)) = (v["kind"].as_str(), v["metadata"]["name"].as_str()) else {
            draft.notes.push("a document without kind or metadata.name was left out".into());
            continue;
        };
        match kind.to_ascii_lowercase().as_str() {
            which @ ("group" | "user") => person(&v, which, name, draft),
            "component" | "api" | "resource" | "system" => service(&v, name, draft),
            other => draft.notes.push(format!("{other} {name} is neither a team nor a service")),
        }
    }
    Ok(())
}

fn person(v: &Value, kind: &str, name: &str, draft: &mut Draft) {
    let ours = draft.owner(&reference(name, kind), name);
    let annotations = &v["metadata"]["annotations"];
    let slack = ["slack.com/channel", "forewarn/slack"].iter().find_map(|a| annotations[*a].as_str());
    if let Some(o) = draft.owners.get_mut(&ours) {
        o.email = v["spec"]["profile"]["email"].as_str().filter(|e| e.contains('@')).map(str::to_owned);
        o.slack = slack.map(|s| if s.starts_with('#') { s.to_owned() } else { format!("#{s}") });
    }
}

fn service(v: &Value, name: &str, draft: &mut Draft) {
    let Some(owner) = v["spec"]["owner"].as_str().filter(|o| !o.is_empty()) else {
        draft.notes.push(format!("{name} has no owner"));
        return;
    };
    let reference = reference(owner, "group");
    let owner = draft.owner(&reference, reference.rsplit('/').next().unwrap_or(owner));
    let env = v["spec"]["lifecycle"].as_str().filter(|l| *l != "production" && !l.is_empty()).map(str::to_owned);
    let uses = v["metadata"]["annotations"][USES].as_str().unwrap_or_default();
    let uses = uses.split(',').map(|u| u.trim().to_owned()).filter(|u| !u.is_empty()).collect();
    let found_as = format!("{} {name}", v["kind"].as_str().unwrap_or("Component"));
    draft.service(name, DraftService { owner, env, uses, found_as });
}

/// `group:default/search`, whatever was left out.
fn reference(text: &str, kind: &str) -> String {
    let (kind, rest) = text.split_once(':').unwrap_or((kind, text));
    let rest = if rest.contains('/') { rest.to_owned() } else { format!("default/{rest}") };
    format!("{}:{}", kind.to_ascii_lowercase(), rest.to_ascii_lowercase())
}
