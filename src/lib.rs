//! Security tokens behind one trait.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

#[cfg(feature = "amora")]
pub mod amora;
mod base;
mod codec;
mod crypto;
mod error;
mod jwa;
mod keys;
#[cfg(feature = "sealed")]
pub mod sealed;

pub use base::{Clock, FixedClock, KeyId, Limits, SystemClock};
#[cfg(feature = "amora")]
pub use amora::{AmoraOpener, AmoraSealer};
#[cfg(feature = "amora")]
pub use codec::AmoraCodec;
pub use codec::{Body, Envelope, Format, RawToken, TokenCodec};
pub use error::{BearerAnswer, Error, ErrorKind, Fault, Result};
pub use jwa::*;
pub use keys::*;
#[cfg(feature = "sealed")]
pub use codec::{HeaderlessSealedCodec, SealedCodec};
#[cfg(feature = "sealed")]
pub use sealed::{HeaderlessKey, SealedCipher, SealedKey};
