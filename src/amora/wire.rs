//! The wire of Amora, as the crate amora-rs 0.2 writes and reads it.
//!
//! ```text
//! zero: 0xa0 | TTL u24 LE |                                   nonce 24 | ciphertext | tag 16
//! one:  0xa1 | TTL u24 LE | ephemeral X25519 public key 32 |  nonce 24 | ciphertext | tag 16
//! ```
//!
//! The whole is base64url without padding. The nonce is the issue time (TGT, Unix seconds, u32 LE)
//! and 20 random bytes. The cipher is XChaCha20-Poly1305; its additional data is all that stands
//! before the nonce, and the nonce is authentic because no other one opens the ciphertext. The key
//! of zero is shared; the key of one is the X25519 shared secret, raw.
//!
//! A token is good up to and including the second TGT + TTL.

use std::fmt;

use time::OffsetDateTime;

use crate::base::{Limits, Scratch, base64url};
use crate::error::{Error, ErrorKind, Result};

/// The longest lifetime that the wire's 24 bits hold, in seconds: a little over 194 days.
pub const MAX_TTL: u32 = 0x00ff_ffff;

pub(super) const PUBLIC_LEN: usize = 32;
pub(super) const NONCE_LEN: usize = 24;
/// The part of the nonce that is random.
pub(super) const RANDOM_LEN: usize = 20;
pub(super) const TAG_LEN: usize = 16;

/// Version byte and TTL.
const FIXED_LEN: usize = 4;

/// Which Amora a token is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AmoraVersion {
    /// 0xa0: encrypted with a shared key.
    Zero,
    /// 0xa1: encrypted to an X25519 public key, with an ephemeral key of its own.
    One,
}

impl AmoraVersion {
    /// What keys call it: `amora.zero` or `amora.one`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zero => "amora.zero",
            Self::One => "amora.one",
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Zero => 0xa0,
            Self::One => 0xa1,
        }
    }

    /// How many bytes stand before the nonce.
    pub(super) const fn header_len(self) -> usize {
        match self {
            Self::Zero => FIXED_LEN,
            Self::One => FIXED_LEN + PUBLIC_LEN,
        }
    }

    /// How many bytes stand before the ciphertext.
    pub(super) const fn prefix_len(self) -> usize {
        self.header_len().saturating_add(NONCE_LEN)
    }

    /// How many characters a token without payload has.
    const fn min_text_len(self) -> usize {
        base64url::encoded_len(self.prefix_len().saturating_add(TAG_LEN))
    }
}

impl fmt::Display for AmoraVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "Amora zero",
            Self::One => "Amora one",
        })
    }
}

/// What a token says of itself beside its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    version: AmoraVersion,
    ttl: u32,
    issued_at: u32,
}

impl Metadata {
    /// Which Amora it is.
    #[must_use]
    pub const fn version(&self) -> AmoraVersion {
        self.version
    }

    /// How long it is good from its issue time on, in seconds: at most [`MAX_TTL`].
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }

    /// When it was issued, in Unix seconds (TGT).
    #[must_use]
    pub const fn issued_at_unix(&self) -> i64 {
        self.issued_at as i64
    }

    /// From when on it is expired, in Unix seconds.
    ///
    /// A token is still good in the second TGT + TTL, so this is the one after: TGT + TTL + 1. It
    /// cannot overflow.
    #[must_use]
    pub const fn expires_at_unix(&self) -> i64 {
        (self.issued_at as i64).saturating_add(self.ttl as i64).saturating_add(1)
    }

    /// When it was issued.
    #[must_use]
    pub fn issued_at(&self) -> OffsetDateTime {
        moment(self.issued_at_unix())
    }

    /// From when on it is expired: the moment after its last good second.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        moment(self.expires_at_unix())
    }

    pub(super) const fn at(version: AmoraVersion, times: Times) -> Self {
        Self { version, ttl: times.ttl, issued_at: times.issued_at }
    }

    fn of(version: AmoraVersion, header: &[u8], nonce: &[u8; NONCE_LEN]) -> Option<Self> {
        let &[_, a, b, c] = header.first_chunk::<FIXED_LEN>()?;
        let ttl = u32::from_le_bytes([a, b, c, 0]);
        Some(Self { version, ttl, issued_at: u32::from_le_bytes(*nonce.first_chunk()?) })
    }
}

/// u32 seconds end in 2106, far within what the type holds.
fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Issue time and lifetime, within what the wire can carry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    issued_at: u32,
    ttl: u32,
}

impl Times {
    /// Good from `issued_at` (Unix seconds) for `ttl` seconds and the one they end in.
    pub(crate) fn new(issued_at: i64, ttl: u32) -> Result<Self> {
        let issued_at = u32::try_from(issued_at).map_err(|_| {
            Error::new(ErrorKind::InvalidLifetime, "Amora's issue time lies between 1970 and 2106")
        })?;
        if ttl > MAX_TTL {
            return Err(Error::new(
                ErrorKind::InvalidLifetime,
                "Amora's lifetime is at most 16777215 seconds",
            ));
        }
        Ok(Self { issued_at, ttl })
    }

    /// The lifetime from `issued_at` to `expires_at` (both Unix seconds). Amora itself lets a token
    /// live through the second it ends in; the claim `exp`, where there is one, does not.
    pub(crate) fn between(issued_at: Option<i64>, expires_at: Option<i64>) -> Result<Self> {
        let (Some(issued_at), Some(expires_at)) = (issued_at, expires_at) else {
            return Err(Error::new(
                ErrorKind::InvalidLifetime,
                "Amora needs an issue time and an expiry: give the token a lifetime",
            ));
        };
        let ttl = expires_at.checked_sub(issued_at).filter(|lifetime| *lifetime > 0);
        // What is not positive or beyond u32 is refused like what is beyond 24 bits.
        let ttl = ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(u32::MAX);
        Self::new(issued_at, ttl).map_err(|error| {
            if expires_at <= issued_at {
                Error::new(ErrorKind::InvalidLifetime, "the token would be expired when it is issued")
            } else {
                error
            }
        })
    }
}

/// Which Amora `text` has the shape of: its first twelve bits and its length decide.
pub(crate) fn recognize(text: &str) -> Option<AmoraVersion> {
    let version = version_of(text)?;
    // A dot stands in every compact JWS and in no Amora.
    (text.len() >= version.min_text_len() && !text.as_bytes().contains(&b'.')).then_some(version)
}

/// What may be said of a token before its tag is checked: its version, and that it is not too
/// large and not too short.
pub(crate) fn judge(text: &str, limits: &Limits) -> Result<AmoraVersion> {
    if text.len() > limits.max_token_len() {
        return Err(ErrorKind::TooLarge.into());
    }
    let version = version_of(text).ok_or(ErrorKind::UnknownFormat)?;
    if text.len() < version.min_text_len() {
        return Err(ErrorKind::Malformed.into());
    }
    Ok(version)
}

fn version_of(text: &str) -> Option<AmoraVersion> {
    // Six bits a character: 101000 is `o`; then the byte's last two bits and four of the TTL's.
    match text.as_bytes() {
        [b'o', b'A'..=b'P', ..] => Some(AmoraVersion::Zero),
        [b'o', b'Q'..=b'Z' | b'a'..=b'f', ..] => Some(AmoraVersion::One),
        _ => None,
    }
}

/// What the token says of itself, read without a key and so without any reason to believe it.
pub(super) fn peek(text: &str, limits: &Limits) -> Result<Metadata> {
    let version = judge(text, limits)?;
    // Enough for the header and the nonce's first bytes, in whole groups of four characters.
    let head = text.as_bytes().get(..base64url::encoded_len(HEAD_LEN)).unwrap_or(text.as_bytes());
    let mut buffer = [0; HEAD_LEN + 3];
    let head = base64url::decode_to(head, &mut buffer).map_err(|_| ErrorKind::Malformed)?;
    let (header, rest) = head.split_at_checked(version.header_len()).ok_or(ErrorKind::Malformed)?;
    let nonce = rest.first_chunk().ok_or(ErrorKind::Malformed)?;
    Ok(Metadata::of(version, header, nonce).ok_or(ErrorKind::Malformed)?)
}

/// The longest prefix there is, a multiple of three; the shortest token is as long as the shorter
/// prefix and its tag.
const HEAD_LEN: usize = AmoraVersion::One.prefix_len();

/// Writes a token that still lacks its tag: all bytes before the ciphertext, then the plaintext.
pub(super) fn frame(
    metadata: &Metadata,
    ephemeral: Option<&[u8; PUBLIC_LEN]>,
    random: &[u8; RANDOM_LEN],
    payload: &[u8],
    bytes: &mut Scratch,
) {
    let prefix_len = metadata.version.prefix_len();
    bytes.reserve(prefix_len.saturating_add(payload.len()).saturating_add(TAG_LEN));
    let [a, b, c, _] = metadata.ttl.to_le_bytes();
    bytes.extend_from_slice(&[metadata.version.byte(), a, b, c]);
    bytes.extend_from_slice(ephemeral.map_or(&[], |public| public.as_slice()));
    bytes.extend_from_slice(&metadata.issued_at.to_le_bytes());
    bytes.extend_from_slice(random);
    bytes.extend_from_slice(payload);
}

/// A token's bytes, taken apart. `text` is plaintext before it is sealed and after it is opened.
pub(super) struct Parts<'b> {
    pub(super) metadata: Metadata,
    pub(super) header: &'b [u8],
    pub(super) nonce: &'b [u8; NONCE_LEN],
    pub(super) text: &'b mut [u8],
}

impl<'b> Parts<'b> {
    /// Takes apart what has no tag yet, or no more.
    pub(super) fn untagged(version: AmoraVersion, bytes: &'b mut [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_mut_checked(version.header_len())?;
        let (nonce, text) = rest.split_first_chunk_mut::<NONCE_LEN>()?;
        let (header, nonce) = (&*header, &*nonce);
        if header.first() != Some(&version.byte()) {
            return None;
        }
        Some(Self { metadata: Metadata::of(version, header, nonce)?, header, nonce, text })
    }

    /// Takes a whole token apart.
    pub(super) fn tagged(
        version: AmoraVersion,
        bytes: &'b mut [u8],
    ) -> Option<(Self, &'b [u8; TAG_LEN])> {
        let (bytes, tag) = bytes.split_last_chunk_mut::<TAG_LEN>()?;
        Some((Self::untagged(version, bytes)?, tag))
    }

    /// The sender's public key, which the header of one ends with.
    pub(super) fn ephemeral(&self) -> Option<&'b [u8; PUBLIC_LEN]> {
        self.header.get(FIXED_LEN..)?.first_chunk()
    }
}
