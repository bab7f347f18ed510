//! Security tokens behind one trait.

#[cfg(not(any(feature = "ring", feature = "rustcrypto")))]
compile_error!("symbolon needs a backend: enable the feature `ring` (default) or `rustcrypto`");

// Without a backend nothing else is compiled, so that the message above is the only one.
#[cfg(all(feature = "amora", any(feature = "ring", feature = "rustcrypto")))]
pub mod amora;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod base;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod codec;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod crypto;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod error;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod jose;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod jwa;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod jwk;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
pub mod jws;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod jwt;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
mod keys;
#[cfg(any(feature = "ring", feature = "rustcrypto"))]
pub mod prelude;
#[cfg(all(feature = "sealed", any(feature = "ring", feature = "rustcrypto")))]
pub mod sealed;

#[cfg(any(feature = "ring", feature = "rustcrypto"))]
pub use crate::{
    base::{Clock, FixedClock, KeyId, Limits, SystemClock},
    codec::{
        AnyOf, Body, Draft, Envelope, Format, JwsCodec, Opened, RawToken, Token, TokenCodec,
        TokenCodecExt, Tokens, TokensBuilder, Verified,
    },
    error::{BearerAnswer, Error, ErrorKind, Fault, Result},
    jwa::{
        EcCurve, EcPrivateKey, EcPublicKey, EdAlg, HmacAlg, JwsAlg, KeyMaterial, KeyType, OctKey,
        OkpCurve, OkpPrivateKey, OkpPublicKey, RsaCrtParts, RsaPrivateKey, RsaPublicKey, RsaSigAlg,
    },
    jwk::{Jwk, JwkSet, SecretText, SkippedKey},
    jwt::{Audience, Claims, NoCustom, Registered, Validator},
    keys::{
        KidPolicy, Keyring, Provenance, RemoteSigner, RingKey, SharedKeyring, Signer, Verifier,
        WritingKey,
    },
};
#[cfg(all(feature = "amora", any(feature = "ring", feature = "rustcrypto")))]
pub use crate::{
    amora::{AmoraOpener, AmoraSealer},
    codec::AmoraCodec,
};
#[cfg(all(feature = "pem", any(feature = "ring", feature = "rustcrypto")))]
pub use crate::jwk::SecretDer;
#[cfg(all(feature = "sealed", any(feature = "ring", feature = "rustcrypto")))]
pub use crate::{
    codec::{HeaderlessSealedCodec, SealedCodec},
    sealed::{HeaderlessKey, SealedCipher, SealedKey},
};
