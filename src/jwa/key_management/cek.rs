//! Keys on their way between the parties: the content key, and what it is wrapped as.

use std::ops::{Deref, DerefMut};

use zeroize::Zeroize;

use crate::base::Buffer;

/// An encrypted key: on the stack where AES wraps it, on the heap where RSA does.
pub(crate) type EncryptedKey = Buffer<72>;

/// A content key's bytes; wiped when dropped. No content encryption takes more than 64.
pub(crate) struct Cek {
    bytes: [u8; Self::MAX_LEN],
    /// How many of them were ever written to.
    room: usize,
    len: usize,
}

impl Cek {
    const MAX_LEN: usize = 64;

    /// A key of `len` zeros, to be overwritten; an empty one, which fits nothing, where `len` is
    /// beyond every key's.
    pub(crate) fn zeroed(len: usize) -> Self {
        let len = if len > Self::MAX_LEN { 0 } else { len };
        Self { bytes: [0; Self::MAX_LEN], room: len, len }
    }

    /// No key, in the place of one of `len` bytes: wiping it takes as long (RFC 7516 §11.5).
    pub(crate) fn missing(len: usize) -> Self {
        Self::zeroed(len).only_if(false)
    }

    /// The same, or no key: what stands in its place then is not wiped any sooner, so that the time
    /// does not tell which of them it was (RFC 7516 §11.5).
    pub(super) fn only_if(mut self, unwrapped: bool) -> Self {
        if !unwrapped {
            self.len = 0;
        }
        self
    }
}

impl Drop for Cek {
    fn drop(&mut self) {
        self.bytes.get_mut(..self.room).unwrap_or_default().zeroize();
    }
}

impl From<&[u8]> for Cek {
    fn from(bytes: &[u8]) -> Self {
        let mut key = Self::zeroed(bytes.len());
        key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        key
    }
}

impl Deref for Cek {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl DerefMut for Cek {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }
}
