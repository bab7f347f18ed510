//! Keys from and to PEM (RFC 7468) and DER. The label decides what is read, never a look inside.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::{Jwk, SecretDer, SecretText, der, pbes2};
use crate::base::base64url;
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
    /// around it, a second key, or an encrypted key is refused: those are read by
    /// [`from_encrypted_pem`](Self::from_encrypted_pem). RSA keys that are limited to PSS
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
        let (mut block, mut rest) = Block::read(text_of(pem.as_ref())?)?;
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

    /// The most rounds of PBKDF2 that reading an encrypted key spends: 5,000,000. A million takes one
    /// to three seconds. OpenSSL writes 2,048 unless told otherwise, others up to some 1,000,000.
    pub const MAX_PBKDF2_ROUNDS: u32 = pbes2::MAX_ROUNDS;

    /// Reads the one private key of a PEM text that is encrypted with a password: `ENCRYPTED PRIVATE
    /// KEY`, encrypted PKCS#8 (RFC 5958 §3).
    ///
    /// What is read of the schemes there are is PBES2 (RFC 8018 §6.2) with PBKDF2, by HMAC-SHA-1 (what
    /// older OpenSSL wrote), HMAC-SHA-256, -384 or -512, and AES-CBC with 128, 192 or 256 bits. The
    /// password is taken byte by byte as it is given: most tools take it as UTF-8. White space around
    /// the block is free, as for [`from_pem`](Self::from_pem).
    ///
    /// **The encryption hides the key and nothing more**: it has no tag, so whoever can write the file
    /// can damage or exchange the key in it. Keep it where only you can write.
    ///
    /// # Errors
    /// - [`InvalidPem`](ErrorKind::InvalidPem): a wrong password, or a damaged key, which nobody can
    ///   tell from that; or, found before the password is tried: not one block of that label, a key
    ///   that is not encrypted or in the traditional way (`Proc-Type`), DER that is cut off or not
    ///   canonical, more than [`MAX_PBKDF2_ROUNDS`](Self::MAX_PBKDF2_ROUNDS).
    /// - [`UnsupportedAlgorithm`](ErrorKind::UnsupportedAlgorithm): another scheme, such as scrypt or
    ///   Triple DES; the message says how to convert it.
    /// - [`MissingFeature`](ErrorKind::MissingFeature): AES-CBC needs the feature `rustcrypto`.
    /// - As for [`from_pem`](Self::from_pem), for the key that was in there.
    ///
    /// ```
    /// use symbolon::{ErrorKind, KeyMaterial};
    ///
    /// // openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -v2 aes-256-cbc
    /// let pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
    ///     MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg2dfOhLOTZ8gICCAAw\n\
    ///     DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPh3jTfmQ5NoeSSkbmmAC5QEQDbR\n\
    ///     Ssa4vxXKTXK1G8JbrPh0+BnZd3VPq/MCuoU2AAc+VqiO4aqPVZfrBA6j0M1YZVc6\n\
    ///     keg5Z8mm0qveLBahs8Q=\n\
    ///     -----END ENCRYPTED PRIVATE KEY-----\n";
    /// # if cfg!(not(feature = "rustcrypto")) { return Ok(()) }
    /// let key = KeyMaterial::from_encrypted_pem(pem, "correct horse battery staple")?;
    /// assert_eq!(key.curve(), Some("Ed25519"));
    ///
    /// let refused = KeyMaterial::from_encrypted_pem(pem, "a guess").unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::InvalidPem);
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn from_encrypted_pem(pem: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self> {
        let (block, rest) = Block::read(text_of(pem.as_ref())?)?;
        if !rest.is_empty() {
            return Err(invalid("something follows the key: give one key at a time"));
        }
        match block.label {
            "ENCRYPTED PRIVATE KEY" => pbes2::pkcs8(&block.der, password.as_ref()),
            _ => Err(invalid("the PEM label is not `ENCRYPTED PRIVATE KEY`")),
        }
    }

    /// Reads the one private key of a DER that is encrypted with a password, an
    /// EncryptedPrivateKeyInfo: [`from_encrypted_pem`](Self::from_encrypted_pem) without its armour.
    ///
    /// # Errors
    /// As for [`from_encrypted_pem`](Self::from_encrypted_pem).
    pub fn from_encrypted_der(der: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self> {
        let der = der.as_ref();
        if der.len() > der::MAX_LEN {
            return Err(invalid("the DER of a key has at most 64 KiB"));
        }
        pbes2::pkcs8(der, password.as_ref())
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

    /// The key of a PEM text that is encrypted with a password, with nothing said about it yet:
    /// [`KeyMaterial::from_encrypted_pem`].
    ///
    /// # Errors
    /// As for [`KeyMaterial::from_encrypted_pem`].
    pub fn from_encrypted_pem(pem: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self> {
        KeyMaterial::from_encrypted_pem(pem, password).map(Self::from)
    }

    /// The same of a DER: [`KeyMaterial::from_encrypted_der`].
    ///
    /// # Errors
    /// As for [`KeyMaterial::from_encrypted_der`].
    pub fn from_encrypted_der(der: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self> {
        KeyMaterial::from_encrypted_der(der, password).map(Self::from)
    }
}

fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidPem, detail)
}

fn text_of(pem: &[u8]) -> Result<&str> {
    if pem.len() > der::MAX_LEN {
        return Err(invalid("the text of a key has at most 64 KiB"));
    }
    std::str::from_utf8(pem).map_err(|_| invalid("the PEM is not text"))
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
            return Err(der::encrypted_traditionally());
        }
        if body.contains('\\') {
            return Err(invalid("the line breaks are written out as `\\n`: put real ones there"));
        }
        // As much room as all of it would need: nothing secret is left behind by a text that grows.
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        let der = base64url::decode_secret(&*base64, &STANDARD)
            .map_err(|_| invalid("the body is not base64"))?;
        Ok((Self { label, der }, rest.trim_ascii_start()))
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
        STANDARD.encode_append(line, &mut *out);
        out.push('\n');
    }
    out.push_str(END);
    out.push_str(label);
    out.push_str("-----\n");
    out
}
