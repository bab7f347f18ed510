//! From a master key to a token's key, as the wire says.

use zeroize::{Zeroize, Zeroizing};

use super::wire::{COMMITMENT_LEN, HEADERLESS_SALT_LEN};
use crate::base::Buffer;
use crate::crypto::hash::{Digest, Hash};
use crate::crypto::hkdf::hkdf_sha256;
use crate::crypto::hmac::HmacKey;
use crate::crypto::{Failed, are_same};

const EXTRACT_SALT: &[u8] = b"symbolon sealed";
const HEADERLESS_INFO: &[u8] = b"JWT_Encryption";

/// What the info of each derivation begins with.
const FOR_KEY: u8 = b'k';
const FOR_COMMITMENT: u8 = b'c';

/// HKDF's PRK of one master key, as the HMAC key that it is.
pub(super) struct Extracted(HmacKey);

impl Extracted {
    /// HKDF-Extract, done once for all tokens.
    pub(super) fn new(master: &[u8]) -> Self {
        let mut prk = HmacKey::new(Hash::Sha256, EXTRACT_SALT).sign(master);
        let key = HmacKey::new(Hash::Sha256, prk.as_ref());
        prk.zeroize();
        Self(key)
    }

    /// What one token is encrypted with; `head` is its header and its salt.
    pub(super) fn key(&self, head: &[u8]) -> Result<Zeroizing<[u8; 32]>, Failed> {
        let mut block = self.expand(FOR_KEY, head);
        let key = block.as_ref().first_chunk().copied().map(Zeroizing::new);
        block.zeroize();
        key.ok_or(Failed)
    }

    /// What shows in a token that this is its master key.
    pub(super) fn commitment(&self, head: &[u8]) -> Result<[u8; COMMITMENT_LEN], Failed> {
        self.expand(FOR_COMMITMENT, head).as_ref().first_chunk().copied().ok_or(Failed)
    }

    /// Whether `commitment` is this key's, in constant time.
    pub(super) fn is_committed(&self, head: &[u8], commitment: &[u8; COMMITMENT_LEN]) -> bool {
        are_same(self.expand(FOR_COMMITMENT, head).as_ref(), commitment)
    }

    /// HKDF-Expand to one block: HMAC(PRK, label | head | 1).
    fn expand(&self, label: u8, head: &[u8]) -> Digest {
        let mut message = Buffer::<64>::new();
        message.extend_between([label], head, [], &[], [1]);
        self.0.sign(&message)
    }
}

/// The key of a headerless token.
pub(super) fn headerless(
    master: &[u8],
    salt: &[u8; HEADERLESS_SALT_LEN],
) -> Result<Zeroizing<[u8; 32]>, Failed> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf_sha256(master, salt, &[HEADERLESS_INFO], &mut *key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_as_rfc5869_says() {
        for (master, head) in [(&[7; 32][..], &[][..]), (&[8; 33], b"head"), (&[9; 200], &[1; 282])] {
            let extracted = Extracted::new(master);
            let expanded = |label: &[u8]| {
                let mut okm = [0; 32];
                hkdf_sha256(master, EXTRACT_SALT, &[label, head], &mut okm).unwrap();
                okm
            };
            assert_eq!(*extracted.key(head).unwrap(), expanded(b"k"));
            assert_eq!(extracted.commitment(head).unwrap(), expanded(b"c"));
            assert!(extracted.is_committed(head, &expanded(b"c")));
            assert!(!extracted.is_committed(head, &expanded(b"k")));
        }
    }
}
