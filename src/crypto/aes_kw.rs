//! AES Key Wrap (RFC 3394) with the default initial value.

use super::{Failed, Unusable};

// RustCrypto first: aws-lc-rs is no faster, for it expands its key at each use, and has no AES-192.
// ring gives out no block cipher.
#[cfg(all(feature = "aws-lc-rs", not(feature = "rustcrypto")))]
use on_aws_lc as imp;
#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
use on_nothing as imp;
#[cfg(feature = "rustcrypto")]
use on_rustcrypto as imp;

/// What the checksum adds, and the unit everything here is a multiple of.
const BLOCK: usize = 8;

/// An expanded key.
pub(crate) struct AesKwKey(imp::Key);

opaque_debug!(AesKwKey);

impl AesKwKey {
    /// Takes 16, 24 or 32 bytes.
    pub(crate) fn new(key: &[u8]) -> Result<Self, Unusable> {
        if ![16, 24, 32].contains(&key.len()) {
            return Err(Unusable::Invalid);
        }
        imp::Key::new(key).map(Self)
    }

    /// Wraps 16 to 1024 bytes, in eights, into `out`, which is longer by eight. Two blocks are the
    /// least the RFC has (§2), and 1024 is more than any key here is long.
    pub(crate) fn wrap(&self, key: &[u8], out: &mut [u8]) -> Result<(), Failed> {
        if !wrappable(key.len()) || wrapped_len(key.len()) != out.len() {
            return Err(Failed);
        }
        self.0.wrap(key, out)
    }

    /// Unwraps into `out`, which is shorter by eight bytes and is the caller's to wipe.
    pub(crate) fn unwrap(&self, wrapped: &[u8], out: &mut [u8]) -> Result<(), Failed> {
        if !wrappable(out.len()) || wrapped_len(out.len()) != wrapped.len() {
            return Err(Failed);
        }
        self.0.unwrap(wrapped, out)
    }
}

/// How long a key of `len` bytes is once it is wrapped.
pub(crate) const fn wrapped_len(len: usize) -> usize {
    len.saturating_add(BLOCK)
}

fn wrappable(len: usize) -> bool {
    (16..=1024).contains(&len) && len.is_multiple_of(BLOCK)
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::{Failed, Unusable};
    use ::aes_kw::{KeyInit, KwAes128, KwAes192, KwAes256};

    /// In boxes, as `ecdsa` has its keys.
    pub(super) enum Key {
        Aes128(Box<KwAes128>),
        Aes192(Box<KwAes192>),
        Aes256(Box<KwAes256>),
    }

    impl Key {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            match key.len() {
                16 => KwAes128::new_from_slice(key).map(Box::new).map(Self::Aes128),
                24 => KwAes192::new_from_slice(key).map(Box::new).map(Self::Aes192),
                _ => KwAes256::new_from_slice(key).map(Box::new).map(Self::Aes256),
            }
            .map_err(|_| Unusable::Invalid)
        }

        pub(super) fn wrap(&self, key: &[u8], out: &mut [u8]) -> Result<(), Failed> {
            match self {
                Self::Aes128(cipher) => cipher.wrap_key(key, out),
                Self::Aes192(cipher) => cipher.wrap_key(key, out),
                Self::Aes256(cipher) => cipher.wrap_key(key, out),
            }
            .map(|_| ())
            .map_err(|_| Failed)
        }

        pub(super) fn unwrap(&self, wrapped: &[u8], out: &mut [u8]) -> Result<(), Failed> {
            match self {
                Self::Aes128(cipher) => cipher.unwrap_key(wrapped, out),
                Self::Aes192(cipher) => cipher.unwrap_key(wrapped, out),
                Self::Aes256(cipher) => cipher.unwrap_key(wrapped, out),
            }
            .map(|_| ())
            .map_err(|_| Failed)
        }
    }
}

#[cfg(all(feature = "aws-lc-rs", not(feature = "rustcrypto")))]
mod on_aws_lc {
    use super::{Failed, Unusable};
    use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrap};
    use zeroize::Zeroizing;

    /// What aws-lc-rs prepares is spent by one use: it is the bytes that stay.
    pub(super) struct Key {
        cipher: &'static AesBlockCipher,
        key: Zeroizing<Vec<u8>>,
    }

    impl Key {
        pub(super) fn new(key: &[u8]) -> Result<Self, Unusable> {
            let cipher = match key.len() {
                16 => &AES_128,
                24 => return Err(Unusable::Needs("rustcrypto")),
                _ => &AES_256,
            };
            let key = Zeroizing::new(key.to_vec());
            Ok(Self { cipher, key })
        }

        fn once(&self) -> Result<AesKek, Failed> {
            Ok(AesKek::new(self.cipher, &self.key)?)
        }

        pub(super) fn wrap(&self, key: &[u8], out: &mut [u8]) -> Result<(), Failed> {
            self.once()?.wrap(key, out)?;
            Ok(())
        }

        pub(super) fn unwrap(&self, wrapped: &[u8], out: &mut [u8]) -> Result<(), Failed> {
            self.once()?.unwrap(wrapped, out)?;
            Ok(())
        }
    }
}

#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
mod on_nothing {
    use super::{Failed, Unusable};
    use core::convert::Infallible;

    pub(super) struct Key(Infallible);

    impl Key {
        pub(super) fn new(_: &[u8]) -> Result<Self, Unusable> {
            Err(Unusable::Needs("rustcrypto"))
        }

        pub(super) fn wrap(&self, _: &[u8], _: &mut [u8]) -> Result<(), Failed> {
            match self.0 {}
        }

        pub(super) fn unwrap(&self, _: &[u8], _: &mut [u8]) -> Result<(), Failed> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    use super::super::unhex;
    use super::*;

    fn wrap(key: &AesKwKey, data: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut wrapped = vec![0; wrapped_len(data.len())];
        key.wrap(data, &mut wrapped).map(|()| wrapped)
    }

    fn unwrap(key: &AesKwKey, wrapped: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut data = vec![0; wrapped.len().saturating_sub(BLOCK)];
        key.unwrap(wrapped, &mut data).map(|()| data)
    }

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    #[test]
    fn wraps_as_rfc3394_4() {
        let kek = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        let data = unhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
        // §4.1 to §4.6: length of the wrapping key, of the wrapped one, the result.
        for (kek_len, len, wrapped) in [
            (16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (24, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
            (24, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
            (32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
            (32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
        ] {
            if kek_len == 24 && cfg!(not(feature = "rustcrypto")) {
                continue;
            }
            let key = AesKwKey::new(&kek[..kek_len]).unwrap();
            let mut wrapped = unhex(wrapped);
            assert_eq!(wrap(&key, &data[..len]), Ok(wrapped.clone()));
            assert_eq!(unwrap(&key, &wrapped).unwrap(), data[..len]);
            *wrapped.last_mut().unwrap() ^= 1;
            assert_eq!(unwrap(&key, &wrapped), Err(Failed));
        }
    }

    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs"))]
    #[test]
    fn takes_16_to_1024_bytes_in_eights() {
        let key = AesKwKey::new(&[7; 32]).unwrap();
        for len in 0..=1040 {
            let fits = (16..=1024).contains(&len) && len % 8 == 0;
            let wrapped = wrap(&key, &vec![1; len]);
            assert_eq!(wrapped.is_ok(), fits, "{len}");
            if let Ok(wrapped) = wrapped {
                assert_eq!(unwrap(&key, &wrapped).unwrap(), vec![1; len]);
                assert!(unwrap(&key, &wrapped[1..]).is_err());
            } else {
                assert!(unwrap(&key, &vec![0; len + 8]).is_err());
            }
        }
        assert!(unwrap(&key, &[]).is_err() && unwrap(&key, &[0; 8]).is_err());
    }

    #[test]
    fn refuses_other_key_lengths() {
        for len in (0..=64).filter(|len| ![16, 24, 32].contains(len)) {
            assert_eq!(AesKwKey::new(&vec![0; len]).err(), Some(Unusable::Invalid));
        }
        let needs = Some(Unusable::Needs("rustcrypto"));
        for len in [16, 24, 32] {
            let served = cfg!(feature = "rustcrypto") || cfg!(feature = "aws-lc-rs") && len != 24;
            let key = AesKwKey::new(&vec![0; len]).err();
            assert_eq!(key, if served { None } else { needs });
        }
    }
}
