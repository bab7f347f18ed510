//! RSA signatures (RFC 8017): RSASSA-PKCS1-v1_5, and RSASSA-PSS with MGF1 of the same hash and a salt
//! as long as the hash.

use super::hash::{Digest, Hash};
use super::{Failed, Unusable};
use zeroize::{Zeroize, ZeroizeOnDrop};

// aws-lc-rs first: it signs in half of ring's time, and keeps public keys parsed. Then ring; the two
// alone for private keys: the crate rsa has an open timing advisory on private-key operations
// (RUSTSEC-2023-0071), so no private key is ever used through it.
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc as imp;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use on_ring as imp;
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
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
        Ok(Self { key: imp::Public::new(n, e)?, modulus_len: n.len() })
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

impl RsaParts {
    /// The modulus' length in bytes, if all is within [`RsaPrivate::new`]'s bounds. Whether the
    /// numbers fit each other is for a backend to say.
    fn bounded(&self) -> Result<usize, Unusable> {
        let (n, e) = bounded(&self.n, &self.e)?;
        let len = bits(n);
        let half = |prime| bits(strip(prime)).saturating_mul(2) == len;
        // An odd e of 17 bits is 65537 at least.
        if ![2048, 3072, 4096].contains(&len) || bits(e) < 17 || !half(&self.p) || !half(&self.q) {
            return Err(Unusable::Invalid);
        }
        Ok(n.len())
    }
}

pub(crate) struct RsaPrivate {
    key: imp::Private,
    modulus_len: usize,
}

opaque_debug!(RsaPrivate);

impl RsaPrivate {
    /// Takes what ring signs with, whoever signs: n of 2048, 3072 or 4096 bits from two primes of
    /// half its length, e from 65537 to 2^33 − 1.
    pub(crate) fn new(parts: &RsaParts) -> Result<Self, Unusable> {
        let modulus_len = parts.bounded()?;
        let key = imp::Private::new(parts)?;
        Ok(Self { key, modulus_len })
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

    /// Signs the digest of a message, where [`signs_digests`] says that a backend does.
    pub(crate) fn sign_digest(
        &self,
        scheme: RsaScheme,
        digest: &Digest,
        out: &mut [u8],
    ) -> Result<usize, Failed> {
        #[cfg(feature = "aws-lc-rs")]
        {
            let out = out.get_mut(..self.modulus_len).ok_or(Failed)?;
            self.key.sign_digest(scheme, digest.as_ref(), out)?;
            Ok(self.modulus_len)
        }
        #[cfg(not(feature = "aws-lc-rs"))]
        {
            let _ = (scheme, digest, out);
            Err(Failed)
        }
    }
}

/// Whether there is a backend that verifies a digest in place of a message. ring does not; the crate
/// rsa does, and a public key has no secret to leak.
pub(crate) const fn verifies_digests() -> Result<(), Unusable> {
    if cfg!(feature = "rustcrypto") { Ok(()) } else { Err(Unusable::Needs("rustcrypto")) }
}

/// Whether there is a backend that signs a digest in place of a message. ring does not, and the crate
/// rsa (see above) must not.
pub(crate) const fn signs_digests() -> Result<(), Unusable> {
    if cfg!(feature = "aws-lc-rs") { Ok(()) } else { Err(Unusable::Needs("aws-lc-rs")) }
}

/// Verifies the digest of a message with a key within the bounds of [`RsaPublic::new`].
pub(crate) fn verify_digest(
    n: &[u8],
    e: &[u8],
    scheme: RsaScheme,
    digest: &Digest,
    signature: &[u8],
) -> bool {
    #[cfg(feature = "rustcrypto")]
    return signature.len() == strip(n).len()
        && on_rustcrypto::verify_digest(strip(n), strip(e), scheme, digest.as_ref(), signature);
    #[cfg(not(feature = "rustcrypto"))]
    {
        let _ = (n, e, scheme, digest, signature);
        false
    }
}

/// Generates a key with e = 65537. aws-lc-rs first, for the lengths that it has. The time this takes
/// tells nothing of a key in use, so the crate rsa (see above) may do it.
pub(crate) fn generate(bits: usize) -> Result<RsaParts, Unusable> {
    if !(2048..=4096).contains(&bits) || !bits.is_multiple_of(8) {
        return Err(Unusable::Invalid);
    }
    #[cfg(feature = "aws-lc-rs")]
    if let Some(parts) = on_aws_lc::generate(bits) {
        return parts;
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
    number.len().saturating_mul(8).saturating_sub(unused as usize)
}

#[cfg(feature = "aws-lc-rs")]
pub(super) mod on_aws_lc {
    use super::{Failed, Hash, RsaParts, RsaScheme, Unusable, strip};
    use aws_lc_rs::digest::{Digest, SHA256, SHA384, SHA512};
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
    use aws_lc_rs::signature::{
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
    };
    use std::sync::OnceLock;

    /// A parsed key is bound to one scheme, and this one to none yet: whichever scheme first comes
    /// to verify, its key is parsed then and kept.
    pub(super) struct Public {
        numbers: RsaPublicKeyComponents<Box<[u8]>>,
        parsed: [OnceLock<Option<ParsedPublicKey>>; 6],
    }

    impl Public {
        pub(super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
            let (n, e) = (n.into(), e.into());
            Ok(Self { numbers: RsaPublicKeyComponents { n, e }, parsed: Default::default() })
        }

        pub(super) fn verify(&self, scheme: RsaScheme, message: &[u8], signature: &[u8]) -> bool {
            let [a, b, c, d, e, f] = &self.parsed;
            let (parsed, parameters): (_, &'static RsaParameters) = match scheme {
                RsaScheme::Pkcs1(Hash::Sha256) => (a, &RSA_PKCS1_2048_8192_SHA256),
                RsaScheme::Pkcs1(Hash::Sha384) => (b, &RSA_PKCS1_2048_8192_SHA384),
                RsaScheme::Pkcs1(Hash::Sha512) => (c, &RSA_PKCS1_2048_8192_SHA512),
                RsaScheme::Pss(Hash::Sha256) => (d, &RSA_PSS_2048_8192_SHA256),
                RsaScheme::Pss(Hash::Sha384) => (e, &RSA_PSS_2048_8192_SHA384),
                RsaScheme::Pss(Hash::Sha512) => (f, &RSA_PSS_2048_8192_SHA512),
            };
            parsed
                .get_or_init(|| self.numbers.to_parsed_public_key(parameters).ok())
                .as_ref()
                .is_some_and(|key| key.verify_sig(message, signature).is_ok())
        }
    }

    pub(super) struct Private(RsaKeyPair);

    /// Refuses parts that do not fit each other, all eight of them.
    fn prepare(parts: &RsaParts) -> Result<RsaKeyPair, Unusable> {
        Ok(RsaKeyPair::from_components(&KeyPairComponents {
            public_key: RsaPublicKeyComponents { n: strip(&parts.n), e: strip(&parts.e) },
            d: strip(&parts.d),
            p: strip(&parts.p),
            q: strip(&parts.q),
            dP: strip(&parts.dp),
            dQ: strip(&parts.dq),
            qInv: strip(&parts.qi),
        })?)
    }

    /// The same as PKCS #8 (RFC 5208).
    #[cfg(feature = "jwe")]
    pub(in super::super) fn pkcs8(parts: &RsaParts) -> Result<Pkcs8V1Der<'static>, Unusable> {
        prepare(parts)?.as_der().map_err(|_| Unusable::Invalid)
    }

    impl Private {
        pub(super) fn new(parts: &RsaParts) -> Result<Self, Unusable> {
            prepare(parts).map(Self)
        }

        pub(super) fn sign(
            &self,
            scheme: RsaScheme,
            message: &[u8],
            out: &mut [u8],
        ) -> Result<(), Failed> {
            self.check_room(out)?;
            Ok(self.0.sign(encoding(scheme), &SystemRandom::new(), message, out)?)
        }

        pub(super) fn sign_digest(
            &self,
            scheme: RsaScheme,
            digest: &[u8],
            out: &mut [u8],
        ) -> Result<(), Failed> {
            self.check_room(out)?;
            let algorithm = match scheme {
                RsaScheme::Pkcs1(Hash::Sha256) | RsaScheme::Pss(Hash::Sha256) => &SHA256,
                RsaScheme::Pkcs1(Hash::Sha384) | RsaScheme::Pss(Hash::Sha384) => &SHA384,
                RsaScheme::Pkcs1(Hash::Sha512) | RsaScheme::Pss(Hash::Sha512) => &SHA512,
            };
            let digest = Digest::import_less_safe(digest, algorithm)?;
            Ok(self.0.sign_digest(encoding(scheme), &digest, out)?)
        }

        /// aws-lc-rs copies its signature out without asking for the room.
        fn check_room(&self, out: &[u8]) -> Result<(), Failed> {
            if out.len() == self.0.public_modulus_len() { Ok(()) } else { Err(Failed) }
        }
    }

    fn encoding(scheme: RsaScheme) -> &'static dyn RsaEncoding {
        match scheme {
            RsaScheme::Pkcs1(Hash::Sha256) => &RSA_PKCS1_SHA256,
            RsaScheme::Pkcs1(Hash::Sha384) => &RSA_PKCS1_SHA384,
            RsaScheme::Pkcs1(Hash::Sha512) => &RSA_PKCS1_SHA512,
            RsaScheme::Pss(Hash::Sha256) => &RSA_PSS_SHA256,
            RsaScheme::Pss(Hash::Sha384) => &RSA_PSS_SHA384,
            RsaScheme::Pss(Hash::Sha512) => &RSA_PSS_SHA512,
        }
    }

    /// `None` for a length that aws-lc-rs does not generate.
    pub(super) fn generate(bits: usize) -> Option<Result<RsaParts, Unusable>> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => return None,
        };
        Some(generated(size))
    }

    /// aws-lc-rs gives out a generated key only as PKCS #8.
    fn generated(size: KeySize) -> Result<RsaParts, Unusable> {
        let key = RsaKeyPair::generate(size).map_err(|_| Unusable::Invalid)?;
        let document: Pkcs8V1Der<'static> = key.as_der().map_err(|_| Unusable::Invalid)?;
        parts(document.as_ref()).ok_or(Unusable::Invalid)
    }

    /// What PKCS #8 has in its octet string is an `RSAPrivateKey` (RFC 8017 §A.1.2).
    pub(in super::super) fn parts(mut document: &[u8]) -> Option<RsaParts> {
        let mut info = content(&mut document, 0x30)?;
        let (_version, _algorithm) = (content(&mut info, 0x02)?, content(&mut info, 0x30)?);
        let mut key = content(&mut info, 0x04)?;
        let mut numbers = content(&mut key, 0x30)?;
        let _version = content(&mut numbers, 0x02)?;
        let mut next = || content(&mut numbers, 0x02).map(|number| strip(number).to_vec());
        Some(RsaParts {
            n: next()?,
            e: next()?,
            d: next()?,
            p: next()?,
            q: next()?,
            dp: next()?,
            dq: next()?,
            qi: next()?,
        })
    }

    /// Takes the element of that tag off the front of `der` and gives what is in it.
    fn content<'a>(der: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
        let (len, rest) = match der {
            [first, 0x82, high, low, rest @ ..] if *first == tag => {
                (u16::from_be_bytes([*high, *low]), rest)
            }
            [first, 0x81, len, rest @ ..] if *first == tag => (u16::from(*len), rest),
            [first, len @ ..=0x7f, rest @ ..] if *first == tag => (u16::from(*len), rest),
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(usize::from(len))?;
        *der = rest;
        Some(content)
    }
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
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
            Ok(Self(RsaPublicKeyComponents { n: n.into(), e: e.into() }))
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
            let key = Self(RsaKeyPair::from_components(&ring::rsa::KeyPairComponents {
                public_key: RsaPublicKeyComponents { n: strip(&parts.n), e: strip(&parts.e) },
                d: strip(&parts.d),
                p: strip(&parts.p),
                q: strip(&parts.q),
                dP: strip(&parts.dp),
                dQ: strip(&parts.dq),
                qInv: strip(&parts.qi),
            })?);
            // ring sees whether dP, dQ and e belong together only when it signs. A key that cannot
            // sign is to fail here, where it is loaded.
            let mut trial = vec![0; key.0.public().modulus_len()];
            key.sign(RsaScheme::Pkcs1(Hash::Sha256), b"", &mut trial).map_err(|_| Unusable::Invalid)?;
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
    use super::{Hash, RsaParts, RsaScheme, Unusable};
    use ::rsa::traits::{PrivateKeyParts, PublicKeyParts};
    use ::rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
    use sha2::{Sha256, Sha384, Sha512};
    use zeroize::Zeroizing;

    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    pub(super) use alone::{Private, Public};

    fn public(n: &[u8], e: &[u8]) -> Result<RsaPublicKey, Unusable> {
        let n = BoxedUint::from_be_slice_vartime(n);
        let e = BoxedUint::from_be_slice_vartime(e);
        RsaPublicKey::new_with_size_limits(n, e, 2048..=8192).map_err(|_| Unusable::Invalid)
    }

    /// PKCS #1 v1.5 compares the whole encoding; `Pss::new` fixes the salt's length to the hash's, as
    /// ring does.
    fn verify(key: &RsaPublicKey, scheme: RsaScheme, digest: &[u8], signature: &[u8]) -> bool {
        match scheme {
            RsaScheme::Pkcs1(hash) => key.verify(pkcs1(hash), digest, signature),
            RsaScheme::Pss(Hash::Sha256) => key.verify(Pss::<Sha256>::new(), digest, signature),
            RsaScheme::Pss(Hash::Sha384) => key.verify(Pss::<Sha384>::new(), digest, signature),
            RsaScheme::Pss(Hash::Sha512) => key.verify(Pss::<Sha512>::new(), digest, signature),
        }
        .is_ok()
    }

    fn pkcs1(hash: Hash) -> Pkcs1v15Sign {
        match hash {
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }

    pub(super) fn verify_digest(
        n: &[u8],
        e: &[u8],
        scheme: RsaScheme,
        digest: &[u8],
        signature: &[u8],
    ) -> bool {
        public(n, e).is_ok_and(|key| verify(&key, scheme, digest, signature))
    }

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

    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    mod alone {
        use super::super::super::hash::digest;
        use super::super::{Failed, RsaParts, RsaScheme, Unusable};
        use ::rsa::RsaPublicKey;
        use core::convert::Infallible;

        pub(in super::super) struct Public(RsaPublicKey);

        impl Public {
            pub(in super::super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
                super::public(n, e).map(Self)
            }

            pub(in super::super) fn verify(
                &self,
                scheme: RsaScheme,
                message: &[u8],
                signature: &[u8],
            ) -> bool {
                let (RsaScheme::Pkcs1(hash) | RsaScheme::Pss(hash)) = scheme;
                super::verify(&self.0, scheme, digest(hash, message).as_ref(), signature)
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
        assert!(refused(&[0x7f; 256], &f4) && refused(&n[1..], &f4), "short n");
        assert!(refused(&[1; 1025], &f4), "long n");
        assert!(refused(&[&n[..255], &[2]].concat(), &f4), "even n");
        for e in [&[1][..], &[2], &[4], &[1, 0, 0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 1]] {
            assert!(refused(&n, e), "{e:?}");
        }
        assert!(!refused(&n, &[1, 0, 0, 0, 1]), "33 bits");
    }

    #[test]
    fn refuses_to_generate_odd_sizes() {
        for bits in [0, 1024, 2047, 2049, 2052, 4104, usize::MAX] {
            assert_eq!(generate(bits).err(), Some(Unusable::Invalid));
        }
        #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
        assert_eq!(generate(2048).err(), Some(Unusable::Needs("rustcrypto")));
        #[cfg(all(feature = "aws-lc-rs", not(feature = "rustcrypto")))]
        assert_eq!(generate(2560).err(), Some(Unusable::Needs("rustcrypto")));
    }

    #[cfg(any(feature = "aws-lc-rs", all(feature = "ring", feature = "rustcrypto")))]
    #[test]
    fn verifies_what_it_signs_and_nothing_else() {
        let parts = generate(2048).unwrap();
        let public = RsaPublic::new(&parts.n, &parts.e).unwrap();
        let private = RsaPrivate::new(&parts).unwrap();
        let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
        let schemes = hashes.map(RsaScheme::Pkcs1).into_iter().chain(hashes.map(RsaScheme::Pss));
        let schemes: Vec<RsaScheme> = schemes.collect();
        for scheme in &schemes {
            let mut out = [0; 257];
            assert_eq!(private.sign(*scheme, b"message", &mut out), Ok(256));
            for other in &schemes {
                assert_eq!(public.verify(*other, b"message", &out[..256]), scheme == other);
                let (RsaScheme::Pkcs1(hash) | RsaScheme::Pss(hash)) = *other;
                let digest = super::super::hash::digest(hash, b"message");
                assert_eq!(
                    verify_digest(&parts.n, &parts.e, *other, &digest, &out[..256]),
                    scheme == other && verifies_digests().is_ok()
                );
            }
            assert!(!public.verify(*scheme, b"Message", &out[..256]));
            assert!(!public.verify(*scheme, b"message", &out), "long");
            assert!(!public.verify(*scheme, b"message", &out[..255]), "short");
            assert_eq!(private.sign(*scheme, b"message", &mut out[..255]), Err(Failed));
        }
    }

    #[cfg(any(feature = "aws-lc-rs", all(feature = "ring", feature = "rustcrypto")))]
    #[test]
    fn refuses_parts_that_do_not_fit() {
        let (parts, other) = (generate(2048).unwrap(), generate(2048).unwrap());
        let with = |change: &dyn Fn(&mut RsaParts)| {
            let RsaParts { n, e, d, p, q, dp, dq, qi } = &parts;
            let [n, e, d, p, q, dp, dq, qi] = [n, e, d, p, q, dp, dq, qi].map(Vec::clone);
            let mut parts = RsaParts { n, e, d, p, q, dp, dq, qi };
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

    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    #[test]
    fn names_the_feature_that_signs() {
        let parts = generate(2048).unwrap();
        assert_eq!(RsaPrivate::new(&parts).err(), Some(Unusable::Needs("ring")));
    }
}
