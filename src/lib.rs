//! Security tokens behind one trait.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

mod base;
mod codec;
mod crypto;
mod error;
mod jwa;
mod keys;

pub use base::{Clock, FixedClock, KeyId, Limits, SystemClock};
pub use codec::{Body, Envelope, Format, RawToken, TokenCodec};
pub use error::{BearerAnswer, Error, ErrorKind, Fault, Result};
pub use jwa::*;
pub use keys::*;
