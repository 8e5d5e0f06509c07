//! Which addresses may be reached: the public internet, and what the config allows one source besides.
//!
//! In: an address, a name. Out: yes or no, and the addresses that were checked, so that nothing is resolved twice.
//! Invariant: one refused address among the answers for a name refuses the name (the mark of rebinding). Refuses private,
//! loopback, link-local, shared, documentation, multicast and embedded-IPv4 addresses.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A block of addresses, `10.1.2.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Net {
    at: IpAddr,
    bits: u8,
}

impl Net {
    /// Reads `10.1.2.3`, `10.1.2.0/24`, `fd00::/8`.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, bits) = match text.split_once('/') {
            Some((at, bits)) => (at.parse().ok()?, Some(bits.parse::<u8>().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let most = match at {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { at, bits })
    }

    /// Whether an address lies in it.
    pub fn contains(&self, a: IpAddr) -> bool {
        let same = |x: u128, y: u128, width: u32| {
            let cut = width - u32::from(self.bits);
            x.checked_shr(cut).unwrap_or(0) == y.checked_shr(cut).unwrap_or(0)
        };
        match (self.at, a) {
            (IpAddr::V4(x), IpAddr::V4(y)) => same(u128::from(x.to_bits()), u128::from(y.to_bits()), 32),
            (IpAddr::V6(x), IpAddr::V6(y)) => same(x.to_bits(), y.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether an address is one of the public internet: no private, loopback, link-local, shared, test, multicast or
/// embedded-IPv4 address. Sources: RFC 6890, RFC 4193, RFC 6598, RFC 6052, RFC 7526.
pub fn is_public(a: IpAddr) -> bool {
    match a {
        IpAddr::V4(v4) => {
            let [x, y, z, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || x == 0
                || x >= 240
                || (x == 100 && (64..128).contains(&y))
                || (x == 192 && y == 0 && z == 0)
                || (x == 192 && y == 88 && z == 99)
                || (x == 198 && (18..20).contains(&y)))
        }
        IpAddr::V6(v6) => {
            let s = v6.segments();
            // Only 2000::/3 is handed out; of it 2001:0::/23, 2001:db8::/32 and 2002::/16 are not for this.
            (s[0] & 0xe000) == 0x2000
                && !(s[0] == 0x2001 && (s[1] < 0x200 || s[1] == 0xdb8))
                && s[0] != 0x2002
                && s[0] != 0x3fff
        }
    }
}

/// What one source may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Guard {
    /// Its own address is on this machine.
    pub loopback: bool,
    /// What the config allows it besides.
    pub allow: Arc<[Net]>,
}

impl Guard {
    pub fn allows(&self, a: IpAddr) -> bool {
        is_public(a) || self.loopback && a.is_loopback() || self.allow.iter().any(|n| n.contains(a))
    }

    /// The addresses of a name, all of them good ones.
    pub async fn resolve(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await.map_err(ResolveError::Unknown)?.collect();
        if found.is_empty() || found.iter().any(|a| !self.allows(a.ip())) {
            return Err(ResolveError::Refused(name.to_owned()));
        }
        Ok(found)
    }
}

/// Why a name gives no address.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// It has none, or nobody could be asked.
    #[error("{0}")]
    Unknown(std::io::Error),
    /// One of them must not be reached.
    #[error("{0} resolves to an address that is not public")]
    Refused(String),
}

impl Resolve for Guard {
    /// Only addresses that were checked are handed on, so nothing is resolved a second time.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move { Ok(Box::new(Guard::resolve(&guard, name.as_str()).await?.into_iter()) as Addrs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for bad in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "::1",
            "::",
            "fd00::1",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe::1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(bad.parse().unwrap()), "{bad}");
        }
        for good in ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1", "192.88.98.1"] {
            assert!(is_public(good.parse().unwrap()), "{good}");
        }
    }

    #[test]
    fn what_the_config_allows_one_source_is_that_block_and_no_more() {
        let guard = Guard { loopback: false, allow: Arc::new([Net::parse("10.1.2.0/24").unwrap()]) };
        let allows = |a: &str| guard.allows(a.parse().unwrap());
        assert!(allows("10.1.2.3") && allows("1.1.1.1"));
        assert!(
            !allows("10.1.3.1") && !allows("127.0.0.1") && !allows("169.254.169.254") && !allows("::ffff:10.1.2.3")
        );
        for (net, inside, outside) in [
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("10.0.0.7", "10.0.0.7", "10.0.0.8"),
            ("0.0.0.0/0", "127.0.0.1", "::1"),
        ] {
            let net = Net::parse(net).unwrap();
            assert!(net.contains(inside.parse().unwrap()) && !net.contains(outside.parse().unwrap()));
        }
        for bad in ["", "10.0.0.0/33", "10.0.0.0/-1", "ten", "10.0.0.0/8/8", "fd00::/129"] {
            assert_eq!(Net::parse(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_unless_the_source_is_of_this_machine() {
        let guard = |loopback| Guard { loopback, allow: Arc::new([]) };
        assert!(matches!(guard(false).resolve("localhost").await, Err(ResolveError::Refused(_))));
        assert!(guard(true).resolve("localhost").await.is_ok());
    }
}
