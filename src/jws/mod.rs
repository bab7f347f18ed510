//! Signed tokens (RFC 7515): the layer below [`JwsCodec`](crate::JwsCodec), for standards' edges.

pub mod compact;
mod unverified;

pub use unverified::Unverified;
