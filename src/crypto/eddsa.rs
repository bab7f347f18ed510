//! Ed25519 (RFC 8032 §5.1), the pure variant.
//!
//! All backends decide alike: without the cofactor, R compared as bytes, S below the group order.
//! Where they read odd encodings of a public key differently, the key is refused before one of
//! them sees it.

use super::{Failed, Unusable};

// aws-lc-rs first: it signs in less than half the time. Then RustCrypto, which signs and verifies in
// two thirds of ring's time, and wipes its keys; graviola signs for it where it can, as fast as aws-lc-rs.
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc as imp;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
use on_ring as imp;
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
use on_rustcrypto as imp;

/// The y coordinates, little-endian, of the eight points of small order: 0, 1, −1 and two more, each
/// with either sign. Under such a key a signature can fit many messages, or every one.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
        0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
        0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Refuses y not below p = 2^255 − 19 (RFC 8032 §5.1.3 step 1) and the points of small order.
fn check(x: &[u8; 32]) -> Result<(), Unusable> {
    let mut y = *x;
    let [low, middle @ .., high] = &mut y;
    *high &= 0x7f;
    let beyond = *low >= 0xed && middle.iter().all(|byte| *byte == 0xff) && *high == 0x7f;
    if beyond || SMALL_ORDER.contains(&y) {
        return Err(Unusable::Invalid);
    }
    Ok(())
}

pub(crate) struct Ed25519Public(imp::Public);

opaque_debug!(Ed25519Public);

impl Ed25519Public {
    /// Bytes that are no point are refused here when RustCrypto is compiled in; without it, they are
    /// found out at each verify.
    pub(crate) fn new(x: &[u8; 32]) -> Result<Self, Unusable> {
        check(x)?;
        #[cfg(all(feature = "rustcrypto", feature = "aws-lc-rs"))]
        on_rustcrypto::Public::new(x)?;
        imp::Public::new(x).map(Self)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature)
    }
}

pub(crate) struct Ed25519Private {
    key: imp::Private,
    public: [u8; 32],
}

opaque_debug!(Ed25519Private);

impl Ed25519Private {
    /// A public half that is given has to fit: signing with another one would give the seed away.
    pub(crate) fn new(seed: &[u8; 32], public: Option<&[u8; 32]>) -> Result<Self, Unusable> {
        let (key, computed) = imp::Private::new(seed)?;
        if public.is_some_and(|given| *given != computed) {
            return Err(Unusable::Invalid);
        }
        Ok(Self { key, public: computed })
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.public
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<[u8; 64], Failed> {
        self.key.sign(message)
    }
}

#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc {
    use super::{Failed, Unusable};
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};

    pub(super) struct Public(ParsedPublicKey);

    impl Public {
        pub(super) fn new(x: &[u8; 32]) -> Result<Self, Unusable> {
            Ok(Self(ParsedPublicKey::new(&ED25519, x)?))
        }

        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify_sig(message, signature).is_ok()
        }
    }

    pub(super) struct Private(Ed25519KeyPair);

    impl Private {
        pub(super) fn new(seed: &[u8; 32]) -> Result<(Self, [u8; 32]), Unusable> {
            let key = Ed25519KeyPair::from_seed_unchecked(seed)?;
            let public = key.public_key().as_ref().try_into();
            Ok((Self(key), public.map_err(|_| Unusable::Invalid)?))
        }

        pub(super) fn sign(&self, message: &[u8]) -> Result<[u8; 64], Failed> {
            let signature = self.0.try_sign(message)?;
            signature.as_ref().try_into().map_err(|_| Failed)
        }
    }
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
mod on_ring {
    use super::{Failed, Unusable};
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

    pub(super) struct Public(UnparsedPublicKey<[u8; 32]>);

    impl Public {
        pub(super) fn new(x: &[u8; 32]) -> Result<Self, Unusable> {
            Ok(Self(UnparsedPublicKey::new(&ED25519, *x)))
        }

        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify(message, signature).is_ok()
        }
    }

    pub(super) struct Private(Ed25519KeyPair);

    impl Private {
        pub(super) fn new(seed: &[u8; 32]) -> Result<(Self, [u8; 32]), Unusable> {
            let key = Ed25519KeyPair::from_seed_unchecked(seed)?;
            let public = key.public_key().as_ref().try_into();
            Ok((Self(key), public.map_err(|_| Unusable::Invalid)?))
        }

        pub(super) fn sign(&self, message: &[u8]) -> Result<[u8; 64], Failed> {
            let signature = self.0.sign(message);
            signature.as_ref().try_into().map_err(|_| Failed)
        }
    }
}

#[cfg(feature = "rustcrypto")]
#[cfg_attr(feature = "aws-lc-rs", allow(dead_code, reason = "beside another it only checks points"))]
mod on_rustcrypto {
    #[cfg(not(feature = "aws-lc-rs"))]
    use super::super::graviola;
    use super::{Failed, Unusable};
    use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

    pub(super) struct Public(VerifyingKey);

    impl Public {
        pub(super) fn new(x: &[u8; 32]) -> Result<Self, Unusable> {
            VerifyingKey::from_bytes(x).map(Self).map_err(|_| Unusable::Invalid)
        }

        /// Not `verify_strict`: it refuses an R of small order, which the others and RFC 8032 take.
        pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
        }
    }

    /// Boxed, as a key in the place of a larger one would have bytes of the stack behind it.
    pub(super) enum Private {
        #[cfg(not(feature = "aws-lc-rs"))]
        Graviola(graviola::Ed25519),
        Dalek(Box<SigningKey>),
    }

    impl Private {
        pub(super) fn new(seed: &[u8; 32]) -> Result<(Self, [u8; 32]), Unusable> {
            #[cfg(not(feature = "aws-lc-rs"))]
            if let Some((key, public)) = graviola::Ed25519::new(seed) {
                return Ok((Self::Graviola(key), public));
            }
            Ok(Self::on_dalek(seed))
        }

        pub(super) fn on_dalek(seed: &[u8; 32]) -> (Self, [u8; 32]) {
            let key = Box::new(SigningKey::from_bytes(seed));
            let public = key.verifying_key().to_bytes();
            (Self::Dalek(key), public)
        }

        pub(super) fn sign(&self, message: &[u8]) -> Result<[u8; 64], Failed> {
            Ok(match self {
                #[cfg(not(feature = "aws-lc-rs"))]
                Self::Graviola(key) => key.sign(message),
                Self::Dalek(key) => key.sign(message).to_bytes(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    // RFC 8032 §7.1, TEST 2.
    #[test]
    fn signs_as_rfc8032_7_1_test_2() {
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let public = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature: [u8; 64] = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let private = Ed25519Private::new(&seed, Some(&public)).unwrap();
        assert_eq!(private.public(), public);
        assert_eq!(private.sign(&[0x72]), Ok(signature));
        let verifier = Ed25519Public::new(&public).unwrap();
        assert!(verifier.verify(&[0x72], &signature));
        assert!(!verifier.verify(&[0x73], &signature));
        assert!((0..64).all(|len| !verifier.verify(&[0x72], &signature[..len])));
        assert!(!verifier.verify(&[0x72], &[&signature[..], &[0]].concat()));
    }

    // Whichever the CPU here, and the build, have the crate use.
    #[cfg(feature = "rustcrypto")]
    #[test]
    fn dalek_signs_as_what_is_used() {
        for byte in 0..=99 {
            let (seed, message) = ([byte; 32], vec![byte; 3 * usize::from(byte)]);
            let used = Ed25519Private::new(&seed, None).unwrap();
            let (dalek, public) = on_rustcrypto::Private::on_dalek(&seed);
            assert_eq!(used.public(), public);
            assert_eq!(used.sign(&message), dalek.sign(&message));
        }
    }

    #[test]
    fn refuses_a_public_half_that_does_not_fit() {
        let public = Ed25519Private::new(&[1; 32], None).unwrap().public();
        let other = Ed25519Private::new(&[2; 32], Some(&public));
        assert_eq!(other.err(), Some(Unusable::Invalid));
    }

    #[test]
    fn refuses_points_of_small_order_and_y_beyond_the_field() {
        let beyond = (0xed..=0xff).map(|low| {
            let mut y = [0xff; 32];
            (y[0], y[31]) = (low, 0x7f);
            y
        });
        for mut y in SMALL_ORDER.into_iter().chain(beyond) {
            for sign in [0, 0x80] {
                y[31] = y[31] & 0x7f | sign;
                assert_eq!(Ed25519Public::new(&y).err(), Some(Unusable::Invalid));
            }
        }
    }

    // The table is typed by hand: let the curve arithmetic say so, too.
    #[cfg(feature = "rustcrypto")]
    #[test]
    fn lists_points_that_are_of_small_order() {
        for y in SMALL_ORDER {
            assert!(ed25519_dalek::VerifyingKey::from_bytes(&y).unwrap().is_weak());
        }
    }
}
