//! A key that verifies signatures, prepared once.

use std::fmt;
use std::sync::Arc;

use super::{Provenance, RingKey};
use crate::base::{KeyId, base64url, leaving_no_trace};
use crate::error::Result;
use crate::jwa::{
    EcPublicKey, EdAlg, HmacAlg, JwsAlg, KeyMaterial, KeyType, OctKey, OkpPublicKey, RsaPublicKey,
    RsaSigAlg, Verify, VerifyStream,
};

/// A key that verifies signatures of one algorithm.
///
/// Clones share the prepared key.
///
/// ```
/// use symbolon::{EcCurve, EcPrivateKey};
///
/// let verifier = EcPrivateKey::generate(EcCurve::P384)?.public().verifier()?.with_kid("gate-7")?;
/// assert_eq!(verifier.alg().name(), "ES384");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    alg: JwsAlg,
    kid: Option<KeyId>,
    key: Arc<dyn Verify>,
    jwt_header: Arc<str>,
}

impl Verifier {
    /// Prepares `key` for `alg`. Of a private key it takes the public half.
    ///
    /// # Errors
    /// [`KeyMismatch`](crate::ErrorKind::KeyMismatch) where the key is of another kind than `alg`
    /// needs; [`WeakKey`](crate::ErrorKind::WeakKey), [`InvalidKey`](crate::ErrorKind::InvalidKey) or
    /// [`MissingFeature`](crate::ErrorKind::MissingFeature) where it cannot serve.
    pub fn new(alg: JwsAlg, key: &KeyMaterial) -> Result<Self> {
        let public = key.to_public();
        let key = leaving_no_trace(|| (alg.0.verifier)(public.as_ref().unwrap_or(key)))?;
        Ok(Self { alg, kid: None, key, jwt_header: jwt_header(alg, None) })
    }

    /// The same key under the name `kid`.
    ///
    /// # Errors
    /// [`InvalidKey`](crate::ErrorKind::InvalidKey) where the name has not 1 to 256 bytes.
    pub fn with_kid<K>(mut self, kid: K) -> Result<Self>
    where
        K: TryInto<KeyId>,
        crate::Error: From<K::Error>,
    {
        let kid = kid.try_into()?;
        self.jwt_header = jwt_header(self.alg, Some(&kid));
        self.kid = Some(kid);
        Ok(self)
    }

    /// The algorithm it verifies.
    #[must_use]
    pub const fn alg(&self) -> JwsAlg {
        self.alg
    }

    /// Its identifier.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// Who can make signatures that it accepts.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        match self.alg.key_type() {
            KeyType::Oct => Provenance::SharedKey,
            KeyType::Rsa | KeyType::Ec | KeyType::Okp => Provenance::Signed,
        }
    }

    /// The header, encoded, of a token of type `JWT` by this key, as this crate writes it.
    pub(crate) fn jwt_header(&self) -> &str {
        &self.jwt_header
    }

    /// Whether `signature` is one of `message` by this key.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(message, signature)
    }

    /// For a message that comes in pieces.
    pub(crate) fn start(&self) -> Result<VerifyStream<'_>> {
        self.key.start()
    }
}

/// Prepared once a key, so that neither writing nor reading the usual header costs any JSON.
fn jwt_header(alg: JwsAlg, kid: Option<&KeyId>) -> Arc<str> {
    let kid = kid
        .map_or_else(String::new, |kid| format!(r#""kid":{},"#, serde_json::Value::from(kid.as_str())));
    base64url::encode(format!(r#"{{"alg":"{alg}",{kid}"typ":"JWT"}}"#)).into()
}

impl RingKey for Verifier {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn alg(&self) -> &'static str {
        self.alg.name()
    }

    fn fits(&self, alg: &str) -> bool {
        self.alg.name() == alg || self.alg.0.aliases.contains(&alg)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("alg", &self.alg).field("kid", &self.kid).finish()
    }
}

impl OctKey {
    /// A verifier of MACs.
    ///
    /// # Errors
    /// [`WeakKey`](crate::ErrorKind::WeakKey) where the key is shorter than the hash.
    pub fn verifier(&self, alg: HmacAlg) -> Result<Verifier> {
        Verifier::new(alg.into(), &self.clone().into())
    }
}

impl RsaPublicKey {
    /// A verifier of RSA signatures of one kind.
    ///
    /// # Errors
    /// [`InvalidKey`](crate::ErrorKind::InvalidKey) where the backend refuses the key.
    pub fn verifier(&self, alg: RsaSigAlg) -> Result<Verifier> {
        Verifier::new(alg.into(), &self.clone().into())
    }
}

impl EcPublicKey {
    /// A verifier of ECDSA signatures; the curve decides the algorithm.
    ///
    /// # Errors
    /// [`InvalidKey`](crate::ErrorKind::InvalidKey) where the backend refuses the key.
    pub fn verifier(&self) -> Result<Verifier> {
        Verifier::new(self.curve().alg(), &self.clone().into())
    }
}

impl OkpPublicKey {
    /// A verifier of Ed25519 signatures, under either of their two names.
    ///
    /// # Errors
    /// [`KeyMismatch`](crate::ErrorKind::KeyMismatch) for a key on X25519, which signs nothing.
    pub fn verifier(&self) -> Result<Verifier> {
        Verifier::new(EdAlg::EdDsa.into(), &self.clone().into())
    }
}
