//! What all serializations do alike: feed header and payload to keys, and judge what comes of it.

use std::borrow::Cow;
use std::io::Read;

use time::OffsetDateTime;

use super::payload::{Payload, pump};
use super::signature::{Prepared, Signatures, VerifiedSignature};
use crate::base::{Limits, base64url};
use crate::error::{Error, ErrorKind, Fault, Result};
use crate::jose::{self, Header};
use crate::jwa::{MAX_SIGNATURE_LEN, SignStream, VerifyStream};
use crate::keys::{Keyring, Verifier};

/// A signature for each of `prepared`. The payload is base64url-encoded on its way if `encode`.
pub(super) fn sign(
    prepared: &[Prepared<'_>],
    encode: bool,
    payload: Payload<'_>,
) -> Result<Vec<Vec<u8>>> {
    match payload {
        Payload::Bytes(bytes) => {
            let body = body(bytes, encode);
            let sign = |new: &Prepared<'_>| new.signer.sign(&input(&new.protected, &body));
            prepared.iter().map(sign).collect()
        }
        Payload::Reader(reader) => {
            let mut streams = Vec::with_capacity(prepared.len());
            for new in prepared {
                let mut stream = new.signer.start()?;
                stream.update(new.protected.as_bytes());
                stream.update(b".");
                streams.push(stream);
            }
            pump(reader, encode, |piece| streams.iter_mut().for_each(|stream| stream.update(piece)))?;
            let finish = |stream: SignStream<'_>| {
                let mut buffer = [0; MAX_SIGNATURE_LEN];
                let len = stream.finish(&mut buffer)?;
                Ok(buffer.get(..len).ok_or(ErrorKind::Signing)?.to_vec())
            };
            streams.into_iter().map(finish).collect()
        }
    }
}

/// What a token says of one of its signatures. Its text was judged; nothing in it is authentic.
pub(super) struct Claim<'t> {
    /// As it is signed; empty where there is none.
    encoded_header: Cow<'t, str>,
    protected: Vec<u8>,
    unprotected: Option<&'t str>,
    signature: Vec<u8>,
    alg: String,
    kid: Option<String>,
    /// Whether the payload is signed in base64url.
    pub(super) encoded: bool,
}

impl<'t> Claim<'t> {
    /// Judges the parts of one signature: the protected header in base64url, the unprotected one in
    /// JSON, the signature in base64url.
    pub(super) fn of(
        protected: Option<Cow<'t, str>>,
        unprotected: Option<&'t str>,
        signature: &str,
        limits: &Limits,
    ) -> Result<Self> {
        if unprotected.is_some_and(|text| text.len() > limits.max_header_len()) {
            return Err(Error::new(ErrorKind::TooLarge, "the unprotected header"));
        }
        if signature.len() > base64url::encoded_len(MAX_SIGNATURE_LEN) {
            return Err(Error::new(ErrorKind::Malformed, "the signature is too long"));
        }
        let text = match protected.as_deref() {
            None => None,
            Some("") => {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "the protected header is empty: it must then be absent (RFC 7515 §7.2.1)",
                ));
            }
            Some(encoded) => Some(jose::decode_header(encoded, limits)?),
        };
        let header = Header::join(text.as_deref(), unprotected.map(str::as_bytes))?;
        let (alg, kid) = (header.alg.into_owned(), header.kid.map(Cow::into_owned));
        let encoded = header.encoded;
        let signature = base64url::decode(signature)
            .map_err(|_| Error::new(ErrorKind::Malformed, "the signature is not base64url"))?;
        Ok(Self {
            encoded_header: protected.unwrap_or_default(),
            protected: text.unwrap_or_default(),
            unprotected,
            signature,
            alg,
            kid,
            encoded,
        })
    }

    /// The keys that it is tried with.
    fn keys<'r>(&self, ring: &'r Keyring, wanted: &Signatures, now: i64) -> Result<Vec<&'r Verifier>> {
        let keys = ring.candidates(self.kid.as_deref(), &self.alg, now)?;
        let Signatures::By(named) = wanted else { return Ok(keys.collect()) };
        let keys: Vec<_> = keys.filter(|key| key.kid() == Some(named)).collect();
        if keys.is_empty() { Err(ErrorKind::UnknownKey.into()) } else { Ok(keys) }
    }
}

/// The signatures that are good, if they are those that are `wanted`. The payload is
/// base64url-encoded on its way if `encode`.
pub(super) fn verify(
    claims: Vec<Claim<'_>>,
    encode: bool,
    payload: Payload<'_>,
    ring: &Keyring,
    wanted: &Signatures,
    now: OffsetDateTime,
) -> Result<Vec<VerifiedSignature>> {
    let now = now.unix_timestamp();
    let tried: Vec<_> = claims.iter().map(|claim| claim.keys(ring, wanted, now)).collect();
    let verdicts = match payload {
        Payload::Bytes(bytes) => {
            let body = body(bytes, encode);
            claims.iter().zip(tried).map(|(claim, keys)| verify_whole(claim, keys?, &body)).collect()
        }
        Payload::Reader(reader) => verify_stream(&claims, tried, encode, reader)?,
    };
    let (mut good, mut worst) = (Vec::new(), None::<Error>);
    for (index, (claim, verdict)) in claims.into_iter().zip(verdicts).enumerate() {
        match verdict {
            Ok(key) => good.push(VerifiedSignature {
                index,
                protected: claim.protected,
                unprotected: claim.unprotected.map(Box::from),
                key: key.clone(),
            }),
            Err(error) if worst.as_ref().is_none_or(|worst| weight(&error) > weight(worst)) => {
                worst = Some(error);
            }
            Err(_) => {}
        }
    }
    match (worst, wanted) {
        (Some(error), Signatures::All) => Err(error),
        (worst, _) if good.is_empty() => Err(worst.unwrap_or_else(|| ErrorKind::Unauthentic.into())),
        _ => Ok(good),
    }
}

/// The same for a token of one signature.
pub(super) fn verify_one(
    claim: Claim<'_>,
    encode: bool,
    payload: Payload<'_>,
    ring: &Keyring,
    now: OffsetDateTime,
) -> Result<VerifiedSignature> {
    let mut good = verify(vec![claim], encode, payload, ring, &Signatures::All, now)?;
    good.pop().ok_or_else(|| ErrorKind::Unauthentic.into())
}

/// Of several refusals the one that is told: first what the token is not to blame for, then a forgery.
fn weight(error: &Error) -> u8 {
    match (error.fault(), error.kind()) {
        (Fault::Caller | Fault::Environment, _) => 2,
        (Fault::Token, ErrorKind::Unauthentic) => 1,
        (Fault::Token, _) => 0,
    }
}

fn verify_whole<'r>(claim: &Claim<'_>, keys: Vec<&'r Verifier>, body: &[u8]) -> Result<&'r Verifier> {
    let input = input(&claim.encoded_header, body);
    keys.into_iter()
        .find(|key| key.verify(&input, &claim.signature))
        .ok_or_else(|| ErrorKind::Unauthentic.into())
}

fn verify_stream<'r>(
    claims: &[Claim<'_>],
    tried: Vec<Result<Vec<&'r Verifier>>>,
    encode: bool,
    reader: &mut dyn Read,
) -> Result<Vec<Result<&'r Verifier>>> {
    type Begun<'r> = Vec<(&'r Verifier, VerifyStream<'r>)>;

    let begin = |(claim, keys): (&Claim<'_>, Result<Vec<&'r Verifier>>)| -> Result<Begun<'r>> {
        let begin = |key: &'r Verifier| {
            let mut stream = key.start()?;
            stream.update(claim.encoded_header.as_bytes());
            stream.update(b".");
            Ok((key, stream))
        };
        keys?.into_iter().map(begin).collect()
    };
    let mut begun: Vec<_> = claims.iter().zip(tried).map(begin).collect();
    // Where no key is to be tried, the stream need not be read.
    if begun.iter().any(Result::is_ok) {
        pump(reader, encode, |piece| {
            let streams = begun.iter_mut().flatten().flatten();
            streams.for_each(|(_, stream)| stream.update(piece));
        })?;
    }
    let finish = |(claim, streams): (&Claim<'_>, Result<Begun<'r>>)| {
        let fits = |(key, stream): (_, VerifyStream<'_>)| stream.finish(&claim.signature).then_some(key);
        streams?.into_iter().find_map(fits).ok_or_else(|| ErrorKind::Unauthentic.into())
    };
    Ok(claims.iter().zip(begun).map(finish).collect())
}

/// The payload as it is signed.
fn body(payload: &[u8], encode: bool) -> Cow<'_, [u8]> {
    if encode { Cow::Owned(base64url::encode(payload).into_bytes()) } else { Cow::Borrowed(payload) }
}

/// What a signature covers (RFC 7515 §5.1, RFC 7797 §3).
fn input(encoded_header: &str, body: &[u8]) -> Vec<u8> {
    [encoded_header.as_bytes(), b".", body].concat()
}
