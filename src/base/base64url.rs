//! base64url without padding (RFC 4648 §5, RFC 7515 §2), strict: bytes have exactly one spelling.
//!
//! Padding, white space, the `+/` alphabet and non-zero trailing bits are refused.

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};

/// A signature, tag or nonce of 32 bytes: up to here a table is faster than choosing the CPU's best
/// instructions. Nothing that is decoded by it is secret.
const SHORT: usize = encoded_len(32);

/// What a character stands for; 64 and more where it is none of the alphabet.
#[expect(clippy::indexing_slicing, reason = "at compile time, where a panic is an error")]
const VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [u8::MAX; 256];
    let mut value: u8 = 0;
    while value < 64 {
        values[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    values
};

fn value(character: u8) -> u8 {
    VALUES.get(usize::from(character)).copied().unwrap_or(u8::MAX)
}

fn decode_short<'b>(text: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], NotBase64Url> {
    let (fours, rest) = text.as_chunks();
    let len = fours.len().saturating_mul(3).saturating_add(rest.len().saturating_sub(1));
    let bytes = buffer.get_mut(..len).ok_or(NotBase64Url)?;
    let (threes, last) = bytes.as_chunks_mut();
    let mut all = 0;
    for (four, three) in fours.iter().zip(threes) {
        let [a, b, c, d] = four.map(value);
        all |= a | b | c | d;
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    match (rest, last) {
        ([], []) => {}
        (&[a, b], [first]) => {
            let [a, b] = [a, b].map(value);
            // Bits that stand for nothing must be zero: else bytes had several spellings.
            all |= a | b | u8::from(b & 15 != 0) << 6;
            *first = a << 2 | b >> 4;
        }
        (&[a, b, c], [first, second]) => {
            let [a, b, c] = [a, b, c].map(value);
            all |= a | b | c | u8::from(c & 3 != 0) << 6;
            (*first, *second) = (a << 2 | b >> 4, b << 4 | c >> 2);
        }
        _ => return Err(NotBase64Url),
    }
    if all < 64 { Ok(bytes) } else { Err(NotBase64Url) }
}

/// The text is not the one spelling of any bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotBase64Url;

/// How many characters `bytes` bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes / 3).saturating_mul(4).saturating_add(match bytes % 3 {
        0 => 0,
        1 => 2,
        _ => 3,
    })
}

/// Appends the text of `bytes` to `out`.
pub(crate) fn encode_into(bytes: impl AsRef<[u8]>, out: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// The text of `bytes`.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Appends the bytes of `text` to `out`; on failure `out` may have grown by what was read so far.
pub(crate) fn decode_into(text: impl AsRef<[u8]>, out: &mut Vec<u8>) -> Result<(), NotBase64Url> {
    URL_SAFE_NO_PAD.decode_append(text, out).map_err(|_| NotBase64Url)
}

/// The bytes of `text`.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| NotBase64Url)
}

/// The bytes of `text` at the front of `buffer`, which must be as long as they are.
pub(crate) fn decode_to(text: impl AsRef<[u8]>, buffer: &mut [u8]) -> Result<&[u8], NotBase64Url> {
    let text = text.as_ref();
    if text.len() <= SHORT {
        return decode_short(text, buffer);
    }
    // The decoder panics where it finds no room.
    let len = URL_SAFE_NO_PAD.decoded_length(text).map_err(|_| NotBase64Url)?;
    let room = buffer.get_mut(..len).ok_or(NotBase64Url)?;
    let bytes = URL_SAFE_NO_PAD.decode(text, room.as_out()).map_err(|_| NotBase64Url)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_read_as_long_ones_are() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in 0..=32 {
            for start in 0..bytes.len() - len {
                let text = encode(&bytes[start..start + len]);
                assert_eq!(decode_to(&text, &mut [0; 32]), Ok(&bytes[start..start + len]), "{text}");
                // Any byte in any place, as both decoders read it.
                for at in (start % 4..text.len()).step_by(4) {
                    let mut other = text.clone().into_bytes();
                    other[at] = bytes[start];
                    assert_eq!(decode_short(&other, &mut [0; 32]).map(<[u8]>::to_vec), decode(&other));
                }
            }
        }
        for text in ["A", "AAAAA", "AA=", "AA==", "AAA=", "A+A", "A/A", "AA A", "AB", "AAB", "\u{e4}A"] {
            assert_eq!(decode_to(text, &mut [0; 32]), Err(NotBase64Url), "{text}");
        }
        assert_eq!(decode_to("AAAA", &mut [0; 2]), Err(NotBase64Url), "there is no room");
    }
}
