//! HMAC with SHA-2: HS256, HS384, HS512 (RFC 7518 §3.2), and symmetric key bytes.

use std::sync::Arc;

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{
    JwsAlg, KeyMaterial, KeyType, Row, Sign, SignStream, State, Stream, Verify, VerifyStream, mismatch,
};
use crate::base::{SecretBytes, base64url, json};
use crate::crypto::hash::{Digest, Hash};
use crate::crypto::{hmac as primitive, rand};
use crate::error::{Error, ErrorKind, Result};

/// The MAC algorithms, for keys that are typed: any [`OctKey`] fits any of them, if long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HmacAlg {
    /// HMAC with SHA-256; keys of 32 bytes or more.
    Hs256,
    /// HMAC with SHA-384; keys of 48 bytes or more.
    Hs384,
    /// HMAC with SHA-512; keys of 64 bytes or more.
    Hs512,
}

impl From<HmacAlg> for JwsAlg {
    fn from(alg: HmacAlg) -> Self {
        match alg {
            HmacAlg::Hs256 => Self::HS256,
            HmacAlg::Hs384 => Self::HS384,
            HmacAlg::Hs512 => Self::HS512,
        }
    }
}

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $hash:ident;)*) => {
        pub(super) const ALGS: &[JwsAlg] = &[$(JwsAlg::$alg),*];

        impl JwsAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&Row {
                name: stringify!($alg),
                aliases: &[],
                key_type: KeyType::Oct,
                curve: None,
                signature_len: Some(Hash::$hash.len()),
                signer: |key| Ok(Arc::new(Hmac::new(key, Hash::$hash, stringify!($alg))?)),
                verifier: |key| Ok(Arc::new(Hmac::new(key, Hash::$hash, stringify!($alg))?)),
                generate: || Ok(OctKey::generate(Hash::$hash.len())?.into()),
            });
        )*}
    };
}

rows! {
    /// HMAC with SHA-256; a symmetric key of 32 bytes or more (RFC 7518 §3.2).
    HS256 = Sha256;
    /// HMAC with SHA-384; a symmetric key of 48 bytes or more (RFC 7518 §3.2).
    HS384 = Sha384;
    /// HMAC with SHA-512; a symmetric key of 64 bytes or more (RFC 7518 §3.2).
    HS512 = Sha512;
}

struct Hmac(primitive::HmacKey);

impl Hmac {
    fn new(key: &KeyMaterial, hash: Hash, alg: &'static str) -> Result<Self> {
        let KeyMaterial::Oct(key) = key else {
            return Err(mismatch(alg, "a symmetric key", key));
        };
        if key.len() < hash.len() {
            return Err(Error::new(
                ErrorKind::WeakKey,
                format!("{alg} needs {} bytes or more, this key has {}", hash.len(), key.len()),
            ));
        }
        Ok(Self(primitive::HmacKey::new(hash, key.as_bytes())))
    }
}

impl Sign for Hmac {
    fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize> {
        put(&self.0.sign(message), out)
    }

    fn start(&self) -> Result<SignStream<'_>> {
        Ok(Stream { state: State::Mac(self.0.start()), finish: Box::new(put) })
    }
}

fn put(tag: &Digest, out: &mut [u8]) -> Result<usize> {
    let tag = tag.as_ref();
    let place = out.get_mut(..tag.len()).ok_or(ErrorKind::Signing)?;
    place.copy_from_slice(tag);
    Ok(tag.len())
}

impl Verify for Hmac {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature)
    }

    fn start(&self) -> Result<VerifyStream<'_>> {
        Ok(Stream { state: State::Mac(self.0.start()), finish: Box::new(primitive::same_tag) })
    }
}

/// Symmetric key bytes: the secret of HS256 and its siblings, or a content key.
///
/// Text that was meant for another purpose is refused: PEM, DER, OpenSSH and JWK keys, also behind
/// white space or a byte order mark and in base64. A public key taken for a secret is how tokens
/// are forged. How long the bytes must be, each algorithm says.
///
/// ```
/// use symbolon::{HmacAlg, OctKey};
///
/// let key = OctKey::new(vec![7; 32])?;
/// let signer = key.signer(HmacAlg::Hs256)?;
/// assert!(key.signer(HmacAlg::Hs512).is_err(), "HS512 takes 64 bytes or more");
/// assert!(OctKey::new(b"-----BEGIN PUBLIC KEY-----".to_vec()).is_err());
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OctKey(SecretBytes);

impl OctKey {
    /// Takes `bytes` as a key.
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) where there are none; [`KeyMismatch`](ErrorKind::KeyMismatch)
    /// where they look like a key of another kind.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes = SecretBytes::new(bytes.into());
        if bytes.is_empty() {
            return Err(Error::new(ErrorKind::WeakKey, "the symmetric key is empty"));
        }
        if let Some(looks) = looks_like_a_key_of_another_kind(&bytes) {
            return Err(Error::new(
                ErrorKind::KeyMismatch,
                format!("{looks} is not a symmetric key: read it as a PEM, DER or JWK key instead"),
            ));
        }
        Ok(Self(bytes))
    }

    /// The bytes that `text` spells in base64url without padding.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where it is not base64url; else as [`new`](Self::new).
    pub fn from_base64url(text: &str) -> Result<Self> {
        let mut bytes = base64url::decode_secret(text, &URL_SAFE_NO_PAD).map_err(|_| {
            Error::new(ErrorKind::InvalidKey, "the key is not base64url without padding")
        })?;
        Self::new(std::mem::take(&mut *bytes))
    }

    /// A fresh random key of `len` bytes.
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) for fewer than 16 bytes or more than 1024;
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn generate(len: usize) -> Result<Self> {
        if !(16..=1024).contains(&len) {
            return Err(Error::new(ErrorKind::WeakKey, "a symmetric key has 16 to 1024 bytes"));
        }
        let mut bytes = vec![0; len];
        rand::fill(&mut bytes).map_err(|_| ErrorKind::Randomness)?;
        Ok(Self(SecretBytes::new(bytes)))
    }

    /// How many bytes it has.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a key is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes themselves: secret. They are wiped where this crate keeps them, not where they are
    /// copied to.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn looks_like_a_key_of_another_kind(bytes: &[u8]) -> Option<&'static str> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii();
    if looks_like_der(bytes) || looks_like_der(text) {
        return Some("a DER key or certificate");
    }
    const PREFIXES: &[(&[u8], &str)] = &[
        (b"-----BEGIN", "a PEM key or certificate"),
        (b"---- BEGIN", "an SSH key"),
        (b"ssh-", "an SSH key"),
        (b"sk-ssh-", "an SSH key"),
        (b"sk-ecdsa-", "an SSH key"),
        (b"ecdsa-sha2-", "an SSH key"),
        (b"openssh-key-v1", "an SSH key"),
        (b"PuTTY-User-Key-File", "an SSH key"),
    ];
    if let Some((_, looks)) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix)) {
        return Some(looks);
    }
    if text.windows(11).any(|window| window == b"-----BEGIN ") {
        return Some("a PEM key or certificate");
    }
    // A JWK that is cut off or has a member twice is broken, but no secret either.
    let mut is_jwk = false;
    let _whole_or_not = json::members(text, |name, _| is_jwk |= name == "kty" || name == "keys");
    if is_jwk {
        return Some("a JWK");
    }
    is_base64_of_der(text).then_some("a DER key or certificate in base64")
}

/// Whether it is one ASN.1 SEQUENCE that begins as keys and certificates do. Random bytes pass with
/// a chance below 2^-32.
fn looks_like_der(bytes: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let Some((SEQUENCE, body, [])) = der_element(bytes) else { return false };
    match der_element(body) {
        // SPKI: the algorithm's OID; a certificate: its version or serial number.
        Some((SEQUENCE, inner, _)) => {
            matches!(der_element(inner), Some((0x06 | 0xa0 | INTEGER, _, _)))
        }
        // PKCS#8 and SEC1: a version, then more; PKCS#1: a version or a modulus, then a number.
        Some((INTEGER, _, rest)) => {
            matches!(der_element(rest), Some((SEQUENCE | INTEGER | 0x04, _, _)))
        }
        _ => false,
    }
}

/// Tag, content and what follows of the first DER element.
fn der_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(&len, rest)| (usize::from(len), rest))?,
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(&len, rest)| (usize::from(u16::from_be_bytes(len)), rest))?,
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

fn is_base64_of_der(text: &[u8]) -> bool {
    // Every DER SEQUENCE starts with 0x30, that is `M` in base64.
    if text.first() != Some(&b'M') {
        return false;
    }
    // It may be a secret after all, and one in 256 random ones gets this far. All the room at once:
    // nothing is left behind by bytes that grow.
    let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
    compact.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=').map(
        |byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        },
    ));
    STANDARD_NO_PAD.decode_inplace(&mut compact).is_ok_and(|bytes| looks_like_der(bytes))
}
