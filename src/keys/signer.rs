//! A key that signs, prepared once; here or elsewhere.

use std::fmt;
use std::sync::Arc;

use super::{RingKey, Verifier, WritingKey};
use crate::base::{KeyId, leaving_no_trace};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{
    EcPrivateKey, EdAlg, HmacAlg, JwsAlg, KeyMaterial, MAX_SIGNATURE_LEN, OctKey, OkpPrivateKey,
    RsaPrivateKey, RsaSigAlg, Sign, SignStream,
};

/// A signer whose key lies in another place that answers at once: a PKCS#11 token, an agent.
///
/// For a place that answers later (a KMS behind an async client) use
/// [`JwsCodec::draft`](crate::JwsCodec::draft) instead.
///
/// ```
/// use symbolon::{Error, JwsAlg, RemoteSigner, Signer};
///
/// struct Token; // a session with the hardware
///
/// impl RemoteSigner for Token {
///     fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
///         // Ask the hardware; r and s as DER are fine, they are converted.
///         # let _ = message;
///         Err(Error::new(symbolon::ErrorKind::Signing, "the token was pulled out"))
///     }
/// }
///
/// let verifier = Signer::generate(JwsAlg::ES256)?.verifier(); // its public half
/// let signer = Signer::remote(verifier, Token);
/// # Ok::<(), symbolon::Error>(())
/// ```
pub trait RemoteSigner: Send + Sync {
    /// The signature of `message`, raw as the algorithm's RFC writes it, or (ECDSA) in DER.
    ///
    /// # Errors
    /// Whatever hindered it, of the kind [`Signing`](ErrorKind::Signing).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>>;
}

/// A key that signs with one algorithm.
///
/// Clones share the prepared key.
///
/// ```
/// use symbolon::{JwsAlg, Signer};
///
/// let signer = Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?;
/// assert_eq!(signer.alg(), JwsAlg::ES256);
/// let verifier = signer.verifier(); // what others need to check its tokens
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    alg: JwsAlg,
    kid: Option<KeyId>,
    key: SigningKey,
    verifier: Verifier,
}

#[derive(Clone)]
enum SigningKey {
    Local(Arc<dyn Sign>),
    Remote(Arc<dyn RemoteSigner>),
    Elsewhere,
}

impl Signer {
    /// Prepares the private or symmetric `key` for `alg`.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where the key is of another kind than `alg` needs;
    /// [`WeakKey`](ErrorKind::WeakKey), [`InvalidKey`](ErrorKind::InvalidKey) or
    /// [`MissingFeature`](ErrorKind::MissingFeature) where it cannot serve.
    pub fn new(alg: JwsAlg, key: &KeyMaterial) -> Result<Self> {
        let signer = leaving_no_trace(|| (alg.0.signer)(key))?;
        let verifier = Verifier::new(alg, key)?;
        Ok(Self { alg, kid: None, key: SigningKey::Local(signer), verifier })
    }

    /// A fresh key for `alg`, of the size the algorithm asks for (RSA: 2048 bits).
    ///
    /// The key is gone when the process ends: to keep it, generate [`KeyMaterial`] and write that.
    ///
    /// # Errors
    /// [`MissingFeature`](ErrorKind::MissingFeature) where no backend makes such keys.
    pub fn generate(alg: JwsAlg) -> Result<Self> {
        Self::new(alg, &(alg.0.generate)()?)
    }

    /// A key that lies in another place which `signer` reaches; `verifier` is its public half, and
    /// each signature is checked with it before it is used.
    #[must_use]
    pub fn remote(verifier: Verifier, signer: impl RemoteSigner + 'static) -> Self {
        Self {
            alg: verifier.alg(),
            kid: verifier.kid().cloned(),
            key: SigningKey::Remote(Arc::new(signer)),
            verifier,
        }
    }

    /// A key that lies in another place which only [`JwsCodec::draft`](crate::JwsCodec::draft)
    /// serves; `verifier` is its public half.
    #[must_use]
    pub fn elsewhere(verifier: Verifier) -> Self {
        Self { alg: verifier.alg(), kid: verifier.kid().cloned(), key: SigningKey::Elsewhere, verifier }
    }

    /// The same key under the name `kid`.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where the name has not 1 to 256 bytes.
    pub fn with_kid<K>(mut self, kid: K) -> Result<Self>
    where
        K: TryInto<KeyId>,
        Error: From<K::Error>,
    {
        let kid = kid.try_into()?;
        self.verifier = self.verifier.with_kid::<KeyId>(kid.clone())?;
        self.kid = Some(kid);
        Ok(self)
    }

    /// The algorithm it signs with.
    #[must_use]
    pub const fn alg(&self) -> JwsAlg {
        self.alg
    }

    /// Its identifier.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The key that verifies what this one signs; of a symmetric key it is as secret as this one.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    pub(crate) fn jwt_header(&self) -> &str {
        self.verifier.jwt_header()
    }

    /// The signature of `message`, raw as the algorithm's RFC writes it.
    ///
    /// # Errors
    /// [`Signing`](ErrorKind::Signing) where the key fails or is not reached;
    /// [`NoKey`](ErrorKind::NoKey) for one that only signs [`elsewhere`](Self::elsewhere).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut buffer = [0; MAX_SIGNATURE_LEN];
        Ok(self.sign_into(message, &mut buffer)?.to_vec())
    }

    pub(crate) fn sign_into<'b>(&self, message: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let len = match &self.key {
            SigningKey::Local(key) => key.sign(message, buffer)?,
            SigningKey::Remote(key) => {
                let signature = self.accept(message, key.sign(message)?)?;
                let place = buffer.get_mut(..signature.len()).ok_or(ErrorKind::Signing)?;
                place.copy_from_slice(&signature);
                signature.len()
            }
            SigningKey::Elsewhere => {
                return Err(Error::new(
                    ErrorKind::NoKey,
                    "the primary key signs elsewhere: use JwsCodec::draft and attach",
                ));
            }
        };
        buffer.get(..len).ok_or_else(|| ErrorKind::Signing.into())
    }

    /// For a message that comes in pieces.
    pub(crate) fn start(&self) -> Result<SignStream<'_>> {
        match &self.key {
            SigningKey::Local(key) => key.start(),
            SigningKey::Remote(_) | SigningKey::Elsewhere => Err(Error::new(
                ErrorKind::NoKey,
                "the key lies in another place, which takes a payload whole: it cannot be streamed",
            )),
        }
    }

    /// Takes a signature that was made elsewhere, in raw form or (ECDSA) in DER.
    pub(crate) fn accept(&self, message: &[u8], signature: Vec<u8>) -> Result<Vec<u8>> {
        if self.verifier.verify(message, &signature) {
            return Ok(signature);
        }
        // A DER signature can have the raw one's length, so it is the check that tells them apart.
        if let Some(raw) = self.alg.signature_len().and_then(|len| ecdsa_from_der(&signature, len))
            && self.verifier.verify(message, &raw)
        {
            return Ok(raw);
        }
        Err(Error::new(
            ErrorKind::Signing,
            format!("what was signed elsewhere is no {} signature by this key", self.alg),
        ))
    }
}

/// r and s of `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279 §2.2.3), each as half of `len` bytes.
fn ecdsa_from_der(der: &[u8], len: usize) -> Option<Vec<u8>> {
    fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
        let (&[found, len], rest) = bytes.split_first_chunk::<2>()?;
        let (len, rest) = match len {
            0x81 => rest.split_first().map(|(len, rest)| (*len, rest))?,
            short => (short, rest),
        };
        // 0x80 and more would be a length of several bytes: no signature is that long.
        (found == tag).then(|| rest.split_at_checked(usize::from(len)))?
    }

    let half = len / 2;
    let (body, []) = element(der, 0x30)? else { return None };
    let (r, rest) = element(body, 0x02)?;
    let (s, []) = element(rest, 0x02)? else { return None };
    let mut raw = Vec::with_capacity(len);
    for number in [r, s] {
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        let zeros = half.checked_sub(number.len())?;
        raw.resize(raw.len().checked_add(zeros)?, 0);
        raw.extend_from_slice(number);
    }
    Some(raw)
}

impl RingKey for Signer {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn alg(&self) -> &'static str {
        self.alg.name()
    }
}

impl WritingKey for Signer {
    type Reader = Verifier;

    fn reader(&self) -> Option<Verifier> {
        Some(self.verifier())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("alg", &self.alg).field("kid", &self.kid).finish()
    }
}

impl OctKey {
    /// A signer of MACs.
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) where the key is shorter than the hash.
    pub fn signer(&self, alg: HmacAlg) -> Result<Signer> {
        Signer::new(alg.into(), &self.clone().into())
    }
}

impl RsaPrivateKey {
    /// A signer of RSA signatures of one kind.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where its parts do not fit together or it has more than
    /// 4096 bits; [`MissingFeature`](ErrorKind::MissingFeature) without the feature `ring`.
    pub fn signer(&self, alg: RsaSigAlg) -> Result<Signer> {
        Signer::new(alg.into(), &self.clone().into())
    }
}

impl EcPrivateKey {
    /// A signer of ECDSA signatures; the curve decides the algorithm.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where the backend refuses the key.
    pub fn signer(&self) -> Result<Signer> {
        Signer::new(self.public().curve().alg(), &self.clone().into())
    }
}

impl OkpPrivateKey {
    /// A signer of Ed25519 signatures under one of their two names.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a key on X25519, which signs nothing.
    pub fn signer(&self, alg: EdAlg) -> Result<Signer> {
        Signer::new(alg.into(), &self.clone().into())
    }
}
