//! The few DER structures (X.690 §10) that keys come in, read strictly and written exactly.
//!
//! PKCS#8 (RFC 5958), SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), PKCS#1 (RFC 8017 appendix A.1),
//! SEC1 (RFC 5915), with the algorithms of RFC 3279, RFC 4055, RFC 5480 and RFC 8410; and of a
//! certificate (RFC 5280 §4.1) just the way to its key.

use zeroize::Zeroizing;

use super::rsa_private;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{
    EcCurve, EcPrivateKey, EcPublicKey, KeyMaterial, OkpCurve, OkpPrivateKey, OkpPublicKey, RsaCrtParts,
    RsaPublicKey,
};

/// Keys are far smaller; certificates with long lists of names come near.
pub(super) const MAX_LEN: usize = 64 * 1024;

pub(super) const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]` and `[1]`, constructed: explicit tags, or a tagged SET.
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
/// `[1] IMPLICIT BIT STRING`.
const CONTEXT_1_BITS: u8 = 0x81;

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const fn curve_oid(curve: EcCurve) -> &'static [u8] {
    match curve {
        EcCurve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        EcCurve::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        EcCurve::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        EcCurve::Secp256k1 => &[0x2b, 0x81, 0x04, 0x00, 0x0a],
    }
}

const fn okp_oid(curve: OkpCurve) -> &'static [u8] {
    match curve {
        OkpCurve::Ed25519 => ED25519,
        OkpCurve::X25519 => X25519,
    }
}

pub(super) fn invalid() -> Error {
    Error::new(
        ErrorKind::InvalidPem,
        "the DER is cut off, not canonical, or not the structure that was due",
    )
}

pub(super) fn encrypted() -> Error {
    Error::new(
        ErrorKind::InvalidPem,
        "the private key is encrypted: read it with its password (`from_encrypted_pem`, \
         `from_encrypted_der`), or decrypt it first, for example with `openssl pkey`",
    )
}

/// What RFC 1421 did with headers inside a PEM: a key of one MD5 of the password.
pub(super) fn encrypted_traditionally() -> Error {
    Error::new(
        ErrorKind::InvalidPem,
        "the private key is encrypted in the traditional way, which is not read here: decrypt it \
         first, or convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`",
    )
}

/// Reads elements off the front of DER.
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The content of the one element that is all of `bytes`.
    pub(super) fn only(bytes: &'a [u8], tag: u8) -> Result<Self> {
        let mut der = Self(bytes);
        let content = der.take(tag)?;
        der.end()?;
        Ok(Self(content))
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub(super) fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(invalid()) }
    }

    fn element(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        // No structure here has tags of more than one byte.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&len, rest) = rest.split_first()?;
                (usize::from(len), rest)
            }
            0x82 => {
                let (&len, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(len)), rest)
            }
            // 64 KiB and more, and the indefinite length of BER.
            _ => return None,
        };
        // A length has one spelling.
        if (first == 0x81 && len < 0x80) || (first == 0x82 && len < 0x100) {
            return None;
        }
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((tag, content))
    }

    pub(super) fn take(&mut self, tag: u8) -> Result<&'a [u8]> {
        match self.element() {
            Some((found, content)) if found == tag => Ok(content),
            _ => Err(invalid()),
        }
    }

    pub(super) fn take_if(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        if self.peek() == Some(tag) { self.take(tag).map(Some) } else { Ok(None) }
    }

    /// A number that is not negative, without the zero that DER puts before a high bit.
    pub(super) fn number(&mut self) -> Result<&'a [u8]> {
        match self.take(INTEGER)? {
            [0, rest @ ..] if matches!(rest, [0x80..=0xff, ..]) => Ok(rest),
            number @ ([0] | [0x01..=0x7f, ..]) => Ok(number),
            _ => Err(invalid()),
        }
    }

    /// A bit string of whole bytes.
    fn bits(&mut self, tag: u8) -> Result<&'a [u8]> {
        match self.take(tag)?.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err(invalid()),
        }
    }
}

/// Reads a key of whatever structure it is; which one, the tags at its start say, never a try.
pub(super) fn any(der: &[u8]) -> Result<KeyMaterial> {
    let mut inside = Der::only(der, SEQUENCE)?;
    let tags = [(); 3].map(|()| inside.element().map(|(tag, _)| tag));
    match tags {
        [Some(INTEGER), Some(SEQUENCE), Some(OCTET_STRING)] => pkcs8(der),
        [Some(INTEGER), Some(OCTET_STRING), _] => sec1(der, None),
        [Some(INTEGER), Some(INTEGER), None] => pkcs1_public(der),
        [Some(INTEGER), Some(INTEGER), Some(INTEGER)] => pkcs1_private(der),
        [Some(SEQUENCE), Some(BIT_STRING), None] => spki(der),
        [Some(SEQUENCE), Some(SEQUENCE), Some(BIT_STRING)] => certificate(der),
        [Some(SEQUENCE), Some(OCTET_STRING), None] => Err(encrypted()),
        _ => Err(invalid()),
    }
}

/// What an AlgorithmIdentifier says of a key.
enum Algorithm {
    Rsa,
    Ec(EcCurve),
    Okp(OkpCurve),
}

fn algorithm(mut der: Der<'_>) -> Result<Algorithm> {
    let oid = der.take(OID)?;
    let algorithm = match oid {
        RSA_ENCRYPTION => {
            // RFC 3279 §2.3.1 wants NULL; some writers leave it away.
            if der.take_if(NULL)?.is_some_and(|content| !content.is_empty()) {
                return Err(invalid());
            }
            Algorithm::Rsa
        }
        RSASSA_PSS => {
            // The hash and salt that the key is limited to: a JWS algorithm fixes both by itself.
            der.take_if(SEQUENCE)?;
            Algorithm::Rsa
        }
        EC_PUBLIC_KEY => Algorithm::Ec(named_curve(&mut der)?),
        ED25519 => Algorithm::Okp(OkpCurve::Ed25519),
        X25519 => Algorithm::Okp(OkpCurve::X25519),
        _ => {
            return Err(Error::new(
                ErrorKind::UnsupportedKey,
                "the key's algorithm is none of RSA, EC, Ed25519 and X25519",
            ));
        }
    };
    der.end()?;
    Ok(algorithm)
}

fn named_curve(der: &mut Der<'_>) -> Result<EcCurve> {
    if der.peek() == Some(SEQUENCE) {
        return Err(Error::new(
            ErrorKind::UnsupportedKey,
            "the curve is spelled out: export the key with a named curve",
        ));
    }
    let oid = der.take(OID)?;
    EcCurve::ALL.into_iter().find(|curve| curve_oid(*curve) == oid).ok_or_else(|| {
        Error::new(ErrorKind::UnsupportedKey, "the curve is none of P-256, P-384, P-521 and secp256k1")
    })
}

/// The one curve that the block `EC PARAMETERS` names.
pub(super) fn ec_parameters(der: &[u8]) -> Result<EcCurve> {
    let mut der = Der(der);
    let curve = named_curve(&mut der)?;
    der.end()?;
    Ok(curve)
}

/// A SubjectPublicKeyInfo.
pub(super) fn spki(der: &[u8]) -> Result<KeyMaterial> {
    spki_inside(Der::only(der, SEQUENCE)?)
}

fn spki_inside(mut der: Der<'_>) -> Result<KeyMaterial> {
    let algorithm = algorithm(Der(der.take(SEQUENCE)?))?;
    let key = der.bits(BIT_STRING)?;
    der.end()?;
    match algorithm {
        Algorithm::Rsa => pkcs1_public(key),
        Algorithm::Ec(curve) => Ok(point(curve, key)?.into()),
        Algorithm::Okp(curve) => Ok(OkpPublicKey::new(curve, key)?.into()),
    }
}

/// The subject's key of a certificate; nothing else of it is looked at.
pub(super) fn certificate(der: &[u8]) -> Result<KeyMaterial> {
    let mut outer = Der::only(der, SEQUENCE)?;
    let mut body = Der(outer.take(SEQUENCE)?);
    outer.take(SEQUENCE)?;
    outer.bits(BIT_STRING)?;
    outer.end()?;
    body.take_if(CONTEXT_0)?;
    body.take(INTEGER)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        body.take(SEQUENCE)?;
    }
    spki_inside(Der(body.take(SEQUENCE)?))
}

/// A PKCS#8 private key, of version 1 or 2.
pub(super) fn pkcs8(der: &[u8]) -> Result<KeyMaterial> {
    let mut der = Der::only(der, SEQUENCE)?;
    let version = der.number()?;
    let algorithm = algorithm(Der(der.take(SEQUENCE)?))?;
    let private = der.take(OCTET_STRING)?;
    der.take_if(CONTEXT_0)?;
    let public = match version {
        [0] => None,
        [1] if der.peek() == Some(CONTEXT_1_BITS) => Some(der.bits(CONTEXT_1_BITS)?),
        [1] => None,
        _ => return Err(invalid()),
    };
    der.end()?;
    match algorithm {
        Algorithm::Rsa => {
            let key = pkcs1_private(private)?;
            let stated = public.map(pkcs1_public).transpose()?;
            if stated.is_some() && stated != key.to_public() {
                return Err(Error::new(ErrorKind::InvalidKey, "the halves of the RSA key do not fit"));
            }
            Ok(key)
        }
        Algorithm::Ec(curve) => {
            let key = sec1(private, Some(curve))?;
            if let (Some(point), KeyMaterial::EcPrivate(key)) = (public, &key) {
                fits(key.public(), point)?;
            }
            Ok(key)
        }
        Algorithm::Okp(curve) => {
            let public = public.map(|public| OkpPublicKey::new(curve, public)).transpose()?;
            let secret = Der::only(private, OCTET_STRING)?.0;
            Ok(OkpPrivateKey::new(curve, secret, public.as_ref())?.into())
        }
    }
}

/// An RSAPublicKey.
pub(super) fn pkcs1_public(der: &[u8]) -> Result<KeyMaterial> {
    let mut der = Der::only(der, SEQUENCE)?;
    let (n, e) = (der.number()?, der.number()?);
    der.end()?;
    Ok(RsaPublicKey::new(n, e)?.into())
}

/// An RSAPrivateKey of two primes.
pub(super) fn pkcs1_private(der: &[u8]) -> Result<KeyMaterial> {
    let mut der = Der::only(der, SEQUENCE)?;
    match der.number()? {
        [0] => {}
        [1] if der.peek() == Some(INTEGER) => {
            return Err(Error::new(
                ErrorKind::UnsupportedKey,
                "RSA keys of more than two primes are not supported",
            ));
        }
        _ => return Err(invalid()),
    }
    let public = RsaPublicKey::new(der.number()?, der.number()?)?;
    let parts = RsaCrtParts {
        d: der.number()?,
        p: der.number()?,
        q: der.number()?,
        dp: der.number()?,
        dq: der.number()?,
        qi: der.number()?,
    };
    der.end()?;
    rsa_private(public, parts)
}

/// An ECPrivateKey; `curve` is what stands around it about its curve.
pub(super) fn sec1(der: &[u8], curve: Option<EcCurve>) -> Result<KeyMaterial> {
    let mut der = Der::only(der, SEQUENCE)?;
    if der.number()? != [1] {
        return Err(invalid());
    }
    let d = der.take(OCTET_STRING)?;
    let own = match der.take_if(CONTEXT_0)? {
        Some(parameters) => Some(ec_parameters(parameters)?),
        None => None,
    };
    let public = match der.take_if(CONTEXT_1)? {
        Some(public) => {
            let mut public = Der(public);
            let point = public.bits(BIT_STRING)?;
            public.end()?;
            Some(point)
        }
        None => None,
    };
    der.end()?;
    let curve = match (curve, own) {
        (Some(outer), Some(own)) if outer != own => {
            return Err(Error::new(ErrorKind::InvalidKey, "the EC key names two curves"));
        }
        (outer, own) => own.or(outer).ok_or_else(|| {
            Error::new(ErrorKind::InvalidPem, "the EC key names no curve: export it as PKCS#8")
        })?,
    };
    let key = match public {
        Some(bytes @ [4, ..]) => EcPrivateKey::new(curve, d, Some(&point(curve, bytes)?))?,
        other => {
            let key = EcPrivateKey::new(curve, d, None)?;
            if let Some(bytes) = other {
                fits(key.public(), bytes)?;
            }
            key
        }
    };
    Ok(key.into())
}

/// A point as SEC1 §2.3.3 writes it.
fn point(curve: EcCurve, bytes: &[u8]) -> Result<EcPublicKey> {
    match bytes {
        [4, coordinates @ ..] => {
            let (x, y) = coordinates.split_at_checked(curve.field_len()).ok_or_else(invalid)?;
            EcPublicKey::new(curve, x, y)
        }
        [2 | 3, ..] => Err(Error::new(
            ErrorKind::UnsupportedKey,
            "the EC point is compressed: export the key with `-conv_form uncompressed`",
        )),
        _ => Err(invalid()),
    }
}

/// Whether `bytes` write just this point, compressed or not.
fn fits(key: &EcPublicKey, bytes: &[u8]) -> Result<()> {
    let odd = key.y().last().is_some_and(|byte| byte % 2 == 1);
    let fits = match bytes.split_first() {
        Some((4, point)) => point.split_at_checked(key.x().len()) == Some((key.x(), key.y())),
        Some((2, x)) => !odd && x == key.x(),
        Some((3, x)) => odd && x == key.x(),
        _ => return Err(invalid()),
    };
    if fits {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::InvalidKey, "the point is not that of the EC private key"))
    }
}

type Bytes = Zeroizing<Vec<u8>>;

/// One element whose content is these parts; exactly as much room as it needs, for they may be
/// secret.
fn element(tag: u8, parts: &[&[u8]]) -> Bytes {
    let len = parts.iter().fold(0, |sum: usize, part| sum.saturating_add(part.len()));
    let mut out = Zeroizing::new(Vec::with_capacity(len.saturating_add(10)));
    out.push(tag);
    let bytes = len.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..).unwrap_or_default();
    match (u8::try_from(len), u8::try_from(bytes.len())) {
        (Ok(short @ 0..=0x7f), _) => out.push(short),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(bytes);
        }
        // A length has no more than eight bytes.
        (_, Err(_)) => {}
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

fn number(number: &[u8]) -> Bytes {
    match number.first() {
        Some(0x80..) => element(INTEGER, &[&[0], number]),
        Some(_) => element(INTEGER, &[number]),
        None => element(INTEGER, &[&[0]]),
    }
}

fn bits(tag: u8, bytes: &[&[u8]]) -> Bytes {
    let mut parts = vec![&[0_u8] as &[u8]];
    parts.extend(bytes);
    element(tag, &parts)
}

fn ec_algorithm(curve: EcCurve) -> Bytes {
    element(SEQUENCE, &[&element(OID, &[EC_PUBLIC_KEY]), &element(OID, &[curve_oid(curve)])])
}

fn rsa_algorithm() -> Bytes {
    element(SEQUENCE, &[&element(OID, &[RSA_ENCRYPTION]), &element(NULL, &[])])
}

fn okp_algorithm(curve: OkpCurve) -> Bytes {
    element(SEQUENCE, &[&element(OID, &[okp_oid(curve)])])
}

/// The SubjectPublicKeyInfo of the key or of its public half; none for a symmetric key.
pub(super) fn to_spki(key: &KeyMaterial) -> Option<Vec<u8>> {
    let mut spki = match key.to_public()? {
        KeyMaterial::RsaPublic(key) => {
            let public = element(SEQUENCE, &[&number(key.n()), &number(key.e())]);
            element(SEQUENCE, &[&rsa_algorithm(), &bits(BIT_STRING, &[&public])])
        }
        KeyMaterial::EcPublic(key) => {
            let point = bits(BIT_STRING, &[&[4], key.x(), key.y()]);
            element(SEQUENCE, &[&ec_algorithm(key.curve()), &point])
        }
        KeyMaterial::OkpPublic(key) => {
            element(SEQUENCE, &[&okp_algorithm(key.curve()), &bits(BIT_STRING, &[key.x()])])
        }
        _ => return None,
    };
    Some(std::mem::take(&mut *spki))
}

/// The PKCS#8 of a private key, version 1, which every reader takes; none for other keys.
pub(super) fn to_pkcs8(key: &KeyMaterial) -> Option<Bytes> {
    let (algorithm, private) = match key {
        KeyMaterial::RsaPrivate(key) => {
            let parts = key.crt_parts();
            let numbers = [
                &[0_u8] as &[u8],
                key.public().n(),
                key.public().e(),
                parts.d,
                parts.p,
                parts.q,
                parts.dp,
                parts.dq,
                parts.qi,
            ]
            .map(number);
            let numbers: Vec<&[u8]> = numbers.iter().map(|number| number.as_slice()).collect();
            (rsa_algorithm(), element(SEQUENCE, &numbers))
        }
        KeyMaterial::EcPrivate(key) => {
            let public = key.public();
            let point = bits(BIT_STRING, &[&[4], public.x(), public.y()]);
            let private = element(
                SEQUENCE,
                &[&number(&[1]), &element(OCTET_STRING, &[key.d()]), &element(CONTEXT_1, &[&point])],
            );
            (ec_algorithm(public.curve()), private)
        }
        KeyMaterial::OkpPrivate(key) => {
            (okp_algorithm(key.public().curve()), element(OCTET_STRING, &[key.d()]))
        }
        _ => return None,
    };
    Some(element(SEQUENCE, &[&number(&[0]), &algorithm, &element(OCTET_STRING, &[&private])]))
}
