//! AES-CBC with HMAC-SHA-2 (RFC 7518 §5.2): encrypt, then authenticate.

use super::hash::{Digest, Hash};
use super::hmac::HmacKey;
use super::{Failed, Unusable, are_same};
use crate::base::Scratch;
use zeroize::Zeroize;

// RustCrypto first: aws-lc-rs is behind on messages of a token's size and not far ahead on long ones.
// ring gives out no block cipher.
#[cfg(all(feature = "aws-lc-rs", not(feature = "rustcrypto")))]
use on_aws_lc as imp;
#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
use on_nothing as imp;
#[cfg(feature = "rustcrypto")]
use on_rustcrypto as imp;

const BLOCK: usize = 16;

/// Both keys, prepared.
pub(crate) struct AesCbcHmacKey {
    mac: HmacKey,
    cipher: imp::Cipher,
    tag_len: usize,
}

opaque_debug!(AesCbcHmacKey);

impl AesCbcHmacKey {
    /// Takes 32 bytes (A128CBC-HS256), 48 (A192CBC-HS384) or 64 (A256CBC-HS512): the MAC's key,
    /// then the cipher's.
    pub(crate) fn new(key: &[u8]) -> Result<Self, Unusable> {
        let (hash, tag_len) = match key.len() {
            32 => (Hash::Sha256, 16),
            48 => (Hash::Sha384, 24),
            64 => (Hash::Sha512, 32),
            _ => return Err(Unusable::Invalid),
        };
        // The tag is half a hash and so is as long as each half of the key.
        let (mac, cipher) = key.split_at_checked(tag_len).ok_or(Unusable::Invalid)?;
        Ok(Self { mac: HmacKey::new(hash, mac), cipher: imp::Cipher::new(cipher)?, tag_len })
    }

    /// Encrypts `buf[start..]` in place; it grows by the padding, 1 to 16 bytes. Reserve them: what
    /// a growing buffer leaves behind is plaintext that nobody wipes.
    pub(crate) fn seal(
        &self,
        iv: &[u8; BLOCK],
        aad: &[u8],
        buf: &mut Scratch,
        start: usize,
    ) -> Result<Digest, Failed> {
        let len = buf.len().checked_sub(start).ok_or(Failed)?;
        // PKCS #7: as many bytes as are missing, a whole block if none is; each says how many.
        let padding = BLOCK.saturating_sub(len & 15);
        buf.fill(padding, u8::try_from(padding).map_err(|_| Failed)?);
        let text = buf.get_mut(start..).ok_or(Failed)?;
        self.cipher.encrypt(iv, text)?;
        self.tag(iv, aad, text)
    }

    /// Decrypts `buf[start..]` in place and takes the padding off, both only behind the right tag.
    /// On failure `buf` ends at `start` and what was decrypted is wiped.
    pub(crate) fn open(
        &self,
        iv: &[u8; BLOCK],
        aad: &[u8],
        buf: &mut Vec<u8>,
        start: usize,
        tag: &[u8],
    ) -> Result<(), Failed> {
        match self.decrypted(iv, aad, buf, start, tag) {
            Ok(end) => {
                buf.truncate(end);
                Ok(())
            }
            Err(Failed) => {
                if let Some(text) = buf.get_mut(start..) {
                    text.zeroize();
                }
                buf.truncate(start);
                Err(Failed)
            }
        }
    }

    /// Says where in `buf` the plaintext ends.
    fn decrypted(
        &self,
        iv: &[u8; BLOCK],
        aad: &[u8],
        buf: &mut [u8],
        start: usize,
        tag: &[u8],
    ) -> Result<usize, Failed> {
        let end = buf.len();
        let text = buf.get_mut(start..).ok_or(Failed)?;
        let due = self.tag(iv, aad, text)?;
        let authentic = are_same(due.as_ref(), tag);
        if !authentic || text.is_empty() || !text.len().is_multiple_of(BLOCK) {
            return Err(Failed);
        }
        self.cipher.decrypt(iv, text)?;
        // Whoever holds the key made this text: how long this takes tells no stranger anything.
        let padding = *text.last().ok_or(Failed)?;
        let len = usize::from(padding);
        let tail = text.len().checked_sub(len).and_then(|at| text.get(at..));
        if !(1..=BLOCK).contains(&len)
            || !tail.is_some_and(|tail| tail.iter().all(|byte| *byte == padding))
        {
            return Err(Failed);
        }
        end.checked_sub(len).ok_or(Failed)
    }

    /// The HMAC's first half.
    fn tag(&self, iv: &[u8; BLOCK], aad: &[u8], text: &[u8]) -> Result<Digest, Failed> {
        let bits = u64::try_from(aad.len()).ok().and_then(|len| len.checked_mul(8)).ok_or(Failed)?;
        let whole = self.mac.sign_parts(&[aad, iv, text, &bits.to_be_bytes()]);
        let half = whole.as_ref().get(..self.tag_len).ok_or(Failed)?;
        Ok(Digest::new(half))
    }
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::{BLOCK, Failed, Unusable};
    use aes::cipher::consts::U16;
    use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt};
    use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
    use aes::{Aes128, Aes192, Aes256};
    use cbc::{Decryptor, Encryptor};

    #[allow(clippy::large_enum_variant, reason = "a box would cost each message an allocation")]
    pub(super) enum Cipher {
        Aes128(Aes128),
        Aes192(Aes192),
        Aes256(Aes256),
    }

    impl Cipher {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            fn prepare<C: KeyInit>(key: &[u8]) -> Result<C, Unusable> {
                C::new_from_slice(key).map_err(|_| Unusable::Invalid)
            }
            match key.len() {
                16 => prepare(key).map(Self::Aes128),
                24 => prepare(key).map(Self::Aes192),
                _ => prepare(key).map(Self::Aes256),
            }
        }

        pub(super) fn encrypt(&self, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed> {
            match self {
                Self::Aes128(cipher) => encrypt(cipher, iv, text),
                Self::Aes192(cipher) => encrypt(cipher, iv, text),
                Self::Aes256(cipher) => encrypt(cipher, iv, text),
            }
        }

        pub(super) fn decrypt(&self, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed> {
            match self {
                Self::Aes128(cipher) => decrypt(cipher, iv, text),
                Self::Aes192(cipher) => decrypt(cipher, iv, text),
                Self::Aes256(cipher) => decrypt(cipher, iv, text),
            }
        }
    }

    fn blocks(text: &mut [u8]) -> Result<&mut [Array<u8, U16>], Failed> {
        match Array::slice_as_chunks_mut(text) {
            (blocks, []) => Ok(blocks),
            _ => Err(Failed),
        }
    }

    fn encrypt<C>(cipher: &C, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed>
    where
        C: BlockCipherEncrypt<BlockSize = U16>,
    {
        Encryptor::inner_iv_init(cipher, iv.into()).encrypt_blocks(blocks(text)?);
        Ok(())
    }

    fn decrypt<C>(cipher: &C, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed>
    where
        C: BlockCipherDecrypt<BlockSize = U16>,
    {
        Decryptor::inner_iv_init(cipher, iv.into()).decrypt_blocks(blocks(text)?);
        Ok(())
    }
}

#[cfg(all(feature = "aws-lc-rs", not(feature = "rustcrypto")))]
mod on_aws_lc {
    use super::{BLOCK, Failed, Unusable};
    use aws_lc_rs::cipher::{
        AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
        UnboundCipherKey,
    };
    use aws_lc_rs::iv::FixedLength;

    pub(super) struct Cipher {
        encrypting: EncryptingKey,
        decrypting: DecryptingKey,
    }

    impl Cipher {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            let algorithm = match key.len() {
                16 => &AES_128,
                24 => &AES_192,
                _ => &AES_256,
            };
            let key = || UnboundCipherKey::new(algorithm, key);
            let encrypting = key().and_then(EncryptingKey::cbc);
            let decrypting = key().and_then(DecryptingKey::cbc);
            Ok(Self {
                encrypting: encrypting.map_err(|_| Unusable::Invalid)?,
                decrypting: decrypting.map_err(|_| Unusable::Invalid)?,
            })
        }

        pub(super) fn encrypt(&self, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed> {
            let iv = EncryptionContext::Iv128(FixedLength::from(iv));
            self.encrypting.less_safe_encrypt(text, iv)?;
            Ok(())
        }

        pub(super) fn decrypt(&self, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed> {
            let iv = DecryptionContext::Iv128(FixedLength::from(iv));
            self.decrypting.decrypt(text, iv)?;
            Ok(())
        }
    }
}

#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
mod on_nothing {
    use super::{BLOCK, Failed, Unusable};
    use core::convert::Infallible;

    pub(super) struct Cipher(Infallible);

    impl Cipher {
        pub(super) fn new(_: &[u8]) -> Result<Self, Unusable> {
            Err(Unusable::Needs("rustcrypto"))
        }

        pub(super) fn encrypt(&self, _: &[u8; BLOCK], _: &mut [u8]) -> Result<(), Failed> {
            match self.0 {}
        }

        pub(super) fn decrypt(&self, _: &[u8; BLOCK], _: &mut [u8]) -> Result<(), Failed> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    mod known {
        use super::super::super::unhex;
        use super::*;

        const TEXT: &[u8] = b"A cipher system must not be required to be secret, and it must be \
            able to fall into the hands of the enemy without inconvenience";
        const AAD: &[u8] = b"The second principle of Auguste Kerckhoffs";

        // RFC 7518 §B.1 to §B.3: the key counts up from zero.
        #[test]
        fn seals_as_rfc7518_b() {
            let iv: [u8; 16] = unhex("1af38c2dc2b96ffdd86694092341bc04").try_into().unwrap();
            for (len, first, tag) in [
                (32, "c80edfa32ddf39d5ef00c0b468834279", "652c3fa36b0a7c5b3219fab3a30bc1c4"),
                (
                    48,
                    "ea65da6b59e61edb419be62d19712ae5",
                    "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
                ),
                (
                    64,
                    "4affaaadb78c31c5da4b1b590d10ffbd",
                    "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
                ),
            ] {
                let bytes: Vec<u8> = (0..len).collect();
                let key = AesCbcHmacKey::new(&bytes).unwrap();
                let mut buf = Scratch::from([b"before", TEXT].concat());
                let sealed = key.seal(&iv, AAD, &mut buf, 6).unwrap();
                let mut buf = buf.to_vec();
                assert_eq!(sealed.as_ref(), unhex(tag));
                assert_eq!(key.tag_len, sealed.as_ref().len());
                assert_eq!(buf.len(), 6 + 144, "128 bytes, a block of padding");
                assert_eq!(buf[..6], *b"before");
                assert_eq!(buf[6..22], unhex(first));
                assert_eq!(key.open(&iv, AAD, &mut buf, 6, sealed.as_ref()), Ok(()));
                assert_eq!(buf, [b"before", TEXT].concat());
            }
        }

        #[test]
        fn opens_what_it_seals_at_every_length() {
            let key = AesCbcHmacKey::new(&[7; 32]).unwrap();
            for len in 0..=50 {
                let text = vec![3; len];
                let mut buf = Scratch::from(&text[..]);
                let tag = key.seal(&[1; 16], b"", &mut buf, 0).unwrap();
                let mut buf = buf.to_vec();
                assert_eq!(buf.len(), (len / 16 + 1) * 16);
                assert_eq!(key.open(&[1; 16], b"", &mut buf, 0, tag.as_ref()), Ok(()));
                assert_eq!(buf, text);
            }
        }

        #[test]
        fn leaves_nothing_behind_a_bad_tag() {
            let key = AesCbcHmacKey::new(&[7; 48]).unwrap();
            let mut sealed = Scratch::from([b"before", TEXT].concat());
            let tag = key.seal(&[1; 16], AAD, &mut sealed, 6).unwrap();
            let tag = tag.as_ref();
            let refused = |iv: &[u8; 16], aad: &[u8], sealed: &[u8], tag: &[u8]| {
                let mut buf = sealed.to_vec();
                key.open(iv, aad, &mut buf, 6, tag) == Err(Failed) && buf == b"before"
            };
            assert!(refused(&[2; 16], AAD, &sealed, tag), "iv");
            assert!(refused(&[1; 16], b"", &sealed, tag), "aad");
            assert!(refused(&[1; 16], AAD, &sealed[..134], tag), "text");
            assert!(refused(&[1; 16], AAD, &sealed, &[tag, &[0]].concat()));
            assert!((0..tag.len()).all(|len| refused(&[1; 16], AAD, &sealed, &tag[..len])));
            let mut buf = b"short".to_vec();
            assert_eq!(key.open(&[1; 16], AAD, &mut buf, 6, tag), Err(Failed));
            assert_eq!(buf, b"short");
            let mut short = Scratch::from(&b"short"[..]);
            assert_eq!(key.seal(&[1; 16], AAD, &mut short, 6).err(), Some(Failed));
        }

        // Text under the right tag that is no padded text: the same failure, and nothing is left.
        #[test]
        fn refuses_authentic_text_that_is_not_padded() {
            let key = AesCbcHmacKey::new(&[7; 64]).unwrap();
            let with_end = |end: &[u8]| {
                let mut text = vec![9; 32];
                text.splice(32 - end.len().., end.iter().copied());
                key.cipher.encrypt(&[1; 16], &mut text).unwrap();
                let tag = key.tag(&[1; 16], b"", &text).unwrap();
                let opened = key.open(&[1; 16], b"", &mut text, 0, tag.as_ref());
                assert!(opened.is_ok() || text.is_empty());
                opened
            };
            assert_eq!(with_end(&[1]), Ok(()));
            assert_eq!(with_end(&[2, 2]), Ok(()));
            assert_eq!(with_end(&[16; 16]), Ok(()));
            for end in [&[0][..], &[1, 2], &[17; 17], &[32; 32], &[255], &[15, 16]] {
                assert_eq!(with_end(end), Err(Failed), "{end:?}");
            }
            for len in [0, 1, 15, 17] {
                let mut text = vec![0; len];
                let tag = key.tag(&[1; 16], b"", &text).unwrap();
                let opened = key.open(&[1; 16], b"", &mut text, 0, tag.as_ref());
                assert_eq!(opened, Err(Failed), "{len} bytes");
            }
        }
    }

    #[test]
    fn refuses_other_key_lengths() {
        for len in 0..=96 {
            let key = AesCbcHmacKey::new(&vec![0; len]).err();
            #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
            let due = None;
            #[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
            let due = Some(Unusable::Needs("rustcrypto"));
            let fits = [32, 48, 64].contains(&len);
            assert_eq!(key, if fits { due } else { Some(Unusable::Invalid) });
        }
    }
}
