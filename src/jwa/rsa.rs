//! RSA signatures: RS256, RS384, RS512 (RFC 7518 §3.3) and PS256, PS384, PS512 (§3.5).

use std::sync::Arc;

use super::{
    JwsAlg, KeyMaterial, KeyType, Row, Sign, SignStream, State, Stream, Verify, VerifyStream, mismatch,
    unstreamable, unusable,
};
use crate::base::{SecretBytes, leaving_no_trace};
use crate::crypto::hash::{Hash, Hashing};
use crate::crypto::rsa::{self as primitive, RsaScheme};
use crate::error::{Error, ErrorKind, Result};

/// The RSA signature algorithms, for keys that are typed: any RSA key fits any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RsaSigAlg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
}

impl RsaSigAlg {
    /// All six: for a reader that is told no more than that a key is an RSA key.
    pub const ALL: [Self; 6] =
        [Self::Rs256, Self::Rs384, Self::Rs512, Self::Ps256, Self::Ps384, Self::Ps512];
}

impl From<RsaSigAlg> for JwsAlg {
    fn from(alg: RsaSigAlg) -> Self {
        match alg {
            RsaSigAlg::Rs256 => Self::RS256,
            RsaSigAlg::Rs384 => Self::RS384,
            RsaSigAlg::Rs512 => Self::RS512,
            RsaSigAlg::Ps256 => Self::PS256,
            RsaSigAlg::Ps384 => Self::PS384,
            RsaSigAlg::Ps512 => Self::PS512,
        }
    }
}

macro_rules! rows {
    ($($(#[$doc:meta])* $alg:ident = $scheme:ident, $hash:ident;)*) => {
        pub(super) const ALGS: &[JwsAlg] = &[$(JwsAlg::$alg),*];

        impl JwsAlg {$(
            $(#[$doc])*
            pub const $alg: Self = Self(&Row {
                name: stringify!($alg),
                aliases: &[],
                key_type: KeyType::Rsa,
                curve: None,
                signature_len: None,
                signer: |key| signer(key, RsaScheme::$scheme(Hash::$hash), stringify!($alg)),
                verifier: |key| verifier(key, RsaScheme::$scheme(Hash::$hash), stringify!($alg)),
                generate: || Ok(RsaPrivateKey::generate(2048)?.into()),
            });
        )*}
    };
}

rows! {
    /// RSASSA-PKCS1-v1_5 with SHA-256; a key of 2048 bits or more (RFC 7518 §3.3).
    RS256 = Pkcs1, Sha256;
    /// RSASSA-PKCS1-v1_5 with SHA-384; a key of 2048 bits or more (RFC 7518 §3.3).
    RS384 = Pkcs1, Sha384;
    /// RSASSA-PKCS1-v1_5 with SHA-512; a key of 2048 bits or more (RFC 7518 §3.3).
    RS512 = Pkcs1, Sha512;
    /// RSASSA-PSS with SHA-256, MGF1 with it and a salt of its length (RFC 7518 §3.5).
    PS256 = Pss, Sha256;
    /// RSASSA-PSS with SHA-384, MGF1 with it and a salt of its length (RFC 7518 §3.5).
    PS384 = Pss, Sha384;
    /// RSASSA-PSS with SHA-512, MGF1 with it and a salt of its length (RFC 7518 §3.5).
    PS512 = Pss, Sha512;
}

struct Signing(primitive::RsaPrivate, RsaScheme);

fn signer(key: &KeyMaterial, scheme: RsaScheme, alg: &'static str) -> Result<Arc<dyn Sign>> {
    let KeyMaterial::RsaPrivate(key) = key else {
        return Err(mismatch(alg, "a private RSA key", key));
    };
    let prepared = primitive::RsaPrivate::new(&key.parts())
        .map_err(|reason| unusable(reason, "the parts of the RSA private key do not fit together"))?;
    Ok(Arc::new(Signing(prepared, scheme)))
}

impl Sign for Signing {
    fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<usize> {
        Ok(self.0.sign(self.1, message, out).map_err(|_| ErrorKind::Signing)?)
    }

    fn start(&self) -> Result<SignStream<'_>> {
        primitive::signs_digests().map_err(unstreamable("an RSA signature"))?;
        let (RsaScheme::Pkcs1(hash) | RsaScheme::Pss(hash)) = self.1;
        Ok(Stream {
            state: State::Hash(Hashing::new(hash)),
            finish: Box::new(move |digest, out| {
                Ok(self.0.sign_digest(self.1, digest, out).map_err(|_| ErrorKind::Signing)?)
            }),
        })
    }
}

/// With the key as it was given, for the backend that takes digests.
struct Verifying(primitive::RsaPublic, RsaScheme, RsaPublicKey);

fn verifier(key: &KeyMaterial, scheme: RsaScheme, alg: &'static str) -> Result<Arc<dyn Verify>> {
    let KeyMaterial::RsaPublic(key) = key else {
        return Err(mismatch(alg, "a public RSA key", key));
    };
    Ok(Arc::new(Verifying(key.prepare()?, scheme, key.clone())))
}

impl Verify for Verifying {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(self.1, message, signature)
    }

    fn start(&self) -> Result<VerifyStream<'_>> {
        primitive::verifies_digests().map_err(unstreamable("an RSA signature"))?;
        let (RsaScheme::Pkcs1(hash) | RsaScheme::Pss(hash)) = self.1;
        Ok(Stream {
            state: State::Hash(Hashing::new(hash)),
            finish: Box::new(move |digest, signature| {
                primitive::verify_digest(self.2.n(), self.2.e(), self.1, digest, signature)
            }),
        })
    }
}

/// An RSA public key of 2048 to 8192 bits.
///
/// ```
/// use symbolon::{RsaPrivateKey, RsaSigAlg};
///
/// let private = RsaPrivateKey::generate(2048)?;
/// let public = private.public();
/// assert_eq!(public.bits(), 2048);
/// let verifier = public.verifier(RsaSigAlg::Ps256)?;
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPublicKey(Box<Numbers>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbers {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl RsaPublicKey {
    /// A key of its modulus and public exponent, both big-endian.
    ///
    /// # Errors
    /// [`WeakKey`](ErrorKind::WeakKey) under 2048 bits; [`InvalidKey`](ErrorKind::InvalidKey) for
    /// more than 8192, an even modulus, or an exponent that is even, below 3 or above 2^33 − 1.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self> {
        let (n, e) = (without_leading_zeros(n).to_vec(), without_leading_zeros(e).to_vec());
        let key = Self(Box::new(Numbers { n, e }));
        if key.bits() < 2048 {
            return Err(Error::new(
                ErrorKind::WeakKey,
                format!("an RSA key needs 2048 bits or more, this one has {}", key.bits()),
            ));
        }
        if key.n().last().is_none_or(|byte| byte % 2 == 0) {
            return Err(Error::new(ErrorKind::InvalidKey, "the RSA modulus is even"));
        }
        key.prepare()?;
        Ok(key)
    }

    /// The modulus's length in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        let unused = self.n().first().map_or(0, |byte| byte.leading_zeros());
        self.n().len().saturating_mul(8).saturating_sub(unused as usize)
    }

    /// The modulus, big-endian, without leading zeros.
    #[must_use]
    pub fn n(&self) -> &[u8] {
        &self.0.n
    }

    /// The public exponent, big-endian, without leading zeros.
    #[must_use]
    pub fn e(&self) -> &[u8] {
        &self.0.e
    }

    fn prepare(&self) -> Result<primitive::RsaPublic> {
        primitive::RsaPublic::new(self.n(), self.e()).map_err(|reason| {
            unusable(reason, "an RSA key has 2048 to 8192 bits and an odd exponent of 3 to 2^33 - 1")
        })
    }
}

/// The private numbers of an RSA key, big-endian: RFC 7518 §6.3.2, RFC 8017 §3.2.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "RFC 8017 has no more numbers, and callers name them all")]
pub struct RsaCrtParts<'a> {
    /// The private exponent.
    pub d: &'a [u8],
    /// The first prime.
    pub p: &'a [u8],
    /// The second prime.
    pub q: &'a [u8],
    /// d mod (p − 1).
    pub dp: &'a [u8],
    /// d mod (q − 1).
    pub dq: &'a [u8],
    /// q⁻¹ mod p.
    pub qi: &'a [u8],
}

impl std::fmt::Debug for RsaCrtParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RsaCrtParts([secret])")
    }
}

/// An RSA private key with two primes. Signing takes 2048 to 4096 bits (ring's bounds).
///
/// ```
/// use symbolon::{RsaPrivateKey, RsaSigAlg};
///
/// let key = RsaPrivateKey::generate(2048)?;
/// let signer = key.signer(RsaSigAlg::Rs256)?;
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPrivateKey(Box<PrivateNumbers>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct PrivateNumbers {
    public: RsaPublicKey,
    d: SecretBytes,
    p: SecretBytes,
    q: SecretBytes,
    dp: SecretBytes,
    dq: SecretBytes,
    qi: SecretBytes,
}

impl RsaPrivateKey {
    /// A key of its public half and all its private numbers.
    ///
    /// Whether they fit together is checked when a signer is prepared.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where a number is missing.
    pub fn new(public: RsaPublicKey, parts: RsaCrtParts<'_>) -> Result<Self> {
        let number = |bytes: &[u8]| {
            let bytes = without_leading_zeros(bytes);
            if bytes.is_empty() {
                return Err(Error::new(
                    ErrorKind::InvalidKey,
                    "a number of the RSA private key is zero",
                ));
            }
            Ok(SecretBytes::from(bytes))
        };
        Ok(Self(Box::new(PrivateNumbers {
            public,
            d: number(parts.d)?,
            p: number(parts.p)?,
            q: number(parts.q)?,
            dp: number(parts.dp)?,
            dq: number(parts.dq)?,
            qi: number(parts.qi)?,
        })))
    }

    /// A fresh key of 2048, 3072 or 4096 bits with the public exponent 65537.
    ///
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) for another size;
    /// [`MissingFeature`](ErrorKind::MissingFeature) without the feature `rustcrypto`.
    pub fn generate(bits: usize) -> Result<Self> {
        if ![2048, 3072, 4096].contains(&bits) {
            return Err(Error::new(
                ErrorKind::InvalidKey,
                "generate RSA keys of 2048, 3072 or 4096 bits",
            ));
        }
        let parts = leaving_no_trace(|| primitive::generate(bits))
            .map_err(|reason| unusable(reason, "the RSA key could not be generated"))?;
        Self::new(
            RsaPublicKey::new(&parts.n, &parts.e)?,
            RsaCrtParts {
                d: &parts.d,
                p: &parts.p,
                q: &parts.q,
                dp: &parts.dp,
                dq: &parts.dq,
                qi: &parts.qi,
            },
        )
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &RsaPublicKey {
        &self.0.public
    }

    /// The private numbers: secret.
    #[must_use]
    pub fn crt_parts(&self) -> RsaCrtParts<'_> {
        let PrivateNumbers { d, p, q, dp, dq, qi, .. } = &*self.0;
        RsaCrtParts { d, p, q, dp, dq, qi }
    }

    pub(crate) fn parts(&self) -> primitive::RsaParts {
        primitive::RsaParts {
            n: self.public().n().to_vec(),
            e: self.public().e().to_vec(),
            d: self.0.d.to_vec(),
            p: self.0.p.to_vec(),
            q: self.0.q.to_vec(),
            dp: self.0.dp.to_vec(),
            dq: self.0.dq.to_vec(),
            qi: self.0.qi.to_vec(),
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
