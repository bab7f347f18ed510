//! Master keys of sealed tokens: one type for our layout, one for the headerless.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::cipher::SealedCipher;
use super::derive::{self, Extracted};
use super::wire::{
    HEADERLESS_SALT_LEN, Parts, SALT_LEN, Said, TAG_LEN, header, judge, judge_headerless, prefix_len,
};
use crate::base::{KeyId, Limits, Scratch, SecretBytes, base64url, leaving_no_trace};
use crate::crypto::{Failed, rand};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{RingKey, WritingKey};

/// The fewest bytes that a master key has.
const MIN_MASTER_LEN: usize = 32;

fn check(master: &[u8]) -> Result<()> {
    if master.len() < MIN_MASTER_LEN {
        return Err(Error::new(ErrorKind::WeakKey, "a master key has 32 bytes or more"));
    }
    Ok(())
}

fn encryption(_: Failed) -> Error {
    // No payload that fits into memory is too long for the ciphers.
    Error::new(ErrorKind::Signing, "encryption failed")
}

/// A master key that writes and reads sealed tokens.
///
/// Each token is encrypted with a key of its own, derived from this one; one master key serves for
/// 2^64 tokens. Clones share the prepared key.
///
/// ```
/// use symbolon::sealed::{SealedCipher, SealedKey};
///
/// let key = SealedKey::generate()?.with_kid("2026-11")?;
/// let token = key.seal(b"any bytes", SealedCipher::preferred())?;
/// assert_eq!(key.open(&token)?, b"any bytes");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct SealedKey {
    kid: Option<KeyId>,
    extracted: Arc<Extracted>,
}

impl SealedKey {
    /// Takes 32 bytes or more of a cryptographic generator. A password is none, however long.
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) for fewer.
    ///
    /// ```
    /// use symbolon::ErrorKind;
    /// use symbolon::sealed::SealedKey;
    ///
    /// let error = SealedKey::new(b"too short").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::WeakKey);
    /// ```
    pub fn new(master: impl AsRef<[u8]>) -> Result<Self> {
        check(master.as_ref())?;
        Ok(Self { kid: None, extracted: leaving_no_trace(|| Arc::new(Extracted::new(master.as_ref()))) })
    }

    /// A fresh key, gone when the process ends: for tests, and for tokens that need not outlive it.
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn generate() -> Result<Self> {
        let mut master = Zeroizing::new([0; MIN_MASTER_LEN]);
        rand::fill(&mut *master).map_err(|_| ErrorKind::Randomness)?;
        Self::new(master.as_slice())
    }

    /// The same key under the name `kid`, which stands in its tokens for everybody to read.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where the name has not 1 to 255 bytes.
    pub fn with_kid<K>(mut self, kid: K) -> Result<Self>
    where
        K: TryInto<KeyId>,
        Error: From<K::Error>,
    {
        let kid = kid.try_into()?;
        // The length has one byte on the wire.
        header(SealedCipher::Aes256Gcm, Some(&kid))?;
        self.kid = Some(kid);
        Ok(self)
    }

    /// Its identifier.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The token of `payload`, encrypted with `cipher`.
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn seal(&self, payload: &[u8], cipher: SealedCipher) -> Result<String> {
        let mut token = String::new();
        self.seal_into(payload, cipher, &mut token)?;
        Ok(token)
    }

    /// The payload of an authentic token that names this key, or no key, in either cipher.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) over 1 MiB of text; [`UnknownFormat`](ErrorKind::UnknownFormat)
    /// or [`Malformed`](ErrorKind::Malformed) for what is no sealed token;
    /// [`UnsupportedHeader`](ErrorKind::UnsupportedHeader) for an unknown cipher;
    /// [`UnknownKey`](ErrorKind::UnknownKey) for the `kid` of another key;
    /// [`Unauthentic`](ErrorKind::Unauthentic).
    pub fn open(&self, token: &str) -> Result<Vec<u8>> {
        let mut payload = Vec::new();
        open_into(token, &Limits::default(), &mut payload, |kid| match (kid, &self.kid) {
            (Some(named), Some(own)) if named != own => Err(ErrorKind::UnknownKey.into()),
            _ => Ok(std::iter::once(self)),
        })?;
        Ok(payload)
    }

    /// Appends the token to `out`.
    pub(crate) fn seal_into(
        &self,
        payload: &[u8],
        cipher: SealedCipher,
        out: &mut String,
    ) -> Result<()> {
        let mut salt = [0; SALT_LEN];
        rand::fill(&mut salt).map_err(|_| ErrorKind::Randomness)?;
        self.seal_with_salt(payload, cipher, &salt, out)
    }

    /// The same with a given salt. Only tests may give one that was not just drawn: a salt used
    /// twice gives both payloads away.
    pub(super) fn seal_with_salt(
        &self,
        payload: &[u8],
        cipher: SealedCipher,
        salt: &[u8; SALT_LEN],
        out: &mut String,
    ) -> Result<()> {
        let (fixed, kid) = header(cipher, self.kid.as_ref())?;
        let header_len = fixed.len().saturating_add(kid.len());
        let len = prefix_len(header_len).saturating_add(payload.len()).saturating_add(TAG_LEN);
        let mut bytes = Scratch::with_capacity(len);
        bytes.extend_between(fixed, kid, *salt, &[], []);
        let key = self.extracted.key(&bytes).map_err(encryption)?;
        let commitment = self.extracted.commitment(&bytes).map_err(encryption)?;
        bytes.extend_between(commitment, payload, [], &[], []);

        let tag = Parts::untagged(header_len, &mut bytes)
            .ok_or(Failed)
            .and_then(|parts| cipher.seal(&key, parts.salt, parts.aad, parts.text))
            .map_err(encryption)?;
        bytes.extend_between(tag, &[], [], &[], []);
        base64url::encode_into(&*bytes, out);
        Ok(())
    }
}

impl RingKey for SealedKey {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }
}

impl WritingKey for SealedKey {
    type Reader = Self;

    fn reader(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Appends the payload of `token` to `out`, with the key among those that `pick` names for the
/// token's kid which the token is committed to. On failure `out` is as long as it was and nothing
/// secret stands behind.
pub(crate) fn open_into<K, I>(
    token: &str,
    limits: &Limits,
    out: &mut Vec<u8>,
    pick: impl FnOnce(Option<&KeyId>) -> Result<I>,
) -> Result<(SealedCipher, K)>
where
    K: std::borrow::Borrow<SealedKey>,
    I: Iterator<Item = K>,
{
    judge(token, limits)?;
    let start = out.len();
    let opened = decode(token, out).and_then(|()| {
        let bytes = out.get_mut(start..).unwrap_or_default();
        let said = Said::read(bytes)?;
        let keys = pick(said.kid.as_ref())?;
        let key = open(&said, keys, bytes)?;
        Ok((said, key))
    });
    match opened {
        Ok((said, key)) => {
            out.truncate(out.len().saturating_sub(TAG_LEN));
            out.drain(start..start.saturating_add(prefix_len(said.header_len)));
            Ok((said.cipher, key))
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Decrypts the payload where it stands in `bytes`, a whole token.
fn open<K: std::borrow::Borrow<SealedKey>>(
    said: &Said,
    keys: impl Iterator<Item = K>,
    bytes: &mut [u8],
) -> Result<K> {
    let (parts, tag) = Parts::tagged(said.header_len, bytes).ok_or(ErrorKind::Malformed)?;
    for key in keys {
        let extracted = &key.borrow().extracted;
        if extracted.is_committed(parts.head, parts.commitment) {
            // No other key can be committed to as well.
            extracted
                .key(parts.head)
                .and_then(|key| said.cipher.open(&key, parts.salt, parts.aad, parts.text, tag))
                .map_err(|_| ErrorKind::Unauthentic)?;
            return Ok(key);
        }
    }
    Err(ErrorKind::Unauthentic.into())
}

fn decode(token: &str, out: &mut Vec<u8>) -> Result<()> {
    base64url::decode_into(token, out).map_err(|_| ErrorKind::Malformed.into())
}

/// A master key of tokens in the headerless layout.
///
/// That layout names neither its key nor its cipher and does not commit to its key: use it where
/// tokens of this kind exist already. Clones share the key.
///
/// ```
/// use symbolon::sealed::{HeaderlessKey, SealedCipher};
///
/// let key = HeaderlessKey::new(b"32-byte-long-secret-key-123456789")?;
/// let token = key.seal(br#"{"exp":4102444800}"#, SealedCipher::Aes256Gcm)?;
/// assert_eq!(key.open(&token)?, br#"{"exp":4102444800}"#);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct HeaderlessKey {
    kid: Option<KeyId>,
    master: Arc<SecretBytes>,
}

/// The longest salt and nonce, with which the bytes of a headerless token begin.
const HEADERLESS_RANDOM_LEN: usize = HEADERLESS_SALT_LEN + SALT_LEN;

impl HeaderlessKey {
    /// Takes 32 bytes or more of a cryptographic generator.
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) for fewer.
    pub fn new(master: impl AsRef<[u8]>) -> Result<Self> {
        check(master.as_ref())?;
        Ok(Self { kid: None, master: Arc::new(SecretBytes::from(master.as_ref())) })
    }

    /// The same key under the name `kid`.
    ///
    /// The layout has no place for the name; it serves to take the key out of a ring.
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

    /// The token of `payload`, encrypted with `cipher`. Other readers of the layout expect a JSON
    /// object with `exp`.
    ///
    /// # Errors
    /// [`Randomness`](ErrorKind::Randomness) where the system gives none.
    pub fn seal(&self, payload: &[u8], cipher: SealedCipher) -> Result<String> {
        let mut token = String::new();
        self.seal_into(payload, cipher, &mut token)?;
        Ok(token)
    }

    /// The payload of an authentic token, in either cipher.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) over 1 MiB of text; [`Malformed`](ErrorKind::Malformed) for
    /// what is not base64url of 44 bytes or more; [`Unauthentic`](ErrorKind::Unauthentic).
    pub fn open(&self, token: &str) -> Result<Vec<u8>> {
        judge_headerless(token, &Limits::default())?;
        let mut payload = Vec::new();
        open_headerless_into(token, std::iter::once(self), &mut payload)?;
        Ok(payload)
    }

    /// Appends the token to `out`.
    pub(crate) fn seal_into(
        &self,
        payload: &[u8],
        cipher: SealedCipher,
        out: &mut String,
    ) -> Result<()> {
        let mut random = [0; HEADERLESS_RANDOM_LEN];
        rand::fill(&mut random).map_err(|_| ErrorKind::Randomness)?;
        self.seal_with_random(payload, cipher, &random, out)
    }

    /// The same with given salt and nonce, of which a shorter nonce takes the first bytes. Only
    /// tests may give any that were not just drawn.
    pub(super) fn seal_with_random(
        &self,
        payload: &[u8],
        cipher: SealedCipher,
        random: &[u8; HEADERLESS_RANDOM_LEN],
        out: &mut String,
    ) -> Result<()> {
        let (salt, nonce) = random
            .split_first_chunk()
            .and_then(|(salt, nonce)| Some((salt, nonce.get(..cipher.nonce_len())?)))
            .ok_or_else(|| encryption(Failed))?;
        let prefix_len = HEADERLESS_SALT_LEN.saturating_add(cipher.nonce_len());
        let len = prefix_len.saturating_add(payload.len()).saturating_add(TAG_LEN);
        let mut bytes = Scratch::with_capacity(len);
        bytes.extend_from_slice(salt);
        bytes.extend_from_slice(nonce);
        bytes.extend_from_slice(payload);
        let text = bytes.get_mut(prefix_len..).unwrap_or_default();
        let tag = derive::headerless(&self.master, salt)
            .and_then(|key| cipher.seal(&key, nonce, &[], text))
            .map_err(encryption)?;
        bytes.extend_from_slice(&tag);
        base64url::encode_into(&*bytes, out);
        Ok(())
    }
}

impl RingKey for HeaderlessKey {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn is_named_in_tokens(&self) -> bool {
        false
    }
}

impl WritingKey for HeaderlessKey {
    type Reader = Self;

    fn reader(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl fmt::Debug for HeaderlessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderlessKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Appends the payload of `token`, which was judged, to `out`: with the first of `keys` and the
/// first of both ciphers that opens it. On failure `out` is as long as it was and nothing secret
/// stands behind.
pub(crate) fn open_headerless_into<'k>(
    token: &str,
    keys: impl Iterator<Item = &'k HeaderlessKey>,
    out: &mut Vec<u8>,
) -> Result<(SealedCipher, &'k HeaderlessKey)> {
    let start = out.len();
    if let Err(error) = decode(token, out) {
        out.truncate(start);
        return Err(error);
    }
    let mut is_fresh = true;
    for key in keys {
        let Some(salt) = out.get(start..).and_then(|bytes| bytes.first_chunk()) else { break };
        // Salts stand in front of what a failed try has zeroed.
        let Ok(derived) = derive::headerless(&key.master, salt) else { break };
        for cipher in [SealedCipher::Aes256Gcm, SealedCipher::XChaCha20Poly1305] {
            if !is_fresh {
                out.truncate(start);
                if decode(token, out).is_err() {
                    break;
                }
            }
            is_fresh = false;
            let bytes = out.get_mut(start..).unwrap_or_default();
            if try_headerless(&derived, cipher, bytes).is_some() {
                let prefix_len = HEADERLESS_SALT_LEN.saturating_add(cipher.nonce_len());
                out.truncate(out.len().saturating_sub(TAG_LEN));
                out.drain(start..start.saturating_add(prefix_len));
                return Ok((cipher, key));
            }
        }
    }
    out.truncate(start);
    Err(ErrorKind::Unauthentic.into())
}

fn try_headerless(key: &[u8; 32], cipher: SealedCipher, bytes: &mut [u8]) -> Option<()> {
    let (_, rest) = bytes.split_first_chunk_mut::<HEADERLESS_SALT_LEN>()?;
    let (rest, tag) = rest.split_last_chunk_mut::<TAG_LEN>()?;
    let (nonce, text) = rest.split_at_mut_checked(cipher.nonce_len())?;
    cipher.open(key, nonce, &[], text, tag).ok()
}
