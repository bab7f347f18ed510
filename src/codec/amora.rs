//! Amora behind [`TokenCodec`].

use super::{Body, Envelope, Format, RawToken, TokenCodec};
use crate::amora::{AmoraOpener, AmoraSealer, AmoraVersion, Times, judge, open_into, recognize};
use crate::base::{KeyId, Limits};
use crate::error::Result;
use crate::keys::{Keyring, Provenance, SharedKeyring};

/// Amora tokens, zero and one, with the keys of a ring.
///
/// The token's first byte picks the keys of its version. Since the format has no `kid`, each of them
/// is tried, at most 4; the ring refuses more. A ring may hold keys of both versions.
///
/// The format carries an issue time and a lifetime, so a [`Body`] must have both; types have no place
/// in it, and one other than `JWT` is refused rather than lost. The TTL on the wire is the span between
/// the two, at most 16,777,215 seconds: a little over 194 days. As in amora-rs, the second in which it
/// ends is the last good one.
///
/// # Security
/// Who can write Amora one? Anyone who has the public key: see [`Provenance::Anyone`].
///
/// ```
/// use symbolon::amora::AmoraOpener;
/// use symbolon::{AmoraCodec, Keyring, Provenance};
///
/// let old = AmoraOpener::generate_zero()?;
/// let new = AmoraOpener::generate_zero()?;
/// let codec = AmoraCodec::new(Keyring::new(new.sealer()).with_reader(old)?);
/// # use symbolon::TokenCodec as _;
/// assert_eq!(codec.provenance(), Provenance::SharedKey);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AmoraCodec {
    keys: SharedKeyring<AmoraSealer>,
    limits: Limits,
}

impl AmoraCodec {
    /// A codec with a key, a ring, or a handle to a ring that is exchanged elsewhere.
    #[must_use]
    pub fn new(keys: impl Into<SharedKeyring<AmoraSealer>>) -> Self {
        Self { keys: keys.into(), limits: Limits::default() }
    }

    /// Writes and reads Amora zero with one shared key.
    #[must_use]
    pub fn zero(key: &[u8; 32]) -> Self {
        Self::new(AmoraSealer::zero(key))
    }

    /// Writes and reads Amora one with one X25519 secret key.
    #[must_use]
    pub fn one(secret: &[u8; 32]) -> Self {
        Self::new(AmoraOpener::one(secret).sealer())
    }

    /// Writes Amora one to an X25519 public key, and reads nothing.
    ///
    /// # Errors
    /// [`InvalidKey`](crate::ErrorKind::InvalidKey) for the points of small order.
    pub fn one_sealing(public: &[u8; 32]) -> Result<Self> {
        Ok(Self::new(AmoraSealer::one(public)?))
    }

    /// Bounds for the tokens it reads, in the place of [`Limits::default`].
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A handle to its keys.
    #[must_use]
    pub const fn keys(&self) -> &SharedKeyring<AmoraSealer> {
        &self.keys
    }
}

/// The weakest of the keys that read; of a ring that reads nothing yet, what its primary writes.
fn weakest(ring: &Keyring<AmoraSealer>) -> Provenance {
    let readers = ring.readers().map(AmoraOpener::provenance).min();
    // A ring that is still empty may come to hold any key: promise nothing.
    let writer = || ring.primary().map_or(Provenance::Anyone, AmoraSealer::provenance);
    readers.unwrap_or_else(writer)
}

impl TokenCodec for AmoraCodec {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        token.as_str().len() <= self.limits.max_token_len() && recognize(token.as_str()).is_some()
    }

    /// [`Anyone`](Provenance::Anyone) as soon as one key of the ring reads Amora one, and while the
    /// ring is empty; it follows a ring that is exchanged. The [`Envelope`] of a token is exact.
    fn provenance(&self) -> Provenance {
        weakest(&self.keys.peek())
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        let ring = self.keys.peek();
        let key = ring.primary().ok()?;
        let format = match key.provenance() {
            Provenance::Anyone => Format::AmoraOne,
            Provenance::SharedKey | Provenance::Signed => Format::AmoraZero,
        };
        Some((format, key.kid().cloned()))
    }

    /// As of the trait.
    ///
    /// # Errors
    /// [`InvalidLifetime`](crate::ErrorKind::InvalidLifetime) where the body lacks its issue time or
    /// expiry, or the wire cannot hold them; [`NoKey`](crate::ErrorKind::NoKey) where the ring only
    /// reads; [`Randomness`](crate::ErrorKind::Randomness) where the system gives none.
    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        body.refuse_special_typ()?;
        let times = Times::between(body.issued_at_unix(), body.expires_at_unix())?;
        self.keys.peek().primary()?.seal_into(body.payload(), times, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        let version = judge(token.as_str(), &self.limits)?;
        let ring = self.keys.peek();
        let keys = ring.candidates(None, version.name(), now)?;
        let (metadata, key) = open_into(token.as_str(), version, keys, out)?;
        let format = match version {
            AmoraVersion::Zero => Format::AmoraZero,
            AmoraVersion::One => Format::AmoraOne,
        };
        Ok(Envelope {
            kid: key.kid().cloned(),
            issued_at: Some(metadata.issued_at_unix()),
            expires_at: Some(metadata.expires_at_unix()),
            ..Envelope::new(format, version.name(), key.provenance())
        })
    }

    fn keys_version(&self) -> Option<u64> {
        Some(self.keys.version())
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        self.keys.peek().due_until(now)
    }
}
