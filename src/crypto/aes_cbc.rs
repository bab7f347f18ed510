//! AES-CBC with the padding of PKCS #7 (RFC 8018 §B.2.5), to read old files with: it comes without a
//! tag, so nothing here encrypts with it. Tokens have `aes_cbc_hmac`.

use super::{Failed, Unusable};
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater};

// The crate cbc, or nobody: ring gives out no block cipher.
#[cfg(not(feature = "rustcrypto"))]
use on_nothing as imp;
#[cfg(feature = "rustcrypto")]
use on_rustcrypto as imp;

const BLOCK: usize = 16;

/// A key that decrypts, prepared.
pub(crate) struct AesCbcKey(imp::Cipher);

opaque_debug!(AesCbcKey);

impl AesCbcKey {
    /// Takes 16, 24 or 32 bytes.
    pub(crate) fn new(key: &[u8]) -> Result<Self, Unusable> {
        match key.len() {
            16 | 24 | 32 => imp::Cipher::new(key).map(Self),
            _ => Err(Unusable::Invalid),
        }
    }

    /// Decrypts `text` in place and takes the padding off. On failure what stands in `text` is of no
    /// use but may hold plaintext: it is the caller's to wipe, as it is on success.
    pub(crate) fn decrypt(&self, iv: &[u8; BLOCK], text: &mut Vec<u8>) -> Result<(), Failed> {
        if text.is_empty() || !text.len().is_multiple_of(BLOCK) {
            return Err(Failed);
        }
        self.0.decrypt(iv, text)?;
        let (_, last) = text.split_last_chunk::<BLOCK>().ok_or(Failed)?;
        let padding = padding_len(last)?;
        text.truncate(text.len().saturating_sub(padding));
        Ok(())
    }
}

/// How long the padding at the end of `last` is: each of its bytes says so. Which byte was wrong is
/// not to be learnt from the time this takes.
fn padding_len(last: &[u8; BLOCK]) -> Result<usize, Failed> {
    let &[.., padding] = last;
    let mut good = padding.ct_gt(&0) & !padding.ct_gt(&16);
    for (byte, from_end) in last.iter().rev().zip(0_u8..) {
        let outside: Choice = !padding.ct_gt(&from_end);
        good &= outside | byte.ct_eq(&padding);
    }
    if bool::from(good) { Ok(usize::from(padding)) } else { Err(Failed) }
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::{BLOCK, Failed, Unusable};
    use aes::cipher::consts::U16;
    use aes::cipher::{Array, BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
    use aes::{Aes128Dec, Aes192Dec, Aes256Dec};
    use cbc::Decryptor;

    /// Boxed: a schedule is up to a quarter of a kilobyte.
    pub(super) enum Cipher {
        Aes128(Box<Aes128Dec>),
        Aes192(Box<Aes192Dec>),
        Aes256(Box<Aes256Dec>),
    }

    impl Cipher {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            fn prepare<C: KeyInit>(key: &[u8]) -> Result<Box<C>, Unusable> {
                C::new_from_slice(key).map(Box::new).map_err(|_| Unusable::Invalid)
            }
            match key.len() {
                16 => prepare(key).map(Self::Aes128),
                24 => prepare(key).map(Self::Aes192),
                _ => prepare(key).map(Self::Aes256),
            }
        }

        pub(super) fn decrypt(&self, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed> {
            match self {
                Self::Aes128(cipher) => decrypt(&**cipher, iv, text),
                Self::Aes192(cipher) => decrypt(&**cipher, iv, text),
                Self::Aes256(cipher) => decrypt(&**cipher, iv, text),
            }
        }
    }

    fn decrypt<C>(cipher: &C, iv: &[u8; BLOCK], text: &mut [u8]) -> Result<(), Failed>
    where
        C: BlockCipherDecrypt<BlockSize = U16>,
    {
        let (blocks, []) = Array::slice_as_chunks_mut(text) else { return Err(Failed) };
        Decryptor::inner_iv_init(cipher, iv.into()).decrypt_blocks(blocks);
        Ok(())
    }
}

#[cfg(not(feature = "rustcrypto"))]
mod on_nothing {
    use super::{BLOCK, Failed, Unusable};
    use core::convert::Infallible;

    pub(super) struct Cipher(Infallible);

    impl Cipher {
        pub(super) fn new(_: &[u8]) -> Result<Self, Unusable> {
            Err(Unusable::Needs("rustcrypto"))
        }

        pub(super) fn decrypt(&self, _: &[u8; BLOCK], _: &mut [u8]) -> Result<(), Failed> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_says_its_length_in_each_byte() {
        for len in 1..=16_u8 {
            let mut block = [0xee; BLOCK];
            block[BLOCK - usize::from(len)..].fill(len);
            assert_eq!(padding_len(&block), Ok(usize::from(len)));
            // What stands before it may look like it.
            assert_eq!(padding_len(&[len; BLOCK]), Ok(usize::from(len)));
            for at in BLOCK - usize::from(len)..BLOCK - 1 {
                let mut wrong = block;
                wrong[at] ^= 0x40;
                assert_eq!(padding_len(&wrong), Err(Failed), "{len} at {at}");
            }
        }
        for last in [0, 17, 0x80, 0xff] {
            assert_eq!(padding_len(&[last; BLOCK]), Err(Failed));
        }
    }

    // NIST SP 800-38A F.2.2, F.2.4 and F.2.6, each first block; the padding made of it by hand.
    #[cfg(feature = "rustcrypto")]
    #[test]
    fn decrypts_as_sp_800_38a() {
        use super::super::unhex;
        let iv: [u8; BLOCK] = core::array::from_fn(|at| at as u8);
        let plain = unhex("6bc1bee22e409f96e93d7e117393172a");
        for (key, text) in [
            ("2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"),
            ("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "4f021db243bc633d7178183a9fa071e8"),
            (
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
            ),
        ] {
            let key = AesCbcKey::new(&unhex(key)).unwrap();
            let cipher_text = unhex(text);
            let mut text = cipher_text.clone();
            // The block ends in 0x2a, which is no padding.
            assert_eq!(key.decrypt(&iv, &mut text), Err(Failed));
            assert_eq!(text, plain);
            for len in [0, 15, 17] {
                assert_eq!(key.decrypt(&iv, &mut vec![0; len]), Err(Failed));
            }
            // Exclusive-or on the vector turns the end of the block into padding of four bytes.
            let mut text = cipher_text;
            let mut other = iv;
            for (at, byte) in plain.iter().enumerate().skip(12) {
                other[at] ^= byte ^ 4;
            }
            key.decrypt(&other, &mut text).unwrap();
            assert_eq!(text, plain[..12]);
        }
        assert!(matches!(AesCbcKey::new(&[0; 20]), Err(Unusable::Invalid)));
    }
}
