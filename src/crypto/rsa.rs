//! RSA signatures (RFC 8017): RSASSA-PKCS1-v1_5, and RSASSA-PSS with MGF1 of the same hash and a salt
//! as long as the hash.

use super::hash::Hash;
use super::{Failed, Unusable};
use zeroize::{Zeroize, ZeroizeOnDrop};

// ring first, and for private keys alone: the crate rsa has an open timing advisory on private-key
// operations (RUSTSEC-2023-0071), so no private key is ever used through it.
#[cfg(feature = "ring")]
use on_ring as imp;
#[cfg(not(feature = "ring"))]
use on_rustcrypto as imp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RsaScheme {
    Pkcs1(Hash),
    Pss(Hash),
}

pub(crate) struct RsaPublic {
    key: imp::Public,
    modulus_len: usize,
}

opaque_debug!(RsaPublic);

impl RsaPublic {
    /// Takes big-endian numbers, leading zeros or not: n odd, of 2048 to 8192 bits; e odd, from 3 to
    /// 2^33 − 1. The same bounds on every backend.
    pub(crate) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
        let (n, e) = bounded(n, e)?;
        Ok(Self {
            key: imp::Public::new(n, e)?,
            modulus_len: n.len(),
        })
    }

    /// Length of the modulus, and of each signature, in bytes.
    pub(crate) fn verify(&self, scheme: RsaScheme, message: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.modulus_len && self.key.verify(scheme, message, signature)
    }
}

/// The numbers of a two-prime private key (RFC 8017 §A.1.2), big-endian.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct RsaParts {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
    pub(crate) d: Vec<u8>,
    pub(crate) p: Vec<u8>,
    pub(crate) q: Vec<u8>,
    pub(crate) dp: Vec<u8>,
    pub(crate) dq: Vec<u8>,
    pub(crate) qi: Vec<u8>,
}

opaque_debug!(RsaParts);

pub(crate) struct RsaPrivate {
    key: imp::Private,
    modulus_len: usize,
}

opaque_debug!(RsaPrivate);

impl RsaPrivate {
    /// Takes what ring signs with: n of 2048, 3072 or 4096 bits from two primes of half its length,
    /// e from 65537 to 2^33 − 1.
    pub(crate) fn new(parts: &RsaParts) -> Result<Self, Unusable> {
        // ring would take 2047 bits, which no verifier here takes.
        if bits(strip(&parts.n)) < 2048 {
            return Err(Unusable::Invalid);
        }
        let key = imp::Private::new(parts)?;
        Ok(Self {
            key,
            modulus_len: strip(&parts.n).len(),
        })
    }

    /// Length of the modulus, and of each signature, in bytes.
    /// Writes the signature to the front of `out`; says how long it is.
    pub(crate) fn sign(
        &self,
        scheme: RsaScheme,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Failed> {
        let out = out.get_mut(..self.modulus_len).ok_or(Failed)?;
        self.key.sign(scheme, message, out)?;
        Ok(self.modulus_len)
    }
}

/// Generates a key with e = 65537. The time this takes tells nothing of a key in use, so the crate
/// rsa (see above) may do it.
pub(crate) fn generate(bits: usize) -> Result<RsaParts, Unusable> {
    if !(2048..=4096).contains(&bits) || !bits.is_multiple_of(8) {
        return Err(Unusable::Invalid);
    }
    #[cfg(feature = "rustcrypto")]
    return on_rustcrypto::generate(bits);
    #[cfg(not(feature = "rustcrypto"))]
    Err(Unusable::Needs("rustcrypto"))
}

/// A public key's numbers without leading zeros, if they are within [`RsaPublic::new`]'s bounds.
pub(super) fn bounded<'a>(n: &'a [u8], e: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Unusable> {
    let (n, e) = (strip(n), strip(e));
    let odd = |number: &[u8]| number.last().is_some_and(|low| low & 1 == 1);
    if !(2048..=8192).contains(&bits(n)) || bits(e) > 33 || !odd(n) || !odd(e) || e == [1] {
        return Err(Unusable::Invalid);
    }
    Ok((n, e))
}

fn strip(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

/// Length in bits of a number without leading zeros.
fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |high| high.leading_zeros());
    number
        .len()
        .saturating_mul(8)
        .saturating_sub(unused as usize)
}

#[cfg(feature = "ring")]
mod on_ring {
    use super::{Failed, Hash, RsaParts, RsaScheme, Unusable, strip};
    use ring::rand::SystemRandom;
    use ring::signature::{
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
        RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
    };

    /// ring parses a public key anew at each verify; what can be prepared is the stripping.
    pub(super) struct Public(RsaPublicKeyComponents<Box<[u8]>>);

    impl Public {
        pub(super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
            Ok(Self(RsaPublicKeyComponents {
                n: n.into(),
                e: e.into(),
            }))
        }

        pub(super) fn verify(&self, scheme: RsaScheme, message: &[u8], signature: &[u8]) -> bool {
            let parameters: &RsaParameters = match scheme {
                RsaScheme::Pkcs1(Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
                RsaScheme::Pkcs1(Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
                RsaScheme::Pkcs1(Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
                RsaScheme::Pss(Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
                RsaScheme::Pss(Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
                RsaScheme::Pss(Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
            };
            self.0.verify(parameters, message, signature).is_ok()
        }
    }

    pub(super) struct Private(RsaKeyPair);

    impl Private {
        pub(super) fn new(parts: &RsaParts) -> Result<Self, Unusable> {
            let key = Self(RsaKeyPair::from_components(
                &ring::rsa::KeyPairComponents {
                    public_key: RsaPublicKeyComponents {
                        n: strip(&parts.n),
                        e: strip(&parts.e),
                    },
                    d: strip(&parts.d),
                    p: strip(&parts.p),
                    q: strip(&parts.q),
                    dP: strip(&parts.dp),
                    dQ: strip(&parts.dq),
                    qInv: strip(&parts.qi),
                },
            )?);
            // ring sees whether dP, dQ and e belong together only when it signs. A key that cannot
            // sign is to fail here, where it is loaded.
            let mut trial = vec![0; key.0.public().modulus_len()];
            key.sign(RsaScheme::Pkcs1(Hash::Sha256), b"", &mut trial)
                .map_err(|_| Unusable::Invalid)?;
            Ok(key)
        }

        pub(super) fn sign(
            &self,
            scheme: RsaScheme,
            message: &[u8],
            out: &mut [u8],
        ) -> Result<(), Failed> {
            let encoding: &dyn RsaEncoding = match scheme {
                RsaScheme::Pkcs1(Hash::Sha256) => &RSA_PKCS1_SHA256,
                RsaScheme::Pkcs1(Hash::Sha384) => &RSA_PKCS1_SHA384,
                RsaScheme::Pkcs1(Hash::Sha512) => &RSA_PKCS1_SHA512,
                RsaScheme::Pss(Hash::Sha256) => &RSA_PSS_SHA256,
                RsaScheme::Pss(Hash::Sha384) => &RSA_PSS_SHA384,
                RsaScheme::Pss(Hash::Sha512) => &RSA_PSS_SHA512,
            };
            Ok(self.0.sign(encoding, &SystemRandom::new(), message, out)?)
        }
    }
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::super::rand;
    use super::{RsaParts, Unusable};
    use ::rsa::RsaPrivateKey;
    use ::rsa::traits::{PrivateKeyParts, PublicKeyParts};
    use zeroize::Zeroizing;

    #[cfg(not(feature = "ring"))]
    pub(super) use alone::{Private, Public};

    pub(super) fn generate(bits: usize) -> Result<RsaParts, Unusable> {
        let mut rng = rand::seeded().map_err(|_| Unusable::NoRandomness)?;
        let key = RsaPrivateKey::new(&mut rng, bits).map_err(|_| Unusable::Invalid)?;
        let ([p, q], Some(dp), Some(dq), Some(qi)) = (key.primes(), key.dp(), key.dq(), key.qinv())
        else {
            return Err(Unusable::Invalid);
        };
        let qi = Zeroizing::new(qi.retrieve());
        Ok(RsaParts {
            n: key.n_bytes().into_vec(),
            e: key.e_bytes().into_vec(),
            d: key.d().to_be_bytes_trimmed_vartime().into_vec(),
            p: p.to_be_bytes_trimmed_vartime().into_vec(),
            q: q.to_be_bytes_trimmed_vartime().into_vec(),
            dp: dp.to_be_bytes_trimmed_vartime().into_vec(),
            dq: dq.to_be_bytes_trimmed_vartime().into_vec(),
            qi: qi.to_be_bytes_trimmed_vartime().into_vec(),
        })
    }

    #[cfg(not(feature = "ring"))]
    mod alone {
        use super::super::super::hash::digest;
        use super::super::{Failed, Hash, RsaParts, RsaScheme, Unusable};
        use ::rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
        use core::convert::Infallible;
        use sha2::{Sha256, Sha384, Sha512};

        pub(in super::super) struct Public(RsaPublicKey);

        impl Public {
            pub(in super::super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
                let n = BoxedUint::from_be_slice_vartime(n);
                let e = BoxedUint::from_be_slice_vartime(e);
                RsaPublicKey::new_with_size_limits(n, e, 2048..=8192)
                    .map(Self)
                    .map_err(|_| Unusable::Invalid)
            }

            /// PKCS #1 v1.5 compares the whole encoding; `Pss::new` fixes the salt's length to the
            /// hash's, as ring does.
            pub(in super::super) fn verify(
                &self,
                scheme: RsaScheme,
                message: &[u8],
                signature: &[u8],
            ) -> bool {
                let (RsaScheme::Pkcs1(hash) | RsaScheme::Pss(hash)) = scheme;
                let digest = digest(hash, message);
                let digest = digest.as_ref();
                match scheme {
                    RsaScheme::Pkcs1(hash) => self.0.verify(pkcs1(hash), digest, signature),
                    RsaScheme::Pss(Hash::Sha256) => {
                        self.0.verify(Pss::<Sha256>::new(), digest, signature)
                    }
                    RsaScheme::Pss(Hash::Sha384) => {
                        self.0.verify(Pss::<Sha384>::new(), digest, signature)
                    }
                    RsaScheme::Pss(Hash::Sha512) => {
                        self.0.verify(Pss::<Sha512>::new(), digest, signature)
                    }
                }
                .is_ok()
            }
        }

        fn pkcs1(hash: Hash) -> Pkcs1v15Sign {
            match hash {
                Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
            }
        }

        /// There is none.
        pub(in super::super) struct Private(Infallible);

        impl Private {
            pub(in super::super) fn new(_: &RsaParts) -> Result<Self, Unusable> {
                Err(Unusable::Needs("ring"))
            }

            pub(in super::super) fn sign(
                &self,
                _: RsaScheme,
                _: &[u8],
                _: &mut [u8],
            ) -> Result<(), Failed> {
                match self.0 {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bits_behind_leading_zeros() {
        assert_eq!(bits(strip(&[0, 0, 1, 0])), 9);
        assert_eq!(bits(strip(&[0x80; 256])), 2048);
        assert_eq!(bits(strip(&[0x7f; 256])), 2047);
        assert_eq!(bits(strip(&[0, 0])), 0);
    }

    #[test]
    fn refuses_keys_out_of_bounds() {
        let refused = |n: &[u8], e: &[u8]| RsaPublic::new(n, e).err() == Some(Unusable::Invalid);
        let f4 = [1, 0, 1];
        let n = [&[0x80][..], &[1; 255]].concat();
        assert!(!refused(&n, &f4) && !refused(&[&[0; 3], &n[..]].concat(), &[0, 0, 3]));
        assert!(refused(&[], &f4) && refused(&n, &[]), "empty");
        assert!(
            refused(&[0x7f; 256], &f4) && refused(&n[1..], &f4),
            "short n"
        );
        assert!(refused(&[1; 1025], &f4), "long n");
        assert!(refused(&[&n[..255], &[2]].concat(), &f4), "even n");
        for e in [
            &[1][..],
            &[2],
            &[4],
            &[1, 0, 0],
            &[2, 0, 0, 0, 1],
            &[1, 0, 0, 0, 0, 1],
        ] {
            assert!(refused(&n, e), "{e:?}");
        }
        assert!(!refused(&n, &[1, 0, 0, 0, 1]), "33 bits");
    }

    #[test]
    fn refuses_to_generate_odd_sizes() {
        for bits in [0, 1024, 2047, 2049, 2052, 4104, usize::MAX] {
            assert_eq!(generate(bits).err(), Some(Unusable::Invalid));
        }
        #[cfg(not(feature = "rustcrypto"))]
        assert_eq!(generate(2048).err(), Some(Unusable::Needs("rustcrypto")));
    }

    #[cfg(all(feature = "ring", feature = "rustcrypto"))]
    #[test]
    fn verifies_what_it_signs_and_nothing_else() {
        let parts = generate(2048).unwrap();
        let public = RsaPublic::new(&parts.n, &parts.e).unwrap();
        let private = RsaPrivate::new(&parts).unwrap();
        let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
        let schemes = hashes
            .map(RsaScheme::Pkcs1)
            .into_iter()
            .chain(hashes.map(RsaScheme::Pss));
        let schemes: Vec<RsaScheme> = schemes.collect();
        for scheme in &schemes {
            let mut out = [0; 257];
            assert_eq!(private.sign(*scheme, b"message", &mut out), Ok(256));
            for other in &schemes {
                assert_eq!(
                    public.verify(*other, b"message", &out[..256]),
                    scheme == other
                );
            }
            assert!(!public.verify(*scheme, b"Message", &out[..256]));
            assert!(!public.verify(*scheme, b"message", &out), "long");
            assert!(!public.verify(*scheme, b"message", &out[..255]), "short");
            assert_eq!(
                private.sign(*scheme, b"message", &mut out[..255]),
                Err(Failed)
            );
        }
    }

    #[cfg(all(feature = "ring", feature = "rustcrypto"))]
    #[test]
    fn refuses_parts_that_do_not_fit() {
        let (parts, other) = (generate(2048).unwrap(), generate(2048).unwrap());
        let with = |change: &dyn Fn(&mut RsaParts)| {
            let RsaParts {
                n,
                e,
                d,
                p,
                q,
                dp,
                dq,
                qi,
            } = &parts;
            let [n, e, d, p, q, dp, dq, qi] = [n, e, d, p, q, dp, dq, qi].map(Vec::clone);
            let mut parts = RsaParts {
                n,
                e,
                d,
                p,
                q,
                dp,
                dq,
                qi,
            };
            change(&mut parts);
            RsaPrivate::new(&parts).err()
        };
        assert_eq!(with(&|_| {}), None);
        let changes: [&dyn Fn(&mut RsaParts); 7] = [
            &|parts| parts.n.clone_from(&other.n),
            &|parts| parts.e = vec![1, 0, 3],
            &|parts| parts.p.clone_from(&other.p),
            &|parts| parts.q.clone_from(&other.q),
            &|parts| parts.dp.clone_from(&other.dp),
            &|parts| parts.dq.clone_from(&other.dq),
            &|parts| parts.qi.clone_from(&other.qi),
        ];
        for (i, change) in changes.into_iter().enumerate() {
            assert_eq!(with(change), Some(Unusable::Invalid), "change {i}");
        }
    }

    #[cfg(all(feature = "rustcrypto", not(feature = "ring")))]
    #[test]
    fn names_the_feature_that_signs() {
        let parts = generate(2048).unwrap();
        assert_eq!(RsaPrivate::new(&parts).err(), Some(Unusable::Needs("ring")));
    }
}
