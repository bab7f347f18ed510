//! Amora zero: one shared key encrypts and decrypts.

use super::wire::{AmoraVersion, Metadata, Parts, RANDOM_LEN, TAG_LEN, Times, frame};
use crate::base::Scratch;
use crate::crypto::Failed;
use crate::crypto::xchacha::XChaChaKey;

/// Writes a whole token's bytes.
pub(super) fn seal(
    key: &XChaChaKey,
    times: Times,
    random: &[u8; RANDOM_LEN],
    payload: &[u8],
    bytes: &mut Scratch,
) -> Result<(), Failed> {
    let metadata = Metadata::at(AmoraVersion::Zero, times);
    frame(&metadata, None, random, payload, bytes);
    let parts = Parts::untagged(AmoraVersion::Zero, bytes).ok_or(Failed)?;
    let tag: [u8; TAG_LEN] = key.seal_in_place(parts.nonce, parts.header, parts.text)?;
    bytes.extend_from_slice(&tag);
    Ok(())
}

/// Decrypts the payload where it stands in `bytes`, a whole token.
pub(super) fn open(key: &XChaChaKey, bytes: &mut [u8]) -> Result<Metadata, Failed> {
    let (parts, tag) = Parts::tagged(AmoraVersion::Zero, bytes).ok_or(Failed)?;
    key.open_in_place(parts.nonce, parts.header, parts.text, tag)?;
    Ok(parts.metadata)
}
