//! SHA-256, SHA-384 and SHA-512 (FIPS 180-4).

use zeroize::Zeroize;

// RustCrypto first, for the same reason as in `hmac`; then ring, then aws-lc-rs, whose API is ring's.
#[cfg(not(feature = "rustcrypto"))]
use on_ring_or_aws_lc as imp;
#[cfg(feature = "rustcrypto")]
use on_rustcrypto as imp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Length of the digest in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Up to 64 bytes on the stack: a digest, or a MAC of the same length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest {
    bytes: [u8; 64],
    len: usize,
}

impl Digest {
    pub(super) fn new(of: &[u8]) -> Self {
        let mut bytes = [0; 64];
        let len = of.len().min(bytes.len());
        bytes.iter_mut().zip(of).for_each(|(to, from)| *to = *from);
        Self { bytes, len }
    }
}

impl Zeroize for Digest {
    fn zeroize(&mut self) {
        // Nothing was ever written behind it.
        self.bytes.get_mut(..self.len).unwrap_or_default().zeroize();
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

pub(crate) fn digest(hash: Hash, message: &[u8]) -> Digest {
    imp::digest(hash, message)
}

/// The digest of the parts one behind the other.
#[cfg(feature = "jwe")]
pub(crate) fn digest_parts(hash: Hash, parts: &[&[u8]]) -> Digest {
    let mut hashing = Hashing::new(hash);
    parts.iter().for_each(|part| hashing.update(part));
    hashing.finish()
}

/// The digest of a message that comes in pieces.
pub(crate) struct Hashing(imp::Hashing);

opaque_debug!(Hashing);

impl Hashing {
    pub(crate) fn new(hash: Hash) -> Self {
        Self(imp::Hashing::new(hash))
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn finish(self) -> Digest {
        self.0.finish()
    }
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::{Digest, Hash};
    use sha2::{Digest as _, Sha256, Sha384, Sha512};

    pub(super) fn digest(hash: Hash, message: &[u8]) -> Digest {
        match hash {
            Hash::Sha256 => Digest::new(&Sha256::digest(message)),
            Hash::Sha384 => Digest::new(&Sha384::digest(message)),
            Hash::Sha512 => Digest::new(&Sha512::digest(message)),
        }
    }

    pub(super) enum Hashing {
        Sha256(Sha256),
        Sha384(Sha384),
        Sha512(Sha512),
    }

    impl Hashing {
        pub(super) fn new(hash: Hash) -> Self {
            match hash {
                Hash::Sha256 => Self::Sha256(Sha256::new()),
                Hash::Sha384 => Self::Sha384(Sha384::new()),
                Hash::Sha512 => Self::Sha512(Sha512::new()),
            }
        }

        pub(super) fn update(&mut self, piece: &[u8]) {
            match self {
                Self::Sha256(state) => state.update(piece),
                Self::Sha384(state) => state.update(piece),
                Self::Sha512(state) => state.update(piece),
            }
        }

        pub(super) fn finish(self) -> Digest {
            match self {
                Self::Sha256(state) => Digest::new(&state.finalize()),
                Self::Sha384(state) => Digest::new(&state.finalize()),
                Self::Sha512(state) => Digest::new(&state.finalize()),
            }
        }
    }
}

#[cfg(not(feature = "rustcrypto"))]
mod on_ring_or_aws_lc {
    use super::{Digest, Hash};
    #[cfg(not(feature = "ring"))]
    use aws_lc_rs::digest;
    #[cfg(feature = "ring")]
    use ring::digest;

    pub(super) fn digest(hash: Hash, message: &[u8]) -> Digest {
        Digest::new(digest::digest(algorithm(hash), message).as_ref())
    }

    fn algorithm(hash: Hash) -> &'static digest::Algorithm {
        match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    pub(super) struct Hashing(digest::Context);

    impl Hashing {
        pub(super) fn new(hash: Hash) -> Self {
            Self(digest::Context::new(algorithm(hash)))
        }

        pub(super) fn update(&mut self, piece: &[u8]) {
            self.0.update(piece);
        }

        pub(super) fn finish(self) -> Digest {
            Digest::new(self.0.finish().as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-2 appendices B.1 and C.1: the message "abc".
    #[test]
    fn digests_abc() {
        let starts: [(Hash, [u8; 4]); 3] = [
            (Hash::Sha256, [0xba, 0x78, 0x16, 0xbf]),
            (Hash::Sha384, [0xcb, 0x00, 0x75, 0x3f]),
            (Hash::Sha512, [0xdd, 0xaf, 0x35, 0xa1]),
        ];
        for (hash, start) in starts {
            let digest = digest(hash, b"abc");
            assert_eq!(digest.as_ref().len(), hash.len());
            assert!(digest.as_ref().starts_with(&start));
            let mut pieces = Hashing::new(hash);
            b"abc".chunks(2).for_each(|piece| pieces.update(piece));
            assert_eq!(pieces.finish().as_ref(), digest.as_ref());
        }
    }
}
