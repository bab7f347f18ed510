//! RSAES-OAEP (RFC 8017 §7.1) with MGF1 of the same hash and the empty label.

use super::rsa::{RsaParts, bounded};
use super::{Failed, Unusable};
use zeroize::Zeroizing;

// aws-lc-rs first. Encrypting is a public-key operation, which the crate rsa may do (see `rsa`).
// Decrypting through it is what its timing advisory (RUSTSEC-2023-0071) is about, so it never does;
// ring has no OAEP.
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc::{Private, Public};
#[cfg(not(feature = "aws-lc-rs"))]
use on_nothing::Private;
#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
use on_nothing::Public;
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
use on_rustcrypto::Public;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OaepHash {
    /// What `RSA-OAEP` is defined with. Nothing here rests on its resistance to collisions.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

pub(crate) struct OaepPublic {
    key: Public,
    modulus_len: usize,
}

opaque_debug!(OaepPublic);

impl OaepPublic {
    /// Takes the same numbers as [`RsaPublic::new`](super::rsa::RsaPublic::new).
    pub(crate) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
        let (n, e) = bounded(n, e)?;
        Ok(Self { key: Public::new(n, e)?, modulus_len: n.len() })
    }

    /// Encrypts at most the modulus' length less two hashes and two bytes.
    pub(crate) fn encrypt(&self, hash: OaepHash, message: &[u8]) -> Result<Vec<u8>, Failed> {
        let ciphertext = self.key.encrypt(hash, message)?;
        if ciphertext.len() != self.modulus_len {
            return Err(Failed);
        }
        Ok(ciphertext)
    }
}

pub(crate) struct OaepPrivate {
    key: Private,
    modulus_len: usize,
}

opaque_debug!(OaepPrivate);

impl OaepPrivate {
    /// Takes n and e of the same bounds as [`OaepPublic::new`], and parts that fit them. They are
    /// wider than those for signing, which are ring's.
    pub(crate) fn new(parts: &RsaParts) -> Result<Self, Unusable> {
        let (n, _) = bounded(&parts.n, &parts.e)?;
        Ok(Self { key: Private::new(parts)?, modulus_len: n.len() })
    }

    /// Takes ciphertext as long as the modulus. One failure for all that can be wrong with it: which
    /// step it was would decrypt the text for whoever may ask often (Manger 2001).
    pub(crate) fn decrypt(
        &self,
        hash: OaepHash,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Failed> {
        if ciphertext.len() != self.modulus_len {
            return Err(Failed);
        }
        self.key.decrypt(hash, ciphertext)
    }
}

#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc {
    use super::super::rsa::on_aws_lc::pkcs8;
    use super::{Failed, OaepHash, RsaParts, Unusable, Zeroizing};
    use aws_lc_rs::rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
        OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
        PublicEncryptingKey, PublicKeyComponents,
    };

    fn algorithm(hash: OaepHash) -> &'static OaepAlgorithm {
        match hash {
            OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
            OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
            OaepHash::Sha384 => &OAEP_SHA384_MGF1SHA384,
            OaepHash::Sha512 => &OAEP_SHA512_MGF1SHA512,
        }
    }

    pub(super) struct Public(OaepPublicEncryptingKey);

    impl Public {
        pub(super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
            let key: Result<PublicEncryptingKey, _> = PublicKeyComponents { n, e }.try_into();
            key.and_then(OaepPublicEncryptingKey::new).map(Self).map_err(|_| Unusable::Invalid)
        }

        pub(super) fn encrypt(&self, hash: OaepHash, message: &[u8]) -> Result<Vec<u8>, Failed> {
            let mut out = vec![0; self.0.ciphertext_size()];
            let len = self.0.encrypt(algorithm(hash), message, &mut out, None)?.len();
            out.truncate(len);
            Ok(out)
        }
    }

    pub(super) struct Private(OaepPrivateDecryptingKey);

    impl Private {
        pub(super) fn new(parts: &RsaParts) -> Result<Self, Unusable> {
            let key = PrivateDecryptingKey::from_pkcs8(pkcs8(parts)?.as_ref())?;
            OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| Unusable::Invalid)
        }

        pub(super) fn decrypt(
            &self,
            hash: OaepHash,
            ciphertext: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, Failed> {
            let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
            let len = self.0.decrypt(algorithm(hash), ciphertext, &mut out, None)?.len();
            out.truncate(len);
            Ok(out)
        }
    }
}

#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
mod on_rustcrypto {
    use super::super::rand;
    use super::{Failed, OaepHash, Unusable};
    use ::rsa::{BoxedUint, Oaep, RsaPublicKey};
    use sha1::Sha1;
    use sha2::{Sha256, Sha384, Sha512};

    pub(super) struct Public(RsaPublicKey);

    impl Public {
        pub(super) fn new(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
            let n = BoxedUint::from_be_slice_vartime(n);
            let e = BoxedUint::from_be_slice_vartime(e);
            RsaPublicKey::new_with_size_limits(n, e, 2048..=8192)
                .map(Self)
                .map_err(|_| Unusable::Invalid)
        }

        pub(super) fn encrypt(&self, hash: OaepHash, message: &[u8]) -> Result<Vec<u8>, Failed> {
            let mut rng = rand::seeded()?;
            match hash {
                OaepHash::Sha1 => self.0.encrypt(&mut rng, Oaep::<Sha1>::new(), message),
                OaepHash::Sha256 => self.0.encrypt(&mut rng, Oaep::<Sha256>::new(), message),
                OaepHash::Sha384 => self.0.encrypt(&mut rng, Oaep::<Sha384>::new(), message),
                OaepHash::Sha512 => self.0.encrypt(&mut rng, Oaep::<Sha512>::new(), message),
            }
            .map_err(|_| Failed)
        }
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod on_nothing {
    use super::{Failed, OaepHash, RsaParts, Unusable, Zeroizing};
    use core::convert::Infallible;

    #[cfg(not(feature = "rustcrypto"))]
    pub(super) struct Public(Infallible);

    #[cfg(not(feature = "rustcrypto"))]
    impl Public {
        pub(super) fn new(_: &[u8], _: &[u8]) -> Result<Self, Unusable> {
            Err(Unusable::Needs("rustcrypto"))
        }

        pub(super) fn encrypt(&self, _: OaepHash, _: &[u8]) -> Result<Vec<u8>, Failed> {
            match self.0 {}
        }
    }

    pub(super) struct Private(Infallible);

    impl Private {
        pub(super) fn new(_: &RsaParts) -> Result<Self, Unusable> {
            Err(Unusable::Needs("aws-lc-rs"))
        }

        pub(super) fn decrypt(&self, _: OaepHash, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failed> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: [u8; 256] = {
        let mut n = [0xff; 256];
        n[0] = 0x80;
        n
    };

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    #[test]
    fn encrypts_up_to_the_length_that_fits_and_never_the_same() {
        let key = OaepPublic::new(&N, &[1, 0, 1]).unwrap();
        for (hash, len) in [
            (OaepHash::Sha1, 20),
            (OaepHash::Sha256, 32),
            (OaepHash::Sha384, 48),
            (OaepHash::Sha512, 64),
        ] {
            let most = 256 - 2 * len - 2;
            let text = key.encrypt(hash, &vec![1; most]).unwrap();
            assert_eq!(text.len(), 256);
            assert_ne!(key.encrypt(hash, &vec![1; most]), Ok(text));
            assert!(key.encrypt(hash, b"").is_ok());
            assert_eq!(key.encrypt(hash, &vec![1; most + 1]), Err(Failed));
        }
    }

    #[test]
    fn refuses_keys_out_of_bounds() {
        let refused = |n: &[u8], e: &[u8]| OaepPublic::new(n, e).err() == Some(Unusable::Invalid);
        assert!(refused(&N[1..], &[1, 0, 1]) && refused(&N, &[1]) && refused(&N, &[]));
        #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
        assert_eq!(OaepPublic::new(&N, &[1, 0, 1]).err(), Some(Unusable::Needs("rustcrypto")));
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn decrypts_what_it_encrypts_under_the_same_hash_alone() {
        let parts = super::super::rsa::generate(2048).unwrap();
        let public = OaepPublic::new(&parts.n, &parts.e).unwrap();
        let private = OaepPrivate::new(&parts).unwrap();
        let hashes = [OaepHash::Sha1, OaepHash::Sha256, OaepHash::Sha384, OaepHash::Sha512];
        for hash in hashes {
            let text = public.encrypt(hash, b"a key").unwrap();
            for other in hashes {
                let decrypted = private.decrypt(other, &text);
                assert_eq!(decrypted.is_ok_and(|d| *d == b"a key"), other == hash);
            }
            assert_eq!(private.decrypt(hash, &text[1..]).err(), Some(Failed));
            let long = [&[0][..], &text].concat();
            assert_eq!(private.decrypt(hash, &long).err(), Some(Failed));
        }
    }

    #[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
    #[test]
    fn names_the_feature_that_decrypts() {
        let parts = super::super::rsa::generate(2048).unwrap();
        assert_eq!(OaepPrivate::new(&parts).err(), Some(Unusable::Needs("aws-lc-rs")));
    }
}
