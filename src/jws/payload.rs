//! A payload that stands in no token: bytes, or a stream.

use std::fmt;
use std::io::{self, Read};

use crate::base::base64url;
use crate::error::{Error, ErrorKind, Result};

/// The payload of a [detached](super::detached) token.
///
/// ```
/// use symbolon::jws::Payload;
///
/// let bytes = Payload::from(b"any bytes");
/// let mut file = std::io::empty(); // a file, a socket, …
/// let stream = Payload::Reader(&mut file);
/// ```
#[non_exhaustive]
pub enum Payload<'p> {
    /// All of it.
    Bytes(&'p [u8]),
    /// A stream that is read once, to its end, in pieces of 48 KiB.
    Reader(&'p mut dyn Read),
}

impl<'p, B: AsRef<[u8]> + ?Sized> From<&'p B> for Payload<'p> {
    fn from(bytes: &'p B) -> Self {
        Self::Bytes(bytes.as_ref())
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes(_) => "Bytes",
            Self::Reader(_) => "Reader",
        })
    }
}

/// How much of a stream is held at once: a multiple of 3, so that only its end is not a whole number
/// of base64url's groups.
const CHUNK: usize = 48 * 1024;

/// Feeds a stream to its end, piece by piece, base64url-encoded if `encode`.
pub(super) fn pump(reader: &mut dyn Read, encode: bool, mut feed: impl FnMut(&[u8])) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    let mut text = String::with_capacity(if encode { base64url::encoded_len(CHUNK) } else { 0 });
    loop {
        let len = fill(reader, &mut chunk)
            .map_err(|error| Error::from(ErrorKind::Unreadable).with_source(error))?;
        let piece = chunk.get(..len).unwrap_or_default();
        if encode {
            text.clear();
            base64url::encode_into(piece, &mut text);
            feed(text.as_bytes());
        } else {
            feed(piece);
        }
        if len < CHUNK {
            return Ok(());
        }
    }
}

/// Reads until `chunk` is full or the stream ends; says how much was read.
fn fill(reader: &mut dyn Read, chunk: &mut [u8]) -> io::Result<usize> {
    let mut len: usize = 0;
    while let Some(rest) = chunk.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            // A reader that claims more than it was given room for would be broken.
            Ok(read) => len = len.saturating_add(read).min(CHUNK),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}
