//! Key identifiers: opaque text that picks a key and does nothing else.

use std::borrow::Borrow;
use std::fmt;

use super::Text;
use crate::error::{Error, ErrorKind, Result};

/// A key's identifier, the `kid` of RFC 7515 §4.1.4: 1 to 256 bytes of text.
///
/// It is compared byte for byte and is never a path, a query or an address.
///
/// ```
/// use symbolon::KeyId;
///
/// assert_eq!(KeyId::new("2026-11")?.as_str(), "2026-11");
/// assert!(KeyId::new("").is_err());
/// assert!(KeyId::new(&"k".repeat(257)).is_err());
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyId(Text<INLINE>);

/// Long enough for a UUID, a SHA-1 in hexadecimal and a SHA-256 thumbprint.
const INLINE: usize = 46;

impl KeyId {
    /// The most bytes an identifier may have.
    pub const MAX_LEN: usize = 256;

    /// Takes `text` as an identifier.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where it is empty or longer than 256 bytes.
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(Error::new(ErrorKind::InvalidKey, "a kid has 1 to 256 bytes"));
        }
        Ok(Self(Text::new(text)))
    }

    /// The identifier's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Lets a map of identifiers be asked with the text of a header.
impl Borrow<[u8]> for KeyId {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An identifier, or what becomes one: so that `.with_kid("2026-11")` can be written.
impl TryFrom<&str> for KeyId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for KeyId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}
