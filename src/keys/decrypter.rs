//! A key that decrypts, prepared once; here or elsewhere.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Provenance, RingKey};
use crate::base::{KeyId, leaving_no_trace};
use crate::crypto::rand;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::content_encryption::{ContentKey, EncRow};
use crate::jwa::key_management::{Cek, DecryptKey, ReadParameters};
use crate::jwa::{JweAlg, JweEnc, KeyMaterial};
use crate::jwk::Jwk;

/// A key that lies in another place which unwraps content keys: a KMS, a PKCS#11 token.
///
/// ```
/// use symbolon::{Decrypter, Error, JweAlg, JweEnc, RemoteUnwrap};
///
/// struct Kms; // a client of it
///
/// impl RemoteUnwrap for Kms {
///     fn unwrap(&self, encrypted_key: &[u8]) -> Result<Vec<u8>, Error> {
///         // Ask the KMS to decrypt; a refusal of its is `Unauthentic`.
///         # let _ = encrypted_key;
///         Err(symbolon::ErrorKind::Unauthentic.into())
///     }
/// }
///
/// let decrypter = Decrypter::remote(JweAlg::RSA_OAEP_256, JweEnc::A256GCM, Kms)?.with_kid("kms-1")?;
/// # Ok::<(), symbolon::Error>(())
/// ```
pub trait RemoteUnwrap: Send + Sync {
    /// The content key that was encrypted.
    ///
    /// # Errors
    /// [`Unauthentic`](ErrorKind::Unauthentic) where it cannot be decrypted, which is not let show;
    /// other kinds where the place cannot be reached.
    fn unwrap(&self, encrypted_key: &[u8]) -> Result<Vec<u8>>;
}

/// A key that decrypts what was encrypted to it, with one key management.
///
/// The content encryptions it reads are its own as well: the header may only agree. Clones share
/// the prepared key.
///
/// ```
/// use symbolon::{Decrypter, JweAlg, JweEnc, OkpCurve, OkpPrivateKey};
///
/// let key = OkpPrivateKey::generate(OkpCurve::X25519)?;
/// let decrypter = Decrypter::new(JweAlg::ECDH_ES, JweEnc::A256GCM, &key.into())?;
/// assert_eq!(decrypter.alg().name(), "ECDH-ES");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct Decrypter {
    alg: JweAlg,
    enc: JweEnc,
    also: Arc<[JweEnc]>,
    kid: Option<KeyId>,
    key: Arc<dyn DecryptKey>,
    jwt_header: Option<Arc<str>>,
    /// What stands in for a content key that cannot be unwrapped (RFC 7516 §11.5).
    decoy: Arc<Zeroizing<[u8; 64]>>,
}

impl Decrypter {
    /// Prepares the private or symmetric `key` for `alg`, to read content encrypted with `enc`.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where the key is of another kind or length than `alg`
    /// (for `dir`: `enc`) needs; [`InvalidKey`](ErrorKind::InvalidKey) or
    /// [`MissingFeature`](ErrorKind::MissingFeature) where it cannot serve.
    pub fn new(alg: JweAlg, enc: JweEnc, key: &KeyMaterial) -> Result<Self> {
        Self::of(alg, enc, leaving_no_trace(|| (alg.0.decrypter)(key, enc.0))?)
    }

    /// A key that lies in another place; for algorithms that encrypt or wrap content keys without
    /// further header parameters (RSA-OAEP, AES Key Wrap).
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for any other algorithm.
    pub fn remote(alg: JweAlg, enc: JweEnc, place: impl RemoteUnwrap + 'static) -> Result<Self> {
        // The place sees the encrypted key alone: what else a header says would be lost.
        if alg.0.direct || !alg.has_constant_header() {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "elsewhere content keys are unwrapped by RSA-OAEP or AES Key Wrap alone",
            ));
        }
        Self::of(alg, enc, Arc::new(Remote(place)))
    }

    fn of(alg: JweAlg, enc: JweEnc, key: Arc<dyn DecryptKey>) -> Result<Self> {
        served(enc)?;
        let mut decoy = Zeroizing::new([0; 64]);
        rand::fill(&mut *decoy).map_err(|_| ErrorKind::Randomness)?;
        let jwt_header = super::encrypter::jwt_header(alg, enc, None);
        Ok(Self { alg, enc, also: Arc::from([]), kid: None, key, jwt_header, decoy: Arc::new(decoy) })
    }

    /// The key of `jwk`, under its `kid`, for the key management that its `alg` names, to read content
    /// encrypted with `enc`.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`](ErrorKind::UnsupportedAlgorithm) where `alg` is absent or no key
    /// management that is known; [`KeyUse`](ErrorKind::KeyUse) where `use` or `key_ops` forbids it;
    /// else as [`new`](Self::new).
    pub fn from_jwk(jwk: &Jwk, enc: JweEnc) -> Result<Self> {
        let (alg, own_enc) = named_alg(jwk)?;
        if own_enc.is_some_and(|own| own != enc) {
            return Err(Error::new(ErrorKind::KeyMismatch, "the JWK is meant for another `enc`"));
        }
        Self::from_jwk_as(jwk, alg, enc)
    }

    /// The same for `alg`, which the JWK's own `alg` must not contradict.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`KeyMismatch`](ErrorKind::KeyMismatch) where the JWK names
    /// another algorithm.
    pub fn from_jwk_as(jwk: &Jwk, alg: JweAlg, enc: JweEnc) -> Result<Self> {
        check(jwk, alg, &DECRYPTS)?;
        let decrypter = Self::new(alg, enc, jwk.material())?;
        jwk.kid().cloned().map_or(Ok(decrypter.clone()), |kid| decrypter.with_kid(kid))
    }

    /// Reads content encrypted with any of `encs` as well. Not for `dir`, whose key is for just one.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for `dir`;
    /// [`MissingFeature`](ErrorKind::MissingFeature) for one that no backend serves.
    pub fn also_reading(mut self, encs: impl IntoIterator<Item = JweEnc>) -> Result<Self> {
        if self.alg == JweAlg::DIR {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "a key for `dir` is made for just one `enc`",
            ));
        }
        self.also = self.also.iter().copied().chain(encs).collect();
        self.also.iter().try_for_each(|enc| served(*enc))?;
        Ok(self)
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
        self.jwt_header = super::encrypter::jwt_header(self.alg, self.enc, Some(&kid));
        self.kid = Some(kid);
        Ok(self)
    }

    /// How it comes to the content key.
    #[must_use]
    pub const fn alg(&self) -> JweAlg {
        self.alg
    }

    /// The content encryption it was made for.
    #[must_use]
    pub const fn enc(&self) -> JweEnc {
        self.enc
    }

    /// Its identifier.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// Who can make tokens that it reads.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        if self.alg.is_symmetric() { Provenance::SharedKey } else { Provenance::Anyone }
    }

    /// The header, encoded, that [`Encrypter`](super::Encrypter) prepares for this key: a token that
    /// has it needs no parser for it.
    pub(crate) fn jwt_header(&self) -> Option<&str> {
        self.jwt_header.as_deref()
    }

    /// The content encryption of that name, if this key reads it.
    pub(crate) fn enc_named(&self, name: &str) -> Option<JweEnc> {
        std::iter::once(&self.enc).chain(&*self.also).find(|enc| enc.name() == name).copied()
    }

    /// The content key of a message, ready to use. A key that cannot be unwrapped is replaced by one
    /// that nobody knows, so that the tag fails and nothing else shows (RFC 7516 §11.5).
    pub(crate) fn with_content_key<T>(
        &self,
        enc: &EncRow,
        encrypted_key: &[u8],
        parameters: &ReadParameters<'_>,
        open: impl FnOnce(&ContentKey) -> T,
    ) -> Result<T> {
        let cek = match self.key.decrypt_key(enc, encrypted_key, parameters) {
            Ok(cek) => cek,
            Err(error) if error.kind() == ErrorKind::Unauthentic => Cek::missing(enc.key_len),
            Err(error) => return Err(error),
        };
        if let Some(prepared) = self.key.prepared() {
            return Ok(open(prepared));
        }
        let decoy = self.decoy.get(..enc.key_len).unwrap_or_default();
        let cek = if cek.len() == enc.key_len { &cek[..] } else { decoy };
        let key = (enc.prepare)(cek)
            .map_err(|reason| crate::jwa::unusable(reason, "the content encryption"))?;
        Ok(open(&key))
    }
}

/// A content encryption that no backend serves is found out now, not with the first token.
pub(super) fn served(enc: JweEnc) -> Result<()> {
    let prepared = (enc.0.prepare)(&vec![0; enc.key_len()]);
    prepared.map(drop).map_err(|reason| crate::jwa::unusable(reason, "the content encryption"))
}

struct Remote<P>(P);

impl<P: RemoteUnwrap> DecryptKey for Remote<P> {
    fn decrypt_key(&self, _: &EncRow, encrypted_key: &[u8], _: &ReadParameters<'_>) -> Result<Cek> {
        let cek = Zeroizing::new(self.0.unwrap(encrypted_key)?);
        Ok(Cek::from(&cek[..]))
    }
}

impl RingKey for Decrypter {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn alg(&self) -> &'static str {
        self.alg.name()
    }
}

impl fmt::Debug for Decrypter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypter")
            .field("alg", &self.alg)
            .field("enc", &self.enc)
            .field("kid", &self.kid)
            .finish()
    }
}

/// The key management that the key's `alg` names; a content encryption there means `dir` with it.
pub(super) fn named_alg(jwk: &Jwk) -> Result<(JweAlg, Option<JweEnc>)> {
    let name = jwk.alg().ok_or_else(|| {
        Error::new(ErrorKind::UnsupportedAlgorithm, "the JWK has no `alg`: use from_jwk_as")
    })?;
    match (JweAlg::from_name(name), JweEnc::from_name(name)) {
        (Some(alg), _) => Ok((alg, None)),
        (None, Some(enc)) => Ok((JweAlg::DIR, Some(enc))),
        (None, None) => Err(Error::new(
            ErrorKind::UnsupportedAlgorithm,
            "the JWK's `alg` is no key management known here",
        )),
    }
}

/// The operations (RFC 7517 §4.3) any of which lets a key decrypt.
pub(super) const DECRYPTS: [&str; 4] = ["decrypt", "unwrapKey", "deriveKey", "deriveBits"];

/// Whether `jwk` may be used for `alg` in one of these ways (its `use` and `key_ops`).
pub(super) fn check(jwk: &Jwk, alg: JweAlg, operations: &[&str]) -> Result<()> {
    let contradicts =
        |name: &str| name != alg.name() && !(alg == JweAlg::DIR && JweEnc::from_name(name).is_some());
    if jwk.alg().is_some_and(contradicts) {
        return Err(Error::new(
            ErrorKind::KeyMismatch,
            format!("the JWK's own `alg` is another one than {alg}"),
        ));
    }
    if !operations.iter().any(|operation| jwk.permits(operation)) {
        return Err(Error::new(ErrorKind::KeyUse, "the JWK's `use` or `key_ops` does not permit this"));
    }
    Ok(())
}
