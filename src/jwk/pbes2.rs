//! Encrypted PKCS#8 (RFC 5958 §3) by PBES2 (RFC 8018 §6.2): PBKDF2, then AES-CBC.
//!
//! Everything is read and bounded before the password is touched.

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::der::{self, Der, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, invalid};
use crate::crypto::aes_cbc::AesCbcKey;
use crate::crypto::hash::Hash;
use crate::crypto::pbkdf2::pbkdf2;
use crate::crypto::pbkdf2_sha1::pbkdf2_sha1;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{KeyMaterial, unusable};

/// See [`KeyMaterial::MAX_PBKDF2_ROUNDS`].
pub(super) const MAX_ROUNDS: u32 = 5_000_000;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
const HMAC_SHA_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07];
const HMAC_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
const HMAC_SHA_384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0a];
const HMAC_SHA_512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b];
const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
const AES_192_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

/// One error for a wrong password, wrong padding and what is no key behind it: without a tag they
/// cannot be told apart, and shall not be.
fn not_opened() -> Error {
    Error::new(ErrorKind::InvalidPem, "the password is wrong, or the encrypted key is damaged")
}

fn unsupported() -> Error {
    Error::new(
        ErrorKind::UnsupportedAlgorithm,
        "the key is encrypted in another way than by PBKDF2 with AES-CBC: convert it with \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`",
    )
}

/// Reads an EncryptedPrivateKeyInfo.
pub(super) fn pkcs8(der: &[u8], password: &[u8]) -> Result<KeyMaterial> {
    let mut outer = Der::only(der, SEQUENCE)?;
    if outer.peek() == Some(INTEGER) {
        return Err(Error::new(
            ErrorKind::InvalidPem,
            "the key is not encrypted: read it without a password",
        ));
    }
    let scheme = Scheme::read(Der(outer.take(SEQUENCE)?))?;
    let encrypted = outer.take(OCTET_STRING)?;
    outer.end()?;
    if encrypted.is_empty() || !encrypted.len().is_multiple_of(16) {
        return Err(invalid());
    }
    let cipher = scheme.cipher(password)?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    cipher.decrypt(scheme.iv, &mut plain).map_err(|_| not_opened())?;
    der::pkcs8(&plain).map_err(|error| match error.kind() {
        ErrorKind::InvalidPem => not_opened(),
        _ => error,
    })
}

/// PBES2-params with its PBKDF2-params (RFC 8018 §A.2, §A.4).
struct Scheme<'a> {
    salt: &'a [u8],
    rounds: NonZeroU32,
    /// None for SHA-1.
    hash: Option<Hash>,
    key_len: usize,
    iv: &'a [u8; 16],
}

impl<'a> Scheme<'a> {
    fn read(mut der: Der<'a>) -> Result<Self> {
        if der.take(OID)? != PBES2 {
            return Err(unsupported());
        }
        let mut both = Der(der.take(SEQUENCE)?);
        der.end()?;
        let mut derivation = Der(both.take(SEQUENCE)?);
        let mut encryption = Der(both.take(SEQUENCE)?);
        both.end()?;

        let key_len = match encryption.take(OID)? {
            AES_128_CBC => 16,
            AES_192_CBC => 24,
            AES_256_CBC => 32,
            _ => return Err(unsupported()),
        };
        let iv = encryption.take(OCTET_STRING)?.try_into().map_err(|_| invalid())?;
        encryption.end()?;

        if derivation.take(OID)? != PBKDF2 {
            return Err(unsupported());
        }
        let mut parameters = Der(derivation.take(SEQUENCE)?);
        derivation.end()?;
        // A salt from elsewhere would be a SEQUENCE; nobody has defined one.
        let salt = parameters.take(OCTET_STRING)?;
        let rounds = rounds(parameters.number()?)?;
        if parameters.peek() == Some(INTEGER) && len(parameters.number()?) != Some(key_len) {
            return Err(invalid());
        }
        let hash = match parameters.take_if(SEQUENCE)? {
            None => None,
            Some(function) => hash(Der(function))?,
        };
        parameters.end()?;
        Ok(Self { salt, rounds, hash, key_len, iv })
    }

    fn cipher(&self, password: &[u8]) -> Result<AesCbcKey> {
        let lacking = |reason| unusable(reason, "the encrypted key");
        let mut key = Zeroizing::new([0; 32]);
        let key = key.get_mut(..self.key_len).ok_or_else(invalid)?;
        // A lack of a backend is found out before any work.
        AesCbcKey::new(key).map_err(lacking)?;
        match self.hash {
            Some(hash) => pbkdf2(hash, password, self.salt, self.rounds, key),
            None => pbkdf2_sha1(password, self.salt, self.rounds, key).map_err(lacking)?,
        }
        AesCbcKey::new(key).map_err(lacking)
    }
}

fn rounds(number: &[u8]) -> Result<NonZeroU32> {
    let rounds = match number {
        [_, _, _, _, _, ..] => u32::MAX,
        bytes => bytes.iter().fold(0, |sum: u32, byte| (sum << 8) | u32::from(*byte)),
    };
    if rounds > MAX_ROUNDS {
        return Err(Error::new(
            ErrorKind::InvalidPem,
            "the encrypted key asks for more than 5,000,000 rounds of PBKDF2",
        ));
    }
    NonZeroU32::new(rounds).ok_or_else(invalid)
}

fn len(number: &[u8]) -> Option<usize> {
    match number {
        [len] => Some(usize::from(*len)),
        _ => None,
    }
}

/// The hash of an HMAC, none for SHA-1.
fn hash(mut function: Der<'_>) -> Result<Option<Hash>> {
    let hash = match function.take(OID)? {
        HMAC_SHA_1 => None,
        HMAC_SHA_256 => Some(Hash::Sha256),
        HMAC_SHA_384 => Some(Hash::Sha384),
        HMAC_SHA_512 => Some(Hash::Sha512),
        _ => return Err(unsupported()),
    };
    // RFC 8018 §B.1 wants NULL; some writers leave it away.
    if function.take_if(NULL)?.is_some_and(|content| !content.is_empty()) {
        return Err(invalid());
    }
    function.end()?;
    Ok(hash)
}
