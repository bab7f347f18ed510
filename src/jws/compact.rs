//! The compact serialization: `header.payload.signature` (RFC 7515 §7.1).

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::base::{Limits, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jose::{self, Header, Written};
use crate::jwa::MAX_SIGNATURE_LEN;
use crate::keys::{Keyring, Signer, Verifier};

/// What a header may say besides `alg` and `kid`, which are the key's.
///
/// ```
/// use symbolon::jws::compact::Parameters;
///
/// let parameters = Parameters::new().typ("at+jwt");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Parameters<'p> {
    pub(super) typ: Option<&'p str>,
    pub(super) cty: Option<&'p str>,
}

impl<'p> Parameters<'p> {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { typ: None, cty: None }
    }

    /// What kind of token it is (RFC 7515 §4.1.9).
    #[must_use]
    pub const fn typ(mut self, typ: &'p str) -> Self {
        self.typ = Some(typ);
        self
    }

    /// What kind of payload it holds (RFC 7515 §4.1.10).
    #[must_use]
    pub const fn content_type(mut self, cty: &'p str) -> Self {
        self.cty = Some(cty);
        self
    }

    pub(crate) const fn of(typ: Option<&'p str>, cty: Option<&'p str>) -> Self {
        Self { typ, cty }
    }
}

/// Signs `payload`; `custom` are header parameters of one's own (`&()` for none).
///
/// # Errors
/// [`InvalidSetting`](ErrorKind::InvalidSetting) where `custom` is no object or takes the name of a
/// parameter that is this crate's to write; [`Signing`](ErrorKind::Signing) where the key fails.
///
/// ```
/// use symbolon::{JwsAlg, Keyring, Limits, Signer, jws::compact};
/// use time::OffsetDateTime;
///
/// let signer = Signer::generate(JwsAlg::ES256)?;
/// let token = compact::sign(b"any bytes", &compact::Parameters::new(), &(), &signer)?;
///
/// let ring = Keyring::new(signer);
/// let signed = compact::verify(&token, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(signed.payload(), b"any bytes");
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn sign<H: Serialize + ?Sized>(
    payload: &[u8],
    parameters: &Parameters<'_>,
    custom: &H,
    signer: &Signer,
) -> Result<String> {
    let mut token = String::new();
    sign_into(payload, parameters, custom, signer, &mut token)?;
    Ok(token)
}

/// A token's header and payload, authentic by one key of the ring.
#[derive(Debug, Clone)]
pub struct Signed {
    header: Vec<u8>,
    payload: Vec<u8>,
    key: Verifier,
}

impl Signed {
    pub(super) const fn new(header: Vec<u8>, payload: Vec<u8>, key: Verifier) -> Self {
        Self { header, payload, key }
    }

    /// The JSON text of the protected header.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Header parameters of one's own.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) where the header does not fit `H`.
    pub fn custom_header<H: DeserializeOwned>(&self) -> Result<H> {
        jose::read_custom(&self.header)
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The key that made the signature.
    #[must_use]
    pub const fn key(&self) -> &Verifier {
        &self.key
    }
}

/// Verifies `token` with the keys of `ring` that its `kid` picks and that are due at `now`.
///
/// # Errors
/// [`Malformed`](ErrorKind::Malformed) or [`TooLarge`](ErrorKind::TooLarge) for its text;
/// [`UnsupportedHeader`](ErrorKind::UnsupportedHeader) for `crit` or `b64`;
/// [`UnknownKey`](ErrorKind::UnknownKey) or [`AlgorithmMismatch`](ErrorKind::AlgorithmMismatch) where
/// no key may be tried; [`Unauthentic`](ErrorKind::Unauthentic) where none made the signature.
pub fn verify(token: &str, ring: &Keyring, limits: &Limits, now: OffsetDateTime) -> Result<Signed> {
    let parts = Parts::of(token, limits)?;
    let text = jose::decode_header(parts.header, limits)?;
    let header = Header::parse(&text)?;
    let key = parts.verify(header.kid.as_deref(), &header.alg, ring, now.unix_timestamp())?.clone();
    let mut payload = Vec::new();
    parts.payload_into(&mut payload)?;
    Ok(Signed { header: text, payload, key })
}

/// Appends the token; see [`sign`].
pub(crate) fn sign_into<H: Serialize + ?Sized>(
    payload: &[u8],
    parameters: &Parameters<'_>,
    custom: &H,
    signer: &Signer,
    out: &mut String,
) -> Result<()> {
    let start = out.len();
    write_header(parameters, custom, signer, out)?;
    finish(payload, signer, start, out)
}

/// The same with the header that was prepared for tokens of type `JWT`.
pub(crate) fn sign_jwt_into(payload: &[u8], signer: &Signer, out: &mut String) -> Result<()> {
    let start = out.len();
    let header = signer.jwt_header();
    // One allocation: header, payload, signature (of 256 bytes at most; longer ones may grow it).
    let payload_len = base64url::encoded_len(payload.len());
    let signature_len = base64url::encoded_len(signer.alg().signature_len().unwrap_or(256));
    out.reserve(
        header.len().saturating_add(payload_len).saturating_add(signature_len).saturating_add(2),
    );
    out.push_str(header);
    finish(payload, signer, start, out)
}

pub(crate) fn write_header<H: Serialize + ?Sized>(
    parameters: &Parameters<'_>,
    custom: &H,
    signer: &Signer,
    out: &mut String,
) -> Result<()> {
    let header = Written {
        alg: signer.alg().name(),
        kid: signer.kid().map(crate::base::KeyId::as_str),
        typ: parameters.typ,
        cty: parameters.cty,
        encoded: true,
    };
    header.encode_into(custom, out)
}

/// Appends payload and signature to the header that stands in `out` from `start` on.
fn finish(payload: &[u8], signer: &Signer, start: usize, out: &mut String) -> Result<()> {
    write_part(payload, out);
    let (mut small, mut large);
    let buffer: &mut [u8] = if signer.alg().signature_len().is_some_and(|len| len <= 64) {
        small = [0; 64];
        &mut small
    } else {
        large = [0; MAX_SIGNATURE_LEN];
        &mut large
    };
    let input = out.as_bytes().get(start..).unwrap_or_default();
    let signature = signer.sign_into(input, buffer)?;
    out.push('.');
    base64url::encode_into(signature, out);
    Ok(())
}

/// Appends the next part behind its dot.
pub(crate) fn write_part(bytes: &[u8], out: &mut String) {
    out.push('.');
    base64url::encode_into(bytes, out);
}

/// The three parts of a token, and what its signature covers. Nothing is decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'t> {
    pub(crate) header: &'t str,
    payload: &'t str,
    pub(super) signature: &'t str,
    signed: &'t str,
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

impl<'t> Parts<'t> {
    pub(crate) fn of(token: &'t str, limits: &Limits) -> Result<Self> {
        if token.len() > limits.max_token_len() {
            return Err(ErrorKind::TooLarge.into());
        }
        let three_parts = || {
            // A further dot would make the signature no base64url; it is told more clearly here.
            let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
            let (first, second, None) = (dots.next()?, dots.next()?, dots.next()) else { return None };
            let (signed, signature) = (token.get(..second)?, token.get(second.checked_add(1)?..)?);
            let (header, payload) = (signed.get(..first)?, signed.get(first.checked_add(1)?..)?);
            Some(Self { header, payload, signature, signed })
        };
        three_parts()
            .ok_or_else(|| Error::new(ErrorKind::Malformed, "a compact JWS has exactly three parts"))
    }

    /// The key that made the signature, among those that `kid` and `alg` pick.
    pub(crate) fn verify<'r>(
        &self,
        kid: Option<&str>,
        alg: &str,
        ring: &'r Keyring,
        now: i64,
    ) -> Result<&'r Verifier> {
        let mut candidates = ring.candidates(kid, alg, now)?;
        // A large buffer is for RSA; the others shall not pay for wiping it.
        let (mut small, mut large);
        let buffer: &mut [u8] = if self.signature.len() <= 176 {
            small = [0; 136];
            &mut small
        } else {
            large = [0; MAX_SIGNATURE_LEN + 3];
            &mut large
        };
        let signature = base64url::decode_to(self.signature, buffer).map_err(|_| {
            Error::new(ErrorKind::Malformed, "the signature is not base64url, or too long")
        })?;
        candidates
            .find(|key| key.verify(self.signed.as_bytes(), signature))
            .ok_or_else(|| ErrorKind::Unauthentic.into())
    }

    /// Appends the payload; to be called once the signature was verified.
    pub(crate) fn payload_into(&self, out: &mut Vec<u8>) -> Result<()> {
        base64url::decode_into(self.payload, out)
            .map_err(|_| Error::new(ErrorKind::Malformed, "the payload is not base64url"))
    }

    pub(crate) const fn payload(&self) -> &'t str {
        self.payload
    }
}
