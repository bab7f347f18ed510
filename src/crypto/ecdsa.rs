//! ECDSA (FIPS 186-5 §6) with raw signatures r || s (RFC 7518 §3.4), each curve with its one hash.

use super::hash::{Digest, Hash};
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
use super::rand;
use super::{Failed, Unusable};
use zeroize::Zeroizing;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EcdsaCurve {
    /// With SHA-256.
    P256,
    /// With SHA-384.
    P384,
    /// With SHA-512.
    P521,
    /// With SHA-256.
    Secp256k1,
}

impl EcdsaCurve {
    /// Length of a coordinate, of the private scalar, of r and of s.
    pub(crate) const fn field_len(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) const fn signature_len(self) -> usize {
        self.field_len().saturating_mul(2)
    }

    pub(crate) const fn hash(self) -> Hash {
        match self {
            Self::P256 | Self::Secp256k1 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }
}

// aws-lc-rs first: it has all four curves and is the fastest on each. Without it, ring where it has
// the curve and RustCrypto for the rest; but on P-384 graviola, in a third of ring's time.
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc::{Private, Public};
#[cfg(not(feature = "aws-lc-rs"))]
use split::{Private, Public};

#[cfg(not(feature = "aws-lc-rs"))]
mod split {
    use super::super::graviola::{Es384Private, Es384Public};
    #[cfg(feature = "ring")]
    use super::on_ring;
    #[cfg(feature = "rustcrypto")]
    use super::on_rustcrypto;
    use super::{EcdsaCurve, Failed, Point, Unusable};

    pub(super) enum Public {
        Graviola(Es384Public),
        #[cfg(feature = "ring")]
        Ring(Box<on_ring::Public>),
        #[cfg(feature = "rustcrypto")]
        RustCrypto(on_rustcrypto::Public),
    }

    pub(super) enum Private {
        Graviola(Es384Private),
        #[cfg(feature = "ring")]
        Ring(Box<on_ring::Private>),
        #[cfg(feature = "rustcrypto")]
        RustCrypto(on_rustcrypto::Private),
    }

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            if curve == EcdsaCurve::P384
                && let Some(key) = Es384Public::new(point)
            {
                return Ok(Self::Graviola(key));
            }
            match curve {
                #[cfg(feature = "ring")]
                EcdsaCurve::P256 | EcdsaCurve::P384 => {
                    // ring parses a point only when it verifies, so off-curve points would get this far
                    // and then fail every signature. RustCrypto, when here, says so at once.
                    #[cfg(feature = "rustcrypto")]
                    on_rustcrypto::Public::new(curve, point)?;
                    on_ring::Public::new(curve, point).map(Box::new).map(Self::Ring)
                }
                #[cfg(feature = "rustcrypto")]
                _ => on_rustcrypto::Public::new(curve, point).map(Self::RustCrypto),
                #[cfg(not(feature = "rustcrypto"))]
                _ => Err(Unusable::Needs("rustcrypto")),
            }
        }

        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            match self {
                Self::Graviola(key) => key.verify(message, signature),
                #[cfg(feature = "ring")]
                Self::Ring(key) => key.verify(message, signature),
                #[cfg(feature = "rustcrypto")]
                Self::RustCrypto(key) => key.verify(message, signature),
            }
        }
    }

    impl Private {
        /// The point has to be the scalar's: all backends compute it and compare.
        pub(super) fn new(curve: EcdsaCurve, d: &[u8], point: &Point) -> Result<Self, Unusable> {
            if curve == EcdsaCurve::P384
                && let Some(key) = Es384Private::new(d, point)
            {
                return Ok(Self::Graviola(key));
            }
            match curve {
                #[cfg(feature = "ring")]
                EcdsaCurve::P256 | EcdsaCurve::P384 => {
                    on_ring::Private::new(curve, d, point).map(Box::new).map(Self::Ring)
                }
                #[cfg(feature = "rustcrypto")]
                _ => on_rustcrypto::Private::new(curve, d)
                    .filter(|key| key.point() == point.0)
                    .map(Self::RustCrypto)
                    .ok_or(Unusable::Invalid),
                #[cfg(not(feature = "rustcrypto"))]
                _ => Err(Unusable::Needs("rustcrypto")),
            }
        }

        pub(super) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
            match self {
                Self::Graviola(key) => key.sign(message, out),
                #[cfg(feature = "ring")]
                Self::Ring(key) => key.sign(message, out),
                #[cfg(feature = "rustcrypto")]
                Self::RustCrypto(key) => key.sign(message, out),
            }
        }
    }
}

/// A point as SEC 1 §2.3.3 writes it uncompressed: 04 || x || y.
pub(super) struct Point(pub(super) Vec<u8>);

impl Point {
    pub(super) fn new(curve: EcdsaCurve, x: &[u8], y: &[u8]) -> Result<Self, Unusable> {
        let len = curve.field_len();
        if x.len() != len || y.len() != len {
            return Err(Unusable::Invalid);
        }
        Ok(Self([&[4], x, y].concat()))
    }

    fn of(curve: EcdsaCurve, d: &[u8]) -> Result<Self, Unusable> {
        #[cfg(feature = "aws-lc-rs")]
        return on_aws_lc::point(curve, d);
        #[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
        return on_rustcrypto::Private::new(curve, d)
            .map(|key| Self(key.point()))
            .ok_or(Unusable::Invalid);
        #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
        {
            // ring computes the point but hands it to nobody.
            let _ = (curve, d);
            Err(Unusable::Needs("rustcrypto"))
        }
    }

    pub(super) fn coordinates(&self, curve: EcdsaCurve) -> (Vec<u8>, Vec<u8>) {
        let coordinates = self.0.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at_checked(curve.field_len()).unwrap_or_default();
        (x.to_vec(), y.to_vec())
    }
}

/// A parsed public key.
pub(crate) struct EcdsaPublic {
    curve: EcdsaCurve,
    key: Public,
}

opaque_debug!(EcdsaPublic);

impl EcdsaPublic {
    /// Takes coordinates of exactly the field's length. Whether they are on the curve is checked
    /// here; only ring, where it is alone, checks it at each verify instead.
    pub(crate) fn new(curve: EcdsaCurve, x: &[u8], y: &[u8]) -> Result<Self, Unusable> {
        let key = Public::new(curve, &Point::new(curve, x, y)?)?;
        Ok(Self { curve, key })
    }

    /// Takes r and s from 1 to n − 1, s high or low: JOSE does not ask for low s, on any curve.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != self.curve.signature_len() {
            return false;
        }
        self.key.verify(message, signature)
    }
}

/// A parsed private key with its public half.
pub(crate) struct EcdsaPrivate {
    curve: EcdsaCurve,
    key: Private,
    point: Point,
}

opaque_debug!(EcdsaPrivate);

impl EcdsaPrivate {
    /// Takes `d` of exactly the field's length, from 1 to n − 1. A public half that is given has to
    /// fit it; one that is not is computed.
    pub(crate) fn new(
        curve: EcdsaCurve,
        d: &[u8],
        public: Option<(&[u8], &[u8])>,
    ) -> Result<Self, Unusable> {
        if d.len() != curve.field_len() {
            return Err(Unusable::Invalid);
        }
        let point = match public {
            Some((x, y)) => Point::new(curve, x, y)?,
            None => Point::of(curve, d)?,
        };
        let key = Private::new(curve, d, &point)?;
        Ok(Self { curve, key, point })
    }

    /// The coordinates x and y.
    pub(crate) fn public(&self) -> (Vec<u8>, Vec<u8>) {
        self.point.coordinates(self.curve)
    }

    /// Writes the signature to the front of `out`; says how long it is.
    pub(crate) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
        self.key.sign(message, out)
    }
}

/// Whether there is a backend that takes a digest in place of a message. ring takes none: RustCrypto
/// serves every curve here, with a key that it prepares anew for this one signature.
pub(crate) const fn takes_digests() -> Result<(), Unusable> {
    if cfg!(feature = "rustcrypto") { Ok(()) } else { Err(Unusable::Needs("rustcrypto")) }
}

/// Signs the digest of a message with the scalar `d`, as [`EcdsaPrivate::sign`] does the message.
pub(crate) fn sign_digest(
    curve: EcdsaCurve,
    d: &[u8],
    digest: &Digest,
    out: &mut [u8],
) -> Result<usize, Failed> {
    #[cfg(feature = "rustcrypto")]
    return on_rustcrypto::Private::new(curve, d).ok_or(Failed)?.sign_digest(digest.as_ref(), out);
    #[cfg(not(feature = "rustcrypto"))]
    {
        let _ = (curve, d, digest, out);
        Err(Failed)
    }
}

/// Verifies the digest of a message with the point (`x`, `y`), as [`EcdsaPublic::verify`] does the
/// message.
pub(crate) fn verify_digest(
    curve: EcdsaCurve,
    (x, y): (&[u8], &[u8]),
    digest: &Digest,
    signature: &[u8],
) -> bool {
    #[cfg(feature = "rustcrypto")]
    return signature.len() == curve.signature_len()
        && Point::new(curve, x, y)
            .and_then(|point| on_rustcrypto::Public::new(curve, &point))
            .is_ok_and(|key| key.verify_digest(digest.as_ref(), signature));
    #[cfg(not(feature = "rustcrypto"))]
    {
        let _ = (curve, x, y, digest, signature);
        false
    }
}

/// The private scalar d and the coordinates x and y.
pub(crate) type Generated = (Zeroizing<Vec<u8>>, Vec<u8>, Vec<u8>);

/// Draws candidates until one is from 1 to n − 1 (FIPS 186-5 §A.2.2).
#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
pub(crate) fn generate(curve: EcdsaCurve) -> Result<Generated, Unusable> {
    // The worst curve refuses one candidate in 2^32: a hundred refusals are a broken generator.
    for _ in 0..100 {
        let mut d = Zeroizing::new(vec![0; curve.field_len()]);
        rand::fill(&mut d).map_err(|_| Unusable::NoRandomness)?;
        if let (EcdsaCurve::P521, Some(top)) = (curve, d.first_mut()) {
            // 521 bits are 65 bytes and one bit.
            *top &= 1;
        }
        if let Ok(point) = Point::of(curve, &d) {
            let (x, y) = point.coordinates(curve);
            return Ok((d, x, y));
        }
    }
    Err(Unusable::Invalid)
}

#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
pub(crate) fn generate(curve: EcdsaCurve) -> Result<Generated, Unusable> {
    on_ring::generate(curve)
}

#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc {
    use super::{super::put, EcdsaCurve, Failed, Point, Unusable};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED,
        ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        KeyPair, ParsedPublicKey,
    };
    use zeroize::Zeroizing;

    pub(super) struct Public(ParsedPublicKey);

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            let algorithm = match curve {
                EcdsaCurve::P256 => &ECDSA_P256_SHA256_FIXED,
                EcdsaCurve::P384 => &ECDSA_P384_SHA384_FIXED,
                EcdsaCurve::P521 => &ECDSA_P521_SHA512_FIXED,
                EcdsaCurve::Secp256k1 => &ECDSA_P256K1_SHA256_FIXED,
            };
            Ok(Self(ParsedPublicKey::new(algorithm, &point.0)?))
        }

        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify_sig(message, signature).is_ok()
        }
    }

    fn signing(curve: EcdsaCurve) -> &'static EcdsaSigningAlgorithm {
        match curve {
            EcdsaCurve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            EcdsaCurve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            EcdsaCurve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
            EcdsaCurve::Secp256k1 => &ECDSA_P256K1_SHA256_FIXED_SIGNING,
        }
    }

    pub(super) struct Private(EcdsaKeyPair);

    impl Private {
        pub(super) fn new(curve: EcdsaCurve, d: &[u8], point: &Point) -> Result<Self, Unusable> {
            let key = EcdsaKeyPair::from_private_key_and_public_key(signing(curve), d, &point.0)?;
            Ok(Self(key))
        }

        pub(super) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
            let signature = self.0.sign(&SystemRandom::new(), message)?;
            put(signature.as_ref(), out)
        }
    }

    /// aws-lc-rs computes the point of a key that is written as RFC 5915 §3 has it, without one:
    /// `30 len 02 01 01 04 len d a0 len oid`.
    pub(super) fn point(curve: EcdsaCurve, d: &[u8]) -> Result<Point, Unusable> {
        let (head, oid): (&[u8], &[u8]) = match curve {
            EcdsaCurve::P256 => (
                &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20],
                &[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            ),
            EcdsaCurve::P384 => (
                &[0x30, 0x3e, 0x02, 0x01, 0x01, 0x04, 0x30],
                &[0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
            ),
            EcdsaCurve::P521 => (
                &[0x30, 0x50, 0x02, 0x01, 0x01, 0x04, 0x42],
                &[0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
            ),
            EcdsaCurve::Secp256k1 => (
                &[0x30, 0x2e, 0x02, 0x01, 0x01, 0x04, 0x20],
                &[0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a],
            ),
        };
        let document = Zeroizing::new([head, d, oid].concat());
        let key = EcdsaKeyPair::from_private_key_der(signing(curve), &document)?;
        Ok(Point(key.public_key().as_ref().to_vec()))
    }
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
mod on_ring {
    use super::{super::put, EcdsaCurve, Failed, Point, Unusable};
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, UnparsedPublicKey,
    };

    pub(super) struct Public(UnparsedPublicKey<Vec<u8>>);

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            let algorithm = match curve {
                EcdsaCurve::P256 => &ECDSA_P256_SHA256_FIXED,
                EcdsaCurve::P384 => &ECDSA_P384_SHA384_FIXED,
                _ => return Err(Unusable::Needs("rustcrypto")),
            };
            Ok(Self(UnparsedPublicKey::new(algorithm, point.0.clone())))
        }

        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify(message, signature).is_ok()
        }
    }

    fn signing(curve: EcdsaCurve) -> Result<&'static EcdsaSigningAlgorithm, Unusable> {
        match curve {
            EcdsaCurve::P256 => Ok(&ECDSA_P256_SHA256_FIXED_SIGNING),
            EcdsaCurve::P384 => Ok(&ECDSA_P384_SHA384_FIXED_SIGNING),
            _ => Err(Unusable::Needs("rustcrypto")),
        }
    }

    pub(super) struct Private(EcdsaKeyPair);

    impl Private {
        pub(super) fn new(curve: EcdsaCurve, d: &[u8], point: &Point) -> Result<Self, Unusable> {
            let (algorithm, rng) = (signing(curve)?, SystemRandom::new());
            let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, d, &point.0, &rng)?;
            Ok(Self(key))
        }

        pub(super) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
            let signature = self.0.sign(&SystemRandom::new(), message)?;
            put(signature.as_ref(), out)
        }
    }

    /// ring gives out a generated key only as PKCS #8, which in its fixed layout ends
    /// `d || a1 xx 03 xx 00 || 04 || x || y` (RFC 5915 §3). What is cut out is checked to be a pair.
    #[cfg(not(feature = "rustcrypto"))]
    pub(super) fn generate(curve: EcdsaCurve) -> Result<super::Generated, Unusable> {
        let document = EcdsaKeyPair::generate_pkcs8(signing(curve)?, &SystemRandom::new())
            .map_err(|_| Unusable::Invalid)?;
        let (rest, y) = cut(document.as_ref(), curve.field_len())?;
        let (rest, x) = cut(rest, curve.field_len())?;
        let (rest, _) = cut(rest, 6)?;
        let (_, d) = cut(rest, curve.field_len())?;
        super::EcdsaPrivate::new(curve, d, Some((x, y)))?;
        Ok((d.to_vec().into(), x.to_vec(), y.to_vec()))
    }

    #[cfg(not(feature = "rustcrypto"))]
    fn cut(from: &[u8], len: usize) -> Result<(&[u8], &[u8]), Unusable> {
        let start = from.len().checked_sub(len).ok_or(Unusable::Invalid)?;
        from.split_at_checked(start).ok_or(Unusable::Invalid)
    }
}

#[cfg(feature = "rustcrypto")]
#[cfg_attr(
    feature = "aws-lc-rs",
    allow(dead_code, reason = "beside aws-lc-rs it serves only messages that come in pieces")
)]
mod on_rustcrypto {
    use super::{super::put, EcdsaCurve, Failed, Point, Unusable};
    use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
    use k256::ecdsa::signature::{Signer, Verifier};

    pub(super) enum Public {
        P256(Box<p256::ecdsa::VerifyingKey>),
        P384(Box<p384::ecdsa::VerifyingKey>),
        P521(Box<p521::ecdsa::VerifyingKey>),
        Secp256k1(Box<k256::ecdsa::VerifyingKey>),
    }

    /// Signs deterministically (RFC 6979). Wiped when dropped: in boxes, for a smaller key in the place of
    /// a larger one would have bytes of the stack behind it, which are not its own to wipe.
    pub(super) enum Private {
        P256(Box<p256::ecdsa::SigningKey>),
        P384(Box<p384::ecdsa::SigningKey>),
        P521(Box<p521::ecdsa::SigningKey>),
        Secp256k1(Box<k256::ecdsa::SigningKey>),
    }

    fn boxed<T, E>(key: Result<T, E>) -> Result<Box<T>, Unusable> {
        key.map(Box::new).map_err(|_| Unusable::Invalid)
    }

    /// One expression for the four curves' types: `$curve` is the curve's module, `$key` its key.
    macro_rules! each {
        ($of:expr, |$curve:ident, $key:ident| $do:expr) => {
            match $of {
                Self::P256($key) => {
                    use p256::ecdsa as $curve;
                    $do
                }
                Self::P384($key) => {
                    use p384::ecdsa as $curve;
                    $do
                }
                Self::P521($key) => {
                    use p521::ecdsa as $curve;
                    $do
                }
                Self::Secp256k1($key) => {
                    use k256::ecdsa as $curve;
                    $do
                }
            }
        };
    }

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            use EcdsaCurve::{P256, P384, P521, Secp256k1};
            match curve {
                P256 => boxed(p256::ecdsa::VerifyingKey::from_sec1_bytes(&point.0)).map(Self::P256),
                P384 => boxed(p384::ecdsa::VerifyingKey::from_sec1_bytes(&point.0)).map(Self::P384),
                P521 => boxed(p521::ecdsa::VerifyingKey::from_sec1_bytes(&point.0)).map(Self::P521),
                Secp256k1 => {
                    boxed(k256::ecdsa::VerifyingKey::from_sec1_bytes(&point.0)).map(Self::Secp256k1)
                }
            }
        }

        /// (r, s) is valid exactly if (r, n − s) is. k256 refuses the higher s, the others take
        /// both: made low first, all of them take both.
        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            each!(self, |curve, key| curve::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature.normalize_s()).is_ok()))
        }

        pub(super) fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> bool {
            each!(self, |curve, key| curve::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature.normalize_s()).is_ok()))
        }
    }

    impl Private {
        pub(super) fn new(curve: EcdsaCurve, d: &[u8]) -> Option<Self> {
            use EcdsaCurve::{P256, P384, P521, Secp256k1};
            match curve {
                P256 => boxed(p256::ecdsa::SigningKey::from_slice(d)).map(Self::P256),
                P384 => boxed(p384::ecdsa::SigningKey::from_slice(d)).map(Self::P384),
                P521 => boxed(p521::ecdsa::SigningKey::from_slice(d)).map(Self::P521),
                Secp256k1 => boxed(k256::ecdsa::SigningKey::from_slice(d)).map(Self::Secp256k1),
            }
            .ok()
        }

        pub(super) fn point(&self) -> Vec<u8> {
            each!(self, |curve, key| {
                let public: &curve::VerifyingKey = key.verifying_key();
                public.to_sec1_point(false).as_bytes().to_vec()
            })
        }

        pub(super) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
            each!(self, |curve, key| {
                let signature: curve::Signature = key.try_sign(message).map_err(|_| Failed)?;
                put(&signature.to_bytes(), out)
            })
        }

        pub(super) fn sign_digest(&self, digest: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
            each!(self, |curve, key| {
                let signature: curve::Signature = key.sign_prehash(digest).map_err(|_| Failed)?;
                put(&signature.to_bytes(), out)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EcdsaCurve::{P256, P384, P521, Secp256k1};

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    const CURVES: [(EcdsaCurve, &str); 4] = [
        (P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        (
            P384,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
        (
            P521,
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        ),
        (Secp256k1, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
    ];
    #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
    const CURVES: [(EcdsaCurve, &str); 2] = [
        (P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        (
            P384,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
        digits.chunks(2).map(|pair| 16 * pair[0] + pair[1]).collect()
    }

    fn pair(curve: EcdsaCurve) -> (EcdsaPrivate, EcdsaPublic) {
        let (d, x, y) = generate(curve).unwrap();
        let private = EcdsaPrivate::new(curve, &d, Some((&x, &y))).unwrap();
        assert_eq!(private.public(), (x.clone(), y.clone()));
        (private, EcdsaPublic::new(curve, &x, &y).unwrap())
    }

    // FIPS 186-5 §6.4.2 step 1, and n − s beside s.
    #[test]
    fn takes_r_and_s_from_1_to_n_minus_1_alone() {
        for (curve, order) in CURVES {
            let (private, public) = pair(curve);
            let mut signature = vec![0; curve.signature_len()];
            assert_eq!(private.sign(b"message", &mut signature), Ok(curve.signature_len()));
            assert!(public.verify(b"message", &signature));
            assert!(!public.verify(b"Message", &signature));

            let n = bytes(order);
            let mut n_plus_1 = n.clone();
            *n_plus_1.last_mut().unwrap() += 1;
            let (r, s) = signature.split_at(curve.field_len());
            for bad in [&vec![0; n.len()], &n, &n_plus_1, &vec![0xff; n.len()]] {
                assert!(!public.verify(b"message", &[bad, s].concat()), "{curve:?}: r");
                assert!(!public.verify(b"message", &[r, bad].concat()), "{curve:?}: s");
                assert!(!public.verify(b"message", &[&bad[..], bad].concat()), "{curve:?}: both");
                assert!(EcdsaPrivate::new(curve, bad, None).is_err(), "{curve:?}: d");
            }

            let mut borrow = 0;
            let mirrored: Vec<u8> = n
                .iter()
                .zip(s)
                .rev()
                .map(|(n, s)| {
                    let difference = i16::from(*n) - i16::from(*s) - borrow;
                    borrow = i16::from(difference < 0);
                    difference.rem_euclid(256) as u8
                })
                .collect();
            let mirrored: Vec<u8> = mirrored.into_iter().rev().collect();
            assert!(public.verify(b"message", &[r, &mirrored].concat()), "{curve:?}: n - s");
        }
    }

    // The same bytes, divided elsewhere.
    #[test]
    fn coordinates_are_exactly_as_long_as_the_field() {
        let whole = [1; 96];
        for (curve, len) in [(EcdsaCurve::P256, 32), (EcdsaCurve::P384, 48)] {
            let whole = &whole[..2 * len];
            let taken = |at| Point::new(curve, &whole[..at], &whole[at..]).is_ok();
            assert_eq!((taken(len - 1), taken(len), taken(len + 1)), (false, true, false));
            let (whole, short) = (&whole[..len], &whole[1..len]);
            assert!(
                Point::new(curve, whole, short).is_err() && Point::new(curve, short, whole).is_err()
            );
        }
    }

    #[cfg(feature = "rustcrypto")]
    #[test]
    fn signs_and_verifies_digests_as_messages() {
        for (curve, _) in CURVES {
            let (d, x, y) = generate(curve).unwrap();
            let private = EcdsaPrivate::new(curve, &d, Some((&x, &y))).unwrap();
            let public = EcdsaPublic::new(curve, &x, &y).unwrap();
            let [digest, other] = [&b"message"[..], b"Message"]
                .map(|message| super::super::hash::digest(curve.hash(), message));
            let mut out = [0; 133];
            let len = sign_digest(curve, &d, &digest, &mut out).unwrap();
            assert!(public.verify(b"message", &out[..len]));
            private.sign(b"message", &mut out).unwrap();
            assert!(verify_digest(curve, (&x, &y), &digest, &out[..len]));
            assert!(!verify_digest(curve, (&x, &y), &other, &out[..len]));
            assert!(!verify_digest(curve, (&x, &y), &digest, &out[..=len]));
            assert!(!verify_digest(curve, (&y, &x), &digest, &out[..len]));
        }
    }

    #[test]
    fn rejects_every_other_length() {
        for (curve, _) in CURVES {
            let (private, public) = pair(curve);
            let mut signature = vec![0; curve.signature_len() + 1];
            let len = private.sign(b"message", &mut signature).unwrap();
            assert!(
                (0..=len + 1)
                    .all(|end| { public.verify(b"message", &signature[..end]) == (end == len) })
            );
            assert_eq!(private.sign(b"message", &mut signature[..len - 1]), Err(Failed));
        }
    }

    #[test]
    fn refuses_a_public_half_that_does_not_fit() {
        for (curve, _) in CURVES {
            let (d, x, y) = generate(curve).unwrap();
            let (_, other_x, other_y) = generate(curve).unwrap();
            let not = |x: &[u8], y: &[u8]| {
                EcdsaPrivate::new(curve, &d, Some((x, y))).err() == Some(Unusable::Invalid)
            };
            assert!(not(&other_x, &other_y) && not(&y, &x) && not(&x[1..], &y) && not(&[], &[]));
            assert!(EcdsaPrivate::new(curve, &d[1..], Some((&x, &y))).is_err());
        }
    }

    #[test]
    fn accepts_no_signature_for_a_point_off_the_curve() {
        for (curve, _) in CURVES {
            let (d, x, mut y) = generate(curve).unwrap();
            let private = EcdsaPrivate::new(curve, &d, Some((&x, &y))).unwrap();
            let mut signature = vec![0; curve.signature_len()];
            private.sign(b"message", &mut signature).unwrap();
            *y.last_mut().unwrap() ^= 1;
            let off = EcdsaPublic::new(curve, &x, &y);
            #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
            assert_eq!(off.err(), Some(Unusable::Invalid));
            #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
            assert!(!off.unwrap().verify(b"message", &signature));
        }
    }

    // RFC 6979 §A.2.5, SHA-256, "sample": whoever serves P-256 takes the published signature.
    #[test]
    fn verifies_rfc6979_a_2_5() {
        let x = bytes("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
        let y = bytes("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
        let signature = bytes(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        let public = EcdsaPublic::new(P256, &x, &y).unwrap();
        assert!(public.verify(b"sample", &signature));
        assert!(!public.verify(b"samples", &signature));
    }

    #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
    #[test]
    fn names_the_feature_for_what_ring_lacks() {
        let needs = Some(Unusable::Needs("rustcrypto"));
        for curve in [P521, Secp256k1] {
            let zeros = vec![0; curve.field_len()];
            assert_eq!(EcdsaPublic::new(curve, &zeros, &zeros).err(), needs);
            assert_eq!(generate(curve).err(), needs);
        }
        assert_eq!(EcdsaPrivate::new(P256, &[1; 32], None).err(), needs);
    }
}
