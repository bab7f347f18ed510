//! A key that encrypts, prepared once.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Decrypter, RingKey, WritingKey};
use crate::base::{KeyId, base64url, leaving_no_trace};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::key_management::{EncryptKey, Parameters};
use crate::jwa::{JweAlg, JweEnc, KeyMaterial, OctKey};
use crate::jwk::Jwk;

/// A key that encrypts to its recipient, with one key management and one content encryption.
///
/// Of an asymmetric key it needs the public half alone, and cannot read what it wrote. Clones share
/// the prepared key.
///
/// ```
/// use symbolon::{Encrypter, JweAlg, JweEnc, OctKey};
///
/// let key = OctKey::generate(32)?;
/// let encrypter = Encrypter::new(JweAlg::A256KW, JweEnc::A256GCM, &key.into())?.with_kid("2026-11")?;
/// assert_eq!(encrypter.enc(), JweEnc::A256GCM);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct Encrypter {
    alg: JweAlg,
    enc: JweEnc,
    kid: Option<KeyId>,
    key: Arc<dyn EncryptKey>,
    /// Who reads what it writes, where its own half can.
    decrypter: Option<Decrypter>,
    jwt_header: Option<Arc<str>>,
    apu: Option<Arc<[u8]>>,
    apv: Option<Arc<[u8]>>,
    rounds: Option<NonZeroU32>,
}

impl Encrypter {
    /// Prepares `key` for `alg` and `enc`. Of a private key it takes the public half to write, and
    /// reads with the private one.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where the key is of another kind or length than `alg`
    /// (for `dir`: `enc`) needs; [`InvalidKey`](ErrorKind::InvalidKey) or
    /// [`MissingFeature`](ErrorKind::MissingFeature) where it cannot serve.
    pub fn new(alg: JweAlg, enc: JweEnc, key: &KeyMaterial) -> Result<Self> {
        let public = key.to_public();
        let encrypting = leaving_no_trace(|| (alg.0.encrypter)(public.as_ref().unwrap_or(key), enc.0))?;
        super::decrypter::served(enc)?;
        let decrypter = if key.is_secret() { Decrypter::new(alg, enc, key).ok() } else { None };
        Ok(Self {
            alg,
            enc,
            kid: None,
            key: encrypting,
            decrypter,
            jwt_header: jwt_header(alg, enc, None),
            apu: None,
            apv: None,
            rounds: None,
        })
    }

    /// A password, to encrypt with as PBES2-HS512+A256KW (RFC 7518 §4.8); `enc` encrypts the content.
    ///
    /// Anyone who has a message can guess at its password at leisure: have it drawn, not thought up
    /// (RFC 7518 §8.8), or raise the [rounds](Self::with_pbkdf2_rounds).
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) for an empty password, [`InvalidKey`](ErrorKind::InvalidKey) for
    /// one of more than 1,024 bytes, [`KeyMismatch`](ErrorKind::KeyMismatch) for what looks like a key
    /// of another kind; [`MissingFeature`](ErrorKind::MissingFeature) as [`new`](Self::new).
    ///
    /// ```
    /// use symbolon::{Encrypter, JweAlg, JweEnc};
    ///
    /// # if cfg!(not(feature = "rustcrypto")) { return Ok(()) }
    /// let password = Encrypter::password("a long passphrase, drawn by dice", JweEnc::A256GCM)?;
    /// assert_eq!(password.alg(), JweAlg::PBES2_HS512_A256KW);
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn password(password: impl Into<Vec<u8>>, enc: JweEnc) -> Result<Self> {
        Self::new(JweAlg::PBES2_HS512_A256KW, enc, &OctKey::new(password)?.into())
    }

    /// The key of `jwk`, under its `kid`, for the key management that its `alg` names; `enc` encrypts
    /// the content.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`](ErrorKind::UnsupportedAlgorithm) where `alg` is absent or no key
    /// management that is known; [`KeyUse`](ErrorKind::KeyUse) where `use` or `key_ops` forbids it;
    /// else as [`new`](Self::new).
    pub fn from_jwk(jwk: &Jwk, enc: JweEnc) -> Result<Self> {
        let (alg, own_enc) = super::decrypter::named_alg(jwk)?;
        if own_enc.is_some_and(|own| own != enc) {
            return Err(Error::new(ErrorKind::KeyMismatch, "the JWK is meant for another `enc`"));
        }
        Self::from_jwk_as(jwk, alg, enc)
    }

    /// The same for `alg`, which the JWK's own `alg` must not contradict. A private or symmetric key
    /// whose `key_ops` lets it only encrypt reads nothing.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`KeyMismatch`](ErrorKind::KeyMismatch) where the JWK names
    /// another algorithm.
    pub fn from_jwk_as(jwk: &Jwk, alg: JweAlg, enc: JweEnc) -> Result<Self> {
        super::decrypter::check(jwk, alg, &["encrypt", "wrapKey", "deriveKey", "deriveBits"])?;
        let mut encrypter = Self::new(alg, enc, jwk.material())?;
        if super::decrypter::check(jwk, alg, &super::decrypter::DECRYPTS).is_err() {
            encrypter.decrypter = None;
        }
        jwk.kid().cloned().map_or(Ok(encrypter.clone()), |kid| encrypter.with_kid(kid))
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
        self.decrypter = match self.decrypter {
            Some(decrypter) => Some(decrypter.with_kid::<KeyId>(kid.clone())?),
            None => None,
        };
        self.jwt_header = jwt_header(self.alg, self.enc, Some(&kid));
        self.kid = Some(kid);
        Ok(self)
    }

    /// With information about the two parties that both must agree on (`apu`, `apv`: RFC 7518
    /// §4.6.1.2), for ECDH-ES; other algorithms leave it out.
    #[must_use]
    pub fn with_parties(mut self, apu: &[u8], apv: &[u8]) -> Self {
        self.apu = (!apu.is_empty()).then(|| apu.into());
        self.apv = (!apv.is_empty()).then(|| apv.into());
        self
    }

    /// With another number of PBKDF2 rounds than 10,000, for PBES2; other algorithms leave it out.
    /// Readers must allow as many ([`Limits::pbkdf2_rounds`](crate::Limits::pbkdf2_rounds)).
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for fewer than 1,000.
    pub fn with_pbkdf2_rounds(mut self, rounds: u32) -> Result<Self> {
        self.rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() >= 1000);
        if self.rounds.is_none() {
            return Err(Error::new(ErrorKind::InvalidSetting, "PBKDF2 needs 1000 rounds or more"));
        }
        Ok(self)
    }

    /// How the recipient comes to the content key.
    #[must_use]
    pub const fn alg(&self) -> JweAlg {
        self.alg
    }

    /// How the content is encrypted.
    #[must_use]
    pub const fn enc(&self) -> JweEnc {
        self.enc
    }

    /// Its identifier.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    pub(crate) fn key(&self) -> &dyn EncryptKey {
        &*self.key
    }

    /// The header, encoded, of a token of type `JWT`, where it is the same for each.
    pub(crate) fn jwt_header(&self) -> Option<&str> {
        self.jwt_header.as_deref()
    }

    /// What the header shall say, before the key adds to it: nothing that means nothing to it.
    pub(crate) fn parameters(&self) -> Parameters {
        let (agrees, hashes) =
            (self.alg.name().starts_with("ECDH-ES"), self.alg.name().starts_with("PBES2"));
        let party = |info: &Option<Arc<[u8]>>| info.as_deref().filter(|_| agrees).map(Into::into);
        Parameters {
            apu: party(&self.apu),
            apv: party(&self.apv),
            p2c: self.rounds.filter(|_| hashes),
            ..Parameters::default()
        }
    }
}

impl RingKey for Encrypter {
    fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    fn alg(&self) -> &'static str {
        self.alg.name()
    }
}

impl WritingKey for Encrypter {
    type Reader = Decrypter;

    fn reader(&self) -> Option<Decrypter> {
        self.decrypter.clone()
    }
}

impl fmt::Debug for Encrypter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypter")
            .field("alg", &self.alg)
            .field("enc", &self.enc)
            .field("kid", &self.kid)
            .finish()
    }
}

/// The usual header, encoded, where the algorithm adds nothing to it that changes with each message.
pub(super) fn jwt_header(alg: JweAlg, enc: JweEnc, kid: Option<&KeyId>) -> Option<Arc<str>> {
    if !alg.has_constant_header() {
        return None;
    }
    let kid = kid
        .map_or_else(String::new, |kid| format!(r#""kid":{},"#, serde_json::Value::from(kid.as_str())));
    Some(base64url::encode(format!(r#"{{"alg":"{alg}","enc":"{enc}",{kid}"typ":"JWT"}}"#)).into())
}
