//! Compression of content: `zip`: `DEF` (RFC 7516 §4.1.3, RFC 1951).

use miniz_oxide::inflate::stream::{InflateState, ZeroReset, inflate as step};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The level that most compressors use unless told otherwise.
const LEVEL: u8 = 6;

pub(super) fn deflate(payload: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(payload, LEVEL)
}

/// Inflates what stands in `out` from `start` on, in its place. It is refused as soon as it becomes
/// longer than `most` bytes, or than `ratio` times the compressed length: nothing beyond that is held.
pub(super) fn inflate(most: usize, ratio: usize, start: usize, out: &mut Vec<u8>) -> Result<()> {
    let compressed = Zeroizing::new(out.split_off(start));
    let most = most.min(compressed.len().saturating_mul(ratio));
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let result = inflate_to(&mut state, &compressed, most, out);
    // Its window holds the end of the content. `black_box`, or else nobody sees that it is wiped.
    state.reset_as(ZeroReset);
    std::hint::black_box(&state);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn inflate_to(
    state: &mut InflateState,
    compressed: &[u8],
    most: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let malformed = || Error::new(ErrorKind::Malformed, "the compressed content cannot be inflated");
    let mut rest = compressed;
    let mut left = most;
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        let result = step(state, rest, &mut *chunk, MZFlush::None);
        rest = rest.get(result.bytes_consumed..).ok_or_else(malformed)?;
        let inflated = chunk.get(..result.bytes_written).ok_or_else(malformed)?;
        left = left.checked_sub(inflated.len()).ok_or_else(|| {
            Error::new(ErrorKind::TooLarge, "the content becomes too long when it is inflated")
        })?;
        make_room(out, inflated.len());
        out.extend_from_slice(inflated);
        match result.status {
            Ok(MZStatus::StreamEnd) if rest.is_empty() => return Ok(()),
            Ok(MZStatus::Ok) if result.bytes_consumed > 0 || result.bytes_written > 0 => {}
            _ => return Err(malformed()),
        }
    }
}

/// What a growing buffer leaves behind is plaintext that nobody wipes: so it is wiped here.
fn make_room(out: &mut Vec<u8>, more: usize) {
    let needed = out.len().saturating_add(more);
    if needed > out.capacity() {
        let mut grown = Vec::with_capacity(needed.max(out.capacity().saturating_mul(2)));
        grown.extend_from_slice(out);
        drop(Zeroizing::new(std::mem::replace(out, grown)));
    }
}
