//! Encrypted keys: a JWK or a JWK Set as the payload of a JWE (RFC 7517 §7).

use time::OffsetDateTime;

use super::{Content, Decrypted, compact, json};
use crate::base::json::members;
use crate::base::{Limits, same_media_type};
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Jwk, JwkSet};
use crate::keys::{Encrypter, Keyring};

const JWK: &str = "jwk+json";
const JWK_SET: &str = "jwk-set+json";

/// Encrypts a key, its secret included: a compact JWE whose `cty` is `jwk+json` (RFC 7517 §7).
///
/// With a password ([`Encrypter::password`]) that is how a key is stored or handed over, as RFC 7517
/// appendix C shows.
///
/// # Errors
/// [`Encrypting`](ErrorKind::Encrypting) or [`Randomness`](ErrorKind::Randomness) as
/// [`compact::encrypt`].
///
/// ```
/// use symbolon::{Encrypter, Jwk, JweEnc, JwsAlg, Keyring, Limits, jwe};
/// use time::OffsetDateTime;
///
/// # if cfg!(not(feature = "rustcrypto")) { return Ok(()) }
/// let key = Jwk::generate(JwsAlg::ES256)?.with_kid("2026-11")?;
/// let password = Encrypter::password("a long passphrase, drawn by dice", JweEnc::A256GCM)?;
/// let text = jwe::encrypt_jwk(&key, &password)?;
///
/// let ring = Keyring::new(password);
/// let read = jwe::decrypt_jwk(&text, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(read, key);
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn encrypt_jwk(jwk: &Jwk, encrypter: &Encrypter) -> Result<String> {
    encrypt(jwk.danger_to_secret_json().as_str(), JWK, encrypter)
}

/// Encrypts a set of keys, their secrets included: a compact JWE whose `cty` is `jwk-set+json`
/// (RFC 7517 §7). What was [skipped](JwkSet::skipped) when the set was read is not written.
///
/// # Errors
/// As [`encrypt_jwk`].
///
/// ```
/// use symbolon::{Encrypter, Jwk, JweAlg, JweEnc, JwkSet, JwsAlg, Keyring, Limits, OctKey, jwe};
/// use time::OffsetDateTime;
///
/// let (one, other) = (Jwk::generate(JwsAlg::ES256)?, Jwk::generate(JwsAlg::HS256)?);
/// let set: JwkSet = [one, other].into_iter().collect();
/// let key = OctKey::generate(32)?.into();
/// let encrypter = Encrypter::new(JweAlg::DIR, JweEnc::A256GCM, &key)?;
/// let text = jwe::encrypt_jwk_set(&set, &encrypter)?;
///
/// let ring = Keyring::new(encrypter);
/// let read = jwe::decrypt_jwk_set(&text, &ring, &Limits::default(), OffsetDateTime::now_utc())?;
/// assert_eq!(read.keys(), set.keys());
/// # Ok::<(), symbolon::Error>(())
/// ```
pub fn encrypt_jwk_set(set: &JwkSet, encrypter: &Encrypter) -> Result<String> {
    encrypt(set.danger_to_secret_json().as_str(), JWK_SET, encrypter)
}

fn encrypt(keys: &str, cty: &str, encrypter: &Encrypter) -> Result<String> {
    compact::encrypt(&Content::new(keys.as_bytes()).content_type(cty), &(), encrypter)
}

/// Decrypts a key out of a JWE in any serialization, with the keys of `ring` that its `kid` picks and
/// that are due at `now`.
///
/// Its protected header must say that it holds one (`cty`: `jwk+json`): what was encrypted for another
/// purpose is not taken for a key. Encryption is not identity: a key that was encrypted to one's
/// *public* key can be anyone's.
///
/// A key encrypted with a password says how often it was hashed; more than 10,000 rounds
/// [`Limits::pbkdf2_rounds`] must allow.
///
/// # Errors
/// [`WrongType`](ErrorKind::WrongType) where `cty` is absent or another;
/// [`InvalidJwk`](ErrorKind::InvalidJwk) and the other kinds of [`Jwk::from_json`] for what was
/// inside; else as [`compact::decrypt`] and [`json::decrypt`]: a wrong password is
/// [`Unauthentic`](ErrorKind::Unauthentic).
pub fn decrypt_jwk(
    text: &str,
    ring: &Keyring<Encrypter>,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Jwk> {
    Jwk::from_json(decrypt(text, JWK, ring, limits, now)?.payload())
}

/// The same for a set of keys (`cty`: `jwk-set+json`); see [`JwkSet::from_json`] for keys in it that
/// cannot be read.
///
/// # Errors
/// As [`decrypt_jwk`], with those of [`JwkSet::from_json`].
pub fn decrypt_jwk_set(
    text: &str,
    ring: &Keyring<Encrypter>,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<JwkSet> {
    JwkSet::from_json(decrypt(text, JWK_SET, ring, limits, now)?.payload())
}

fn decrypt(
    text: &str,
    due: &'static str,
    ring: &Keyring<Encrypter>,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Decrypted> {
    // The shape decides: no base64url begins with a brace.
    let text = text.trim_ascii();
    let decrypted = if text.starts_with('{') {
        json::decrypt(text, ring, limits, now)?
    } else {
        compact::decrypt(text, ring, limits, now)?
    };
    // Outside the protected header it would be anyone's word.
    let mut fits = false;
    if !decrypted.header().is_empty() {
        let read = members(decrypted.header(), |name, value| {
            if name == "cty" {
                fits = value.as_str().is_some_and(|cty| same_media_type(&cty, due));
            }
        });
        fits &= read.is_ok();
    }
    if !fits {
        return Err(Error::new(
            ErrorKind::WrongType,
            format!("the protected header does not say `cty`: `{due}`"),
        ));
    }
    Ok(decrypted)
}
