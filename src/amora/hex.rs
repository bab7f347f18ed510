//! Keys as amora-rs takes them from text: 64 hexadecimal digits.

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The 32 bytes of 64 hexadecimal digits, in any case.
pub(super) fn key(text: &str) -> Result<Box<Zeroizing<[u8; 32]>>> {
    let invalid = || Error::new(ErrorKind::InvalidKey, "the key is not 64 hexadecimal digits");
    // Bytes, not characters: what is not ASCII is no digit either, and nothing is cut in two.
    if text.len() != 64 {
        return Err(invalid());
    }
    let mut bytes = Box::new(Zeroizing::new([0; 32]));
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        for digit in digits {
            let digit = match digit {
                b'0'..=b'9' => digit.wrapping_sub(b'0'),
                b'a'..=b'f' => digit.wrapping_sub(b'a').wrapping_add(10),
                b'A'..=b'F' => digit.wrapping_sub(b'A').wrapping_add(10),
                _ => return Err(invalid()),
            };
            *byte = (*byte << 4) | digit;
        }
    }
    Ok(bytes)
}
