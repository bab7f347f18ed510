//! Prepared keys from text: a JWK, a JWK Set, a PEM file.

use super::{Keyring, Signer, Verifier};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{EcCurve, JwsAlg, KeyMaterial, OkpCurve};
use crate::jwk::{Jwk, JwkSet};

impl Signer {
    /// The private or symmetric key of `jwk`, under its `kid`, for the algorithm that its `alg` or
    /// its curve decides.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`](ErrorKind::UnsupportedAlgorithm) where neither decides (an RSA or
    /// symmetric key without `alg`) or no signature algorithm of that name is known;
    /// [`KeyUse`](ErrorKind::KeyUse) where `use` or `key_ops` forbids signing; else as
    /// [`new`](Self::new).
    ///
    /// ```
    /// use symbolon::{Jwk, JwsAlg, Signer};
    ///
    /// let jwk = Jwk::generate(JwsAlg::ES256)?.with_kid("2026-11")?;
    /// let signer = Signer::from_jwk(&jwk)?;
    /// assert_eq!(signer.alg(), JwsAlg::ES256);
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn from_jwk(jwk: &Jwk) -> Result<Self> {
        Self::from_jwk_as(jwk, decided_alg(jwk)?)
    }

    /// The same for `alg`, which the JWK's own `alg` must not contradict.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`KeyMismatch`](ErrorKind::KeyMismatch) where the JWK names
    /// another algorithm.
    pub fn from_jwk_as(jwk: &Jwk, alg: JwsAlg) -> Result<Self> {
        check(jwk, alg, "sign", jwk.permits("sign"))?;
        let signer = Self::new(alg, jwk.material())?;
        jwk.kid().cloned().map_or(Ok(signer.clone()), |kid| signer.with_kid(kid))
    }

    /// The private key of a PEM text for `alg`.
    ///
    /// # Errors
    /// [`InvalidPem`](ErrorKind::InvalidPem) where the text cannot be read;
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where it holds another kind of key than `alg` needs;
    /// else as [`new`](Self::new).
    #[cfg(feature = "pem")]
    pub fn from_pem(pem: impl AsRef<[u8]>, alg: JwsAlg) -> Result<Self> {
        Self::new(alg, &KeyMaterial::from_pem(pem)?)
    }
}

impl Verifier {
    /// The key of `jwk`, under its `kid`, for the algorithm that its `alg` or its curve decides. Of a
    /// private key it takes the public half.
    ///
    /// # Errors
    /// [`UnsupportedAlgorithm`](ErrorKind::UnsupportedAlgorithm) where neither decides (an RSA or
    /// symmetric key without `alg`) or no signature algorithm of that name is known;
    /// [`KeyUse`](ErrorKind::KeyUse) where `use` or `key_ops` forbids verifying; else as
    /// [`new`](Self::new).
    pub fn from_jwk(jwk: &Jwk) -> Result<Self> {
        Self::from_jwk_as(jwk, decided_alg(jwk)?)
    }

    /// The same for `alg`, which the JWK's own `alg` must not contradict.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`KeyMismatch`](ErrorKind::KeyMismatch) where the JWK names
    /// another algorithm.
    pub fn from_jwk_as(jwk: &Jwk, alg: JwsAlg) -> Result<Self> {
        let permitted = jwk.permits("verify") || jwk.public_half_permits("verify");
        check(jwk, alg, "verify", permitted)?;
        let verifier = Self::new(alg, jwk.material())?;
        jwk.kid().cloned().map_or(Ok(verifier.clone()), |kid| verifier.with_kid(kid))
    }

    /// The key of a PEM text (a public key, a certificate, the public half of a private key) for
    /// `alg`.
    ///
    /// # Errors
    /// [`InvalidPem`](ErrorKind::InvalidPem) where the text cannot be read;
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where it holds another kind of key than `alg` needs;
    /// else as [`new`](Self::new).
    #[cfg(feature = "pem")]
    pub fn from_pem(pem: impl AsRef<[u8]>, alg: JwsAlg) -> Result<Self> {
        Self::new(alg, &KeyMaterial::from_pem(pem)?)
    }
}

impl Keyring<Signer> {
    /// A ring that reads with every key of `set` that verifies signatures. Keys that cannot serve
    /// (for encryption, of unknown algorithms) are left out: [`JwkSet::verifiers`] tells why.
    ///
    /// An RSA key without `alg` verifies RS256, as OpenID Connect has it; where an issuer does
    /// otherwise use [`from_jwk_set_as`](Self::from_jwk_set_as).
    ///
    /// ```
    /// use symbolon::{JwkSet, Keyring};
    ///
    /// let set = JwkSet::from_json(r#"{"keys": [
    ///     {"kty": "OKP", "crv": "Ed25519", "kid": "a",
    ///      "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///     {"kty": "something new", "kid": "b"}
    /// ]}"#)?;
    /// assert_eq!(Keyring::from_jwk_set(&set).len(), 1);
    /// assert_eq!(set.skipped().len(), 1);
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[must_use]
    pub fn from_jwk_set(set: &JwkSet) -> Self {
        Self::from_jwk_set_as(set, &[JwsAlg::RS256])
    }

    /// The same where keys that do not say what they are for verify those of `unsaid` that fit them.
    #[must_use]
    pub fn from_jwk_set_as(set: &JwkSet, unsaid: &[JwsAlg]) -> Self {
        let mut ring = Self::read_only();
        for verifier in set.verifiers(unsaid).flat_map(|(_, verifiers)| verifiers.unwrap_or_default()) {
            // Beyond 4 keys of one kid and algorithm the rest can only be left out.
            ring.push_if_it_fits(verifier, None);
        }
        ring
    }

    /// The same of a set that was published for all to see, up to and including the second `last`:
    /// without its symmetric and private keys, with which anyone can sign.
    pub(super) fn from_published(set: &JwkSet, unsaid: &[JwsAlg], last: i64) -> Self {
        let mut ring = Self::read_only();
        for (_, verifiers) in set.verifiers(unsaid).filter(|(jwk, _)| !jwk.material().is_secret()) {
            for verifier in verifiers.unwrap_or_default() {
                ring.push_if_it_fits(verifier, Some(last));
            }
        }
        ring
    }
}

impl JwkSet {
    /// What each key of the set verifies, or why it verifies nothing. Keys that do not say what they
    /// are for (RSA and symmetric ones without `alg`) verify those of `unsaid` that fit them.
    pub fn verifiers<'s>(
        &'s self,
        unsaid: &'s [JwsAlg],
    ) -> impl Iterator<Item = (&'s Jwk, Result<Vec<Verifier>>)> {
        self.iter().map(move |jwk| (jwk, verifiers(jwk, unsaid)))
    }
}

fn verifiers(jwk: &Jwk, unsaid: &[JwsAlg]) -> Result<Vec<Verifier>> {
    match decided_alg(jwk) {
        Ok(alg) => Ok(vec![Verifier::from_jwk_as(jwk, alg)?]),
        Err(error) if jwk.alg().is_some() => Err(error),
        Err(undecided) => {
            let fitting = unsaid.iter().filter(|alg| alg.key_type() == jwk.material().key_type());
            let mut refused = undecided;
            let mut verifiers = Vec::new();
            for alg in fitting {
                // A symmetric key may be long enough for some of them only.
                match Verifier::from_jwk_as(jwk, *alg) {
                    Ok(verifier) => verifiers.push(verifier),
                    Err(error) => refused = error,
                }
            }
            if verifiers.is_empty() { Err(refused) } else { Ok(verifiers) }
        }
    }
}

/// The algorithm that the key's `alg` names or its curve leaves no choice of.
fn decided_alg(jwk: &Jwk) -> Result<JwsAlg> {
    if let Some(name) = jwk.alg() {
        return JwsAlg::from_name(name).ok_or_else(|| {
            Error::new(
                ErrorKind::UnsupportedAlgorithm,
                "the JWK's `alg` is no signature algorithm known here",
            )
        });
    }
    match jwk.material() {
        KeyMaterial::EcPublic(key) => Ok(EcCurve::alg(key.curve())),
        KeyMaterial::EcPrivate(key) => Ok(EcCurve::alg(key.public().curve())),
        KeyMaterial::OkpPublic(key) if key.curve() == OkpCurve::Ed25519 => Ok(JwsAlg::EDDSA),
        KeyMaterial::OkpPrivate(key) if key.public().curve() == OkpCurve::Ed25519 => Ok(JwsAlg::EDDSA),
        other => Err(Error::new(
            ErrorKind::UnsupportedAlgorithm,
            format!(
                "the JWK has no `alg`, and {} does not decide one: use from_jwk_as",
                other.describe()
            ),
        )),
    }
}

fn check(jwk: &Jwk, alg: JwsAlg, operation: &str, permitted: bool) -> Result<()> {
    if jwk.alg().is_some_and(|name| name != alg.name()) {
        return Err(Error::new(
            ErrorKind::KeyMismatch,
            format!("the JWK's own `alg` is another one than {alg}"),
        ));
    }
    if !permitted {
        return Err(Error::new(
            ErrorKind::KeyUse,
            format!("the JWK's `use` or `key_ops` does not permit to {operation}"),
        ));
    }
    Ok(())
}
