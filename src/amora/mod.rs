//! Amora: encrypted tokens of any payload that carry their issue time and lifetime.
//!
//! Zero is encrypted with a shared 32-byte key, one to an X25519 public key; the tokens are those of
//! the crate amora-rs, byte for byte. Its faults are not kept: a lifetime that the wire cannot hold
//! is refused instead of cut, the tag is checked before any time is believed, and a key agreement
//! that everybody knows is refused on both sides.
//!
//! What the format itself cannot do: it has no `kid`, so a ring tries each key of the token's version
//! (at most 4); its times end in 2106; and one tells nobody who wrote the token, since the public
//! key suffices for that ([`Provenance::Anyone`](crate::Provenance)).
//!
//! These functions take the present moment as an argument and know nothing of claims.
//! [`AmoraCodec`](crate::AmoraCodec) is the same format behind [`TokenCodec`](crate::TokenCodec).
//!
//! ```
//! use symbolon::amora::{self, AmoraOpener};
//! use time::{Duration, OffsetDateTime};
//!
//! let opener = AmoraOpener::generate_zero()?;
//! let now = OffsetDateTime::now_utc();
//! let token = opener.sealer().seal(b"any bytes", 60, now)?;
//!
//! assert_eq!(opener.open(&token, now + Duration::minutes(1))?.into_payload(), b"any bytes");
//! assert!(opener.open(&token, now + Duration::seconds(61)).is_err_and(|error| error.is_expired()));
//! assert_eq!(amora::peek(&token)?.unverified().ttl(), 60);
//! # Ok::<(), symbolon::Error>(())
//! ```

mod hex;
mod keys;
mod one;
mod wire;
mod zero;

#[cfg(test)]
mod tests;

pub use keys::{AmoraKeyPair, AmoraOpener, AmoraSealer, Contents};
pub use wire::{AmoraVersion, MAX_TTL, Metadata};

pub(crate) use keys::open_into;
pub(crate) use wire::{Times, judge, recognize};

use crate::base::Limits;
use crate::error::Result;

/// What a token says of itself, read without a key: anybody may have written that.
///
/// There is no verdict on its times here, because a forged token names whatever times it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnverifiedMetadata(Metadata);

impl UnverifiedMetadata {
    /// The words of the token. Decide nothing by them that matters.
    #[must_use]
    pub const fn unverified(&self) -> &Metadata {
        &self.0
    }
}

/// What `token` says of itself, without a key and so without any reason to believe it.
///
/// # Errors
/// [`TooLarge`](crate::ErrorKind::TooLarge) over 1 MiB of text;
/// [`UnknownFormat`](crate::ErrorKind::UnknownFormat) or [`Malformed`](crate::ErrorKind::Malformed)
/// for what is no Amora. The payload's text is not looked at.
///
/// ```
/// use symbolon::amora::{self, AmoraVersion};
///
/// let said = amora::peek(
///     "oAEAAE_X6GVaC7xve5xaaAaLiW1YPqHX9I1BNGbKnC7ArMke4GEU9MXCgU2U5jYAkJhDXQBqsO5tadCKyXZmI3mV-bpD\
///      Fr1aQc1U",
/// )?;
/// assert_eq!(said.unverified().version(), AmoraVersion::Zero);
/// assert_eq!(said.unverified().ttl(), 1);
/// assert_eq!(said.unverified().issued_at_unix(), 1_709_758_287);
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn peek(token: &str) -> Result<UnverifiedMetadata> {
    wire::peek(token, &Limits::default()).map(UnverifiedMetadata)
}
