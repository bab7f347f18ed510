//! Keys inside other documents: serde's view of [`Jwk`] and [`JwkSet`].
//!
//! Whatever self-describing format the key stands in (JSON, TOML, YAML) is rewritten as JSON and then
//! read like any JWK, so that there is one set of rules.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::write::{Member, quote};
use super::{Jwk, JwkSet};
use crate::base::json::MAX_DEPTH;

/// Writes public keys only: a private or symmetric key is an error that says so.
impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.public_members().map_err(S::Error::custom)?;
        let mut map = serializer.serialize_map(Some(members.len()))?;
        for member in &members {
            match member {
                Member::Text(name, text) => map.serialize_entry(name, text)?,
                Member::Texts(name, texts) => map.serialize_entry(name, texts)?,
                Member::Bytes(name, bytes) => {
                    map.serialize_entry(name, &crate::base::base64url::encode(bytes))?;
                }
                Member::Json(name, json) => {
                    let value: serde_json::Value =
                        serde_json::from_str(json).map_err(S::Error::custom)?;
                    map.serialize_entry(name, &value)?;
                }
            }
        }
        map.end()
    }
}

/// Writes public keys only, without what was skipped.
impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("keys", &Keys(self.keys()))?;
        map.end()
    }
}

struct Keys<'a>(&'a [Jwk]);

impl Serialize for Keys<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for key in self.0 {
            seq.serialize_element(key)?;
        }
        seq.end()
    }
}

/// Reads a key as [`Jwk::from_json`] does, a member twice included.
impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = rewritten(deserializer, Self::MAX_LEN)?;
        Self::from_json(json.as_str()).map_err(D::Error::custom)
    }
}

/// Reads a set as [`JwkSet::from_json`] does: keys of no use here are skipped.
impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = rewritten(deserializer, Self::MAX_LEN)?;
        Self::from_json(json.as_str()).map_err(D::Error::custom)
    }
}

fn rewritten<'de, D: Deserializer<'de>>(
    deserializer: D,
    max_len: usize,
) -> Result<Zeroizing<String>, D::Error> {
    // Room for the largest private key, so that none is left behind by a text that grows.
    let mut out = Zeroizing::new(String::with_capacity(16 * 1024));
    Rewrite { out: &mut out, depth: 0, max_len }.deserialize(deserializer)?;
    Ok(out)
}

/// Appends whatever comes as JSON.
struct Rewrite<'a> {
    out: &'a mut String,
    depth: usize,
    max_len: usize,
}

impl Rewrite<'_> {
    fn within<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.out.len() > self.max_len {
            return Err(E::custom("the key or the set is too long"));
        }
        Ok(())
    }

    fn inner<E: serde::de::Error>(&mut self) -> Result<Rewrite<'_>, E> {
        self.within()?;
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("the key or the set is nested too deep"));
        }
        Ok(Rewrite { out: self.out, depth: self.depth.saturating_add(1), max_len: self.max_len })
    }
}

impl<'de> DeserializeSeed<'de> for Rewrite<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rewrite<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWK or a JWK Set")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.out.push_str(&value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.out.push_str(&value.to_string());
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let json = serde_json::Number::from_f64(value)
            .ok_or_else(|| E::custom("a number that JSON cannot write"))?;
        self.out.push_str(&json.to_string());
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.within()?;
        if value.len() > self.max_len {
            return Err(E::custom("the key or the set is too long"));
        }
        quote(value, self.out);
        Ok(())
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.out.push_str("null");
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.out.push('[');
        let mut first = true;
        loop {
            let before = self.out.len();
            if !first {
                self.out.push(',');
            }
            if seq.next_element_seed(self.inner()?)?.is_none() {
                self.out.truncate(before);
                break;
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.out.push('{');
        let mut first = true;
        loop {
            let before = self.out.len();
            if !first {
                self.out.push(',');
            }
            if map.next_key_seed(Name(self.inner()?))?.is_none() {
                self.out.truncate(before);
                break;
            }
            self.out.push(':');
            map.next_value_seed(self.inner()?)?;
            first = false;
        }
        self.out.push('}');
        Ok(())
    }
}

/// A member's name: text, whatever else the format would allow.
struct Name<'a>(Rewrite<'a>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.0.visit_str(value)
    }
}
