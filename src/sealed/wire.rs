//! The wire of sealed tokens, complete enough to write another implementation from it.
//!
//! # Layout
//!
//! ```text
//! header                                            body
//! 0xb1 | cipher 1 | kid length 1 | kid 0..=255  |  salt 24 | commitment 32 | ciphertext | tag 16
//! ```
//!
//! The whole is base64url without padding (RFC 4648 §5), with zero trailing bits; each token has just
//! one spelling. Its text begins with `se`.
//!
//! - Format: 0xb1.
//! - Cipher: 0xe1 is AES-256-GCM (NIST SP 800-38D), 0xe2 is XChaCha20-Poly1305
//!   (draft-irtf-cfrg-xchacha-03). Any other byte is refused.
//! - Kid: the identifier of the master key, UTF-8; length 0 where the key has none.
//! - Salt: 24 bytes of a cryptographic generator, fresh for each token.
//! - Ciphertext: as long as the payload, which may be any bytes.
//!
//! # Keys
//!
//! A master key has 32 bytes or more. Of it each token gets its own key by HKDF-SHA256 (RFC 5869):
//!
//! ```text
//! PRK = HKDF-Extract(salt = "symbolon sealed", IKM = master)
//! key = HKDF-Expand(PRK, info = "k" | header | salt, L = 32)
//! commitment = HKDF-Expand(PRK, info = "c" | header | salt, L = 32)
//! nonce = salt[0..12] for AES-256-GCM, salt[0..24] for XChaCha20-Poly1305
//! additional data = header | salt | commitment
//! ```
//!
//! The token's salt stands in the info and not in the extraction, so that PRK is made once per
//! master key. No two headers and salts run together into one info: the header says how long it is.
//! Two expansions rather than one of 64 bytes, whose second block would hash the first one once more:
//! with a kid of up to 26 bytes each of them is one block of SHA-256 within and one without.
//!
//! # Reading
//!
//! Refuse what is too long, has another first byte, an unknown cipher or a kid that is not UTF-8.
//! Pick the keys by kid. For each (at most 4), derive the commitment and compare it in constant
//! time; where it differs, go on to the next. Where it agrees, derive the key, check the tag and
//! decrypt. Whatever fails, say one and the same thing.
//!
//! # Why this is safe
//!
//! - The key is used for one message, so the nonce need not be secret or independent: that it is
//!   part of the salt costs nothing and makes a table of keys precomputed for one nonce useless.
//! - Neither cipher commits to its key: without more, a token can be made that opens under two keys
//!   with two payloads. A commitment for two masters would be a collision of SHA-256: the last step
//!   is HMAC with the 32-byte PRK, itself an HMAC whose message is the master. 32 bytes, because a
//!   collision of 16 takes only 2^64 steps.
//! - Cipher and kid are bound twice, by info and by additional data, so neither can be exchanged.
//!
//! # How many tokens
//!
//! Keys repeat where salts repeat. Among q tokens of one master two of the 2^192 salts agree with a
//! chance of about q^2 / 2^193. For 2^-32, which NIST allows a nonce to repeat with, that is
//! q = 2^80; the cap we set is **2^64 tokens per master key** (chance 2^-65). At a million tokens a
//! second that is over 580,000 years. (A salt of 16 bytes as the whole of the randomness would end
//! at q = 2^48: hence 24.) A token's length is no concern: GCM allows 64 GiB a message.
//!
//! # The headerless layout
//!
//! ```text
//! salt 16 | nonce 12 or 24 | ciphertext | tag 16
//! key = HKDF-SHA256(IKM = master, salt, info = "JWT_Encryption", L = 32), no additional data
//! ```
//!
//! in base64url as above. Nothing says which cipher it was, nor which key, so a reader tries both
//! ciphers with each key. Randomness is 28 or 40 bytes; the same cap holds. It does not commit to
//! its key: a ring of several headerless keys is for the days of a rotation.

use crate::base::{KeyId, Limits, base64url};
use crate::error::{Error, ErrorKind, Result};

use super::cipher::SealedCipher;

const FORMAT: u8 = 0xb1;
/// What the first twelve bits spell, with either cipher.
const PREFIX: &str = "se";

/// Format, cipher and the kid's length.
pub(super) const FIXED_LEN: usize = 3;
pub(super) const SALT_LEN: usize = 24;
pub(super) const COMMITMENT_LEN: usize = 32;
pub(super) const TAG_LEN: usize = 16;

pub(super) const HEADERLESS_SALT_LEN: usize = 16;

/// What stands around the ciphertext of a token that names no key.
const MIN_LEN: usize = FIXED_LEN + SALT_LEN + COMMITMENT_LEN + TAG_LEN;
const MIN_TEXT_LEN: usize = base64url::encoded_len(MIN_LEN);
const HEADERLESS_MIN_LEN: usize = HEADERLESS_SALT_LEN + 12 + TAG_LEN;
const HEADERLESS_MIN_TEXT_LEN: usize = base64url::encoded_len(HEADERLESS_MIN_LEN);

/// Whether `text` has the shape of our layout.
pub(crate) fn recognize(text: &str) -> bool {
    // The third character holds the cipher's low bits (1 or 2) and two of the kid's length. A dot
    // stands in every compact JWS.
    matches!(text.as_bytes(), [b's', b'e', b'E'..=b'L', ..])
        && text.len() >= MIN_TEXT_LEN
        && !text.as_bytes().contains(&b'.')
}

/// Whether `text` can be of the headerless layout: it is base64url, and long enough. Random
/// bytes look like ours once in 2^15 tokens, and like Amora once in 2^7.
pub(crate) fn recognize_headerless(text: &str) -> bool {
    text.len() >= HEADERLESS_MIN_TEXT_LEN
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The header of a token that is to be written: its fixed part, and the kid behind it.
pub(super) fn header(cipher: SealedCipher, kid: Option<&KeyId>) -> Result<([u8; FIXED_LEN], &[u8])> {
    let kid = kid.map_or(&[][..], KeyId::as_bytes);
    let too_long = || Error::new(ErrorKind::InvalidKey, "a sealed token's kid has up to 255 bytes");
    let kid_len = u8::try_from(kid.len()).map_err(|_| too_long())?;
    Ok(([FORMAT, cipher.byte(), kid_len], kid))
}

/// What may be said of a token's text before it is decoded.
pub(super) fn judge(text: &str, limits: &Limits) -> Result<()> {
    if text.len() > limits.max_token_len() {
        return Err(ErrorKind::TooLarge.into());
    }
    if !text.starts_with(PREFIX) {
        return Err(ErrorKind::UnknownFormat.into());
    }
    if text.len() < MIN_TEXT_LEN {
        return Err(ErrorKind::Malformed.into());
    }
    Ok(())
}

/// The same for the headerless layout, of which nothing but its length can be seen.
pub(crate) fn judge_headerless(text: &str, limits: &Limits) -> Result<()> {
    if text.len() > limits.max_token_len() {
        return Err(ErrorKind::TooLarge.into());
    }
    if text.len() < HEADERLESS_MIN_TEXT_LEN {
        return Err(ErrorKind::Malformed.into());
    }
    Ok(())
}

/// What a token's header says.
pub(super) struct Said {
    pub(super) cipher: SealedCipher,
    pub(super) kid: Option<KeyId>,
    /// How many bytes stand before the salt.
    pub(super) header_len: usize,
}

impl Said {
    /// Reads the header in front of a token's bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let malformed = ErrorKind::Malformed;
        let (&[format, cipher, kid_len], rest) =
            bytes.split_first_chunk::<FIXED_LEN>().ok_or(malformed)?;
        if format != FORMAT {
            return Err(malformed.into());
        }
        let cipher = SealedCipher::of_byte(cipher).ok_or_else(|| {
            Error::new(ErrorKind::UnsupportedHeader, "a sealed token of an unknown cipher")
        })?;
        let kid = rest.get(..usize::from(kid_len)).ok_or(malformed)?;
        let kid = std::str::from_utf8(kid).map_err(|_| malformed)?;
        let kid = if kid.is_empty() { None } else { Some(KeyId::new(kid)?) };
        Ok(Self { cipher, kid, header_len: FIXED_LEN.saturating_add(usize::from(kid_len)) })
    }
}

/// A token's bytes, taken apart. `text` is plaintext before it is sealed and after it is opened.
pub(super) struct Parts<'b> {
    /// Header and salt: what the key is derived by.
    pub(super) head: &'b [u8],
    pub(super) salt: &'b [u8; SALT_LEN],
    pub(super) commitment: &'b [u8; COMMITMENT_LEN],
    /// All that stands before the ciphertext.
    pub(super) aad: &'b [u8],
    pub(super) text: &'b mut [u8],
}

impl<'b> Parts<'b> {
    /// Takes apart what has no tag yet, or no more.
    pub(super) fn untagged(header_len: usize, bytes: &'b mut [u8]) -> Option<Self> {
        let head_len = header_len.checked_add(SALT_LEN)?;
        let (aad, text) = bytes.split_at_mut_checked(head_len.checked_add(COMMITMENT_LEN)?)?;
        let aad = &*aad;
        let (head, commitment) = aad.split_at_checked(head_len)?;
        let salt = head.last_chunk()?;
        Some(Self { head, salt, commitment: commitment.first_chunk()?, aad, text })
    }

    /// Takes a whole token apart.
    pub(super) fn tagged(header_len: usize, bytes: &'b mut [u8]) -> Option<(Self, &'b [u8; TAG_LEN])> {
        let (bytes, tag) = bytes.split_last_chunk_mut::<TAG_LEN>()?;
        Some((Self::untagged(header_len, bytes)?, tag))
    }
}

/// How many bytes stand before the ciphertext.
pub(super) const fn prefix_len(header_len: usize) -> usize {
    header_len.saturating_add(SALT_LEN + COMMITMENT_LEN)
}
