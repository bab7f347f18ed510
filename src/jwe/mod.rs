//! Encrypted tokens (RFC 7516): the layer below [`JweCodec`](crate::JweCodec), for standards' edges.
//!
//! [`compact`] is for URLs and headers: one recipient, all header parameters protected. [`json`] is
//! the JSON serialization, flattened for one recipient and general for several.
//!
//! Encryption is not identity: with the algorithms of public keys (RSA-OAEP, ECDH-ES) anyone can
//! write. Sign what is inside ([`Nested`](crate::Nested)) where it matters who did.

pub mod compact;
mod content;
mod header;
pub mod json;
mod message;
#[cfg(feature = "deflate")]
mod zip;

pub use content::Content;
pub use message::Decrypted;

pub(crate) use message::decrypt_into;
