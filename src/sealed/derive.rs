//! From a master key to a token's key, as the wire says.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::wire::{COMMITMENT_LEN, FIXED_LEN, HEADERLESS_SALT_LEN, MAX_KID_LEN, SALT_LEN};
use crate::crypto::Failed;
use crate::crypto::hash::Hash;
use crate::crypto::hkdf::hkdf_sha256;
use crate::crypto::hmac::HmacKey;

const EXTRACT_SALT: &[u8] = b"symbolon sealed";
const HEADERLESS_INFO: &[u8] = b"JWT_Encryption";

/// One block of HKDF-SHA256's output.
const BLOCK_LEN: usize = 32;
/// The longest header and the salt.
const MAX_INFO_LEN: usize = FIXED_LEN + MAX_KID_LEN + SALT_LEN;

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

    /// HKDF-Expand to 64 bytes: HMAC(info | 1), then HMAC(the first | info | 2).
    pub(super) fn expand(&self, info: &[u8]) -> Result<TokenKey, Failed> {
        let mut message = [0; BLOCK_LEN + MAX_INFO_LEN + 1];
        let counter = BLOCK_LEN.checked_add(info.len()).ok_or(Failed)?;
        message.get_mut(BLOCK_LEN..counter).ok_or(Failed)?.copy_from_slice(info);

        *message.get_mut(counter).ok_or(Failed)? = 1;
        let mut first = self.0.sign(message.get(BLOCK_LEN..=counter).ok_or(Failed)?);
        let key = first.as_ref().first_chunk::<BLOCK_LEN>().copied().map(Zeroizing::new);
        first.zeroize();
        let key = key.ok_or(Failed)?;

        *message.get_mut(counter).ok_or(Failed)? = 2;
        let (place, _) = message.split_first_chunk_mut::<BLOCK_LEN>().ok_or(Failed)?;
        place.copy_from_slice(&*key);
        let second = message.get(..=counter).map(|message| self.0.sign(message));
        // The rest of the message stands in the token, and so does the second block.
        message.iter_mut().take(BLOCK_LEN).for_each(Zeroize::zeroize);
        let commitment = *second.ok_or(Failed)?.as_ref().first_chunk().ok_or(Failed)?;
        Ok(TokenKey { key, commitment })
    }
}

/// What one token is encrypted with, and what shows that this is its key.
pub(super) struct TokenKey {
    pub(super) key: Zeroizing<[u8; 32]>,
    pub(super) commitment: [u8; COMMITMENT_LEN],
}

impl TokenKey {
    pub(super) fn is_committed_to(&self, commitment: &[u8; COMMITMENT_LEN]) -> bool {
        self.commitment.ct_eq(commitment).into()
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
        for (master, info) in
            [(&[7; 32][..], &[][..]), (&[8; 33], b"info"), (&[9; 200], &[1; MAX_INFO_LEN])]
        {
            let mut okm = [0; 64];
            hkdf_sha256(master, EXTRACT_SALT, &[info], &mut okm).unwrap();
            let derived = Extracted::new(master).expand(info).unwrap();
            assert_eq!(*derived.key, okm[..32]);
            assert_eq!(derived.commitment, okm[32..]);
        }
        assert!(Extracted::new(&[7; 32]).expand(&[0; MAX_INFO_LEN + 1]).is_err());
    }
}
