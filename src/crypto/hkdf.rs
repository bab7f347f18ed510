//! HKDF-SHA256 (RFC 5869).

use super::Failed;

// In the order of `hmac`.
#[cfg(not(feature = "rustcrypto"))]
use on_ring_or_aws_lc as imp;
#[cfg(feature = "rustcrypto")]
use on_rustcrypto as imp;

/// Extract, then expand to `out.len()` bytes (at most 255 × 32). `info` comes in parts so that a
/// caller joins nothing; only their concatenation counts.
pub(crate) fn hkdf_sha256(
    ikm: &[u8],
    salt: &[u8],
    info: &[&[u8]],
    out: &mut [u8],
) -> Result<(), Failed> {
    imp::hkdf_sha256(ikm, salt, info, out)
}

#[cfg(feature = "rustcrypto")]
mod on_rustcrypto {
    use super::Failed;
    use ::hkdf::Hkdf;
    use sha2::Sha256;

    pub(super) fn hkdf_sha256(
        ikm: &[u8],
        salt: &[u8],
        info: &[&[u8]],
        out: &mut [u8],
    ) -> Result<(), Failed> {
        Hkdf::<Sha256>::new(Some(salt), ikm).expand_multi_info(info, out).map_err(|_| Failed)
    }
}

#[cfg(not(feature = "rustcrypto"))]
mod on_ring_or_aws_lc {
    use super::Failed;
    #[cfg(not(feature = "ring"))]
    use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
    #[cfg(feature = "ring")]
    use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

    struct Len(usize);

    impl KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }

    pub(super) fn hkdf_sha256(
        ikm: &[u8],
        salt: &[u8],
        info: &[&[u8]],
        out: &mut [u8],
    ) -> Result<(), Failed> {
        let prk = Salt::new(HKDF_SHA256, salt).extract(ikm);
        Ok(prk.expand(info, Len(out.len()))?.fill(out)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 5869 §A.1, with the info whole and in parts.
    #[test]
    fn derives_as_rfc5869_a1() {
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let okm = [
            0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f,
            0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4,
            0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65,
        ];
        for parts in [&[&info[..]][..], &[&info[..3], &[], &info[3..]]] {
            let mut out = [0; 42];
            assert_eq!(hkdf_sha256(&[0x0b; 22], &salt, parts, &mut out), Ok(()));
            assert_eq!(out, okm);
        }
    }

    // RFC 5869 §2.3: L <= 255 * HashLen.
    #[test]
    fn refuses_more_than_255_blocks() {
        assert_eq!(hkdf_sha256(b"k", b"s", &[], &mut [0; 255 * 32]), Ok(()));
        assert_eq!(hkdf_sha256(b"k", b"s", &[], &mut [0; 255 * 32 + 1]), Err(Failed));
    }
}
