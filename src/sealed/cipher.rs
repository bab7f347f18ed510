//! The two ciphers of sealed tokens.

use std::fmt;

use super::wire::{SALT_LEN, TAG_LEN};
use crate::crypto::Failed;
use crate::crypto::aes_gcm::{AesGcmKey, aes_is_fast};
use crate::crypto::xchacha::XChaChaKey;

/// A cipher that sealed tokens are written with. Every build on every machine reads both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SealedCipher {
    /// AES-256 in Galois/Counter Mode: the faster one where the CPU has instructions for it.
    Aes256Gcm,
    /// XChaCha20-Poly1305: fast, and constant in time, without such instructions.
    XChaCha20Poly1305,
}

impl SealedCipher {
    /// What this machine writes fastest: AES-256-GCM where the CPU computes it in hardware. The
    /// answer differs from machine to machine, and that is harmless.
    #[must_use]
    pub fn preferred() -> Self {
        if aes_is_fast() { Self::Aes256Gcm } else { Self::XChaCha20Poly1305 }
    }

    /// `A256GCM` (RFC 7518 §5.1) or `XC20P` (draft-amringer-jose-chacha).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "A256GCM",
            Self::XChaCha20Poly1305 => "XC20P",
        }
    }

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Aes256Gcm => 0xe1,
            Self::XChaCha20Poly1305 => 0xe2,
        }
    }

    pub(super) const fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            0xe1 => Some(Self::Aes256Gcm),
            0xe2 => Some(Self::XChaCha20Poly1305),
            _ => None,
        }
    }

    pub(super) const fn nonce_len(self) -> usize {
        match self {
            Self::Aes256Gcm => 12,
            Self::XChaCha20Poly1305 => 24,
        }
    }

    /// Encrypts `text` where it stands. `nonce` holds [`nonce_len`](Self::nonce_len) bytes or more,
    /// of which the first count.
    pub(super) fn seal(
        self,
        key: &[u8; 32],
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], Failed> {
        match self {
            Self::Aes256Gcm => {
                let key = AesGcmKey::new(key).map_err(|_| Failed)?;
                key.seal_in_place(nonce.first_chunk().ok_or(Failed)?, aad, text)
            }
            Self::XChaCha20Poly1305 => {
                XChaChaKey::new(key).seal_in_place(nonce.first_chunk().ok_or(Failed)?, aad, text)
            }
        }
    }

    /// Decrypts `text` where it stands; on failure it is zeroed.
    pub(super) fn open(
        self,
        key: &[u8; 32],
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Failed> {
        match self {
            Self::Aes256Gcm => {
                let key = AesGcmKey::new(key).map_err(|_| Failed)?;
                key.open_in_place(nonce.first_chunk().ok_or(Failed)?, aad, text, tag)
            }
            Self::XChaCha20Poly1305 => {
                XChaChaKey::new(key).open_in_place(nonce.first_chunk().ok_or(Failed)?, aad, text, tag)
            }
        }
    }
}

// The longer nonce is the whole salt.
const _: () = assert!(SealedCipher::XChaCha20Poly1305.nonce_len() == SALT_LEN);

impl fmt::Display for SealedCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256Gcm => "AES-256-GCM",
            Self::XChaCha20Poly1305 => "XChaCha20-Poly1305",
        })
    }
}
