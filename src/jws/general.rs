//! The general JSON serialization: one object with several signatures (RFC 7515 §7.2.1).

use time::OffsetDateTime;

use super::json::{self, Read};
use super::signature::Prepared;
use super::{NewSignature, Payload, Signatures, VerifiedSignature, engine};
use crate::base::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Keyring;

/// The token of `payload` with the signatures that are asked for, one or more.
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) where none is asked for, or some are
/// [unencoded](NewSignature::unencoded) and some are not; else as
/// [`flattened::sign`](super::flattened::sign).
///
/// ```
/// use symbolon::{JwsAlg, Keyring, Limits, Signer, jws::{NewSignature, Signatures, general}};
/// use time::OffsetDateTime;
///
/// let buyer = Signer::generate(JwsAlg::ES256)?.with_kid("buyer")?;
/// let seller = Signer::generate(JwsAlg::EDDSA)?.with_kid("seller")?;
/// let token = general::sign(b"a deal", &[NewSignature::by(&buyer), NewSignature::by(&seller)])?;
///
/// let (limits, now) = (Limits::default(), OffsetDateTime::now_utc());
/// let ring = Keyring::new(buyer).with_reader(seller.verifier())?;
/// let signed = general::verify(&token, &ring, &Signatures::All, &limits, now)?;
/// assert_eq!(signed.payload(), b"a deal");
/// assert!(signed.is_by("buyer") && signed.is_by("seller"));
///
/// // Whoever knows one of them only accepts the token for that one's sake.
/// let ring = Keyring::new(seller);
/// assert!(general::verify(&token, &ring, &Signatures::Any, &limits, now).is_ok());
/// assert!(general::verify(&token, &ring, &Signatures::All, &limits, now).is_err());
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn sign(payload: &[u8], signatures: &[NewSignature<'_>]) -> Result<String> {
    let (prepared, encoded) = prepare(signatures)?;
    let text = json::payload_text(payload, encoded)?;
    let made = engine::sign(&prepared, false, Payload::Bytes(text.as_bytes()))?;
    Ok(json::write(Some(&text), &json::write_signatures(&prepared, &made)))
}

/// Each signature with its headers written, and whether the payload is signed in base64url.
pub(super) fn prepare<'s>(signatures: &[NewSignature<'s>]) -> Result<(Vec<Prepared<'s>>, bool)> {
    let encoded = match signatures.first() {
        Some(first) => first.encoded(),
        None => return Err(Error::new(ErrorKind::InvalidSetting, "no signature is asked for")),
    };
    if signatures.iter().any(|signature| signature.encoded() != encoded) {
        return Err(Error::new(
            ErrorKind::InvalidSetting,
            "all signatures of a token take the payload encoded, or none does (RFC 7797 §3)",
        ));
    }
    Ok((signatures.iter().map(NewSignature::prepare).collect::<Result<_>>()?, encoded))
}

/// A token's payload, and its signatures that are authentic by keys of the ring.
#[derive(Debug, Clone)]
pub struct Signed {
    payload: Vec<u8>,
    signatures: Vec<VerifiedSignature>,
}

impl Signed {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signatures that were verified, one or more, in the token's order.
    #[must_use]
    pub fn signatures(&self) -> &[VerifiedSignature] {
        &self.signatures
    }

    /// Whether one of them is by a key that has the identifier `kid` in the ring.
    #[must_use]
    pub fn is_by(&self, kid: &str) -> bool {
        let mut kids = self.signatures.iter().filter_map(|signature| signature.key().kid());
        kids.any(|own| own.as_str() == kid)
    }
}

/// Verifies the signatures of `token`, each with the keys of `ring` that its `kid`, protected or not,
/// picks and that are due at `now`; which of them must be good, `wanted` says.
///
/// The text of all signatures is judged first, whatever is wanted: one that is malformed, or has a
/// `crit` that is not understood, spoils the token.
///
/// # Errors
/// [`TooLarge`](ErrorKind::TooLarge) for more signatures than [`Limits::signatures`] allows;
/// [`Malformed`](ErrorKind::Malformed) also where `b64` is not the same in all of them; else as
/// [`flattened::verify`](super::flattened::verify). Where several signatures are refused the error is
/// that of one of them, [`Unauthentic`](ErrorKind::Unauthentic) before
/// [`UnknownKey`](ErrorKind::UnknownKey).
pub fn verify(
    token: &str,
    ring: &Keyring,
    wanted: &Signatures,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Signed> {
    let mut read = Read::general(token, limits)?;
    let text = read.attached()?;
    let payload = Payload::Bytes(text.as_bytes());
    let signatures = engine::verify(read.claims, false, payload, ring, wanted, now)?;
    Ok(Signed { payload: json::payload_bytes(text, read.encoded)?, signatures })
}
