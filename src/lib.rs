//! Security tokens behind one trait: signed and encrypted JWTs (JWS, JWE, JWK, claims), Amora and
//! sealed tokens, with keys that carry their algorithm and rotate by `kid`.
//!
//! A *symbolon* was a token broken in two: the halves that fit prove who you are.
//!
//! # Issue and verify
//!
//! ```
//! use symbolon::prelude::*;
//! use time::Duration;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Session { user: u64, role: String }
//!
//! // Keys know their algorithm. Nothing else ever chooses one.
//! let keys = Keyring::new(Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?);
//!
//! // The format is one line: JwsCodec, JweCodec, Nested, AmoraCodec or SealedCodec.
//! let tokens = Tokens::<Session>::builder(JwsCodec::new(keys))
//!     .issuer("https://id.example")
//!     .audience("api")
//!     .lifetime(Duration::minutes(15))
//!     .build()?;
//!
//! let token = tokens.issue(&Session { user: 7, role: "admin".into() })?;
//! let session = tokens.verify(&token)?; // signature, exp, nbf, iss, aud, typ
//! assert_eq!(session.custom().user, 7);
//! # Ok::<(), Error>(())
//! ```
//!
//! A service that answers over HTTP gets its answer from the error: [`Error::bearer`]; the token of a
//! request, and its scopes, from [`bearer`].
//!
//! Whoever comes from another JWT crate finds the two lines they know: a codec writes and
//! authenticates, a [`Validator`] decides.
//!
//! ```
//! use symbolon::prelude::*;
//! use time::{Duration, OffsetDateTime};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Session { user: u64 }
//!
//! let codec = JwsCodec::hs256(vec![7; 32])?; // 32 bytes or more, or an error
//! let claims = Claims::new(Session { user: 7 })
//!     .with_audience("api")
//!     .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(15));
//! let token = codec.encode(&claims)?;
//!
//! let session: Verified<Session> = codec.decode(&token)?.validate(&Validator::new().audience("api"))?;
//! # Ok::<(), Error>(())
//! ```
//!
//! # Verify another issuer's tokens
//!
//! ```
//! use symbolon::prelude::*;
//!
//! # let token = {
//! #     let jwk = Jwk::generate(JwsAlg::ES256)?.with_kid("a")?;
//! #     (JwsCodec::new(Signer::from_jwk(&jwk)?), jwk.to_public()?.to_json()?)
//! # };
//! # let published = format!(r#"{{"keys":[{},{{"kty":"of tomorrow"}}]}}"#, token.1);
//! // `published` is the text of the issuer's JWK Set. Keys that are unknown here never spoil the
//! // others; `set.skipped()` says what was left out, and why.
//! let set = JwkSet::from_json(&published)?;
//! let codec = JwsCodec::new(Keyring::from_jwk_set(&set));
//!
//! let validator = Validator::new().issuer("https://other.example").audience("api");
//! # let claims = Claims::new(NoCustom::default()).with_issuer("https://other.example")
//! #     .with_audience("api").with_expiry(time::OffsetDateTime::now_utc() + time::Duration::HOUR);
//! # let token = token.0.encode(&claims)?;
//! let verified: Verified = codec.decode(&token)?.validate(&validator)?;
//! # Ok::<(), Error>(())
//! ```
//!
//! A [`JwksSource`] fetches the set, keeps it fresh and follows the issuer's rotation, with whatever
//! HTTP client there is; [`Issuers`] does so for several issuers.
//!
//! # Rotate keys
//!
//! A [`SharedKeyring`] is exchanged while other threads read it, without a lock. The primary writes;
//! the token's `kid` picks the key that reads.
//!
//! ```
//! use symbolon::prelude::*;
//! use time::{Duration, OffsetDateTime};
//!
//! let keys = SharedKeyring::new(Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?);
//! let codec = JwsCodec::new(&keys);
//!
//! // A month later; what the old key signed stays good for the lifetime of a token.
//! let old_until = OffsetDateTime::now_utc() + Duration::minutes(15);
//! keys.rotate(Signer::generate(JwsAlg::EDDSA)?.with_kid("2026-12")?, Some(old_until))?;
//! # let _ = codec;
//! # Ok::<(), Error>(())
//! ```
//!
//! A [`Rotator`](rotation::Rotator) does that by a policy, and keeps the keys in a file or another store
//! that several processes share: see [`rotation`].
//!
//! # Change the format
//!
//! [`AnyOf`] writes one format and reads several, each by its shape, until a last day.
//!
//! ```
//! use symbolon::prelude::*;
//! use symbolon::SealedKey;
//! # use time::{Duration, OffsetDateTime};
//!
//! # let signed = JwsCodec::hs256(vec![7; 32])?;
//! # let last_day = OffsetDateTime::now_utc() + Duration::days(7);
//! let sealed = SealedCodec::new(SealedKey::generate()?.with_kid("vault-1")?);
//! let codec = AnyOf::new(sealed).or_until(signed, last_day);
//! # let _ = codec;
//! # Ok::<(), Error>(())
//! ```
//!
//! # Formats
//!
//! | codec | token | hides content | who can mint ([`Provenance`]) | says on the wire |
//! | --- | --- | --- | --- | --- |
//! | [`JwsCodec`] | JWS compact (RFC 7515) | no | holder of the private key; of the secret, for HS* | alg, kid, typ |
//! | [`JweCodec`] | JWE compact (RFC 7516) | yes | holders of the shared key; **anyone**, with a public key | alg, enc, kid, typ |
//! | [`Nested`] | signed, then encrypted | yes | as the inner token | as the outer token |
//! | [`AmoraCodec`] zero | Amora 0xa0 | yes | holders of the shared key | issue time, lifetime |
//! | [`AmoraCodec`] one | Amora 0xa1, X25519 | yes | **anyone** with the public key | issue time, lifetime |
//! | [`SealedCodec`] | a key per token by HKDF, AES-256-GCM or XChaCha20-Poly1305 | yes | holders of the master key | cipher, kid |
//! | [`HeaderlessSealedCodec`] | the same without a header, for compatibility | yes | holders of the master key | nothing |
//!
//! # Algorithms of JWS
//!
//! | `alg` | key | `ring` | `rustcrypto` |
//! | --- | --- | --- | --- |
//! | HS256, HS384, HS512 | [`OctKey`] of 32, 48, 64 bytes or more | yes | yes (used first where the CPU has instructions for the hash) |
//! | RS256, RS384, RS512 | RSA, 2048 to 8192 bits (signing to 4096) | yes | verifying only |
//! | PS256, PS384, PS512 | RSA, the same | yes | verifying only |
//! | ES256, ES384 | P-256, P-384 | yes | yes |
//! | ES512 | P-521 | | yes |
//! | ES256K | secp256k1 | | yes |
//! | EdDSA, Ed25519 | Ed25519 | yes | yes (used first) |
//!
//! There is no `none`. The feature `aws-lc-rs` serves all of them by itself. RSA keys are generated by
//! `rustcrypto` or `aws-lc-rs`. The JSON serializations, detached and unencoded payloads are in [`jws`].
//!
//! # Algorithms of JWE
//!
//! | `alg` | key | needs |
//! | --- | --- | --- |
//! | dir | shared, as long as `enc` wants | |
//! | A128KW, A192KW, A256KW | shared, 16, 24, 32 bytes | `rustcrypto` or `aws-lc-rs` (not A192KW) |
//! | A128GCMKW, A192GCMKW, A256GCMKW | shared, 16, 24, 32 bytes | for 24 bytes as A192GCM |
//! | PBES2-HS256+A128KW, PBES2-HS384+A192KW, PBES2-HS512+A256KW | a password | as A128KW … |
//! | ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW | P-256, P-384, P-521, X25519 | `rustcrypto` or `aws-lc-rs` |
//! | RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512 | RSA, 2048 to 8192 bits | encrypting: `rustcrypto` or `aws-lc-rs`; decrypting: `aws-lc-rs` |
//!
//! `enc`: A128GCM, A192GCM (`rustcrypto` or `aws-lc-rs`), A256GCM, A128CBC-HS256, A192CBC-HS384 and
//! A256CBC-HS512 (`rustcrypto` or `aws-lc-rs`), and the draft's XC20P. There is no `RSA1_5`: its padding
//! is an oracle.
//!
//! # Features
//!
//! Features only add; all together is a tested normal, and so is each backend alone.
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `ring` | yes | the backend ring: fast signatures and AEADs |
//! | `rustcrypto` | yes | what ring lacks; alone, a build without C |
//! | `graviola` | yes | faster curves for `rustcrypto` where the CPU has what graviola needs: X25519, static P-256 and P-384, ES384, Ed25519 |
//! | `aws-lc-rs` | | the backend AWS-LC: fastest with RSA, P-384 and P-521; decrypts RSA-OAEP |
//! | `jwe` | yes | encrypted tokens, JWE |
//! | `deflate` | | compressed content in JWE, which must still be asked for |
//! | `amora` | yes | Amora tokens |
//! | `sealed` | yes | sealed tokens |
//! | `metrics` | | counters and histograms of what is issued, verified, refused and fetched |
//! | `pem` | yes | keys from and to PEM and DER |
//! | `redis` | | [`Revocations`] in a Redis server |
//! | `tracing` | | spans and events of the same |
//! | `tower`, `axum` | | a layer that demands bearer tokens, and an extractor of their claims: `web` |
//! | `ureq` | | [`Fetch`] by the HTTP client ureq: other issuers' keys over HTTPS |
//!
//! # Security notes
//!
//! - **The key decides the algorithm.** A header's `alg` is compared and never obeyed; a key of the
//!   wrong kind is refused when it is loaded, not when a token comes in.
//! - **Authenticate first.** Before the signature or tag only shape, `kid` and [`Limits`] are looked
//!   at. A forged token that is also expired is [`Unauthentic`](ErrorKind::Unauthentic).
//! - **Policy is on by default.** `exp` is demanded, `nbf` honoured, an audience that nobody
//!   configured refused: see [`Validator`].
//! - **Trust is in the type.** [`RawToken`] is the sender's text, [`Token`] is authentic,
//!   [`Verified`] is accepted. [`jws::Unverified`] is a look at a token, and says so.
//! - **Encryption is not identity.** Amora one, and JWE to a public key, hide their content but anyone
//!   with that key can mint them: [`Tokens`] refuses such a codec unless it is told otherwise. [`Nested`]
//!   signs first.
//! - **One error for all of cryptography**, and none that holds token text or secrets.
//! - **A token's text is no identity**: an ECDSA signature has a second valid form. Revoke by issuer
//!   and `jti`: [`Revocations`].
//! - Secrets are wiped when dropped and redacted in `Debug`. ring gives no way to wipe the keys that
//!   it has prepared; those stay in memory until it is used again.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stdout,
        clippy::unwrap_used,
        reason = "a test may panic and says so on stdout; the code beside it is linted without cfg(test)"
    )
)]

#[cfg(not(feature = "__backend"))]
compile_error!(
    "symbolon needs a backend: enable the feature `ring` (default), `rustcrypto` or `aws-lc-rs`"
);

// Without a backend nothing else is compiled, so that the message above is the only one.
#[cfg(all(feature = "amora", feature = "__backend"))]
pub mod amora;
#[cfg(feature = "__backend")]
mod base;
#[cfg(feature = "__backend")]
pub mod bearer;
#[cfg(feature = "__backend")]
mod codec;
#[cfg(feature = "__backend")]
mod crypto;
#[cfg(feature = "__backend")]
mod error;
#[cfg(feature = "__backend")]
mod jose;
#[cfg(feature = "__backend")]
mod jwa;
#[cfg(all(feature = "jwe", feature = "__backend"))]
pub mod jwe;
#[cfg(feature = "__backend")]
mod jwk;
#[cfg(feature = "__backend")]
pub mod jws;
#[cfg(feature = "__backend")]
mod jwt;
#[cfg(feature = "__backend")]
mod keys;
#[cfg(feature = "__backend")]
pub mod prelude;
#[cfg(feature = "__backend")]
mod revocation;
#[cfg(feature = "__backend")]
pub mod rotation;
#[cfg(all(feature = "sealed", feature = "__backend"))]
pub mod sealed;
#[cfg(feature = "__backend")]
mod secret;
#[cfg(feature = "__backend")]
mod signal;
#[cfg(all(feature = "tower", feature = "__backend"))]
pub mod web;

#[cfg(all(feature = "pem", feature = "__backend"))]
pub use crate::jwk::SecretDer;
#[cfg(all(feature = "ureq", feature = "__backend"))]
pub use crate::keys::UreqFetch;
#[cfg(all(feature = "redis", feature = "__backend"))]
pub use crate::revocation::RedisRevocations;
#[cfg(all(feature = "amora", feature = "__backend"))]
pub use crate::{
    amora::{AmoraOpener, AmoraSealer},
    codec::AmoraCodec,
};
#[cfg(feature = "__backend")]
pub use crate::{
    base::{Clock, FixedClock, KeyId, Limits, SystemClock},
    codec::{
        AnyOf, Body, Cached, Draft, Envelope, Format, Issuers, JwksCodec, JwsCodec, Nested, Opened,
        RawToken, RefreshTokens, RefreshTokensBuilder, Renewed, Token, TokenCodec, TokenCodecExt,
        Tokens, TokensBuilder, Verified,
    },
    error::{BearerAnswer, Error, ErrorKind, Fault, Result},
    jwa::{
        EcCurve, EcPrivateKey, EcPublicKey, EdAlg, HmacAlg, JwsAlg, KeyMaterial, KeyType, OctKey,
        OkpCurve, OkpPrivateKey, OkpPublicKey, RsaCrtParts, RsaPrivateKey, RsaPublicKey, RsaSigAlg,
    },
    jwk::{Jwk, JwkSet, SecretText, SkippedKey},
    jwt::{Audience, Claims, NoCustom, Registered, Validator},
    keys::{
        Fetch, FetchAsync, FetchRequest, Fetched, Flight, JwksSource, JwksSourceBuilder, JwksStatus,
        Keyring, KidPolicy, Provenance, RemoteSigner, RingKey, SharedKeyring, Signer, Verifier,
        WritingKey,
    },
    revocation::{MemoryRevocations, RevocationKey, RevocationStore, Revocations},
    secret::{Secret, SecretEncoding},
};
#[cfg(all(feature = "jwe", feature = "__backend"))]
pub use crate::{
    codec::JweCodec,
    jwa::{JweAlg, JweEnc},
    keys::{Decrypter, Encrypter, RemoteUnwrap},
};
#[cfg(all(feature = "sealed", feature = "__backend"))]
pub use crate::{
    codec::{HeaderlessSealedCodec, SealedCodec},
    sealed::{HeaderlessKey, SealedCipher, SealedKey},
};

/// What stands in these files compiles and runs with the tests.
#[cfg(all(doctest, feature = "amora", feature = "sealed", feature = "pem"))]
mod compiled {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/cookbook.md")]
    struct Cookbook;
    #[doc = include_str!("../docs/from-jsonwebtoken.md")]
    struct FromJsonwebtoken;
}
