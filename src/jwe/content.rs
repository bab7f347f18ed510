//! What is to be encrypted, and what the header says of it.

use std::fmt;

/// A payload and what the message says of it outside: type, content type, additional data.
///
/// ```
/// use symbolon::jwe::Content;
///
/// let content = Content::new(b"any bytes").content_type("application/cbor");
/// ```
#[derive(Clone, Copy)]
pub struct Content<'c> {
    pub(crate) payload: &'c [u8],
    pub(crate) typ: Option<&'c str>,
    pub(crate) cty: Option<&'c str>,
    pub(crate) aad: Option<&'c [u8]>,
    pub(crate) zip: bool,
}

impl<'c> Content<'c> {
    /// Any bytes.
    #[must_use]
    pub const fn new(payload: &'c [u8]) -> Self {
        Self { payload, typ: None, cty: None, aad: None, zip: false }
    }

    /// What kind of token it is (RFC 7516 §4.1.11).
    #[must_use]
    pub const fn typ(mut self, typ: &'c str) -> Self {
        self.typ = Some(typ);
        self
    }

    /// What kind of payload it holds (RFC 7516 §4.1.12).
    #[must_use]
    pub const fn content_type(mut self, cty: &'c str) -> Self {
        self.cty = Some(cty);
        self
    }

    /// Bytes that go along unencrypted but authentic (RFC 7516 §5.1 step 14), in the JSON
    /// serialization only: the compact one has no place for them.
    #[must_use]
    pub const fn additional_data(mut self, aad: &'c [u8]) -> Self {
        self.aad = Some(aad);
        self
    }

    /// Compresses the payload first (`zip`: `DEF`, RFC 7516 §4.1.3). The length of what is compressed
    /// tells something of its content: never where an attacker can choose a part of it.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn danger_compressed(mut self) -> Self {
        self.zip = true;
        self
    }
}

/// How long the payload is: what is to be encrypted is to be seen by nobody.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("payload", &format_args!("[{} bytes]", self.payload.len()))
            .field("typ", &self.typ)
            .field("cty", &self.cty)
            .field("zip", &self.zip)
            .finish_non_exhaustive()
    }
}
