//! A signature to be made, one that was verified, and which of several are asked for.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::compact::Parameters;
use crate::base::{KeyId, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::{self, Written, WrittenUnprotected};
use crate::keys::{Signer, Verifier};

/// A signature to be made: by which key, and what its headers say.
///
/// `alg` is the key's and stands protected, and so does its `kid` unless
/// [`unprotected_kid`](Self::unprotected_kid) has it otherwise.
///
/// ```
/// use serde::Serialize;
/// use symbolon::{JwsAlg, Limits, Signer, jws::{NewSignature, flattened}};
///
/// #[derive(Serialize)]
/// struct Route { hop: u8 }
///
/// let signer = Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?;
/// let signature = NewSignature::by(&signer).typ("example").unprotected(&Route { hop: 3 });
/// let token = flattened::sign(b"any bytes", &signature)?;
/// assert!(token.contains(r#""header":{"hop":3}"#));
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct NewSignature<'s> {
    signer: &'s Signer,
    parameters: Parameters<'s>,
    protected: &'s dyn Custom,
    unprotected: &'s dyn Custom,
    unprotected_kid: bool,
    encoded: bool,
}

/// Header parameters of one's own, whatever their type.
trait Custom {
    fn protected(&self, fixed: &Written<'_>) -> Result<Vec<u8>>;
    fn unprotected(&self, fixed: &WrittenUnprotected<'_>) -> Result<Vec<u8>>;
}

impl<H: Serialize> Custom for H {
    fn protected(&self, fixed: &Written<'_>) -> Result<Vec<u8>> {
        fixed.to_json(self)
    }

    fn unprotected(&self, fixed: &WrittenUnprotected<'_>) -> Result<Vec<u8>> {
        fixed.to_json(self)
    }
}

impl<'s> NewSignature<'s> {
    /// A signature by `signer`.
    #[must_use]
    pub fn by(signer: &'s Signer) -> Self {
        Self {
            signer,
            parameters: Parameters::new(),
            protected: &(),
            unprotected: &(),
            unprotected_kid: false,
            encoded: true,
        }
    }

    /// What kind of token it is (RFC 7515 §4.1.9); protected.
    #[must_use]
    pub const fn typ(mut self, typ: &'s str) -> Self {
        self.parameters = self.parameters.typ(typ);
        self
    }

    /// What kind of payload it holds (RFC 7515 §4.1.10); protected.
    #[must_use]
    pub const fn content_type(mut self, cty: &'s str) -> Self {
        self.parameters = self.parameters.content_type(cty);
        self
    }

    /// Header parameters of one's own that the signature covers: a struct or a map, whose names must
    /// not be those that this crate writes (`alg`, `kid`, `crit`, …).
    #[must_use]
    pub fn protected<H: Serialize>(mut self, custom: &'s H) -> Self {
        self.protected = custom;
        self
    }

    /// Header parameters of one's own that the signature does not cover, so that anyone on the way
    /// may change them; with the same names refused, and those that stand protected. JSON
    /// serializations alone have a place for them.
    #[must_use]
    pub fn unprotected<H: Serialize>(mut self, custom: &'s H) -> Self {
        self.unprotected = custom;
        self
    }

    /// Puts the key's `kid` into the unprotected header, as some readers want it (RFC 7515 A.6).
    #[must_use]
    pub const fn unprotected_kid(mut self) -> Self {
        self.unprotected_kid = true;
        self
    }

    /// Signs the payload as it is and not its base64url: writes `b64: false` and makes that critical
    /// (RFC 7797). All signatures of a token must do alike.
    #[must_use]
    pub const fn unencoded(mut self) -> Self {
        self.encoded = false;
        self
    }

    pub(super) const fn encoded(&self) -> bool {
        self.encoded
    }

    pub(super) fn prepare(&self) -> Result<Prepared<'s>> {
        let kid = self.signer.kid().map(KeyId::as_str);
        let (protected_kid, unprotected_kid) =
            if self.unprotected_kid { (None, kid) } else { (kid, None) };
        let protected = self.protected.protected(&Written {
            alg: self.signer.alg().name(),
            kid: protected_kid,
            typ: self.parameters.typ,
            cty: self.parameters.cty,
            encoded: self.encoded,
        })?;
        let unprotected = self.unprotected.unprotected(&WrittenUnprotected { kid: unprotected_kid })?;
        // An empty header must be absent (RFC 7515 §7.2.1).
        let unprotected = match &*unprotected {
            b"{}" => None,
            json => {
                jose::check_disjoint(&protected, json).map_err(|_| {
                    Error::new(ErrorKind::InvalidSetting, "a header parameter of one's own is set twice")
                })?;
                let text = String::from_utf8(unprotected).map_err(|_| ErrorKind::InvalidSetting)?;
                Some(text)
            }
        };
        Ok(Prepared { signer: self.signer, protected: base64url::encode(protected), unprotected })
    }

    /// For the serializations that have no place for an unprotected header.
    pub(super) fn prepare_compact(&self) -> Result<Prepared<'s>> {
        let prepared = self.prepare()?;
        if prepared.unprotected.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "the compact serialization has no place for an unprotected header",
            ));
        }
        Ok(prepared)
    }
}

impl fmt::Debug for NewSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSignature").field("signer", self.signer).finish_non_exhaustive()
    }
}

/// The same with its headers written.
pub(super) struct Prepared<'s> {
    pub(super) signer: &'s Signer,
    /// Base64url-encoded, as it is signed.
    pub(super) protected: String,
    /// JSON.
    pub(super) unprotected: Option<String>,
}

/// Which signatures of a token in general JSON must be good for it to be accepted.
///
/// Anyone on the way can take signatures out of a token, so no choice here says that someone *has*
/// signed but [`By`](Self::By). Where two parties must both have signed, look for both keys in what
/// [`general::verify`](super::general::verify) returns, or verify twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Signatures {
    /// At least one signature is by a key of the ring; those that are not are passed over.
    #[default]
    Any,
    /// Each signature in the token is by a key of the ring.
    All,
    /// At least one signature is by a key of the ring that has this identifier; the others are not
    /// looked at.
    By(KeyId),
}

/// One signature of a token, authentic by one key of the ring.
#[derive(Debug, Clone)]
pub struct VerifiedSignature {
    pub(super) index: usize,
    pub(super) protected: Vec<u8>,
    pub(super) unprotected: Option<Box<str>>,
    pub(super) key: Verifier,
}

impl VerifiedSignature {
    /// Its place among the token's signatures, counted from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The JSON text of the protected header; empty where the token has none.
    #[must_use]
    pub fn protected(&self) -> &[u8] {
        &self.protected
    }

    /// The JSON text of the unprotected header, which anyone may have written.
    #[must_use]
    pub fn unprotected(&self) -> Option<&str> {
        self.unprotected.as_deref()
    }

    /// Protected header parameters of one's own.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) where the protected header does not fit `H`.
    pub fn custom_header<H: DeserializeOwned>(&self) -> Result<H> {
        jose::read_custom(if self.protected.is_empty() { b"{}" } else { &self.protected })
    }

    /// The key that made it.
    #[must_use]
    pub const fn key(&self) -> &Verifier {
        &self.key
    }
}
