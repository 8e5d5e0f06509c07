//! Leaf: secrets by reference only: `env:NAME`, `file:PATH`, `credential:NAME`.
//!
//! In: a reference from the config. Out: a [`SecretString`] that does not print. Invariant: exactly one trailing line
//! end is cut; an empty secret and a file that others can read are refused. Refuses literal secrets.

use secrecy::SecretString;
use std::{os::unix::fs::MetadataExt, path::Path};

/// Why a secret could not be had; no text of the secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(String);

/// How a reference must look, for messages.
pub const FORMS: &str = "env:NAME, file:PATH or credential:NAME";
const LARGEST: u64 = 64 * 1024;

/// Reads what a reference points to. `credentials` is `$CREDENTIALS_DIRECTORY`.
///
/// # Errors
/// Says which reference failed and what to do; never what it holds.
pub fn resolve(reference: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, SecretError> {
    let text = match reference.split_once(':') {
        Some(("env", name)) => {
            env(name).ok_or_else(|| SecretError(format!("{reference}: the environment has no {name}: set it")))?
        }
        Some(("file", path)) => read_private(Path::new(path), 0o077)?,
        Some(("credential", name)) => {
            if name.is_empty() || name.contains('/') {
                return Err(SecretError(format!("{reference}: a credential name has no '/' in it")));
            }
            let dir = env("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                SecretError(format!(
                    "{reference}: $CREDENTIALS_DIRECTORY is not set: add LoadCredential={name}:… to the systemd unit"
                ))
            })?;
            // systemd lets the service in by an access list, whose mask shows as read permission of the group.
            read_private(&Path::new(&dir).join(name), 0o037)?
        }
        _ => return Err(SecretError(format!("a secret is given by reference only: write {FORMS}"))),
    };
    let text = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
    if text.trim().is_empty() {
        return Err(SecretError(format!("{reference} is empty: an empty secret would let anybody in")));
    }
    Ok(SecretString::from(text))
}

fn read_private(path: &Path, forbidden: u32) -> Result<String, SecretError> {
    let fail = |why: String| SecretError(format!("file {}: {why}", path.display()));
    let meta = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?;
    if !meta.is_file() {
        return Err(fail("is not a file".into()));
    }
    if meta.mode() & forbidden != 0 {
        return Err(fail(format!(
            "others can read it (mode {:o}): run chmod 600 {}",
            meta.mode() & 0o777,
            path.display()
        )));
    }
    if meta.len() > LARGEST {
        return Err(fail(format!("is larger than {LARGEST} bytes")));
    }
    std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::{fs, os::unix::fs::PermissionsExt};

    fn env(name: &str) -> Option<String> {
        (name == "HAVE").then(|| "s3cret-s3cret-s3cret".to_owned()).or_else(|| (name == "BLANK").then(|| " \n".into()))
    }

    #[test]
    fn references_resolve_and_literals_do_not() {
        assert_eq!(resolve("env:HAVE", &env).unwrap().expose_secret(), "s3cret-s3cret-s3cret");
        assert!(resolve("env:MISSING", &env).unwrap_err().to_string().contains("MISSING"));
        assert!(resolve("env:BLANK", &env).unwrap_err().to_string().contains("empty"));
        assert!(resolve("whsec_abc", &env).unwrap_err().to_string().contains(FORMS));
        assert!(resolve("credential:../x", &env).is_err());
    }

    #[test]
    fn a_file_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        fs::write(&path, "abc\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let reference = format!("file:{}", path.display());
        let e = resolve(&reference, &env).unwrap_err().to_string();
        assert!(e.contains("chmod 600"), "{e}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(resolve(&reference, &env).unwrap().expose_secret(), "abc");
    }

    #[test]
    fn a_credential_may_show_group_read_as_systemd_makes_it_but_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let env = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| dir.path().display().to_string());
        let path = dir.path().join("whsec");
        fs::write(&path, "abc").unwrap();
        for (mode, good) in [(0o400, true), (0o440, true), (0o444, false), (0o460, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(resolve("credential:whsec", &env).is_ok(), good, "{mode:o}");
        }
    }
}
