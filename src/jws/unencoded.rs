//! The compact serialization with its payload in place and not encoded (RFC 7797 §5.2):
//! `header.payload.signature` with `b64: false`.
//!
//! A payload of this kind is text of printable ASCII without a dot. For any other,
//! [detach](super::detached) it or use JSON. [`compact`](super::compact) and
//! [`JwsCodec`](crate::JwsCodec) refuse these tokens, and this module refuses theirs: which one is
//! read is the caller's choice and never the token's.

use time::OffsetDateTime;

use super::compact::{Parts, Signed};
use super::engine::{self, Claim};
use super::{NewSignature, Payload, VerifiedSignature};
use crate::base::{Limits, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Keyring;

/// The token of `payload` with the signature that is asked for, [unencoded](NewSignature::unencoded)
/// whether it says so or not.
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) where the payload has a character that is not ASCII,
/// not printable, or a dot, or an unprotected header is asked for; else as
/// [`compact::sign`](super::compact::sign).
///
/// ```
/// use symbolon::{JwsAlg, Keyring, Limits, Signer, jws::{NewSignature, unencoded}};
/// use time::OffsetDateTime;
///
/// let signer = Signer::generate(JwsAlg::HS256)?;
/// let token = unencoded::sign("order 66", &NewSignature::by(&signer))?;
/// assert!(token.contains(".order 66."));
/// assert!(unencoded::sign("$.02", &NewSignature::by(&signer)).is_err(), "a dot");
///
/// let ring = Keyring::new(signer);
/// let signed = unencoded::verify(&token, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(signed.payload(), b"order 66");
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn sign(payload: &str, signature: &NewSignature<'_>) -> Result<String> {
    if !is_plain(payload) {
        return Err(Error::new(
            ErrorKind::InvalidSetting,
            "an unencoded payload in a compact token is printable ASCII without a dot (RFC 7797 §5.2)",
        ));
    }
    let prepared = [signature.unencoded().prepare_compact()?];
    let signatures = engine::sign(&prepared, false, Payload::Bytes(payload.as_bytes()))?;
    let [prepared] = prepared;
    let signature = base64url::encode(signatures.first().ok_or(ErrorKind::Signing)?);
    Ok(format!("{}.{payload}.{signature}", prepared.protected))
}

/// Verifies `token` with the keys of `ring` that its `kid` picks and that are due at `now`.
///
/// # Errors
/// [`UnsupportedHeader`](ErrorKind::UnsupportedHeader) where its payload is encoded; else as
/// [`compact::verify`](super::compact::verify).
pub fn verify(token: &str, ring: &Keyring, limits: &Limits, now: OffsetDateTime) -> Result<Signed> {
    let parts = Parts::of(token, limits)?;
    let claim = Claim::of(Some(parts.header.into()), None, parts.signature, limits)?;
    if claim.encoded {
        return Err(Error::new(
            ErrorKind::UnsupportedHeader,
            "the payload is base64url-encoded: read the token with compact::verify",
        ));
    }
    if !is_plain(parts.payload()) {
        return Err(Error::new(
            ErrorKind::Malformed,
            "an unencoded payload in a compact token is printable ASCII (RFC 7797 §5.2)",
        ));
    }
    let payload = parts.payload().as_bytes();
    let VerifiedSignature { protected, key, .. } =
        engine::verify_one(claim, false, Payload::Bytes(payload), ring, now)?;
    Ok(Signed::new(protected, payload.to_vec(), key))
}

fn is_plain(payload: &str) -> bool {
    payload.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'.')
}
