//! Primitives: bytes in, bytes out, one opaque failure.
//!
//! One file per primitive family. Each file chooses, at compile time and in one visible place, the
//! best implementation among the backends compiled in; which one that is never changes what is
//! accepted. Nothing here knows of tokens.
//!
//! Secrets are wiped when dropped wherever this crate, RustCrypto, graviola or aws-lc-rs holds them. ring
//! offers no way to wipe the key types it owns, so what is handed to ring lives in its memory until
//! that is reused.

/// `Debug` that names the type and shows nothing of what it holds.
macro_rules! opaque_debug {
    ($($type:ident),+ $(,)?) => {$(
        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(stringify!($type))
            }
        }
    )+};
}

#[cfg(feature = "pem")]
pub(crate) mod aes_cbc;
#[cfg(feature = "jwe")]
pub(crate) mod aes_cbc_hmac;
#[cfg(any(feature = "jwe", feature = "sealed", test))]
pub(crate) mod aes_gcm;
#[cfg(feature = "jwe")]
pub(crate) mod aes_kw;
#[cfg(feature = "jwe")]
pub(crate) mod concat_kdf;
#[cfg(feature = "jwe")]
pub(crate) mod ecdh;
pub(crate) mod ecdsa;
pub(crate) mod eddsa;
// aws-lc-rs has all that graviola has.
#[cfg(all(
    feature = "graviola",
    not(feature = "aws-lc-rs"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[allow(dead_code, reason = "the formats that a build has may not need all of it")]
mod graviola;
#[cfg(not(any(
    feature = "aws-lc-rs",
    all(feature = "graviola", any(target_arch = "x86_64", target_arch = "aarch64"))
)))]
#[path = "without_graviola.rs"]
#[allow(dead_code, reason = "the same")]
mod graviola;
pub(crate) mod hash;
#[cfg(any(feature = "sealed", test))]
pub(crate) mod hkdf;
pub(crate) mod hmac;
#[cfg(any(feature = "jwe", feature = "pem"))]
pub(crate) mod pbkdf2;
#[cfg(feature = "pem")]
pub(crate) mod pbkdf2_sha1;
pub(crate) mod rand;
pub(crate) mod rsa;
#[cfg(feature = "jwe")]
pub(crate) mod rsa_oaep;
#[cfg(any(feature = "amora", feature = "jwe"))]
pub(crate) mod x25519;
#[cfg(any(feature = "amora", feature = "sealed", feature = "jwe"))]
pub(crate) mod xchacha;

#[cfg(test)]
mod wycheproof;

use subtle::ConstantTimeEq;

/// A cryptographic operation failed; deliberately says nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed;

/// Why key bytes cannot be prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "with some backends nothing is missing, with others nothing is drawn")]
pub(crate) enum Unusable {
    /// Wrong length, off the curve, halves that do not fit, inconsistent RSA parts.
    Invalid,
    /// Not served by the backends compiled in; the feature named would serve it.
    Needs(&'static str),
    /// The system gave no random bytes to make a key of.
    NoRandomness,
}

#[cfg(feature = "ring")]
impl From<::ring::error::Unspecified> for Failed {
    fn from(_: ::ring::error::Unspecified) -> Self {
        Self
    }
}

#[cfg(feature = "ring")]
impl From<::ring::error::KeyRejected> for Unusable {
    fn from(_: ::ring::error::KeyRejected) -> Self {
        Self::Invalid
    }
}

#[cfg(feature = "aws-lc-rs")]
impl From<aws_lc_rs::error::Unspecified> for Failed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

#[cfg(feature = "aws-lc-rs")]
impl From<aws_lc_rs::error::KeyRejected> for Unusable {
    fn from(_: aws_lc_rs::error::KeyRejected) -> Self {
        Self::Invalid
    }
}

/// Whether the bytes are the same, in a time that tells nothing but their lengths. Eight at once, because
/// one by one a MAC of 32 takes four hundred instructions.
pub(crate) fn are_same(one: &[u8], other: &[u8]) -> bool {
    let (ones, one) = one.as_chunks();
    let (others, other) = other.as_chunks();
    let number = |eight: &[u8; 8]| u64::from_ne_bytes(*eight);
    let eights = ones.iter().zip(others).map(|(one, other)| number(one).ct_eq(&number(other)));
    let same = eights.fold(one.ct_eq(other), |all, these| all & these);
    ones.len() == others.len() && same.into()
}

/// Copies a signature to the front of the caller's buffer; says how long it is.
fn put(signature: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
    let room = out.get_mut(..signature.len()).ok_or(Failed)?;
    room.copy_from_slice(signature);
    Ok(signature.len())
}

#[cfg(test)]
fn unhex(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    let pairs = hex.as_bytes().chunks_exact(2);
    assert!(pairs.remainder().is_empty());
    pairs.map(|pair| 16 * digit(pair[0]) + digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::are_same;

    #[test]
    fn every_byte_counts_in_a_comparison() {
        for len in 0..40 {
            let bytes: Vec<u8> = (1..=len).collect();
            assert!(are_same(&bytes, &bytes.clone()), "{len}");
            for place in 0..bytes.len() {
                for bit in 0..8 {
                    let mut other = bytes.clone();
                    other[place] ^= 1 << bit;
                    assert!(!are_same(&bytes, &other), "{len}: bit {bit} of byte {place}");
                }
                assert!(!are_same(&bytes, &bytes[..place]) && !are_same(&bytes[..place], &bytes));
            }
        }
    }

    fn shared<T: Send + Sync>() {}

    // Prepared once, used from every thread.
    #[test]
    fn prepared_keys_are_send_and_sync() {
        shared::<super::hmac::HmacKey>();
        shared::<super::aes_gcm::AesGcmKey>();
        shared::<super::rsa::RsaPublic>();
        shared::<super::rsa::RsaPrivate>();
        shared::<super::ecdsa::EcdsaPublic>();
        shared::<super::ecdsa::EcdsaPrivate>();
        shared::<super::eddsa::Ed25519Public>();
        shared::<super::eddsa::Ed25519Private>();
        #[cfg(any(feature = "amora", feature = "sealed", feature = "jwe"))]
        shared::<super::xchacha::XChaChaKey>();
        #[cfg(any(feature = "amora", feature = "jwe"))]
        shared::<super::x25519::X25519Secret>();
        #[cfg(feature = "jwe")]
        {
            shared::<super::aes_kw::AesKwKey>();
            shared::<super::aes_cbc_hmac::AesCbcHmacKey>();
            shared::<super::ecdh::EcdhPrivate>();
            shared::<super::ecdh::EcdhPublic>();
            shared::<super::rsa_oaep::OaepPublic>();
            shared::<super::rsa_oaep::OaepPrivate>();
        }
    }
}
