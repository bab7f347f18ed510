//! Whether JSON has a member twice, told by serde_json's own events: what no value of its keeps.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Whether an object has a member twice.
pub(crate) struct Twice(pub(crate) bool);

impl<'de> Deserialize<'de> for Twice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Twice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Twice, E> {
                Ok(Twice(false))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Twice, E> {
                Ok(Twice(false))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Twice, E> {
                Ok(Twice(false))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Twice, E> {
                Ok(Twice(false))
            }

            fn visit_str<E>(self, _: &str) -> Result<Twice, E> {
                Ok(Twice(false))
            }

            fn visit_unit<E>(self) -> Result<Twice, E> {
                Ok(Twice(false))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Twice, A::Error> {
                let mut twice = false;
                while let Some(Twice(inner)) = elements.next_element()? {
                    twice |= inner;
                }
                Ok(Twice(twice))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Twice, A::Error> {
                let (mut names, mut twice) = (HashSet::new(), false);
                while let Some((name, Twice(inner))) = members.next_entry::<String, Twice>()? {
                    twice |= inner | !names.insert(name);
                }
                Ok(Twice(twice))
            }
        }

        deserializer.deserialize_any(Names)
    }
}
