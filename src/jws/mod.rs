//! Signed tokens (RFC 7515): the layer below [`JwsCodec`](crate::JwsCodec), for standards' edges.
//!
//! | module | serialization | signatures | payload |
//! | --- | --- | --- | --- |
//! | [`compact`] | `header.payload.signature` (RFC 7515 §7.1) | one | base64url |
//! | [`flattened`] | one JSON object (RFC 7515 §7.2.2) | one | base64url, or text as it is |
//! | [`general`] | one JSON object (RFC 7515 §7.2.1) | several | base64url, or text as it is |
//! | [`detached`] | these without the payload (RFC 7515 appendix F) | as they | bytes or a stream |
//! | [`unencoded`] | compact with `b64: false` (RFC 7797 §5.2) | one | text without dots |
//!
//! All of them choose keys as the ring does for compact tokens, and let `crit`, `b64` and `alg` decide
//! nothing that is not protected: an `alg` in an unprotected header may only agree with the key's.

pub mod compact;
pub mod detached;
mod engine;
pub mod flattened;
pub mod general;
mod json;
mod payload;
mod signature;
pub mod unencoded;
mod unverified;

pub use payload::Payload;
pub use signature::{NewSignature, Signatures, VerifiedSignature};
pub use unverified::Unverified;
