//! One trait for every token format, and its adapters.

#[cfg(feature = "amora")]
mod amora;
mod any_of;
mod body;
mod cached;
mod envelope;
mod ext;
mod issuers;
#[cfg(feature = "jwe")]
mod jwe;
mod jwks;
mod jws;
mod nested;
mod refresh;
#[cfg(feature = "sealed")]
mod sealed;
mod token;
mod tokens;

#[cfg(feature = "amora")]
pub use amora::AmoraCodec;
pub use any_of::AnyOf;
pub use body::Body;
pub use cached::Cached;
pub use envelope::{Envelope, Format};
pub use ext::TokenCodecExt;
pub use issuers::Issuers;
#[cfg(feature = "jwe")]
pub use jwe::JweCodec;
pub use jwks::JwksCodec;
pub use jws::{Draft, JwsCodec};
pub use nested::Nested;
pub use refresh::{RefreshTokens, RefreshTokensBuilder, Renewed};
#[cfg(feature = "sealed")]
pub use sealed::{HeaderlessSealedCodec, SealedCodec};
pub use token::{Opened, RawToken, Token, Verified};
pub use tokens::{Tokens, TokensBuilder};

use crate::base::KeyId;
use crate::error::Result;
use crate::keys::Provenance;

/// A token format with its keys: bytes in, token out, and back.
///
/// The trait is object-safe (`Box<dyn TokenCodec>`), works through `&T`, `Box<T>` and `Arc<T>`, and
/// is open: implement it for a format of one's own, and [`Tokens`](crate::Tokens) and
/// [`AnyOf`](crate::AnyOf) take it like ours. Typed claims come with [`TokenCodecExt`].
///
/// A codec authenticates. Whether an authentic token is accepted (its expiry, its audience) is for a
/// [`Validator`](crate::Validator) to say, which is why what [`decode`](TokenCodecExt::decode)
/// returns must still be validated.
pub trait TokenCodec: Send + Sync {
    /// Whether the text has this format's shape: no cryptography, no allocation, and never a reason
    /// to trust it.
    fn recognizes(&self, token: &RawToken<'_>) -> bool;

    /// Who could have minted what this codec accepts.
    fn provenance(&self) -> Provenance;

    /// The format and the key that a token would be written with now: for logs, which may be told
    /// none.
    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        None
    }

    /// Appends the token of `body` to `out`.
    ///
    /// # Errors
    /// Where the ring has no key that writes, the format cannot carry the lifetime, or the system
    /// gives no randomness. `out` may then have grown.
    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()>;

    /// Authenticates `token` at the moment `now` (Unix seconds) and appends its payload to `out`.
    ///
    /// `now` decides which keys are due; the token's own times are reported in the [`Envelope`], not
    /// judged.
    ///
    /// # Errors
    /// Where the token is malformed, too large, of no known key or not authentic. `out` then holds
    /// nothing that can be trusted.
    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope>;

    /// A number that changes whenever the keys that read are exchanged: what was verified under
    /// another one may no longer be. [`Cached`] remembers no token of a codec that has none, which
    /// is what a codec of one's own says unless it says otherwise.
    fn keys_version(&self) -> Option<u64> {
        None
    }

    /// The last moment at which all keys that are due at `now` are still due, both in Unix seconds;
    /// none where there is no such end.
    fn keys_due_until(&self, now: i64) -> Option<i64> {
        let _ = now;
        None
    }
}

macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<T: TokenCodec + ?Sized> TokenCodec for $pointer {
            fn recognizes(&self, token: &RawToken<'_>) -> bool {
                (**self).recognizes(token)
            }

            fn provenance(&self) -> Provenance {
                (**self).provenance()
            }

            fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
                (**self).writes_with()
            }

            fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
                (**self).encode_into(body, out)
            }

            fn decode_into(
                &self,
                token: &RawToken<'_>,
                now: i64,
                out: &mut Vec<u8>,
            ) -> Result<Envelope> {
                (**self).decode_into(token, now, out)
            }

            fn keys_version(&self) -> Option<u64> {
                (**self).keys_version()
            }

            fn keys_due_until(&self, now: i64) -> Option<i64> {
                (**self).keys_due_until(now)
            }
        }
    )*};
}

through!(&T, Box<T>, std::sync::Arc<T>);
