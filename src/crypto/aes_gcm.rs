//! AES-GCM (NIST SP 800-38D) with a 96-bit nonce and a whole 128-bit tag.

use super::{Failed, Unusable};
use zeroize::Zeroize;

// aws-lc-rs first, then ring: their assembly interleaves AES with GHASH, the crate aes-gcm makes two
// passes.
#[cfg(feature = "aws-lc-rs")]
use on_aws_lc as imp;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use on_ring as imp;
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
use on_rustcrypto as imp;

/// An expanded key.
pub(crate) struct AesGcmKey(Cipher);

opaque_debug!(AesGcmKey);

#[allow(clippy::large_enum_variant, reason = "the large variant is the usual one")]
enum Cipher {
    Preferred(imp::Key),
    /// ring has no AES-192. Boxed, as it is rare and twice the size of ring's.
    #[cfg(all(feature = "ring", feature = "rustcrypto", not(feature = "aws-lc-rs")))]
    Aes192(Box<on_rustcrypto::Key>),
}

impl AesGcmKey {
    /// Takes 16, 24 or 32 bytes.
    pub(crate) fn new(key: &[u8]) -> Result<Self, Unusable> {
        #[cfg(all(feature = "ring", feature = "rustcrypto", not(feature = "aws-lc-rs")))]
        if key.len() == 24 {
            return on_rustcrypto::Key::new(key).map(|key| Self(Cipher::Aes192(Box::new(key))));
        }
        imp::Key::new(key).map(Cipher::Preferred).map(Self)
    }

    pub(crate) fn seal_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], Failed> {
        match &self.0 {
            Cipher::Preferred(key) => key.seal(nonce, aad, buf),
            #[cfg(all(feature = "ring", feature = "rustcrypto", not(feature = "aws-lc-rs")))]
            Cipher::Aes192(key) => key.seal(nonce, aad, buf),
        }
    }

    /// Decrypts in place; on failure `buf` is zeroed, whatever the backend left in it.
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Failed> {
        let opened = match &self.0 {
            Cipher::Preferred(key) => key.open(nonce, aad, buf, tag),
            #[cfg(all(feature = "ring", feature = "rustcrypto", not(feature = "aws-lc-rs")))]
            Cipher::Aes192(key) => key.open(nonce, aad, buf, tag),
        };
        opened.inspect_err(|_| buf.zeroize())
    }
}

/// Whether this CPU computes AES and GHASH in hardware. Without, the portable code is slow; what a
/// machine should write may depend on that, what it can read never does.
#[cfg(feature = "sealed")]
pub(crate) fn aes_is_fast() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("aes")
        && std::arch::is_x86_feature_detected!("pclmulqdq");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc {
    use super::{Failed, Unusable};
    use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    pub(super) struct Key(LessSafeKey);

    impl Key {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            let algorithm = match key.len() {
                16 => &AES_128_GCM,
                24 => &AES_192_GCM,
                32 => &AES_256_GCM,
                _ => return Err(Unusable::Invalid),
            };
            let key = UnboundKey::new(algorithm, key).map_err(|_| Unusable::Invalid)?;
            Ok(Self(LessSafeKey::new(key)))
        }

        pub(super) fn seal(
            &self,
            nonce: &[u8; 12],
            aad: &[u8],
            buf: &mut [u8],
        ) -> Result<[u8; 16], Failed> {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), buf)?;
            tag.as_ref().try_into().map_err(|_| Failed)
        }

        pub(super) fn open(
            &self,
            nonce: &[u8; 12],
            aad: &[u8],
            buf: &mut [u8],
            tag: &[u8; 16],
        ) -> Result<(), Failed> {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            self.0.open_in_place_separate_tag(nonce, Aad::from(aad), tag, buf)?;
            Ok(())
        }
    }
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
mod on_ring {
    use super::{Failed, Unusable};
    use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

    pub(super) struct Key(LessSafeKey);

    impl Key {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            let algorithm = match key.len() {
                16 => &AES_128_GCM,
                24 => return Err(Unusable::Needs("rustcrypto")),
                32 => &AES_256_GCM,
                _ => return Err(Unusable::Invalid),
            };
            let key = UnboundKey::new(algorithm, key).map_err(|_| Unusable::Invalid)?;
            Ok(Self(LessSafeKey::new(key)))
        }

        pub(super) fn seal(
            &self,
            nonce: &[u8; 12],
            aad: &[u8],
            buf: &mut [u8],
        ) -> Result<[u8; 16], Failed> {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), buf)?;
            tag.as_ref().try_into().map_err(|_| Failed)
        }

        pub(super) fn open(
            &self,
            nonce: &[u8; 12],
            aad: &[u8],
            buf: &mut [u8],
            tag: &[u8; 16],
        ) -> Result<(), Failed> {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let tag = Tag::from(*tag);
            self.0.open_in_place_separate_tag(nonce, Aad::from(aad), tag, buf, 0..)?;
            Ok(())
        }
    }
}

#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc-rs")))]
mod on_rustcrypto {
    use super::{Failed, Unusable};
    use ::aes_gcm::aead::AeadInOut;
    use ::aes_gcm::aead::consts::{U12, U16};
    use ::aes_gcm::aes::Aes192;
    use ::aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm, KeyInit};

    pub(super) enum Key {
        Aes128(Aes128Gcm),
        Aes192(AesGcm<Aes192, U12>),
        Aes256(Aes256Gcm),
    }

    impl Key {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            match key.len() {
                16 => Aes128Gcm::new_from_slice(key).map(Self::Aes128),
                24 => AesGcm::new_from_slice(key).map(Self::Aes192),
                _ => Aes256Gcm::new_from_slice(key).map(Self::Aes256),
            }
            .map_err(|_| Unusable::Invalid)
        }

        pub(super) fn seal(
            &self,
            nonce: &[u8; 12],
            aad: &[u8],
            buf: &mut [u8],
        ) -> Result<[u8; 16], Failed> {
            match self {
                Self::Aes128(cipher) => seal(cipher, nonce, aad, buf),
                Self::Aes192(cipher) => seal(cipher, nonce, aad, buf),
                Self::Aes256(cipher) => seal(cipher, nonce, aad, buf),
            }
        }

        pub(super) fn open(
            &self,
            nonce: &[u8; 12],
            aad: &[u8],
            buf: &mut [u8],
            tag: &[u8; 16],
        ) -> Result<(), Failed> {
            match self {
                Self::Aes128(cipher) => open(cipher, nonce, aad, buf, tag),
                Self::Aes192(cipher) => open(cipher, nonce, aad, buf, tag),
                Self::Aes256(cipher) => open(cipher, nonce, aad, buf, tag),
            }
        }
    }

    fn seal<C: AeadInOut<NonceSize = U12, TagSize = U16>>(
        cipher: &C,
        nonce: &[u8; 12],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], Failed> {
        let tag = cipher.encrypt_inout_detached(nonce.into(), aad, buf.into());
        tag.map(Into::into).map_err(|_| Failed)
    }

    fn open<C: AeadInOut<NonceSize = U12, TagSize = U16>>(
        cipher: &C,
        nonce: &[u8; 12],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Failed> {
        cipher.decrypt_inout_detached(nonce.into(), aad, buf.into(), tag.into()).map_err(|_| Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // McGrew & Viega, "The Galois/Counter Mode of Operation", test cases 2 and 14: key, nonce and
    // the one block of plaintext all zero.
    #[test]
    fn seals_as_mcgrew_viega_2_and_14() {
        for (key, block, tag) in [
            (
                &[0; 16][..],
                0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78_u128,
                0xab6e_47d4_2cec_13bd_f53a_67b2_1257_bddf_u128,
            ),
            (
                &[0; 32][..],
                0xcea7_403d_4d60_6b6e_074e_c5d3_baf3_9d18,
                0xd0d1_c8a7_9999_6bf0_265b_98b5_d48a_b919,
            ),
        ] {
            let key = AesGcmKey::new(key).unwrap();
            let mut buf = [0; 16];
            let sealed = key.seal_in_place(&[0; 12], b"", &mut buf);
            assert_eq!(buf, block.to_be_bytes());
            assert_eq!(sealed, Ok(tag.to_be_bytes()));
            assert_eq!(key.open_in_place(&[0; 12], b"", &mut buf, &tag.to_be_bytes()), Ok(()));
            assert_eq!(buf, [0; 16]);
        }
    }

    #[test]
    fn leaves_no_plaintext_behind_a_bad_tag() {
        let key = AesGcmKey::new(&[7; 32]).unwrap();
        let mut buf = *b"a secret message";
        let mut tag = key.seal_in_place(&[1; 12], b"aad", &mut buf).unwrap();
        tag[15] ^= 1;
        assert_eq!(key.open_in_place(&[1; 12], b"aad", &mut buf, &tag), Err(Failed));
        assert_eq!(buf, [0; 16]);
    }

    #[test]
    fn refuses_other_key_lengths() {
        for len in (0..=64).filter(|len| ![16, 24, 32].contains(len)) {
            assert_eq!(AesGcmKey::new(&vec![0; len]).err(), Some(Unusable::Invalid));
        }
        let aes192 = AesGcmKey::new(&[0; 24]).err();
        #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
        assert_eq!(aes192, None);
        #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
        assert_eq!(aes192, Some(Unusable::Needs("rustcrypto")));
    }
}
