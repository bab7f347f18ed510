//! Short text in place, long text on the heap.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Text of any length. Up to `N` bytes stand in the value itself, which spares reading a token an
/// allocation, and threads that read with one key the cache line of a shared reference count.
#[derive(Clone)]
pub(crate) struct Text<const N: usize>(Repr<N>);

#[derive(Clone)]
enum Repr<const N: usize> {
    Inline(u8, [u8; N]),
    Shared(Arc<str>),
}

impl<const N: usize> Text<N> {
    #[inline]
    pub(crate) fn new(text: &str) -> Self {
        let mut inline = [0; N];
        Self(match (inline.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(text.as_bytes());
                Repr::Inline(len, inline)
            }
            _ => Repr::Shared(Arc::from(text)),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        match &self.0 {
            // What was text stays text: this fails never.
            Repr::Inline(..) => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Repr::Shared(text) => text,
        }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(len, inline) => inline.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Shared(text) => text.as_bytes(),
        }
    }
}

impl<const N: usize> From<&str> for Text<N> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<const N: usize> PartialEq for Text<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for Text<N> {}

impl<const N: usize> Hash for Text<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_any_text_and_compares_it_wherever_it_stands() {
        for len in 0..20 {
            let text = "ä".repeat(len) + &"z".repeat(len % 3);
            let held = Text::<9>::new(&text);
            assert_eq!(held.as_str(), text);
            assert_eq!(held.as_bytes(), text.as_bytes());
            assert_eq!(held, held.clone());
            assert_ne!(held, Text::new(&format!("{text}z")));
            assert_eq!(format!("{held:?}"), format!("{text:?}"));
        }
    }
}
