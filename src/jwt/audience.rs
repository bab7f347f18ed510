//! `aud` (RFC 7519 §4.1.3): one name, or several.

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience(Vec<String>);

impl Audience {
    /// Whether `name` is among the names, compared byte for byte.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|own| own == name)
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many names there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl From<&str> for Audience {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

impl From<String> for Audience {
    fn from(name: String) -> Self {
        Self(vec![name])
    }
}

impl<T: Into<String>> FromIterator<T> for Audience {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
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
