//! Encrypted tokens (RFC 7516): the layer below [`JweCodec`](crate::JweCodec), for standards' edges.
//!
//! [`compact`] is for URLs and headers: one recipient, all header parameters protected. [`json`] is
//! the JSON serialization, flattened for one recipient and general for several. Keys travel encrypted
//! by [`encrypt_jwk`] and [`encrypt_jwk_set`] (RFC 7517 §7).
//!
//! Encryption is not identity: with the algorithms of public keys (RSA-OAEP, ECDH-ES) anyone can
//! write. Sign what is inside ([`Nested`](crate::Nested)) where it matters who did.

pub mod compact;
mod content;
mod header;
pub mod json;
mod key;
mod message;
#[cfg(feature = "deflate")]
mod zip;

pub use content::Content;
pub use key::{decrypt_jwk, decrypt_jwk_set, encrypt_jwk, encrypt_jwk_set};
pub use message::Decrypted;

pub(crate) use message::decrypt_into;
