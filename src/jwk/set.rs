//! JWK Sets (RFC 7517 §5): one odd key never spoils the others.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::read::{invalid, name_of, not_json};
use super::{Jwk, SecretText};
use crate::base::KeyId;
use crate::base::json::{self, Kind};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::KeyType;

/// A JWK Set (RFC 7517 §5): the keys of one issuer.
///
/// An issuer may publish keys that are of no use here: of a type not known here, too weak, or
/// broken. [`from_json`](Self::from_json) skips them, each with its reason, and reads the others.
///
/// ```
/// use symbolon::{ErrorKind, JwkSet};
///
/// let set = JwkSet::from_json(r#"{"keys":[
///     {"kty":"AKP","alg":"ML-DSA-44","kid":"new","pub":"AAAA"},
///     {"kty":"OKP","crv":"Ed25519","kid":"old",
///      "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
/// ]}"#)?;
/// assert!(set.find("old").is_some());
///
/// let skipped = &set.skipped()[0];
/// assert_eq!((skipped.index(), skipped.kty()), (0, Some("AKP")));
/// assert_eq!(skipped.error().kind(), ErrorKind::UnsupportedKey);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    skipped: Vec<SkippedKey>,
}

impl JwkSet {
    /// The most bytes the text of a set may have: 16 MiB.
    pub const MAX_LEN: usize = 16 * 1024 * 1024;

    /// The most keys a set that is read may have, the skipped ones included: 100,000.
    pub const MAX_KEYS: usize = 100_000;

    /// The most private keys, and keys whose numbers turn out wrong, that a set that is read may
    /// have: 1,000. Finding out about one takes up to two milliseconds, against microseconds for a
    /// good public key, and published sets hold no private keys.
    pub const MAX_COSTLY_KEYS: usize = 1_000;

    /// A set without keys.
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: Vec::new(), skipped: Vec::new() }
    }

    /// Reads the JSON of a set: an object with an array `keys`. Its other members are ignored.
    ///
    /// A key that [`Jwk::from_json`] would refuse, or an element that is no object, is
    /// [`skipped`](Self::skipped). The text itself must be strict JSON as a whole: a member twice,
    /// in any of the keys too, is refused with all of it, since readers would not agree on what
    /// was published.
    ///
    /// Whoever fetches sets should cap a body well below the limits here.
    ///
    /// # Errors
    /// [`InvalidJwk`](crate::ErrorKind::InvalidJwk) where the text is not strict JSON, has no
    /// array `keys`, or is beyond [`MAX_LEN`](Self::MAX_LEN), [`MAX_KEYS`](Self::MAX_KEYS) or
    /// [`MAX_COSTLY_KEYS`](Self::MAX_COSTLY_KEYS).
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self> {
        let json = json.as_ref();
        if json.len() > Self::MAX_LEN {
            return Err(invalid("the text of a set has at most 16 MiB"));
        }
        let mut found = None;
        json::members(json, |name, value| {
            if name == "keys" {
                found = Some(value);
            }
        })
        .map_err(not_json)?;
        let keys = found.ok_or_else(|| invalid("the set has no member `keys`"))?;
        if keys.kind != Kind::Array {
            return Err(invalid("the member `keys` is not an array"));
        }
        let mut set = Self::new();
        let mut costly: usize = 0;
        for (index, element) in Elements::of(keys.raw).enumerate() {
            if index >= Self::MAX_KEYS {
                return Err(invalid("a set has at most 100,000 keys"));
            }
            let key = Jwk::from_json(element);
            let was_costly = match &key {
                Ok(key) => key.material().is_secret() && key.material().key_type() != KeyType::Oct,
                Err(error) => error.kind() == ErrorKind::InvalidKey,
            };
            costly = costly.saturating_add(usize::from(was_costly));
            if costly > Self::MAX_COSTLY_KEYS {
                return Err(invalid("a set has at most 1,000 private or unusable keys"));
            }
            match key {
                Ok(key) => set.keys.push(key),
                Err(error) => set.skipped.push(SkippedKey::new(index, element, error)),
            }
        }
        Ok(set)
    }

    /// The keys, in the order of the text.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// What was not read, and why, in the order of the text.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The first key whose `kid` is this.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.find_all(kid).next()
    }

    /// All keys whose `kid` is this: an issuer may give one to several (RFC 7517 §4.5).
    pub fn find_all(&self, kid: &str) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().filter(move |key| key.kid().is_some_and(|own| own.as_str() == kid))
    }

    /// The keys, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Jwk> {
        self.keys.iter()
    }

    /// Adds a key at the end.
    pub fn push(&mut self, key: Jwk) {
        self.keys.push(key);
    }

    /// The set of the public halves, without what was skipped.
    ///
    /// # Errors
    /// [`KeyMismatch`](crate::ErrorKind::KeyMismatch) where one of the keys is symmetric.
    pub fn to_public(&self) -> Result<Self> {
        self.keys.iter().map(Jwk::to_public).collect()
    }

    /// The JSON of a set of public keys; what was skipped is not written.
    ///
    /// # Errors
    /// [`KeyMismatch`](crate::ErrorKind::KeyMismatch) where one of the keys is private or
    /// symmetric: publish [`to_public`](Self::to_public).
    pub fn to_json(&self) -> Result<String> {
        let mut out = String::from("{\"keys\":[");
        for (index, key) in self.keys.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&key.to_json()?);
        }
        out.push_str("]}");
        Ok(out)
    }

    /// The JSON of a set of any keys, **with their secrets**: for a safe place, never for a response,
    /// a log or a JWKS endpoint. What was skipped is not written.
    ///
    /// ```
    /// use symbolon::{Jwk, JwkSet, JwsAlg};
    ///
    /// let set: JwkSet = [Jwk::generate(JwsAlg::HS256)?].into_iter().collect();
    /// let text = set.danger_to_secret_json();
    /// assert_eq!(JwkSet::from_json(text.as_str())?.keys(), set.keys());
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[must_use]
    pub fn danger_to_secret_json(&self) -> SecretText {
        let keys: Vec<SecretText> = self.keys.iter().map(Jwk::danger_to_secret_json).collect();
        // As much room as it needs: nothing secret is left behind by a text that grows.
        let room = keys
            .iter()
            .fold(16, |sum: usize, key| sum.saturating_add(key.as_str().len()).saturating_add(1));
        let mut out = Zeroizing::new(String::with_capacity(room));
        out.push_str("{\"keys\":[");
        for (index, key) in keys.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(key.as_str());
        }
        out.push_str("]}");
        SecretText::new(out)
    }
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwkSet").field("keys", &self.keys).field("skipped", &self.skipped).finish()
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), skipped: Vec::new() }
    }
}

impl Extend<Jwk> for JwkSet {
    fn extend<I: IntoIterator<Item = Jwk>>(&mut self, keys: I) {
        self.keys.extend(keys);
    }
}

impl<'a> IntoIterator for &'a JwkSet {
    type Item = &'a Jwk;
    type IntoIter = std::slice::Iter<'a, Jwk>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for JwkSet {
    type Item = Jwk;
    type IntoIter = std::vec::IntoIter<Jwk>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

/// A key of a set that could not be read, and why.
#[derive(Debug, Clone)]
pub struct SkippedKey {
    index: usize,
    kid: Option<KeyId>,
    kty: Option<String>,
    error: Arc<Error>,
}

impl SkippedKey {
    fn new(index: usize, json: &str, error: Error) -> Self {
        let (kid, kty) = if json.len() <= Jwk::MAX_LEN { name_of(json) } else { (None, None) };
        Self { index, kid, kty, error: Arc::new(error) }
    }

    /// Its place in the array `keys`, from 0, the keys that were read included.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Its `kid`, where that is text of 1 to 256 bytes.
    #[must_use]
    pub const fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// Its `kty`, where that is text of at most 32 bytes: the issuer's word, not one known here.
    #[must_use]
    pub fn kty(&self) -> Option<&str> {
        self.kty.as_deref()
    }

    /// Why it was not read.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }
}

/// The elements of an array that was checked already: only where each ends is looked for.
struct Elements<'a> {
    /// What follows the last element, from its comma or the array's bracket on.
    rest: &'a str,
}

impl<'a> Elements<'a> {
    fn of(array: &'a str) -> Self {
        let inside = array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        Self { rest: inside.unwrap_or_default() }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.trim_ascii_start().is_empty() {
            return None;
        }
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        let end = self.rest.bytes().position(|byte| {
            if in_string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => in_string = false,
                    _ => {}
                }
                return false;
            }
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                b',' => return depth == 0,
                _ => {}
            }
            false
        });
        let end = end.unwrap_or(self.rest.len());
        let (element, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix(',').unwrap_or_default();
        Some(element.trim_ascii())
    }
}
