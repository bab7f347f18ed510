//! Signed tokens in compact serialization behind [`TokenCodec`].

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::envelope::MediaType;
use super::{Body, Envelope, Format, RawToken, Token, TokenCodec, TokenCodecExt};
use crate::base::{KeyId, Limits, Scratch};
use crate::error::Result;
use crate::jose::{self, Header};
use crate::jwa::{HmacAlg, JwsAlg, OctKey};
use crate::jws::compact::{self, Parameters, Parts};
use crate::jwt::{Claims, write};
use crate::keys::{Provenance, SharedKeyring, Signer};

/// Signed tokens: JWS in compact serialization (RFC 7515 §7.1), the usual JWT.
///
/// The ring's primary signs; which key verifies, the token's `kid` picks; with which algorithm, that
/// key alone decides.
///
/// ```
/// use symbolon::{Claims, JwsAlg, JwsCodec, NoCustom, Signer, TokenCodecExt, Validator, Verified};
/// use time::{Duration, OffsetDateTime};
///
/// let codec = JwsCodec::new(Signer::generate(JwsAlg::EDDSA)?.with_kid("2026-11")?);
/// let claims = Claims::new(NoCustom::default())
///     .with_subject("7")
///     .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(5));
/// let token = codec.encode(&claims)?;
///
/// let verified: Verified = codec.decode(&token)?.validate(&Validator::new())?;
/// assert_eq!(verified.registered().subject(), Some("7"));
/// assert_eq!(verified.envelope().alg(), "EdDSA");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct JwsCodec {
    keys: SharedKeyring<Signer>,
    limits: Limits,
}

impl JwsCodec {
    /// A codec with a ring of keys, a handle to a shared one, or a single signer.
    #[must_use]
    pub fn new(keys: impl Into<SharedKeyring<Signer>>) -> Self {
        Self { keys: keys.into(), limits: Limits::default() }
    }

    /// A codec of HMAC with SHA-256 and the shared secret `secret`.
    ///
    /// # Errors
    /// [`WeakKey`](crate::ErrorKind::WeakKey) for fewer than 32 bytes;
    /// [`KeyMismatch`](crate::ErrorKind::KeyMismatch) where the secret looks like a key of another kind.
    pub fn hs256(secret: impl Into<Vec<u8>>) -> Result<Self> {
        Ok(Self::new(OctKey::new(secret)?.signer(HmacAlg::Hs256)?))
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The ring, to rotate keys while the codec is in use.
    #[must_use]
    pub const fn keys(&self) -> &SharedKeyring<Signer> {
        &self.keys
    }

    /// The token of `claims` with header parameters of one's own: a struct or a map, whose names
    /// must not be those that this crate writes (`alg`, `kid`, `cty`, `crit`, …). `typ` is `JWT`.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use symbolon::{Claims, JwsCodec, NoCustom, Token};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Tenant { tenant: String }
    ///
    /// let codec = JwsCodec::hs256(vec![7; 32])?;
    /// let claims = Claims::new(NoCustom::default());
    /// let token = codec.encode_with_header(&claims, &Tenant { tenant: "blue".into() })?;
    /// let (token, header): (Token<NoCustom>, Tenant) = codec.decode_with_header(&token)?;
    /// assert_eq!(header.tenant, "blue");
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) where the header is no object or takes such a
    /// name; else as [`TokenCodecExt::encode`].
    pub fn encode_with_header<C: Serialize, H: Serialize>(
        &self,
        claims: &Claims<C>,
        header: &H,
    ) -> Result<String> {
        let mut payload = Scratch::new();
        write(&claims.registered().into(), claims.custom(), &mut payload)?;
        let ring = self.keys.peek();
        compact::sign(&payload, &Parameters::new().typ("JWT"), header, ring.primary()?)
    }

    /// The authentic token behind `token`, and header parameters of one's own.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where the header does not fit `H`; else as
    /// [`TokenCodecExt::decode`].
    pub fn decode_with_header<C: DeserializeOwned, H: DeserializeOwned>(
        &self,
        token: &str,
    ) -> Result<(Token<C>, H)> {
        let authentic = self.decode(token)?;
        let header = jose::decode_header(Parts::of(token, &self.limits)?.header, &self.limits)?;
        Ok((authentic, jose::read_custom(&header)?))
    }

    /// A token of `claims` that lacks its signature: for a key that lies elsewhere (a KMS, an HSM).
    ///
    /// ```
    /// use symbolon::{Claims, JwsAlg, JwsCodec, NoCustom, Signer, TokenCodecExt};
    ///
    /// let kms = Signer::generate(JwsAlg::ES256)?.with_kid("kms-1")?; // stands for the KMS
    /// let codec = JwsCodec::new(Signer::elsewhere(kms.verifier()));
    ///
    /// let draft = codec.draft(&Claims::new(NoCustom::default()))?;
    /// let signature = kms.sign(draft.signing_input())?; // await the KMS here
    /// let token = draft.attach(signature)?;
    /// assert!(codec.decode::<NoCustom>(&token).is_ok());
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NoKey`](crate::ErrorKind::NoKey) where the ring has no primary;
    /// [`InvalidClaims`](crate::ErrorKind::InvalidClaims) where the claims cannot be written.
    pub fn draft<C: Serialize>(&self, claims: &Claims<C>) -> Result<Draft> {
        let mut payload = Scratch::new();
        write(&claims.registered().into(), claims.custom(), &mut payload)?;
        let signer = self.keys.peek().primary()?.clone();
        let mut input = signer.jwt_header().to_owned();
        compact::write_part(&payload, &mut input);
        Ok(Draft { signer, input })
    }
}

impl TokenCodec for JwsCodec {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        // A JSON object begins with `{`, so its base64url begins with `e`.
        let token = token.as_str();
        let mut dots = token.bytes().filter(|byte| *byte == b'.');
        token.starts_with('e')
            && token.len() <= self.limits.max_token_len()
            && dots.next().is_some()
            && dots.next().is_some()
            && dots.next().is_none()
    }

    fn provenance(&self) -> Provenance {
        let ring = self.keys.peek();
        ring.readers().map(crate::keys::Verifier::provenance).min().unwrap_or(Provenance::Signed)
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        self.keys.peek().primary().ok().map(|signer| (Format::Jws, signer.kid().cloned()))
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        let ring = self.keys.peek();
        let signer = ring.primary()?;
        if body.typ == Some("JWT") && body.cty.is_none() {
            compact::sign_jwt_into(body.payload, signer, out)
        } else {
            compact::sign_into(body.payload, &Parameters::of(body.typ, body.cty), &(), signer, out)
        }
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        let parts = Parts::of(token.as_str(), &self.limits)?;
        let ring = self.keys.peek();
        let (key, typ, cty);
        let text;
        // Most tokens are those of the ring's first key, and their header needs no parser.
        match ring.readers().next().filter(|first| first.jwt_header() == parts.header) {
            Some(first) => {
                jose::check_header_len(parts.header, &self.limits)?;
                let kid = first.kid().map(KeyId::as_str);
                key = parts.verify(kid, first.alg().name(), &ring, now)?;
                (typ, cty) = (Some("JWT".into()), None);
            }
            None => {
                text = jose::decode_header(parts.header, &self.limits)?;
                let header = Header::parse(&text)?;
                key = parts.verify(header.kid.as_deref(), &header.alg, &ring, now)?;
                (typ, cty) = (header.typ, header.cty);
            }
        }
        parts.payload_into(out)?;
        Ok(Envelope {
            kid: key.kid().cloned(),
            typ: typ.as_deref().map(MediaType::new),
            cty: cty.as_deref().map(MediaType::new),
            ..Envelope::new(Format::Jws, key.alg().name(), key.provenance())
        })
    }

    fn keys_version(&self) -> Option<u64> {
        Some(self.keys.version())
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        self.keys.peek().due_until(now)
    }
}

/// A token without its signature, which is made elsewhere.
pub struct Draft {
    signer: Signer,
    input: String,
}

impl Draft {
    /// What is to be signed: all of it, with the algorithm of [`alg`](Self::alg); a place that takes
    /// a digest wants its hash.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.input.as_bytes()
    }

    /// The algorithm to sign with.
    #[must_use]
    pub const fn alg(&self) -> JwsAlg {
        self.signer.alg()
    }

    /// The key to sign with.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.signer.kid()
    }

    /// The token, with the signature that was made elsewhere: raw, or (ECDSA) in DER. It is verified
    /// first, so that no token leaves that nobody could read.
    ///
    /// # Errors
    /// [`Signing`](crate::ErrorKind::Signing) where it is no signature of this draft by that key.
    pub fn attach(mut self, signature: impl Into<Vec<u8>>) -> Result<String> {
        let signature = self.signer.accept(self.input.as_bytes(), signature.into())?;
        compact::write_part(&signature, &mut self.input);
        Ok(self.input)
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("signer", &self.signer).finish_non_exhaustive()
    }
}
