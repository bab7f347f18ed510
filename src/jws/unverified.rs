//! A look at a token before anything is known to be true of it.

use std::fmt;

use serde::de::DeserializeOwned;

use super::compact::Parts;
use crate::base::{Limits, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::{self, Header};

/// What a compact JWS claims to be: for choosing an issuer's ring, or for a log. Anyone can write
/// anything here: decide nothing by it but which keys to try.
///
/// ```
/// use symbolon::jws::Unverified;
///
/// // RFC 7515 A.1
/// let peeked = Unverified::peek("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.e30.AA")?;
/// assert_eq!(peeked.alg(), "HS256");
/// assert_eq!(peeked.typ(), Some("JWT"));
/// assert_eq!(peeked.kid(), None);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct Unverified {
    header: Vec<u8>,
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    payload: Vec<u8>,
}

impl Unverified {
    /// Looks at `token` within the default [`Limits`].
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed), [`TooLarge`](ErrorKind::TooLarge) or
    /// [`UnsupportedHeader`](ErrorKind::UnsupportedHeader), as for a token that is verified.
    pub fn peek(token: &str) -> Result<Self> {
        let limits = Limits::default();
        let parts = Parts::of(token, &limits)?;
        let text = jose::decode_header(parts.header, &limits)?;
        let header = Header::parse(&text)?;
        let alg = header.alg.into_owned();
        let [kid, typ] = [header.kid, header.typ].map(|text| text.map(Into::into));
        let payload = base64url::decode(parts.payload())
            .map_err(|_| Error::new(ErrorKind::Malformed, "the payload is not base64url"))?;
        Ok(Self { header: text, alg, kid, typ, payload })
    }

    /// The algorithm that the header names. A key decides, not this.
    #[must_use]
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// The key that the header names: opaque text, never a path or a query.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The type that the header names.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The JSON text of the header.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The payload's bytes, which anyone may have written.
    #[must_use]
    pub fn payload_unverified(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as JSON, which anyone may have written: for the `iss` that picks a ring, or for
    /// debugging.
    ///
    /// # Errors
    /// [`MalformedClaims`](ErrorKind::MalformedClaims) where it does not fit `C`.
    pub fn claims_unverified<C: DeserializeOwned>(&self) -> Result<C> {
        serde_json::from_slice(&self.payload).map_err(|_| ErrorKind::MalformedClaims.into())
    }
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified")
    }
}
