//! The registered claims (RFC 7519 §4.1) and the user's own.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Audience, Name, to_offset_date_time};
use crate::revocation::Bearings;

/// The seven registered claims.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registered {
    pub(crate) iss: Option<Name>,
    pub(crate) sub: Option<Name>,
    pub(crate) aud: Option<Audience>,
    pub(crate) exp: Option<i64>,
    pub(crate) nbf: Option<i64>,
    pub(crate) iat: Option<i64>,
    pub(crate) jti: Option<Name>,
}

impl Registered {
    /// Their names.
    pub const NAMES: [&'static str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

    /// Who issued the token (`iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.iss.as_ref().map(Name::as_str)
    }

    /// Whom it is about (`sub`).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.sub.as_ref().map(Name::as_str)
    }

    /// Whom it is meant for (`aud`).
    #[must_use]
    pub const fn audience(&self) -> Option<&Audience> {
        self.aud.as_ref()
    }

    /// From when on it is expired (`exp`); a fraction of a second was rounded down.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.exp.map(to_offset_date_time)
    }

    /// From when on it is valid (`nbf`); a fraction of a second was rounded up.
    #[must_use]
    pub fn not_before(&self) -> Option<OffsetDateTime> {
        self.nbf.map(to_offset_date_time)
    }

    /// When it was issued (`iat`); a fraction of a second was rounded down.
    #[must_use]
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.iat.map(to_offset_date_time)
    }

    /// Its identifier (`jti`): with the issuer, what to revoke it by.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.jti.as_ref().map(Name::as_str)
    }

    /// What it can be revoked by. A format's own expiry counts where it is later.
    pub(crate) fn bearings(&self, expires_at: Option<i64>) -> Bearings<'_> {
        Bearings {
            issuer: self.issuer(),
            id: self.id(),
            subject: self.subject(),
            issued_at: self.iat,
            expires_at: self.exp.max(expires_at),
        }
    }
}

/// The registered claims with the user's own beside them, in one JSON object.
///
/// A registered claim is set here or in the user's type, never in both: writing it twice is an error.
/// The user's type may read registered claims as well, since it is read from the whole object.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use symbolon::Claims;
/// use time::{Duration, OffsetDateTime};
///
/// #[derive(Serialize, Deserialize)]
/// struct Session { role: String }
///
/// let claims = Claims::new(Session { role: "admin".into() })
///     .with_issuer("https://id.example")
///     .with_audience("api")
///     .with_expiry(OffsetDateTime::now_utc() + Duration::minutes(15));
/// assert_eq!(claims.registered().issuer(), Some("https://id.example"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims<C = NoCustom> {
    pub(crate) registered: Registered,
    pub(crate) custom: C,
}

/// No claims of one's own: for tokens that carry registered claims alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NoCustom {}

impl<C> Claims<C> {
    /// The user's own claims, with no registered ones yet.
    #[must_use]
    pub fn new(custom: C) -> Self {
        Self { registered: Registered::default(), custom }
    }

    /// With who issues the token (`iss`).
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.registered.iss = Some(Name::new(&issuer.into()));
        self
    }

    /// With whom it is about (`sub`).
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.registered.sub = Some(Name::new(&subject.into()));
        self
    }

    /// With whom it is meant for (`aud`).
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<Audience>) -> Self {
        self.registered.aud = Some(audience.into());
        self
    }

    /// With from when on it is expired (`exp`), in whole seconds.
    #[must_use]
    pub const fn with_expiry(mut self, moment: OffsetDateTime) -> Self {
        self.registered.exp = Some(moment.unix_timestamp());
        self
    }

    /// With from when on it is valid (`nbf`), in whole seconds.
    #[must_use]
    pub const fn with_not_before(mut self, moment: OffsetDateTime) -> Self {
        self.registered.nbf = Some(moment.unix_timestamp());
        self
    }

    /// With when it is issued (`iat`), in whole seconds.
    #[must_use]
    pub const fn with_issued_at(mut self, moment: OffsetDateTime) -> Self {
        self.registered.iat = Some(moment.unix_timestamp());
        self
    }

    /// With its identifier (`jti`).
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.registered.jti = Some(Name::new(&id.into()));
        self
    }

    /// The registered claims.
    #[must_use]
    pub const fn registered(&self) -> &Registered {
        &self.registered
    }

    /// The user's own claims.
    #[must_use]
    pub const fn custom(&self) -> &C {
        &self.custom
    }

    /// The user's own claims, by value.
    #[must_use]
    pub fn into_custom(self) -> C {
        self.custom
    }
}
