//! What a token may cost before anything is known about it.

/// Bounds that every reader applies before it decodes anything.
///
/// ```
/// use symbolon::Limits;
///
/// let limits = Limits::default().token_len(16 * 1024);
/// assert_eq!(limits.max_token_len(), 16 * 1024);
/// assert_eq!(limits.max_header_len(), 8 * 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    token_len: usize,
    header_len: usize,
    signatures: usize,
}

impl Default for Limits {
    /// A token of 1 MiB, a header of 8 KiB, 16 signatures.
    fn default() -> Self {
        Self { token_len: 1024 * 1024, header_len: 8 * 1024, signatures: 16 }
    }
}

impl Limits {
    /// The most bytes a token's text may have; 1 MiB (1,048,576) unless said otherwise.
    #[must_use]
    pub const fn token_len(mut self, bytes: usize) -> Self {
        self.token_len = bytes;
        self
    }

    /// The most bytes a decoded JOSE header may have; 8 KiB (8,192) unless said otherwise.
    #[must_use]
    pub const fn header_len(mut self, bytes: usize) -> Self {
        self.header_len = bytes;
        self
    }

    /// The most signatures that one token in general JSON (RFC 7515 §7.2.1) may carry; 16 unless said
    /// otherwise. Each is tried with up to 4 keys.
    #[must_use]
    pub const fn signatures(mut self, count: usize) -> Self {
        self.signatures = count;
        self
    }

    /// The most bytes a token's text may have.
    #[must_use]
    pub const fn max_token_len(&self) -> usize {
        self.token_len
    }

    /// The most bytes a decoded JOSE header may have.
    #[must_use]
    pub const fn max_header_len(&self) -> usize {
        self.header_len
    }

    /// The most signatures that one token may carry.
    #[must_use]
    pub const fn max_signatures(&self) -> usize {
        self.signatures
    }
}
