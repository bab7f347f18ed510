//! X25519 (RFC 7748).

use super::Failed;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

// aws-lc-rs first, or graviola, at twice dalek's speed. ring keeps no X25519 secret across two agreements.
#[cfg(not(feature = "aws-lc-rs"))]
use by_cpu as imp;
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc as imp;

pub(crate) struct X25519Secret {
    secret: imp::Secret,
    public: [u8; 32],
}

opaque_debug!(X25519Secret);

impl X25519Secret {
    /// Takes any 32 bytes: clamping is part of the function (§5).
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let (secret, public) = imp::Secret::new(bytes);
        Self { secret, public }
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Refuses the all-zero result (§6.1), in constant time: a peer who sends a point of small
    /// order would know the shared secret without knowing any secret key.
    pub(crate) fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failed> {
        let shared = self.secret.agree(peer)?;
        let zero: bool = shared.ct_eq(&[0; 32]).into();
        if zero {
            return Err(Failed);
        }
        Ok(shared)
    }
}

#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc {
    use super::{Failed, Zeroizing, on_dalek};
    use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};

    /// aws-lc-rs may fail to prepare a key, for want of memory if for nothing else; this type does
    /// not, because x25519-dalek stands behind it.
    pub(super) enum Secret {
        AwsLc(PrivateKey),
        Dalek(Box<on_dalek::Secret>),
    }

    impl Secret {
        pub(super) fn new(bytes: &[u8; 32]) -> (Self, [u8; 32]) {
            match prepare(bytes) {
                Ok((key, public)) => (Self::AwsLc(key), public),
                Err(Failed) => {
                    let (key, public) = on_dalek::Secret::new(bytes);
                    (Self::Dalek(Box::new(key)), public)
                }
            }
        }

        pub(super) fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failed> {
            match self {
                Self::AwsLc(key) => {
                    let peer = UnparsedPublicKey::new(&X25519, peer);
                    agree(key, peer, Failed, |shared| {
                        shared.try_into().map(Zeroizing::new).map_err(|_| Failed)
                    })
                }
                Self::Dalek(key) => key.agree(peer),
            }
        }
    }

    fn prepare(bytes: &[u8; 32]) -> Result<(PrivateKey, [u8; 32]), Failed> {
        let key = PrivateKey::from_private_key(&X25519, bytes).map_err(|_| Failed)?;
        let public = key.compute_public_key()?.as_ref().try_into();
        Ok((key, public.map_err(|_| Failed)?))
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod by_cpu {
    use super::super::graviola::X25519;
    use super::{Failed, Zeroizing, on_dalek};

    pub(super) enum Secret {
        Graviola(X25519),
        Dalek(on_dalek::Secret),
    }

    impl Secret {
        pub(super) fn new(bytes: &[u8; 32]) -> (Self, [u8; 32]) {
            match X25519::new(bytes) {
                Some((key, public)) => (Self::Graviola(key), public),
                None => {
                    let (key, public) = on_dalek::Secret::new(bytes);
                    (Self::Dalek(key), public)
                }
            }
        }

        pub(super) fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failed> {
            match self {
                Self::Graviola(key) => key.agree(peer),
                Self::Dalek(key) => key.agree(peer),
            }
        }
    }
}

mod on_dalek {
    use super::{Failed, Zeroizing};
    use x25519_dalek::{PublicKey, StaticSecret};

    pub(super) struct Secret(StaticSecret);

    impl Secret {
        pub(super) fn new(bytes: &[u8; 32]) -> (Self, [u8; 32]) {
            let secret = StaticSecret::from(*bytes);
            let public = PublicKey::from(&secret).to_bytes();
            (Self(secret), public)
        }

        pub(super) fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, Failed> {
            let shared = self.0.diffie_hellman(&PublicKey::from(*peer));
            Ok(Zeroizing::new(shared.to_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    // RFC 7748 §6.1.
    #[test]
    fn agrees_as_rfc7748_6_1() {
        let alice = X25519Secret::from_bytes(&bytes(
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        ));
        let bob = X25519Secret::from_bytes(&bytes(
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        ));
        let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(
            alice.public(),
            bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        );
        assert_eq!(*alice.agree(&bob.public()).unwrap(), shared);
        assert_eq!(*bob.agree(&alice.public()).unwrap(), shared);
    }

    // Whichever the CPU here, and the build, have the crate use.
    #[test]
    fn dalek_agrees_with_what_is_used() {
        for low in 1..=255_u8 {
            let (mut secret, mut peer) = ([low; 32], [low; 32]);
            (secret[7], peer[31]) = (99, low.reverse_bits());
            let (used, dalek) = (X25519Secret::from_bytes(&secret), on_dalek::Secret::new(&secret));
            assert_eq!(used.public(), dalek.1);
            assert_eq!(used.agree(&peer), dalek.0.agree(&peer));
        }
    }

    // RFC 7748 §6.1: points of small order lead to zero, whatever the secret.
    #[test]
    fn refuses_the_all_zero_result() {
        let secret = X25519Secret::from_bytes(&[7; 32]);
        let order_8 = bytes("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
        let mut one = [0; 32];
        one[0] = 1;
        for peer in [[0; 32], one, order_8] {
            assert_eq!(secret.agree(&peer).err(), Some(Failed));
        }
    }
}
