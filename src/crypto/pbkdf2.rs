//! PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-2.

use super::hash::Hash;
use core::num::NonZeroU32;

// aws-lc-rs first, then ring, whose API it has: SHA-256 takes RustCrypto more than twice as long.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use on_ring_or_aws_lc as imp;
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
use on_rustcrypto as imp;

/// Fills `out`, which is a key: far from the 2^32 − 1 hashes that are the function's limit. How many
/// rounds a stranger may ask for is for the caller to say.
pub(crate) fn pbkdf2(hash: Hash, password: &[u8], salt: &[u8], rounds: NonZeroU32, out: &mut [u8]) {
    imp::pbkdf2(hash, password, salt, rounds, out);
}

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod on_ring_or_aws_lc {
    use super::{Hash, NonZeroU32};
    #[cfg(feature = "aws-lc-rs")]
    use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512, derive};
    #[cfg(not(feature = "aws-lc-rs"))]
    use ring::pbkdf2::{PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512, derive};

    pub(super) fn pbkdf2(hash: Hash, password: &[u8], salt: &[u8], rounds: NonZeroU32, out: &mut [u8]) {
        let algorithm = match hash {
            Hash::Sha256 => PBKDF2_HMAC_SHA256,
            Hash::Sha384 => PBKDF2_HMAC_SHA384,
            Hash::Sha512 => PBKDF2_HMAC_SHA512,
        };
        derive(algorithm, rounds, salt, password, out);
    }
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
mod on_rustcrypto {
    use super::{Hash, NonZeroU32};
    use ::pbkdf2::pbkdf2_hmac;
    use sha2::{Sha256, Sha384, Sha512};

    pub(super) fn pbkdf2(hash: Hash, password: &[u8], salt: &[u8], rounds: NonZeroU32, out: &mut [u8]) {
        match hash {
            Hash::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds.get(), out),
            Hash::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds.get(), out),
            Hash::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds.get(), out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::unhex;
    use super::*;

    // RFC 7914 §11: "passwd", "salt", one round, 64 bytes.
    #[test]
    fn derives_as_rfc7914_11() {
        let mut out = [0; 64];
        pbkdf2(Hash::Sha256, b"passwd", b"salt", NonZeroU32::MIN, &mut out);
        assert_eq!(
            out[..],
            unhex(
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                 49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            )
        );
    }

    // RFC 7517 §C.4: the key that PBES2-HS256+A128KW wraps with, 4096 rounds.
    #[test]
    fn derives_as_rfc7517_c_4() {
        let password = b"Thus from my lips, by yours, my sin is purged.";
        let salt = [
            &b"PBES2-HS256+A128KW\0"[..],
            &[217, 96, 147, 112, 150, 117, 70, 247, 127, 8, 155, 137, 174, 42, 80, 215],
        ]
        .concat();
        let mut out = [0; 16];
        let rounds = NonZeroU32::new(4096).unwrap();
        pbkdf2(Hash::Sha256, password, &salt, rounds, &mut out);
        assert_eq!(out, [110, 171, 169, 92, 129, 92, 109, 117, 233, 242, 116, 233, 170, 14, 24, 75]);
    }

    // Nothing is no reason to fail, on any backend.
    #[test]
    fn takes_an_empty_password_and_salt() {
        let mut out = [0; 16];
        pbkdf2(Hash::Sha512, b"", b"", NonZeroU32::MIN, &mut out);
        assert_eq!(out[..], unhex("6d2ecbbbfb2e6dcd7056faf9af6aa06e"));
        pbkdf2(Hash::Sha512, b"", b"", NonZeroU32::MIN, &mut []);
    }
}
