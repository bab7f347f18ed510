//! Encrypted tokens in compact serialization behind [`TokenCodec`].

use serde::Serialize;

use super::envelope::MediaType;
use super::{Body, Envelope, Format, RawToken, TokenCodec};
use crate::base::{KeyId, Limits};
use crate::error::Result;
use crate::jwa::{JweAlg, JweEnc, OctKey};
use crate::jwe::{self, Content, compact};
use crate::keys::{Decrypter, Encrypter, Provenance, SharedKeyring};

/// Encrypted tokens: JWE in compact serialization (RFC 7516 §7.1).
///
/// The ring's primary encrypts; which key decrypts, the token's `kid` picks; how, that key alone
/// decides. With a public key anyone can write such tokens ([`Provenance::Anyone`]): where it matters
/// who issued one, sign it first ([`Nested`](crate::Nested)).
///
/// ```
/// use symbolon::{Claims, Encrypter, JweAlg, JweCodec, JweEnc, NoCustom, OctKey, TokenCodecExt};
/// use symbolon::{Validator, Verified};
/// use time::{Duration, OffsetDateTime};
///
/// let key = OctKey::generate(32)?.into();
/// let codec = JweCodec::new(Encrypter::new(JweAlg::A256KW, JweEnc::A256GCM, &key)?.with_kid("a")?);
/// let claims = Claims::new(NoCustom::default())
///     .with_subject("7")
///     .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(5));
/// let token = codec.encode(&claims)?;
///
/// let verified: Verified = codec.decode(&token)?.validate(&Validator::new())?;
/// assert_eq!(verified.envelope().alg(), "A256KW");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct JweCodec {
    keys: SharedKeyring<Encrypter>,
    limits: Limits,
}

impl JweCodec {
    /// A codec with a ring of keys, a handle to a shared one, or a single encrypter.
    #[must_use]
    pub fn new(keys: impl Into<SharedKeyring<Encrypter>>) -> Self {
        Self { keys: keys.into(), limits: Limits::default() }
    }

    /// A codec of one shared key of 32 bytes that encrypts content itself (`dir`, `A256GCM`).
    ///
    /// # Errors
    /// [`KeyMismatch`](crate::ErrorKind::KeyMismatch) for another length, or bytes that look like a
    /// key of another kind.
    pub fn a256gcm(key: impl Into<Vec<u8>>) -> Result<Self> {
        let key = OctKey::new(key)?.into();
        Ok(Self::new(Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key)?))
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The ring, to rotate keys while the codec is in use.
    #[must_use]
    pub const fn keys(&self) -> &SharedKeyring<Encrypter> {
        &self.keys
    }
}

impl TokenCodec for JweCodec {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        // A JSON object begins with `{`, so its base64url begins with `e`.
        let token = token.as_str();
        token.starts_with('e')
            && token.len() <= self.limits.max_token_len()
            && token.bytes().filter(|byte| *byte == b'.').take(5).count() == 4
    }

    fn provenance(&self) -> Provenance {
        let ring = self.keys.peek();
        let readers = ring.readers().map(Decrypter::provenance).min();
        // A ring that is still empty may come to hold any key: promise nothing.
        readers.unwrap_or(Provenance::Anyone)
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        self.keys.peek().primary().ok().map(|key| (Format::Jwe, key.kid().cloned()))
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        let content = Content { typ: body.typ, cty: body.cty, ..Content::new(body.payload) };
        compact::encrypt_into(&content, None::<&()>, self.keys.peek().primary()?, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        let ring = self.keys.peek();
        let found = jwe::decrypt_into(token.as_str(), &ring, &self.limits, now, out)?;
        Ok(Envelope {
            kid: found.key.kid().cloned(),
            typ: found.typ.as_deref().map(MediaType::new),
            cty: found.cty.as_deref().map(MediaType::new),
            ..Envelope::new(Format::Jwe, found.key.alg().name(), found.key.provenance())
        })
    }

    fn keys_version(&self) -> Option<u64> {
        Some(self.keys.version())
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        self.keys.peek().due_until(now)
    }
}

impl JweCodec {
    /// The token of `claims` with header parameters of one's own; see
    /// [`JwsCodec::encode_with_header`](crate::JwsCodec::encode_with_header). They are readable by
    /// anyone: only the payload is encrypted.
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) where the header is no object or takes a
    /// name that is this crate's to write; else as for any token.
    pub fn encode_with_header<C: Serialize, H: Serialize>(
        &self,
        claims: &crate::jwt::Claims<C>,
        header: &H,
    ) -> Result<String> {
        let mut payload = crate::base::Scratch::new();
        crate::jwt::write(&claims.registered().into(), claims.custom(), &mut payload)?;
        let ring = self.keys.peek();
        compact::encrypt(&Content::new(&payload).typ("JWT"), header, ring.primary()?)
    }
}
