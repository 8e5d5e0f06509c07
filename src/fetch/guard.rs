//! What a source may reach: the public internet, this machine if it is here, and what the config allows it besides.
//!
//! In: a source's own address, the allowed blocks. Out: yes or no. Invariant: what is allowed one source is allowed no other.
//! Refuses to resolve: `reach` does.

use crate::reach::{Net, is_public};
use std::net::IpAddr;
use std::sync::Arc;

/// What one source may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Guard {
    /// Its own address is on this machine.
    pub loopback: bool,
    /// The config itself names its address in plain http.
    pub plain: bool,
    /// What the config allows it besides.
    pub allow: Arc<[Net]>,
}

impl Guard {
    pub fn allows(&self, a: IpAddr) -> bool {
        is_public(a) || self.loopback && a.is_loopback() || self.allow.iter().any(|n| n.contains(a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reach::{ResolveError, resolve};

    #[test]
    fn what_the_config_allows_one_source_is_that_block_and_no_more() {
        let guard = Guard { loopback: false, plain: false, allow: Arc::new([Net::parse("10.1.2.0/24").unwrap()]) };
        let allows = |a: &str| guard.allows(a.parse().unwrap());
        assert!(allows("10.1.2.3") && allows("1.1.1.1"));
        assert!(
            !allows("10.1.3.1") && !allows("127.0.0.1") && !allows("169.254.169.254") && !allows("::ffff:10.1.2.3")
        );
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_unless_the_source_is_of_this_machine() {
        let guard = |loopback| Guard { loopback, plain: false, allow: Arc::new([]) };
        assert!(matches!(resolve("localhost", |a| guard(false).allows(a)).await, Err(ResolveError::Refused(_))));
        assert!(resolve("localhost", |a| guard(true).allows(a)).await.is_ok());
    }
}
