//! What a codec is given to write.

use std::fmt;

use time::OffsetDateTime;

#[cfg(any(feature = "amora", feature = "sealed"))]
use crate::error::{Error, ErrorKind, Result};

/// A payload and what the format may say of it outside: type, content type, times.
///
/// ```
/// use symbolon::{Body, HmacAlg, JwsCodec, OctKey, TokenCodecExt};
/// use time::{Duration, OffsetDateTime};
///
/// let codec = JwsCodec::new(OctKey::generate(32)?.signer(HmacAlg::Hs256)?);
/// let body = Body::new(b"\x93\x01\x02\x03").content_type("application/msgpack");
/// let token = codec.seal(&body)?;
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Body<'b> {
    pub(crate) payload: &'b [u8],
    pub(crate) typ: Option<&'b str>,
    pub(crate) cty: Option<&'b str>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

impl<'b> Body<'b> {
    /// Any bytes; no type, no times.
    #[must_use]
    pub const fn new(payload: &'b [u8]) -> Self {
        Self { payload, typ: None, cty: None, issued_at: None, expires_at: None }
    }

    /// What kind of token it is: `JWT`, `at+jwt` (a JOSE header's `typ`, RFC 7515 §4.1.9).
    #[must_use]
    pub const fn typ(mut self, typ: &'b str) -> Self {
        self.typ = Some(typ);
        self
    }

    /// What kind of bytes the payload is (a JOSE header's `cty`, RFC 7515 §4.1.10).
    #[must_use]
    pub const fn content_type(mut self, cty: &'b str) -> Self {
        self.cty = Some(cty);
        self
    }

    /// When it is issued, for formats that carry it outside the payload (Amora); seconds count.
    #[must_use]
    pub const fn issued_at(mut self, moment: OffsetDateTime) -> Self {
        self.issued_at = Some(moment.unix_timestamp());
        self
    }

    /// From when on it is expired, for formats that carry it outside the payload; seconds count.
    #[must_use]
    pub const fn expires_at(mut self, moment: OffsetDateTime) -> Self {
        self.expires_at = Some(moment.unix_timestamp());
        self
    }

    /// Refuses a special `typ`, for formats that carry none: readers that demand it would find none.
    #[cfg(any(feature = "amora", feature = "sealed"))]
    pub(crate) fn refuse_special_typ(&self) -> Result<()> {
        match self.typ {
            None | Some("JWT") => Ok(()),
            Some(_) => Err(Error::new(
                ErrorKind::InvalidSetting,
                "this format carries no `typ`, only JOSE does",
            )),
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn payload(&self) -> &'b [u8] {
        self.payload
    }

    /// What kind of token it is.
    #[must_use]
    pub const fn as_typ(&self) -> Option<&'b str> {
        self.typ
    }

    /// What kind of bytes the payload is.
    #[must_use]
    pub const fn as_content_type(&self) -> Option<&'b str> {
        self.cty
    }

    /// When it is issued, in Unix seconds.
    #[must_use]
    pub const fn issued_at_unix(&self) -> Option<i64> {
        self.issued_at
    }

    /// From when on it is expired, in Unix seconds.
    #[must_use]
    pub const fn expires_at_unix(&self) -> Option<i64> {
        self.expires_at
    }
}

/// How long the payload is: it may be about to be encrypted.
impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("payload", &format_args!("[{} bytes]", self.payload.len()))
            .field("typ", &self.typ)
            .field("cty", &self.cty)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}
