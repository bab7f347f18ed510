//! Elliptic-curve Diffie-Hellman (NIST SP 800-56A §5.7.1.2) on P-256, P-384 and P-521: the shared
//! secret is the x coordinate, as long as the field.
//!
//! A peer's point is checked before it meets a private key: a point off the curve would give the key
//! away bit by bit.

use super::ecdsa::{EcdsaCurve, Point};
use super::{Failed, Unusable};
use zeroize::Zeroizing;

/// The ephemeral key's x and y, and the shared secret.
pub(crate) type Ephemeral = (Vec<u8>, Vec<u8>, Zeroizing<Vec<u8>>);

// aws-lc-rs first: it has the three curves, and static keys. Without it, ring for ephemeral keys
// where it has the curve, at four times RustCrypto's speed; graviola for static ones, at three times;
// RustCrypto for the rest.
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
use by_cpu::Private;
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc::{Private, Public};
#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
use on_nothing::Private;
#[cfg(not(feature = "aws-lc-rs"))]
use split::Public;

#[cfg(not(feature = "aws-lc-rs"))]
mod split {
    #[cfg(feature = "ring")]
    use super::on_ring;
    #[cfg(feature = "rustcrypto")]
    use super::on_rustcrypto;
    use super::{EcdsaCurve, Failed, Point, Unusable, Zeroizing};

    pub(super) enum Public {
        #[cfg(feature = "ring")]
        Ring(Box<on_ring::Public>),
        #[cfg(feature = "rustcrypto")]
        RustCrypto(on_rustcrypto::Public),
    }

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            match curve {
                #[cfg(feature = "ring")]
                EcdsaCurve::P256 | EcdsaCurve::P384 => {
                    // ring parses a point only when it agrees: RustCrypto says at once if it is
                    // none.
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

        pub(super) fn agree_ephemeral(
            &self,
            curve: EcdsaCurve,
        ) -> Result<(Point, Zeroizing<Vec<u8>>), Failed> {
            match self {
                #[cfg(feature = "ring")]
                Self::Ring(key) => key.agree_ephemeral(curve),
                #[cfg(feature = "rustcrypto")]
                Self::RustCrypto(key) => key.agree_ephemeral(curve),
            }
        }
    }
}

/// A static private key.
pub(crate) struct EcdhPrivate {
    curve: EcdsaCurve,
    key: Private,
}

opaque_debug!(EcdhPrivate);

impl EcdhPrivate {
    /// Takes d from 1 to n − 1, as long as the field.
    pub(crate) fn new(curve: EcdsaCurve, d: &[u8]) -> Result<Self, Unusable> {
        if curve == EcdsaCurve::Secp256k1 || d.len() != curve.field_len() {
            return Err(Unusable::Invalid);
        }
        let key = Private::new(curve, d)?;
        Ok(Self { curve, key })
    }

    /// With the peer's x and y, each as long as the field.
    pub(crate) fn agree(&self, x: &[u8], y: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failed> {
        let point = Point::new(self.curve, x, y).map_err(|_| Failed)?;
        self.key.agree(&point)
    }
}

/// A static public key, for senders.
pub(crate) struct EcdhPublic {
    curve: EcdsaCurve,
    key: Public,
}

opaque_debug!(EcdhPublic);

impl EcdhPublic {
    /// Takes x and y, each as long as the field, of a point on the curve.
    pub(crate) fn new(curve: EcdsaCurve, x: &[u8], y: &[u8]) -> Result<Self, Unusable> {
        if curve == EcdsaCurve::Secp256k1 {
            return Err(Unusable::Invalid);
        }
        let key = Public::new(curve, &Point::new(curve, x, y)?)?;
        Ok(Self { curve, key })
    }

    /// A fresh ephemeral key agrees with this one.
    pub(crate) fn agree_ephemeral(&self) -> Result<Ephemeral, Failed> {
        let (point, shared) = self.key.agree_ephemeral(self.curve)?;
        let (x, y) = point.coordinates(self.curve);
        Ok((x, y, shared))
    }
}

#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc {
    use super::{EcdsaCurve, Failed, Point, Unusable, Zeroizing};
    use aws_lc_rs::agreement::{
        Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, ParsedPublicKey, PrivateKey, UnparsedPublicKey,
        agree,
    };

    fn algorithm(curve: EcdsaCurve) -> Result<&'static Algorithm, Unusable> {
        match curve {
            EcdsaCurve::P256 => Ok(&ECDH_P256),
            EcdsaCurve::P384 => Ok(&ECDH_P384),
            EcdsaCurve::P521 => Ok(&ECDH_P521),
            EcdsaCurve::Secp256k1 => Err(Unusable::Invalid),
        }
    }

    fn with(key: &PrivateKey, peer: ParsedPublicKey) -> Result<Zeroizing<Vec<u8>>, Failed> {
        agree(key, peer, Failed, |z| Ok(Zeroizing::new(z.to_vec())))
    }

    pub(super) struct Public(ParsedPublicKey);

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            let unparsed = UnparsedPublicKey::new(algorithm(curve)?, &point.0);
            Ok(Self(unparsed.try_into()?))
        }

        pub(super) fn agree_ephemeral(
            &self,
            curve: EcdsaCurve,
        ) -> Result<(Point, Zeroizing<Vec<u8>>), Failed> {
            let key = PrivateKey::generate(algorithm(curve).map_err(|_| Failed)?)?;
            let point = Point(key.compute_public_key()?.as_ref().to_vec());
            Ok((point, with(&key, self.0.clone())?))
        }
    }

    pub(super) struct Private(PrivateKey);

    impl Private {
        pub(super) fn new(curve: EcdsaCurve, d: &[u8]) -> Result<Self, Unusable> {
            Ok(Self(PrivateKey::from_private_key(algorithm(curve)?, d)?))
        }

        pub(super) fn agree(&self, peer: &Point) -> Result<Zeroizing<Vec<u8>>, Failed> {
            let peer = UnparsedPublicKey::new(self.0.algorithm(), &peer.0);
            with(&self.0, peer.try_into().map_err(|_| Failed)?)
        }
    }
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
mod on_ring {
    use super::{EcdsaCurve, Failed, Point, Unusable, Zeroizing};
    use ring::agreement::{
        Algorithm, ECDH_P256, ECDH_P384, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral,
    };
    use ring::rand::SystemRandom;

    pub(super) struct Public(UnparsedPublicKey<Vec<u8>>);

    fn algorithm(curve: EcdsaCurve) -> Result<&'static Algorithm, Unusable> {
        match curve {
            EcdsaCurve::P256 => Ok(&ECDH_P256),
            EcdsaCurve::P384 => Ok(&ECDH_P384),
            _ => Err(Unusable::Needs("rustcrypto")),
        }
    }

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            let key = Self(UnparsedPublicKey::new(algorithm(curve)?, point.0.clone()));
            // Agreeing is ring's only way to say whether the point is one.
            #[cfg(not(feature = "rustcrypto"))]
            key.agree_ephemeral(curve).map_err(|_| Unusable::Invalid)?;
            Ok(key)
        }

        pub(super) fn agree_ephemeral(
            &self,
            curve: EcdsaCurve,
        ) -> Result<(Point, Zeroizing<Vec<u8>>), Failed> {
            let algorithm = algorithm(curve).map_err(|_| Failed)?;
            let key = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new())?;
            let point = Point(key.compute_public_key()?.as_ref().to_vec());
            let shared = agree_ephemeral(key, &self.0, |z| Zeroizing::new(z.to_vec()))?;
            Ok((point, shared))
        }
    }
}

#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
mod on_rustcrypto {
    use super::super::ecdsa::generate;
    use super::{EcdsaCurve, Failed, Point, Unusable, Zeroizing};

    pub(super) enum Public {
        P256(Box<p256::PublicKey>),
        P384(Box<p384::PublicKey>),
        P521(Box<p521::PublicKey>),
    }

    fn boxed<T, E>(key: Result<T, E>) -> Result<Box<T>, Unusable> {
        key.map(Box::new).map_err(|_| Unusable::Invalid)
    }

    impl Public {
        pub(super) fn new(curve: EcdsaCurve, point: &Point) -> Result<Self, Unusable> {
            match curve {
                EcdsaCurve::P256 => boxed(p256::PublicKey::from_sec1_bytes(&point.0)).map(Self::P256),
                EcdsaCurve::P384 => boxed(p384::PublicKey::from_sec1_bytes(&point.0)).map(Self::P384),
                EcdsaCurve::P521 => boxed(p521::PublicKey::from_sec1_bytes(&point.0)).map(Self::P521),
                EcdsaCurve::Secp256k1 => Err(Unusable::Invalid),
            }
        }

        pub(super) fn agree_ephemeral(
            &self,
            curve: EcdsaCurve,
        ) -> Result<(Point, Zeroizing<Vec<u8>>), Failed> {
            let (d, x, y) = generate(curve).map_err(|_| Failed)?;
            let key = Private::new(curve, &d).map_err(|_| Failed)?;
            let point = Point::new(curve, &x, &y).map_err(|_| Failed)?;
            Ok((point, key.with(self)?))
        }
    }

    /// Wiped when dropped: in boxes, as `ecdsa` has them.
    pub(super) enum Private {
        P256(Box<p256::SecretKey>),
        P384(Box<p384::SecretKey>),
        P521(Box<p521::SecretKey>),
    }

    impl Private {
        pub(super) fn new(curve: EcdsaCurve, d: &[u8]) -> Result<Self, Unusable> {
            match curve {
                EcdsaCurve::P256 => boxed(p256::SecretKey::from_slice(d)).map(Self::P256),
                EcdsaCurve::P384 => boxed(p384::SecretKey::from_slice(d)).map(Self::P384),
                EcdsaCurve::P521 => boxed(p521::SecretKey::from_slice(d)).map(Self::P521),
                EcdsaCurve::Secp256k1 => Err(Unusable::Invalid),
            }
        }

        pub(super) fn agree(&self, peer: &Point) -> Result<Zeroizing<Vec<u8>>, Failed> {
            let curve = match self {
                Self::P256(_) => EcdsaCurve::P256,
                Self::P384(_) => EcdsaCurve::P384,
                Self::P521(_) => EcdsaCurve::P521,
            };
            self.with(&Public::new(curve, peer).map_err(|_| Failed)?)
        }

        fn with(&self, peer: &Public) -> Result<Zeroizing<Vec<u8>>, Failed> {
            let shared = match (self, peer) {
                (Self::P256(key), Public::P256(peer)) => {
                    key.diffie_hellman(peer).raw_secret_bytes().to_vec()
                }
                (Self::P384(key), Public::P384(peer)) => {
                    key.diffie_hellman(peer).raw_secret_bytes().to_vec()
                }
                (Self::P521(key), Public::P521(peer)) => {
                    key.diffie_hellman(peer).raw_secret_bytes().to_vec()
                }
                _ => return Err(Failed),
            };
            Ok(Zeroizing::new(shared))
        }
    }
}

#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
mod by_cpu {
    use super::super::graviola::Ecdh;
    use super::{EcdsaCurve, Failed, Point, Unusable, Zeroizing, on_rustcrypto};

    pub(super) enum Private {
        Graviola(Ecdh),
        RustCrypto(on_rustcrypto::Private),
    }

    impl Private {
        pub(super) fn new(curve: EcdsaCurve, d: &[u8]) -> Result<Self, Unusable> {
            match Ecdh::new(curve, d) {
                Some(key) => Ok(Self::Graviola(key)),
                None => on_rustcrypto::Private::new(curve, d).map(Self::RustCrypto),
            }
        }

        pub(super) fn agree(&self, peer: &Point) -> Result<Zeroizing<Vec<u8>>, Failed> {
            match self {
                Self::Graviola(key) => key.agree(peer),
                Self::RustCrypto(key) => key.agree(peer),
            }
        }
    }
}

#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
mod on_nothing {
    use super::{EcdsaCurve, Failed, Point, Unusable, Zeroizing};
    use core::convert::Infallible;

    pub(super) struct Private(Infallible);

    impl Private {
        pub(super) fn new(_: EcdsaCurve, _: &[u8]) -> Result<Self, Unusable> {
            Err(Unusable::Needs("rustcrypto"))
        }

        pub(super) fn agree(&self, _: &Point) -> Result<Zeroizing<Vec<u8>>, Failed> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ecdsa::generate;
    use super::*;
    use EcdsaCurve::{P256, P384, P521, Secp256k1};

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    const CURVES: &[EcdsaCurve] = &[P256, P384, P521];
    #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
    const CURVES: &[EcdsaCurve] = &[P256, P384];

    // RFC 7518 §C: what Alice's ephemeral key and Bob's agree on.
    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    #[test]
    fn agrees_as_rfc7518_c() {
        use super::super::unhex;
        let [alice_x, alice_y, alice_d, bob_x, bob_y, bob_d, z] = [
            "808d060082c176eed3e776a4ac598cc8672c1779f974eecc9b03411ca5b9495d",
            "48b5bfc527dfce53d6ac7115237d031ccff87a0570b77350a9e503ee7305a69b",
            "d3f3716913d4310a0026de741b3f18893afc8114f0c84682ba677e313a13988a",
            "c1e349cb61ec70248ce801034c3834e1b88ebe1161cb25af38741f785fcfc4c4",
            "7bc96708ef80952b53f8d2555fe72b841ed04588628b1d378a594939500ec9c9",
            "5449836690d75caf29f0dd029ddb31b3ddb8aba9d2d515c5012465e817d4a9dc",
            "9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4",
        ]
        .map(unhex);
        let alice = EcdhPrivate::new(P256, &alice_d).unwrap();
        let bob = EcdhPrivate::new(P256, &bob_d).unwrap();
        assert_eq!(alice.agree(&bob_x, &bob_y).unwrap()[..], z);
        assert_eq!(bob.agree(&alice_x, &alice_y).unwrap()[..], z);
    }

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    #[test]
    fn static_and_ephemeral_keys_agree() {
        for curve in CURVES.iter().copied() {
            let (d, x, y) = generate(curve).unwrap();
            let private = EcdhPrivate::new(curve, &d).unwrap();
            let public = EcdhPublic::new(curve, &x, &y).unwrap();
            let (ephemeral_x, ephemeral_y, shared) = public.agree_ephemeral().unwrap();
            assert_eq!(shared.len(), curve.field_len());
            assert_eq!(private.agree(&ephemeral_x, &ephemeral_y), Ok(shared));
            assert_ne!(public.agree_ephemeral().unwrap().0, ephemeral_x);
        }
    }

    // Whichever the CPU here has the crate use.
    #[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
    #[test]
    fn rustcrypto_agrees_with_what_is_used() {
        for curve in CURVES.iter().copied() {
            let (d, ..) = generate(curve).unwrap();
            let (_, x, y) = generate(curve).unwrap();
            let (used, peer) =
                (EcdhPrivate::new(curve, &d).unwrap(), Point::new(curve, &x, &y).unwrap());
            let other = on_rustcrypto::Private::new(curve, &d).unwrap();
            assert_eq!(used.agree(&x, &y), other.agree(&peer), "{curve:?}");
        }
    }

    #[test]
    fn refuses_points_off_the_curve() {
        for curve in CURVES.iter().copied() {
            let (d, x, mut y) = generate(curve).unwrap();
            assert!(EcdhPublic::new(curve, &x, &y).is_ok());
            *y.last_mut().unwrap() ^= 1;
            let zeros = vec![0; curve.field_len()];
            let ones = vec![0xff; curve.field_len()];
            for (x, y) in [(&x, &y), (&zeros, &zeros), (&ones, &ones), (&y, &x)] {
                let key = EcdhPublic::new(curve, x, y).err();
                assert_eq!(key, Some(Unusable::Invalid), "{curve:?}");
                #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
                assert_eq!(EcdhPrivate::new(curve, &d).unwrap().agree(x, y).err(), Some(Failed));
            }
            let _ = d;
        }
    }

    #[test]
    fn refuses_other_lengths_and_secp256k1() {
        for curve in [P256, P384, P521] {
            let zeros = vec![0; curve.field_len() + 1];
            for len in [0, 1, curve.field_len() - 1, curve.field_len() + 1] {
                let invalid = Some(Unusable::Invalid);
                assert_eq!(EcdhPrivate::new(curve, &zeros[..len]).err(), invalid);
                let public = EcdhPublic::new(curve, &zeros[..len], &zeros[1..]);
                assert_eq!(public.err(), invalid);
            }
        }
        let one = [&[0; 31][..], &[1]].concat();
        assert_eq!(EcdhPrivate::new(Secp256k1, &one).err(), Some(Unusable::Invalid));
        assert_eq!(EcdhPublic::new(Secp256k1, &one, &one).err(), Some(Unusable::Invalid));
    }

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    #[test]
    fn takes_d_from_1_to_n_minus_1_alone() {
        for curve in CURVES.iter().copied() {
            for bad in [0, 0xff] {
                let d = vec![bad; curve.field_len()];
                assert_eq!(EcdhPrivate::new(curve, &d).err(), Some(Unusable::Invalid));
            }
        }
    }

    #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
    #[test]
    fn names_the_feature_for_what_ring_lacks() {
        let needs = Some(Unusable::Needs("rustcrypto"));
        assert_eq!(EcdhPrivate::new(P256, &[1; 32]).err(), needs);
        assert_eq!(EcdhPublic::new(P521, &[1; 66], &[1; 66]).err(), needs);
    }
}
