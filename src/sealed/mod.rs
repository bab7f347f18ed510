//! Sealed tokens: encrypted with a key of their own each, which is derived from a master key.
//!
//! A sealed token carries its cipher, its key's `kid` and a commitment to its key, all authentic.
//! What a machine writes follows its hardware; what it reads never does. The payload is any bytes;
//! the format carries no times, so an expiry stands in the claims. All who can read can write:
//! [`Provenance::SharedKey`](crate::Provenance).
//!
//! A master key serves for 2^64 tokens: each draws a salt of 24 bytes, two of which then agree with a
//! chance of 2^-65. The wire and its reasons stand at the top of `src/sealed/wire.rs`. The older layout
//! without a header is read, and on request written, with a [`HeaderlessKey`].
//!
//! These functions know nothing of claims. [`SealedCodec`](crate::SealedCodec) is the same format
//! behind [`TokenCodec`](crate::TokenCodec).
//!
//! ```
//! use symbolon::sealed::{SealedCipher, SealedKey};
//!
//! let key = SealedKey::new([7; 32])?; // 32 random bytes or more
//! let token = key.seal(b"any bytes", SealedCipher::XChaCha20Poly1305)?;
//! assert!(token.starts_with("se"));
//! assert_eq!(key.open(&token)?, b"any bytes");
//! # Ok::<(), symbolon::Error>(())
//! ```

mod cipher;
mod derive;
mod keys;
mod wire;

#[cfg(test)]
mod tests;

pub use cipher::SealedCipher;
pub use keys::{HeaderlessKey, SealedKey};

pub(crate) use keys::{open_headerless_into, open_into};
pub(crate) use wire::{judge_headerless, recognize, recognize_headerless};
