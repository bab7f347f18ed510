//! base64url without padding (RFC 4648 §5, RFC 7515 §2), strict: bytes have exactly one spelling.
//!
//! Padding, white space, the `+/` alphabet and non-zero trailing bits are refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// The text of `bytes`.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends the bytes of `text` to `out`; on failure `out` may have grown by what was read so far.
pub(crate) fn decode_into(text: impl AsRef<[u8]>, out: &mut Vec<u8>) -> Result<(), NotBase64Url> {
    URL_SAFE_NO_PAD.decode_vec(text, out).map_err(|_| NotBase64Url)
}

/// The bytes of `text`.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64Url)
}

/// The bytes of `text` at the front of `buffer`, which must hold up to two bytes more than them.
pub(crate) fn decode_to(text: impl AsRef<[u8]>, buffer: &mut [u8]) -> Result<&[u8], NotBase64Url> {
    let len = URL_SAFE_NO_PAD.decode_slice(text, buffer).map_err(|_| NotBase64Url)?;
    buffer.get(..len).ok_or(NotBase64Url)
}
