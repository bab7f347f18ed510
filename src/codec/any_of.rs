//! Several formats read, one written: how a service moves from one to another.

use std::fmt;

use time::OffsetDateTime;

use super::{Body, Envelope, Format, RawToken, TokenCodec};
use crate::base::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Provenance;

/// One codec that writes and reads, and others that read, each with an optional last moment.
///
/// A token goes to the first codec that recognizes its shape, in the order they were added, and to no
/// other: nothing is tried until it opens. To move from one format to another, make the new codec the
/// writer and the old one a reader until its last token has expired.
///
/// ```
/// use symbolon::{AmoraCodec, AnyOf, JwsCodec, TokenCodecExt, Claims, NoCustom};
/// use time::{Duration, OffsetDateTime};
///
/// let old = JwsCodec::hs256(vec![7; 32])?;
/// let token = old.encode(&Claims::new(NoCustom::default()))?;
///
/// let until = OffsetDateTime::now_utc() + Duration::days(1);
/// let codec = AnyOf::new(AmoraCodec::zero(&[9; 32])).or_until(old, until);
/// assert!(codec.decode::<NoCustom>(&token).is_ok());
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct AnyOf {
    writer: Box<dyn TokenCodec>,
    readers: Vec<(Box<dyn TokenCodec>, Option<i64>)>,
}

impl AnyOf {
    /// `writer` writes, and reads what it writes.
    #[must_use]
    pub fn new(writer: impl TokenCodec + 'static) -> Self {
        Self { writer: Box::new(writer), readers: Vec::new() }
    }

    /// Reads `reader`'s format as well.
    #[must_use]
    pub fn or(mut self, reader: impl TokenCodec + 'static) -> Self {
        self.readers.push((Box::new(reader), None));
        self
    }

    /// Reads `reader`'s format as well, up to and including the moment `last`.
    #[must_use]
    pub fn or_until(mut self, reader: impl TokenCodec + 'static, last: OffsetDateTime) -> Self {
        self.readers.push((Box::new(reader), Some(last.unix_timestamp())));
        self
    }
}

impl TokenCodec for AnyOf {
    fn recognizes(&self, token: &RawToken<'_>) -> bool {
        self.writer.recognizes(token) || self.readers.iter().any(|(reader, _)| reader.recognizes(token))
    }

    /// The weakest of them all: whoever can mint for one of them can mint for this.
    fn provenance(&self) -> Provenance {
        let readers = self.readers.iter().map(|(reader, _)| reader.provenance());
        readers.fold(self.writer.provenance(), Ord::min)
    }

    fn writes_with(&self) -> Option<(Format, Option<KeyId>)> {
        self.writer.writes_with()
    }

    fn encode_into(&self, body: &Body<'_>, out: &mut String) -> Result<()> {
        self.writer.encode_into(body, out)
    }

    fn decode_into(&self, token: &RawToken<'_>, now: i64, out: &mut Vec<u8>) -> Result<Envelope> {
        if self.writer.recognizes(token) {
            return self.writer.decode_into(token, now, out);
        }
        match self.readers.iter().find(|(reader, _)| reader.recognizes(token)) {
            Some((_, Some(last))) if now > *last => {
                Err(Error::new(ErrorKind::UnknownFormat, "its format is no longer read here"))
            }
            Some((reader, _)) => reader.decode_into(token, now, out),
            None => Err(ErrorKind::UnknownFormat.into()),
        }
    }

    /// The sum, which grows with each of them: no change in one makes up for another's.
    fn keys_version(&self) -> Option<u64> {
        let readers = self.readers.iter().map(|(reader, _)| reader);
        let all = std::iter::once(&self.writer).chain(readers);
        all.map(|codec| codec.keys_version()).sum()
    }

    fn keys_due_until(&self, now: i64) -> Option<i64> {
        let due = |last: &i64| *last >= now;
        let lasts = self.readers.iter().filter_map(|(_, last)| last.filter(due));
        let readers = self.readers.iter().map(|(reader, _)| reader);
        let all = std::iter::once(&self.writer).chain(readers);
        all.filter_map(|codec| codec.keys_due_until(now)).chain(lasts).min()
    }
}

impl fmt::Debug for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyOf").field("readers", &self.readers.len()).finish_non_exhaustive()
    }
}
