//! Security tokens behind one trait.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

mod base;
mod crypto;
mod error;
mod jwa;
mod jwk;

pub use base::{Clock, FixedClock, KeyId, Limits, SystemClock};
pub use error::{BearerAnswer, Error, ErrorKind, Fault, Result};
pub use jwa::*;
#[cfg(feature = "pem")]
pub use jwk::SecretDer;
pub use jwk::{Jwk, JwkSet, SecretText, SkippedKey};
