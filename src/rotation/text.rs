//! A schedule as text: what a store keeps, to be encrypted or not.
//!
//! ```json
//! {"format":"symbolon-keys","version":1,"keys":[
//!   {"created":1800000000,"not_before":1800086400,"expires":1802765700,"key":{"kty":"EC","kid":"…",…}},
//!   {"created":1802592000,"not_before":1802678400,"key":{…}}
//! ],"sha256":"…"}
//! ```
//!
//! Times are Unix seconds; a key is a JWK with its secret and its `kid`; `sha256` is the digest, in
//! base64url, of the array `keys` as it stands there. A text that says anything else is damaged, and
//! none of it is used: half a ring would refuse good tokens.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::policy::MAX_KEYS;
use super::schedule::{KeyRecord, KeySchedule};
use crate::base::base64url;
use crate::base::json::{self, Kind, Value};
use crate::crypto::hash::{Hash, digest};
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Jwk, SecretText};

const FORMAT: &str = "symbolon-keys";
const VERSION: &str = "1";
/// The end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

impl KeySchedule {
    /// The most bytes the text of a schedule may have: 1 MiB.
    pub const MAX_LEN: usize = 1024 * 1024;

    /// The text of the schedule, **with the keys' secrets**: what a [`KeyStore`](super::KeyStore)
    /// keeps where no encryption was asked for.
    ///
    /// ```
    /// use symbolon::JwsAlg;
    /// use symbolon::rotation::{KeySchedule, MemoryStore, RotationPolicy, Rotator};
    /// use time::Duration;
    ///
    /// let policy = RotationPolicy::every(Duration::days(30)).keep_for(Duration::hours(1));
    /// let rotator = Rotator::builder(JwsAlg::ES256, policy).open(MemoryStore::new())?;
    ///
    /// let text = rotator.schedule().danger_to_secret_json();
    /// assert!(text.as_str().starts_with(r#"{"format":"symbolon-keys","version":1,"#));
    /// assert_eq!(KeySchedule::from_json(text.as_str())?, *rotator.schedule());
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[must_use]
    pub fn danger_to_secret_json(&self) -> SecretText {
        /// For names and numbers of one key.
        const ROOM: usize = 128;
        let keys: Vec<_> =
            self.records().iter().map(|record| record.jwk.danger_to_secret_json()).collect();
        // As much room as it needs: nothing secret is left behind by a text that grows.
        let room = keys.iter().fold(2 * ROOM, |sum: usize, key| {
            sum.saturating_add(key.as_str().len()).saturating_add(ROOM)
        });
        let mut out = Zeroizing::new(String::with_capacity(room));
        out.push_str("{\"format\":\"");
        out.push_str(FORMAT);
        out.push_str("\",\"version\":");
        out.push_str(VERSION);
        out.push_str(",\"keys\":");
        let start = out.len();
        out.push('[');
        for (index, (record, key)) in self.records().iter().zip(&keys).enumerate() {
            if index > 0 {
                out.push(',');
            }
            // Writing to a text cannot fail.
            let _ = write!(out, "{{\"created\":{},\"not_before\":{}", record.created, record.not_before);
            if let Some(expires) = record.expires {
                let _ = write!(out, ",\"expires\":{expires}");
            }
            out.push_str(",\"key\":");
            out.push_str(key.as_str());
            out.push('}');
        }
        out.push(']');
        let sum = checksum(out.get(start..).unwrap_or_default());
        out.push_str(",\"sha256\":\"");
        out.push_str(&sum);
        out.push_str("\"}");
        SecretText::new(out)
    }

    /// Reads the text of a schedule.
    ///
    /// # Errors
    /// [`DamagedKeyStore`](ErrorKind::DamagedKeyStore) for what is no such text as a whole: cut off,
    /// changed, of another version, with a key that cannot be read, or two of one `kid`;
    /// [`MissingFeature`](ErrorKind::MissingFeature) for a key that another build of this crate reads.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        if text.len() > Self::MAX_LEN {
            return Err(damaged("it is longer than 1 MiB"));
        }
        let [mut format, mut version, mut keys, mut sum] = [None; 4];
        json::members(text, |name, value| match &**name {
            "format" => format = Some(value),
            "version" => version = Some(value),
            "keys" => keys = Some(value),
            "sha256" => sum = Some(value),
            _ => {}
        })
        .map_err(|error| damaged(error.to_string()))?;
        if !is(format, FORMAT) {
            return Err(damaged("it does not say that it is of the format `symbolon-keys`"));
        }
        if version.is_none_or(|version| version.raw != VERSION) {
            return Err(damaged("it is of a version that is not known here"));
        }
        let keys = keys.ok_or_else(|| damaged("the member `keys` is missing"))?;
        if !is(sum, &checksum(keys.raw)) {
            return Err(damaged("its keys were changed or cut: the checksum is another"));
        }
        let keys = keys.as_array().ok_or_else(|| damaged("the member `keys` is not an array"))?;
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(damaged("it has not 1 to 100 keys"));
        }
        let mut records: Vec<KeyRecord> = Vec::with_capacity(keys.len());
        for key in keys {
            let record = record(key)?;
            if records.iter().any(|other| other.kid == record.kid) {
                return Err(damaged("two of its keys have one kid"));
            }
            records.push(record);
        }
        Ok(Self::of(records))
    }
}

fn record(value: Value<'_>) -> Result<KeyRecord> {
    if value.kind != Kind::Object {
        return Err(damaged("one of its keys is not an object"));
    }
    let [mut created, mut not_before, mut expires, mut key] = [None; 4];
    json::members(value.raw.as_bytes(), |name, value| match &**name {
        "created" => created = Some(value),
        "not_before" => not_before = Some(value),
        "expires" => expires = Some(value),
        "key" => key = Some(value),
        _ => {}
    })
    .map_err(|error| damaged(error.to_string()))?;
    let key = key.ok_or_else(|| damaged("the member `key` of one of its keys is missing"))?;
    let jwk = Jwk::from_json(key.raw).map_err(|error| match error.kind() {
        ErrorKind::MissingFeature => error,
        _ => damaged("one of its keys cannot be read").with_source(error),
    })?;
    let record = KeyRecord::new(jwk, seconds(created)?, seconds(not_before)?)
        .map_err(|error| damaged("one of its keys has no kid").with_source(error))?;
    let expires = expires.map(|value| seconds(Some(value))).transpose()?;
    Ok(KeyRecord { expires, ..record })
}

fn seconds(value: Option<Value<'_>>) -> Result<i64> {
    let seconds = value.and_then(|value| value.raw.parse().ok());
    seconds
        .filter(|seconds| (0..=LAST_SECOND).contains(seconds))
        .ok_or_else(|| damaged("one of its keys has a time that is missing or none"))
}

fn is(value: Option<Value<'_>>, text: &str) -> bool {
    value.and_then(|value| value.as_str()).is_some_and(|found| found == text)
}

fn checksum(keys: &str) -> String {
    base64url::encode(digest(Hash::Sha256, keys.as_bytes()))
}

pub(super) fn damaged(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::DamagedKeyStore, why)
}
