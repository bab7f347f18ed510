//! Tokens without their payload, which is kept elsewhere (RFC 7515 appendix F): compact ones as
//! `header..signature`, JSON ones without the member `payload`.
//!
//! Who reads such a token brings the payload along: bytes, or a stream of any length that is read
//! once and never held. How long it may be is for the caller to say; [`Limits`] bound the token.
//!
//! # Which algorithms stream
//!
//! | key | signs a stream | verifies a stream |
//! | --- | --- | --- |
//! | HMAC | yes | yes |
//! | ECDSA, all curves | with `rustcrypto` | with `rustcrypto` |
//! | RSA | with `aws-lc-rs` | with `rustcrypto` |
//! | Ed25519 | no: it goes over the payload twice | no |
//!
//! ring takes whole messages alone, and the crate rsa is never given a private key here. Where an
//! algorithm cannot stream the error says why, or names the feature to enable, before anything of
//! the stream is read. Bytes are signed and verified by every key.
//!
//! With [`unencoded`](NewSignature::unencoded) (RFC 7797) the payload is signed as it is, which
//! spares the work of base64url; a reader is told by the token, in a header that is protected and
//! critical.

use time::OffsetDateTime;

use super::compact::Parts;
use super::engine::{self, Claim};
use super::json::{self, Read};
use super::{NewSignature, Payload, Signatures, VerifiedSignature, general};
use crate::base::{Limits, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Keyring;

/// The compact token of a payload that is kept elsewhere: `header..signature`.
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) where header parameters of one's own are no object or
/// take the name of one that is this crate's to write, or an unprotected header is asked for;
/// [`Signing`](ErrorKind::Signing) where the key fails. Of a stream besides:
/// [`UnsupportedAlgorithm`](ErrorKind::UnsupportedAlgorithm) for Ed25519,
/// [`MissingFeature`](ErrorKind::MissingFeature) where no backend that is compiled in takes one with
/// this algorithm, [`NoKey`](ErrorKind::NoKey) for a key in another place,
/// [`Unreadable`](ErrorKind::Unreadable) where reading it fails.
///
/// ```
/// use symbolon::{JwsAlg, Keyring, Limits, Signer, jws::{NewSignature, Payload, detached}};
/// use time::OffsetDateTime;
///
/// let signer = Signer::generate(JwsAlg::HS256)?;
/// let mut file = std::io::repeat(7).take(1_000_000);
/// # use std::io::Read;
/// let signature = NewSignature::by(&signer).unencoded();
/// let token = detached::sign(Payload::Reader(&mut file), &signature)?;
///
/// let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
/// let ring = Keyring::new(signer);
/// assert!(detached::verify(&token, &[7; 1_000_000], &ring, &limits, now).is_ok());
/// assert!(detached::verify(&token, &[7; 1_000_001], &ring, &limits, now).is_err());
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn sign<'p>(payload: impl Into<Payload<'p>>, signature: &NewSignature<'_>) -> Result<String> {
    let prepared = [signature.prepare_compact()?];
    let signatures = engine::sign(&prepared, signature.encoded(), payload.into())?;
    let [prepared] = prepared;
    let signature = base64url::encode(signatures.first().ok_or(ErrorKind::Signing)?);
    Ok(format!("{}..{signature}", prepared.protected))
}

/// The token in flattened JSON of a payload that is kept elsewhere.
///
/// # Errors
/// As [`sign`], but an unprotected header may be asked for, with no name that stands protected.
pub fn sign_flattened<'p>(
    payload: impl Into<Payload<'p>>,
    signature: &NewSignature<'_>,
) -> Result<String> {
    let prepared = [signature.prepare()?];
    let signatures = engine::sign(&prepared, signature.encoded(), payload.into())?;
    let [prepared] = &prepared;
    let signature = signatures.first().ok_or(ErrorKind::Signing)?;
    Ok(json::write(None, &json::write_signature(prepared, signature)))
}

/// The token in general JSON of a payload that is kept elsewhere. A stream is read once for all
/// signatures.
///
/// # Errors
/// As [`sign_flattened`]; [`InvalidSetting`](ErrorKind::InvalidSetting) also where no signature is
/// asked for, or some are [unencoded](NewSignature::unencoded) and some are not.
pub fn sign_general<'p>(
    payload: impl Into<Payload<'p>>,
    signatures: &[NewSignature<'_>],
) -> Result<String> {
    let (prepared, encoded) = general::prepare(signatures)?;
    let made = engine::sign(&prepared, encoded, payload.into())?;
    Ok(json::write(None, &json::write_signatures(&prepared, &made)))
}

/// Verifies that the compact `token` signs `payload`, with the keys of `ring` that its `kid` picks
/// and that are due at `now`.
///
/// A stream is not authentic before this returns: act on nothing that was read from it until then,
/// and if it is read again, on nothing that may have changed in between.
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) where the token has a payload of its own; else as
/// [`compact::verify`](super::compact::verify), and of a stream as [`sign`].
pub fn verify<'p>(
    token: &str,
    payload: impl Into<Payload<'p>>,
    ring: &Keyring,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<VerifiedSignature> {
    let parts = Parts::of(token, limits)?;
    if !parts.payload().is_empty() {
        return Err(Error::new(
            ErrorKind::Malformed,
            "the token has a payload of its own: it is not detached",
        ));
    }
    let claim = Claim::of(Some(parts.header.into()), None, parts.signature, limits)?;
    let encode = claim.encoded;
    engine::verify_one(claim, encode, payload.into(), ring, now)
}

/// Verifies that the flattened JSON `token` signs `payload`; see [`verify`].
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) where the token has a payload of its own; else as
/// [`flattened::verify`](super::flattened::verify), and of a stream as [`sign`].
pub fn verify_flattened<'p>(
    token: &str,
    payload: impl Into<Payload<'p>>,
    ring: &Keyring,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<VerifiedSignature> {
    let mut read = Read::flattened(token, limits)?;
    read.detached()?;
    let claim = read.claims.pop().ok_or(ErrorKind::Malformed)?;
    engine::verify_one(claim, read.encoded, payload.into(), ring, now)
}

/// Verifies that the general JSON `token` signs `payload`, and returns its signatures that are good,
/// one or more; see [`verify`]. Which must be good, `wanted` says. A stream is read once for all.
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) where the token has a payload of its own; else as
/// [`general::verify`], and of a stream as [`sign`]. A signature whose algorithm cannot stream is not
/// good; if that leaves none, the error says so.
pub fn verify_general<'p>(
    token: &str,
    payload: impl Into<Payload<'p>>,
    ring: &Keyring,
    wanted: &Signatures,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Vec<VerifiedSignature>> {
    let read = Read::general(token, limits)?;
    read.detached()?;
    engine::verify(read.claims, read.encoded, payload.into(), ring, wanted, now)
}
