//! SHA-256, SHA-384 and SHA-512 (FIPS 180-4).

use zeroize::Zeroize;

// RustCrypto first, for the same reason as in `hmac`.
#[cfg(not(feature = "rustcrypto"))]
use on_ring as imp;
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
#[derive(Debug, Clone, Copy, Zeroize)]
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
    imp::digest_parts(hash, parts)
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::{Digest, Hash};
    use sha2::{Digest as _, Sha256, Sha384, Sha512};

    #[cfg(feature = "jwe")]
    pub(super) fn digest_parts(hash: Hash, parts: &[&[u8]]) -> Digest {
        fn digest<D: sha2::Digest>(parts: &[&[u8]]) -> Digest {
            let mut state = D::new();
            parts.iter().for_each(|part| state.update(part));
            Digest::new(&state.finalize())
        }
        match hash {
            Hash::Sha256 => digest::<Sha256>(parts),
            Hash::Sha384 => digest::<Sha384>(parts),
            Hash::Sha512 => digest::<Sha512>(parts),
        }
    }

    pub(super) fn digest(hash: Hash, message: &[u8]) -> Digest {
        match hash {
            Hash::Sha256 => Digest::new(&Sha256::digest(message)),
            Hash::Sha384 => Digest::new(&Sha384::digest(message)),
            Hash::Sha512 => Digest::new(&Sha512::digest(message)),
        }
    }
}

#[cfg(not(feature = "rustcrypto"))]
mod on_ring {
    use super::{Digest, Hash};
    use ring::digest;

    fn algorithm(hash: Hash) -> &'static digest::Algorithm {
        match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    pub(super) fn digest(hash: Hash, message: &[u8]) -> Digest {
        Digest::new(digest::digest(algorithm(hash), message).as_ref())
    }

    #[cfg(feature = "jwe")]
    pub(super) fn digest_parts(hash: Hash, parts: &[&[u8]]) -> Digest {
        let mut state = digest::Context::new(algorithm(hash));
        parts.iter().for_each(|part| state.update(part));
        Digest::new(state.finish().as_ref())
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
            #[cfg(feature = "jwe")]
            assert_eq!(
                digest_parts(hash, &[b"a", b"", b"bc"]).as_ref(),
                digest.as_ref()
            );
        }
    }
}
