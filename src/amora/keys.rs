//! Keys of Amora: one type writes, one reads.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::wire::{self, AmoraVersion, Metadata, PUBLIC_LEN, RANDOM_LEN, Times};
use super::{hex, one, zero};
use crate::base::{KeyId, Limits, Scratch, base64url, leaving_no_trace};
use crate::crypto::x25519::X25519Secret;
use crate::crypto::xchacha::XChaChaKey;
use crate::crypto::{Failed, rand};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{Provenance, RingKey, WritingKey};

/// A key that writes Amora tokens: a shared key (zero) or a recipient's public key (one).
///
/// Clones share the prepared key.
///
/// ```
/// use symbolon::amora::{AmoraOpener, AmoraSealer};
/// use time::OffsetDateTime;
///
/// let recipient = AmoraOpener::generate_one()?;
/// let public = recipient.public_key().unwrap_or_default(); // what a sender is given
///
/// let now = OffsetDateTime::now_utc();
/// let token = AmoraSealer::one(&public)?.seal(b"any bytes", 1800, now)?;
/// assert_eq!(recipient.open(&token, now)?.payload(), b"any bytes");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct AmoraSealer {
    kid: Option<KeyId>,
    key: SealingKey,
}

#[derive(Clone)]
enum SealingKey {
    Zero(Arc<XChaChaKey>),
    One {
        public: [u8; PUBLIC_LEN],
        /// There if the sealer came from its opener.
        secret: Option<Arc<X25519Secret>>,
    },
}

impl AmoraSealer {
    /// Writes Amora zero with the shared `key`: 32 bytes of a cryptographic generator.
    #[must_use]
    pub fn zero(key: &[u8; 32]) -> Self {
        AmoraOpener::zero(key).sealer()
    }

    /// Writes Amora zero with the shared key that the 64 hexadecimal digits (of any case) spell.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for any other text.
    pub fn zero_from_hex(digits: &str) -> Result<Self> {
        Ok(Self::zero(&**hex::key(digits)?))
    }

    /// Writes Amora one to whoever has the secret of the X25519 key `public`.
    ///
    /// Such a token says nothing about who wrote it: everybody may know the public key.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for the points of small order, with which every
    /// agreement is zero.
    pub fn one(public: &[u8; 32]) -> Result<Self> {
        if one::is_of_small_order(public) {
            return Err(Error::new(
                ErrorKind::InvalidKey,
                "the X25519 public key is a point of small order",
            ));
        }
        Ok(Self { kid: None, key: SealingKey::One { public: *public, secret: None } })
    }

    /// Writes Amora one to the public key that the 64 hexadecimal digits (of any case) spell.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for any other text, and as [`one`](Self::one).
    pub fn one_from_hex(digits: &str) -> Result<Self> {
        Self::one(&**hex::key(digits)?)
    }

    /// The same key under the name `kid`.
    ///
    /// Amora has no place for the name; it serves to take the key out of a ring.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where the name has not 1 to 256 bytes.
    pub fn with_kid<K>(mut self, kid: K) -> Result<Self>
    where
        K: TryInto<KeyId>,
        Error: From<K::Error>,
    {
        self.kid = Some(kid.try_into()?);
        Ok(self)
    }

    /// Its identifier, which stands in no token.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// Which Amora it writes.
    #[must_use]
    pub const fn version(&self) -> AmoraVersion {
        match self.key {
            SealingKey::Zero(_) => AmoraVersion::Zero,
            SealingKey::One { .. } => AmoraVersion::One,
        }
    }

    /// The token of `payload`, issued at `now` and good for `ttl` seconds, the last one included.
    ///
    /// # Errors
    /// [`InvalidLifetime`](ErrorKind::InvalidLifetime) for a `ttl` over
    /// [`MAX_TTL`](super::MAX_TTL) (16,777,215 seconds) or a `now` outside the years 1970 to 2106;
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    ///
    /// ```
    /// use symbolon::ErrorKind;
    /// use symbolon::amora::AmoraSealer;
    /// use time::OffsetDateTime;
    ///
    /// let now = OffsetDateTime::now_utc();
    /// let too_long = AmoraSealer::zero(&[7; 32]).seal(b"", 16_777_216, now).unwrap_err();
    /// assert_eq!(too_long.kind(), ErrorKind::InvalidLifetime);
    /// ```
    pub fn seal(&self, payload: &[u8], ttl: u32, now: time::OffsetDateTime) -> Result<String> {
        let times = Times::new(now.unix_timestamp(), ttl)?;
        let mut token = String::new();
        self.seal_into(payload, times, &mut token)?;
        Ok(token)
    }

    /// Appends the token to `out`.
    pub(crate) fn seal_into(&self, payload: &[u8], times: Times, out: &mut String) -> Result<()> {
        let mut random = Zeroizing::new([0; one::SECRET_AND_RANDOM_LEN]);
        let taken = match &self.key {
            // Up to 32 bytes cost Linux half of what more do.
            SealingKey::Zero(_) => random.get_mut(..RANDOM_LEN),
            SealingKey::One { .. } => Some(&mut random[..]),
        };
        rand::fill(taken.ok_or(ErrorKind::Randomness)?).map_err(|_| ErrorKind::Randomness)?;
        self.seal_with_random(payload, times, &random, out)
    }

    /// The same with given randomness, of which zero takes the first 20 bytes as its nonce's. Only
    /// tests may give bytes that were not just drawn: a nonce used twice gives both payloads away.
    pub(super) fn seal_with_random(
        &self,
        payload: &[u8],
        times: Times,
        random: &Zeroizing<[u8; one::SECRET_AND_RANDOM_LEN]>,
        out: &mut String,
    ) -> Result<()> {
        let mut bytes = Scratch::new();
        let sealed = match &self.key {
            SealingKey::Zero(key) => random
                .first_chunk::<RANDOM_LEN>()
                .ok_or(Failed)
                .and_then(|random| zero::seal(key, times, random, payload, &mut bytes)),
            SealingKey::One { public, .. } => one::seal(public, times, random, payload, &mut bytes),
        };
        // The public key was checked and no payload in memory is too long for the cipher.
        sealed.map_err(|_| Error::new(ErrorKind::Signing, "encryption failed"))?;
        base64url::encode_into(&*bytes, out);
        Ok(())
    }

    /// Who can write tokens that this key's reader accepts.
    pub(crate) const fn provenance(&self) -> Provenance {
        provenance(self.version())
    }
}

impl RingKey for AmoraSealer {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn alg(&self) -> &'static str {
        self.version().name()
    }

    fn is_named_in_tokens(&self) -> bool {
        false
    }
}

impl WritingKey for AmoraSealer {
    type Reader = AmoraOpener;

    /// None for a sealer that was made of a public key alone.
    fn reader(&self) -> Option<AmoraOpener> {
        let key = match &self.key {
            SealingKey::Zero(key) => OpeningKey::Zero(Arc::clone(key)),
            SealingKey::One { secret, .. } => OpeningKey::One(secret.clone()?),
        };
        Some(AmoraOpener { kid: self.kid.clone(), key })
    }
}

impl fmt::Debug for AmoraSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmoraSealer")
            .field("version", &self.version())
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A key that reads Amora tokens: a shared key (zero) or an X25519 secret key (one).
///
/// It reads tokens of its own version alone. Clones share the prepared key.
///
/// ```
/// use symbolon::amora::AmoraOpener;
/// use time::OffsetDateTime;
///
/// let opener = AmoraOpener::zero_from_hex(
///     "4f9970662facd37dc36c0fd1dad07eaa047c2854583c920f524b2b01d840831a",
/// )?;
/// let token = "oAEAAE_X6GVaC7xve5xaaAaLiW1YPqHX9I1BNGbKnC7ArMke4GEU9MXCgU2U5jYAkJhDXQBqsO5tadCKyXZm\
///              I3mV-bpDFr1aQc1U";
///
/// // Good for one second, in March 2024.
/// assert!(opener.open(token, OffsetDateTime::now_utc()).unwrap_err().is_expired());
/// let contents = opener.danger_open_expired(token)?;
/// assert_eq!(contents.payload(), b"sample_payload_just_for_testing");
/// assert_eq!(contents.metadata().issued_at().unix_timestamp(), 1_709_758_287);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct AmoraOpener {
    kid: Option<KeyId>,
    key: OpeningKey,
}

#[derive(Clone)]
enum OpeningKey {
    Zero(Arc<XChaChaKey>),
    One(Arc<X25519Secret>),
}

impl AmoraOpener {
    /// Reads Amora zero with the shared `key`.
    #[must_use]
    pub fn zero(key: &[u8; 32]) -> Self {
        Self { kid: None, key: OpeningKey::Zero(leaving_no_trace(|| Arc::new(XChaChaKey::new(key)))) }
    }

    /// Reads Amora zero with the shared key that the 64 hexadecimal digits (of any case) spell.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for any other text.
    pub fn zero_from_hex(digits: &str) -> Result<Self> {
        Ok(Self::zero(&**hex::key(digits)?))
    }

    /// Reads Amora one with the X25519 `secret` key; any 32 bytes of a cryptographic generator are
    /// one.
    #[must_use]
    pub fn one(secret: &[u8; 32]) -> Self {
        Self {
            kid: None,
            key: OpeningKey::One(leaving_no_trace(|| Arc::new(X25519Secret::from_bytes(secret)))),
        }
    }

    /// Reads Amora one with the secret key that the 64 hexadecimal digits (of any case) spell.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for any other text.
    pub fn one_from_hex(digits: &str) -> Result<Self> {
        Ok(Self::one(&**hex::key(digits)?))
    }

    /// A fresh shared key, gone when the process ends: for tests, and for tokens that need not
    /// outlive it.
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn generate_zero() -> Result<Self> {
        Ok(Self::zero(&**random_key()?))
    }

    /// A fresh secret key, gone when the process ends. To keep one, make an [`AmoraKeyPair`].
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn generate_one() -> Result<Self> {
        Ok(Self::one(&**random_key()?))
    }

    /// The same key under the name `kid`.
    ///
    /// Amora has no place for the name; it serves to take the key out of a ring.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where the name has not 1 to 256 bytes.
    pub fn with_kid<K>(mut self, kid: K) -> Result<Self>
    where
        K: TryInto<KeyId>,
        Error: From<K::Error>,
    {
        self.kid = Some(kid.try_into()?);
        Ok(self)
    }

    /// Its identifier, which stands in no token.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// Which Amora it reads.
    #[must_use]
    pub const fn version(&self) -> AmoraVersion {
        match self.key {
            OpeningKey::Zero(_) => AmoraVersion::Zero,
            OpeningKey::One(_) => AmoraVersion::One,
        }
    }

    /// What others need to write to it; none for a shared key, which has no public half.
    #[must_use]
    pub fn public_key(&self) -> Option<[u8; 32]> {
        match &self.key {
            OpeningKey::Zero(_) => None,
            OpeningKey::One(secret) => Some(secret.public()),
        }
    }

    /// The key that writes what this one reads.
    ///
    /// It knows this one, so a ring made of it reads as well. A sealer that holds no secret is
    /// [`AmoraSealer::one`] of the [`public_key`](Self::public_key).
    #[must_use]
    pub fn sealer(&self) -> AmoraSealer {
        let key = match &self.key {
            OpeningKey::Zero(key) => SealingKey::Zero(Arc::clone(key)),
            OpeningKey::One(secret) => {
                SealingKey::One { public: secret.public(), secret: Some(Arc::clone(secret)) }
            }
        };
        AmoraSealer { kid: self.kid.clone(), key }
    }

    /// The contents of an authentic token that is good at `now`.
    ///
    /// The tag is checked first; the times that a forged token names are never judged.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) over 1 MiB of text; [`UnknownFormat`](ErrorKind::UnknownFormat)
    /// or [`Malformed`](ErrorKind::Malformed) for what is no Amora;
    /// [`UnknownKey`](ErrorKind::UnknownKey) for one of the other version;
    /// [`Unauthentic`](ErrorKind::Unauthentic); [`Expired`](ErrorKind::Expired) after the second
    /// TGT + TTL; [`NotYetValid`](ErrorKind::NotYetValid) where its issue time lies more than 60
    /// seconds ahead of `now`.
    pub fn open(&self, token: &str, now: time::OffsetDateTime) -> Result<Contents> {
        let contents = self.danger_open_expired(token)?;
        let now = now.unix_timestamp();
        if now >= contents.metadata.expires_at_unix() {
            return Err(ErrorKind::Expired.into());
        }
        if contents.metadata.issued_at_unix() > now.saturating_add(ISSUED_AHEAD) {
            return Err(ErrorKind::NotYetValid.into());
        }
        Ok(contents)
    }

    /// The contents of an authentic token, whatever its times: **it may have expired years ago**.
    ///
    /// For migrations and forensics. The caller judges the [`Metadata`] of what is returned.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for the times.
    pub fn danger_open_expired(&self, token: &str) -> Result<Contents> {
        let version = wire::judge(token, &Limits::default())?;
        if version != self.version() {
            return Err(ErrorKind::UnknownKey.into());
        }
        let mut payload = Vec::new();
        let (metadata, _) = open_into(token, version, std::iter::once(self), &mut payload)?;
        Ok(Contents { metadata, payload })
    }

    /// Who can write tokens that this key accepts.
    pub(crate) const fn provenance(&self) -> Provenance {
        provenance(self.version())
    }
}

/// How far, in seconds, a sender's clock may run ahead of ours.
const ISSUED_AHEAD: i64 = 60;

const fn provenance(version: AmoraVersion) -> Provenance {
    match version {
        AmoraVersion::Zero => Provenance::SharedKey,
        AmoraVersion::One => Provenance::Anyone,
    }
}

impl RingKey for AmoraOpener {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn alg(&self) -> &'static str {
        self.version().name()
    }

    fn is_named_in_tokens(&self) -> bool {
        false
    }
}

impl fmt::Debug for AmoraOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmoraOpener")
            .field("version", &self.version())
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Appends the payload of `token`, which was judged to be of `version`, to `out`: with the first of
/// `keys` that opens it. On failure `out` is as long as it was and nothing secret stands behind.
pub(crate) fn open_into<'k>(
    token: &str,
    version: AmoraVersion,
    keys: impl Iterator<Item = &'k AmoraOpener>,
    out: &mut Vec<u8>,
) -> Result<(Metadata, &'k AmoraOpener)> {
    let start = out.len();
    for key in keys {
        // Decoded anew for each key: a failed one leaves zeros. There is one key but for rotations.
        if base64url::decode_into(token, out).is_err() {
            out.truncate(start);
            return Err(ErrorKind::Malformed.into());
        }
        let bytes = out.get_mut(start..).unwrap_or_default();
        let opened = match &key.key {
            OpeningKey::Zero(key) => zero::open(key, bytes),
            OpeningKey::One(secret) => one::open(secret, bytes),
        };
        if let Ok(metadata) = opened {
            out.truncate(out.len().saturating_sub(wire::TAG_LEN));
            out.drain(start..start.saturating_add(version.prefix_len()));
            return Ok((metadata, key));
        }
        out.truncate(start);
    }
    Err(ErrorKind::Unauthentic.into())
}

/// What an authentic token holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    metadata: Metadata,
    payload: Vec<u8>,
}

impl Contents {
    /// Its version and times, which are authentic.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Its payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Its payload, without a copy.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

/// The two halves of a key for Amora one, to be written down.
///
/// The secret half is wiped when dropped and is not printed by `Debug`.
///
/// ```
/// use symbolon::amora::AmoraKeyPair;
///
/// let pair = AmoraKeyPair::generate()?;
/// // `pair.secret()` goes to a secret store, `pair.public()` to whoever shall write to it.
/// assert_eq!(pair.opener().public_key(), Some(*pair.public()));
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct AmoraKeyPair {
    secret: Box<Zeroizing<[u8; 32]>>,
    public: [u8; PUBLIC_LEN],
}

impl AmoraKeyPair {
    /// A fresh pair.
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn generate() -> Result<Self> {
        let secret = random_key()?;
        let public = leaving_no_trace(|| X25519Secret::from_bytes(&secret).public());
        Ok(Self { secret, public })
    }

    /// The secret half: it reads.
    #[must_use]
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The public half: it writes.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The key that reads, whose [`sealer`](AmoraOpener::sealer) writes.
    #[must_use]
    pub fn opener(&self) -> AmoraOpener {
        AmoraOpener::one(&self.secret)
    }
}

impl fmt::Debug for AmoraKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AmoraKeyPair([secret])")
    }
}

/// In a box, which is moved without its bytes.
fn random_key() -> Result<Box<Zeroizing<[u8; 32]>>> {
    let mut key = Box::new(Zeroizing::new([0; 32]));
    rand::fill(&mut **key).map_err(|_| ErrorKind::Randomness)?;
    Ok(key)
}
