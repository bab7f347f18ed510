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
    recipients: usize,
    pbkdf2_rounds: u32,
    inflated_len: Option<usize>,
    inflated_ratio: usize,
}

impl Default for Limits {
    /// A token of 1 MiB, a header of 8 KiB, 16 signatures or recipients, 10,000 rounds of PBKDF2, nothing inflated.
    fn default() -> Self {
        Self {
            token_len: 1024 * 1024,
            header_len: 8 * 1024,
            signatures: 16,
            recipients: 16,
            pbkdf2_rounds: 10_000,
            inflated_len: None,
            inflated_ratio: 20,
        }
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

    /// The most recipients a JWE in general JSON serialization may have; 16 unless said otherwise.
    #[must_use]
    pub const fn recipients(mut self, recipients: usize) -> Self {
        self.recipients = recipients;
        self
    }

    /// The most rounds of PBKDF2 that are spent on one message, all its recipients together; 10,000
    /// unless said otherwise. Each thousand costs some hundred microseconds.
    #[must_use]
    pub const fn pbkdf2_rounds(mut self, rounds: u32) -> Self {
        self.pbkdf2_rounds = rounds;
        self
    }

    /// Lets compressed content be read (`zip`), of at most `bytes` bytes once inflated. Off unless
    /// said otherwise: what is compressed with a secret can give it away by its length. Needs the
    /// feature `deflate`.
    #[must_use]
    pub const fn inflated_len(mut self, bytes: usize) -> Self {
        self.inflated_len = Some(bytes);
        self
    }

    /// How many times longer content may become by inflating; 20 unless said otherwise.
    #[must_use]
    pub const fn inflated_ratio(mut self, times: usize) -> Self {
        self.inflated_ratio = times;
        self
    }

    /// The most recipients a JWE may have.
    #[must_use]
    pub const fn max_recipients(&self) -> usize {
        self.recipients
    }

    /// The most rounds of PBKDF2 that are spent on one message.
    #[must_use]
    pub const fn max_pbkdf2_rounds(&self) -> u32 {
        self.pbkdf2_rounds
    }

    /// The most bytes that compressed content may have once inflated; none where it is not read.
    #[must_use]
    pub const fn max_inflated_len(&self) -> Option<usize> {
        self.inflated_len
    }

    /// How many times longer content may become by inflating.
    #[must_use]
    pub const fn max_inflated_ratio(&self) -> usize {
        self.inflated_ratio
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
