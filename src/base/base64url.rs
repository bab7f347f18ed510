//! base64url without padding (RFC 4648 §5, RFC 7515 §2), strict: bytes have exactly one spelling.
//!
//! Padding, white space, the `+/` alphabet and non-zero trailing bits are refused.

use base64_simd::{AsOut as _, Base64, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

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

/// The bytes of `text` where both are secret, in any alphabet: what was read of a text that then turns
/// out to be none is wiped, too.
pub(crate) fn decode_secret(
    text: impl AsRef<[u8]>,
    alphabet: &Base64,
) -> Result<Zeroizing<Vec<u8>>, NotBase64Url> {
    let text = text.as_ref();
    let len = alphabet.decoded_length(text).map_err(|_| NotBase64Url)?;
    let mut bytes = Zeroizing::new(vec![0; len]);
    alphabet.decode(text, bytes.as_mut_slice().as_out()).map_err(|_| NotBase64Url)?;
    Ok(bytes)
}

/// The bytes of `text` at the front of `buffer`, which must be as long as they are.
pub(crate) fn decode_to(text: impl AsRef<[u8]>, buffer: &mut [u8]) -> Result<&[u8], NotBase64Url> {
    let text = text.as_ref();
    // The decoder panics where it finds no room.
    let len = URL_SAFE_NO_PAD.decoded_length(text).map_err(|_| NotBase64Url)?;
    let room = buffer.get_mut(..len).ok_or(NotBase64Url)?;
    let bytes = URL_SAFE_NO_PAD.decode(text, room.as_out()).map_err(|_| NotBase64Url)?;
    Ok(bytes)
}
