//! What is odd about a token, told by serde_json and not by us: the table of known differences goes by it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use symbolon::ErrorKind;

use crate::twice::Twice;

/// All that a known difference may go by.
pub(crate) struct Facts<'c> {
    pub(crate) header: Text,
    pub(crate) claims: Text,
    pub(crate) token: &'c str,
    /// Whether it is encrypted, and not signed.
    pub(crate) encrypted: bool,
    pub(crate) now: i64,
    /// Why we refuse it, if we do.
    pub(crate) ours: Option<ErrorKind>,
}

/// A JSON text as serde_json takes it.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The last of each name; none where it is no object, or none that serde_json reads.
    pub(crate) members: Map<String, Value>,
    /// All of each name, in their order; of a text that is damaged those before the damage.
    pub(crate) all: Vec<(String, Value)>,
    /// A member stands twice in one object, at whatever depth.
    pub(crate) twice: bool,
    /// serde_json cannot hold one of its numbers.
    pub(crate) overflows: bool,
    pub(crate) len: usize,
}

impl Text {
    pub(crate) fn new(json: &[u8]) -> Self {
        let read = serde_json::from_slice::<Value>(json);
        let overflows = read.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        let members = match read {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let mut all = Vec::new();
        // Where it goes wrong in the end is no matter here.
        let _ = Members(&mut all).deserialize(&mut serde_json::Deserializer::from_slice(json));
        let twice = matches!(serde_json::from_slice(json), Ok(Twice(true)));
        Self { members, all, twice, overflows, len: json.len() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.members.get(name) == Some(&Value::Null)
    }

    pub(crate) fn number(&self, name: &str) -> Option<&serde_json::Number> {
        match self.members.get(name)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A number of any size, as near as a float comes.
    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        self.number(name)?.as_f64()
    }
}

/// Puts all members of an object into a list, those of one name too, up to where it goes wrong.
struct Members<'l>(&'l mut Vec<(String, Value)>);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_entry()? {
            self.0.push(member);
        }
        Ok(())
    }
}
