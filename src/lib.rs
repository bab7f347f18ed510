//! Security tokens behind one trait.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

mod base;
mod codec;
mod crypto;
mod error;
mod jose;
mod jwa;
pub mod jws;
mod keys;
mod jwt;

pub use base::{Clock, FixedClock, KeyId, Limits, SystemClock};
pub use codec::{
    AnyOf, Draft, JwsCodec, Tokens, TokensBuilder, Body, Envelope, Format, Opened, RawToken, Token, TokenCodec, TokenCodecExt, Verified,
};
pub use error::{BearerAnswer, Error, ErrorKind, Fault, Result};
pub use jwa::*;
pub use keys::*;
pub use jwt::{Audience, Claims, NoCustom, Registered, Validator};
