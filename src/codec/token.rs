//! Trust, in types: the sender's text, an authentic token, an accepted one.

use std::fmt;

use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::Envelope;
use crate::error::{Error, ErrorKind, Result};
use crate::jwt::{Claims, Outside, Registered, Validator, read_both, read_custom, read_registered};

/// A token's text as the sender gave it: nothing about it is known to be true.
#[derive(Clone, Copy)]
pub struct RawToken<'t>(&'t str);

impl<'t> RawToken<'t> {
    /// Takes `text` as it is. White space around it is not forgiven.
    #[must_use]
    pub const fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &'t str {
        self.0
    }
}

impl fmt::Debug for RawToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawToken([{} bytes])", self.0.len())
    }
}

/// A token that is authentic: a key of the ring made it. Whether it is still good, and meant for
/// this service, [`validate`](Self::validate) says.
///
/// ```
/// use symbolon::{Claims, JwsCodec, NoCustom, TokenCodecExt, Validator, Verified};
/// use time::{Duration, OffsetDateTime};
///
/// let codec = JwsCodec::hs256(vec![7; 32])?;
/// let claims = Claims::new(NoCustom::default())
///     .with_audience("api")
///     .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(5));
/// let token = codec.encode(&claims)?;
///
/// let verified: Verified = codec.decode(&token)?.validate(&Validator::new().audience("api"))?;
/// assert!(codec.decode::<NoCustom>(&token)?.validate(&Validator::new().audience("ops")).is_err());
/// # Ok::<(), symbolon::Error>(())
/// ```
#[must_use = "an authentic token may still be expired or meant for someone else: validate it"]
pub struct Token<C> {
    envelope: Envelope,
    registered: Registered,
    payload: Vec<u8>,
    // What does not fit is told only once policy has accepted the token.
    custom: Option<C>,
}

impl<C: DeserializeOwned> Token<C> {
    pub(crate) fn new(envelope: Envelope, payload: Vec<u8>) -> Result<Self> {
        let mut registered = Registered::default();
        let custom = read_claims(&payload, &mut registered)?;
        Ok(Self { envelope, registered, payload, custom })
    }

    /// What the token says outside its payload.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The token's claims, if `validator` accepts it.
    ///
    /// # Errors
    /// The first rule that it breaks; [`MalformedClaims`](crate::ErrorKind::MalformedClaims) where
    /// the user's own claims do not fit their type.
    pub fn validate(self, validator: &Validator) -> Result<Verified<C>> {
        let now = validator.now();
        self.judged_at(validator, now)
    }

    /// The same at the moment `now`, whatever the validator's clock says.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn validate_at(self, validator: &Validator, now: OffsetDateTime) -> Result<Verified<C>> {
        self.judged_at(validator, now.unix_timestamp())
    }

    fn judged_at(self, validator: &Validator, now: i64) -> Result<Verified<C>> {
        let Self { envelope, registered, payload, custom } = self;
        validator.judge(&registered, &envelope.outside(), now)?;
        accept(envelope, registered, custom, &payload)
    }

    /// The claims without any policy: authentic, but perhaps long expired or meant for others.
    ///
    /// # Errors
    /// [`MalformedClaims`](crate::ErrorKind::MalformedClaims) where the user's own claims do not fit
    /// their type.
    pub fn claims_unvalidated(&self) -> Result<Claims<C>> {
        Ok(Claims { registered: self.registered.clone(), custom: read_custom(utf8(&self.payload)?)? })
    }
}

/// Checks the whole of an authentic token's JSON, and takes the registered claims out of it, and the
/// user's own where they came along.
pub(super) fn read_claims<C: DeserializeOwned>(
    payload: &[u8],
    registered: &mut Registered,
) -> Result<Option<C>> {
    let text = utf8(payload)?;
    let custom = read_both(text, registered);
    if custom.is_none() {
        *registered = read_registered(text)?;
    }
    Ok(custom)
}

/// What policy has accepted, with the user's own claims.
#[inline]
pub(super) fn accept<C: DeserializeOwned>(
    envelope: Envelope,
    registered: Registered,
    custom: Option<C>,
    payload: &[u8],
) -> Result<Verified<C>> {
    let custom = match custom {
        Some(custom) => custom,
        None => read_custom(utf8(payload)?)?,
    };
    Ok(Verified { envelope, claims: Claims { registered, custom } })
}

pub(super) fn utf8(payload: &[u8]) -> Result<&str> {
    std::str::from_utf8(payload)
        .map_err(|_| Error::new(ErrorKind::MalformedClaims, "the JSON is not UTF-8"))
}

impl<C> fmt::Debug for Token<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

/// A token that is authentic and that policy accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<C = crate::jwt::NoCustom> {
    envelope: Envelope,
    claims: Claims<C>,
}

impl<C> Verified<C> {
    /// What the token says outside its payload.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// All its claims.
    #[must_use]
    pub const fn claims(&self) -> &Claims<C> {
        &self.claims
    }

    /// The registered claims.
    #[must_use]
    pub const fn registered(&self) -> &Registered {
        &self.claims.registered
    }

    /// The user's own claims.
    #[must_use]
    pub const fn custom(&self) -> &C {
        &self.claims.custom
    }

    /// The user's own claims, by value.
    #[must_use]
    pub fn into_custom(self) -> C {
        self.claims.custom
    }

    /// The same of another view of the user's own claims.
    pub(super) fn map<D>(self, view: impl FnOnce(C) -> D) -> Verified<D> {
        let Claims { registered, custom } = self.claims;
        Verified { envelope: self.envelope, claims: Claims { registered, custom: view(custom) } }
    }
}

/// An authentic payload of any bytes, not yet judged.
#[must_use = "an authentic token may still be expired: validate it"]
pub struct Opened {
    envelope: Envelope,
    payload: Vec<u8>,
}

impl Opened {
    pub(crate) const fn new(envelope: Envelope, payload: Vec<u8>) -> Self {
        Self { envelope, payload }
    }

    /// What the token says outside its payload.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The payload, if `validator` accepts what the format says outside it. Such a payload has no
    /// claims that could be read: a validator that demands some refuses it, and a format without an
    /// expiry of its own (JWS) needs [`Validator::allow_no_expiry`].
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate(self, validator: &Validator) -> Result<Vec<u8>> {
        validator.judge(&Registered::default(), &self.envelope.outside(), validator.now())?;
        Ok(self.payload)
    }

    /// The payload without any policy.
    #[must_use]
    pub fn payload_unvalidated(&self) -> &[u8] {
        &self.payload
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

impl Envelope {
    pub(crate) fn outside(&self) -> Outside<'_> {
        Outside { typ: self.typ(), issued_at: self.issued_at, expires_at: self.expires_at }
    }
}
