//! Sealed tokens behind [`TokenCodec`].

use super::{Body, Envelope, Format, RawToken, TokenCodec};
use crate::base::{KeyId, Limits};
use crate::error::Result;
use crate::keys::{Provenance, SharedKeyring};
use crate::sealed::{
    HeaderlessKey, SealedCipher, SealedKey, judge_headerless, open_headerless_into, open_into,
    recognize, recognize_headerless,
};

/// Sealed tokens with the master keys of a ring.
///
/// A token that names a `kid` is tried with the keys of that id alone; what one without gets,
/// [`KidPolicy`](crate::KidPolicy) says. What is written follows the hardware, AES-256-GCM where the
/// CPU computes it and XChaCha20-Poly1305 elsewhere, asked once when the codec is made; both are read
/// everywhere. The format carries no times and no types outside the payload: of a [`Body`] it takes
/// the payload, and it refuses a type other than `JWT` rather than lose it.
///
/// ```
/// use symbolon::sealed::{SealedCipher, SealedKey};
/// use symbolon::{Keyring, SealedCodec};
///
/// let old = SealedKey::generate()?.with_kid("2026-10")?;
/// let new = SealedKey::generate()?.with_kid("2026-11")?;
/// let codec = SealedCodec::new(Keyring::new(new).with_reader(old)?)
///     .cipher(SealedCipher::XChaCha20Poly1305); // what every machine of the fleet is quick at
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SealedCodec {
    keys: SharedKeyring<SealedKey>,
    cipher: SealedCipher,
    limits: Limits,
}

impl SealedCodec {
    /// A codec with a key, a ring, or a handle to a ring that is exchanged elsewhere.
    #[must_use]
    pub fn new(keys: impl Into<SharedKeyring<SealedKey>>) -> Self {
        Self { keys: keys.into(), cipher: SealedCipher::preferred(), limits: Limits::default() }
    }

    /// A codec with one master key without a name, of 32 bytes or more.
    ///
    /// # Errors
    /// [`WeakKey`](crate::ErrorKind::WeakKey) for fewer.
    pub fn from_master(master: impl AsRef<[u8]>) -> Result<Self> {
        Ok(Self::new(SealedKey::new(master)?))
    }

    /// What it writes with, whatever the hardware. It reads both still.
    #[must_use]
    pub const fn cipher(mut self, cipher: SealedCipher) -> Self {
        self.cipher = cipher;
        self
    }

    /// Bounds for the tokens it reads, in the place of [`Limits::default`].
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A handle to its keys.
    #[must_use]
    pub const fn keys(&self) -> &SharedKeyring<SealedKey> {
        &self.keys
    }
}

impl TokenCodec for SealedCodec {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        token.as_str().len() <= self.limits.max_token_len() && recognize(token.as_str())
    }

    fn provenance(&self) -> Provenance {
        Provenance::SharedKey
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        self.keys.peek().primary().ok().map(|key| (Format::Sealed, key.kid().cloned()))
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        body.refuse_special_typ()?;
        self.keys.peek().primary()?.seal_into(body.payload(), self.cipher, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        let ring = self.keys.peek();
        let (cipher, key) = open_into(token.as_str(), &self.limits, out, |kid| {
            ring.candidates(kid.map(KeyId::as_str), "", now)
        })?;
        Ok(Envelope::new(Format::Sealed, cipher.name(), Provenance::SharedKey)
            .with_kid(key.kid().cloned()))
    }

    fn keys_version(&self) -> Option<u64> {
        Some(self.keys.version())
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        self.keys.peek().due_until(now)
    }
}

/// Sealed tokens of the headerless layout, which other software writes.
///
/// The layout says neither which key nor which cipher it was made with, so each key of the ring (at
/// most 4) is tried with both ciphers, whatever the ring's policy; nothing but its length and
/// alphabet tells such a token from any other text. In an [`AnyOf`](crate::AnyOf) let it stand last,
/// and know that its tokens begin with random bytes: one in 32,768 has the shape of our own layout,
/// and one in 128 that of an Amora, and goes to that codec, which refuses it. Beside an
/// [`AmoraCodec`](crate::AmoraCodec) it is better served at a place of its own.
/// Payloads are JSON objects with `exp` by custom; any bytes are written and read here.
///
/// ```
/// use symbolon::{Clock, HeaderlessSealedCodec, RawToken, SystemClock, TokenCodec};
///
/// let codec = HeaderlessSealedCodec::from_master(b"32-byte-long-secret-key-123456789")?;
/// let token = RawToken::new(
///     "7q3niiJpw56StI4ghMevqomDeTjTfRnTwlgQYffsB2seqg9jrj2E1uddHqlHaPvXhIjbwL1nHon3eiA0Fww",
/// );
/// let mut payload = Vec::new();
/// codec.decode_into(&token, SystemClock.unix_timestamp(), &mut payload)?;
/// assert_eq!(payload, br#"{"exp":4102444800}"#);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HeaderlessSealedCodec {
    keys: SharedKeyring<HeaderlessKey>,
    cipher: SealedCipher,
    limits: Limits,
}

impl HeaderlessSealedCodec {
    /// A codec with a key, a ring, or a handle to a ring that is exchanged elsewhere.
    #[must_use]
    pub fn new(keys: impl Into<SharedKeyring<HeaderlessKey>>) -> Self {
        Self { keys: keys.into(), cipher: SealedCipher::preferred(), limits: Limits::default() }
    }

    /// A codec with one master key of 32 bytes or more.
    ///
    /// # Errors
    /// [`WeakKey`](crate::ErrorKind::WeakKey) for fewer.
    pub fn from_master(master: impl AsRef<[u8]>) -> Result<Self> {
        Ok(Self::new(HeaderlessKey::new(master)?))
    }

    /// What it writes with, whatever the hardware. It reads both still; other readers of this layout
    /// may read only the one that their own machine would write.
    #[must_use]
    pub const fn cipher(mut self, cipher: SealedCipher) -> Self {
        self.cipher = cipher;
        self
    }

    /// Bounds for the tokens it reads, in the place of [`Limits::default`].
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A handle to its keys.
    #[must_use]
    pub const fn keys(&self) -> &SharedKeyring<HeaderlessKey> {
        &self.keys
    }
}

impl TokenCodec for HeaderlessSealedCodec {
    /// Whether the text is base64url and long enough: all there is to see.
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        token.as_str().len() <= self.limits.max_token_len() && recognize_headerless(token.as_str())
    }

    fn provenance(&self) -> Provenance {
        Provenance::SharedKey
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        self.keys.peek().primary().ok().map(|key| (Format::SealedHeaderless, key.kid().cloned()))
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        body.refuse_special_typ()?;
        self.keys.peek().primary()?.seal_into(body.payload(), self.cipher, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        judge_headerless(token.as_str(), &self.limits)?;
        let ring = self.keys.peek();
        let keys = ring.candidates(None, "", now)?;
        let (cipher, key) = open_headerless_into(token.as_str(), keys, out)?;
        Ok(Envelope::new(Format::SealedHeaderless, cipher.name(), Provenance::SharedKey)
            .with_kid(key.kid().cloned()))
    }

    fn keys_version(&self) -> Option<u64> {
        Some(self.keys.version())
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        self.keys.peek().due_until(now)
    }
}
