//! What all serializations share: how content is encrypted and decrypted (RFC 7516 §5).

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Content;
use super::compact::Parts;
use super::header::{Header, malformed};
use crate::base::{Buffer, KeyId, Limits, Scratch, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose;
use crate::jwa::content_encryption::{ContentKey, Tag};
use crate::jwa::key_management::{Cek, Dice, EncryptedKey, Given, Parameters, ReadParameters};
use crate::jwa::{JweEnc, unusable};
use crate::keys::{Decrypter, Encrypter, Keyring};

/// The most keys that one message is tried with, over all its recipients.
const MAX_TRIES: usize = 4;

/// The randomness of a message to one recipient.
pub(super) fn dice_for(encrypter: &Encrypter) -> Result<Dice> {
    let key = encrypter.key();
    let fresh = if encrypter.alg().0.direct { 0 } else { encrypter.enc().key_len() };
    Dice::draw([fresh, key.random_len(), encrypter.enc().0.iv_len].into_iter().sum())
}

/// The fresh content key of a message, for recipients that it is encrypted to.
pub(super) fn fresh_key(enc: JweEnc, dice: &mut Dice) -> Result<Cek> {
    let mut cek = Cek::zeroed(enc.key_len());
    dice.fill(&mut cek)?;
    Ok(cek)
}

/// Prepares a fresh content key.
pub(super) fn prepare(enc: JweEnc, cek: &[u8]) -> Result<ContentKey> {
    (enc.0.prepare)(cek).map_err(|reason| unusable(reason, "the content encryption"))
}

/// What a message tells one recipient.
pub(super) struct Told {
    pub(super) encrypted_key: EncryptedKey,
    /// For its header.
    pub(super) parameters: Parameters,
}

impl Told {
    pub(super) fn by(encrypter: &Encrypter) -> Self {
        Self { encrypted_key: EncryptedKey::new(), parameters: encrypter.parameters() }
    }
}

/// The content key of a message to one recipient, where `own` keeps it that is not prepared.
pub(super) fn key_for<'k>(
    encrypter: &'k Encrypter,
    dice: &mut Dice,
    told: &mut Told,
    own: &'k mut Option<ContentKey>,
) -> Result<&'k ContentKey> {
    if let Some(prepared) = encrypter.key().prepared() {
        return Ok(prepared);
    }
    let enc = encrypter.enc();
    // A key that is agreed on takes its place.
    let cek = if encrypter.alg().0.direct { Cek::zeroed(0) } else { fresh_key(enc, dice)? };
    let key = match encrypter.key().encrypt_key(enc.0, &cek, dice, &mut told.parameters)? {
        Given::Wrapped(encrypted_key) => {
            told.encrypted_key = encrypted_key;
            prepare(enc, &cek)?
        }
        Given::Own(cek) => prepare(enc, &cek)?,
    };
    Ok(own.insert(key))
}

/// What encrypting leaves beside the ciphertext.
pub(super) struct Sealed {
    iv: [u8; 24],
    iv_len: usize,
    pub(super) tag: Tag,
}

impl Sealed {
    pub(super) fn iv(&self) -> &[u8] {
        self.iv.get(..self.iv_len).unwrap_or_default()
    }
}

/// Encrypts `content` into `bytes`, which is empty; `aad` is what the message authenticates beside it.
pub(super) fn seal(
    content: &Content<'_>,
    enc: JweEnc,
    key: &ContentKey,
    aad: &[u8],
    dice: &mut Dice,
    bytes: &mut Scratch,
) -> Result<Sealed> {
    put_plaintext(content, bytes);
    let (mut iv, iv_len) = ([0; 24], enc.0.iv_len);
    let place = iv.get_mut(..iv_len).ok_or(ErrorKind::Encrypting)?;
    dice.fill(place)?;
    let tag = key.seal(place, aad, bytes, 0).map_err(|_| ErrorKind::Encrypting)?;
    Ok(Sealed { iv, iv_len, tag })
}

fn put_plaintext(content: &Content<'_>, bytes: &mut Scratch) {
    #[cfg(feature = "deflate")]
    if content.zip {
        *bytes = super::zip::deflate(content.payload).into();
        return;
    }
    // Room for the padding of AES-CBC, so that it does not move what must not be left behind.
    bytes.reserve(content.payload.len().saturating_add(16));
    bytes.extend_from_slice(content.payload);
}

/// One recipient's part of a message: its headers together, and its encrypted key.
pub(super) struct Recipient<'m> {
    pub(super) header: Header<'m>,
    pub(super) encrypted_key: Cow<'m, str>,
}

/// A message, taken apart and not yet decoded.
pub(super) struct Message<'m> {
    pub(super) recipients: Vec<Recipient<'m>>,
    pub(super) iv: Cow<'m, str>,
    pub(super) ciphertext: Cow<'m, str>,
    pub(super) tag: Cow<'m, str>,
    /// What the tag covers beside the ciphertext: the protected header as it stands in the message,
    /// and additional data behind a dot.
    pub(super) aad: Cow<'m, [u8]>,
}

/// What is known of a message once it is decrypted, beside its payload.
pub(crate) struct Found<'r> {
    /// Lent: a clone would have threads that read with one key write to one count.
    pub(crate) key: &'r Decrypter,
    pub(crate) enc: JweEnc,
    pub(crate) typ: Option<Cow<'static, str>>,
    pub(crate) cty: Option<Cow<'static, str>>,
}

/// Appends the payload of `message` to `out`; see [`compact::decrypt`](super::compact::decrypt).
pub(super) fn open<'r>(
    message: &Message<'_>,
    ring: &'r Keyring<Encrypter>,
    limits: &Limits,
    now: i64,
    out: &mut Vec<u8>,
) -> Result<Found<'r>> {
    let start = out.len();
    let mut tries: usize = 0;
    let mut rounds = limits.max_pbkdf2_rounds();
    let mut refused = None;
    for recipient in &message.recipients {
        let (alg, enc) = (recipient.header.alg()?, recipient.header.enc()?);
        let kid = recipient.header.kid()?;
        let zip = recipient.header.zip()?;
        let (typ, cty) = (recipient.header.typ()?, recipient.header.cty()?);
        let candidates = match ring.candidates(kid.as_deref(), &alg, now) {
            Ok(candidates) => candidates,
            // Another recipient's, as a rule.
            Err(error) => {
                refused = refused.or(Some(error));
                continue;
            }
        };
        for key in candidates {
            let Some(enc) = key.enc_named(&enc) else {
                refused = Some(Error::new(ErrorKind::AlgorithmMismatch, "the key is for another `enc`"));
                continue;
            };
            tries = tries.saturating_add(1);
            if tries > MAX_TRIES {
                return Err(Error::new(ErrorKind::TooLarge, "more than 4 keys fit its recipients"));
            }
            let mut parameters = recipient.header.parameters;
            if key.alg().name().starts_with("PBES2") {
                // One budget for the whole message.
                parameters.max_p2c = rounds;
                rounds = rounds.saturating_sub(parameters.rounds()?.get());
            }
            match open_with(message, &recipient.encrypted_key, key, enc, &parameters, out) {
                Ok(()) => {
                    inflate(zip, limits, start, out)?;
                    return Ok(Found {
                        key,
                        enc,
                        typ: typ.map(|typ| Cow::Owned(typ.into_owned())),
                        cty: cty.map(|cty| Cow::Owned(cty.into_owned())),
                    });
                }
                Err(error) => {
                    out.truncate(start);
                    match error.kind() {
                        ErrorKind::Unauthentic => refused = Some(error),
                        // Perhaps for this key alone, as an ephemeral key on another one's curve is.
                        ErrorKind::Malformed => {
                            refused = refused
                                .filter(|before| before.kind() == ErrorKind::Unauthentic)
                                .or(Some(error));
                        }
                        _ => return Err(error),
                    }
                }
            }
        }
    }
    Err(refused.unwrap_or_else(|| ErrorKind::UnknownKey.into()))
}

fn open_with(
    message: &Message<'_>,
    encrypted_key: &str,
    key: &Decrypter,
    enc: JweEnc,
    parameters: &ReadParameters<'_>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut short = [0; IV_AND_TAG_LEN];
    let (iv, tag) = iv_and_tag(message, enc, &mut short)?;
    // What AES wraps is short; RSA is too slow for an allocation to count.
    let (mut short, long);
    let encrypted_key = if encrypted_key.is_empty() {
        Ok(&[][..])
    } else if encrypted_key.len() <= base64url::encoded_len(72) {
        short = [0; 72];
        base64url::decode_to(encrypted_key, &mut short)
    } else {
        long = base64url::decode(encrypted_key);
        long.as_deref().map_err(|error| *error)
    }
    .map_err(|_| malformed("the encrypted key is not base64url"))?;
    let start = out.len();
    base64url::decode_into(&*message.ciphertext, out)
        .map_err(|_| malformed("the ciphertext is not base64url"))?;
    key.with_content_key(enc.0, encrypted_key, parameters, |content_key| {
        content_key.open(iv, &message.aad, out, start, tag)
    })?
    .map_err(|_| ErrorKind::Unauthentic.into())
}

/// As many bytes as an initialization vector and a tag have at most.
const IV_AND_TAG_LEN: usize = 24 + 32;

/// Both, in `buffer`. Lengths are exact, so that no truncated tag is ever compared.
fn iv_and_tag<'b>(
    message: &Message<'_>,
    enc: JweEnc,
    buffer: &'b mut [u8; IV_AND_TAG_LEN],
) -> Result<(&'b [u8], &'b [u8])> {
    let (iv_len, tag_len) = (enc.0.iv_len, enc.0.tag_len);
    for (text, len, what) in
        [(&message.iv, iv_len, "the initialization vector"), (&message.tag, tag_len, "the tag")]
    {
        if text.len() != base64url::encoded_len(len) {
            return Err(malformed(format!("{what} has a wrong length")));
        }
    }
    let both = if iv_len.is_multiple_of(3) {
        // Its text ends where a byte does, so that the tag's may follow: one call costs half of two.
        let mut texts = Buffer::<64>::new();
        texts.extend_between([], message.iv.as_bytes(), [], message.tag.as_bytes(), []);
        base64url::decode_to(&*texts, buffer)
            .map(|both| both.split_at_checked(iv_len).unwrap_or_default())
    } else {
        let (iv, tag) = buffer.split_at_mut(iv_len);
        base64url::decode_to(&*message.iv, iv)
            .and_then(|iv| Ok((iv, base64url::decode_to(&*message.tag, tag)?)))
    };
    both.map_err(|_| malformed("the initialization vector or the tag is not base64url"))
}

/// Inflates what stands in `out` from `start` on, where the header says it is compressed.
fn inflate(zip: bool, limits: &Limits, start: usize, out: &mut Vec<u8>) -> Result<()> {
    if !zip {
        return Ok(());
    }
    #[cfg(feature = "deflate")]
    if let Some(most) = limits.max_inflated_len() {
        return super::zip::inflate(most, limits.max_inflated_ratio(), start, out);
    }
    let _ = limits;
    out.truncate(start);
    Err(Error::new(
        ErrorKind::UnsupportedHeader,
        "compressed content is not read here: Limits::inflated_len and the feature `deflate` allow it",
    ))
}

/// For the codec: [`compact::decrypt`](super::compact::decrypt) into a buffer of the caller's.
pub(crate) fn decrypt_into<'r>(
    token: &str,
    ring: &'r Keyring<Encrypter>,
    limits: &Limits,
    now: i64,
    out: &mut Vec<u8>,
) -> Result<Found<'r>> {
    let parts = Parts::of(token, limits)?;
    // Most tokens are those of the ring's first key, and their header needs no parser.
    if let Some(first) = ring.readers().next().filter(|key| key.jwt_header() == Some(parts.header)) {
        jose::check_header_len(parts.header, limits)?;
        return open_prepared(&parts, first, ring, now, out);
    }
    let text = jose::decode_header(parts.header, limits)?;
    open(&parts.message(&text, limits)?, ring, limits, now, out)
}

/// The same for a token whose header is the one that was prepared for `first`.
fn open_prepared<'r>(
    parts: &Parts<'_>,
    first: &Decrypter,
    ring: &'r Keyring<Encrypter>,
    now: i64,
    out: &mut Vec<u8>,
) -> Result<Found<'r>> {
    let message = parts.without_header();
    let start = out.len();
    let mut refused = Error::new(ErrorKind::AlgorithmMismatch, "the key is for another `enc`");
    // Another key may go by the same name, or none other be due.
    for key in ring.candidates(first.kid().map(KeyId::as_str), first.alg().name(), now)? {
        let Some(enc) = key.enc_named(first.enc().name()) else { continue };
        match open_with(&message, parts.encrypted_key, key, enc, &ReadParameters::default(), out) {
            Ok(()) => {
                return Ok(Found { key, enc, typ: Some(Cow::Borrowed("JWT")), cty: None });
            }
            Err(error) => {
                out.truncate(start);
                if error.kind() != ErrorKind::Unauthentic {
                    return Err(error);
                }
                refused = error;
            }
        }
    }
    Err(refused)
}

/// A message's payload and protected header, authentic by a key of the ring.
pub struct Decrypted {
    pub(super) header: Vec<u8>,
    pub(super) aad: Option<Vec<u8>>,
    pub(super) payload: Zeroizing<Vec<u8>>,
    pub(super) key: Decrypter,
    pub(super) enc: JweEnc,
}

impl Decrypted {
    /// The JSON text of the protected header; empty where there is none.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Header parameters of one's own, out of the protected header.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) where the header does not fit `H`.
    pub fn custom_header<H: DeserializeOwned>(&self) -> Result<H> {
        jose::read_custom(&self.header)
    }

    /// The additional data that went along unencrypted but authentic, where there are some.
    #[must_use]
    pub fn additional_data(&self) -> Option<&[u8]> {
        self.aad.as_deref()
    }

    /// The payload; wiped when dropped.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The key that opened it. Who can have written it, its
    /// [`provenance`](Decrypter::provenance) says.
    #[must_use]
    pub const fn key(&self) -> &Decrypter {
        &self.key
    }

    /// How the content was encrypted.
    #[must_use]
    pub const fn enc(&self) -> JweEnc {
        self.enc
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").field("key", &self.key).finish_non_exhaustive()
    }
}
