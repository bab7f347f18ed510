//! ECDSA: ES256, ES384, ES512 (RFC 7518 §3.4) and ES256K (RFC 8812 §3.2); a signature is r then s,
//! each as long as the curve's field.

use std::sync::Arc;

use super::{
    JwsAlg, KeyMaterial, KeyType, Row, Sign, SignStream, State, Stream, Verify, VerifyStream, mismatch,
    unstreamable, unusable,
};
use crate::base::{SecretBytes, leaving_no_trace};
use crate::crypto::Unusable;
use crate::crypto::ecdsa::{self as primitive, EcdsaCurve};
use crate::crypto::hash::Hashing;
use crate::error::{ErrorKind, Result};

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $curve:ident;)*) => {
        pub(super) const ALGS: &[JwsAlg] = &[$(JwsAlg::$alg),*];

        impl JwsAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&Row {
                name: stringify!($alg),
                aliases: &[],
                key_type: KeyType::Ec,
                curve: Some(EcCurve::$curve.name()),
                signature_len: Some(EcdsaCurve::$curve.signature_len()),
                signer: |key| signer(key, EcCurve::$curve, stringify!($alg)),
                verifier: |key| verifier(key, EcCurve::$curve, stringify!($alg)),
                generate: || Ok(EcPrivateKey::generate(EcCurve::$curve)?.into()),
            });
        )*}

        impl EcCurve {
            /// The signature algorithm of keys on this curve: there is just one.
            #[must_use]
            pub const fn alg(self) -> JwsAlg {
                match self { $(Self::$curve => JwsAlg::$alg,)* }
            }
        }
    };
}

rows! {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    ES256 = P256;
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    ES384 = P384;
    /// ECDSA on P-521 with SHA-512 (RFC 7518 §3.4); needs the feature `rustcrypto`.
    ES512 = P521;
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812 §3.2); needs the feature `rustcrypto`.
    ES256K = Secp256k1;
}

const UNUSABLE: &str =
    "the elliptic curve key is off its curve, of a wrong length, or its halves do not fit";

/// With the key as it was given, for the backend that takes digests.
struct Signing(primitive::EcdsaPrivate, EcPrivateKey);

fn signer(key: &KeyMaterial, curve: EcCurve, alg: &'static str) -> Result<Arc<dyn Sign>> {
    match key {
        KeyMaterial::EcPrivate(key) if key.public().curve() == curve => {
            Ok(Arc::new(Signing(key.prepare()?, key.clone())))
        }
        _ => Err(mismatch(alg, &format!("a private EC key on {}", curve.name()), key)),
    }
}

impl Sign for Signing {
    fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize> {
        Ok(self.0.sign(message, out).map_err(|_| ErrorKind::Signing)?)
    }

    fn start(&self) -> Result<SignStream<'_>> {
        let curve = self.1.public().curve();
        primitive::takes_digests().map_err(unstreamable(curve.alg().name()))?;
        let curve = curve.primitive();
        Ok(Stream {
            state: State::Hash(Hashing::new(curve.hash())),
            finish: Box::new(move |digest, out| {
                primitive::sign_digest(curve, self.1.d(), digest, out)
                    .map_err(|_| ErrorKind::Signing.into())
            }),
        })
    }
}

/// With the key as it was given, for the backend that takes digests.
struct Verifying(primitive::EcdsaPublic, EcPublicKey);

fn verifier(key: &KeyMaterial, curve: EcCurve, alg: &'static str) -> Result<Arc<dyn Verify>> {
    match key {
        KeyMaterial::EcPublic(key) if key.curve() == curve => {
            Ok(Arc::new(Verifying(key.prepare()?, key.clone())))
        }
        _ => Err(mismatch(alg, &format!("a public EC key on {}", curve.name()), key)),
    }
}

impl Verify for Verifying {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature)
    }

    fn start(&self) -> Result<VerifyStream<'_>> {
        let curve = self.1.curve();
        primitive::takes_digests().map_err(unstreamable(curve.alg().name()))?;
        let curve = curve.primitive();
        Ok(Stream {
            state: State::Hash(Hashing::new(curve.hash())),
            finish: Box::new(move |digest, signature| {
                primitive::verify_digest(curve, (self.1.x(), self.1.y()), digest, signature)
            }),
        })
    }
}

/// The curves of EC keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EcCurve {
    /// NIST P-256; coordinates of 32 bytes.
    P256,
    /// NIST P-384; coordinates of 48 bytes.
    P384,
    /// NIST P-521; coordinates of 66 bytes.
    P521,
    /// secp256k1; coordinates of 32 bytes.
    Secp256k1,
}

impl EcCurve {
    /// All curves.
    pub const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::Secp256k1];

    /// The registered name, the `crv` of a JWK.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// How many bytes a coordinate and a private scalar have.
    #[must_use]
    pub const fn field_len(self) -> usize {
        self.primitive().field_len()
    }

    pub(crate) const fn primitive(self) -> EcdsaCurve {
        match self {
            Self::P256 => EcdsaCurve::P256,
            Self::P384 => EcdsaCurve::P384,
            Self::P521 => EcdsaCurve::P521,
            Self::Secp256k1 => EcdsaCurve::Secp256k1,
        }
    }
}

/// A point on an elliptic curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcPublicKey(Box<Point>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Point {
    curve: EcCurve,
    x: Vec<u8>,
    y: Vec<u8>,
}

impl EcPublicKey {
    /// The point (`x`, `y`), each big-endian and exactly as long as the curve's field.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for a wrong length or a point off the curve;
    /// [`MissingFeature`](ErrorKind::MissingFeature) for P-521 and secp256k1 without `rustcrypto`.
    pub fn new(curve: EcCurve, x: &[u8], y: &[u8]) -> Result<Self> {
        let key = Self(Box::new(Point { curve, x: x.to_vec(), y: y.to_vec() }));
        key.prepare()?;
        Ok(key)
    }

    /// The curve.
    #[must_use]
    pub const fn curve(&self) -> EcCurve {
        self.0.curve
    }

    /// The first coordinate, big-endian, as long as the curve's field.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.0.x
    }

    /// The second coordinate, big-endian, as long as the curve's field.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.0.y
    }

    fn prepare(&self) -> Result<primitive::EcdsaPublic> {
        primitive::EcdsaPublic::new(self.0.curve.primitive(), &self.0.x, &self.0.y)
            .map_err(|reason| unusable(reason, UNUSABLE))
    }
}

/// An elliptic curve private key with its point.
///
/// ```
/// use symbolon::{EcCurve, EcPrivateKey};
///
/// let key = EcPrivateKey::generate(EcCurve::P256)?;
/// let (signer, verifier) = (key.signer()?, key.public().verifier()?);
/// assert_eq!(signer.alg().name(), "ES256");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcPrivateKey(Box<Pair>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    public: EcPublicKey,
    d: SecretBytes,
}

impl EcPrivateKey {
    /// The key of the scalar `d`, big-endian and exactly as long as the curve's field. A point that
    /// is given must be `d`'s; without one it is computed.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for a wrong length, a scalar out of range or a point
    /// that is not its own; [`MissingFeature`](ErrorKind::MissingFeature) where the feature
    /// `rustcrypto` is needed: P-521, secp256k1, and any curve without a point.
    pub fn new(curve: EcCurve, d: &[u8], public: Option<&EcPublicKey>) -> Result<Self> {
        if public.is_some_and(|public| public.curve() != curve) {
            return Err(unusable(Unusable::Invalid, UNUSABLE));
        }
        let point = public.map(|public| (public.x(), public.y()));
        let (x, y) = leaving_no_trace(|| {
            primitive::EcdsaPrivate::new(curve.primitive(), d, point).map(|key| key.public())
        })
        .map_err(|reason| unusable(reason, UNUSABLE))?;
        Ok(Self::of(curve, x, y, d))
    }

    /// A fresh key on `curve`.
    ///
    /// # Errors
    /// [`MissingFeature`](ErrorKind::MissingFeature) for P-521 and secp256k1 without `rustcrypto`.
    pub fn generate(curve: EcCurve) -> Result<Self> {
        let (d, x, y) = leaving_no_trace(|| primitive::generate(curve.primitive()))
            .map_err(|reason| unusable(reason, "no key could be generated"))?;
        Ok(Self::of(curve, x, y, &d))
    }

    fn of(curve: EcCurve, x: Vec<u8>, y: Vec<u8>, d: &[u8]) -> Self {
        Self(Box::new(Pair { public: EcPublicKey(Box::new(Point { curve, x, y })), d: d.into() }))
    }

    /// The point.
    #[must_use]
    pub const fn public(&self) -> &EcPublicKey {
        &self.0.public
    }

    /// The scalar, big-endian, as long as the curve's field: secret.
    #[must_use]
    pub fn d(&self) -> &[u8] {
        &self.0.d
    }

    fn prepare(&self) -> Result<primitive::EcdsaPrivate> {
        let point = Some((self.public().x(), self.public().y()));
        primitive::EcdsaPrivate::new(self.public().curve().primitive(), self.d(), point)
            .map_err(|reason| unusable(reason, UNUSABLE))
    }
}
