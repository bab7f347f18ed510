//! Room for a token's bytes while it is written.

use std::io;
use std::ops::{Deref, DerefMut};

/// As much as nearly every token takes.
pub(crate) type Scratch = Buffer<512>;

/// Bytes on the stack while there are no more than `N`; more go to the heap.
pub(crate) struct Buffer<const N: usize> {
    inline: [u8; N],
    len: usize,
    heap: Option<Vec<u8>>,
}

impl<const N: usize> Buffer<N> {
    pub(crate) const fn new() -> Self {
        Self { inline: [0; N], len: 0, heap: None }
    }

    /// Room for `len` bytes, which are then never moved.
    pub(crate) fn with_capacity(len: usize) -> Self {
        let mut buffer = Self::new();
        buffer.reserve(len);
        buffer
    }

    /// The same of one that is empty.
    pub(crate) fn reserve(&mut self, len: usize) {
        if len > N {
            self.heap = Some(Vec::with_capacity(len));
        }
    }

    #[inline]
    pub(crate) fn extend_from_slice(&mut self, bytes: &[u8]) {
        // Half of what JSON is written in: quotes, colons, commas.
        if let ([byte], None) = (bytes, &self.heap)
            && let Some(place) = self.inline.get_mut(self.len)
        {
            *place = *byte;
            self.len = self.len.saturating_add(1);
        } else {
            self.extend(bytes);
        }
    }

    /// Appends two texts and what stands before, between and behind them, with one look at whether
    /// there is room: lengths that are known need no call to copy them.
    #[inline]
    pub(crate) fn extend_between<const X: usize, const Y: usize, const Z: usize>(
        &mut self,
        before: [u8; X],
        first: &[u8],
        between: [u8; Y],
        second: &[u8],
        behind: [u8; Z],
    ) {
        let texts = first.len().saturating_add(second.len());
        let end = self.len.saturating_add(texts).saturating_add(const { X + Y + Z });
        if let (None, Some(place)) = (&self.heap, self.inline.get_mut(self.len..end))
            && let Some((here, rest)) = place.split_first_chunk_mut()
            && let Some((texts, last)) = rest.split_last_chunk_mut()
            && let Some((one, rest)) = texts.split_at_mut_checked(first.len())
            && let Some((middle, two)) = rest.split_first_chunk_mut()
        {
            *here = before;
            one.copy_from_slice(first);
            *middle = between;
            two.copy_from_slice(second);
            *last = behind;
            self.len = end;
        } else {
            for piece in [&before, first, &between, second, &behind] {
                self.extend(piece);
            }
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        match &mut self.heap {
            Some(heap) => heap.extend_from_slice(bytes),
            None => {
                let end = self.len.saturating_add(bytes.len());
                match self.inline.get_mut(self.len..end) {
                    Some(place) => {
                        place.copy_from_slice(bytes);
                        self.len = end;
                    }
                    None => self.heap = Some([&**self, bytes].concat()),
                }
            }
        }
    }

    /// Appends `count` times `byte`.
    #[cfg(any(feature = "jwe", test))]
    pub(crate) fn fill(&mut self, count: usize, byte: u8) {
        match (&mut self.heap, self.inline.get_mut(self.len..self.len.saturating_add(count))) {
            (None, Some(place)) => {
                place.fill(byte);
                self.len = self.len.saturating_add(count);
            }
            _ => self.extend_from_slice(&vec![byte; count]),
        }
    }
}

impl<const N: usize> From<&[u8]> for Buffer<N> {
    fn from(bytes: &[u8]) -> Self {
        let mut scratch = Self::with_capacity(bytes.len());
        scratch.extend_from_slice(bytes);
        scratch
    }
}

impl<const N: usize> From<Vec<u8>> for Buffer<N> {
    fn from(bytes: Vec<u8>) -> Self {
        Self { heap: Some(bytes), ..Self::new() }
    }
}

impl<const N: usize> AsRef<[u8]> for Buffer<N> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<const N: usize> Deref for Buffer<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.heap {
            Some(heap) => heap,
            None => self.inline.get(..self.len).unwrap_or_default(),
        }
    }
}

impl<const N: usize> DerefMut for Buffer<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.heap {
            Some(heap) => heap,
            None => self.inline.get_mut(..self.len).unwrap_or_default(),
        }
    }
}

impl<const N: usize> io::Write for Buffer<N> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_written_wherever_it_stands() {
        for piece in 1..20 {
            let (mut scratch, mut model) = (Buffer::<32>::new(), Vec::new());
            for byte in 0..20 {
                scratch.extend_from_slice(&vec![byte; piece]);
                model.extend(vec![byte; piece]);
                scratch.fill(usize::from(byte % 3), 255);
                model.extend(vec![255; usize::from(byte % 3)]);
                scratch.extend_between([1], &[2; 3], [], &[3], [4; 2]);
                model.extend([1, 2, 2, 2, 3, 4, 4]);
                assert_eq!(*scratch, *model);
                scratch.iter_mut().for_each(|byte| *byte ^= 1);
                model.iter_mut().for_each(|byte| *byte ^= 1);
                assert_eq!(*scratch, *model);
            }
        }
        assert_eq!(*Buffer::<4>::from(&b"longer"[..]), *b"longer");
        assert_eq!(*Buffer::<4>::from(b"abc".to_vec()), *b"abc");
    }

    #[test]
    fn takes_all_it_is_given() {
        let mut scratch = Buffer::<4>::new();
        for piece in [&b"ab"[..], b"", b"cdefgh"] {
            assert_eq!(io::Write::write(&mut scratch, piece).unwrap(), piece.len());
        }
        assert_eq!(*scratch, *b"abcdefgh");
    }

    #[test]
    fn does_not_move_what_room_was_reserved_for() {
        let mut scratch = Buffer::<4>::with_capacity(100);
        scratch.extend_from_slice(b"secret");
        let place = scratch.as_ptr();
        scratch.fill(94, 0);
        assert_eq!(scratch.as_ptr(), place);
    }
}
