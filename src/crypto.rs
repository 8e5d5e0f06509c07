//! Leaf: the only file that touches hashes and keys.
//!
//! In: bytes. Out: digests, signatures and yes-or-no. Invariant: every comparison of a secret or a keyed hash is in
//! constant time and over equal lengths. Refuses to decide what is signed: that is a provider file.

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// SHA-256.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut h = Sha256::new();
    for p in parts {
        h.update(p);
    }
    h.finalize().into()
}

/// The first 16 bytes of SHA-256: keys of dedup tables and fingerprints.
pub fn short_hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&sha256(parts)[..16]);
    out
}

/// A fresh secret.
///
/// # Errors
/// The system has no randomness to give.
pub fn random() -> std::io::Result<[u8; 32]> {
    let mut out = [0; 32];
    SystemRandom::new().fill(&mut out).map_err(|_| std::io::Error::other("the system gives no random bytes"))?;
    Ok(out)
}

/// A hash function senders use. SHA-1 is broken for documents, not in HMAC, and some still use it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// How many bytes come out.
    pub fn length(self) -> usize {
        match self {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }

    /// The hash of a text.
    pub fn digest(self, bytes: &[u8]) -> Tag {
        match self {
            Algorithm::Sha1 => Tag::of(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref()),
            Algorithm::Sha256 => Tag::of(&Sha256::digest(bytes)),
            Algorithm::Sha512 => Tag::of(&Sha512::digest(bytes)),
        }
    }
}

/// What a hash makes: 20, 32 or 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    bytes: [u8; 64],
    length: usize,
}

impl Tag {
    fn of(given: &[u8]) -> Self {
        let mut bytes = [0; 64];
        let length = given.len().min(64);
        bytes[..length].copy_from_slice(&given[..length]);
        Self { bytes, length }
    }
}

impl std::ops::Deref for Tag {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// A ready HMAC key; the key block is hashed once, not per message.
#[derive(Clone)]
pub struct HmacKey(Ready);

#[derive(Clone)]
enum Ready {
    Sha1(ring::hmac::Key),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl HmacKey {
    /// HMAC-SHA256.
    pub fn new(key: &[u8]) -> Self {
        Self::with(Algorithm::Sha256, key)
    }
    /// Takes any key length, as RFC 2104 does.
    pub fn with(algorithm: Algorithm, key: &[u8]) -> Self {
        // RFC 2104 defines HMAC for every key length, so the only error of these calls cannot occur.
        let any = "HMAC takes keys of any length";
        Self(match algorithm {
            Algorithm::Sha1 => Ready::Sha1(ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key)),
            Algorithm::Sha256 => {
                Ready::Sha256(Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("{any}")))
            }
            Algorithm::Sha512 => {
                Ready::Sha512(Hmac::<Sha512>::new_from_slice(key).unwrap_or_else(|_| unreachable!("{any}")))
            }
        })
    }
    /// The tag of a message given in parts.
    pub fn tag(&self, parts: &[&[u8]]) -> Tag {
        match &self.0 {
            Ready::Sha1(key) => {
                let mut m = ring::hmac::Context::with_key(key);
                parts.iter().for_each(|p| m.update(p));
                Tag::of(m.sign().as_ref())
            }
            Ready::Sha256(key) => {
                let mut m = key.clone();
                parts.iter().for_each(|p| m.update(p));
                Tag::of(&m.finalize().into_bytes())
            }
            Ready::Sha512(key) => {
                let mut m = key.clone();
                parts.iter().for_each(|p| m.update(p));
                Tag::of(&m.finalize().into_bytes())
            }
        }
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HmacKey(REDACTED)")
    }
}

/// The public half of an Ed25519 key pair (<https://www.rfc-editor.org/rfc/rfc8032>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// How many bytes a signature has.
    pub const SIGNATURE: usize = 64;

    /// Takes 32 bytes.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
    /// Whether `signature` is one of `message` by this key's other half.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

/// The private half of an Ed25519 key pair: for samples and tests, never of a sender.
pub struct PrivateKey(Ed25519KeyPair);

impl PrivateKey {
    /// Takes the 32 bytes of a seed.
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }
    /// Takes the text of a PEM file, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(text: &str) -> Option<Self> {
        let inner =
            text.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
        let der = base64_decode(&inner.split_whitespace().collect::<String>())?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok().map(Self)
    }
    /// Its public half.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }
    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Standard base64, padded or not; nothing else (no URL alphabet, no white space).
pub fn base64_decode(s: &str) -> Option<Vec<u8>> {
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const LENIENT_PADDING: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT_PADDING.decode(s).ok()
}

/// Standard base64 with padding.
pub fn base64_encode(b: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_matches_rfc_4231_case_2_and_rfc_2202_case_2() {
        for (algorithm, tag) in [
            (Algorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let made = HmacKey::with(algorithm, b"Jefe").tag(&[b"what do ya want ", b"for nothing?"]);
            assert_eq!(hex::encode(made), tag);
            assert_eq!(made.len(), algorithm.length());
        }
    }

    #[test]
    fn digests_match_the_examples_of_fips_180() {
        for (algorithm, digest) in [
            (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ] {
            assert_eq!(hex::encode(algorithm.digest(b"abc")), digest);
        }
        assert!(hex::encode(Algorithm::Sha512.digest(b"abc")).starts_with("ddaf35a193617abacc417349ae204131"));
    }

    #[test]
    fn ed25519_matches_rfc_8032_test_2() {
        let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let key = PrivateKey::from_seed(&seed).unwrap();
        assert_eq!(
            hex::encode(key.public().bytes()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let signature = key.sign(&[0x72]);
        assert_eq!(
            hex::encode(&signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(key.public().verifies(&[0x72], &signature));
        assert!(!key.public().verifies(&[0x73], &signature));
        assert!(!key.public().verifies(&[0x72], &signature[..63]));
    }

    #[test]
    fn a_private_key_is_read_from_pem() {
        // RFC 8410, section 10.3: the first example.
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = PrivateKey::from_pem(pem).unwrap();
        assert_eq!(base64_encode(key.public().bytes()), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
        assert!(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").is_none());
    }

    #[test]
    fn base64_takes_only_the_standard_alphabet() {
        assert_eq!(base64_decode("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(base64_decode("+/8"), Some(vec![0xfb, 0xff]));
        for bad in ["-_8=", "+/8=\n", " +/8=", "+"] {
            assert_eq!(base64_decode(bad), None, "{bad:?}");
        }
    }
}
