//! EdDSA on Ed25519 (RFC 8037 §3.1), also by its fully specified name Ed25519 (RFC 9864 §2.2), and
//! the octet key pairs of RFC 8037 §2.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    JwsAlg, KeyMaterial, KeyType, Row, Sign, SignStream, Verify, VerifyStream, mismatch, unusable,
};
use crate::base::{SecretBytes, leaving_no_trace};
use crate::crypto::{Unusable, eddsa as primitive, rand};
use crate::error::{Error, ErrorKind, Result};

pub(super) const ALGS: &[JwsAlg] = &[JwsAlg::EDDSA, JwsAlg::ED25519];

/// The two registered names of Ed25519 signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EdAlg {
    /// `EdDSA`, the name of RFC 8037 that every library reads.
    EdDsa,
    /// `Ed25519`, the name of RFC 9864 that replaces it.
    Ed25519,
}

impl From<EdAlg> for JwsAlg {
    fn from(alg: EdAlg) -> Self {
        match alg {
            EdAlg::EdDsa => Self::EDDSA,
            EdAlg::Ed25519 => Self::ED25519,
        }
    }
}

impl JwsAlg {
    /// Ed25519 by the name `EdDSA` (RFC 8037 §3.1).
    pub const EDDSA: Self = Self(&Row {
        name: "EdDSA",
        aliases: &["Ed25519"],
        key_type: KeyType::Okp,
        curve: Some(OkpCurve::Ed25519.name()),
        signature_len: Some(64),
        signer: |key| signer(key, "EdDSA"),
        verifier: |key| verifier(key, "EdDSA"),
        generate: || Ok(OkpPrivateKey::generate(OkpCurve::Ed25519)?.into()),
    });
    /// Ed25519 by the name `Ed25519` (RFC 9864 §2.2).
    pub const ED25519: Self = Self(&Row {
        name: "Ed25519",
        aliases: &["EdDSA"],
        key_type: KeyType::Okp,
        curve: Some(OkpCurve::Ed25519.name()),
        signature_len: Some(64),
        signer: |key| signer(key, "Ed25519"),
        verifier: |key| verifier(key, "Ed25519"),
        generate: || Ok(OkpPrivateKey::generate(OkpCurve::Ed25519)?.into()),
    });
}

const UNUSABLE: &str = "the Ed25519 key is of a wrong length, of small order, or its halves do not fit";

struct Signing(primitive::Ed25519Private);

fn signer(key: &KeyMaterial, alg: &'static str) -> Result<Arc<dyn Sign>> {
    match key {
        KeyMaterial::OkpPrivate(key) if key.public().curve == OkpCurve::Ed25519 => {
            let prepared = primitive::Ed25519Private::new(array(key.d())?, Some(key.public().x()))
                .map_err(|reason| unusable(reason, UNUSABLE))?;
            Ok(Arc::new(Signing(prepared)))
        }
        _ => Err(mismatch(alg, "a private OKP key on Ed25519", key)),
    }
}

impl Sign for Signing {
    fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize> {
        let signature = self.0.sign(message).map_err(|_| ErrorKind::Signing)?;
        out.get_mut(..signature.len()).ok_or(ErrorKind::Signing)?.copy_from_slice(&signature);
        Ok(signature.len())
    }

    fn start(&self) -> Result<SignStream<'_>> {
        Err(unstreamable())
    }
}

struct Verifying(primitive::Ed25519Public);

fn verifier(key: &KeyMaterial, alg: &'static str) -> Result<Arc<dyn Verify>> {
    match key {
        KeyMaterial::OkpPublic(key) if key.curve == OkpCurve::Ed25519 => {
            let prepared =
                primitive::Ed25519Public::new(&key.x).map_err(|reason| unusable(reason, UNUSABLE))?;
            Ok(Arc::new(Verifying(prepared)))
        }
        _ => Err(mismatch(alg, "a public OKP key on Ed25519", key)),
    }
}

impl Verify for Verifying {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature)
    }

    fn start(&self) -> Result<VerifyStream<'_>> {
        Err(unstreamable())
    }
}

/// RFC 8032 §5.1.6: the signer hashes the message, and then, with what came of that, hashes it again.
/// A reader needs one pass alone, but ring does not offer that and ed25519-dalek only as hazardous
/// material; and a payload that can be read in pieces but not written is of little use.
fn unstreamable() -> Error {
    Error::new(
        ErrorKind::UnsupportedAlgorithm,
        "Ed25519 goes over the payload twice, so it cannot be streamed: give it whole, or use ECDSA",
    )
}

/// The curves of octet key pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OkpCurve {
    /// Ed25519: signs.
    Ed25519,
    /// X25519: agrees on keys.
    X25519,
}

impl OkpCurve {
    /// The registered name, the `crv` of a JWK.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::X25519 => "X25519",
        }
    }
}

/// An Ed25519 or X25519 public key of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OkpPublicKey {
    curve: OkpCurve,
    x: Box<[u8; 32]>,
}

impl OkpPublicKey {
    /// The key of its 32 bytes.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for another length, or a point of small order, with
    /// which anyone could sign.
    pub fn new(curve: OkpCurve, x: &[u8]) -> Result<Self> {
        let x = array(x)?;
        if curve == OkpCurve::Ed25519 {
            primitive::Ed25519Public::new(x).map_err(|reason| unusable(reason, UNUSABLE))?;
        }
        Ok(Self { curve, x: Box::new(*x) })
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> OkpCurve {
        self.curve
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn x(&self) -> &[u8; 32] {
        &self.x
    }
}

/// An Ed25519 or X25519 private key of 32 bytes with its public half.
///
/// ```
/// use symbolon::{EdAlg, OkpCurve, OkpPrivateKey};
///
/// let key = OkpPrivateKey::generate(OkpCurve::Ed25519)?;
/// let signer = key.signer(EdAlg::Ed25519)?;
/// let verifier = key.public().verifier()?;
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OkpPrivateKey(Box<Pair>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    public: OkpPublicKey,
    d: SecretBytes,
}

impl OkpPrivateKey {
    /// The key of its 32 secret bytes. A public half that is given must be theirs; without one it
    /// is computed.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for another length or a public half that is not its
    /// own; [`MissingFeature`](ErrorKind::MissingFeature) for X25519 without the features `amora` and `jwe`.
    pub fn new(curve: OkpCurve, d: &[u8], public: Option<&OkpPublicKey>) -> Result<Self> {
        let secret = array(d)?;
        let x = match curve {
            OkpCurve::Ed25519 => {
                leaving_no_trace(|| primitive::Ed25519Private::new(secret, None).map(|key| key.public()))
                    .map_err(|reason| unusable(reason, UNUSABLE))?
            }
            OkpCurve::X25519 => leaving_no_trace(|| x25519_public(secret))?,
        };
        let own = OkpPublicKey { curve, x: Box::new(x) };
        if public.is_some_and(|public| *public != own) {
            return Err(unusable(Unusable::Invalid, UNUSABLE));
        }
        Ok(Self(Box::new(Pair { public: own, d: d.into() })))
    }

    /// A fresh key on `curve`.
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none; else as [`new`](Self::new).
    pub fn generate(curve: OkpCurve) -> Result<Self> {
        let mut secret = Zeroizing::new([0; 32]);
        rand::fill(&mut *secret).map_err(|_| ErrorKind::Randomness)?;
        Self::new(curve, &*secret, None)
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &OkpPublicKey {
        &self.0.public
    }

    /// The 32 secret bytes: an Ed25519 seed or an X25519 scalar.
    #[must_use]
    pub fn d(&self) -> &[u8] {
        &self.0.d
    }
}

#[cfg(any(feature = "amora", feature = "jwe"))]
fn x25519_public(secret: &[u8; 32]) -> Result<[u8; 32]> {
    Ok(crate::crypto::x25519::X25519Secret::from_bytes(secret).public())
}

#[cfg(not(any(feature = "amora", feature = "jwe")))]
fn x25519_public(_: &[u8; 32]) -> Result<[u8; 32]> {
    Err(unusable(Unusable::Needs("jwe"), UNUSABLE))
}

fn array(bytes: &[u8]) -> Result<&[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| Error::new(ErrorKind::InvalidKey, "an Ed25519 or X25519 key has 32 bytes"))
}
