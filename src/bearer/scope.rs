//! What a token permits: the claim `scope` (RFC 8693 §4.2, RFC 9068 §2.2.3).

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{ErrorKind, Result};

/// The scopes of a token: words between spaces, as the claim `scope` has them, or an array of words,
/// as some issuers write `scp`.
///
/// ```
/// use serde::Deserialize;
/// use symbolon::bearer::Scope;
///
/// #[derive(Deserialize)]
/// struct Access {
///     #[serde(default, alias = "scp")]
///     scope: Scope,
/// }
///
/// let access: Access = serde_json::from_str(r#"{"scp": ["read", "write"]}"#)?;
/// assert!(access.scope.contains("read") && !access.scope.contains("rea"));
/// assert_eq!(access.scope.require(&["read", "admin"]).unwrap_err().code(), "insufficient_scope");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope(String);

impl Scope {
    /// The scopes, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether it is among them, letter by letter.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|own| own == scope)
    }

    /// Demands all of `scopes`.
    ///
    /// # Errors
    /// [`InsufficientScope`](ErrorKind::InsufficientScope) where one is not there.
    pub fn require(&self, scopes: &[&str]) -> Result<()> {
        if scopes.iter().all(|scope| self.contains(scope)) {
            Ok(())
        } else {
            Err(ErrorKind::InsufficientScope.into())
        }
    }

    /// Demands one of `scopes` at least.
    ///
    /// # Errors
    /// [`InsufficientScope`](ErrorKind::InsufficientScope) where none is there.
    pub fn require_any(&self, scopes: &[&str]) -> Result<()> {
        if scopes.iter().any(|scope| self.contains(scope)) {
            Ok(())
        } else {
            Err(ErrorKind::InsufficientScope.into())
        }
    }
}

impl From<&str> for Scope {
    fn from(words: &str) -> Self {
        Self(words.to_owned())
    }
}

impl<'s> FromIterator<&'s str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'s str>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = Scope;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("words between spaces, or an array of words")
            }

            fn visit_str<E: de::Error>(self, words: &str) -> Result<Scope, E> {
                Ok(words.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Scope, A::Error> {
                let mut words = String::new();
                while let Some(word) = array.next_element::<String>()? {
                    // Else one element would count for two.
                    if word.is_empty() || word.contains(' ') {
                        return Err(de::Error::custom("a scope is one word"));
                    }
                    if !words.is_empty() {
                        words.push(' ');
                    }
                    words.push_str(&word);
                }
                Ok(Scope(words))
            }
        }

        deserializer.deserialize_any(Words)
    }
}
