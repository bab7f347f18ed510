//! Keys from and to PEM (RFC 7468) and DER. The label decides what is read, never a look inside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Jwk, SecretDer, SecretText, der};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::KeyMaterial;

impl KeyMaterial {
    /// Reads the one key of a PEM text.
    ///
    /// | label | structure |
    /// | --- | --- |
    /// | `PRIVATE KEY` | PKCS#8, version 1 or 2 (RFC 5958) |
    /// | `RSA PRIVATE KEY` | PKCS#1 (RFC 8017 A.1.2), two primes |
    /// | `EC PRIVATE KEY` | SEC1 (RFC 5915) with a named curve, also behind `EC PARAMETERS` |
    /// | `PUBLIC KEY` | SubjectPublicKeyInfo (RFC 5280) |
    /// | `RSA PUBLIC KEY` | PKCS#1 (RFC 8017 A.1.1) |
    /// | `CERTIFICATE` | X.509: the subject's public key, **and nothing else** |
    ///
    /// **A certificate is not judged**: neither its signature, its chain, its dates, its names nor
    /// its key usage. The key is taken out of it just as if it stood there by itself, so trust the
    /// file, or verify the certificate elsewhere first.
    ///
    /// White space around the block, between its lines and as line ends is free; any other text
    /// around it, a second key, or an encrypted key is refused. RSA keys that are limited to PSS
    /// are read as RSA keys, without their limits. A private key must fit the public half that
    /// stands beside it.
    ///
    /// # Errors
    /// - [`InvalidPem`](ErrorKind::InvalidPem): not one block, a label that is not in the table,
    ///   base64 or DER that is cut off or not canonical, longer than 64 KiB, or encrypted.
    /// - [`UnsupportedKey`](ErrorKind::UnsupportedKey): an algorithm or curve that is not known
    ///   here, curve parameters spelled out, a compressed point, or more than two primes.
    /// - [`InvalidKey`](ErrorKind::InvalidKey), [`WeakKey`](ErrorKind::WeakKey): numbers that make
    ///   no key, or none that is safe.
    /// - [`MissingFeature`](ErrorKind::MissingFeature): a key that needs another backend.
    ///
    /// ```
    /// use symbolon::KeyMaterial;
    ///
    /// let key = KeyMaterial::from_pem(
    ///     "-----BEGIN PUBLIC KEY-----\n\
    ///      MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
    ///      -----END PUBLIC KEY-----\n",
    /// )?;
    /// assert_eq!(key.curve(), Some("Ed25519"));
    /// assert!(!key.is_secret());
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self> {
        let pem = pem.as_ref();
        if pem.len() > der::MAX_LEN {
            return Err(invalid("the text of a key has at most 64 KiB"));
        }
        let text = std::str::from_utf8(pem).map_err(|_| invalid("the PEM is not text"))?;
        let (mut block, mut rest) = Block::read(text)?;
        let mut curve = None;
        if block.label == "EC PARAMETERS" {
            curve = Some(der::ec_parameters(&block.der)?);
            (block, rest) = Block::read(rest)?;
            if block.label != "EC PRIVATE KEY" {
                return Err(invalid("only an `EC PRIVATE KEY` stands behind `EC PARAMETERS`"));
            }
        }
        if !rest.is_empty() {
            return Err(invalid("something follows the key: give one key at a time"));
        }
        match block.label {
            "PRIVATE KEY" => der::pkcs8(&block.der),
            "RSA PRIVATE KEY" => der::pkcs1_private(&block.der),
            "EC PRIVATE KEY" => der::sec1(&block.der, curve),
            "PUBLIC KEY" => der::spki(&block.der),
            "RSA PUBLIC KEY" => der::pkcs1_public(&block.der),
            "CERTIFICATE" => der::certificate(&block.der),
            "ENCRYPTED PRIVATE KEY" => Err(der::encrypted()),
            _ => Err(invalid("the PEM label is not that of a key or a certificate read here")),
        }
    }

    /// Reads the one key of a DER.
    ///
    /// Which structure it is, the tags at its start decide; no two of them begin alike. In the
    /// order they are told apart: PKCS#8, SEC1, PKCS#1 public, PKCS#1 private,
    /// SubjectPublicKeyInfo, X.509 certificate. **Of a certificate nothing is judged**, as for
    /// [`from_pem`](Self::from_pem).
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem); anything behind the key is
    /// [`InvalidPem`](ErrorKind::InvalidPem), too.
    pub fn from_der(der: impl AsRef<[u8]>) -> Result<Self> {
        let der = der.as_ref();
        if der.len() > der::MAX_LEN {
            return Err(invalid("the DER of a key has at most 64 KiB"));
        }
        der::any(der)
    }

    /// The private key as PEM, `PRIVATE KEY` (PKCS#8), lines of 64 characters: **secret**.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a public or symmetric key.
    pub fn to_pkcs8_pem(&self) -> Result<SecretText> {
        Ok(SecretText::new(armour("PRIVATE KEY", self.to_pkcs8_der()?.as_bytes())))
    }

    /// The private key as PKCS#8 DER, version 1 (RFC 5208): **secret**.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a public or symmetric key.
    pub fn to_pkcs8_der(&self) -> Result<SecretDer> {
        der::to_pkcs8(self).map(SecretDer::new).ok_or_else(|| {
            let what = self.describe();
            Error::new(ErrorKind::KeyMismatch, format!("PKCS#8 takes a private key, this is {what}"))
        })
    }

    /// The public key, or the public half of a private one, as PEM, `PUBLIC KEY`.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a symmetric key.
    ///
    /// ```
    /// use symbolon::{KeyMaterial, OkpCurve, OkpPrivateKey};
    ///
    /// let private = KeyMaterial::from(OkpPrivateKey::generate(OkpCurve::Ed25519)?);
    /// let public = private.to_spki_pem()?;
    /// assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    /// assert_eq!(Some(KeyMaterial::from_pem(&public)?), private.to_public());
    /// assert_eq!(KeyMaterial::from_pem(private.to_pkcs8_pem()?.as_str())?, private);
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn to_spki_pem(&self) -> Result<String> {
        Ok(std::mem::take(&mut *armour("PUBLIC KEY", &self.to_spki_der()?)))
    }

    /// The public key, or the public half of a private one, as SubjectPublicKeyInfo DER.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a symmetric key.
    pub fn to_spki_der(&self) -> Result<Vec<u8>> {
        der::to_spki(self).ok_or_else(|| {
            Error::new(ErrorKind::KeyMismatch, "a symmetric key has no public half to give away")
        })
    }
}

impl Jwk {
    /// The key of a PEM text, with nothing said about it yet: [`KeyMaterial::from_pem`].
    ///
    /// # Errors
    /// As for [`KeyMaterial::from_pem`].
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self> {
        KeyMaterial::from_pem(pem).map(Self::from)
    }

    /// The key of a DER, with nothing said about it yet: [`KeyMaterial::from_der`].
    ///
    /// # Errors
    /// As for [`KeyMaterial::from_der`].
    pub fn from_der(der: impl AsRef<[u8]>) -> Result<Self> {
        KeyMaterial::from_der(der).map(Self::from)
    }
}

fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidPem, detail)
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block: the lax grammar of RFC 7468 §3, where white space is free, without text around it.
struct Block<'a> {
    label: &'a str,
    der: Zeroizing<Vec<u8>>,
}

impl<'a> Block<'a> {
    /// The block at the front of `text`, and what follows it and its white space.
    fn read(text: &'a str) -> Result<(Self, &'a str)> {
        let text = text.trim_ascii_start();
        let (label, rest) = text
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.split_once(DASHES))
            .ok_or_else(|| invalid("no `-----BEGIN` line stands at the start"))?;
        let (body, rest) =
            rest.split_once(END).ok_or_else(|| invalid("the `-----END` line is missing"))?;
        let rest = rest
            .strip_prefix(label)
            .and_then(|rest| rest.strip_prefix(DASHES))
            .ok_or_else(|| invalid("the `-----BEGIN` and `-----END` lines differ"))?;
        if body.contains(':') && body.contains("ENCRYPTED") {
            // The headers of RFC 1421: the traditional way to encrypt a key.
            return Err(der::encrypted());
        }
        if body.contains('\\') {
            return Err(invalid("the line breaks are written out as `\\n`: put real ones there"));
        }
        // As much room as all of it would need: nothing secret is left behind by a text that grows.
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        let der = STANDARD.decode(&*base64).map_err(|_| invalid("the body is not base64"))?;
        Ok((Self { label, der: Zeroizing::new(der) }, rest.trim_ascii_start()))
    }
}

/// The strict form of RFC 7468 §3: lines of 64 characters.
fn armour(label: &str, der: &[u8]) -> Zeroizing<String> {
    const LINE: usize = 48;
    let room = der.len().saturating_mul(2).saturating_add(128);
    let mut out = Zeroizing::new(String::with_capacity(room));
    out.push_str(BEGIN);
    out.push_str(label);
    out.push_str("-----\n");
    for line in der.chunks(LINE) {
        STANDARD.encode_string(line, &mut out);
        out.push('\n');
    }
    out.push_str(END);
    out.push_str(label);
    out.push_str("-----\n");
    out
}
