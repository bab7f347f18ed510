//! `aud` (RFC 7519 §4.1.3): one name, or several.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Name;

/// Whom a token is meant for.
///
/// On the wire it is a string where there is one name, and an array of strings otherwise.
///
/// ```
/// use symbolon::Audience;
///
/// let audience = Audience::from(["api", "admin"]);
/// assert!(audience.contains("api"));
/// assert!(!audience.contains("ap"), "names are compared whole");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Audience(Names);

/// Nearly all tokens name one, which shall not cost an allocation.
#[derive(Clone, PartialEq, Eq)]
enum Names {
    One(Name),
    /// None, or two and more.
    Many(Vec<Name>),
}

impl Audience {
    /// Whether `name` is among the names, compared byte for byte.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.as_slice().iter().any(|own| own.as_bytes() == name.as_bytes())
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.as_slice().iter().map(Name::as_str)
    }

    /// How many names there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match &self.0 {
            Names::One(_) => 1,
            Names::Many(names) => names.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name, where it is the only one.
    pub(super) const fn single(&self) -> Option<&Name> {
        match &self.0 {
            Names::One(name) => Some(name),
            Names::Many(_) => None,
        }
    }

    const fn as_slice(&self) -> &[Name] {
        match &self.0 {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names.as_slice(),
        }
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_slice() {
            [name] => serializer.serialize_str(name.as_str()),
            _ => serializer.collect_seq(self.iter()),
        }
    }
}

impl Default for Audience {
    fn default() -> Self {
        Self(Names::Many(Vec::new()))
    }
}

impl From<&str> for Audience {
    fn from(name: &str) -> Self {
        Self(Names::One(Name::new(name)))
    }
}

impl From<String> for Audience {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl<T: Into<String>> FromIterator<T> for Audience {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut names: Vec<_> = names.into_iter().map(|name| Name::new(&name.into())).collect();
        Self(match (names.pop(), names.is_empty()) {
            (Some(name), true) => Names::One(name),
            (last, _) => {
                names.extend(last);
                Names::Many(names)
            }
        })
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Audience {
    fn from(names: [T; N]) -> Self {
        names.into_iter().collect()
    }
}

impl<T: Into<String>> From<Vec<T>> for Audience {
    fn from(names: Vec<T>) -> Self {
        names.into_iter().collect()
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7519 §4.1.3.
    #[test]
    fn one_name_is_a_string_and_any_other_number_an_array() {
        let json = |audience: Audience| serde_json::to_string(&audience).unwrap();
        assert_eq!(json("api".into()), r#""api""#);
        assert_eq!(json(["api", "ops"].into()), r#"["api","ops"]"#);
        assert_eq!(json(Audience::default()), "[]");
    }
}
