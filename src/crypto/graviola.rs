//! graviola's curves: the proven assembly of s2n-bignum, for which nobody needs a C compiler.
//!
//! graviola panics on a CPU that it is not made for. So each key here is made by a `new` that has asked
//! it, and says nothing where it does not serve: another backend then takes or refuses the same key.

use graviola::hashing::Sha384;
use graviola::key_agreement::{p256, p384, x25519};
use graviola::signing::ecdsa::{P384, SigningKey, VerifyingKey};
use graviola::signing::eddsa::Ed25519SigningKey;
use graviola::util::is_cpu_supported;
use zeroize::Zeroizing;

use super::Failed;
use super::ecdsa::{EcdsaCurve, Point};

impl From<graviola::Error> for Failed {
    fn from(_: graviola::Error) -> Self {
        Self
    }
}

/// A secret of X25519.
pub(super) struct X25519(x25519::StaticPrivateKey);

impl X25519 {
    /// With its public half.
    pub(super) fn new(bytes: &[u8; 32]) -> Option<(Self, [u8; 32])> {
        let key = is_cpu_supported().then(|| x25519::StaticPrivateKey::from_array(bytes))?;
        let public = key.public_key().as_bytes();
        Some((Self(key), public))
    }

    pub(super) fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failed> {
        let shared = self.0.diffie_hellman(&x25519::PublicKey::from_array(peer))?;
        Ok(Zeroizing::new(shared.0))
    }
}

/// A static private key of ECDH; wiped when dropped.
pub(super) enum Ecdh {
    P256(Box<p256::StaticPrivateKey>),
    P384(Box<p384::StaticPrivateKey>),
}

impl Ecdh {
    pub(super) fn new(curve: EcdsaCurve, d: &[u8]) -> Option<Self> {
        if !is_cpu_supported() {
            return None;
        }
        match curve {
            EcdsaCurve::P256 => Some(Self::P256(Box::new(p256::StaticPrivateKey::from_bytes(d).ok()?))),
            EcdsaCurve::P384 => Some(Self::P384(Box::new(p384::StaticPrivateKey::from_bytes(d).ok()?))),
            EcdsaCurve::P521 | EcdsaCurve::Secp256k1 => None,
        }
    }

    pub(super) fn agree(&self, peer: &Point) -> Result<Zeroizing<Vec<u8>>, Failed> {
        let shared = match self {
            Self::P256(key) => {
                let peer = p256::PublicKey::from_x962_uncompressed(&peer.0)?;
                key.diffie_hellman(&peer)?.0.to_vec()
            }
            Self::P384(key) => {
                let peer = p384::PublicKey::from_x962_uncompressed(&peer.0)?;
                key.diffie_hellman(&peer)?.0.to_vec()
            }
        };
        Ok(Zeroizing::new(shared))
    }
}

/// A private key of Ed25519; wiped when dropped.
pub(super) struct Ed25519(Box<Ed25519SigningKey>);

impl Ed25519 {
    /// With its public half.
    pub(super) fn new(seed: &[u8; 32]) -> Option<(Self, [u8; 32])> {
        if !is_cpu_supported() {
            return None;
        }
        let key = Box::new(Ed25519SigningKey::from_bytes(seed).ok()?);
        let public = key.public_key().as_bytes();
        Some((Self(key), public))
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

/// A public key of ES384.
pub(super) struct Es384Public(Box<VerifyingKey<P384>>);

impl Es384Public {
    pub(super) fn new(point: &Point) -> Option<Self> {
        let key = is_cpu_supported().then(|| VerifyingKey::from_x962_uncompressed(&point.0))?;
        Some(Self(Box::new(key.ok()?)))
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify::<Sha384>(&[message], signature).is_ok()
    }
}

/// A private key of ES384; wiped when dropped.
pub(super) struct Es384Private(Box<SigningKey<P384>>);

impl Es384Private {
    /// Where `point` is the scalar's.
    pub(super) fn new(d: &[u8], point: &Point) -> Option<Self> {
        let private_key = is_cpu_supported().then(|| p384::StaticPrivateKey::from_bytes(d))?.ok()?;
        let fits = private_key.public_key_uncompressed()[..] == point.0;
        fits.then(|| Self(Box::new(SigningKey { private_key })))
    }

    pub(super) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize, Failed> {
        Ok(self.0.sign::<Sha384>(&[message], out)?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ecdsa::generate;
    use super::*;

    #[test]
    fn takes_all_keys_that_are_some_where_it_serves() {
        let serves = is_cpu_supported();
        if !serves {
            println!("skipped: graviola does not serve this CPU");
        }
        assert_eq!(X25519::new(&[7; 32]).is_some(), serves);
        assert_eq!(Ed25519::new(&[7; 32]).is_some(), serves);
        for curve in [EcdsaCurve::P256, EcdsaCurve::P384] {
            let (d, ..) = generate(curve).unwrap();
            assert_eq!(Ecdh::new(curve, &d).is_some(), serves, "{curve:?}");
            assert!(Ecdh::new(curve, &vec![0; d.len()]).is_none());
            assert!(Ecdh::new(curve, &vec![0xff; d.len()]).is_none());
        }
        let point = |(x, y): (&[u8], &[u8])| Point::new(EcdsaCurve::P384, x, y).unwrap();
        let (d, x, y) = generate(EcdsaCurve::P384).unwrap();
        let (_, other_x, other_y) = generate(EcdsaCurve::P384).unwrap();
        assert_eq!(Es384Public::new(&point((&x, &y))).is_some(), serves);
        assert!(Es384Public::new(&point((&x, &other_y))).is_none());
        assert_eq!(Es384Private::new(&d, &point((&x, &y))).is_some(), serves);
        assert!(Es384Private::new(&d, &point((&other_x, &other_y))).is_none());
    }
}
