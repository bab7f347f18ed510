//! Who could have made a token.

/// Who can mint tokens that a codec accepts: encryption is not identity.
///
/// Ordered from weakest to strongest, so that the least of several is the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provenance {
    /// Anyone who has the public key: the format hides content but names no issuer (Amora one,
    /// JWE with RSA-OAEP or ECDH-ES).
    Anyone,
    /// Whoever holds the shared secret: every reader is a possible issuer too (HMAC, Amora zero,
    /// sealed, JWE with a symmetric key).
    SharedKey,
    /// Only the holder of the private key.
    Signed,
}
