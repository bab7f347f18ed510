//! The sender's text.

use std::fmt;

/// A token as its sender wrote it: nothing is known of it yet.
#[derive(Clone, Copy)]
pub struct RawToken<'t>(&'t str);

impl<'t> RawToken<'t> {
    /// Takes `text` as a token.
    #[must_use]
    pub const fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &'t str {
        self.0
    }
}

impl fmt::Debug for RawToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawToken({} bytes)", self.0.len())
    }
}
