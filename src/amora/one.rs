//! Amora one: whoever has the public key encrypts, the holder of the secret key decrypts.
//!
//! The sender makes a key pair for the one token and puts its public half into the header. What
//! the two agree on is the key, without a KDF: that is the format. An all-zero agreement, which a
//! public key of small order leads to whatever the secret, is refused on both sides: everyone would
//! know that key.

use zeroize::Zeroizing;

use super::wire::{AmoraVersion, Metadata, PUBLIC_LEN, Parts, RANDOM_LEN, TAG_LEN, Times, frame};
use crate::base::Scratch;
use crate::crypto::Failed;
use crate::crypto::x25519::X25519Secret;
use crate::crypto::xchacha::XChaChaKey;

/// What one token takes of randomness: the ephemeral secret, then the nonce's part.
pub(super) const SECRET_AND_RANDOM_LEN: usize = PUBLIC_LEN + RANDOM_LEN;

/// Writes a whole token's bytes.
pub(super) fn seal(
    recipient: &[u8; PUBLIC_LEN],
    times: Times,
    secret_and_random: &Zeroizing<[u8; SECRET_AND_RANDOM_LEN]>,
    payload: &[u8],
    bytes: &mut Scratch,
) -> Result<(), Failed> {
    let (secret, random) = secret_and_random.split_first_chunk::<PUBLIC_LEN>().ok_or(Failed)?;
    let random = random.first_chunk().ok_or(Failed)?;
    let ephemeral = X25519Secret::from_bytes(secret);
    let key = XChaChaKey::new(&*ephemeral.agree(recipient)?);

    let metadata = Metadata::at(AmoraVersion::One, times);
    frame(&metadata, Some(&ephemeral.public()), random, payload, bytes);
    let parts = Parts::untagged(AmoraVersion::One, bytes).ok_or(Failed)?;
    let tag: [u8; TAG_LEN] = key.seal_in_place(parts.nonce, parts.header, parts.text)?;
    bytes.extend_from_slice(&tag);
    Ok(())
}

/// Decrypts the payload where it stands in `bytes`, a whole token.
pub(super) fn open(secret: &X25519Secret, bytes: &mut [u8]) -> Result<Metadata, Failed> {
    let (parts, tag) = Parts::tagged(AmoraVersion::One, bytes).ok_or(Failed)?;
    let ephemeral = parts.ephemeral().ok_or(Failed)?;
    let key = XChaChaKey::new(&*secret.agree(ephemeral)?);
    key.open_in_place(parts.nonce, parts.header, parts.text, tag)?;
    Ok(parts.metadata)
}

/// Whether `public` leads to an all-zero agreement, and so serves nobody.
///
/// Every secret is a multiple of eight once it is clamped, which takes all points of small order
/// to zero and no other, so any one secret tells.
pub(super) fn is_of_small_order(public: &[u8; PUBLIC_LEN]) -> bool {
    X25519Secret::from_bytes(&[1; 32]).agree(public).is_err()
}
