//! Which addresses may be reached: a leaf that all ways out share, to pages and to channels.
//!
//! In: an address, a name, what is allowed. Out: yes or no, and the addresses that were checked, so that nothing is resolved
//! twice. Invariant: one refused address among the answers for a name refuses the name (the mark of rebinding). Refuses to
//! connect, and to know what may be reached by whom: `fetch` and `notify` each say it.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
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

/// Whether an address answers for the machine's own cloud or link: metadata services with credentials, link-local,
/// unspecified, multicast; IPv4 inside IPv6 counts as what it holds. No message is ever meant for one of these.
/// Sources: RFC 3927, RFC 4291, the clouds' own pages on their metadata addresses.
pub fn is_metadata(a: IpAddr) -> bool {
    let v4 = |a: Ipv4Addr| {
        a.is_link_local()
            || a.is_multicast()
            || a.is_broadcast()
            || a.octets()[0] == 0
            // Alibaba, Azure, Oracle.
            || [[100, 100, 100, 200], [168, 63, 129, 16], [192, 0, 0, 192]].contains(&a.octets())
    };
    match a {
        IpAddr::V4(a) => v4(a),
        IpAddr::V6(a) => {
            let s = a.segments();
            let [.., h, l] = s;
            let inner = Ipv4Addr::from_bits(u32::from(h) << 16 | u32::from(l));
            let holds_v4 = s[..6] == [0; 6] && !a.is_loopback()
                || s[..6] == [0, 0, 0, 0, 0, 0xffff]
                || s[..6] == [0x64, 0xff9b, 0, 0, 0, 0]
                || s[..3] == [0x64, 0xff9b, 1];
            let six_to_four = s[0] == 0x2002 && v4(Ipv4Addr::from_bits(u32::from(s[1]) << 16 | u32::from(s[2])));
            holds_v4 && v4(inner)
                || six_to_four
                || a.is_unspecified()
                || a.is_multicast()
                || (s[0] & 0xffc0) == 0xfe80
                // AWS, Google.
                || s == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
                || s == [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
        }
    }
}

/// The addresses of a name, all of them allowed.
///
/// # Errors
/// That it has none, or that one of them must not be reached.
pub async fn resolve(name: &str, allows: impl Fn(IpAddr) -> bool) -> Result<Vec<SocketAddr>, ResolveError> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await.map_err(ResolveError::Unknown)?.collect();
    if found.is_empty() || found.iter().any(|a| !allows(a.ip())) {
        return Err(ResolveError::Refused(name.to_owned()));
    }
    Ok(found)
}

/// Why a name gives no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// It has none, or nobody could be asked.
    #[error("{0}")]
    Unknown(std::io::Error),
    /// One of them must not be reached.
    #[error("{0} resolves to an address that must not be reached: it is not public")]
    Refused(String),
}

/// A resolver for an HTTP client. Only addresses that were checked are handed on, so nothing is resolved a second time.
pub struct Checked<F>(pub Arc<F>);

impl<F: Fn(IpAddr) -> bool + Send + Sync + 'static> Resolve for Checked<F> {
    fn resolve(&self, name: Name) -> Resolving {
        let allows = self.0.clone();
        Box::pin(async move { Ok(Box::new(resolve(name.as_str(), |a| allows(a)).await?.into_iter()) as Addrs) })
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
    fn a_block_holds_what_lies_in_it() {
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

    #[test]
    fn metadata_and_the_link_are_told_from_a_private_network() {
        for bad in [
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_metadata(bad.parse().unwrap()), "{bad}");
        }
        for fine in
            ["127.0.0.1", "::1", "10.0.0.5", "192.168.1.5", "fd00::5", "1.1.1.1", "64:ff9b::a00:5", "2606:4700::1111"]
        {
            assert!(!is_metadata(fine.parse().unwrap()), "{fine}");
        }
    }

    #[tokio::test]
    async fn one_refused_address_refuses_the_name() {
        assert!(matches!(resolve("localhost", is_public).await, Err(ResolveError::Refused(_))));
        assert!(resolve("localhost", |a| !is_metadata(a)).await.is_ok());
    }
}
