//! Keys as text: JWK and JWK Set (RFC 7517), thumbprints (RFC 7638), PEM and DER.

#[cfg(feature = "pem")]
mod der;
mod key;
#[cfg(feature = "pem")]
mod pbes2;
#[cfg(feature = "pem")]
mod pem;
mod read;
mod secret;
mod serial;
mod set;
mod thumbprint;
mod write;

pub use self::key::Jwk;
#[cfg(feature = "pem")]
pub use self::secret::SecretDer;
pub use self::secret::SecretText;
pub use self::set::{JwkSet, SkippedKey};

use crate::error::{ErrorKind, Result};
use crate::jwa::{JwsAlg, KeyMaterial, RsaCrtParts, RsaPrivateKey, RsaPublicKey};

/// What RFC 8017 leaves to whoever reads the key: that its private numbers are those of its modulus.
fn rsa_private(public: RsaPublicKey, parts: RsaCrtParts<'_>) -> Result<KeyMaterial> {
    // No backend signs with more; such a key can still be converted, and its public half be used.
    let checkable = public.bits() <= 4096;
    let key = KeyMaterial::from(RsaPrivateKey::new(public, parts)?);
    if checkable {
        match (JwsAlg::RS256.0.signer)(&key) {
            // Without a backend that signs there is none that is harmed by numbers that do not fit.
            Err(error) if error.kind() != ErrorKind::MissingFeature => return Err(error),
            _ => {}
        }
    }
    Ok(key)
}
