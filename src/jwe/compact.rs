//! The compact serialization: `header.key.iv.ciphertext.tag` (RFC 7516 §7.1).

use std::borrow::Cow;

use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::header::{Header, Place, Written, malformed};
use super::message::{self, Message, Recipient, Told};
use super::{Content, Decrypted};
use crate::base::{KeyId, Limits, Scratch, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose;
use crate::keys::{Encrypter, Keyring};

/// Encrypts `content`; `custom` are header parameters of one's own (`&()` for none).
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) where `custom` is no object or takes the name of a
/// parameter that is this crate's to write, or `content` has additional data;
/// [`Encrypting`](ErrorKind::Encrypting) where the key fails.
///
/// ```
/// use symbolon::{Encrypter, JweAlg, JweEnc, Keyring, Limits, OctKey, jwe::{Content, compact}};
/// use time::OffsetDateTime;
///
/// let key = OctKey::generate(32)?.into();
/// let encrypter = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key)?;
/// let token = compact::encrypt(&Content::new(b"any bytes"), &(), &encrypter)?;
///
/// let ring = Keyring::new(encrypter);
/// let decrypted = compact::decrypt(&token, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(decrypted.payload(), b"any bytes");
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn encrypt<H: Serialize + ?Sized>(
    content: &Content<'_>,
    custom: &H,
    encrypter: &Encrypter,
) -> Result<String> {
    let mut token = String::new();
    encrypt_into(content, Some(custom), encrypter, &mut token)?;
    Ok(token)
}

/// Appends the token; without `custom` the header that was prepared may serve.
pub(crate) fn encrypt_into<H: Serialize + ?Sized>(
    content: &Content<'_>,
    custom: Option<&H>,
    encrypter: &Encrypter,
    out: &mut String,
) -> Result<()> {
    if content.aad.is_some() {
        return Err(Error::new(
            ErrorKind::InvalidSetting,
            "the compact serialization has no place for additional data",
        ));
    }
    let mut dice = message::dice_for(encrypter)?;
    let (mut told, mut own) = (Told::by(encrypter), None);
    let key = message::key_for(encrypter, &mut dice, &mut told, &mut own)?;
    let start = out.len();
    let plain = content.typ == Some("JWT") && content.cty.is_none() && !content.zip;
    match encrypter.jwt_header().filter(|_| plain && custom.is_none()) {
        Some(header) => {
            let parts = [told.encrypted_key.len(), 24, content.payload.len().saturating_add(16), 32];
            let bodies = parts.into_iter().map(base64url::encoded_len).fold(4, usize::saturating_add);
            out.reserve(header.len().saturating_add(bodies));
            out.push_str(header);
        }
        None => {
            let header = Written {
                alg: Some(encrypter.alg().name()),
                enc: Some(encrypter.enc().name()),
                kid: encrypter.kid().map(KeyId::as_str),
                typ: content.typ,
                cty: content.cty,
                zip: content.zip,
                parameters: Some(&told.parameters),
            };
            let json = match custom {
                Some(custom) => header.to_json(custom)?,
                None => header.to_json(&())?,
            };
            base64url::encode_into(json, out);
        }
    }
    let aad = out.as_bytes().get(start..).unwrap_or_default();
    let mut bytes = Scratch::new();
    let sealed = message::seal(content, encrypter.enc(), key, aad, &mut dice, &mut bytes)?;
    for part in [&told.encrypted_key[..], sealed.iv(), &bytes, sealed.tag.as_ref()] {
        out.push('.');
        base64url::encode_into(part, out);
    }
    Ok(())
}

/// Decrypts `token` with the keys of `ring` that its `kid` picks and that are due at `now`.
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) or [`TooLarge`](ErrorKind::TooLarge) for its text;
/// [`UnsupportedHeader`](ErrorKind::UnsupportedHeader) for `crit` or `zip`;
/// [`UnknownKey`](ErrorKind::UnknownKey) or [`AlgorithmMismatch`](ErrorKind::AlgorithmMismatch) where
/// no key may be tried; [`Unauthentic`](ErrorKind::Unauthentic) where none opens it, whether it was
/// the key that could not be unwrapped or the tag that was wrong.
pub fn decrypt(
    token: &str,
    ring: &Keyring<Encrypter>,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Decrypted> {
    let parts = Parts::of(token, limits)?;
    let header = jose::decode_header(parts.header, limits)?;
    let mut payload = Zeroizing::default();
    let found = {
        let message = parts.message(&header, limits)?;
        let found = message::open(&message, ring, limits, now.unix_timestamp(), &mut payload)?;
        (found.key.clone(), found.enc)
    };
    Ok(Decrypted { header, aad: None, payload, key: found.0, enc: found.1 })
}

/// The five parts of a token. Nothing is decoded yet.
#[derive(Clone, Copy)]
pub(super) struct Parts<'t> {
    pub(super) header: &'t str,
    pub(super) encrypted_key: &'t str,
    iv: &'t str,
    ciphertext: &'t str,
    tag: &'t str,
}

impl<'t> Parts<'t> {
    pub(super) fn of(token: &'t str, limits: &Limits) -> Result<Self> {
        if token.len() > limits.max_token_len() {
            return Err(ErrorKind::TooLarge.into());
        }
        let five_parts = || {
            let mut start = 0;
            let mut upto = |end: usize| {
                let part = token.get(start..end);
                start = end.saturating_add(1);
                part
            };
            let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
            let header = upto(dots.next()?)?;
            let encrypted_key = upto(dots.next()?)?;
            let iv = upto(dots.next()?)?;
            let ciphertext = upto(dots.next()?)?;
            let tag = upto(token.len())?;
            dots.next().is_none().then_some(Self { header, encrypted_key, iv, ciphertext, tag })
        };
        five_parts().ok_or_else(|| malformed("a compact JWE has exactly five parts"))
    }

    pub(super) fn message<'m>(&self, header_text: &'m [u8], limits: &Limits) -> Result<Message<'m>>
    where
        't: 'm,
    {
        let mut header = Header::new(limits);
        header.add(header_text, Place::Protected)?;
        let recipient = Recipient { header, encrypted_key: Cow::Borrowed(self.encrypted_key) };
        Ok(Message { recipients: vec![recipient], ..self.without_header() })
    }

    /// The message but for its recipient, whose header is known already.
    pub(super) const fn without_header<'m>(&self) -> Message<'m>
    where
        't: 'm,
    {
        Message {
            recipients: Vec::new(),
            iv: Cow::Borrowed(self.iv),
            ciphertext: Cow::Borrowed(self.ciphertext),
            tag: Cow::Borrowed(self.tag),
            aad: Cow::Borrowed(self.header.as_bytes()),
        }
    }
}
