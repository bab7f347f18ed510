//! One JSON Web Key (RFC 7517 §4): key material and what its owner says about it.

use std::fmt;

use crate::base::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{
    EcPrivateKey, EcPublicKey, JwsAlg, KeyMaterial, OctKey, OkpPrivateKey, OkpPublicKey, RsaPrivateKey,
    RsaPublicKey,
};
#[cfg(feature = "jwe")]
use crate::jwa::{JweAlg, JweEnc};

/// A JSON Web Key (RFC 7517 §4): key material with its `kid`, `alg`, `use` and `key_ops`.
///
/// Reading one ([`from_json`](Self::from_json)) checks everything that can be checked of a key by
/// itself. What it may be used for, its own members say; they are honoured when a signer or a
/// verifier is made of it. `x5c`, `x5u` and `jku` are kept as text and never followed.
///
/// Two are equal where their material and all their members are; secrets are compared in constant
/// time.
///
/// ```
/// use symbolon::{EcCurve, EcPrivateKey, Jwk, JwsAlg};
///
/// let private = Jwk::from(EcPrivateKey::generate(EcCurve::P256)?)
///     .with_kid("2026-11")?
///     .with_alg(JwsAlg::ES256)?
///     .with_use("sig")?;
///
/// let published = private.to_public()?.to_json()?;
/// assert!(published.starts_with(r#"{"kty":"EC","crv":"P-256","x":""#));
/// assert_eq!(Jwk::from_json(&published)?, private.to_public()?);
/// assert!(private.to_json().is_err(), "a private key is never written by accident");
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    pub(super) material: KeyMaterial,
    pub(super) kid: Option<KeyId>,
    pub(super) alg: Option<String>,
    pub(super) key_use: Option<String>,
    pub(super) key_ops: Option<Vec<String>>,
    /// Names and raw JSON of the members that are not read here.
    pub(super) others: Vec<(String, String)>,
}

impl Jwk {
    /// The most bytes the text of one key may have: 64 KiB.
    pub const MAX_LEN: usize = 64 * 1024;

    /// A fresh key for `alg` that names it; private, or symmetric for HMAC. It has no `kid` yet.
    ///
    /// # Errors
    /// [`MissingFeature`](ErrorKind::MissingFeature) where no backend that is compiled in makes
    /// such keys; [`Randomness`](ErrorKind::Randomness) where the system gives none.
    ///
    /// ```
    /// use symbolon::{Jwk, JwsAlg};
    ///
    /// let key = Jwk::generate(JwsAlg::EDDSA)?.with_thumbprint_kid()?;
    /// assert_eq!(key.alg(), Some("EdDSA"));
    /// assert_eq!(key.kid().map(|kid| kid.as_str().len()), Some(43));
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn generate(alg: JwsAlg) -> Result<Self> {
        Self::from((alg.0.generate)()?).with_alg(alg)
    }

    /// A fresh key to encrypt with `alg`, that names it (for `dir`: names `enc`) and its use; private,
    /// or symmetric, of the size that `alg` and `enc` need. ECDH-ES gets a key on P-256, RSA-OAEP one of
    /// 2048 bits. It has no `kid` yet.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    ///
    /// ```
    /// use symbolon::{Encrypter, JweAlg, JweEnc, Jwk};
    ///
    /// let key = Jwk::generate_encryption(JweAlg::DIR, JweEnc::A256GCM)?;
    /// assert_eq!((key.alg(), key.key_use()), (Some("A256GCM"), Some("enc")));
    /// assert!(Encrypter::from_jwk(&key, JweEnc::A256GCM).is_ok());
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[cfg(feature = "jwe")]
    pub fn generate_encryption(alg: JweAlg, enc: JweEnc) -> Result<Self> {
        let mut key = Self::from((alg.0.generate)(enc.0)?).with_use("enc")?;
        let name = if alg == JweAlg::DIR { enc.name() } else { alg.name() };
        key.alg = Some(name.to_owned());
        Ok(key)
    }

    /// The key itself.
    #[must_use]
    pub const fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// The key itself, without what was said about it.
    #[must_use]
    pub fn into_material(self) -> KeyMaterial {
        self.material
    }

    /// The key's identifier (RFC 7517 §4.5).
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The name of the algorithm the key is meant for (RFC 7517 §4.4), also where it is not known
    /// here.
    #[must_use]
    pub fn alg(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// What the public key is used for (RFC 7517 §4.2): `sig`, `enc`, or a word of the owner's own.
    #[must_use]
    pub fn key_use(&self) -> Option<&str> {
        self.key_use.as_deref()
    }

    /// The operations the key is meant for (RFC 7517 §4.3), such as `sign` and `verify`.
    #[must_use]
    pub fn key_ops(&self) -> Option<&[String]> {
        self.key_ops.as_deref()
    }

    /// The raw JSON of a member that is not read here, such as `x5t`: never checked, never followed.
    ///
    /// ```
    /// use symbolon::Jwk;
    ///
    /// let key = Jwk::from_json(r#"{"kty":"oct","k":"c2VjcmV0","ext":true}"#)?;
    /// assert_eq!(key.other("ext"), Some("true"));
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[must_use]
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others().find_map(|(other, json)| (other == name).then_some(json))
    }

    /// Name and raw JSON of each member that is not read here, in the order of the text.
    pub fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        self.others.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    /// The same with another identifier.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where it is empty or longer than 256 bytes.
    pub fn with_kid<K>(mut self, kid: K) -> Result<Self>
    where
        K: TryInto<KeyId>,
        K::Error: Into<Error>,
    {
        self.kid = Some(kid.try_into().map_err(Into::into)?);
        Ok(self)
    }

    /// The same with its RFC 7638 SHA-256 thumbprint in base64url as identifier: 43 characters that
    /// everyone who has the public key can compute.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a symmetric key: its thumbprint is no secret any
    /// more once it stands in a token, and a weak key can be guessed from it (RFC 7638 §7).
    pub fn with_thumbprint_kid(self) -> Result<Self> {
        if matches!(self.material, KeyMaterial::Oct(_)) {
            return Err(Error::new(
                ErrorKind::KeyMismatch,
                "a kid is public and the thumbprint of a symmetric key helps to guess it: name a kid",
            ));
        }
        let kid = self.thumbprint_base64url();
        self.with_kid(kid)
    }

    /// The same, meant for `alg` alone.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where keys of this type or curve are not for `alg`.
    pub fn with_alg(mut self, alg: JwsAlg) -> Result<Self> {
        let fits = alg.key_type() == self.material.key_type()
            && alg.curve().is_none_or(|curve| self.material.curve() == Some(curve));
        if !fits {
            return Err(Error::new(
                ErrorKind::KeyMismatch,
                format!("this is {}, which {alg} does not take", self.material.describe()),
            ));
        }
        self.alg = Some(alg.name().to_owned());
        Ok(self)
    }

    /// The same, meant for signatures (`sig`) or for encryption (`enc`).
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for another word, or one that the key's
    /// operations contradict.
    pub fn with_use(mut self, key_use: &str) -> Result<Self> {
        if !matches!(key_use, "sig" | "enc") {
            return Err(Error::new(ErrorKind::InvalidSetting, "the use of a key is `sig` or `enc`"));
        }
        self.key_use = Some(key_use.to_owned());
        self.check_ops(ErrorKind::InvalidSetting)?;
        Ok(self)
    }

    /// The same, meant for these operations alone (RFC 7517 §4.3): `sign`, `verify`, `encrypt`,
    /// `decrypt`, `wrapKey`, `unwrapKey`, `deriveKey`, `deriveBits`.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) where one stands there twice, or the key's
    /// `use` contradicts one.
    pub fn with_key_ops<O: Into<String>>(mut self, ops: impl IntoIterator<Item = O>) -> Result<Self> {
        self.key_ops = Some(ops.into_iter().map(Into::into).collect());
        self.check_ops(ErrorKind::InvalidSetting)?;
        Ok(self)
    }

    /// The public half with the same `kid`, `alg`, `use` and other members; operations become those
    /// of the other side (`sign` becomes `verify`).
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a symmetric key, which has no public half.
    pub fn to_public(&self) -> Result<Self> {
        let material = self.material.to_public().ok_or_else(|| {
            Error::new(ErrorKind::KeyMismatch, "a symmetric key has no public half to give away")
        })?;
        let key_ops = self.key_ops.as_ref().map(|ops| {
            let mut public: Vec<String> = Vec::with_capacity(ops.len());
            for op in ops {
                let op = if self.material.is_secret() { public_op(op) } else { op };
                if !public.iter().any(|seen| seen == op) {
                    public.push(op.to_owned());
                }
            }
            public
        });
        Ok(Self {
            material,
            kid: self.kid.clone(),
            alg: self.alg.clone(),
            key_use: self.key_use.clone(),
            key_ops,
            others: self.others.clone(),
        })
    }

    /// Whether `use` and `key_ops` let the key do `op`, a word of RFC 7517 §4.3.
    pub(crate) fn permits(&self, op: &str) -> bool {
        self.use_permits(op) && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|own| own == op))
    }

    /// Whether the public half of the key may do `op`: a key that may sign may have its signatures
    /// verified.
    pub(crate) fn public_half_permits(&self, op: &str) -> bool {
        self.use_permits(op)
            && self.key_ops.as_ref().is_none_or(|ops| {
                ops.iter().any(|own| own == op || (self.material.is_secret() && public_op(own) == op))
            })
    }

    fn use_permits(&self, op: &str) -> bool {
        match self.key_use() {
            None => true,
            Some("sig") => matches!(op, "sign" | "verify"),
            Some("enc") => is_enc_op(op),
            // A use of the owner's own is none of ours.
            Some(_) => false,
        }
    }

    /// RFC 7517 §4.3: no operation twice, and none that `use` contradicts; and not without end.
    pub(super) fn check_ops(&self, kind: ErrorKind) -> Result<()> {
        let Some(ops) = &self.key_ops else { return Ok(()) };
        if ops.len() > MAX_OPS {
            return Err(Error::new(kind, "`key_ops` has more than 64 operations"));
        }
        let mut sorted: Vec<&str> = ops.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Error::new(kind, "an operation stands in `key_ops` twice"));
        }
        let contradicted = match self.key_use() {
            Some("sig") => ops.iter().any(|op| is_enc_op(op)),
            Some("enc") => ops.iter().any(|op| matches!(op.as_str(), "sign" | "verify")),
            _ => false,
        };
        if contradicted {
            return Err(Error::new(kind, "`use` and `key_ops` contradict each other"));
        }
        Ok(())
    }
}

/// The registry has eight.
const MAX_OPS: usize = 64;

fn is_enc_op(op: &str) -> bool {
    matches!(op, "encrypt" | "decrypt" | "wrapKey" | "unwrapKey" | "deriveKey" | "deriveBits")
}

/// What the holder of the public half does where the holder of the private one does `op`.
fn public_op(op: &str) -> &str {
    match op {
        "sign" => "verify",
        "decrypt" => "encrypt",
        "unwrapKey" => "wrapKey",
        other => other,
    }
}

impl From<KeyMaterial> for Jwk {
    fn from(material: KeyMaterial) -> Self {
        Self { material, kid: None, alg: None, key_use: None, key_ops: None, others: Vec::new() }
    }
}

macro_rules! from_keys {
    ($($key:ident)*) => {$(
        impl From<$key> for Jwk {
            fn from(key: $key) -> Self {
                KeyMaterial::from(key).into()
            }
        }
    )*};
}

from_keys! { OctKey RsaPublicKey RsaPrivateKey EcPublicKey EcPrivateKey OkpPublicKey OkpPrivateKey }

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Jwk");
        debug.field("kty", &self.material.key_type().name());
        if let Some(curve) = self.material.curve() {
            debug.field("crv", &curve);
        }
        if let Some(kid) = &self.kid {
            debug.field("kid", kid);
        }
        if let Some(alg) = &self.alg {
            debug.field("alg", alg);
        }
        debug.finish_non_exhaustive()
    }
}
