//! What a mark stands under: of one length, whatever an issuer calls its tokens.

use std::fmt;

use crate::base::base64url;
use crate::crypto::hash::{Hash, digest};

/// What a [`RevocationStore`](super::RevocationStore) remembers a mark under: a token, a subject or a
/// family of tokens of one issuer, as a SHA-256 digest. Digests are of one length, cannot be confused
/// with each other, and tell a store nothing of whom they are about that it could not guess.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevocationKey([u8; 32]);

impl RevocationKey {
    pub(super) fn token(issuer: Option<&str>, id: &str) -> Self {
        Self::new(b't', issuer, id)
    }

    pub(super) fn subject(issuer: Option<&str>, subject: &str) -> Self {
        Self::new(b's', issuer, subject)
    }

    pub(super) fn family(issuer: Option<&str>, family: &str) -> Self {
        Self::new(b'f', issuer, family)
    }

    /// Apart from what is revoked: a token that was used is good no longer, but it was not withdrawn.
    pub(super) fn used(issuer: Option<&str>, id: &str) -> Self {
        Self::new(b'u', issuer, id)
    }

    fn new(kind: u8, issuer: Option<&str>, name: &str) -> Self {
        let mut text = Vec::with_capacity(64);
        text.push(kind);
        // With its length in front, where an issuer ends is beyond doubt; none at all is yet another.
        if let Some(issuer) = issuer {
            text.extend_from_slice(issuer.len().to_string().as_bytes());
            text.push(b':');
            text.extend_from_slice(issuer.as_bytes());
        }
        text.push(b'|');
        text.extend_from_slice(name.as_bytes());
        let mut key = [0; 32];
        key.iter_mut().zip(digest(Hash::Sha256, &text).as_ref()).for_each(|(to, from)| *to = *from);
        Self(key)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The same in base64url, 43 characters.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        base64url::encode(self.0)
    }
}

impl fmt::Debug for RevocationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationKey({})", self.to_base64url())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::RevocationKey;

    #[test]
    fn no_two_things_have_one_key() {
        let (mut keys, mut made) = (HashSet::new(), 0);
        let kinds =
            [RevocationKey::token, RevocationKey::subject, RevocationKey::family, RevocationKey::used];
        for issuer in [None, Some(""), Some("a"), Some("a|b"), Some("1:a"), Some("|")] {
            for name in ["", "a", "b", "a|b", "|", "1:a|b", "0:|"] {
                for kind in kinds {
                    keys.insert(kind(issuer, name));
                    made += 1;
                }
            }
        }
        assert_eq!(keys.len(), made);
    }
}
