//! What is rotated: signing keys, encrypting keys, master keys. Each kind knows how a fresh key is made
//! and how a kept one is prepared.

use crate::error::Result;
use crate::jwa::JwsAlg;
use crate::jwk::Jwk;
use crate::keys::{Signer, WritingKey};

/// A kind of key that is kept as a JWK and rotated.
///
/// [`JwsAlg`] is one, so that `Rotator::builder(JwsAlg::ES256, …)` rotates signers. So are
/// `(JweAlg, JweEnc)`, for encrypters, `SealedKeys`, and `AmoraVersion`. Keys that lie in a KMS are one
/// that you write: `generate` has the KMS make a key and returns its public half, and `prepare` makes a
/// [`Signer::remote`] of that.
///
/// An algorithm that is exchanged for another takes effect with the next key; the old ones go on as
/// what they are.
///
/// ```
/// use symbolon::rotation::{KeyKind, MemoryStore, RotationPolicy, Rotator};
/// use symbolon::{Error, Jwk, JwsAlg, RemoteSigner, Signer, Verifier};
/// use time::Duration;
///
/// # struct Kms(std::sync::Arc<std::sync::Mutex<std::collections::BTreeMap<String, Signer>>>);
/// # struct KmsKey(Signer);
/// # impl Kms {
/// #     fn create_key(&self) -> Result<Jwk, Error> {
/// #         let key = Jwk::generate(JwsAlg::ES256)?.with_thumbprint_kid()?;
/// #         let kid = key.kid().unwrap().to_string();
/// #         self.0.lock().unwrap().insert(kid, Signer::from_jwk(&key)?);
/// #         key.to_public()
/// #     }
/// #     fn key(&self, kid: &str) -> KmsKey { KmsKey(self.0.lock().unwrap()[kid].clone()) }
/// # }
/// # impl RemoteSigner for KmsKey {
/// #     fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> { self.0.sign(message) }
/// # }
/// impl KeyKind for Kms { // a client of the KMS
///     type Key = Signer;
///
///     fn generate(&self) -> Result<Jwk, Error> {
///         self.create_key() // its public half, with the kid that the KMS gave it
///     }
///
///     fn prepare(&self, jwk: &Jwk) -> Result<Signer, Error> {
///         let kid = jwk.kid().map(|kid| kid.as_str()).unwrap_or_default();
///         Ok(Signer::remote(Verifier::from_jwk(jwk)?, self.key(kid)))
///     }
/// }
///
/// # let kms = Kms(Default::default());
/// let policy = RotationPolicy::every(Duration::days(90)).keep_for(Duration::hours(1));
/// let rotator = Rotator::builder(kms, policy).open(MemoryStore::new())?;
/// assert!(rotator.keys().load().primary()?.sign(b"message").is_ok());
/// # Ok::<(), Error>(())
/// ```
pub trait KeyKind: Send + Sync {
    /// What writes tokens.
    type Key: WritingKey + Clone;

    /// A fresh key. One without a `kid` is given 96 random bits as its name.
    ///
    /// # Errors
    /// Whatever hinders it; the keys then stay as they are.
    fn generate(&self) -> Result<Jwk>;

    /// The key of `jwk`, ready to write, under its `kid`.
    ///
    /// # Errors
    /// Where it is none of this kind, or cannot be used here.
    fn prepare(&self, jwk: &Jwk) -> Result<Self::Key>;

    /// Which keys' public halves others are to know.
    fn publishes(&self) -> Publishes {
        Publishes::Readers
    }
}

/// Which keys of a schedule are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Publishes {
    /// All that verify, the next and the old ones too: others verify with them.
    Readers,
    /// The present one alone: others encrypt to it.
    Present,
}

/// Signers of one algorithm.
impl KeyKind for JwsAlg {
    type Key = Signer;

    fn generate(&self) -> Result<Jwk> {
        Jwk::generate(*self)?.with_use("sig")
    }

    fn prepare(&self, jwk: &Jwk) -> Result<Signer> {
        Signer::from_jwk(jwk)
    }
}

#[cfg(feature = "jwe")]
mod jwe {
    use super::{KeyKind, Publishes};
    use crate::error::Result;
    use crate::jwa::{JweAlg, JweEnc};
    use crate::jwk::Jwk;
    use crate::keys::{Decrypter, Encrypter, WritingKey};

    /// Encrypters of one key management and one content encryption. `keep_for` covers, beside the life
    /// of a token, how long others hold on to a public key that was published.
    impl KeyKind for (JweAlg, JweEnc) {
        type Key = Encrypter;

        fn generate(&self) -> Result<Jwk> {
            Jwk::generate_encryption(self.0, self.1)
        }

        fn prepare(&self, jwk: &Jwk) -> Result<Encrypter> {
            // A key for `dir` is for the content encryption that it names, whatever is made now.
            let own = jwk.alg().and_then(JweEnc::from_name);
            let encrypter = Encrypter::from_jwk(jwk, own.unwrap_or(self.1))?;
            // An encrypter keeps silent on a private half that cannot be used here: this ring is to read.
            if encrypter.reader().is_none() {
                Decrypter::from_jwk(jwk, encrypter.enc())?;
            }
            Ok(encrypter)
        }

        fn publishes(&self) -> Publishes {
            Publishes::Present
        }
    }
}

#[cfg(feature = "sealed")]
pub use sealed::SealedKeys;

#[cfg(feature = "sealed")]
mod sealed {
    use super::KeyKind;
    use crate::error::{Error, ErrorKind, Result};
    use crate::jwa::{KeyMaterial, OctKey};
    use crate::jwk::Jwk;
    use crate::sealed::SealedKey;

    /// Master keys of sealed tokens, of 32 bytes.
    #[derive(Debug, Clone, Copy, Default)]
    #[expect(clippy::exhaustive_structs, reason = "its name is its value")]
    pub struct SealedKeys;

    impl KeyKind for SealedKeys {
        type Key = SealedKey;

        fn generate(&self) -> Result<Jwk> {
            Ok(OctKey::generate(32)?.into())
        }

        fn prepare(&self, jwk: &Jwk) -> Result<SealedKey> {
            let KeyMaterial::Oct(key) = jwk.material() else {
                return Err(Error::new(
                    ErrorKind::KeyMismatch,
                    format!("a master key is symmetric, this is {}", jwk.material().describe()),
                ));
            };
            let key = SealedKey::new(key.as_bytes())?;
            jwk.kid().cloned().map_or(Ok(key.clone()), |kid| key.with_kid(kid))
        }
    }
}

#[cfg(feature = "amora")]
mod amora {
    use super::{KeyKind, Publishes};
    use crate::amora::{AmoraOpener, AmoraSealer, AmoraVersion};
    use crate::error::{Error, ErrorKind, Result};
    use crate::jwa::{KeyMaterial, OctKey, OkpCurve, OkpPrivateKey};
    use crate::jwk::Jwk;

    /// Keys of Amora. Its tokens name no key, so at most 4 stand side by side: `keep_for` must be
    /// shorter than two periods.
    impl KeyKind for AmoraVersion {
        type Key = AmoraSealer;

        fn generate(&self) -> Result<Jwk> {
            match self {
                Self::Zero => Ok(OctKey::generate(32)?.into()),
                Self::One => Jwk::from(OkpPrivateKey::generate(OkpCurve::X25519)?).with_use("enc"),
            }
        }

        fn prepare(&self, jwk: &Jwk) -> Result<AmoraSealer> {
            let opener = match jwk.material() {
                KeyMaterial::Oct(key) => key.as_bytes().try_into().ok().map(AmoraOpener::zero),
                KeyMaterial::OkpPrivate(key) if key.public().curve() == OkpCurve::X25519 => {
                    key.d().try_into().ok().map(AmoraOpener::one)
                }
                _ => None,
            };
            let opener = opener.ok_or_else(|| {
                Error::new(
                    ErrorKind::KeyMismatch,
                    format!(
                        "a key of Amora is 32 bytes or on X25519, this is {}",
                        jwk.material().describe()
                    ),
                )
            })?;
            let sealer = opener.sealer();
            jwk.kid().cloned().map_or(Ok(sealer.clone()), |kid| sealer.with_kid(kid))
        }

        fn publishes(&self) -> Publishes {
            Publishes::Present
        }
    }
}
