//! The algorithms of RFC 7518 and its successors, one file a family, and the typed key material
//! they work with.
//!
//! An algorithm is a row: to add one to a family, write its [`Row`], its constant on [`JwsAlg`]
//! and its place in the family's list, all in that family's file.

#[cfg(feature = "jwe")]
pub(crate) mod content_encryption;
mod ecdsa;
mod eddsa;
mod hmac;
#[cfg(feature = "jwe")]
pub(crate) mod key_management;
mod material;
mod rsa;

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "jwe")]
pub use self::content_encryption::JweEnc;
pub use self::ecdsa::{EcCurve, EcPrivateKey, EcPublicKey};
pub use self::eddsa::{EdAlg, OkpCurve, OkpPrivateKey, OkpPublicKey};
pub use self::hmac::{HmacAlg, OctKey};
#[cfg(feature = "jwe")]
pub use self::key_management::JweAlg;
pub use self::material::{KeyMaterial, KeyType};
pub use self::rsa::{RsaCrtParts, RsaPrivateKey, RsaPublicKey, RsaSigAlg};

use crate::crypto::Unusable;
use crate::crypto::hash::{Digest, Hashing};
use crate::crypto::hmac::HmacState;
use crate::error::{Error, ErrorKind, Result};

/// The longest signature that any row makes: RSA with 8192 bits.
pub(crate) const MAX_SIGNATURE_LEN: usize = 1024;

/// Signs, with a key that was prepared once.
pub(crate) trait Sign: Send + Sync {
    /// Writes the signature to the front of `out`, which holds [`MAX_SIGNATURE_LEN`] bytes, and
    /// says how long it is.
    fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize>;

    /// The same for a message that comes in pieces; an error where the algorithm or the backends
    /// compiled in want it whole.
    fn start(&self) -> Result<SignStream<'_>>;
}

/// Verifies, with a key that was prepared once.
pub(crate) trait Verify: Send + Sync {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;

    /// The same for a message that comes in pieces; an error where the algorithm or the backends
    /// compiled in want it whole.
    fn start(&self) -> Result<VerifyStream<'_>>;
}

/// Writes the signature of what was digested to the front of a buffer; says how long it is.
pub(crate) type SignDigest<'k> = Box<dyn FnOnce(&Digest, &mut [u8]) -> Result<usize> + 'k>;

/// Whether a signature is one of what was digested.
pub(crate) type VerifyDigest<'k> = Box<dyn FnOnce(&Digest, &[u8]) -> bool + 'k>;

pub(crate) type SignStream<'k> = Stream<SignDigest<'k>>;
pub(crate) type VerifyStream<'k> = Stream<VerifyDigest<'k>>;

/// A message that comes in pieces, and what is done with its digest once it is whole.
pub(crate) struct Stream<F> {
    state: State,
    finish: F,
}

#[allow(clippy::large_enum_variant, reason = "one stands on the stack while a message is read")]
pub(crate) enum State {
    Hash(Hashing),
    Mac(HmacState),
}

impl State {
    fn finish(self) -> Digest {
        match self {
            Self::Hash(state) => state.finish(),
            Self::Mac(state) => state.finish(),
        }
    }
}

impl<F> Stream<F> {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Hash(state) => state.update(piece),
            State::Mac(state) => state.update(piece),
        }
    }
}

impl SignStream<'_> {
    pub(crate) fn finish(self, out: &mut [u8]) -> Result<usize> {
        (self.finish)(&self.state.finish(), out)
    }
}

impl VerifyStream<'_> {
    pub(crate) fn finish(self, signature: &[u8]) -> bool {
        (self.finish)(&self.state.finish(), signature)
    }
}

/// Everything this crate knows of one signature algorithm.
pub(crate) struct Row {
    /// The name in IANA's registry "JSON Web Signature and Encryption Algorithms".
    pub(crate) name: &'static str,
    /// Other registered names of exactly the same algorithm.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) key_type: KeyType,
    /// The curve (`crv`) its keys lie on, where it has one.
    pub(crate) curve: Option<&'static str>,
    /// The signature's length in bytes; none where the key decides it (RSA: the modulus's).
    pub(crate) signature_len: Option<usize>,
    /// Prepared in the place where it stays: a box made into an `Arc` is a copy that nobody wipes.
    pub(crate) signer: fn(&KeyMaterial) -> Result<Arc<dyn Sign>>,
    pub(crate) verifier: fn(&KeyMaterial) -> Result<Arc<dyn Verify>>,
    pub(crate) generate: fn() -> Result<KeyMaterial>,
}

/// A signature or MAC algorithm of JWS.
///
/// There are just the constants below: `none` is not among them, and no other can be made. A key
/// is prepared for one of them, and from then on the key alone decides.
///
/// ```
/// use symbolon::JwsAlg;
///
/// assert_eq!(JwsAlg::ES256.name(), "ES256");
/// assert_eq!(JwsAlg::from_name("ES256"), Some(JwsAlg::ES256));
/// assert_eq!(JwsAlg::from_name("none"), None);
/// ```
#[derive(Clone, Copy)]
pub struct JwsAlg(pub(crate) &'static Row);

impl JwsAlg {
    /// All algorithms, family by family.
    pub fn all() -> impl Iterator<Item = Self> {
        [hmac::ALGS, rsa::ALGS, ecdsa::ALGS, eddsa::ALGS].into_iter().flatten().copied()
    }

    /// The algorithm that a registry name stands for, compared to the letter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|alg| alg.name() == name)
    }

    /// The name in IANA's registry, as it stands in a header's `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The type of key it takes, the `kty` of a JWK.
    #[must_use]
    pub const fn key_type(self) -> KeyType {
        self.0.key_type
    }

    /// The curve its keys lie on, the `crv` of a JWK; none for HMAC and RSA.
    #[must_use]
    pub const fn curve(self) -> Option<&'static str> {
        self.0.curve
    }

    /// The signature's length in bytes; none for RSA, where it is the modulus's.
    #[must_use]
    pub const fn signature_len(self) -> Option<usize> {
        self.0.signature_len
    }
}

impl PartialEq for JwsAlg {
    fn eq(&self, other: &Self) -> bool {
        // Two constants of one row may stand at different addresses; names are unique.
        self.0.name == other.0.name
    }
}

impl Eq for JwsAlg {}

impl std::hash::Hash for JwsAlg {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl fmt::Debug for JwsAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Display for JwsAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// What a caller is told of key bytes that cannot be prepared.
pub(crate) fn unusable(reason: Unusable, what: &'static str) -> Error {
    match reason {
        Unusable::Invalid => Error::new(ErrorKind::InvalidKey, what),
        Unusable::NoRandomness => ErrorKind::Randomness.into(),
        Unusable::Needs(feature) => Error::new(
            ErrorKind::MissingFeature,
            format!("this key or algorithm needs the feature `{feature}` of symbolon"),
        ),
    }
}

/// What a caller is told of an algorithm that takes a message in pieces only with a backend that is
/// not compiled in.
fn unstreamable(what: &'static str) -> impl Fn(Unusable) -> Error {
    move |reason| match reason {
        Unusable::Needs(feature) => Error::new(
            ErrorKind::MissingFeature,
            format!(
                "streaming a payload through {what} needs the feature `{feature}` of symbolon; or give \
                 it whole"
            ),
        ),
        reason => unusable(reason, "the key cannot be prepared"),
    }
}

/// What a caller is told who brought a key of the wrong kind.
fn mismatch(alg: &str, needs: &str, got: &KeyMaterial) -> Error {
    Error::new(ErrorKind::KeyMismatch, format!("{alg} needs {needs}, this is {}", got.describe()))
}
