//! Key material of any kind, and the types that a JWK's `kty` names.

use std::fmt;

use super::{
    EcPrivateKey, EcPublicKey, OctKey, OkpPrivateKey, OkpPublicKey, RsaPrivateKey, RsaPublicKey,
};

/// The type of a key: `kty` in IANA's registry "JSON Web Key Types".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// Symmetric bytes (RFC 7518 §6.4).
    Oct,
    /// RSA (RFC 7518 §6.3).
    Rsa,
    /// Elliptic curve (RFC 7518 §6.2).
    Ec,
    /// Octet key pair: Ed25519 and X25519 (RFC 8037).
    Okp,
}

impl KeyType {
    /// The registered name: `oct`, `RSA`, `EC` or `OKP`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oct => "oct",
            Self::Rsa => "RSA",
            Self::Ec => "EC",
            Self::Okp => "OKP",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key of any kind: what a PEM file or a JWK holds.
///
/// Every variant was checked when it was made: lengths, ranges, points on their curve (with ring
/// as the only backend, points on P-256 and P-384 are checked at each use instead).
// No variant is larger than two words: what a larger one leaves free behind a smaller one is moved with
// it, whatever stood there on the stack before, and no `Drop` wipes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMaterial {
    /// Symmetric bytes.
    Oct(OctKey),
    /// An RSA public key.
    RsaPublic(RsaPublicKey),
    /// An RSA private key.
    RsaPrivate(RsaPrivateKey),
    /// A point on an elliptic curve.
    EcPublic(EcPublicKey),
    /// An elliptic curve private key with its point.
    EcPrivate(EcPrivateKey),
    /// An Ed25519 or X25519 public key.
    OkpPublic(OkpPublicKey),
    /// An Ed25519 or X25519 private key with its public half.
    OkpPrivate(OkpPrivateKey),
}

impl KeyMaterial {
    /// The type of the key.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        match self {
            Self::Oct(_) => KeyType::Oct,
            Self::RsaPublic(_) | Self::RsaPrivate(_) => KeyType::Rsa,
            Self::EcPublic(_) | Self::EcPrivate(_) => KeyType::Ec,
            Self::OkpPublic(_) | Self::OkpPrivate(_) => KeyType::Okp,
        }
    }

    /// The curve's name, the `crv` of a JWK; none for symmetric and RSA keys.
    #[must_use]
    pub const fn curve(&self) -> Option<&'static str> {
        match self {
            Self::Oct(_) | Self::RsaPublic(_) | Self::RsaPrivate(_) => None,
            Self::EcPublic(key) => Some(key.curve().name()),
            Self::EcPrivate(key) => Some(key.public().curve().name()),
            Self::OkpPublic(key) => Some(key.curve().name()),
            Self::OkpPrivate(key) => Some(key.public().curve().name()),
        }
    }

    /// Whether it can sign or decrypt: true for private and symmetric keys.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        match self {
            Self::Oct(_) | Self::RsaPrivate(_) | Self::EcPrivate(_) | Self::OkpPrivate(_) => true,
            Self::RsaPublic(_) | Self::EcPublic(_) | Self::OkpPublic(_) => false,
        }
    }

    /// The public half; none for a symmetric key, which has none.
    #[must_use]
    pub fn to_public(&self) -> Option<Self> {
        match self {
            Self::Oct(_) => None,
            Self::RsaPublic(_) | Self::EcPublic(_) | Self::OkpPublic(_) => Some(self.clone()),
            Self::RsaPrivate(key) => Some(Self::RsaPublic(key.public().clone())),
            Self::EcPrivate(key) => Some(Self::EcPublic(key.public().clone())),
            Self::OkpPrivate(key) => Some(Self::OkpPublic(key.public().clone())),
        }
    }

    /// How an error names it.
    pub(crate) fn describe(&self) -> String {
        let half = match (self, self.is_secret()) {
            (Self::Oct(_), _) => "a symmetric",
            (_, true) => "a private",
            (_, false) => "a public",
        };
        match self.curve() {
            Some(curve) => format!("{half} {} key on {curve}", self.key_type()),
            None => format!("{half} {} key", self.key_type()),
        }
    }
}

macro_rules! from_keys {
    ($($key:ident => $variant:ident,)*) => {$(
        impl From<$key> for KeyMaterial {
            fn from(key: $key) -> Self {
                Self::$variant(key)
            }
        }
    )*};
}

from_keys! {
    OctKey => Oct,
    RsaPublicKey => RsaPublic,
    RsaPrivateKey => RsaPrivate,
    EcPublicKey => EcPublic,
    EcPrivateKey => EcPrivate,
    OkpPublicKey => OkpPublic,
    OkpPrivateKey => OkpPrivate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_no_room_for_a_secret_behind_a_smaller_variant() {
        assert!(size_of::<KeyMaterial>() <= 3 * size_of::<usize>());
    }
}
