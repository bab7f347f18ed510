//! Security tokens behind one trait.
#![forbid(unsafe_code)]

#[cfg(feature = "amora")]
pub mod amora;
mod base;
mod codec;
mod crypto;
mod error;
mod jose;
mod jwa;
mod jwk;
pub mod jws;
mod jwt;
mod keys;
pub mod prelude;
#[cfg(feature = "sealed")]
pub mod sealed;

#[cfg(feature = "amora")]
pub use amora::{AmoraOpener, AmoraSealer};
pub use base::{Clock, FixedClock, KeyId, Limits, SystemClock};
#[cfg(feature = "amora")]
pub use codec::AmoraCodec;
pub use codec::{
    AnyOf, Body, Draft, Envelope, Format, JwsCodec, Opened, RawToken, Token, TokenCodec,
    TokenCodecExt, Tokens, TokensBuilder, Verified,
};
#[cfg(feature = "sealed")]
pub use codec::{HeaderlessSealedCodec, SealedCodec};
pub use error::{BearerAnswer, Error, ErrorKind, Fault, Result};
pub use jwa::{
    EcCurve, EcPrivateKey, EcPublicKey, EdAlg, HmacAlg, JwsAlg, KeyMaterial, KeyType, OctKey, OkpCurve,
    OkpPrivateKey, OkpPublicKey, RsaCrtParts, RsaPrivateKey, RsaPublicKey, RsaSigAlg,
};
#[cfg(feature = "pem")]
pub use jwk::SecretDer;
pub use jwk::{Jwk, JwkSet, SecretText, SkippedKey};
pub use jwt::{Audience, Claims, NoCustom, Registered, Validator};
pub use keys::{
    KidPolicy, Keyring, Provenance, RemoteSigner, RingKey, SharedKeyring, Signer, Verifier, WritingKey,
};
#[cfg(feature = "sealed")]
pub use sealed::{HeaderlessKey, SealedCipher, SealedKey};
