//! What an authentic token says outside its payload.

use std::fmt;

use time::OffsetDateTime;

use crate::base::KeyId;
use crate::keys::Provenance;

/// The format of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A signed token in compact serialization (RFC 7515 §7.1).
    Jws,
    /// An encrypted token in compact serialization (RFC 7516 §7.1).
    Jwe,
    /// Amora with a shared key (0xa0).
    AmoraZero,
    /// Amora with an X25519 key (0xa1).
    AmoraOne,
    /// A sealed token with its header.
    Sealed,
    /// A sealed token of the headerless reference layout.
    SealedHeaderless,
    /// A format of one's own, by its name.
    Other(&'static str),
}

impl Format {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Jws => "JWS",
            Self::Jwe => "JWE",
            Self::AmoraZero => "Amora zero",
            Self::AmoraOne => "Amora one",
            Self::Sealed => "sealed",
            Self::SealedHeaderless => "sealed (headerless)",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an authentic token says outside its payload, and who could have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub(crate) format: Format,
    pub(crate) alg: &'static str,
    pub(crate) provenance: Provenance,
    pub(crate) kid: Option<KeyId>,
    pub(crate) typ: Option<MediaType>,
    pub(crate) cty: Option<MediaType>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

impl Envelope {
    /// What a codec of one's own returns: the format's name, the algorithm of the key that fitted
    /// and who could have minted the token.
    ///
    /// ```
    /// use symbolon::{Envelope, Format, Provenance};
    ///
    /// let envelope = Envelope::new(Format::Other("branca"), "XC20P", Provenance::SharedKey);
    /// assert_eq!(envelope.alg(), "XC20P");
    /// ```
    #[must_use]
    pub const fn new(format: Format, alg: &'static str, provenance: Provenance) -> Self {
        Self {
            format,
            alg,
            provenance,
            kid: None,
            typ: None,
            cty: None,
            issued_at: None,
            expires_at: None,
        }
    }

    /// With the identifier of the key that fitted.
    #[must_use]
    pub fn with_kid(mut self, kid: Option<KeyId>) -> Self {
        self.kid = kid;
        self
    }

    /// With what kind of token it says it is.
    #[must_use]
    pub fn with_typ(mut self, typ: Option<&str>) -> Self {
        self.typ = typ.map(MediaType::new);
        self
    }

    /// With what kind of payload it says it holds.
    #[must_use]
    pub fn with_content_type(mut self, cty: Option<&str>) -> Self {
        self.cty = cty.map(MediaType::new);
        self
    }

    /// With when it was issued, in Unix seconds.
    #[must_use]
    pub const fn with_issued_at(mut self, seconds: Option<i64>) -> Self {
        self.issued_at = seconds;
        self
    }

    /// With from when on it is expired, in Unix seconds.
    #[must_use]
    pub const fn with_expires_at(mut self, seconds: Option<i64>) -> Self {
        self.expires_at = seconds;
        self
    }

    /// The token's format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The algorithm, such as `ES256` or `XChaCha20-Poly1305`.
    #[must_use]
    pub const fn alg(&self) -> &'static str {
        self.alg
    }

    /// Who could have minted it.
    #[must_use]
    pub const fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// The identifier of the key that fitted, if that key has one.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// What kind of token it says it is, as it stands in the header.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_ref().map(MediaType::as_str)
    }

    /// What kind of payload it says it holds, as it stands in the header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.cty.as_ref().map(MediaType::as_str)
    }

    /// When it was issued, where the format itself carries that (Amora); a claim does not count.
    #[must_use]
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.issued_at.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
    }

    /// From when on it is expired, where the format itself carries that; a claim does not count.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
    }
}

/// A `typ` or `cty`. Nearly all say `JWT`, and those shall not cost an allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MediaType {
    Jwt,
    Other(Box<str>),
}

impl MediaType {
    pub(crate) fn new(text: &str) -> Self {
        if text == "JWT" { Self::Jwt } else { Self::Other(text.into()) }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Jwt => "JWT",
            Self::Other(text) => text,
        }
    }
}
