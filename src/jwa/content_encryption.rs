//! Content encryption of JWE: AES-CBC with HMAC (RFC 7518 §5.2), AES-GCM (§5.3), and
//! XChaCha20-Poly1305 (draft-amringer-jose-chacha).

use std::fmt;

use crate::base::Scratch;
use crate::crypto::aes_cbc_hmac::AesCbcHmacKey;
use crate::crypto::aes_gcm::AesGcmKey;
use crate::crypto::xchacha::XChaChaKey;
use crate::crypto::{Failed, Unusable};

/// Everything this crate knows of one content encryption.
pub(crate) struct EncRow {
    /// The name in IANA's registry.
    pub(crate) name: &'static str,
    pub(crate) key_len: usize,
    pub(crate) iv_len: usize,
    pub(crate) tag_len: usize,
    pub(crate) prepare: fn(&[u8]) -> Result<ContentKey, Unusable>,
}

/// How a JWE's content is encrypted: the `enc` of its header.
///
/// ```
/// use symbolon::JweEnc;
///
/// assert_eq!(JweEnc::A256GCM.name(), "A256GCM");
/// assert_eq!(JweEnc::A128CBC_HS256.key_len(), 32);
/// assert_eq!(JweEnc::from_name("A512GCM"), None);
/// ```
#[derive(Clone, Copy)]
pub struct JweEnc(pub(crate) &'static EncRow);

macro_rules! rows {
    ($($(#[$doc:meta])* $enc:ident = $name:literal, $key:literal, $iv:literal, $tag:literal, $prepare:expr;)*) => {
        const ENCS: &[JweEnc] = &[$(JweEnc::$enc),*];

        impl JweEnc {$(
            $(#[$doc])*
            pub const $enc: Self = Self(&EncRow {
                name: $name,
                key_len: $key,
                iv_len: $iv,
                tag_len: $tag,
                prepare: $prepare,
            });
        )*}
    };
}

rows! {
    /// AES-GCM with a key of 16 bytes (RFC 7518 §5.3).
    A128GCM = "A128GCM", 16, 12, 16, gcm;
    /// AES-GCM with a key of 24 bytes (RFC 7518 §5.3); needs the feature `rustcrypto`.
    A192GCM = "A192GCM", 24, 12, 16, gcm;
    /// AES-GCM with a key of 32 bytes (RFC 7518 §5.3).
    A256GCM = "A256GCM", 32, 12, 16, gcm;
    /// AES-CBC and HMAC with SHA-256, a key of 32 bytes (RFC 7518 §5.2.3).
    A128CBC_HS256 = "A128CBC-HS256", 32, 16, 16, cbc_hmac;
    /// AES-CBC and HMAC with SHA-384, a key of 48 bytes (RFC 7518 §5.2.4).
    A192CBC_HS384 = "A192CBC-HS384", 48, 16, 24, cbc_hmac;
    /// AES-CBC and HMAC with SHA-512, a key of 64 bytes (RFC 7518 §5.2.5).
    A256CBC_HS512 = "A256CBC-HS512", 64, 16, 32, cbc_hmac;
    /// XChaCha20-Poly1305 with a key of 32 bytes; a draft's name that few others read.
    XC20P = "XC20P", 32, 24, 16, xchacha;
}

fn gcm(key: &[u8]) -> Result<ContentKey, Unusable> {
    AesGcmKey::new(key).map(ContentKey::Gcm)
}

fn cbc_hmac(key: &[u8]) -> Result<ContentKey, Unusable> {
    AesCbcHmacKey::new(key).map(ContentKey::CbcHmac)
}

fn xchacha(key: &[u8]) -> Result<ContentKey, Unusable> {
    let key = key.try_into().map_err(|_| Unusable::Invalid)?;
    Ok(ContentKey::XChaCha(XChaChaKey::new(key)))
}

impl JweEnc {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ENCS.iter().copied()
    }

    /// The one that a registry name stands for, compared to the letter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|enc| enc.name() == name)
    }

    /// The name in IANA's registry, as it stands in a header's `enc`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The content key's length in bytes.
    #[must_use]
    pub const fn key_len(self) -> usize {
        self.0.key_len
    }
}

impl PartialEq for JweEnc {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for JweEnc {}

impl fmt::Debug for JweEnc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Display for JweEnc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// A content key, prepared: by value, since most live for one message.
#[allow(clippy::large_enum_variant, reason = "it stays on the stack, a box would cost each message")]
pub(crate) enum ContentKey {
    Gcm(AesGcmKey),
    CbcHmac(AesCbcHmacKey),
    XChaCha(XChaChaKey),
}

/// An authentication tag of up to 32 bytes.
pub(crate) struct Tag {
    bytes: [u8; 32],
    len: usize,
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Tag {
    fn new(tag: &[u8]) -> Result<Self, Failed> {
        let mut bytes = [0; 32];
        bytes.get_mut(..tag.len()).ok_or(Failed)?.copy_from_slice(tag);
        Ok(Self { bytes, len: tag.len() })
    }
}

impl ContentKey {
    /// Encrypts what stands in `buffer` from `start` on, in place.
    pub(crate) fn seal(
        &self,
        iv: &[u8],
        aad: &[u8],
        buffer: &mut Scratch,
        start: usize,
    ) -> Result<Tag, Failed> {
        match self {
            Self::Gcm(key) => {
                let content = buffer.get_mut(start..).ok_or(Failed)?;
                Tag::new(&key.seal_in_place(iv.try_into().map_err(|_| Failed)?, aad, content)?)
            }
            Self::CbcHmac(key) => {
                let tag = key.seal(iv.try_into().map_err(|_| Failed)?, aad, buffer, start)?;
                Tag::new(tag.as_ref())
            }
            Self::XChaCha(key) => {
                let content = buffer.get_mut(start..).ok_or(Failed)?;
                Tag::new(&key.seal_in_place(iv.try_into().map_err(|_| Failed)?, aad, content)?)
            }
        }
    }

    /// Decrypts what stands in `buffer` from `start` on, in place; leaves no plaintext on failure.
    pub(crate) fn open(
        &self,
        iv: &[u8],
        aad: &[u8],
        buffer: &mut Vec<u8>,
        start: usize,
        tag: &[u8],
    ) -> Result<(), Failed> {
        match self {
            Self::Gcm(key) => {
                let content = buffer.get_mut(start..).ok_or(Failed)?;
                let tag = tag.try_into().map_err(|_| Failed)?;
                key.open_in_place(iv.try_into().map_err(|_| Failed)?, aad, content, tag)
            }
            Self::CbcHmac(key) => key.open(iv.try_into().map_err(|_| Failed)?, aad, buffer, start, tag),
            Self::XChaCha(key) => {
                let content = buffer.get_mut(start..).ok_or(Failed)?;
                let tag = tag.try_into().map_err(|_| Failed)?;
                key.open_in_place(iv.try_into().map_err(|_| Failed)?, aad, content, tag)
            }
        }
    }
}
