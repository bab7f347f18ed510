//! Key text and key bytes on their way out: wiped on drop, never printed by accident.

use std::fmt;

use zeroize::Zeroizing;

/// Text that holds a secret key: a JWK, a PEM, or several. Wiped on drop, redacted in `Debug`.
///
/// ```
/// use symbolon::{Jwk, OctKey};
///
/// let text = Jwk::from(OctKey::new(vec![7; 32])?).danger_to_secret_json();
/// assert!(text.as_str().starts_with(r#"{"kty":"oct","k":""#));
/// assert_eq!(format!("{text:?}"), "SecretText([secret])");
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text itself: secret. It is wiped here, not where it is copied to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([secret])")
    }
}

/// The DER of a secret key. Wiped on drop, redacted in `Debug`.
#[cfg(feature = "pem")]
pub struct SecretDer(Zeroizing<Vec<u8>>);

#[cfg(feature = "pem")]
impl SecretDer {
    pub(super) const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes themselves: secret. They are wiped here, not where they are copied to.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(feature = "pem")]
impl fmt::Debug for SecretDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDer([secret])")
    }
}
