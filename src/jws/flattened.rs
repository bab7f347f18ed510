//! The flattened JSON serialization: one object with one signature (RFC 7515 §7.2.2).

use time::OffsetDateTime;

use super::json::{self, Read};
use super::{NewSignature, Payload, VerifiedSignature, engine};
use crate::base::Limits;
use crate::error::{ErrorKind, Result};
use crate::keys::Keyring;

/// The token of `payload` with the signature that is asked for.
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) where header parameters of one's own are no object,
/// take the name of one that is this crate's to write or are set twice, or where a payload that is to
/// stand [unencoded](NewSignature::unencoded) is not UTF-8; [`Signing`](ErrorKind::Signing) where the
/// key fails.
///
/// ```
/// use symbolon::{JwsAlg, Keyring, Limits, Signer, jws::{NewSignature, flattened}};
/// use time::OffsetDateTime;
///
/// let signer = Signer::generate(JwsAlg::EDDSA)?.with_kid("2026-11")?;
/// let token = flattened::sign(b"any bytes", &NewSignature::by(&signer))?;
/// assert!(token.starts_with(r#"{"payload":"YW55IGJ5dGVz","protected":""#));
///
/// let ring = Keyring::new(signer);
/// let signed = flattened::verify(&token, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(signed.payload(), b"any bytes");
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn sign(payload: &[u8], signature: &NewSignature<'_>) -> Result<String> {
    let prepared = [signature.prepare()?];
    let text = json::payload_text(payload, signature.encoded())?;
    let signatures = engine::sign(&prepared, false, Payload::Bytes(text.as_bytes()))?;
    let [prepared] = &prepared;
    let signature = signatures.first().ok_or(ErrorKind::Signing)?;
    Ok(json::write(Some(&text), &json::write_signature(prepared, signature)))
}

/// A token's payload and headers, authentic by one key of the ring.
#[derive(Debug, Clone)]
pub struct Signed {
    payload: Vec<u8>,
    signature: VerifiedSignature,
}

impl Signed {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature: its headers, and the key that made it.
    #[must_use]
    pub const fn signature(&self) -> &VerifiedSignature {
        &self.signature
    }
}

/// Verifies `token` with the keys of `ring` that its `kid`, protected or not, picks and that are due
/// at `now`. Its payload may stand in base64url or, where a critical `b64` says so, as it is
/// (RFC 7797).
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) or [`TooLarge`](ErrorKind::TooLarge) for its text, also where
/// it has the members of general JSON or of a JWE, a header parameter in both headers, or `crit` or
/// `b64` unprotected; [`UnsupportedHeader`](ErrorKind::UnsupportedHeader) for a `crit` that is not
/// understood; [`UnknownKey`](ErrorKind::UnknownKey) or
/// [`AlgorithmMismatch`](ErrorKind::AlgorithmMismatch) where no key may be tried;
/// [`Unauthentic`](ErrorKind::Unauthentic) where none made the signature.
pub fn verify(token: &str, ring: &Keyring, limits: &Limits, now: OffsetDateTime) -> Result<Signed> {
    let mut read = Read::flattened(token, limits)?;
    let text = read.attached()?;
    let claim = read.claims.pop().ok_or(ErrorKind::Malformed)?;
    let signature = engine::verify_one(claim, false, Payload::Bytes(text.as_bytes()), ring, now)?;
    Ok(Signed { payload: json::payload_bytes(text, read.encoded)?, signature })
}
