//! Signed tokens of an issuer whose keys are fetched.

use std::fmt;
use std::sync::Arc;

use super::{Body, Envelope, JwsCodec, RawToken, Token, TokenCodec};
use crate::base::Limits;
use crate::error::{ErrorKind, Result};
use crate::keys::{Fetch, FetchAsync, JwksSource, Provenance};
use crate::signal;
use serde::de::DeserializeOwned;

/// Reads the signed tokens of one issuer, whose keys it has fetched when they are needed.
///
/// Verifying waits for a fetch only where there are no keys yet, those that are have outlived their
/// time, or a token names an unknown one; and then for a limited time. It writes no tokens.
///
/// With a [`Fetch`] it is a [`TokenCodec`] like any other; with a [`FetchAsync`] use
/// [`decode_async`](Self::decode_async).
///
/// ```
/// use std::sync::Arc;
/// use symbolon::{Fetch, JwksCodec, JwksSource};
///
/// fn codec<F: Fetch>(client: F) -> Result<JwksCodec<F>, symbolon::Error> {
///     let source = JwksSource::discover("https://accounts.example").build()?;
///     Ok(JwksCodec::new(source, Arc::new(client)))
/// }
/// ```
pub struct JwksCodec<F> {
    source: JwksSource,
    fetch: Arc<F>,
    tokens: JwsCodec,
}

impl<F> JwksCodec<F> {
    /// A codec with the keys of `source`, which `fetch` gets.
    #[must_use]
    pub fn new(source: JwksSource, fetch: Arc<F>) -> Self {
        let tokens = JwsCodec::new(source.keys());
        Self { source, fetch, tokens }
    }

    /// With other limits for tokens than the usual ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.tokens = self.tokens.limits(limits);
        self
    }

    /// Where its keys come from.
    #[must_use]
    pub const fn source(&self) -> &JwksSource {
        &self.source
    }

    /// Reads with the keys that there are, once those are `prepared`.
    fn read(
        &self,
        prepared: Result<bool>,
        token: &RawToken<'_>,
        now: i64,
        out: &mut Vec<u8>,
    ) -> Result<Read> {
        let (seen, start) = (self.source.generation(), out.len());
        let at_once = matches!(prepared, Ok(true));
        let read = prepared.and_then(|_| self.tokens.decode_into(token, now, out));
        let unknown = matches!(&read, Err(error) if error.kind() == ErrorKind::UnknownKey);
        signal::keys_looked_up(at_once && !unknown);
        if unknown {
            out.truncate(start);
            return Ok(Read::Unknown { seen });
        }
        read.map(Read::Authentic)
    }
}

enum Read {
    Authentic(Envelope),
    /// No key fits of those that were there when `seen` was.
    Unknown {
        seen: u64,
    },
}

impl<F: FetchAsync> JwksCodec<F> {
    /// The authentic token behind `token`, to be validated.
    ///
    /// Dropped before its end, it leaves what it was fetching to the next caller. Waiting for
    /// another caller's fetch lasts as long as that one's client lets it.
    ///
    /// # Errors
    /// As [`TokenCodecExt::decode`](super::TokenCodecExt::decode); and
    /// [`KeysUnavailable`](ErrorKind::KeysUnavailable) where the issuer's keys cannot be had.
    pub async fn decode_async<C: DeserializeOwned>(&self, token: &str) -> Result<Token<C>> {
        let raw = RawToken::new(token);
        let mut payload = Vec::new();
        let shaped = self.tokens.recognizes(&raw);
        let prepared = if shaped { self.source.prepare_async(&*self.fetch).await } else { Ok(true) };
        let envelope = match self.read(prepared, &raw, self.source.unix_timestamp(), &mut payload)? {
            Read::Authentic(envelope) => envelope,
            Read::Unknown { seen } => {
                if !self.source.seek_async(&*self.fetch, seen).await? {
                    return Err(ErrorKind::UnknownKey.into());
                }
                self.tokens.decode_into(&raw, self.source.unix_timestamp(), &mut payload)?
            }
        };
        Token::new(envelope, payload)
    }
}

impl<F: Fetch + 'static> TokenCodec for JwksCodec<F> {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        self.tokens.recognizes(token)
    }

    /// Always the issuer: no key is taken that others have as well.
    fn provenance(&self) -> Provenance {
        Provenance::Signed
    }

    /// Always [`NoKey`](ErrorKind::NoKey): the keys are another's.
    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        self.tokens.encode_into(body, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        // For what is no token nothing is fetched.
        let shaped = self.tokens.recognizes(token);
        let prepared = if shaped { self.source.prepare(&self.fetch) } else { Ok(true) };
        match self.read(prepared, token, now, out)? {
            Read::Authentic(envelope) => Ok(envelope),
            Read::Unknown { seen } => {
                if !self.source.seek(&*self.fetch, seen)? {
                    return Err(ErrorKind::UnknownKey.into());
                }
                self.tokens.decode_into(token, now, out)
            }
        }
    }

    /// None while the keys are to be fetched anew: each token is verified then, which sees to it.
    fn keys_version(&self) -> Option<u64> {
        if self.source.is_calm() { self.tokens.keys_version() } else { None }
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        self.tokens.keys_due_until(now)
    }
}

impl<F> Clone for JwksCodec<F> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), fetch: Arc::clone(&self.fetch), tokens: self.tokens.clone() }
    }
}

impl<F> fmt::Debug for JwksCodec<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCodec").field("source", &self.source).finish_non_exhaustive()
    }
}
