//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): HChaCha20 in front of ChaCha20-Poly1305
//! (RFC 8439).

use super::Failed;
use chacha20::{Key, R20, hchacha};
use zeroize::{Zeroize, Zeroizing};

// ring first: HChaCha20 and its assembly are together about five times chacha20poly1305's speed on
// messages of a token's size. aws-lc-rs, a fifth behind, comes next.
#[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
use on_aws_lc as imp;
#[cfg(feature = "ring")]
use on_ring as imp;
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
use on_rustcrypto as imp;

pub(crate) struct XChaChaKey(Zeroizing<[u8; 32]>);

opaque_debug!(XChaChaKey);

impl XChaChaKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*key))
    }

    pub(crate) fn seal_in_place(
        &self,
        nonce: &[u8; 24],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], Failed> {
        let (subkey, nonce) = self.derive(nonce)?;
        imp::seal(&subkey.0.0, nonce, aad, buf)
    }

    /// Decrypts in place; on failure `buf` is zeroed, whatever the backend left in it.
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; 24],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Failed> {
        let opened =
            self.derive(nonce).and_then(|(subkey, nonce)| imp::open(&subkey.0.0, nonce, aad, buf, tag));
        opened.inspect_err(|_| buf.zeroize())
    }

    /// §2.3: the first 16 nonce bytes go into the subkey, the other 8 behind four zeros.
    fn derive(&self, nonce: &[u8; 24]) -> Result<(Subkey, [u8; 12]), Failed> {
        let (input, end) = nonce.split_first_chunk::<16>().ok_or(Failed)?;
        let mut short = [0; 12];
        *short.last_chunk_mut::<8>().ok_or(Failed)? = *end.first_chunk().ok_or(Failed)?;
        Ok((Subkey(hchacha::<R20>((&*self.0).into(), input.into())), short))
    }
}

/// The key of one message; wiped when dropped.
struct Subkey(Key);

impl Drop for Subkey {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(feature = "ring")]
mod on_ring {
    use super::Failed;
    use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};

    fn prepare(key: &[u8; 32]) -> Result<LessSafeKey, Failed> {
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?))
    }

    pub(super) fn seal(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = prepare(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), buf)?;
        tag.as_ref().try_into().map_err(|_| Failed)
    }

    pub(super) fn open(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = Tag::from(*tag);
        prepare(key)?.open_in_place_separate_tag(nonce, Aad::from(aad), tag, buf, 0..)?;
        Ok(())
    }
}

#[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
mod on_aws_lc {
    use super::Failed;
    use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

    fn prepare(key: &[u8; 32]) -> Result<LessSafeKey, Failed> {
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?))
    }

    pub(super) fn seal(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = prepare(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), buf)?;
        tag.as_ref().try_into().map_err(|_| Failed)
    }

    pub(super) fn open(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        prepare(key)?.open_in_place_separate_tag(nonce, Aad::from(aad), tag, buf)?;
        Ok(())
    }
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
mod on_rustcrypto {
    use super::Failed;
    use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};

    pub(super) fn seal(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<[u8; 16], Failed> {
        ChaCha20Poly1305::new(key.into())
            .encrypt_inout_detached(&nonce.into(), aad, buf.into())
            .map(Into::into)
            .map_err(|_| Failed)
    }

    pub(super) fn open(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Failed> {
        ChaCha20Poly1305::new(key.into())
            .decrypt_inout_detached(&nonce.into(), aad, buf.into(), tag.into())
            .map_err(|_| Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // draft-irtf-cfrg-xchacha-03 §A.3.1.
    #[test]
    fn seals_as_the_draft_a_3_1() {
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + i as u8);
        let nonce: [u8; 24] = std::array::from_fn(|i| 0x40 + i as u8);
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
                     for the future, sunscreen would be it.";
        let tag = 0xc087_5924_c1c7_9879_47de_afd8_780a_cf49_u128.to_be_bytes();

        let key = XChaChaKey::new(&key);
        let mut buf = *text;
        assert_eq!(key.seal_in_place(&nonce, &aad, &mut buf), Ok(tag));
        assert_eq!(buf[..8], [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b]);
        assert_eq!(key.open_in_place(&nonce, &aad, &mut buf, &tag), Ok(()));
        assert_eq!(&buf, text);
    }

    #[test]
    fn leaves_no_plaintext_behind_a_bad_tag() {
        let key = XChaChaKey::new(&[7; 32]);
        let mut buf = *b"a secret message";
        let mut tag = key.seal_in_place(&[1; 24], b"aad", &mut buf).unwrap();
        tag[0] ^= 1;
        assert_eq!(key.open_in_place(&[1; 24], b"aad", &mut buf, &tag), Err(Failed));
        assert_eq!(buf, [0; 16]);
    }
}
